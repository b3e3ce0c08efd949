//! Live captions: the switch, and whose voice goes to them.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, MUTER, NOBODY, OWEN, SERVER, Script, allow, join_from, room_of};
use harness::{set_self, talk, voice, with_overrides};
use model::{OverrideTarget, Permissions, UserId};
use room::{Command, Event, ProfileKind, Refusal, Settings};

fn switch(on: bool) -> Command {
    Command::SwitchCaptions { on }
}

fn switched(on: bool, by: Option<UserId>) -> Event {
    Event::CaptionsSwitched { on, by }
}

/// What goes to captions of Ann's sessions 1 and 2 and Bea's session 3.
fn captioned(script: &Script) -> [bool; 3] {
    [1, 2, 3].map(|number| script.gate(number).captions)
}

fn ann_twice_and_bea(settings: Settings) -> Script {
    let mut script = Script::given(settings);
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.comes_in(BEA, 3);
    script
}

#[test]
fn new_rooms_have_what_their_kind_has() {
    let on: Vec<_> = ProfileKind::ALL.into_iter().filter(|kind| kind.profile().captions).collect();
    assert_eq!(on, [ProfileKind::Talk]);
}

#[test]
fn whoever_may_change_the_room_switches_them() {
    let settings = Settings { created_by: Some(OWEN.id()), ..voice() };
    let manages = allow(OverrideTarget::User(BEA.id()), Permissions::MANAGE_SPACES);
    let mut script = Script::given(with_overrides(settings, &[manages]));
    for (by, on) in [(OWEN, true), (ADA, false), (BEA, true)] {
        script.when(by, switch(on), &[switched(on, Some(by.id()))]);
        assert_eq!(script.room.settings().captions, on);
        assert_eq!(script.room.view().settings.captions, on);
    }
    script.when(SERVER, switch(false), &[switched(false, None)]);
    for by in [ANN, MUTER] {
        script.refuses(by, switch(true), Refusal::Missing(Permissions::MANAGE_SPACES));
    }
    script.refuses(NOBODY, switch(true), Refusal::RoomNotFound);
}

#[test]
fn what_is_so_already_is_not_told() {
    let mut script = Script::given(voice());
    script.when(ADA, switch(false), &[]);
    script.does(ADA, switch(true));
    script.when(ADA, switch(true), &[]);
    script.refuses(ANN, switch(true), Refusal::Missing(Permissions::MANAGE_SPACES));
}

#[test]
fn who_is_heard_is_transcribed_while_they_are_on() {
    let mut script = ann_twice_and_bea(voice());
    assert_eq!(captioned(&script), [false; 3]);
    script.does(SERVER, switch(true));
    assert_eq!(captioned(&script), [true; 3]);
    assert!(script.gate(1).speak);

    script.does(ANN, set_self(1, Some(true), None));
    assert_eq!(captioned(&script), [false, true, true]);
    script.does(SERVER, Command::ServerMute { user: ANN.id(), muted: true });
    assert_eq!(captioned(&script), [false, false, true]);
    script.does(SERVER, switch(false));
    assert_eq!(captioned(&script), [false; 3]);
    assert!(script.gate(3).speak, "heard all the same");
}

#[test]
fn in_a_talk_room_only_the_holder_is_transcribed() {
    let mut script = ann_twice_and_bea(talk());
    assert_eq!(captioned(&script), [false; 3]);
    script.takes_floor(ANN);
    assert_eq!(captioned(&script), [true, true, false]);
    script.does(SERVER, switch(false));
    assert_eq!(captioned(&script), [false; 3]);
    assert!(script.gate(1).speak);
}

#[test]
fn who_may_not_speak_is_not_transcribed() {
    let stage = Settings { captions: true, ..room_of(ProfileKind::Stage) };
    assert_eq!(captioned(&ann_twice_and_bea(stage)), [false; 3]);
}
