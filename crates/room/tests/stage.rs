//! The stage: who is heard there, who asks, who is invited, and for how long. How the role ends with its
//! speaker is in `stage_ends.rs`, who may do what in `stage_rights.rs`.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, BEA, CID, MODDY, SERVER, Script, Who, deny, join_from, millis, secs};
use harness::{session, set_self, stage, with_overrides};
use model::{Now, OverrideTarget, Permissions, Timestamp};
use room::{Command, Event, Gate, INVITE_TTL, InviteEnd, Link, Refusal, RevokeReason, StageRole};

const ASK: Command = Command::RequestToSpeak;
const BACK: Command = Command::WithdrawRequest;
const YES: Command = Command::RespondInvite { accepted: true };
const NO: Command = Command::RespondInvite { accepted: false };

const LISTENS: Gate = Gate { receive: true, ..Gate::SHUT };
const SPEAKS: Gate = Gate { speak: true, camera: true, screen: true, ..LISTENS };

fn invite(who: Who) -> Command {
    Command::InviteToSpeak { user: who.id() }
}

fn revoke(who: Who) -> Command {
    Command::RevokeSpeaker { user: who.id() }
}

/// Ann (1), Bea (2), Cid (3) and the moderator (4) are in, and stay.
fn four() -> Script {
    let mut script = Script::given(stage());
    for (who, number) in [(ANN, 1), (BEA, 2), (CID, 3), (MODDY, 4)] {
        script.comes_in(who, number);
        script.linked(number, Link::Socket);
    }
    script
}

/// Who asks, first come first.
fn asking(script: &Script) -> Vec<model::UserId> {
    let mut asking: Vec<_> = script
        .room
        .view()
        .members
        .iter()
        .filter_map(|member| Some((member.requested_at?, member.person.id)))
        .collect();
    asking.sort();
    asking.into_iter().map(|(_, user)| user).collect()
}

#[test]
fn everyone_comes_in_as_a_listener_whatever_they_may_do() {
    let script = four();
    for (who, number) in [(ANN, 1), (MODDY, 4)] {
        let member = script.member(who);
        assert_eq!(member.stage, Some(StageRole::Listener));
        assert_eq!((member.requested_at, member.invited), (None, false));
        assert_eq!(script.gate(number), LISTENS);
    }
}

#[test]
fn who_is_invited_and_says_yes_speaks() {
    let mut script = four();
    script.when(MODDY, invite(ANN), &[script.invited(ANN, Some(MODDY))]);
    assert!(script.member(ANN).invited);
    assert_eq!(script.gate(1), LISTENS, "not before they say yes");
    script.when(ANN, YES, &[script.made(ANN, Some(MODDY))]);
    let ann = script.member(ANN);
    assert_eq!((ann.stage, ann.invited), (Some(StageRole::Speaker), false));
    assert_eq!((script.gate(1), script.gate(2)), (SPEAKS, LISTENS));
    assert_eq!(script.deadline(), None);
    script.refuses(ANN, YES, Refusal::NoPendingInvite);
}

#[test]
fn who_says_no_listens_on() {
    let mut script = four();
    script.does(ANN, ASK);
    script.does(MODDY, invite(ANN));
    script.when(ANN, NO, &[script.invite_ended(ANN, InviteEnd::Declined)]);
    let ann = script.member(ANN);
    assert_eq!((ann.stage, ann.invited), (Some(StageRole::Listener), false));
    assert!(ann.requested_at.is_some(), "they may want to speak later");
    script.refuses(ANN, NO, Refusal::NoPendingInvite);
    script.refuses(ANN, YES, Refusal::NoPendingInvite);
}

#[test]
fn only_the_invited_can_answer() {
    let mut script = four();
    script.does(MODDY, invite(ANN));
    for by in [BEA, MODDY] {
        script.refuses(by, YES, Refusal::NoPendingInvite);
    }
}

#[test]
fn a_moderator_who_invites_themselves_speaks_at_once() {
    let mut script = four();
    script.does(MODDY, ASK);
    script.when(MODDY, invite(MODDY), &[script.made(MODDY, Some(MODDY))]);
    assert_eq!((script.gate(4), asking(&script)), (SPEAKS, vec![]));
    script.when(MODDY, invite(MODDY), &[]);
}

#[test]
fn an_invite_ends_at_three_hundred_seconds_and_not_before() {
    assert_eq!(INVITE_TTL, secs(300));
    let mut script = four();
    script.later(secs(7));
    script.does(MODDY, invite(ANN));
    assert_eq!(script.deadline(), Some(secs(307)));
    script.later(millis(299_999));
    script.due(&[]);
    script.later(millis(1));
    script.due(&[script.invite_ended(ANN, InviteEnd::Expired)]);
    assert!(!script.member(ANN).invited);
    assert_eq!(script.deadline(), None);
}

