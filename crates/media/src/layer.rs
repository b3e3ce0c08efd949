//! The layers in which a picture is sent: simulcast streams, each with a name (rid) of its own, and the
//! spatial layers inside one stream of VP9. What is known of them is measured, not read from the SDP:
//! how large each is, how many bits it has, and whether it flows, for a browser stops its upper layers
//! when its uplink is thin.
//!
//! Choices are made on the [`Table`], which changes at moments of its own and not with every packet. In a
//! room that spans workers the others have the same table, told by the picture's home, so that they
//! choose the same.

use std::time::{Duration, Instant};

use str0m::media::Rid;

use crate::limit::LAYERS_MAX;
use crate::picture::{Description, Picture, Size};
use crate::rate::Rate;
use crate::source::Keyframes;

/// How often changed bit rates are taken note of.
const WINDOW: Duration = Duration::from_secs(1);
/// A layer is gone when it has had nothing for so long while others had so many pictures. Fewer would take
/// a slow screen's layers away between two of its pictures, more is a longer freeze.
const GONE_AFTER: Duration = Duration::from_millis(500);
const GONE_PICTURES: u8 = 6;
/// A packet further behind than this is not late. More would take a sender who counts anew for late.
const JUMP: u64 = 3000;
/// A layer silent for this long gives its place to a new name: a client names its layers anew when it
/// renegotiates.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(5);

/// What is known of one layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The place of the lowest layer of the stream that it is in.
    pub stream: u8,
    /// Where in the stream it is, from 0.
    pub spatial: u8,
    /// By which the sender calls the stream, if it sends more than one.
    pub rid: Option<Rid>,
    pub size: Option<Size>,
    /// What it takes to send it, with the lower ones that it needs. Zero: not known yet.
    pub bps: u32,
    /// Packets come.
    pub flows: bool,
}

impl Entry {
    /// What its sender calls it. Layers of a stream without a name have only their numbers.
    pub fn name(&self) -> String {
        self.rid.map_or_else(|| self.spatial.to_string(), |rid| rid.to_string())
    }

    /// What it takes, or what such a size usually takes.
    pub fn cost_bps(&self) -> u64 {
        // A sixteenth of a bit per pixel, 30 pictures a second.
        let usual = self.size.map_or(0, |size| u64::from(size.area()) * 30 / 16);
        if self.bps == 0 { usual } else { u64::from(self.bps) }
    }
}

/// The layers of a picture, each at a place that it keeps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Table(pub [Option<Entry>; LAYERS_MAX]);

impl Table {
    /// The layers that flow with their places, from the smallest.
    pub fn ranked(&self) -> Vec<(u8, Entry)> {
        let flowing = self.0.iter().enumerate().filter_map(|(at, it)| Some((at as u8, (*it)?)));
        let mut ranked: Vec<_> = flowing.filter(|(_, entry)| entry.flows).collect();
        let sized = ranked.iter().all(|(_, entry)| entry.size.is_some());
        ranked.sort_by_key(|(_, entry)| match sized {
            true => (entry.size.map_or(0, Size::area), entry.spatial, 0),
            // In one stream the order is known.
            false => (entry.bps, entry.spatial, 0),
        });
        ranked
    }

    /// How many of the layers that flow are smaller than the one at this place.
    pub fn rank(&self, at: u8) -> Option<usize> {
        self.ranked().iter().position(|(place, _)| *place == at)
    }

    pub fn get(&self, at: u8) -> Option<Entry> {
        self.0.get(usize::from(at)).copied().flatten()
    }

    /// The places of the layers of a stream up to one of them, as bits.
    pub fn up_to(&self, stream: u8, spatial: u8) -> u8 {
        let needed = |entry: &Entry| entry.stream == stream && entry.spatial <= spatial;
        let places = self.0.iter().enumerate().filter(|(_, it)| it.as_ref().is_some_and(needed));
        places.fold(0, |bits, (at, _)| bits | 1 << at)
    }
}

