//! A join that is to be the only one: refused while a living client has its person in.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, BEA, NOBODY, SERVER, Script, Who, join, join_from, join_stt, room_of, secs};
use harness::{session, voice};
use model::{Permissions, Via};
use room::{Command, EndReason, Join, Link, ProfileKind, Refusal, Settings};

/// In through Vox, once.
fn once(number: u64) -> Join {
    Join { via: Via::Vox, only_once: true, ..join(number) }
}

/// Ann is in with session 1 through Vox; her gateway is a link of it.
fn ann_is_in() -> Script {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(once(1)));
    script.linked(1, Link::Gateway);
    script
}

#[test]
fn whoever_is_in_is_refused() {
    let mut script = ann_is_in();
    script.refuses(ANN, Command::Join(once(2)), Refusal::AlreadyIn);
    let phone = Join { client: Some("phone".to_owned()), ..once(2) };
    script.refuses(ANN, Command::Join(phone), Refusal::AlreadyIn);
    let events = [script.joined(BEA), script.started(BEA, &once(2))];
    script.when(BEA, Command::Join(once(2)), &events);
}

#[test]
fn whatever_door_the_other_session_came_through() {
    for kind in ProfileKind::ALL {
        let mut script = Script::given(room_of(kind));
        script.does(ANN, Command::Join(join_from(1, "tab")));
        script.refuses(ANN, Command::Join(once(2)), Refusal::AlreadyIn);
    }
}

/// It was never linked and still has its thirty seconds: a client is on its way.
#[test]
fn a_session_that_waits_for_its_first_link_is_in() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(once(1)));
    script.later(secs(29));
    script.refuses(ANN, Command::Join(once(2)), Refusal::AlreadyIn);
}

#[test]
fn a_detached_session_is_replaced() {
    let mut script = ann_is_in();
    script.unlinked(1, Link::Gateway);
    let events = [script.ended(ANN, 1, EndReason::Replaced), script.started(ANN, &once(2))];
    script.when(ANN, Command::Join(once(2)), &events);
}

/// The account's gateway is back and keeps the session; the client that was in the room is not.
#[test]
fn a_gateway_that_comes_back_does_not_stand_in_the_way() {
    let mut script = ann_is_in();
    script.unlinked(1, Link::Gateway);
    script.linked(1, Link::Gateway);
    assert_eq!(script.deadline(), None);
    let events = [script.ended(ANN, 1, EndReason::Replaced), script.started(ANN, &once(2))];
    script.when(ANN, Command::Join(once(2)), &events);
}

#[test]
fn a_client_that_comes_back_is_in_again() {
    for link in [Link::Socket, Link::Media] {
        let mut script = ann_is_in();
        script.unlinked(1, Link::Gateway);
        script.linked(1, link);
        script.refuses(ANN, Command::Join(once(2)), Refusal::AlreadyIn);
    }
}

#[test]
fn one_living_session_among_detached_ones_is_enough() {
    let mut script = ann_is_in();
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.linked(2, Link::Socket);
    script.unlinked(1, Link::Gateway);
    script.refuses(ANN, Command::Join(once(3)), Refusal::AlreadyIn);
    script.unlinked(2, Link::Socket);
    // Of another door: nobody took its place.
    let events = [script.ended(ANN, 1, EndReason::Replaced), script.started(ANN, &once(3))];
    script.when(ANN, Command::Join(once(3)), &events);
    assert!(script.room.has_session(session(2)));
}

#[test]
fn who_lives_by_requests_alone_has_no_client_in_the_room() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_stt(1)));
    script.linked(1, Link::Socket);
    script.when(ANN, Command::Join(once(2)), &[script.started(ANN, &once(2))]);
    script.refuses(ANN, Command::Join(once(3)), Refusal::AlreadyIn);
}

#[test]
fn who_does_not_ask_for_it_comes_in_beside() {
    let mut script = ann_is_in();
    script.when(ANN, Command::Join(join(2)), &[script.started(ANN, &join(2))]);
}

/// What a person may do comes first, and for who is in neither the limit nor the password counts.
#[test]
fn permission_comes_first_and_the_rest_after() {
    let settings = Settings { member_limit: 1, has_password: true, ..voice() };
    let mut script = Script::given(settings);
    script.does(ANN, Command::Join(Join { unlocked: true, ..once(1) }));
    script.refuses(ANN, Command::Join(once(2)), Refusal::AlreadyIn);
    let barred = Who { base: &[Permissions::VIEW_SPACE], ..ANN };
    script.refuses(barred, Command::Join(once(2)), Refusal::Missing(Permissions::CONNECT));
    let blind = Who { base: NOBODY.base, ..ANN };
    script.refuses(blind, Command::Join(once(2)), Refusal::RoomNotFound);
    script.refuses(SERVER, Command::Join(once(2)), Refusal::RoomNotFound);
    script.refuses(BEA, Command::Join(once(2)), Refusal::RoomFull { limit: 1 });
}

/// What is shown of a member says beforehand whether they would be refused.
#[test]
fn a_member_is_shown_live_while_they_would_be_refused() {
    let check = |script: &Script, live: bool| {
        assert_eq!(script.member(ANN).is_live(), live);
        let again = script.room.decide(&ANN.into(), Command::Join(once(9)), script.now);
        assert_eq!(again == Err(Refusal::AlreadyIn), live);
    };
    let mut script = ann_is_in();
    check(&script, true);
    script.unlinked(1, Link::Gateway);
    check(&script, false);
    script.linked(1, Link::Gateway);
    check(&script, false);
    script.does(ANN, Command::Join(join_stt(2)));
    check(&script, false);
    script.linked(1, Link::Media);
    check(&script, true);
}