#[test]
fn an_answer_in_the_last_millisecond_counts_and_one_after_it_does_not() {
    for (wait, in_time) in [(millis(299_999), true), (secs(300), false)] {
        for answer in [YES, NO] {
            let mut script = four();
            script.does(MODDY, invite(ANN));
            script.later(wait);
            if in_time {
                script.does(ANN, answer);
            } else {
                // Nobody has told yet that it is over: it is shown still, and is over all the same.
                assert!(script.member(ANN).invited);
                script.refuses(ANN, answer, Refusal::NoPendingInvite);
                script.when(MODDY, revoke(ANN), &[]);
                script.due(&[script.invite_ended(ANN, InviteEnd::Expired)]);
            }
        }
    }
}

#[test]
fn another_invite_has_its_own_end_and_its_own_moderator() {
    let mut script = four();
    script.does(MODDY, invite(ANN));
    script.later(secs(200));
    script.when(SERVER, invite(ANN), &[script.invited(ANN, None)]);
    assert_eq!(script.deadline(), Some(secs(500)));
    script.later(secs(299));
    script.due(&[]);
    script.when(ANN, YES, &[script.made(ANN, None)]);
}

#[test]
fn an_invite_that_is_over_is_made_anew() {
    let mut script = four();
    script.does(MODDY, invite(ANN));
    script.later(secs(301));
    script.when(MODDY, invite(ANN), &[script.invited(ANN, Some(MODDY))]);
    script.due(&[]);
    script.does(ANN, YES);
}

/// What ran out together is told in one go: the floor has no stage, so invites come first.
#[test]
fn invites_end_before_sessions_that_end_at_the_same_time() {
    let mut script = Script::given(stage());
    for (who, number) in [(BEA, 1), (ANN, 2), (MODDY, 3)] {
        script.comes_in(who, number);
        script.linked(number, Link::Socket);
    }
    script.does(MODDY, invite(ANN));
    script.does(MODDY, invite(BEA));
    script.later(secs(290));
    script.unlinked(1, Link::Socket);
    script.later(secs(10));
    let timeout = room::EndReason::Timeout;
    script.due(&[
        script.invite_ended(ANN, InviteEnd::Expired),
        script.invite_ended(BEA, InviteEnd::Expired),
        script.ended(BEA, 1, timeout),
        script.left(BEA, timeout),
    ]);
}

#[test]
fn the_nearest_of_invites_and_sessions_is_the_deadline() {
    let mut script = four();
    script.does(MODDY, invite(ANN));
    script.later(secs(60));
    script.does(MODDY, invite(BEA));
    assert_eq!(script.deadline(), Some(secs(300)));
    script.unlinked(3, Link::Socket);
    assert_eq!(script.deadline(), Some(secs(70)));
    script.linked(3, Link::Socket);
    script.does(ANN, NO);
    assert_eq!(script.deadline(), Some(secs(360)));
}

#[test]
fn requests_are_in_the_order_in_which_people_asked() {
    let mut script = four();
    script.when(CID, ASK, &[script.requested(CID)]);
    script.later(secs(1));
    script.when(ANN, ASK, &[script.requested(ANN)]);
    script.later(secs(1));
    script.when(BEA, ASK, &[script.requested(BEA)]);
    assert_eq!(asking(&script), [CID, ANN, BEA].map(Who::id));
    script.when(CID, BACK, &[Event::SpeakRequestWithdrawn { user: CID.id() }]);
    script.later(secs(1));
    script.does(CID, ASK);
    assert_eq!(asking(&script), [ANN, BEA, CID].map(Who::id), "who asks anew is last");
}

#[test]
fn the_order_holds_in_one_moment_and_when_the_clock_is_set_back() {
    let mut script = four();
    script.does(CID, ASK);
    let at = script.now.wall.plus(std::time::Duration::from_micros(1));
    script.when(BEA, ASK, &[Event::SpeakRequested { user: BEA.id(), at }]);
    let wall = Timestamp::from_micros(script.now.wall.as_micros() - 3_600_000_000);
    script.now = Now { wall, ..script.now };
    let at = at.plus(std::time::Duration::from_micros(1));
    script.when(ANN, ASK, &[Event::SpeakRequested { user: ANN.id(), at }]);
    assert_eq!(asking(&script), [CID, BEA, ANN].map(Who::id));
}

#[test]
fn what_changes_nothing_is_not_told() {
    let mut script = four();
    script.when(ANN, BACK, &[]);
    script.does(ANN, ASK);
    script.later(secs(9));
    script.when(ANN, ASK, &[]);
    script.when(MODDY, revoke(ANN), &[]);
    assert_eq!(asking(&script), [ANN.id()], "a listener has nothing to be revoked");
    script.on_stage(ANN);
    script.when(ANN, ASK, &[]);
    script.when(MODDY, invite(ANN), &[]);
    script.does(MODDY, revoke(ANN));
    script.when(MODDY, revoke(ANN), &[]);
}

