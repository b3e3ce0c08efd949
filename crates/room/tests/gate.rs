//! What a session may send and receive, by kind of room, permissions, and both sorts of mute.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, NOBODY, SERVER, Script, deny, join, join_from, room_of, session, set_self};
use harness::{the_role, voice, with_overrides};
use model::{OverrideTarget, Permissions};
use room::{Command, Gate, Join, Marks, ProfileKind, SpeakRule};

const OPEN: Gate = Gate { speak: true, camera: true, screen: true, receive: true, captions: false };
const LISTENS: Gate = Gate { speak: false, ..OPEN };

#[test]
fn each_kind_of_room_has_its_rule_of_speech() {
    let check = |kind, rule, gate| {
        let mut script = Script::given(room_of(kind));
        script.comes_in(ANN, 1);
        assert_eq!(script.room.settings().kind.profile().speak, rule);
        assert_eq!(script.gate(1), gate, "{kind}");
    };
    check(ProfileKind::Voice, SpeakRule::Permission, OPEN);
    check(ProfileKind::Stage, SpeakRule::Speakers, Gate { receive: true, ..Gate::SHUT });
    check(ProfileKind::Talk, SpeakRule::FloorHolder, LISTENS);
    check(ProfileKind::Conference, SpeakRule::Everyone, OPEN);
}

#[test]
fn each_permission_opens_one_way_out() {
    let check = |kind, denied, gate| {
        let overrides = [deny(OverrideTarget::Everyone, denied)];
        let mut script = Script::given(with_overrides(room_of(kind), &overrides));
        script.comes_in(ANN, 1);
        assert_eq!(script.gate(1), gate, "{kind} without {denied:?}");
    };
    check(ProfileKind::Voice, Permissions::SPEAK, LISTENS);
    check(ProfileKind::Conference, Permissions::SPEAK, OPEN);
    for kind in [ProfileKind::Voice, ProfileKind::Conference] {
        check(kind, Permissions::VIDEO, Gate { camera: false, ..OPEN });
        check(kind, Permissions::STREAM, Gate { screen: false, ..OPEN });
        check(kind, Permissions::SEND_MESSAGES, OPEN);
    }
}

#[test]
fn mutes_silence_and_deafens_isolate_whoever_decided_it() {
    let check = |mute, deaf, marks: Marks, gate| {
        let mut script = Script::given_marks(voice(), [(ANN.id(), marks)]);
        script.does(ANN, Command::Join(Join { mute, deaf, ..join(1) }));
        assert_eq!(script.gate(1), gate, "{mute} {deaf} {marks:?}");
    };
    let none = Marks::default();
    let isolated = Gate { receive: false, ..OPEN };
    check(false, false, none, OPEN);
    check(true, false, none, LISTENS);
    check(false, true, none, isolated);
    check(true, true, none, Gate { receive: false, ..LISTENS });
    check(false, false, Marks { server_mute: true, ..none }, LISTENS);
    check(false, false, Marks { server_deaf: true, ..none }, isolated);
    check(true, false, Marks { server_deaf: true, ..none }, Gate { receive: false, ..LISTENS });
}

#[test]
fn a_moderators_mute_shuts_every_session_and_ones_own_only_one() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.does(ANN, set_self(1, Some(true), None));
    assert_eq!((script.gate(1), script.gate(2)), (LISTENS, OPEN));

    let mute = |muted| Command::ServerMute { user: ANN.id(), muted };
    script.does(SERVER, mute(true));
    assert_eq!((script.gate(1), script.gate(2)), (LISTENS, LISTENS));
    script.does(SERVER, mute(false));
    assert_eq!((script.gate(1), script.gate(2)), (LISTENS, OPEN), "the own mute stays");
}

#[test]
fn new_roles_open_and_shut_at_once() {
    let overrides = [deny(the_role(), Permissions::SPEAK)];
    let mut script = Script::given(with_overrides(voice(), &overrides));
    script.comes_in(ANN, 1);
    let base = Permissions::EVERYONE;
    let user = ANN.id();
    let roles = harness::RON.caller().roles;
    script.does(SERVER, Command::Reauthorize { user, roles, base });
    assert_eq!(script.gate(1), LISTENS);
    script.does(SERVER, Command::Reauthorize { user, roles: Vec::new(), base });
    assert_eq!(script.gate(1), OPEN);
    script.does(SERVER, Command::Reauthorize { user, roles: Vec::new(), base: NOBODY.base() });
    assert_eq!(script.gate(1), Gate { receive: true, ..Gate::SHUT });
}

#[test]
fn a_session_the_room_does_not_know_passes_nothing() {
    let mut script = Script::given(voice());
    assert_eq!(script.gate(1), Gate::SHUT);
    let (speak, camera, screen, receive, captions) = Default::default();
    assert_eq!(Gate::SHUT, Gate { speak, camera, screen, receive, captions });
    script.comes_in(ANN, 1);
    script.does(ANN, Command::Leave { session: session(1) });
    assert_eq!(script.gate(1), Gate::SHUT);
}
