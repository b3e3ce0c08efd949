//! How the floor ends with its holder: before their last session does, and once.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, BEA, CID, MUTER, SERVER, Script, join, join_from, join_stt, millis, secs};
use harness::{session, talk};
use room::{Actor, Command, EndReason, FloorEnd, Link, Refusal};

const LEFT: FloorEnd = FloorEnd::Left;
const EXPIRED: FloorEnd = FloorEnd::Expired;

/// Ann is in with session 1 and has the floor; Bea is in with session 2.
fn ann_speaks() -> (Script, u64) {
    let mut script = Script::given(talk());
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    let fence = script.takes_floor(ANN);
    (script, fence)
}

fn leave(number: u64) -> Command {
    Command::Leave { session: session(number) }
}

/// Every way out, with what it gives as its reason.
fn ways_out() -> Vec<(Actor, Command, EndReason)> {
    let (user, session) = (ANN.id(), session(1));
    let (failed, moved, banned) = (EndReason::MediaFailed, EndReason::Moved, EndReason::Banned);
    let by = Some(MUTER.id());
    vec![
        (ANN.into(), leave(1), EndReason::Left),
        (ANN.into(), Command::LeaveAll, EndReason::Left),
        (MUTER.into(), Command::Kick { user }, EndReason::Kicked { by }),
        (SERVER, Command::Kick { user }, EndReason::Kicked { by: None }),
        (SERVER, Command::EndSession { session, reason: failed }, failed),
        (SERVER, Command::EndMember { user, reason: moved }, moved),
        (SERVER, Command::EndMember { user, reason: banned }, banned),
    ]
}

#[test]
fn whoever_leaves_gives_it_back_first() {
    for (by, command, reason) in ways_out() {
        let (mut script, fence) = ann_speaks();
        script.speaks(1);
        let events = [
            script.released(ANN, fence, LEFT),
            script.silent(ANN, 1),
            script.ended(ANN, 1, reason),
            script.left(ANN, reason),
        ];
        script.when(by, command, &events);
        assert_eq!(script.room.floor(), None);
        assert!(script.takes_floor(BEA) > fence);
        script.comes_in(ANN, 3);
        script.refuses(ANN, Command::TakeFloor, Refusal::SpeakerTaken);
        assert!(!script.gate(3).speak);
    }
}

#[test]
fn the_others_leave_it_alone() {
    let (mut script, _) = ann_speaks();
    let reason = EndReason::Left;
    script.when(BEA, leave(2), &[script.ended(BEA, 2, reason), script.left(BEA, reason)]);
    assert!(script.room.floor().is_some() && script.gate(1).speak);
}

#[test]
fn one_session_of_several_takes_nothing_along() {
    let (user, reason) = (ANN.id(), EndReason::MediaFailed);
    let end = Command::EndSession { session: session(1), reason };
    for (by, command) in [(ANN.into(), leave(1)), (SERVER, end)] {
        let (mut script, fence) = ann_speaks();
        script.does(ANN, Command::Join(join_from(3, "phone")));
        script.does(by, command);
        assert!(script.gate(3).speak);
        let reason = EndReason::Kicked { by: None };
        let events = [
            script.released(ANN, fence, LEFT),
            script.ended(ANN, 3, reason),
            script.left(ANN, reason),
        ];
        script.when(SERVER, Command::Kick { user }, &events);
    }
}

#[test]
fn one_who_leaves_with_all_sessions_gives_it_back_once() {
    let (mut script, fence) = ann_speaks();
    script.does(ANN, Command::Join(join_from(3, "phone")));
    script.does(ANN, Command::Join(join_stt(4)));
    let reason = EndReason::Left;
    let events = [
        script.released(ANN, fence, LEFT),
        script.ended(ANN, 1, reason),
        script.ended(ANN, 3, reason),
        script.ended(ANN, 4, reason),
        script.left(ANN, reason),
    ];
    script.when(ANN, Command::LeaveAll, &events);
    script.refuses(ANN, Command::LeaveAll, Refusal::NotInRoom);
}

