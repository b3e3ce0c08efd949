//! Sessions that are moved from room to room: on record in each, open in one.

use std::time::Instant;

use room::{Actor, Arrival, Caller, Command, EndReason, Event, Join, Person, Room, Timing};
use store::is_stored;

use crate::*;

const MAYA: u64 = 7;
const SESSION: u64 = 10;

/// What a room gives for a command, at a second of the clock. It is applied.
fn decide(room: &mut Room, by: &Actor, command: Command, second: i64) -> Vec<Event> {
    let now = model::Now { mono: Instant::now(), wall: at(second) };
    let events = room.decide(by, command, now).unwrap();
    events.iter().for_each(|event| room.apply(event));
    events
}

fn maya() -> Caller {
    let username = "maya".to_owned();
    let person = Person { id: UserId(id(MAYA)), username, external_id: None, email: None };
    Caller { person, roles: Vec::new(), base: Permissions::EVERYONE }
}

fn join() -> Join {
    let (mute, deaf, unlocked, only_once) = (false, false, false, false);
    let (session, via, client) = (SessionId(id(SESSION)), Via::Vox, None);
    Join { session, via, client, mute, deaf, video_mute: false, beside: None, unlocked, only_once }
}

/// A room that is kept, and its owner's room.
async fn kept(store: &Store, raw: u64) -> Room {
    let settings = store.create_room(&room(raw, "Hall")).await.unwrap();
    Room::new(settings, []).with_timing(Timing::default())
}

/// Has Maya moved, and keeps what both rooms say.
async fn carry(store: &Store, from: &mut Room, to: &mut Room, second: i64) {
    let (here, there) = (from.settings().id, to.settings().id);
    let sessions = from.departing(maya().person.id).unwrap();
    let arrival = Arrival { caller: maya(), from: here, sessions };
    let out = Command::MoveOut { user: maya().person.id, to: there };
    let ended = decide(from, &Actor::Server, out, second);
    let arrived = decide(to, &Actor::Server, Command::MoveIn(arrival), second);
    assert!(arrived.iter().any(|event| matches!(event, Event::SessionArrived { .. })));
    assert!(arrived.iter().filter(|event| is_stored(event)).count() == 1);
    store.append(here, &ended).await.unwrap();
    store.append(there, &arrived).await.unwrap();
}

fn open_in(room: &Room, second: i64) -> SessionRow {
    SessionRow {
        id: SessionId(id(SESSION)),
        room: room.settings().id,
        user: UserId(id(MAYA)),
        via: Via::Vox,
        joined_at: at(second),
    }
}

#[tokio::test]
async fn a_session_is_open_where_it_is_and_on_record_where_it_was() {
    let (directory, store) = fresh().await;
    let (mut den, mut hall) = (kept(&store, 1).await, kept(&store, 2).await);
    let started = decide(&mut den, &Actor::Caller(maya()), Command::Join(join()), 5);
    store.append(den.settings().id, &started).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), [open_in(&den, 5)]);
    assert!(!store.was_participant(hall.settings().id, UserId(id(MAYA))).await.unwrap());

    carry(&store, &mut den, &mut hall, 6).await;
    assert_eq!(store.open_sessions().await.unwrap(), [open_in(&hall, 6)]);
    for room in [&den, &hall] {
        assert!(store.was_participant(room.settings().id, UserId(id(MAYA))).await.unwrap());
    }
    carry(&store, &mut hall, &mut den, 7).await;
    assert_eq!(store.open_sessions().await.unwrap(), [open_in(&den, 7)], "back again");

    let left = decide(&mut den, &Actor::Caller(maya()), Command::LeaveAll, 8);
    store.append(den.settings().id, &left).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), []);
    store.close().await;

    let mut raw = raw(directory.path()).await;
    let sql = "SELECT room_id, joined_at, ended_at, reason FROM sessions ORDER BY room_id";
    let rows: Vec<(i64, i64, i64, String)> = sqlx::query_as(sql).fetch_all(&mut raw).await.unwrap();
    let second = |second: i64| second * 1_000_000;
    assert_eq!(
        rows,
        [(1, second(7), second(8), "left".into()), (2, second(6), second(7), "moved".into())],
        "the last stay in each"
    );
}

#[tokio::test]
async fn an_end_in_one_room_is_none_in_another() {
    let (_directory, store) = fresh().await;
    let (mut den, mut hall) = (kept(&store, 1).await, kept(&store, 2).await);
    let started = decide(&mut den, &Actor::Caller(maya()), Command::Join(join()), 5);
    store.append(den.settings().id, &started).await.unwrap();
    carry(&store, &mut den, &mut hall, 6).await;
    let session = SessionId(id(SESSION));
    let (den, hall) = (den.settings().id, hall.settings().id);
    let user = UserId(id(MAYA));
    // A word from the old room that comes late.
    let late = Event::SessionEnded { session, user, reason: EndReason::Timeout, at: at(9) };
    store.append(den, &[late]).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap().len(), 1);
    assert!(!store.end_session(session, den, "left", at(9)).await.unwrap());
    assert!(store.end_session(session, hall, "left", at(9)).await.unwrap());
    assert_eq!(store.open_sessions().await.unwrap(), []);
}

#[tokio::test]
async fn all_that_a_dead_process_left_open_ends_wherever_it_was_moved() {
    let (_directory, store) = fresh().await;
    let (mut den, mut hall) = (kept(&store, 1).await, kept(&store, 2).await);
    let started = decide(&mut den, &Actor::Caller(maya()), Command::Join(join()), 5);
    store.append(den.settings().id, &started).await.unwrap();
    // It died between the two rooms' words: both have the session open.
    let sessions = den.departing(maya().person.id).unwrap();
    let arrival = Arrival { caller: maya(), from: den.settings().id, sessions };
    let arrived = decide(&mut hall, &Actor::Server, Command::MoveIn(arrival), 6);
    store.append(hall.settings().id, &arrived).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), [open_in(&den, 5), open_in(&hall, 6)]);
    assert_eq!(store.end_open_sessions("server_restart", at(8)).await.unwrap(), 2);
    assert_eq!(store.open_sessions().await.unwrap(), []);
}

#[tokio::test]
async fn a_session_starts_once_in_a_room() {
    let (_directory, store) = fresh().await;
    let (den, hall) = (kept(&store, 1).await, kept(&store, 2).await);
    store.start_session(&open_in(&den, 5)).await.unwrap();
    let again = store.start_session(&open_in(&den, 6)).await;
    assert!(matches!(again, Err(StoreError::Taken)));
    store.start_session(&open_in(&hall, 6)).await.unwrap();
    assert_eq!(store.open_sessions().await.unwrap(), [open_in(&den, 5), open_in(&hall, 6)]);
}