/// A layer as it is measured.
struct Layer {
    rid: Option<Rid>,
    stream: u8,
    spatial: u8,
    size: Option<Size>,
    rate: Rate,
    at: Instant,
    timestamp: u32,
    newest_seq: u64,
    /// Pictures of other layers since its last packet.
    missed: u8,
    /// Between keyframes no higher layer needs it (K-SVC).
    spared: bool,
}

/// The layers of one video source.
#[derive(Default)]
pub(crate) struct Layers {
    layers: Vec<Layer>,
    /// What is chosen from.
    pub table: Table,
    noted_at: Option<Instant>,
    /// Requests for keyframes, by the place of the stream's lowest layer.
    pub keyframes: [Keyframes; LAYERS_MAX],
}

/// What a packet was.
pub(crate) struct Noted {
    pub picture: Picture,
    pub news: News,
}

/// What is new in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum News {
    None,
    /// Only what it takes to send a layer.
    Rates,
    /// A layer came, went, or has another size.
    Layers,
}

impl Layers {
    /// Nothing is known any more: it is sent in another way now.
    pub fn clear(&mut self) {
        *self = Self { keyframes: std::mem::take(&mut self.keyframes), ..Self::default() };
    }

    /// One packet came. `None`: there are too many layers for it to be one.
    pub fn handle_packet(
        &mut self,
        rid: Option<Rid>,
        said: &Description,
        (seq, timestamp, bytes): (u64, u32, usize),
        now: Instant,
    ) -> Option<Noted> {
        let spatial = said.svc.and_then(|svc| svc.layer).map_or(0, |place| place.spatial);
        let at = self.place_of(rid, spatial, now)?;
        let new_picture = self.layers[at].timestamp != timestamp;
        let stream = self.layers[at].stream;
        let mut news = false;
        for (other, layer) in self.layers.iter_mut().enumerate() {
            if other != at {
                layer.missed = layer.missed.saturating_add(u8::from(new_picture));
            }
            let size = (layer.stream == stream)
                .then(|| said.sizes.get(usize::from(layer.spatial)).copied().flatten());
            if let Some(size) = size.flatten().filter(|size| layer.size != Some(*size)) {
                layer.size = Some(size);
                news = true;
            }
        }
        let layer = &mut self.layers[at];
        layer.rate.add(bytes, now);
        (layer.at, layer.timestamp, layer.missed) = (now, timestamp, 0);
        if let Some(svc) = said.svc {
            layer.spared = svc.inter_picture && svc.spared || layer.spared && !svc.inter_picture;
        }
        let newest = self.newest_of(stream);
        // A jump is no order: the sender has begun to count anew.
        let in_order = seq > newest || newest - seq > JUMP;
        if in_order {
            self.layers
                .iter_mut()
                .filter(|it| it.stream == stream)
                .for_each(|it| it.newest_seq = seq);
        }
        let news = self.note(at, news, now);
        let begins = said.begins_keyframe && in_order;
        let (stream, layer) = (stream, at as u8);
        let picture = Picture { stream, layer, begins, vp8: said.vp8, svc: said.svc };
        Some(Noted { picture, news })
    }

    fn newest_of(&self, stream: u8) -> u64 {
        self.layers.get(usize::from(stream)).map_or(0, |layer| layer.newest_seq)
    }

