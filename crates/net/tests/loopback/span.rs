//! Sessions carried between rooms whose members live on different workers, on the connections they have.

use std::sync::atomic::Ordering;
use std::time::Duration;

use media::Gate;
use net::Media;

use crate::client::Client;
use crate::{OPEN, V4, V6, join, room, session, start};

/// Where the second speaker's numbers begin, to be told from the first's: as RTP has it, without a rollover.
const OTHERS: u32 = 50_000;

/// Waits until somebody who talks has sent so many more packets; the newest's number.
async fn say(client: &Client, count: u32) -> u32 {
    let from = client.sent.load(Ordering::SeqCst);
    while client.sent.load(Ordering::SeqCst) < from + count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    client.sent.load(Ordering::SeqCst)
}

/// Two in the first room, one in the second, which lives on another worker.
async fn two_rooms(media: &Media) -> [Client; 3] {
    [join(media, 1, 1, V4).await, join(media, 2, 1, V6).await, join(media, 3, 2, V4).await]
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_carried_between_workers_is_heard_there_and_not_in_the_old_room() {
    let (media, _events) = start(2);
    let [speaker, mut old, mut new] = two_rooms(&media).await;
    speaker.talk(true);
    old.take(20).await;
    for _ in 0..3 {
        media.carry(session(1), room(2), OPEN).await.unwrap();
        let left = speaker.sent.load(Ordering::SeqCst);
        new.take_until(left + 20).await;
        let back = say(&speaker, 1).await;
        media.carry(session(1), room(1), OPEN).await.unwrap();
        let returned = speaker.sent.load(Ordering::SeqCst);
        let got = old.take_until(returned + 10).await;
        let leaked = |n: &&u32| **n > left && **n < back;
        assert_eq!(got.iter().filter(leaked).count(), 0, "{left} {back} {got:?}");
        // The next round's first packets there must be of that round.
        media.carry(session(1), room(2), OPEN).await.unwrap();
        let again = speaker.sent.load(Ordering::SeqCst);
        let got = new.take_until(again + 10).await;
        let leaked = |n: &&u32| **n > returned && **n < returned + 10;
        assert_eq!(got.iter().filter(leaked).count(), 0, "{returned} {again} {got:?}");
        media.carry(session(1), room(1), OPEN).await.unwrap();
    }
    let stats = media.stats().await;
    assert!(stats.core.relayed >= 60, "{stats:?}");
    assert_eq!((stats.core.sessions, stats.core.failed, stats.relay_dropped), (3, 0, 0));
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_carried_hears_the_new_room_and_not_the_old_one() {
    let (media, _events) = start(2);
    let [mut listener, old, new] = two_rooms(&media).await;
    new.sent.store(OTHERS, Ordering::SeqCst);
    old.talk(true);
    new.talk(true);
    listener.take(20).await;
    media.carry(session(1), room(2), OPEN).await.unwrap();
    let left = old.sent.load(Ordering::SeqCst);
    let got = listener.take_until(OTHERS).await;
    assert!(got.iter().all(|n| *n <= left || *n > OTHERS), "{left} {got:?}");
    let got = listener.take(50).await;
    assert!(got.iter().all(|n| *n > OTHERS), "{got:?}");
    assert!(got.windows(2).all(|pair| pair[1] == pair[0] + 1), "{got:?}");
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_forbidden_leaves_another_worker_after_set_gate_returned() {
    let (media, _events) = start(3);
    let [speaker, mut here, mut there] = two_rooms(&media).await;
    media.carry(session(1), room(2), OPEN).await.unwrap();
    media.carry(session(2), room(2), OPEN).await.unwrap();
    speaker.talk(true);
    here.take(20).await;
    there.take(20).await;
    for round in 0..5 {
        let shut = Gate { speak: false, ..OPEN };
        media.set_gate(session(1), room(2), shut).await.unwrap();
        let last_allowed = speaker.sent.load(Ordering::SeqCst);
        let first_allowed = say(&speaker, 20).await;
        media.set_gate(session(1), room(2), OPEN).await.unwrap();
        for client in [&mut here, &mut there] {
            let got = client.take_until(first_allowed + 10).await;
            let leaked = |n: &&u32| **n > last_allowed && **n < first_allowed;
            assert_eq!(got.iter().filter(leaked).count(), 0, "{round}: {got:?}");
        }
    }
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_old_room_still_says_of_who_was_carried_does_nothing() {
    let (media, _events) = start(2);
    let [speaker, _old, mut new] = two_rooms(&media).await;
    speaker.talk(true);
    media.carry(session(1), room(2), OPEN).await.unwrap();
    assert_eq!(media.set_gate(session(1), room(1), Gate::SHUT).await, Ok(()));
    media.close(session(1), room(1)).await;
    let after = speaker.sent.load(Ordering::SeqCst);
    new.take_until(after + 50).await;
    assert_eq!(media.stats().await.core.sessions, 3);
    media.close(session(1), room(2)).await;
    let last = speaker.sent.load(Ordering::SeqCst);
    // One who comes into the room now is heard there, and nothing else is.
    let witness = join(&media, 4, 2, V4).await;
    witness.sent.store(OTHERS, Ordering::SeqCst);
    witness.talk(true);
    let got = new.take_until(OTHERS).await;
    assert!(got.iter().all(|n| *n <= last || *n > OTHERS), "{last} {got:?}");
    assert_eq!(media.stats().await.core.stand_ins, 0);
    media.stop();
}
