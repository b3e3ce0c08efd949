//! Calls that somebody inside wants: they ring, one client answers, and rooms that were made for one call.

#[path = "harness/script.rs"]
mod harness;

use harness::*;
use room::{
    Admission, Call, CallChange, Command, EndReason, Event, Invitation, Invite, Join, Knock, Link,
    ProfileKind, RINGING_MAX, Refusal, RingEnd, Settings,
};

/// A room of Owen's that he made for one call.
fn temporary() -> Settings {
    let admission = Admission { open: false, ..Admission::default() };
    let owner = allow(model::OverrideTarget::User(OWEN.id()), model::Permissions::ROOM_OWNER);
    let room = room_of(ProfileKind::Conference);
    let room = Settings { admission, temporary: true, created_by: Some(OWEN.id()), ..room };
    with_overrides(room, &[owner])
}

/// The same, kept for ever.
fn meeting() -> Settings {
    Settings { temporary: false, ..temporary() }
}

/// Owen is in by the first session.
fn with_owen(settings: Settings) -> Script {
    let mut script = Script::given(settings);
    script.does(OWEN, Command::Knock(knock(OWEN, 1, "owen's")));
    script.does(OWEN, Command::Join(join_call(1, "owen's")));
    script.linked(1, Link::Socket);
    script
}

/// And Ann is rung.
fn with_ann_ringing(settings: Settings) -> Script {
    let mut script = with_owen(settings);
    script.does(OWEN, invites([invite(ANN, 2, "ann's")]));
    script
}

fn invites(invites: impl IntoIterator<Item = Invite>) -> Command {
    let invites = invites.into_iter().collect();
    Command::Invite { invites, by_call: Some(session(1)) }
}

fn answer(number: u64) -> Command {
    Command::Answer { session: session(number) }
}

fn stop(number: u64, why: RingEnd) -> Command {
    Command::StopRinging { session: session(number), why }
}

/// An invitation of Owen's, as it rings from now on.
fn rings(script: &Script, who: Who, id: &str) -> Call {
    let (by, by_call) = (OWEN.caller().person, Some(session(1)));
    let rings_until = Some(script.now.mono + secs(120));
    let destination = who.name.to_owned();
    let invitation = Some(Box::new(Invitation { destination, by, by_call, rings_until }));
    let asked_at = script.now.mono;
    Call { admitted: true, asked_at, invitation, ..call_of(who, id) }
}

fn told(number: u64, call: &Call, what: CallChange) -> Event {
    Event::Call { session: session(number), call: Box::new(call.clone()), what }
}

fn unanswered(number: u64, call: &Call, why: RingEnd) -> Event {
    told(number, call, CallChange::Unanswered { why })
}

#[test]
fn who_is_invited_is_rung_answers_and_comes_in() {
    let mut script = with_owen(meeting());
    let call = rings(&script, ANN, "ann's");
    let rung = told(2, &call, CallChange::Rings);
    script.when(OWEN, invites([invite(ANN, 2, "ann's")]), &[rung]);
    assert_eq!(script.room.view().ringing, std::slice::from_ref(&call));
    // While it rings nobody has the call, not even whom it is for.
    script.refuses(ANN, Command::Join(join_call(2, "ann's")), Refusal::CallNotAdmitted);
    script.when(SERVER, answer(2), &[told(2, &call, CallChange::Answered)]);
    assert_eq!(script.room.view().ringing, []);
    assert_eq!(script.deadline(), None, "it rings no more");
    script.refuses(BEA, Command::Join(join_call(2, "ann's")), Refusal::CallNotAdmitted);
    // Past the waiting room.
    let join = join_call(2, "ann's");
    let want = [script.joined(ANN), script.started(ANN, &join)];
    script.when(ANN, Command::Join(join), &want);
}

#[test]
fn one_client_answers() {
    let mut script = with_ann_ringing(meeting());
    script.does(SERVER, answer(2));
    script.refuses(SERVER, answer(2), Refusal::CallNotAdmitted);
    script.refuses(SERVER, stop(2, RingEnd::Declined), Refusal::CallNotAdmitted);
    script.does(ANN, Command::Join(join_call(2, "ann's")));
    script.refuses(SERVER, answer(2), Refusal::CallNotAdmitted);
    script.does(SERVER, Command::HangUp { session: session(2) });
    script.refuses(SERVER, answer(2), Refusal::CallNotAdmitted);
    script.refuses(ANN, Command::Join(join_call(2, "ann's")), Refusal::CallNotAdmitted);
    // Clients do not decide by themselves whether they show a token.
    let missing = Refusal::Missing(model::Permissions::ADMINISTRATOR);
    script.refuses(ANN, answer(2), missing);
    script.refuses(ANN, stop(2, RingEnd::Declined), missing);
}

