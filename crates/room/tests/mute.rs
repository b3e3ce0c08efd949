//! Mute and deafen: one's own per session, a moderator's per person.

#[path = "harness/script.rs"]
mod harness;

use harness::{
    ADA, ANN, BEA, DEAFENER, MUTER, SERVER, Script, Who, join, join_from, session, set_self, voice,
};
use model::UserId;
use room::{Command, Event, Join, Marks, Refusal};

fn set(number: u64, mute: Option<bool>, deaf: Option<bool>) -> Command {
    set_self(number, mute, deaf)
}

fn changed(who: Who, number: u64, mute: bool, deaf: bool) -> Event {
    let (session, user) = (session(number), who.id());
    Event::SelfChanged {
        session,
        user,
        mute,
        deaf,
        camera: false,
        screen: false,
        video_mute: false,
    }
}

fn mute(who: Who, muted: bool) -> Command {
    Command::ServerMute { user: who.id(), muted }
}

fn deafen(who: Who, deafened: bool) -> Command {
    Command::ServerDeafen { user: who.id(), deafened }
}

fn moderated(who: Who, by: Option<UserId>, server_mute: bool, server_deaf: bool) -> Event {
    Event::Moderated { user: who.id(), by, server_mute, server_deaf, server_video_mute: false }
}

#[test]
fn what_is_not_named_stays() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.when(ANN, set(1, Some(true), None), &[changed(ANN, 1, true, false)]);
    script.when(ANN, set(1, None, Some(true)), &[changed(ANN, 1, true, true)]);
    script.when(ANN, set(1, Some(false), Some(false)), &[changed(ANN, 1, false, false)]);
}

#[test]
fn no_change_is_not_told() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(Join { mute: true, ..join(1) }));
    script.comes_in(BEA, 2);
    script.when(ANN, set(1, None, None), &[]);
    script.when(ANN, set(1, Some(true), Some(false)), &[]);
    script.when(MUTER, mute(BEA, false), &[]);
    script.does(MUTER, mute(BEA, true));
    script.when(MUTER, mute(BEA, true), &[]);
}

#[test]
fn ones_own_mute_is_nobody_elses_business() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.refuses(BEA, set(1, Some(true), None), Refusal::NotYourSession);
    script.refuses(ADA, set(1, None, None), Refusal::NotYourSession);
    script.refuses(ANN, set(2, Some(true), None), Refusal::UnknownSession);
    script.when(SERVER, set(1, Some(true), None), &[changed(ANN, 1, true, false)]);
}

#[test]
fn a_member_is_shown_muted_when_every_session_is() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.does(ANN, set(1, Some(true), Some(true)));
    let ann = script.member(ANN);
    assert_eq!((ann.mute, ann.deaf), (false, false));
    let flags: Vec<_> = ann.sessions.iter().map(|s| (s.mute, s.deaf)).collect();
    assert_eq!(flags, [(true, true), (false, false)]);

    script.does(ANN, set(2, Some(true), Some(true)));
    let ann = script.member(ANN);
    assert_eq!((ann.mute, ann.deaf), (true, true));
}

#[test]
fn a_moderators_mute_and_deafen_do_not_undo_each_other() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let by_muter = Some(MUTER.id());
    let by_deafener = Some(DEAFENER.id());
    script.when(MUTER, mute(ANN, true), &[moderated(ANN, by_muter, true, false)]);
    script.when(DEAFENER, deafen(ANN, true), &[moderated(ANN, by_deafener, true, true)]);
    let ann = script.member(ANN);
    assert_eq!((ann.server_mute, ann.server_deaf), (true, true));
    assert_eq!((ann.mute, ann.deaf), (false, false), "their own switches stay");
    script.when(MUTER, mute(ANN, false), &[moderated(ANN, by_muter, false, true)]);
    script.when(SERVER, deafen(ANN, false), &[moderated(ANN, None, false, false)]);
    assert_eq!(script.room.marks(ANN.id()), Marks::default());
}

#[test]
fn nobody_unmutes_themselves_from_a_moderators_mute() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(MUTER, mute(ANN, true));
    script.when(ANN, set(1, Some(false), None), &[]);
    assert!(script.member(ANN).server_mute && !script.gate(1).speak);
}

#[test]
fn who_is_away_cannot_be_moderated() {
    let mut script = Script::given(voice());
    script.refuses(MUTER, mute(ANN, true), Refusal::TargetNotInRoom);
    script.refuses(DEAFENER, deafen(ANN, true), Refusal::TargetNotInRoom);
}

#[test]
fn a_moderators_word_outlives_the_visit() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(MUTER, mute(ANN, true));
    script.does(SERVER, Command::Kick { user: ANN.id() });
    let muted = Marks { server_mute: true, ..Marks::default() };
    assert_eq!(script.room.marks(ANN.id()), muted);
    script.comes_in(ANN, 2);
    assert!(script.member(ANN).server_mute && !script.gate(2).speak);
}

#[test]
fn a_moderators_word_is_read_back_from_the_store() {
    let deaf = Marks { server_deaf: true, ..Marks::default() };
    let mut script = Script::given_marks(voice(), [(ANN.id(), deaf)]);
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    assert!(script.member(ANN).server_deaf && !script.gate(1).receive);
    assert!(!script.member(BEA).server_deaf && script.gate(2).receive);
    assert_eq!(script.room.marks(BEA.id()), Marks::default());
}
