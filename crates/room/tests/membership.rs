//! Coming in and going out, with one session and with several.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, CID, MUTER, SERVER, Script, Who, deny, join, join_from, secs};
use harness::{session, voice, with_overrides};
use model::{OverrideTarget, Permissions, Via};
use room::{Command, EndReason, Event, Join, ProfileKind, Refusal, Settings};

fn leave(number: u64) -> Command {
    Command::Leave { session: session(number) }
}

#[test]
fn the_first_session_makes_a_member_and_the_last_ends_it() {
    let mut script = Script::given(voice());
    let (phone, tab) = (join_from(1, "phone"), join_from(2, "tab"));
    let first = [script.joined(ANN), script.started(ANN, &phone)];
    script.when(ANN, Command::Join(phone), &first);
    script.later(secs(5));
    let second = [script.started(ANN, &tab)];
    script.when(ANN, Command::Join(tab), &second);

    script.when(ANN, leave(1), &[script.ended(ANN, 1, EndReason::Left)]);
    script.later(secs(1));
    let last = [script.ended(ANN, 2, EndReason::Left), script.left(ANN, EndReason::Left)];
    script.when(ANN, leave(2), &last);
    assert!(script.room.is_empty());
}

#[test]
fn a_session_starts_as_asked() {
    let mut script = Script::given(voice());
    let quiet = Join { via: Via::Vox, mute: true, deaf: true, ..join(1) };
    let events = [script.joined(ANN), script.started(ANN, &quiet)];
    script.when(ANN, Command::Join(quiet), &events);
    let ann = script.member(ANN);
    assert_eq!((ann.mute, ann.deaf, ann.sessions[0].via), (true, true, Via::Vox));
}

#[test]
fn the_same_client_takes_its_own_place_and_the_member_stays() {
    for client in [None, Some("tab".to_owned())] {
        let mut script = Script::given(voice());
        let joined_at = script.now.wall;
        script.does(ANN, Command::Join(Join { client: client.clone(), ..join(1) }));
        script.later(secs(5));
        let again = Join { client, ..join(2) };
        let replaced = script.ended(ANN, 1, EndReason::Replaced);
        let events = [replaced, script.started(ANN, &again)];
        script.when(ANN, Command::Join(again), &events);
        assert_eq!(script.member(ANN).joined_at, joined_at);
    }
}

#[test]
fn a_further_session_brings_what_its_person_may_do_by_now() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    let silent = Who { base: &[Permissions::VIEW_SPACE, Permissions::CONNECT], ..ANN };
    let tab = join_from(2, "tab");
    let less = script.reauthorized(silent);
    let events = [less, script.started(ANN, &tab)];
    script.when(silent, Command::Join(tab), &events);
    assert_eq!(script.member(ANN).permissions, silent.base());
    assert!(!script.gate(1).speak, "the earlier session is the same member's");

    let desk = join_from(3, "desk");
    let events = [script.started(ANN, &desk)];
    script.when(silent, Command::Join(desk), &events);

    let again = join_from(4, "phone");
    let more = script.reauthorized(ANN);
    let events = [script.ended(ANN, 1, EndReason::Replaced), more, script.started(ANN, &again)];
    script.when(ANN, Command::Join(again), &events);
    assert_eq!(script.member(ANN).permissions, ANN.base());

    let barred = Who { base: &[Permissions::VIEW_SPACE], ..ANN };
    let missing = Refusal::Missing(Permissions::CONNECT);
    script.refuses(barred, Command::Join(join_from(5, "phone")), missing);
}

#[test]
fn what_a_person_brings_counts_after_the_overrides() {
    let no_muting = deny(OverrideTarget::Everyone, Permissions::MUTE_MEMBERS);
    let mut script = Script::given(with_overrides(voice(), &[no_muting]));
    script.does(ANN, Command::Join(join_from(1, "phone")));
    let tab = join_from(2, "tab");
    let mutes = Who { base: MUTER.base, ..ANN };
    // Told all the same: under other overrides it may count.
    let events = [script.reauthorized_to(mutes, ANN.base()), script.started(ANN, &tab)];
    script.when(mutes, Command::Join(tab), &events);
    assert_eq!(script.member(ANN).permissions, ANN.base());
}

#[test]
fn another_client_another_door_and_another_person_take_no_place() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "tab")));
    for other in [join(2), join_from(3, "phone"), Join { via: Via::Vox, ..join_from(4, "tab") }] {
        let events = [script.started(ANN, &other)];
        script.when(ANN, Command::Join(other), &events);
    }
    let same_name = join_from(5, "tab");
    let events = [script.joined(BEA), script.started(BEA, &same_name)];
    script.when(BEA, Command::Join(same_name), &events);
}

#[test]
fn a_full_room_takes_sessions_but_no_members() {
    let mut script = Script::given(Settings { member_limit: 2, ..voice() });
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    script.refuses(CID, Command::Join(join(3)), Refusal::RoomFull { limit: 2 });
    script.refuses(ADA, Command::Join(join(3)), Refusal::RoomFull { limit: 2 });

    let second = join_from(3, "phone");
    let events = [script.started(ANN, &second)];
    script.when(ANN, Command::Join(second), &events);

    script.does(BEA, leave(2));
    let events = [script.joined(CID), script.started(CID, &join(4))];
    script.when(CID, Command::Join(join(4)), &events);
}

