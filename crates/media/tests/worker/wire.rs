//! What is between workers: everything arrives in order, unless a test wants it otherwise.

use std::collections::{HashMap, VecDeque};

use media::Relay;

/// Every way from one worker to another.
#[derive(Default)]
pub struct Wires {
    ways: HashMap<(usize, usize), VecDeque<Relay>>,
    /// The order in which things were sent.
    order: VecDeque<(usize, usize)>,
    /// Nothing is handed over, as if the receivers were busy.
    pub held: bool,
    /// There is no place: packets are lost, of the rest the latest about each topic waits.
    pub full: bool,
    /// What has been sent, packets and others.
    pub packets: usize,
    pub told: usize,
    pub lost: usize,
}

impl Wires {
    pub fn send(&mut self, from: usize, mut relay: Relay) {
        let way = (from, usize::from(relay.to.0));
        assert_ne!(way.0, way.1, "to itself: {relay:?}");
        let queue = self.ways.entry(way).or_default();
        match relay.topic() {
            None => self.packets += 1,
            Some(_) => self.told += 1,
        }
        if self.full {
            let Some(topic) = relay.topic() else {
                self.lost += 1;
                return;
            };
            if let Some(at) = queue.iter().position(|other| other.topic() == Some(topic)) {
                relay.merge(&queue.remove(at).unwrap());
                let place = self.order.iter().position(|other| *other == way).unwrap();
                self.order.remove(place);
            }
        }
        queue.push_back(relay);
        self.order.push_back(way);
    }

    /// What comes next.
    pub fn next(&mut self) -> Option<Relay> {
        if self.held || self.full {
            return None;
        }
        let way = self.order.pop_front()?;
        self.ways.get_mut(&way)?.pop_front()
    }

    /// All that was sent to a worker and has not been handed over. What found no place is not there.
    pub fn take_for(&mut self, to: usize) -> Vec<Relay> {
        if self.full {
            return Vec::new();
        }
        self.order.retain(|way| way.1 != to);
        let of = self.ways.iter_mut().filter(|(way, _)| way.1 == to);
        of.flat_map(|(_, queue)| queue.drain(..)).collect()
    }
}
