//! Settings that change while people are in the room.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, CID, MUTER, NOBODY, OWEN, RON, SERVER, Script, allow, deny};
use harness::{join, the_role, voice, with_overrides};
use model::{Override, OverrideTarget, Permissions};
use room::{Actor, Command, Event, Gate, Refusal, Settings, SettingsChange};

const OPEN: Gate = Gate { speak: true, camera: true, screen: true, receive: true, captions: false };

fn change(change: SettingsChange) -> Command {
    Command::ChangeSettings(change)
}

fn overridden(overrides: &[Override]) -> Command {
    change(SettingsChange { overrides: Some(overrides.to_vec()), ..SettingsChange::default() })
}

fn limited(member_limit: u32) -> Command {
    change(SettingsChange { member_limit: Some(member_limit), ..SettingsChange::default() })
}

fn changed(settings: Settings, by: impl Into<Actor>) -> Event {
    Event::SettingsChanged { settings: Box::new(settings), by: by.into().user() }
}

#[test]
fn what_is_named_changes_and_the_rest_stays() {
    let before = Settings { topic: Some("news".to_owned()), has_password: true, ..voice() };
    let mut script = Script::given(before.clone());
    let name = Some("Den".to_owned());
    let renamed = Settings { name: "Den".to_owned(), ..before };
    let command = change(SettingsChange { name, ..SettingsChange::default() });
    script.when(ADA, command, &[changed(renamed.clone(), ADA)]);
    let smaller = Settings { member_limit: 7, ..renamed };
    script.when(SERVER, limited(7), &[changed(smaller.clone(), SERVER)]);
    let overrides = vec![deny(the_role(), Permissions::SPEAK)];
    let quieter = Settings { overrides: overrides.clone(), ..smaller };
    script.when(ADA, overridden(&overrides), &[changed(quieter.clone(), ADA)]);
    assert_eq!(*script.room.settings(), quieter);
    assert_eq!((quieter.slug.as_str(), script.room.view().settings), ("lounge", quieter.clone()));
}

#[test]
fn all_at_once_is_one_event() {
    let mut script = Script::given(voice());
    let (name, overrides) = ("Den".to_owned(), vec![deny(the_role(), Permissions::SPEAK)]);
    let after =
        Settings { name: name.clone(), member_limit: 3, overrides: overrides.clone(), ..voice() };
    let (name, member_limit, overrides) = (Some(name), Some(3), Some(overrides));
    let all = SettingsChange { name, member_limit, overrides, ..SettingsChange::default() };
    script.when(ADA, change(all), &[changed(after, ADA)]);
}

#[test]
fn what_is_so_already_is_not_told() {
    let mut script =
        Script::given(with_overrides(voice(), &[deny(the_role(), Permissions::SPEAK)]));
    let Settings { name, member_limit, overrides, .. } = script.room.settings().clone();
    let (name, member_limit, overrides) = (Some(name), Some(member_limit), Some(overrides));
    let same = SettingsChange { name, member_limit, overrides, ..SettingsChange::default() };
    script.when(ADA, change(same), &[]);
    script.when(ADA, change(SettingsChange::default()), &[]);
}

#[test]
fn whoever_made_the_room_or_manages_rooms_may() {
    let manages = allow(OverrideTarget::User(BEA.id()), Permissions::MANAGE_SPACES);
    let settings = Settings { created_by: Some(OWEN.id()), ..voice() };
    let mut script = Script::given(with_overrides(settings, &[manages]));
    for (limit, by) in [(10, OWEN), (11, BEA), (12, ADA)] {
        script.does(by, limited(limit));
        assert_eq!(script.room.settings().member_limit, limit);
    }
    for by in [ANN, MUTER] {
        script.refuses(by, limited(1), Refusal::Missing(Permissions::MANAGE_SPACES));
    }
    script.refuses(NOBODY, limited(1), Refusal::RoomNotFound);
}

#[test]
fn new_overrides_count_at_once_for_who_is_in() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.comes_in(RON, 2);
    script.comes_in(ADA, 3);
    let overrides = [deny(the_role(), Permissions::SPEAK), deny(the_role(), Permissions::VIDEO)];
    let settings = with_overrides(voice(), &overrides);
    let left = RON.base() & !Permissions::SPEAK & !Permissions::VIDEO;
    let events = [changed(settings, ADA), script.reauthorized_to(RON, left)];
    script.when(ADA, overridden(&overrides), &events);
    assert_eq!(script.member(RON).permissions, left);
    assert_eq!(script.gate(2), Gate { speak: false, camera: false, ..OPEN });
    assert_eq!((script.gate(1), script.gate(3)), (OPEN, OPEN));

    let events = [changed(voice(), ADA), script.reauthorized(RON)];
    script.when(ADA, overridden(&[]), &events);
    assert_eq!(script.gate(2), OPEN);
}

/// What a member brought is what new overrides start from, and not what earlier ones had left of it.
#[test]
fn overrides_take_the_place_of_those_before() {
    let everyone = |denied| deny(OverrideTarget::Everyone, denied);
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(ADA, overridden(&[everyone(Permissions::SPEAK)]));
    assert_eq!(script.gate(1), Gate { speak: false, ..OPEN });
    script.does(ADA, overridden(&[everyone(Permissions::STREAM)]));
    assert_eq!(script.gate(1), Gate { screen: false, ..OPEN });
}

#[test]
fn roles_given_meanwhile_count_under_new_overrides() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let (user, base) = (ANN.id(), ANN.base());
    let roles = RON.caller().roles;
    let told = Event::Reauthorized { user, roles: roles.clone(), base, permissions: base };
    script.when(SERVER, Command::Reauthorize { user, roles, base }, &[told]);
    script.does(ADA, overridden(&[deny(the_role(), Permissions::SPEAK)]));
    assert_eq!(script.gate(1), Gate { speak: false, ..OPEN });
}

#[test]
fn nobody_is_put_out() {
    let mut script = Script::given(voice());
    for (who, number) in [(ANN, 1), (BEA, 2), (CID, 3)] {
        script.comes_in(who, number);
    }
    script.when(ADA, limited(1), &[changed(Settings { member_limit: 1, ..voice() }, ADA)]);
    let all = deny(OverrideTarget::Everyone, Permissions::ALL);
    script.does(ADA, overridden(&[all]));
    assert_eq!(script.room.view().members.len(), 3);
    script.refuses(ANN, Command::Join(join(4)), Refusal::RoomNotFound);
    script.does(ADA, overridden(&[]));
    script.refuses(ADA, Command::Join(join(4)), Refusal::RoomFull { limit: 1 });
    script.does(ANN, Command::LeaveAll);
    script.refuses(ADA, Command::Join(join(4)), Refusal::RoomFull { limit: 1 });
    script.does(ADA, limited(3));
    script.comes_in(ADA, 4);
}

#[test]
fn a_room_may_be_hidden_from_its_own_moderators() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(ADA, overridden(&[deny(OverrideTarget::Everyone, Permissions::VIEW_SPACE)]));
    script.refuses(MUTER, Command::Kick { user: ANN.id() }, Refusal::RoomNotFound);
    script.does(ADA, Command::Kick { user: ANN.id() });
}

/// Captions are switched apart, and no change of other settings switches them back.
#[test]
fn other_switches_stay() {
    let mut script = Script::given(voice());
    script.does(ADA, Command::SwitchCaptions { on: true });
    script.does(ADA, limited(5));
    assert!(script.room.settings().captions);
    script.comes_in(ANN, 1);
    assert!(script.gate(1).captions);
}
