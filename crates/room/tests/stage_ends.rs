//! What becomes of a stage when its people go: who leaves gives the role up, who is lost by an accident
//! has it again; nobody asks or is invited from outside.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, BEA, MODDY, SERVER, Script, elsewhere, join, join_from, room_of, secs};
use harness::{session, stage};
use room::{Actor, Command, EndReason, Event, InviteEnd, Link, Marks, ProfileKind, Refusal};
use room::{RevokeReason, StageRole};

const LEFT: RevokeReason = RevokeReason::Left;
const SPEAKER: Marks =
    Marks { server_mute: false, server_deaf: false, server_video_mute: false, speaker: true };

/// Ann is in with session 1 and speaks; Bea is in with session 2 and listens.
fn ann_speaks() -> Script {
    let mut script = Script::given(stage());
    for (who, number) in [(ANN, 1), (BEA, 2)] {
        script.comes_in(who, number);
        script.linked(number, Link::Socket);
    }
    script.on_stage(ANN);
    script
}

/// Every way out by somebody's will, with what it gives as its reason.
fn departures() -> Vec<(Actor, Command, EndReason)> {
    let (user, session, to) = (ANN.id(), session(1), elsewhere());
    let (moved, banned) = (EndReason::Moved, EndReason::Banned);
    let moved_to = EndReason::MovedTo { room: to, by: None };
    vec![
        (ANN.into(), Command::Leave { session }, EndReason::Left),
        (ANN.into(), Command::LeaveAll, EndReason::Left),
        (SERVER, Command::Kick { user }, EndReason::Kicked { by: None }),
        (SERVER, Command::MoveOut { user, to }, moved_to),
        (SERVER, Command::EndMember { user, reason: moved }, moved),
        (SERVER, Command::EndMember { user, reason: banned }, banned),
        (SERVER, Command::EndSession { session, reason: banned }, banned),
    ]
}

/// Every other one.
fn accidents() -> Vec<(Command, EndReason)> {
    let (user, session) = (ANN.id(), session(1));
    let (failed, restart) = (EndReason::MediaFailed, EndReason::ServerRestart);
    let stop = EndReason::ServerShutdown;
    vec![
        (Command::EndSession { session, reason: failed }, failed),
        (Command::EndMember { user, reason: restart }, restart),
        (Command::EndMember { user, reason: stop }, stop),
    ]
}

#[test]
fn who_leaves_gives_the_role_up_first() {
    for (by, command, reason) in departures() {
        let mut script = ann_speaks();
        script.speaks(1);
        let events = [
            script.revoked(ANN, None, LEFT),
            script.silent(ANN, 1),
            script.ended(ANN, 1, reason),
            script.left(ANN, reason),
        ];
        script.when(by, command, &events);
        assert_eq!(script.room.marks(ANN.id()), Marks::default());
        script.comes_in(ANN, 3);
        assert_eq!(script.member(ANN).stage, Some(StageRole::Listener));
        assert!(!script.gate(3).speak);
    }
}

#[test]
fn who_is_lost_by_an_accident_speaks_again() {
    for (command, reason) in accidents() {
        let mut script = ann_speaks();
        let events = [script.ended(ANN, 1, reason), script.left(ANN, reason)];
        script.when(SERVER, command, &events);
        assert_eq!(script.room.marks(ANN.id()), SPEAKER);
        script.comes_in(ANN, 3);
        assert_eq!(script.member(ANN).stage, Some(StageRole::Speaker));
        assert!(script.gate(3).speak);
    }
}

#[test]
fn who_times_out_speaks_again() {
    let mut script = ann_speaks();
    script.unlinked(1, Link::Socket);
    script.later(secs(10));
    let timeout = EndReason::Timeout;
    script.due(&[script.ended(ANN, 1, timeout), script.left(ANN, timeout)]);
    script.later(secs(3600));
    script.when(ANN, Command::Join(join(3)), &[script.joined(ANN), script.started(ANN, &join(3))]);
    assert!(script.gate(3).speak);
}

#[test]
fn who_joins_again_in_their_own_place_goes_on_speaking() {
    let mut script = ann_speaks();
    let events = [script.ended(ANN, 1, EndReason::Replaced), script.started(ANN, &join(3))];
    script.when(ANN, Command::Join(join(3)), &events);
    assert!(script.gate(3).speak);
}

#[test]
fn one_of_several_sessions_takes_nothing_along() {
    let mut script = ann_speaks();
    script.does(ANN, Command::Join(join_from(3, "phone")));
    let leave = Command::Leave { session: session(1) };
    script.when(ANN, leave, &[script.ended(ANN, 1, EndReason::Left)]);
    assert!(script.gate(3).speak);
}

