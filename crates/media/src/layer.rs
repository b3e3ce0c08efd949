//! Which of a sender's simulcast layers is forwarded: exactly one, the highest that flows now.
//!
//! "Highest" is measured, not read from the SDP: the layer with the most bytes in the last window.
//! Which names come in which order is not settled between clients, and a browser stops its upper
//! layers when its uplink is thin.

use std::time::{Duration, Instant};

use str0m::media::Rid;

use crate::limit::LAYERS_MAX;

/// How long bytes are counted before layers are compared.
const WINDOW: Duration = Duration::from_secs(1);
/// The chosen layer is gone when it pauses this long.
const GONE_AFTER: Duration = Duration::from_millis(500);

/// The old layer is kept until the keyframe of the new one, but no longer than this.
const KEYFRAME_WITHIN: Duration = Duration::from_secs(2);
/// A layer silent for this long gives its place to a new name: a client names its layers anew when it
/// renegotiates.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);

struct Layer {
    rid: Rid,
    bytes: usize,
    at: Instant,
}

/// The layers of one video source.
#[derive(Default)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    chosen: Option<Rid>,
    /// What is to be chosen as soon as its keyframe comes, and since when.
    next: Option<(Rid, Instant)>,
    window_from: Option<Instant>,
}

/// What to do with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pick {
    Forward,
    /// The first packet of a newly chosen layer: forward it as a new run and ask for a keyframe.
    Switch,
    /// The same, and it is a keyframe.
    Begin,
    /// Of the layer to be chosen next: forward nothing yet, ask for a keyframe.
    Ask,
    Skip,
}

impl Layers {
    /// The layer whose keyframe is wanted.
    pub fn wanted(&self) -> Option<Rid> {
        self.next.map(|(rid, _)| rid).or(self.chosen)
    }

    /// One packet came on this layer; a source without simulcast has no rid.
    pub fn handle_packet(
        &mut self,
        rid: Option<Rid>,
        bytes: usize,
        begins_keyframe: impl FnOnce() -> bool,
        now: Instant,
    ) -> Pick {
        let Some(rid) = rid else { return Pick::Forward };
        if !self.count(rid, bytes, now) {
            return Pick::Skip;
        }
        let (before, next) = (self.chosen, self.wanted());
        self.choose(rid, now);
        match self.next {
            _ if self.chosen == Some(rid) && self.chosen != before => Pick::Switch,
            _ if self.chosen == Some(rid) => Pick::Forward,
            Some((wanted, since)) if wanted == rid => {
                let late = now.saturating_duration_since(since) >= KEYFRAME_WITHIN;
                let begins = begins_keyframe();
                if begins || late {
                    (self.chosen, self.next) = (Some(rid), None);
                }
                match begins {
                    true => Pick::Begin,
                    false if late => Pick::Switch,
                    false if next != Some(rid) => Pick::Ask,
                    false => Pick::Skip,
                }
            }
            _ => Pick::Skip,
        }
    }

    fn count(&mut self, rid: Rid, bytes: usize, now: Instant) -> bool {
        if let Some(layer) = self.layers.iter_mut().find(|layer| layer.rid == rid) {
            (layer.bytes, layer.at) = (layer.bytes + bytes, now);
            return true;
        }
        let layer = Layer { rid, bytes, at: now };
        if self.layers.len() < LAYERS_MAX {
            self.layers.push(layer);
            return true;
        }
        let long_gone =
            |layer: &&mut Layer| now.saturating_duration_since(layer.at) >= FORGOTTEN_AFTER;
        let Some(place) = self.layers.iter_mut().find(long_gone) else { return false };
        *place = layer;
        true
    }

    /// Moves to `rid`, whose packet this is, if it is now the highest. Never away from it: the switch
    /// happens on a packet of the layer that is switched to.
    fn choose(&mut self, rid: Rid, now: Instant) {
        let from = *self.window_from.get_or_insert(now);
        let flows = |layer: &Layer| now.saturating_duration_since(layer.at) < GONE_AFTER;
        let chosen_flows =
            self.layers.iter().any(|layer| Some(layer.rid) == self.chosen && flows(layer));
        let window_over = now.saturating_duration_since(from) >= WINDOW;
        if !chosen_flows || window_over {
            let highest = self.layers.iter().filter(|layer| flows(layer)).max_by_key(|l| l.bytes);
            let is_highest = highest.is_some_and(|layer| layer.rid == rid);
            if !chosen_flows {
                (self.chosen, self.next) = (Some(rid), None);
            } else if is_highest {
                let known = self.next.filter(|(next, _)| *next == rid);
                let other = self.chosen != Some(rid);
                self.next = known.or(Some((rid, now))).filter(|_| other);
            }
            if is_highest || chosen_flows && highest.is_some_and(|l| Some(l.rid) == self.chosen) {
                self.window_from = Some(now);
                self.layers.iter_mut().for_each(|layer| layer.bytes = 0);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends each layer `bytes` every 50 ms and returns the layer of each forwarded packet.
    fn play(
        layers: &mut Layers,
        from: Instant,
        ms: std::ops::Range<u64>,
        sent: &[(&str, usize)],
    ) -> Vec<(u64, String, Pick)> {
        let mut forwarded = Vec::new();
        for at in ms.step_by(50) {
            for (rid, bytes) in sent {
                let pick = layers.handle_packet(
                    Some((*rid).into()),
                    *bytes,
                    || at % 200 == 50,
                    from + Duration::from_millis(at),
                );
                if !matches!(pick, Pick::Skip | Pick::Ask) {
                    forwarded.push((at, (*rid).to_owned(), pick));
                }
            }
        }
        forwarded
    }

    #[test]
    fn the_highest_that_flows_is_forwarded() {
        let (mut layers, start) = (Layers::default(), Instant::now());
        let first = play(&mut layers, start, 0..3000, &[("l", 100), ("h", 900), ("m", 300)]);
        assert_eq!(first[0], (0, "l".into(), Pick::Switch), "whatever comes first");
        assert!(first.iter().any(|f| (f.0, f.1.as_str(), f.2) == (1050, "h", Pick::Begin)));
        assert!(first.iter().any(|f| (f.0, f.1.as_str()) == (1000, "l")), "until the keyframe");
        assert!(first.iter().filter(|f| f.0 > 1050).all(|f| f.1 == "h"));
        let second = play(&mut layers, start, 3000..6000, &[("l", 100), ("m", 300)]);
        assert!(second.iter().filter(|f| f.0 > 4600).all(|f| f.1 == "m"), "{second:?}");
        assert!(second.iter().filter(|f| f.2 == Pick::Switch).count() <= 2);
    }

    #[test]
    fn one_stream_without_layers_is_forwarded() {
        assert_eq!(
            Layers::default().handle_packet(None, 1, || false, Instant::now()),
            Pick::Forward
        );
    }

    #[test]
    fn new_names_take_the_places_of_old_ones() {
        let (mut layers, start) = (Layers::default(), Instant::now());
        play(&mut layers, start, 0..1000, &[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
        assert_eq!(play(&mut layers, start, 1000..1100, &[("e", 5)]), [], "there is no place");
        let later = play(&mut layers, start, 6000..7000, &[("e", 5)]);
        assert_eq!(later.len(), 20);
    }
}