#[test]
fn what_nobody_will_answer_is_over() {
    for why in [RingEnd::Declined, RingEnd::Unreachable] {
        let mut script = with_owen(meeting());
        let call = rings(&script, ANN, "ann's");
        script.does(OWEN, invites([invite(ANN, 2, "ann's")]));
        script.when(SERVER, stop(2, why), &[unanswered(2, &call, why)]);
        script.refuses(SERVER, stop(2, why), Refusal::CallNotAdmitted);
        script.refuses(SERVER, answer(2), Refusal::CallNotAdmitted);
        assert!(script.room.call(session(2)).is_none());
        // And may be tried again.
        script.does(OWEN, invites([invite(ANN, 3, "ann's")]));
    }
}

#[test]
fn it_rings_for_two_minutes() {
    let mut script = with_owen(meeting());
    let (first, second) = (rings(&script, ANN, "ann's"), rings(&script, BEA, "bea's"));
    script.does(OWEN, invites([invite(ANN, 2, "ann's"), invite(BEA, 3, "bea's")]));
    script.later(secs(60));
    script.does(OWEN, invites([invite(CID, 4, "cid's")]));
    assert_eq!(script.deadline(), Some(secs(120)));
    script.later(millis(59_999));
    script.due(&[]);
    script.later(millis(1));
    let why = RingEnd::TimedOut;
    script.due(&[unanswered(2, &first, why), unanswered(3, &second, why)]);
    script.refuses(SERVER, answer(2), Refusal::CallNotAdmitted);
    assert_eq!(script.deadline(), Some(secs(180)));
}

#[test]
fn only_who_lets_people_in_calls_them() {
    let mut script = with_ann_ringing(meeting());
    script.does(SERVER, answer(2));
    script.does(ANN, Command::Join(join_call(2, "ann's")));
    let missing = Refusal::Missing(model::Permissions::MUTE_MEMBERS);
    for who in [ANN, BEA] {
        script.refuses(who, invites([invite(CID, 5, "cid's")]), missing);
    }
    script.refuses(SERVER, invites([invite(CID, 5, "cid's")]), Refusal::RoomNotFound);
    // By the right alone: an admin may invite before they are in themselves.
    script.does(MUTER, invites([invite(CID, 5, "cid's")]));
}

#[test]
fn who_is_here_or_called_is_not_called_again() {
    let mut script = with_ann_ringing(meeting());
    script.does(SERVER, answer(2));
    script.does(ANN, Command::Join(join_call(2, "ann's")));
    script.does(OWEN, invites([invite(BEA, 3, "bea's")]));
    let cid = rings(&script, CID, "cid's");
    let all = [
        invite(OWEN, 4, "owen's other"),
        invite(ANN, 5, "ann's other"),
        invite(BEA, 6, "bea's other"),
        invite(CID, 7, "cid's"),
        invite(CID, 8, "cid's other"),
    ];
    script.when(OWEN, invites(all), &[told(7, &cid, CallChange::Rings)]);
    script.when(OWEN, invites([]), &[]);
}

#[test]
fn a_name_is_one_calls() {
    let mut script = with_ann_ringing(meeting());
    for taken in ["owen's", "ann's"] {
        script.refuses(OWEN, invites([invite(BEA, 3, taken)]), Refusal::CallTaken);
        script.refuses(BEA, Command::Knock(knock(BEA, 3, taken)), Refusal::CallTaken);
    }
}

#[test]
fn no_more_ring_at_once_than_a_room_takes() {
    let mut script = with_ann_ringing(meeting());
    let numbered = |number: u64| {
        let who = Who { number: 500 + number, ..BEA };
        invite(who, 100 + number, &number.to_string())
    };
    let most = RINGING_MAX as u64 - 1;
    let limit = RINGING_MAX as u32;
    script.refuses(OWEN, invites((0..=most).map(numbered)), Refusal::TooManyRing { limit });
    script.does(OWEN, invites((0..most).map(numbered)));
    script.refuses(OWEN, invites([numbered(most)]), Refusal::TooManyRing { limit });
    script.does(SERVER, answer(2));
    script.does(OWEN, invites([numbered(most)]));
}

#[test]
fn who_answered_and_does_not_come_is_told_of() {
    let mut script = with_owen(meeting());
    let call = rings(&script, ANN, "ann's");
    script.does(OWEN, invites([invite(ANN, 2, "ann's")]));
    script.does(SERVER, answer(2));
    let invitation = Invitation { rings_until: None, ..*call.invitation.clone().unwrap() };
    let call = Call { invitation: Some(Box::new(invitation)), ..call };
    let ended = told(2, &call, CallChange::Ended { waited: false });
    script.when(SERVER, Command::HangUp { session: session(2) }, &[ended]);
}

