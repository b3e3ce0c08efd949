//! What the simulation does not come by: limits, tokens that die, the end.

use super::super::replay::KEPT_FOR;
use super::super::simulation::news::{identity, media_token, settings, topic, user};
use super::super::simulation::{RoomModel, model_time};
use super::*;

const MAYA: u64 = 101;

fn desk(limited: bool) -> Desk {
    Desk::new("Parlor".to_owned(), limited)
}

fn identify(desk: &mut Desk, who: Identity, id: &str, now: Instant) -> Result<Welcome, Close> {
    desk.identify(who, id.into(), model_time(), now)
}

fn room(hidden: bool) -> RoomModel {
    RoomModel { exists: true, hidden, ..RoomModel::default() }
}

/// The kinds of what waits for a connection.
fn waiting(attached: &mut Attached) -> Vec<&'static str> {
    std::iter::from_fn(|| attached.events.try_recv().ok()).map(|(_, what)| what.kind()).collect()
}

fn reauthorized(insider: bool) -> Arc<News> {
    Arc::new(News::Reauthorized { identity: Box::new(identity(MAYA, insider)) })
}

#[test]
fn too_much_that_comes_into_sight_is_asked_for_anew() {
    let now = Instant::now();
    for (rooms, ends) in [(SIGHT_CHANGES_MAX as u64, false), (SIGHT_CHANGES_MAX as u64 + 1, true)] {
        let mut desk = desk(false);
        for number in 1..=rooms {
            desk.know_room(settings(number, &room(true)), None);
        }
        let mut hers = identify(&mut desk, identity(MAYA, false), "a", now).unwrap().attached;
        desk.handle_news(&reauthorized(true), now);
        if ends {
            assert_eq!(hers.end.try_recv(), Ok(Close::SessionExpired));
            let back = desk.resume(identity(MAYA, true), "a", 1, now);
            assert_eq!(back.map(|_| ()), Err(Close::SessionExpired));
        } else {
            assert_eq!(waiting(&mut hers), vec!["room_create"; rooms as usize]);
        }
    }
}

#[test]
fn who_was_in_a_room_before_is_in_it_when_it_comes_into_sight() {
    let now = Instant::now();
    let mut desk = desk(false);
    let inside = RoomModel { members: vec![102], ..room(true) };
    let News::Room(running) = topic(1, &inside, "t") else { panic!("news of a room") };
    desk.know_room(settings(1, &inside), Some(running.view));
    let mut hers = identify(&mut desk, identity(MAYA, false), "a", now).unwrap().attached;
    desk.handle_news(&reauthorized(true), now);
    assert_eq!(waiting(&mut hers), ["room_create", "voice_state_update"]);
}

#[test]
fn tokens_that_died_end_what_they_opened_and_newer_ones_do_not() {
    let now = Instant::now();
    let mut desk = desk(false);
    let at_epoch = |epoch| {
        let mut who = identity(MAYA, false);
        who.account.epoch = epoch;
        who
    };
    let mut old = identify(&mut desk, at_epoch(0), "old", now).unwrap().attached;
    identify(&mut desk, at_epoch(0), "away", now).unwrap();
    let mut new = identify(&mut desk, at_epoch(1), "new", now).unwrap().attached;
    let mut renewed = desk.resume(at_epoch(1), "away", 1, now).unwrap().attached;
    desk.handle_news(&Arc::new(News::SignedOut { user: user(MAYA), epoch: 1 }), now);
    assert_eq!(old.end.try_recv(), Ok(Close::AuthFailed));
    assert!(new.end.try_recv().is_err() && renewed.end.try_recv().is_err());
    let back = desk.resume(at_epoch(1), "old", 1, now);
    assert_eq!(back.map(|_| ()), Err(Close::SessionExpired));
}

