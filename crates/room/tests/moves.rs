//! A member moved from one room to another: what ends here, what goes on there, and what goes along.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, MODDY, MOVER, MUTER, NOBODY, SERVER, Script, Who, deny, elsewhere};
use harness::{id, with_overrides};
use harness::{join, join_from, join_stt, room_of, secs, session, set_self, stage, talk, voice};
use model::{OverrideTarget, Permissions, RoomId, SessionId, TrackSource, Via};
use room::{Actor, Arrival, Command, EndReason, Event, Gate, Join, Link, ProfileKind, Refusal};
use room::{RevokeReason, SESSIONS_PER_MEMBER_MAX, Settings};

fn out(who: Who) -> Command {
    Command::MoveOut { user: who.id(), to: elsewhere() }
}

/// The other room.
fn there() -> Settings {
    Settings { id: elsewhere(), ..voice() }
}

fn moved(by: impl Into<Actor>) -> EndReason {
    EndReason::MovedTo { room: elsewhere(), by: by.into().user() }
}

/// One session of an arrival is told.
fn arrived(script: &Script, arrival: &Arrival, number: u64) -> Event {
    let mut sessions = arrival.sessions.iter();
    let found = sessions.find(|(id, _)| *id == session(number));
    let (session, carried) = found.unwrap_or_else(|| panic!("{number} does not arrive")).clone();
    let (user, from, at) = (arrival.caller.person.id, arrival.from, script.now.wall);
    Event::SessionArrived { session, user, carried, from, at }
}

/// Moves somebody, as whoever owns both rooms does.
#[track_caller]
fn carry(here: &mut Script, there: &mut Script, who: Who) {
    let arrival = here.departing(who);
    here.does(MOVER, out(who));
    there.now = here.now;
    there.does(MOVER, Command::MoveIn(arrival));
}

fn ids(script: &Script, who: Who) -> Vec<SessionId> {
    script.member(who).sessions.iter().map(|session| session.id).collect()
}

#[test]
fn all_sessions_end_here_and_go_on_there() {
    let mut here = Script::given(voice());
    here.does(ANN, Command::Join(join_from(1, "phone")));
    here.does(ANN, Command::Join(Join { via: Via::Vox, ..join(2) }));
    here.comes_in(BEA, 3);
    here.speaks(2);
    here.later(secs(5));
    let arrival = here.departing(ANN);
    let reason = moved(MOVER);
    let events = [
        here.ended(ANN, 1, reason),
        here.silent(ANN, 2),
        here.ended(ANN, 2, reason),
        here.left(ANN, reason),
    ];
    here.when(MOVER, out(ANN), &events);
    assert_eq!((here.gate(1), here.gate(2)), (Gate::SHUT, Gate::SHUT));

    let mut there = here.beside(there());
    let events = [there.joined(ANN), arrived(&there, &arrival, 1), arrived(&there, &arrival, 2)];
    there.when(MOVER, Command::MoveIn(arrival), &events);
    let ann = there.member(ANN);
    assert_eq!(ann.joined_at, there.now.wall);
    let doors: Vec<_> = ann.sessions.iter().map(|s| (s.id, s.via)).collect();
    assert_eq!(doors, [(session(1), Via::VoiceService), (session(2), Via::Vox)]);
    assert!(!ann.speaking && there.gate(2).speak);
}

#[test]
fn what_a_client_said_of_itself_goes_along_and_what_media_saw_does_not() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    here.does(ANN, set_self(1, Some(true), Some(true)));
    let (mute, deaf, session) = (None, None, session(1));
    let (camera, screen) = (Some(true), None);
    here.does(ANN, Command::SetSelf { session, mute, deaf, camera, screen, video_mute: None });
    let flows = Command::Source { session, source: TrackSource::Screen, flowing: true };
    here.does(SERVER, flows.clone());
    let mut there = here.beside(there());
    carry(&mut here, &mut there, ANN);
    let ann = there.member(ANN);
    assert_eq!((ann.mute, ann.deaf, ann.camera, ann.screen), (true, true, true, false));
    let told =
        Event::Source { session, user: ANN.id(), source: TrackSource::Screen, flowing: true };
    there.when(SERVER, flows, &[told]);
}

