//! The tap of a media side that runs: what it has been given when a call returns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use media::{Event, Gate, Voice};
use model::SessionId;
use net::{Media, MediaConfig, Tap};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::client::{Client, PATIENCE};
use crate::{OPEN, V4, V6, join, room, session};

const CAPTIONED: Gate = Gate { captions: true, ..OPEN };

/// Whoever writes captions, in short.
#[derive(Clone, Default)]
struct Listener {
    taken: Arc<Mutex<Vec<Voice>>>,
    full: Arc<AtomicBool>,
    broken: Arc<AtomicBool>,
}

impl Listener {
    fn start(&self, workers: usize) -> (Media, mpsc::Receiver<Event>) {
        let listener = self.clone();
        let tap = Tap::new(move |voice| {
            let packet = matches!(voice, Voice::Packet { .. });
            if packet && listener.broken.swap(false, Ordering::SeqCst) {
                panic!("as a defect would");
            }
            let mut taken = listener.taken.lock().unwrap();
            if listener.full.load(Ordering::SeqCst) {
                return Err(voice);
            }
            taken.push(voice);
            Ok(())
        });
        let config = MediaConfig { workers, tap: Some(tap), ..MediaConfig::default() };
        Media::start(config).unwrap()
    }

    /// From now on it takes nothing, or everything again.
    fn fill(&self, full: bool) {
        let _whole = self.taken.lock().unwrap();
        self.full.store(full, Ordering::SeqCst);
    }

    fn take(&self) -> Vec<Voice> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }

    /// Waits until it has been given something like this.
    async fn until(&self, wanted: impl Fn(&Voice) -> bool) {
        let seen = async {
            while !self.taken.lock().unwrap().iter().any(&wanted) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        timeout(PATIENCE, seen).await.expect("a voice in time");
    }

    /// Waits until somebody who talks is heard.
    async fn hears(&self, n: i64) {
        let packet =
            |voice: &Voice| matches!(voice, Voice::Packet { session: s, .. } if *s == session(n));
        self.until(packet).await;
    }
}

/// The numbers that the client wrote into the packets of a session.
fn numbers(voices: &[Voice], n: i64) -> Vec<u32> {
    let number = |voice: &Voice| match voice {
        Voice::Packet { session: s, payload, .. } if *s == session(n) => {
            payload[..4].try_into().map(u32::from_be_bytes).ok()
        }
        Voice::Began { .. } | Voice::Packet { .. } | Voice::Ended { .. } => None,
    };
    voices.iter().filter_map(number).collect()
}

fn of(voices: &[Voice], n: i64) -> Vec<&Voice> {
    let id = |voice: &Voice| -> SessionId {
        match voice {
            Voice::Began { session, .. }
            | Voice::Packet { session, .. }
            | Voice::Ended { session } => *session,
        }
    };
    voices.iter().filter(|voice| id(voice) == session(n)).collect()
}

