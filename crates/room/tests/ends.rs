//! How sessions end: what is told before an end, in which order a room closes, and which session of too
//! many gives way.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, BEA, CID, MUTER, SERVER, Script, Who, join, join_from, secs, session, voice};
use model::{Permissions, Via};
use room::{Actor, Command, EndReason, Join, Refusal, SESSIONS_PER_MEMBER_MAX};

const REPLACED: EndReason = EndReason::Replaced;

fn leave(number: u64) -> Command {
    Command::Leave { session: session(number) }
}

/// One more session of Ann's, of a client that is named like its number.
fn device(number: u64) -> Join {
    join_from(number, &number.to_string())
}

/// Ann is in with as many sessions as one member may have: 1 to 8, a second apart.
fn full_of_ann() -> Script {
    let mut script = Script::given(voice());
    for number in 1..=8 {
        let join = device(number);
        let started = script.started(ANN, &join);
        let first = (number == 1).then(|| script.joined(ANN));
        let events: Vec<_> = first.into_iter().chain([started]).collect();
        script.when(ANN, Command::Join(join), &events);
        script.later(secs(1));
    }
    assert_eq!(sessions_of(&script, ANN), [1, 2, 3, 4, 5, 6, 7, 8].map(session));
    script
}

fn sessions_of(script: &Script, who: Who) -> Vec<model::SessionId> {
    script.member(who).sessions.iter().map(|session| session.id).collect()
}

#[test]
fn closing_tells_every_end_before_any_departure() {
    let mut script = Script::given(voice());
    script.does(BEA, Command::Join(device(1)));
    script.does(ANN, Command::Join(device(2)));
    script.does(CID, Command::Join(device(3)));
    script.does(ANN, Command::Join(device(4)));
    script.speaks(4);
    script.speaks(1);
    let reason = EndReason::ServerShutdown;
    let events = [
        script.ended(ANN, 2, reason),
        script.silent(ANN, 4),
        script.ended(ANN, 4, reason),
        script.silent(BEA, 1),
        script.ended(BEA, 1, reason),
        script.ended(CID, 3, reason),
        script.left(ANN, reason),
        script.left(BEA, reason),
        script.left(CID, reason),
        script.closed(reason),
    ];
    script.when(SERVER, Command::Close { reason }, &events);
}

#[test]
fn closing_an_empty_room_tells_only_that() {
    let reason = EndReason::RoomDeleted;
    let mut script = Script::given(voice());
    script.when(SERVER, Command::Close { reason }, &[script.closed(reason)]);
}

#[test]
fn who_speaks_is_silent_before_the_end() {
    let check = |by: Actor, command: Command, reason: EndReason| {
        let mut script = Script::given(voice());
        script.comes_in(ANN, 1);
        script.speaks(1);
        let closes = matches!(command, Command::Close { .. });
        let mut events =
            vec![script.silent(ANN, 1), script.ended(ANN, 1, reason), script.left(ANN, reason)];
        events.extend(closes.then_some(script.closed(reason)));
        script.when(by, command, &events);
    };
    let (user, reason) = (ANN.id(), EndReason::Banned);
    let by = Some(MUTER.id());
    check(ANN.into(), leave(1), EndReason::Left);
    check(MUTER.into(), Command::Kick { user }, EndReason::Kicked { by });
    check(SERVER, Command::EndSession { session: session(1), reason }, reason);
    check(SERVER, Command::EndMember { user, reason }, reason);
    check(SERVER, Command::Close { reason }, reason);
}

#[test]
fn who_speaks_is_silent_before_time_runs_out() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(device(1)));
    script.does(ANN, Command::Join(device(2)));
    script.speaks(2);
    script.later(secs(30));
    let timeout = EndReason::Timeout;
    script.due(&[
        script.ended(ANN, 1, timeout),
        script.silent(ANN, 2),
        script.ended(ANN, 2, timeout),
        script.left(ANN, timeout),
    ]);
}

#[test]
fn who_speaks_is_silent_before_the_same_client_takes_the_place() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.speaks(1);
    let events =
        [script.silent(ANN, 1), script.ended(ANN, 1, REPLACED), script.started(ANN, &join(2))];
    script.when(ANN, Command::Join(join(2)), &events);
    assert!(!script.member(ANN).speaking, "the new session has said nothing");
}