#[test]
fn links_go_along() {
    for link in [Link::Socket, Link::Gateway, Link::Media] {
        let mut here = Script::given(voice());
        here.comes_in(ANN, 1);
        here.linked(1, link);
        let mut there = here.beside(there());
        carry(&mut here, &mut there, ANN);
        assert_eq!((here.deadline(), there.deadline()), (None, None), "{link:?}");
        there.later(secs(60));
        there.unlinked(1, link);
        assert_eq!(there.deadline(), Some(secs(70)), "{link:?}");
    }
}

/// Nobody gains time by being moved.
#[test]
fn deadlines_go_along() {
    let mut here = Script::given(voice());
    here.does(ANN, Command::Join(join_from(1, "phone")));
    here.does(ANN, Command::Join(join_stt(2)));
    here.later(secs(20));
    let mut there = here.beside(there());
    carry(&mut here, &mut there, ANN);
    assert_eq!(there.deadline(), Some(secs(30)));
    there.later(secs(10));
    there.due(&[there.ended(ANN, 1, EndReason::Timeout)]);
    assert_eq!(there.deadline(), Some(secs(60)));
    there.when(SERVER, Command::RequestHeard { user: ANN.id() }, &[there.heard(2)]);
}

#[test]
fn who_is_detached_stays_so() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    here.linked(1, Link::Socket);
    here.unlinked(1, Link::Socket);
    here.linked(1, Link::Gateway);
    let mut there = here.beside(there());
    carry(&mut here, &mut there, ANN);
    assert!(there.member(ANN).sessions[0].detached);
    let once = Join { only_once: true, ..join(2) };
    let events = [there.ended(ANN, 1, EndReason::Replaced), there.started(ANN, &once)];
    there.when(ANN, Command::Join(once), &events);
}

#[test]
fn a_member_who_comes_back_has_the_same_session() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    here.linked(1, Link::Media);
    let mut there = here.beside(there());
    carry(&mut here, &mut there, ANN);
    let arrival = there.departing(ANN);
    let home = here.room.settings().id;
    there.does(MOVER, Command::MoveOut { user: ANN.id(), to: home });
    let events = [here.joined(ANN), arrived(&here, &arrival, 1)];
    here.when(MOVER, Command::MoveIn(arrival), &events);
    assert!(here.gate(1).speak && there.room.is_empty());
}

#[test]
fn marks_stay_where_they_were_given() {
    let mut here = Script::given(stage());
    here.comes_in(ANN, 1);
    here.on_stage(ANN);
    here.does(SERVER, Command::ServerMute { user: ANN.id(), muted: true });
    let mut there = here.beside(Settings { id: elsewhere(), ..stage() });
    there.comes_in(ANN, 9);
    there.does(SERVER, Command::ServerDeafen { user: ANN.id(), deafened: true });
    there.does(ANN, Command::LeaveAll);
    carry(&mut here, &mut there, ANN);
    let ann = there.member(ANN);
    assert_eq!((ann.server_mute, ann.server_deaf, there.gate(1)), (false, true, Gate::SHUT));
    assert!(here.room.marks(ANN.id()).server_mute && !here.room.marks(ANN.id()).speaker);
}

#[test]
fn the_stage_and_the_floor_are_given_up_first() {
    let mut here = Script::given(stage());
    here.comes_in(ANN, 1);
    here.on_stage(ANN);
    let reason = moved(SERVER);
    let events = [
        here.revoked(ANN, None, RevokeReason::Left),
        here.ended(ANN, 1, reason),
        here.left(ANN, reason),
    ];
    here.when(SERVER, out(ANN), &events);

    let mut here = Script::given(talk());
    here.comes_in(ANN, 1);
    let fence = here.takes_floor(ANN);
    let events = [
        here.released(ANN, fence, room::FloorEnd::Left),
        here.ended(ANN, 1, reason),
        here.left(ANN, reason),
    ];
    here.when(SERVER, out(ANN), &events);
}