/// Lets a client that talks send so many more packets.
async fn say(client: &Client, count: u32) {
    let from = client.sent.load(Ordering::SeqCst);
    while client.sent.load(Ordering::SeqCst) < from + count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_there_before_set_gate_returns_and_nothing_follows() {
    let listener = Listener::default();
    let (media, _events) = listener.start(2);
    let speaker = join(&media, 1, 1, V4).await;
    let other = join(&media, 2, 1, V6).await;
    media.set_gate(session(2), room(1), CAPTIONED).await.unwrap();
    speaker.talk(true);
    other.talk(true);
    for round in 0..5 {
        media.set_gate(session(1), room(1), CAPTIONED).await.unwrap();
        listener.hears(1).await;
        media.set_gate(session(1), room(1), OPEN).await.unwrap();
        let taken = listener.take();
        let voice = of(&taken, 1);
        assert!(matches!(voice[0], Voice::Began { .. }), "{round}: {voice:?}");
        assert_eq!(voice.last(), Some(&&Voice::Ended { session: session(1) }), "{round}");
        assert!(voice[1..voice.len() - 1].iter().all(|v| matches!(v, Voice::Packet { .. })));
        let got = numbers(&taken, 1);
        assert!(got.windows(2).all(|pair| pair[1] == pair[0] + 1), "{round}: {got:?}");
        say(&speaker, 20).await;
        assert_eq!(of(&listener.take(), 1), Vec::<&Voice>::new(), "{round}");
    }
    assert_eq!(media.stats().await.voices_dropped, 0);
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_is_there_before_close_and_stop_return() {
    let listener = Listener::default();
    let (media, _events) = listener.start(2);
    let speakers = [join(&media, 1, 1, V4).await, join(&media, 2, 2, V4).await];
    for n in [1, 2] {
        media.set_gate(session(n), room(n), CAPTIONED).await.unwrap();
        speakers[n as usize - 1].talk(true);
        listener.hears(n).await;
    }
    media.close(session(1), room(1)).await;
    let taken = listener.take();
    assert_eq!(of(&taken, 1).last(), Some(&&Voice::Ended { session: session(1) }));
    say(&speakers[0], 20).await;
    assert_eq!(of(&listener.take(), 1), Vec::<&Voice>::new());
    media.stop();
    assert_eq!(listener.take().last(), Some(&Voice::Ended { session: session(2) }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_full_tap_did_not_take_comes_first_when_it_does() {
    let listener = Listener::default();
    let (media, _events) = listener.start(1);
    let speaker = join(&media, 1, 1, V4).await;
    media.set_gate(session(1), room(1), CAPTIONED).await.unwrap();
    speaker.talk(true);
    listener.hears(1).await;
    listener.fill(true);
    listener.take();
    say(&speaker, 20).await;
    media.set_gate(session(1), room(1), OPEN).await.unwrap();
    media.set_gate(session(1), room(1), CAPTIONED).await.unwrap();
    say(&speaker, 20).await;
    let before = speaker.sent.load(Ordering::SeqCst);
    // The second turn of the thread has read all that was sent before the first.
    media.stats().await;
    assert!(media.stats().await.voices_dropped > 20);
    listener.fill(false);
    listener.hears(1).await;
    let taken = listener.take();
    assert_eq!(taken[0], Voice::Ended { session: session(1) });
    assert!(matches!(taken[1], Voice::Began { .. }), "{taken:?}");
    let got = numbers(&taken, 1);
    assert!(got.iter().all(|number| *number >= before), "what was given up stays so: {got:?}");
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_handed_in_though_nobody_speaks() {
    let listener = Listener::default();
    let (media, _events) = listener.start(1);
    let speaker = join(&media, 1, 1, V4).await;
    media.set_gate(session(1), room(1), CAPTIONED).await.unwrap();
    speaker.talk(true);
    listener.hears(1).await;
    listener.fill(true);
    listener.take();
    media.close(session(1), room(1)).await;
    drop(speaker);
    assert_eq!(listener.take(), []);
    listener.fill(false);
    listener.until(|voice| *voice == Voice::Ended { session: session(1) }).await;
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_voices_of_a_thread_that_dies_end_before_its_sessions_fail() {
    let listener = Listener::default();
    let (media, mut events) = listener.start(2);
    let speaker = join(&media, 1, 1, V4).await;
    media.set_gate(session(1), room(1), CAPTIONED).await.unwrap();
    speaker.talk(true);
    listener.hears(1).await;
    listener.broken.store(true, Ordering::SeqCst);
    let failed =
        async { while events.recv().await != Some(Event::Failed { session: session(1) }) {} };
    timeout(PATIENCE, failed).await.unwrap();
    assert_eq!(listener.take().last(), Some(&Voice::Ended { session: session(1) }));
    assert!(!media.is_healthy());
    drop(speaker);
    let speaker = rejoin(&media).await;
    speaker.talk(true);
    listener.hears(1).await;
    assert!(matches!(listener.take()[0], Voice::Began { .. }), "it begins anew elsewhere");
    media.stop();
}

/// The first session's client has made a new connection.
async fn rejoin(media: &Media) -> Client {
    let (mut client, offer) = Client::prepare(V4);
    let answer = media.offer(session(1), offer, Vec::new()).await.unwrap();
    client.start(&answer);
    client.connected().await;
    client
}
