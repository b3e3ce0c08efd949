//! How a worker's voices get to a listener who has no place for them.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use model::{RoomId, UserId};

use super::*;

/// A listener with a queue of so many places.
#[derive(Clone, Default)]
struct Listener {
    taken: Arc<Mutex<Vec<Voice>>>,
    places: Arc<AtomicUsize>,
    /// Whether it refuses the next calls, whatever room there is: a bit each, the lowest first.
    refuses: Arc<AtomicU64>,
}

impl Listener {
    fn voices(&self) -> Voices {
        let listener = self.clone();
        Voices::new(Some(Tap::new(move |voice| {
            let refuses = listener.refuses.load(Ordering::SeqCst);
            listener.refuses.store(refuses >> 1, Ordering::SeqCst);
            if refuses & 1 == 1 {
                return Err(voice);
            }
            let taken = |places: usize| places.checked_sub(1);
            match listener.places.fetch_update(Ordering::SeqCst, Ordering::SeqCst, taken) {
                Ok(_) => {
                    listener.taken.lock().unwrap().push(voice);
                    Ok(())
                }
                Err(_) => Err(voice),
            }
        })))
    }

    fn room_for(&self, places: usize) {
        self.places.store(places, Ordering::SeqCst);
    }

    fn take(&self) -> Vec<Voice> {
        std::mem::take(&mut *self.taken.lock().unwrap())
    }
}

fn session(n: i64) -> SessionId {
    SessionId::from_i64(n).unwrap()
}

fn began(n: i64) -> Voice {
    let (room, user) = (RoomId::from_i64(1).unwrap(), UserId::from_i64(n).unwrap());
    Voice::Began { session: session(n), room, user }
}

fn packet(n: i64, seq: u64) -> Voice {
    Voice::Packet { session: session(n), seq, timestamp: 0, payload: [1, 2].into() }
}

fn ended(n: i64) -> Voice {
    Voice::Ended { session: session(n) }
}

#[test]
fn everything_passes_in_order_at_once() {
    let listener = Listener::default();
    listener.room_for(100);
    let mut voices = listener.voices();
    let said = [began(1), packet(1, 1), began(2), packet(2, 1), packet(1, 2), ended(1)];
    said.iter().cloned().for_each(|voice| voices.push(voice));
    assert_eq!(listener.take(), said);
    assert!(!voices.flush());
    assert_eq!((voices.dropped, voices.waiting.len()), (0, 0));
}

#[test]
fn a_full_tap_loses_packets_and_nothing_else() {
    let listener = Listener::default();
    let mut voices = listener.voices();
    voices.push(began(1));
    voices.push(packet(1, 1));
    assert_eq!((listener.take(), voices.dropped), (vec![], 1));
    listener.room_for(2);
    voices.push(packet(1, 2));
    assert_eq!(listener.take(), [began(1), packet(1, 2)], "the beginning first");
    voices.push(packet(1, 3));
    voices.push(ended(1));
    voices.push(began(2));
    assert!(voices.flush(), "they wait");
    listener.room_for(1);
    voices.push(packet(2, 1));
    assert_eq!(listener.take(), [ended(1)], "no packet passes what waits");
    listener.room_for(2);
    assert!(!voices.flush());
    voices.push(packet(2, 2));
    assert_eq!(listener.take(), [began(2), packet(2, 2)]);
    assert_eq!(voices.dropped, 3);
}

#[test]
fn a_packet_does_not_pass_a_beginning_though_a_place_is_free_again() {
    let listener = Listener::default();
    listener.room_for(100);
    let mut voices = listener.voices();
    listener.refuses.store(0b11, Ordering::SeqCst);
    voices.push(began(1));
    voices.push(packet(1, 1));
    assert_eq!(listener.take(), [], "refused once each time it is offered");
    voices.push(packet(1, 2));
    assert_eq!(listener.take(), [began(1), packet(1, 2)]);
    assert_eq!(voices.dropped, 1);
}