/// The moderator answers for it: neither CONNECT nor a password, but there must be a place.
#[test]
fn what_is_asked_of_who_is_moved() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    let arrival = || Command::MoveIn(here.departing(ANN));
    let connect = deny(OverrideTarget::User(ANN.id()), Permissions::CONNECT);
    let view = deny(OverrideTarget::User(ANN.id()), Permissions::VIEW_SPACE);
    let locked = Settings { has_password: true, ..with_overrides(there(), &[connect, view]) };
    let mut there = here.beside(locked);
    let left = ANN.base() & !Permissions::CONNECT & !Permissions::VIEW_SPACE;
    there.does(MOVER, arrival());
    assert_eq!(there.member(ANN).permissions, left);

    let mut full = here.beside(Settings { id: elsewhere(), member_limit: 1, ..voice() });
    full.comes_in(BEA, 9);
    full.refuses(MOVER, arrival(), Refusal::RoomFull { limit: 1 });
    full.refuses(SERVER, arrival(), Refusal::RoomFull { limit: 1 });
    full.does(BEA, Command::LeaveAll);
    full.does(ANN, Command::Join(join_from(8, "phone")));
    full.does(MOVER, arrival());
    assert_eq!(ids(&full, ANN), [session(1), session(8)], "who is in needs no place");
}

#[test]
fn it_needs_permission_in_both_rooms() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    let mut there = here.beside(there());
    let arrival = || Command::MoveIn(here.departing(ANN));
    let missing = Refusal::Missing(Permissions::MOVE_MEMBERS);
    for by in [ANN, BEA, MUTER, MODDY] {
        there.refuses(by, arrival(), missing);
    }
    there.refuses(NOBODY, arrival(), Refusal::RoomNotFound);
    for by in [ANN, BEA, MUTER, MODDY] {
        here.refuses(by, out(ANN), missing);
        here.refuses(by, out(BEA), missing);
    }
    here.refuses(NOBODY, out(ANN), Refusal::RoomNotFound);
    here.refuses(MOVER, out(BEA), Refusal::TargetNotInRoom);
    assert_eq!(here.room.departing(BEA.id()), None);
    here.does(ADA, out(ANN));
}

#[test]
fn to_the_same_room_is_no_move() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    let (user, to) = (ANN.id(), here.room.settings().id);
    let arrival = here.departing(ANN);
    here.when(MOVER, Command::MoveOut { user, to }, &[]);
    here.when(MOVER, Command::MoveIn(arrival), &[]);
    let missing = Refusal::Missing(Permissions::MOVE_MEMBERS);
    here.refuses(BEA, Command::MoveOut { user, to }, missing);
    here.refuses(MOVER, Command::MoveOut { user: BEA.id(), to }, Refusal::TargetNotInRoom);
}

/// A member without a session would stay for ever.
#[test]
fn nobody_arrives_without_a_session() {
    let mut there = Script::given(voice());
    let (caller, from, sessions) = (ANN.caller(), RoomId(id(2000)), Vec::new());
    let command = Command::MoveIn(Arrival { caller, from, sessions });
    there.refuses(MOVER, command, Refusal::TargetNotInRoom);
}

#[test]
fn who_is_there_already_has_one_session_more() {
    let mut here = Script::given(voice());
    here.does(ANN, Command::Join(join_from(5, "phone")));
    let mut there = here.beside(Settings { id: elsewhere(), ..room_of(ProfileKind::Conference) });
    there.does(ANN, Command::Join(join_from(1, "tab")));
    let joined_at = there.member(ANN).joined_at;
    there.later(secs(9));
    let arrival = here.departing(ANN);
    let events = [arrived(&there, &arrival, 5)];
    there.when(MOVER, Command::MoveIn(arrival), &events);
    assert_eq!(ids(&there, ANN), [session(1), session(5)]);
    assert_eq!(there.member(ANN).joined_at, joined_at);
}

#[test]
fn who_is_there_already_has_from_then_on_what_they_bring() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 5);
    let mut there = here.beside(there());
    there.does(ANN, Command::Join(join_from(1, "tab")));
    let less = Who { base: &[Permissions::VIEW_SPACE], ..ANN };
    let arrival = Arrival { caller: less.caller(), ..here.departing(ANN) };
    let events = [there.reauthorized(less), arrived(&there, &arrival, 5)];
    there.when(MOVER, Command::MoveIn(arrival), &events);
    assert!(!there.gate(1).speak && !there.gate(5).speak);
}