#[test]
fn to_become_a_speaker_ends_the_request() {
    let mut script = four();
    script.does(ANN, ASK);
    script.on_stage(ANN);
    assert_eq!(script.member(ANN).requested_at, None);
    script.does(MODDY, revoke(ANN));
    assert_eq!(script.member(ANN).requested_at, None, "the hand is down afterwards");
}

#[test]
fn a_moderator_revokes_and_a_speaker_steps_down() {
    let mut script = four();
    script.on_stage(ANN);
    script.on_stage(BEA);
    script.speaks(1);
    let revoked = script.revoked(ANN, Some(MODDY), RevokeReason::Revoked);
    script.when(MODDY, revoke(ANN), &[revoked]);
    assert_eq!((script.gate(1), script.gate(2)), (LISTENS, SPEAKS));
    assert!(!script.member(ANN).speaking, "from the same moment");
    let stepped_down = script.revoked(BEA, None, RevokeReason::SteppedDown);
    script.when(BEA, BACK, &[stepped_down]);
    assert_eq!((script.gate(2), script.member(BEA).stage), (LISTENS, Some(StageRole::Listener)));
    script.when(BEA, BACK, &[]);
}

#[test]
fn an_invite_can_be_taken_back() {
    let mut script = four();
    script.does(ANN, ASK);
    script.does(MODDY, invite(ANN));
    script.when(MODDY, revoke(ANN), &[script.invite_ended(ANN, InviteEnd::Revoked)]);
    script.refuses(ANN, YES, Refusal::NoPendingInvite);
    assert_eq!(asking(&script), [ANN.id()]);
    assert_eq!(script.deadline(), None);
}

/// SPEAK says nothing on a stage, and being a speaker gives no camera to whom it is denied.
#[test]
fn a_speaker_is_seen_as_far_as_they_may_be() {
    let check = |denied, gate| {
        let overrides = [deny(OverrideTarget::Everyone, denied)];
        let mut script = Script::given(with_overrides(stage(), &overrides));
        script.comes_in(ANN, 1);
        script.on_stage(ANN);
        assert_eq!(script.gate(1), gate, "without {denied:?}");
    };
    check(Permissions::SPEAK, SPEAKS);
    check(Permissions::VIDEO, Gate { camera: false, ..SPEAKS });
    check(Permissions::STREAM, Gate { screen: false, ..SPEAKS });
}

#[test]
fn a_mute_holds_on_the_stage() {
    let mut script = four();
    script.on_stage(ANN);
    let muted = Gate { speak: false, ..SPEAKS };
    script.does(SERVER, Command::ServerMute { user: ANN.id(), muted: true });
    assert_eq!(script.gate(1), muted);
    script.does(SERVER, Command::ServerMute { user: ANN.id(), muted: false });
    assert_eq!(script.gate(1), SPEAKS, "and leaves the role as it was");
    script.does(ANN, set_self(1, Some(true), None));
    assert_eq!(script.gate(1), muted);
    script.does(SERVER, Command::SwitchCaptions { on: true });
    assert!(!script.gate(1).captions && !script.gate(2).captions);
    script.does(ANN, set_self(1, Some(false), None));
    assert!(script.gate(1).captions, "who is heard is transcribed");
}

#[test]
fn the_role_is_the_persons_on_every_session() {
    let mut script = four();
    script.does(ANN, Command::Join(join_from(5, "phone")));
    script.on_stage(ANN);
    assert_eq!((script.gate(1), script.gate(5)), (SPEAKS, SPEAKS));
    script.does(ANN, Command::Leave { session: session(1) });
    assert_eq!(script.gate(5), SPEAKS);
    script.does(MODDY, revoke(ANN));
    assert_eq!(script.gate(5), LISTENS);
}

#[test]
fn a_listener_does_not_speak_whatever_media_reports() {
    let mut script = four();
    let speaking = Command::Speaking { session: session(1), speaking: true };
    script.when(SERVER, speaking, &[]);
    assert!(!script.member(ANN).speaking);
}

#[test]
fn a_topic_is_set_and_taken_away() {
    let mut script = four();
    let set = |topic: &str| Command::SetTopic { topic: topic.to_owned() };
    let by = Some(MODDY.id());
    let topic = Some("Q&A".to_owned());
    script.when(MODDY, set("Q&A"), &[Event::TopicChanged { topic: topic.clone(), by }]);
    assert_eq!(script.room.view().settings.topic, topic);
    script.when(SERVER, set("Q&A"), &[]);
    script.when(SERVER, set(""), &[Event::TopicChanged { topic: None, by: None }]);
    script.when(MODDY, set(""), &[]);
}
