//! What callers see of threads that die, and of calls that race.

use std::time::Duration;

use model::UserId;

use super::*;

const OPEN: Gate = Gate { speak: true, camera: true, screen: true, receive: true, captions: false };
const PATIENCE: Duration = Duration::from_secs(60);

fn open(n: i64) -> OpenSession {
    let (room, user) = (RoomId::from_i64(n).unwrap(), UserId::from_i64(n).unwrap());
    OpenSession { session: SessionId::from_i64(n).unwrap(), room, user, gate: OPEN }
}

#[tokio::test]
async fn a_dead_thread_is_noticed_and_its_sessions_live_elsewhere() {
    let config = MediaConfig { workers: 2, ..MediaConfig::default() };
    let (media, mut events) = Media::start(config).unwrap();
    for n in 1..=4 {
        media.open(open(n)).await.unwrap();
    }
    assert!(media.is_healthy());
    assert_eq!(media.ask(0, |reply| Command::Die { reply }).await, Err(MediaRefusal::WorkerGone));
    let mut failed = Vec::new();
    while failed.len() < 2 {
        let event = tokio::time::timeout(PATIENCE, events.recv()).await.unwrap().unwrap();
        let Event::Failed { session } = event else { panic!("{event:?}") };
        failed.push(session);
    }
    failed.sort();
    assert_eq!(failed, [open(1).session, open(3).session]);
    assert!(!media.is_healthy());
    assert_eq!(media.threads(), (1, 2));
    let closed = Gate { speak: false, ..OPEN };
    assert_eq!(
        media.set_gate(open(1).session, open(1).room, closed).await,
        Ok(()),
        "opened elsewhere"
    );
    assert_eq!(media.open(open(5)).await, Ok(()), "a new room too");
    assert_eq!(media.stats().await.core.sessions, 4, "two, one that moved, one that is new");
    let OpenSession { session, room, .. } = open(3);
    media.close(session, room).await;
    assert_eq!(media.set_gate(session, room, OPEN).await, Err(MediaRefusal::UnknownSession));
    media.stop();
}

#[tokio::test]
async fn who_was_carried_before_its_thread_died_is_in_its_new_room() {
    let config = MediaConfig { workers: 2, ..MediaConfig::default() };
    let (media, _events) = Media::start(config).unwrap();
    for n in 1..=2 {
        media.open(open(n)).await.unwrap();
    }
    let (one, two) = (open(1), open(2));
    assert_eq!(media.carry(one.session, two.room, OPEN).await, Ok(()));
    let died = media.ask(0, |reply| Command::Die { reply }).await;
    assert_eq!(died, Err(MediaRefusal::WorkerGone));
    // Until the thread has said so itself, its sessions are answered for as those of one that is gone.
    while media.is_healthy() {
        tokio::task::yield_now().await;
    }
    media.close(one.session, one.room).await;
    let shut = Gate { speak: false, ..OPEN };
    assert_eq!(media.set_gate(one.session, one.room, shut).await, Ok(()), "another room's");
    assert_eq!(media.placement().find(one.session), Some(Found::At(1)), "opened elsewhere");
    assert!(media.placement().is_in(one.session, two.room));
    assert_eq!(media.stats().await.core.sessions, 2);
    media.close(one.session, two.room).await;
    assert_eq!(media.stats().await.core.sessions, 1);
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_and_the_old_rooms_last_calls_may_come_in_any_order() {
    let config = MediaConfig { workers: 3, ..MediaConfig::default() };
    let (media, _events) = Media::start(config).unwrap();
    let elsewhere = open(77).room;
    let mut calls = tokio::task::JoinSet::new();
    for n in 1..=60 {
        let media = media.clone();
        calls.spawn(async move {
            let OpenSession { session, room, .. } = open(n);
            media.open(open(n)).await.unwrap();
            let (gate, close, carry) = (
                media.set_gate(session, room, Gate::SHUT),
                media.close(session, room),
                media.carry(session, elsewhere, OPEN),
            );
            let (_, (), carried) = tokio::join!(gate, close, carry);
            let known = media.set_gate(session, elsewhere, OPEN).await;
            assert_eq!(known, carried, "in the new room, or gone");
            media.close(session, elsewhere).await;
            let gone = media.set_gate(session, elsewhere, OPEN).await;
            assert_eq!(gone, Err(MediaRefusal::UnknownSession));
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap();
    }
    let core = media.stats().await.core;
    assert_eq!((core.sessions, core.stand_ins), (0, 0));
    assert!((0..3).all(|worker| media.placement().beside(elsewhere, worker).is_empty()));
    media.stop();
}