/// One session for each device of a person in a room, whichever way it came in.
#[test]
fn a_session_of_the_same_client_gives_way() {
    let mut here = Script::given(voice());
    here.does(ANN, Command::Join(join_from(5, "phone")));
    here.does(ANN, Command::Join(join_stt(6)));
    let mut there = here.beside(there());
    for join in [join_from(1, "phone"), join_stt(2), join_from(3, "tab")] {
        there.does(ANN, Command::Join(join));
    }
    there.speaks(1);
    let arrival = here.departing(ANN);
    let replaced = EndReason::Replaced;
    let events = [
        there.silent(ANN, 1),
        there.ended(ANN, 1, replaced),
        there.ended(ANN, 2, replaced),
        arrived(&there, &arrival, 5),
        arrived(&there, &arrival, 6),
    ];
    there.when(MOVER, Command::MoveIn(arrival), &events);
    assert_eq!(ids(&there, ANN), [3, 5, 6].map(session));
}

#[test]
fn who_lives_by_requests_is_in_once_whatever_the_client_is_called() {
    let mut here = Script::given(voice());
    here.does(ANN, Command::Join(Join { client: Some("phone".to_owned()), ..join_stt(5) }));
    let mut there = here.beside(there());
    there.does(ANN, Command::Join(join_stt(1)));
    let arrival = here.departing(ANN);
    let events = [there.ended(ANN, 1, EndReason::Replaced), arrived(&there, &arrival, 5)];
    there.when(MOVER, Command::MoveIn(arrival), &events);
    there.when(ANN, Command::Join(join_stt(6)), &[there.heard(5)]);
}

#[test]
fn the_oldest_give_way_to_too_many() {
    assert_eq!(SESSIONS_PER_MEMBER_MAX, 8);
    let device = |number: u64| join_from(number, &number.to_string());
    let mut here = Script::given(voice());
    let mut there = here.beside(there());
    for number in 1..=6 {
        there.does(ANN, Command::Join(device(number)));
    }
    for number in 7..=10 {
        here.does(ANN, Command::Join(device(number)));
    }
    let arrival = here.departing(ANN);
    let mut events =
        vec![there.ended(ANN, 1, EndReason::Replaced), there.ended(ANN, 2, EndReason::Replaced)];
    events.extend((7..=10).map(|number| arrived(&there, &arrival, number)));
    there.when(MOVER, Command::MoveIn(arrival), &events);
    assert_eq!(ids(&there, ANN), [3, 4, 5, 6, 7, 8, 9, 10].map(session));
}

/// Those who arrive are the ones that media follows: however many, they stay.
#[test]
fn all_who_were_there_give_way_to_eight() {
    let device = |number: u64| join_from(number, &number.to_string());
    let mut here = Script::given(voice());
    let mut there = here.beside(there());
    there.does(ANN, Command::Join(device(20)));
    for number in 1..=8 {
        here.does(ANN, Command::Join(device(number)));
    }
    carry(&mut here, &mut there, ANN);
    assert_eq!(ids(&there, ANN), [1, 2, 3, 4, 5, 6, 7, 8].map(session));
}

#[test]
fn a_closed_room_takes_nobody() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    let mut there = here.beside(there());
    there.does(SERVER, Command::Close { reason: EndReason::RoomDeleted });
    let arrival = here.departing(ANN);
    there.refuses(MOVER, Command::MoveIn(arrival), Refusal::RoomNotFound);
}

/// They come from the session as it was; what came up meanwhile is reported to the room it is in now.
#[test]
fn reports_about_a_session_that_left_are_refused() {
    let mut here = Script::given(voice());
    here.comes_in(ANN, 1);
    let mut there = here.beside(there());
    carry(&mut here, &mut there, ANN);
    let (session, link) = (session(1), Link::Media);
    here.refuses(SERVER, Command::LinkUp { session, link }, Refusal::UnknownSession);
    there.when(SERVER, Command::LinkUp { session, link }, &[Event::LinkUp { session, link }]);
}