#[test]
fn a_room_that_closes_has_no_floor() {
    let (mut script, _) = ann_speaks();
    script.does(ANN, Command::ReleaseFloor);
    let fence = script.takes_floor(BEA);
    let reason = EndReason::RoomDeleted;
    let events = [
        script.ended(ANN, 1, reason),
        script.released(BEA, fence, LEFT),
        script.ended(BEA, 2, reason),
        script.left(ANN, reason),
        script.left(BEA, reason),
        script.closed(reason),
    ];
    script.when(SERVER, Command::Close { reason }, &events);
    assert_eq!((script.room.floor(), script.deadline()), (None, None));
    script.refuses(BEA, Command::TakeFloor, Refusal::RoomNotFound);
}

#[test]
fn who_times_out_gives_it_back_first() {
    let (mut script, _) = ann_speaks();
    script.later(secs(15));
    script.does(ANN, Command::KeepFloor);
    script.does(SERVER, Command::LinkUp { session: session(2), link: Link::Socket });
    script.speaks(1);
    script.later(secs(15));
    let fence = script.room.floor().map_or(0, |floor| floor.fence);
    let timeout = EndReason::Timeout;
    script.due(&[
        script.released(ANN, fence, LEFT),
        script.silent(ANN, 1),
        script.ended(ANN, 1, timeout),
        script.left(ANN, timeout),
    ]);
    assert_eq!(script.deadline(), None);
}

#[test]
fn a_holder_with_another_session_times_out_without_losing_it() {
    let (mut script, _) = ann_speaks();
    script.does(ANN, Command::Join(join_stt(3)));
    script.later(secs(15));
    script.does(ANN, Command::KeepFloor);
    script.later(secs(15));
    let timeout = EndReason::Timeout;
    script.due(&[
        script.ended(ANN, 1, timeout),
        script.ended(BEA, 2, timeout),
        script.left(BEA, timeout),
    ]);
    assert!(script.gate(3).speak);
    assert_eq!(script.deadline(), Some(secs(35)));
}

/// The session's thirty seconds and the floor's twenty are over at the same moment.
#[test]
fn time_that_is_over_for_both_is_told_once() {
    let (mut script, fence) = ann_speaks();
    script.later(secs(10));
    script.does(ANN, Command::KeepFloor);
    script.later(millis(19_999));
    script.due(&[]);
    script.later(millis(1));
    let timeout = EndReason::Timeout;
    script.due(&[
        script.released(ANN, fence, EXPIRED),
        script.ended(ANN, 1, timeout),
        script.left(ANN, timeout),
        script.ended(BEA, 2, timeout),
        script.left(BEA, timeout),
    ]);
}

/// Bea comes after Ann in the batch; her floor comes first all the same.
#[test]
fn a_late_waker_hears_of_the_floor_first() {
    let (mut script, _) = ann_speaks();
    script.does(ANN, Command::ReleaseFloor);
    let fence = script.takes_floor(BEA);
    script.later(secs(3600));
    let timeout = EndReason::Timeout;
    script.due(&[
        script.released(BEA, fence, EXPIRED),
        script.ended(ANN, 1, timeout),
        script.left(ANN, timeout),
        script.ended(BEA, 2, timeout),
        script.left(BEA, timeout),
    ]);
}

#[test]
fn a_holder_who_leaves_too_late_had_lost_it() {
    for (by, command, reason) in ways_out() {
        let (mut script, fence) = ann_speaks();
        script.later(secs(20));
        let events = [
            script.released(ANN, fence, EXPIRED),
            script.ended(ANN, 1, reason),
            script.left(ANN, reason),
        ];
        script.when(by, command, &events);
        script.due(&[]);
    }
}

#[test]
fn the_floor_goes_on_when_its_sessions_are_replaced() {
    let (mut script, fence) = ann_speaks();
    for number in 3..=10 {
        script.does(ANN, Command::Join(join_from(number, &number.to_string())));
    }
    script.does(ANN, Command::Join(join(11)));
    let floor = script.room.floor();
    assert_eq!(floor.map(|floor| (floor.holder, floor.fence)), Some((ANN.id(), fence)));
    script.comes_in(CID, 12);
    script.refuses(CID, Command::TakeFloor, Refusal::SpeakerTaken);
}