#[test]
fn only_the_session_that_speaks_is_told_silent() {
    let mut script = Script::given(voice());
    for number in 1..=3 {
        script.does(ANN, Command::Join(device(number)));
    }
    script.speaks(1);
    script.speaks(2);
    script.does(SERVER, Command::Speaking { session: session(1), speaking: false });
    script.when(ANN, leave(1), &[script.ended(ANN, 1, EndReason::Left)]);
    let reason = EndReason::Kicked { by: None };
    let events = [
        script.silent(ANN, 2),
        script.ended(ANN, 2, reason),
        script.ended(ANN, 3, reason),
        script.left(ANN, reason),
    ];
    script.when(SERVER, Command::Kick { user: ANN.id() }, &events);
}

/// Everyone was told that it speaks, and media's word that it ceased has not come.
#[test]
fn a_muted_session_that_was_told_to_speak_is_told_silent() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.speaks(1);
    script.does(MUTER, Command::ServerMute { user: ANN.id(), muted: true });
    let reason = EndReason::Left;
    let events = [script.silent(ANN, 1), script.ended(ANN, 1, reason), script.left(ANN, reason)];
    script.when(ANN, leave(1), &events);
}

#[test]
fn one_session_too_many_takes_the_place_of_the_oldest() {
    assert_eq!(SESSIONS_PER_MEMBER_MAX, 8);
    let mut script = full_of_ann();
    let joined_at = script.member(ANN).joined_at;
    for (oldest, number) in [(1, 9), (2, 10)] {
        assert!(script.room.has_session(session(oldest)));
        let events = [script.ended(ANN, oldest, REPLACED), script.started(ANN, &device(number))];
        script.when(ANN, Command::Join(device(number)), &events);
        assert!(!script.room.has_session(session(oldest)));
        script.refuses(ANN, leave(oldest), Refusal::UnknownSession);
    }
    assert_eq!(sessions_of(&script, ANN), [3, 4, 5, 6, 7, 8, 9, 10].map(session));
    assert_eq!(script.member(ANN).joined_at, joined_at, "the member stays");
}

#[test]
fn the_oldest_is_silent_before_it_gives_way() {
    let mut script = full_of_ann();
    script.speaks(1);
    script.speaks(8);
    let silent = Who { base: &[Permissions::VIEW_SPACE, Permissions::CONNECT], ..ANN };
    let events = [
        script.silent(ANN, 1),
        script.ended(ANN, 1, REPLACED),
        script.reauthorized(silent),
        script.started(ANN, &device(9)),
    ];
    script.when(silent, Command::Join(device(9)), &events);
}

#[test]
fn a_client_that_takes_its_own_place_is_not_too_many() {
    let mut script = full_of_ann();
    let again = Join { session: session(9), ..device(5) };
    let events = [script.ended(ANN, 5, REPLACED), script.started(ANN, &again)];
    script.when(ANN, Command::Join(again), &events);
    assert!(script.room.has_session(session(1)));
}

#[test]
fn every_door_counts() {
    let mut script = full_of_ann();
    let other_door = Join { session: session(9), via: Via::Vox, ..device(5) };
    let events = [script.ended(ANN, 1, REPLACED), script.started(ANN, &other_door)];
    script.when(ANN, Command::Join(other_door), &events);
}

#[test]
fn a_session_that_ended_makes_room() {
    let mut script = full_of_ann();
    script.does(ANN, leave(4));
    script.when(ANN, Command::Join(device(9)), &[script.started(ANN, &device(9))]);
    script.when(
        ANN,
        Command::Join(device(10)),
        &[script.ended(ANN, 1, REPLACED), script.started(ANN, &device(10))],
    );
}

#[test]
fn the_sessions_of_others_do_not_count() {
    let mut script = full_of_ann();
    script.when(
        BEA,
        Command::Join(device(9)),
        &[script.joined(BEA), script.started(BEA, &device(9))],
    );
    script.when(BEA, Command::Join(device(10)), &[script.started(BEA, &device(10))]);
    script.when(
        ANN,
        Command::Join(device(11)),
        &[script.ended(ANN, 1, REPLACED), script.started(ANN, &device(11))],
    );
}

#[test]
fn who_may_not_join_replaces_nothing() {
    let mut script = full_of_ann();
    let barred = Who { base: &[Permissions::VIEW_SPACE], ..ANN };
    let missing = Refusal::Missing(Permissions::CONNECT);
    script.refuses(barred, Command::Join(device(9)), missing);
}