#[test]
fn a_room_that_closes_stops_ringing() {
    for reason in [EndReason::RoomDeleted, EndReason::ServerShutdown] {
        let mut script = with_owen(meeting());
        let call = rings(&script, ANN, "ann's");
        script.does(OWEN, invites([invite(ANN, 2, "ann's")]));
        let want = [
            script.ended(OWEN, 1, reason),
            script.left(OWEN, reason),
            unanswered(2, &call, RingEnd::RoomClosed),
            script.closed(reason),
        ];
        script.when(SERVER, Command::Close { reason }, &want);
    }
}

#[test]
fn a_meeting_outlives_its_members_and_goes_on_ringing() {
    let mut script = with_ann_ringing(meeting());
    let left = EndReason::Left;
    let want = [script.ended(OWEN, 1, left), script.left(OWEN, left)];
    script.when(SERVER, Command::HangUp { session: session(1) }, &want);
    script.does(SERVER, answer(2));
    script.does(ANN, Command::Join(join_call(2, "ann's")));
}

#[test]
fn a_room_for_one_call_is_over_when_everyone_has_left() {
    let mut script = with_owen(temporary());
    let bea = rings(&script, BEA, "bea's");
    script.does(OWEN, invites([invite(ANN, 2, "ann's"), invite(BEA, 3, "bea's")]));
    script.does(CID, Command::Knock(knock(CID, 4, "cid's")));
    script.does(SERVER, answer(2));
    script.does(ANN, Command::Join(join_call(2, "ann's")));
    // Its maker may go: somebody is still there.
    let left = EndReason::Left;
    let want = [script.ended(OWEN, 1, left), script.left(OWEN, left)];
    script.when(SERVER, Command::HangUp { session: session(1) }, &want);
    let asked_at = script.now.mono;
    let until = script.now.mono;
    let cid = Call { asked_at, ..call_of(CID, "cid's") };
    let want = [
        script.ended(ANN, 2, left),
        script.left(ANN, left),
        unanswered(3, &bea, RingEnd::RoomClosed),
        told(4, &cid, CallChange::Rejected { by: None, until }),
        script.closed(EndReason::RoomDeleted),
    ];
    script.when(ANN, Command::LeaveAll, &want);
    assert!(script.room.is_closed());
}

#[test]
fn the_last_may_be_put_out_or_lost() {
    let kicked = EndReason::Kicked { by: Some(OWEN.id()) };
    let mut script = with_owen(temporary());
    let over = script.closed(EndReason::RoomDeleted);
    let want = [script.ended(OWEN, 1, kicked), script.left(OWEN, kicked), over];
    script.when(OWEN, Command::Kick { user: OWEN.id() }, &want);

    // In the same moment the invitation is over by its time, and once.
    let mut script = with_owen(temporary());
    let call = rings(&script, ANN, "ann's");
    script.does(OWEN, invites([invite(ANN, 2, "ann's")]));
    script.later(secs(115));
    script.unlinked(1, Link::Socket);
    script.later(secs(10));
    let lost = EndReason::Timeout;
    let want = [
        unanswered(2, &call, RingEnd::TimedOut),
        script.ended(OWEN, 1, lost),
        script.left(OWEN, lost),
        script.closed(EndReason::RoomDeleted),
    ];
    script.due(&want);
}

#[test]
fn a_room_that_nobody_was_in_waits_for_its_first() {
    let mut script = Script::given(temporary());
    script.does(OWEN, Command::Knock(knock(OWEN, 1, "owen's")));
    script.does(SERVER, Command::HangUp { session: session(1) });
    assert!(!script.room.is_closed());
    script.does(OWEN, Command::Knock(knock(OWEN, 2, "owen's")));
    script.does(OWEN, Command::Join(join_call(2, "owen's")));
    // A second device of theirs, and one less: somebody is in.
    script.does(OWEN, Command::Knock(knock(OWEN, 3, "owen's other")));
    script.does(OWEN, Command::Join(Join { mute: true, ..join_call(3, "owen's other") }));
    script.does(SERVER, Command::HangUp { session: session(2) });
    assert!(!script.room.is_closed());
    let guest = Knock { guest: true, ..knock(RON, 9, "a guest's") };
    script.does(RON, Command::Knock(guest));
    script.does(SERVER, Command::HangUp { session: session(3) });
    assert!(script.room.is_closed());
    script.refuses(OWEN, Command::Knock(knock(OWEN, 4, "owen's")), Refusal::RoomNotFound);
}
