//! Rooms with a password: who needs it, and in which order what is wrong is told.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, CID, NOBODY, OWEN, SERVER, Script, Who, join, join_from, join_stt};
use harness::{session, talk, voice};
use model::Permissions;
use room::{Command, EndReason, Join, Refusal, Settings};

fn locked() -> Settings {
    Settings { has_password: true, created_by: Some(OWEN.id()), ..voice() }
}

fn unlocked(join: Join) -> Join {
    Join { unlocked: true, ..join }
}

#[test]
fn who_shows_it_comes_in() {
    let mut script = Script::given(locked());
    let join = unlocked(join(1));
    let events = [script.joined(ANN), script.started(ANN, &join)];
    script.when(ANN, Command::Join(join), &events);
}

#[test]
fn nobody_comes_in_without_it() {
    let mut script = Script::given(locked());
    for by in [ANN, OWEN, ADA] {
        script.refuses(by, Command::Join(join(1)), Refusal::InvalidPassword);
        script.refuses(by, Command::Join(join_stt(1)), Refusal::InvalidPassword);
    }
}

#[test]
fn a_room_without_one_asks_for_none() {
    for join in [join(1), unlocked(join(1))] {
        let mut script = Script::given(voice());
        let events = [script.joined(ANN), script.started(ANN, &join)];
        script.when(ANN, Command::Join(join), &events);
    }
}

#[test]
fn a_member_needs_it_no_more() {
    let mut script = Script::given(locked());
    script.does(ANN, Command::Join(unlocked(join(1))));
    let phone = join_from(2, "phone");
    script.when(ANN, Command::Join(phone.clone()), &[script.started(ANN, &phone)]);
    let replaced = script.ended(ANN, 2, EndReason::Replaced);
    let again = join_from(3, "phone");
    script.when(ANN, Command::Join(again.clone()), &[replaced, script.started(ANN, &again)]);
    let stt = join_stt(4);
    script.when(ANN, Command::Join(stt.clone()), &[script.started(ANN, &stt)]);
    script.when(ANN, Command::Join(join_stt(5)), &[script.heard(4)]);
}

#[test]
fn one_who_left_needs_it_again() {
    let mut script = Script::given(locked());
    script.does(ANN, Command::Join(unlocked(join(1))));
    script.does(ANN, Command::Leave { session: session(1) });
    script.refuses(ANN, Command::Join(join(2)), Refusal::InvalidPassword);
}

#[test]
fn what_is_wrong_besides_is_told_first() {
    let mut script = Script::given(Settings { member_limit: 1, ..locked() });
    let barred = Who { base: &[Permissions::VIEW_SPACE], ..BEA };
    script.refuses(NOBODY, Command::Join(join(1)), Refusal::RoomNotFound);
    script.refuses(barred, Command::Join(join(1)), Refusal::Missing(Permissions::CONNECT));
    script.refuses(SERVER, Command::Join(join(1)), Refusal::RoomNotFound);
    script.does(ANN, Command::Join(unlocked(join(1))));
    script.refuses(BEA, Command::Join(join(2)), Refusal::RoomFull { limit: 1 });
    script.refuses(BEA, Command::Join(unlocked(join(2))), Refusal::RoomFull { limit: 1 });
}

#[test]
fn the_right_one_makes_no_room() {
    let mut script = Script::given(Settings { member_limit: 2, has_password: true, ..talk() });
    script.does(ANN, Command::Join(unlocked(join_stt(1))));
    script.does(BEA, Command::Join(unlocked(join_stt(2))));
    let full = Refusal::RoomFull { limit: 2 };
    script.refuses(CID, Command::Join(unlocked(join_stt(3))), full);
    assert!(script.room.view().settings.has_password);
}