#[test]
fn a_talk_room_is_a_pair() {
    let mut script = Script::given(harness::room_of(ProfileKind::Talk));
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    script.refuses(CID, Command::Join(join(3)), Refusal::RoomFull { limit: 2 });
}

#[test]
fn only_people_join() {
    Script::given(voice()).refuses(SERVER, Command::Join(join(1)), Refusal::RoomNotFound);
}

#[test]
fn one_leaves_by_ones_own_sessions_only() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.refuses(BEA, leave(1), Refusal::NotYourSession);
    script.refuses(ADA, leave(1), Refusal::NotYourSession);
    script.refuses(ANN, leave(7), Refusal::UnknownSession);
    script.does(ANN, leave(1));
    script.refuses(ANN, leave(1), Refusal::UnknownSession);
}

#[test]
fn a_kick_ends_every_session_of_one_member() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.comes_in(BEA, 2);
    script.does(ANN, Command::Join(join_from(3, "tab")));
    let reason = EndReason::Kicked { by: Some(MUTER.id()) };
    let events =
        [script.ended(ANN, 1, reason), script.ended(ANN, 3, reason), script.left(ANN, reason)];
    let kick = Command::Kick { user: ANN.id() };
    script.when(MUTER, kick.clone(), &events);
    script.refuses(MUTER, kick, Refusal::TargetNotInRoom);

    let reason = EndReason::Kicked { by: None };
    let events = [script.ended(BEA, 2, reason), script.left(BEA, reason)];
    script.when(SERVER, Command::Kick { user: BEA.id() }, &events);
}

#[test]
fn a_kick_is_no_ban() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(MUTER, Command::Kick { user: ANN.id() });
    let events = [script.joined(ANN), script.started(ANN, &join(2))];
    script.when(ANN, Command::Join(join(2)), &events);
}

#[test]
fn the_server_ends_one_session_or_all_of_a_person() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.does(ANN, Command::Join(join_from(3, "desk")));
    let reason = EndReason::MediaFailed;
    let end = |number| Command::EndSession { session: session(number), reason };
    script.when(SERVER, end(2), &[script.ended(ANN, 2, reason)]);
    script.refuses(SERVER, end(2), Refusal::UnknownSession);

    let reason = EndReason::Moved;
    let end = Command::EndMember { user: ANN.id(), reason };
    let events =
        [script.ended(ANN, 1, reason), script.ended(ANN, 3, reason), script.left(ANN, reason)];
    script.when(SERVER, end.clone(), &events);
    script.when(SERVER, end, &[]);
}

#[test]
fn ending_the_only_session_ends_the_member_with_the_same_reason() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let reason = EndReason::MediaFailed;
    let events = [script.ended(ANN, 1, reason), script.left(ANN, reason)];
    script.when(SERVER, Command::EndSession { session: session(1), reason }, &events);
}

#[test]
fn a_closed_room_is_empty_and_no_room_any_more() {
    let mut script = Script::given(voice());
    script.comes_in(BEA, 1);
    script.does(ANN, Command::Join(join_from(2, "phone")));
    script.does(ANN, Command::Join(join_from(3, "tab")));
    let reason = EndReason::RoomDeleted;
    let events = [
        script.ended(ANN, 2, reason),
        script.ended(ANN, 3, reason),
        script.ended(BEA, 1, reason),
        script.left(ANN, reason),
        script.left(BEA, reason),
        script.closed(reason),
    ];
    script.when(SERVER, Command::Close { reason }, &events);
    assert!(script.room.is_closed());
    assert_eq!(script.deadline(), None);
    script.refuses(ANN, Command::Join(join(4)), Refusal::RoomNotFound);
    for by in [ANN.into(), SERVER] {
        script.refuses(by, Command::Close { reason }, Refusal::RoomNotFound);
    }
    script.refuses(ANN, leave(1), Refusal::RoomNotFound);
}

#[test]
fn members_are_listed_first_come_first_and_by_id_at_once() {
    let mut script = Script::given(voice());
    script.comes_in(CID, 9);
    script.later(secs(1));
    script.comes_in(BEA, 8);
    script.comes_in(ANN, 7);
    script.later(secs(1));
    script.does(CID, Command::Join(join_from(1, "tab")));
    let view = script.room.view();
    let names: Vec<_> = view.members.iter().map(|member| &*member.person.username).collect();
    assert_eq!(names, ["cid", "ann", "bea"]);
    let sessions: Vec<_> = script.member(CID).sessions.iter().map(|s| s.id).collect();
    assert_eq!(sessions, [session(1), session(9)], "session ids rise with time");
    let found = view.session(session(8)).map(|(member, _)| member.person.id);
    assert_eq!((found, view.session(session(6))), (Some(BEA.id()), None));
    assert_eq!(view.member(ANN.id()), Some(&script.member(ANN)));
    assert_eq!(view.settings, voice());
}

#[test]
fn new_roles_change_a_member_that_is_in() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let user = ANN.id();
    let to = |base| Command::Reauthorize { user, roles: Vec::new(), base };
    script.when(SERVER, to(Permissions::EVERYONE), &[]);
    let permissions = Permissions::VIEW_SPACE;
    let less = Event::Reauthorized { user, roles: Vec::new(), base: permissions, permissions };
    script.when(SERVER, to(permissions), &[less]);
    assert_eq!(script.member(ANN).permissions, permissions);
    script.does(ANN, leave(1));
    script.refuses(SERVER, to(permissions), Refusal::TargetNotInRoom);
}