#[test]
fn a_role_that_was_kept_can_be_taken_from_who_is_away() {
    let mut script = ann_speaks();
    let reason = EndReason::MediaFailed;
    script.does(SERVER, Command::EndMember { user: ANN.id(), reason });
    let revoke = Command::RevokeSpeaker { user: ANN.id() };
    let revoked = script.revoked(ANN, Some(MODDY), RevokeReason::Revoked);
    script.when(MODDY, revoke.clone(), &[revoked]);
    script.refuses(MODDY, revoke, Refusal::TargetNotInRoom);
    script.comes_in(ANN, 3);
    assert!(!script.gate(3).speak);
}

#[test]
fn a_role_is_read_back_from_the_store_and_only_where_there_is_a_stage() {
    for kind in ProfileKind::ALL {
        let marks = Marks { server_deaf: true, ..SPEAKER };
        let mut script = Script::given_marks(room_of(kind), [(ANN.id(), marks)]);
        script.comes_in(ANN, 1);
        let is_stage = kind == ProfileKind::Stage;
        assert_eq!(script.member(ANN).stage, is_stage.then_some(StageRole::Speaker));
        assert_eq!(script.room.marks(ANN.id()), Marks { speaker: is_stage, ..marks });
        assert!(script.member(ANN).server_deaf);
    }
}

#[test]
fn mutes_and_the_role_outlive_each_other() {
    let mut script = ann_speaks();
    let user = ANN.id();
    script.does(SERVER, Command::ServerMute { user, muted: true });
    assert_eq!(script.room.marks(user), Marks { server_mute: true, ..SPEAKER });
    script.does(SERVER, Command::RevokeSpeaker { user });
    assert_eq!(script.room.marks(user), Marks { server_mute: true, ..Marks::default() });
    script.on_stage(ANN);
    script.does(SERVER, Command::ServerMute { user, muted: false });
    assert_eq!(script.room.marks(user), SPEAKER);
}

/// By whatever end: nobody is told, as nobody who is in is concerned any more.
#[test]
fn requests_and_invites_end_with_the_last_session() {
    let all = departures().into_iter();
    let accidents = accidents().into_iter().map(|(command, reason)| (SERVER, command, reason));
    for (by, command, reason) in all.chain(accidents) {
        let mut script = ann_speaks();
        script.does(SERVER, Command::RevokeSpeaker { user: ANN.id() });
        script.does(ANN, Command::RequestToSpeak);
        script.does(SERVER, Command::InviteToSpeak { user: ANN.id() });
        script.when(by, command, &[script.ended(ANN, 1, reason), script.left(ANN, reason)]);
        assert_eq!(script.deadline(), None, "no invite is waited for");
        script.comes_in(ANN, 3);
        assert_eq!((script.member(ANN).requested_at, script.member(ANN).invited), (None, false));
        script.refuses(ANN, Command::RespondInvite { accepted: true }, Refusal::NoPendingInvite);
    }
}

#[test]
fn requests_and_invites_stay_when_one_joins_again() {
    let mut script = ann_speaks();
    script.does(BEA, Command::RequestToSpeak);
    script.does(SERVER, Command::InviteToSpeak { user: BEA.id() });
    script.does(BEA, Command::Join(join(3)));
    assert!(script.member(BEA).requested_at.is_some() && script.member(BEA).invited);
    script.later(secs(300));
    let timeout = EndReason::Timeout;
    script.due(&[
        script.invite_ended(BEA, InviteEnd::Expired),
        script.ended(BEA, 3, timeout),
        script.left(BEA, timeout),
    ]);
}

#[test]
fn a_stage_that_is_deleted_has_no_speakers_and_one_that_stops_keeps_them() {
    let reasons = [(EndReason::RoomDeleted, true), (EndReason::ServerShutdown, false)];
    for (reason, gives_up) in reasons {
        let mut script = ann_speaks();
        script.on_stage(BEA);
        let role = |who| gives_up.then(|| script.revoked(who, None, LEFT));
        let events: Vec<Event> = [
            role(ANN),
            Some(script.ended(ANN, 1, reason)),
            role(BEA),
            Some(script.ended(BEA, 2, reason)),
            Some(script.left(ANN, reason)),
            Some(script.left(BEA, reason)),
            Some(script.closed(reason)),
        ]
        .into_iter()
        .flatten()
        .collect();
        script.when(SERVER, Command::Close { reason }, &events);
        assert_eq!(script.room.marks(ANN.id()).speaker, !gives_up);
    }
}