#[test]
fn who_comes_and_goes_while_the_tap_is_full_fills_no_memory() {
    let listener = Listener::default();
    listener.room_for(1);
    let mut voices = listener.voices();
    voices.push(began(1));
    for n in 0..10_000 {
        voices.push(ended(1));
        voices.push(began(1));
        voices.push(packet(1, n));
        voices.push(began(2));
        voices.push(ended(2));
    }
    assert_eq!(voices.waiting, [ended(1), began(1)]);
    listener.room_for(100);
    voices.push(packet(1, 7));
    assert_eq!(listener.take(), [began(1), ended(1), began(1), packet(1, 7)]);
    assert_eq!(voices.dropped, 10_000);
}

/// Whatever is said and however full the tap is: for each session the listener gets beginning,
/// packets in their order, end, and in the end knows who is still speaking.
#[test]
fn what_the_listener_gets_is_always_well_formed() {
    const SESSIONS: usize = 5;
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut any = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..200 {
        let listener = Listener::default();
        let mut voices = listener.voices();
        let (mut speaks, mut sent) = ([false; SESSIONS], 0);
        for seq in 0..200 {
            if any(4) == 0 {
                listener.room_for(any(6));
                listener.refuses.store(any(256) as u64, Ordering::SeqCst);
            }
            let (n, act) = (any(SESSIONS), any(4));
            match (speaks[n], act) {
                (true, 0) => voices.push(ended(n as i64)),
                (true, _) => {
                    sent += 1;
                    voices.push(packet(n as i64, seq));
                }
                (false, _) => voices.push(began(n as i64)),
            }
            speaks[n] = !(speaks[n] && act == 0);
            assert!(voices.waiting.len() <= 2 * SESSIONS);
        }
        listener.room_for(usize::MAX);
        listener.refuses.store(0, Ordering::SeqCst);
        assert!(!voices.flush());
        let (mut known, mut newest, mut got) = ([false; SESSIONS], [None; SESSIONS], 0);
        let at = |session: SessionId| session.as_i64() as usize;
        for voice in listener.take() {
            match voice {
                Voice::Began { session, .. } => {
                    assert!(!std::mem::replace(&mut known[at(session)], true), "twice");
                }
                Voice::Packet { session, seq, .. } => {
                    got += 1;
                    assert!(known[at(session)], "before its beginning or after its end");
                    assert!(newest[at(session)].replace(seq) < Some(seq), "out of order");
                }
                Voice::Ended { session } => {
                    assert!(std::mem::take(&mut known[at(session)]), "of nothing");
                }
            }
        }
        assert_eq!(known, speaks);
        assert_eq!(got + voices.dropped, sent, "every packet is told or counted");
    }
}

#[test]
fn a_thread_that_ends_ends_its_voices() {
    let listener = Listener::default();
    listener.room_for(100);
    let mut voices = listener.voices();
    for voice in [began(1), began(2), began(3), ended(2)] {
        voices.push(voice);
    }
    listener.take();
    listener.room_for(1);
    voices.end_all(&AtomicBool::new(true));
    assert_eq!(listener.take().len(), 1, "who stops waits for nobody");
    listener.room_for(1);
    voices.end_all(&AtomicBool::new(false));
    assert_eq!((listener.take().len(), voices.waiting.len()), (1, 0), "each once");
}

#[test]
fn a_thread_that_died_waits_for_the_tap_but_not_for_ever() {
    let listener = Listener::default();
    listener.room_for(1);
    let mut voices = listener.voices();
    voices.push(began(1));
    let stuck = listener.clone();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(RETRY_AFTER * 10);
        stuck.room_for(1);
    });
    voices.end_all(&AtomicBool::new(false));
    reader.join().unwrap();
    assert_eq!(listener.take(), [began(1), ended(1)]);
    listener.room_for(1);
    voices.push(began(1));
    voices.end_all(&AtomicBool::new(false));
    assert_eq!(voices.waiting, [ended(1)], "it came back nevertheless");
}

#[test]
fn without_a_tap_nothing_is_kept() {
    let mut voices = Voices::new(None);
    for voice in [began(1), packet(1, 1), began(2), ended(1)] {
        voices.push(voice);
    }
    assert!(!voices.flush());
    assert_eq!((voices.waiting.len(), voices.begun.len(), voices.dropped), (0, 0, 0));
}