#[test]
fn an_account_has_its_share_of_connections() {
    let now = Instant::now();
    let mut desk = desk(true);
    let who = || identity(MAYA, false);
    let mut open = Vec::new();
    for number in 0..OPEN_PER_ACCOUNT_MAX {
        open.push(identify(&mut desk, who(), &number.to_string(), now).unwrap());
    }
    let refused = |desk: &mut Desk, who| identify(desk, who, "more", now).map(|_| ());
    assert_eq!(refused(&mut desk, who()), Err(Close::RateLimited));
    assert_eq!(refused(&mut desk, identity(102, false)), Ok(()));
    // Taking over is not one more; coming back from away is.
    open[0] = desk.resume(who(), "0", 1, now).unwrap();
    let gone = open.remove(1);
    desk.sessions().detach("1", gone.attached.connection, now);
    open.push(identify(&mut desk, who(), "last", now).unwrap());
    let back = desk.resume(who(), "1", 1, now).map(|_| ());
    assert_eq!(back, Err(Close::RateLimited));
}

#[test]
fn of_those_who_are_away_so_many_are_kept() {
    let start = Instant::now();
    let mut desk = desk(false);
    for number in 0..21 {
        let at = start + std::time::Duration::from_secs(number);
        let id = number.to_string();
        let gone = identify(&mut desk, identity(MAYA, false), &id, at).unwrap();
        desk.sessions().detach(&id, gone.attached.connection, at);
    }
    let at = start + std::time::Duration::from_secs(30);
    let back = |desk: &mut Desk, id| desk.resume(identity(MAYA, false), id, 1, at).map(|_| ());
    assert_eq!(back(&mut desk, "0"), Err(Close::SessionExpired));
    assert_eq!(back(&mut desk, "1"), Ok(()));
}

#[test]
fn a_connection_that_ends_without_a_word_is_found() {
    let start = Instant::now();
    let mut desk = desk(false);
    drop(identify(&mut desk, identity(MAYA, false), "a", start).unwrap());
    let later = start + KEPT_FOR;
    desk.tidy(later);
    assert!(desk.sessions.has(user(MAYA)), "away since it was found");
    desk.tidy(later + KEPT_FOR);
    assert!(!desk.sessions.has(user(MAYA)) && desk.people.is_empty());
}

#[test]
fn what_is_kept_has_a_limit() {
    let now = Instant::now();
    let mut desk = desk(false);
    desk.held_max = 10_000;
    let gone = identify(&mut desk, identity(MAYA, false), "a", now).unwrap();
    desk.sessions().detach("a", gone.attached.connection, now);
    drop(gone);
    for _ in 0..10 {
        let token = media_token(1, MAYA, &"x".repeat(2_000));
        desk.handle_news(&Arc::new(token), now);
    }
    assert!(desk.held.bytes() > 20_000);
    desk.tidy(now);
    assert!(desk.held.bytes() < 11_000, "{}", desk.held.bytes());
    let back = |desk: &mut Desk, seq| desk.resume(identity(MAYA, false), "a", seq, now).map(|_| ());
    assert_eq!(back(&mut desk, 1), Err(Close::ReplayExhausted));
    assert_eq!(back(&mut desk, 6), Ok(()));
}

#[test]
fn after_the_end_nobody_comes_in() {
    let now = Instant::now();
    let mut desk = desk(false);
    let mut hers = identify(&mut desk, identity(MAYA, false), "a", now).unwrap().attached;
    desk.handle_news(&Arc::new(topic(1, &room(false), "t")), now);
    desk.handle_news(&Arc::new(News::Stopping), now);
    assert_eq!(waiting(&mut hers), ["stage_topic_update"]);
    assert_eq!(hers.end.try_recv(), Ok(Close::ServerRestart));
    let late = identify(&mut desk, identity(MAYA, false), "b", now).map(|_| ());
    assert_eq!(late, Err(Close::ServerRestart));
    let back = desk.resume(identity(MAYA, false), "a", 1, now).map(|_| ());
    assert_eq!(back, Err(Close::ServerRestart));
}