    /// The place of a layer; a new one gets a free place, or that of one that has long been gone.
    fn place_of(&mut self, rid: Option<Rid>, spatial: u8, now: Instant) -> Option<usize> {
        let same = |layer: &Layer| layer.rid == rid && layer.spatial == spatial;
        if let Some(at) = self.layers.iter().position(same) {
            return Some(at);
        }
        let long_gone = |layer: &Layer| now.saturating_duration_since(layer.at) >= FORGOTTEN_AFTER;
        let free = match self.layers.len() {
            LAYERS_MAX => self.layers.iter().position(long_gone)?,
            count => count,
        };
        let of_stream = self.layers.iter().position(|layer| layer.rid == rid);
        let layer = Layer {
            rid,
            stream: of_stream.filter(|at| *at != free).unwrap_or(free) as u8,
            spatial,
            size: None,
            rate: Rate::default(),
            at: now,
            timestamp: 0,
            newest_seq: 0,
            missed: 0,
            spared: false,
        };
        match self.layers.get_mut(free) {
            Some(place) => *place = layer,
            None => self.layers.push(layer),
        }
        self.table.0[free] = None;
        Some(free)
    }

    /// Brings the table up to date if it is time, after a packet of the layer at this place.
    fn note(&mut self, came: usize, changed: bool, now: Instant) -> News {
        let gone = |layer: &Layer| {
            let silent = now.saturating_duration_since(layer.at) >= GONE_AFTER;
            silent && layer.missed >= GONE_PICTURES
        };
        let flows = |entry: Option<Entry>| entry.is_some_and(|entry| entry.flows);
        let turned =
            self.layers.iter().zip(self.table.0).enumerate().any(|(at, (layer, known))| {
                at == came && !flows(known) || flows(known) && gone(layer)
            });
        let from = *self.noted_at.get_or_insert(now);
        let due = now.saturating_duration_since(from) >= WINDOW;
        if !(changed || turned || due) {
            return News::None;
        }
        if due {
            self.noted_at = Some(now);
        }
        let mut table = Table::default();
        for at in 0..self.layers.len() {
            let known = self.table.0[at];
            let flows = at == came || flows(known) && !gone(&self.layers[at]);
            let bps = if flows { self.bps(at, now) } else { None };
            let layer = &self.layers[at];
            let before = known.map_or(0, |entry| entry.bps);
            // Small changes are none.
            let bps = bps.filter(|bps| bps.abs_diff(before) > before / 10).unwrap_or(before);
            let Layer { stream, spatial, rid, size, .. } = *layer;
            table.0[at] = Some(Entry { stream, spatial, rid, size, bps, flows });
        }
        let before = std::mem::replace(&mut self.table, table);
        match before != table {
            false => News::None,
            true if changed || turned => News::Layers,
            true => News::Rates,
        }
    }

    /// What it takes to send a layer.
    fn bps(&mut self, at: usize, now: Instant) -> Option<u32> {
        let (stream, spatial) = (self.layers[at].stream, self.layers[at].spatial);
        let mut sum = self.layers[at].rate.bps(now)?;
        for lower in self.layers.iter_mut().filter(|it| it.stream == stream && it.spatial < spatial)
        {
            if !lower.spared {
                sum = sum.saturating_add(lower.rate.bps(now).unwrap_or(0));
            }
        }
        Some(sum)
    }

    /// The name of the stream whose lowest layer is at this place.
    pub fn rid_of(&self, stream: u8) -> Option<Rid> {
        self.layers.get(usize::from(stream)).and_then(|layer| layer.rid)
    }

    /// When a keyframe request that was held back may go out.
    pub fn due_at(&self) -> Option<Instant> {
        self.keyframes.iter().filter_map(Keyframes::due_at).min()
    }
}

#[cfg(test)]
mod tests {
    use str0m::format::Codec;

    use super::*;

    /// A keyframe of this height, or what is no keyframe.
    fn vp8(height: u16) -> Vec<u8> {
        let [low, high] = height.to_le_bytes();
        match height {
            0 => vec![0x10, 0x51],
            _ => vec![0x10, 0, 0, 0, 0x9d, 0x01, 0x2a, low, high, low, high],
        }
    }

