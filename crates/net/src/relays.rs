//! What a worker thread has for another about rooms with members on both: a bounded queue, and behind
//! it a place where what must not be lost waits.
//!
//! A full queue means a thread that does not keep up. Packets are dropped then, as a network would, and
//! counted. The rest must arrive, but only the newest about each topic: so it waits here, merged, and
//! is never more than there are rooms and sessions. While something waits no packet overtakes it.

use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};

use media::{Relay, Topic};

use crate::wake::Waker;

/// Relays that wait for a worker: some tens of milliseconds of a room of hundreds that spans workers.
/// More would only make what is late later, and a gate take longer to shut.
pub(crate) const RELAYS_MAX: usize = 4096;

/// One worker's way to another.
pub(crate) struct Relays {
    sender: SyncSender<Relay>,
    waker: Waker,
    /// What found no place, in order.
    waiting: BTreeMap<u64, Relay>,
    place_by_topic: HashMap<Topic, u64>,
    next_place: u64,
    /// Packets that found no place.
    pub dropped: u64,
}

/// How others reach a worker.
#[derive(Clone)]
pub(crate) struct RelaySender {
    sender: SyncSender<Relay>,
    waker: Waker,
}

impl RelaySender {
    /// A way to a worker, and its end there.
    pub fn new(waker: Waker) -> (Self, Receiver<Relay>) {
        let (sender, receiver) = sync_channel(RELAYS_MAX);
        (Self { sender, waker }, receiver)
    }
}

impl Relays {
    pub fn new(way: RelaySender) -> Self {
        Self {
            sender: way.sender,
            waker: way.waker,
            waiting: BTreeMap::new(),
            place_by_topic: HashMap::new(),
            next_place: 0,
            dropped: 0,
        }
    }

    /// Sends something, now, later, or, if it is a packet, perhaps never.
    pub fn push(&mut self, relay: Relay) {
        let waits = !self.waiting.is_empty() && self.flush();
        let unsent = if waits { Some(relay) } else { self.offer(relay) };
        let Some(mut relay) = unsent else { return };
        let Some(topic) = relay.topic() else {
            self.dropped += 1;
            return;
        };
        let place = self.next_place;
        self.next_place += 1;
        let earlier = self.place_by_topic.insert(topic, place);
        if let Some(earlier) = earlier.and_then(|place| self.waiting.remove(&place)) {
            relay.merge(&earlier);
        }
        self.waiting.insert(place, relay);
    }

    /// Sends what waited. `true`: some still waits.
    pub fn flush(&mut self) -> bool {
        while let Some((place, relay)) = self.waiting.pop_first() {
            let topic = relay.topic();
            if let Some(relay) = self.offer(relay) {
                self.waiting.insert(place, relay);
                return true;
            }
            topic.map(|topic| self.place_by_topic.remove(&topic));
        }
        false
    }

    /// What was not taken. A worker that is gone takes everything: it has no use for it.
    fn offer(&self, relay: Relay) -> Option<Relay> {
        let unsent = match self.sender.try_send(relay) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => None,
            Err(TrySendError::Full(relay)) => Some(relay),
        };
        self.waker.wake();
        unsent
    }
}

#[cfg(test)]
mod tests;