    /// Sends each layer so many bytes every 50 ms, and returns when there was news.
    fn play(
        layers: &mut Layers,
        from: Instant,
        ms: std::ops::Range<u64>,
        sent: &[(&str, u16, usize)],
    ) -> Vec<u64> {
        let mut news = Vec::new();
        for at in ms.step_by(50) {
            for (rid, height, bytes) in sent {
                let said = Description::of(Codec::Vp8, &vp8(if at == 0 { *height } else { 0 }));
                let numbers = (at + 1, at as u32, *bytes);
                let now = from + Duration::from_millis(at);
                let noted = layers.handle_packet(Some((*rid).into()), &said, numbers, now);
                if noted.is_some_and(|noted| noted.news == News::Layers) {
                    news.push(at);
                }
            }
        }
        news
    }

    #[test]
    fn layers_are_ranked_by_size_and_have_rates() {
        let (mut layers, start) = (Layers::default(), Instant::now());
        let all = [("q", 180, 100), ("f", 720, 900), ("h", 360, 300)];
        play(&mut layers, start, 0..3000, &all);
        let ranked = layers.table.ranked();
        let heights: Vec<_> = ranked.iter().map(|(_, it)| it.size.unwrap().height).collect();
        assert_eq!(heights, [180, 360, 720]);
        let bps: Vec<_> = ranked.iter().map(|(_, it)| it.bps / 1000).collect();
        assert_eq!(bps, [16, 48, 144]);
        assert_eq!(ranked.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [0, 2, 1]);
        assert_eq!(ranked.iter().map(|(_, it)| it.name()).collect::<Vec<_>>(), ["q", "h", "f"]);
    }

    #[test]
    fn a_layer_that_stops_is_missed_and_one_that_returns_is_seen_at_once() {
        let (mut layers, start) = (Layers::default(), Instant::now());
        let both = [("l", 0, 100), ("h", 0, 900)];
        play(&mut layers, start, 0..3000, &both);
        let news = play(&mut layers, start, 3000..5000, &both[..1]);
        assert_eq!(news[0], 3450, "half a second after the last");
        assert_eq!(layers.table.ranked().len(), 1);
        assert_eq!(play(&mut layers, start, 5000..5050, &both), [5000]);
        assert_eq!(layers.table.ranked().len(), 2);
        assert_eq!(layers.table.ranked()[1].1.bps / 1000, 144, "as it was");
    }

    #[test]
    fn layers_of_a_slow_screen_stay_between_its_pictures() {
        let (mut layers, start) = (Layers::default(), Instant::now());
        for n in 0..10 {
            for rid in ["l", "h"] {
                let now = start + Duration::from_secs(n);
                let said = Description::of(Codec::Vp8, &vp8(0));
                layers.handle_packet(Some(rid.into()), &said, (n + 1, n as u32, 500), now);
            }
            assert_eq!(layers.table.ranked().len(), 2);
        }
    }

    #[test]
    fn new_names_take_the_places_of_old_ones() {
        let (mut layers, start) = (Layers::default(), Instant::now());
        play(&mut layers, start, 0..1000, &[("a", 0, 1), ("b", 0, 2), ("c", 0, 3), ("d", 0, 4)]);
        assert_eq!(play(&mut layers, start, 1000..1100, &[("e", 0, 5)]), [], "there is no place");
        assert_ne!(play(&mut layers, start, 6000..7000, &[("e", 0, 5)]), []);
        assert_eq!(layers.rid_of(0), Some("e".into()));
    }

    #[test]
    fn a_keyframe_that_was_overtaken_is_no_beginning() {
        let (mut layers, now) = (Layers::default(), Instant::now());
        let mut begins = |seq, key| {
            let said = Description::of(Codec::Vp8, &vp8(if key { 90 } else { 0 }));
            layers.handle_packet(None, &said, (seq, 0, 9), now).unwrap().picture.begins
        };
        assert!(begins(5, true));
        assert!(!begins(7, false));
        assert!(!begins(6, true), "the rest of it went by");
        assert!(begins(8, true));
    }
}
