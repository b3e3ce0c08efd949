//! A camera as a browser has one: simulcast of VP8, or VP9 with layers in one stream (SVC), frame by
//! frame in paced packets with the descriptors and frame headers that a real encoder writes; and what
//! a screen at the other end could show of it.
//!
//! The picture itself is filler. Each packet ends with a [`Mark`] that says what it is.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::{Duration, Instant};

use str0m::format::Codec;
use str0m::media::Rid;
use str0m::rtp::RtpWrite;

use crate::client::{Client, Got};
use crate::film::descriptor::Frame;

mod descriptor;

/// Bytes of a payload at most, as browsers cut them.
const PAYLOAD_BYTES: usize = 1150;
/// How much larger a keyframe is than the average frame.
const KEYFRAME_FACTOR: f64 = 5.0;
/// Temporal layers of four frames in a row; how large each is, against the average; and how far back
/// lies the frame that it is predicted from.
const PATTERN: [(u8, f64, u32); 4] = [(0, 1.6, 4), (2, 0.8, 1), (1, 0.8, 2), (2, 0.8, 1)];
const CLOCK_HZ: u128 = 90_000;

/// One layer: of simulcast an own stream, of SVC a spatial layer.
#[derive(Clone, Debug)]
pub struct Rung {
    pub rid: &'static str,
    pub width: u16,
    pub height: u16,
    pub bps: u64,
    /// It is sent.
    pub on: bool,
}

/// How a film is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Each rung is a VP8 stream with three temporal layers.
    Simulcast,
    /// VP9 with all rungs in one stream, each with three temporal layers.
    Svc {
        /// Every picture's upper layers are predicted from lower ones; otherwise a keyframe's only
        /// ("L3T3_KEY").
        full: bool,
        /// Descriptors name the frames that a frame needs (RFC 9628 section 4.2, flexible mode).
        flexible: bool,
    },
}

/// What is filmed.
#[derive(Clone, Debug)]
pub struct Film {
    pub coding: Coding,
    pub fps: u32,
    /// The smallest first.
    pub rungs: Vec<Rung>,
}

impl Film {
    /// What Chromium sends of a 720p camera: three sizes, 2.15 Mbit/s in all.
    pub fn simulcast() -> Self {
        let rung = |rid, width, height, bps| Rung { rid, width, height, bps, on: true };
        let rungs = vec![
            rung("l", 320, 180, 150_000),
            rung("m", 640, 360, 500_000),
            rung("h", 1280, 720, 1_500_000),
        ];
        Self { coding: Coding::Simulcast, fps: 30, rungs }
    }

    /// The same sizes as spatial layers of VP9.
    pub fn svc() -> Self {
        Self { coding: Coding::Svc { full: false, flexible: false }, ..Self::simulcast() }
    }

    /// The names of its streams; none if there is but one.
    pub fn rids(&self) -> Vec<&'static str> {
        match self.coding {
            Coding::Simulcast => self.rungs.iter().map(|rung| rung.rid).collect(),
            Coding::Svc { .. } => Vec::new(),
        }
    }
}

impl Film {
    fn streams(&self) -> Vec<Option<Rid>> {
        match self.coding {
            Coding::Simulcast => self.rungs.iter().map(|rung| Some(rung.rid.into())).collect(),
            Coding::Svc { .. } => vec![None],
        }
    }
}

/// What a packet is: at the end of its payload, where nothing that forwards it has business.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The rung, from 0.
    pub layer: u8,
    pub temporal: u8,
    pub key: bool,
    /// It also needs the layer below of the same frame.
    pub on_lower: bool,
    pub frame: u32,
    /// The frame of the same layer that it is predicted from; of a keyframe itself.
    pub needs: u32,
    /// Which packet of the layer's frame, of how many.
    pub part: u16,
    pub parts: u16,
}

impl Mark {
    const BYTES: usize = 20;
    const MAGIC: [u8; 4] = *b"film";

    fn write(&self, payload: &mut Vec<u8>) {
        payload.extend(Self::MAGIC);
        payload.extend([self.layer, self.temporal, self.key.into(), self.on_lower.into()]);
        payload.extend(self.frame.to_be_bytes());
        payload.extend(self.needs.to_be_bytes());
        payload.extend(self.part.to_be_bytes());
        payload.extend(self.parts.to_be_bytes());
    }

    /// The mark of a packet of a film.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let bytes: &[u8; Self::BYTES] = payload.last_chunk()?;
        let long = |at: usize| Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        let short = |at: usize| Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
        let mark = Self {
            layer: bytes[4],
            temporal: bytes[5],
            key: bytes[6] == 1,
            on_lower: bytes[7] == 1,
            frame: long(8)?,
            needs: long(12)?,
            part: short(16)?,
            parts: short(18)?,
        };
        bytes.starts_with(&Self::MAGIC).then_some(mark)
    }
}

/// A packet that the camera has made.
struct Cut {
    at: Instant,
    rid: Option<Rid>,
    seq: u64,
    timestamp: u32,
    marker: bool,
    payload: Vec<u8>,
}

/// What is counted of one rung.
#[derive(Clone, Default)]
struct Reel {
    seq: u64,
    frame: u32,
    /// Where its pattern began: at its last keyframe.
    key: u32,
    tl0: u8,
    wants_key: bool,
    begun: bool,
}

/// A camera that runs.
pub struct Camera {
    /// May be changed while it runs.
    pub film: Film,
    reels: Vec<Reel>,
    began_at: Instant,
    frames: u32,
    cut: VecDeque<Cut>,
    /// It has been told how to resend.
    resends: bool,
    /// Keyframes made, by rung.
    pub keyframes: Vec<usize>,
    /// Packets sent, by rung.
    pub sent: Vec<u64>,
}

impl Camera {
    pub fn new(now: Instant, film: Film) -> Self {
        // Sequence numbers wrap soon.
        let reel = |at: usize| Reel { seq: 65_000 + 100 * at as u64, ..Reel::default() };
        let rungs = film.rungs.len();
        Self {
            reels: (0..rungs).map(reel).collect(),
            film,
            began_at: now,
            frames: 0,
            cut: VecDeque::new(),
            resends: false,
            keyframes: vec![0; rungs],
            sent: vec![0; rungs],
        }
    }

    /// The next frame of this stream is to be a keyframe.
    pub fn want_keyframe(&mut self, rid: Option<Rid>) {
        for (rung, reel) in self.film.rungs.iter().zip(&mut self.reels) {
            reel.wants_key |= rid.is_none_or(|rid| *rid == *rung.rid);
        }
    }

    fn interval(&self) -> Duration {
        Duration::from_secs(1) / self.film.fps
    }

    /// Makes the frames that are due and takes the packets that are.
    fn due(&mut self, now: Instant) -> Vec<Cut> {
        while self.began_at + self.interval() * self.frames <= now {
            let at = self.began_at + self.interval() * self.frames;
            match self.film.coding {
                Coding::Simulcast => self.shoot_simulcast(at),
                Coding::Svc { full, flexible } => self.shoot_svc(at, full, flexible),
            }
            self.frames += 1;
            self.cut.make_contiguous().sort_by_key(|cut| cut.at);
        }
        let due = self.cut.partition_point(|cut| cut.at <= now);
        self.cut.drain(..due).collect()
    }

    fn shoot_simulcast(&mut self, at: Instant) {
        for layer in 0..self.film.rungs.len() {
            let (rung, reel) = (&self.film.rungs[layer], &mut self.reels[layer]);
            let paused = !std::mem::replace(&mut reel.begun, rung.on);
            if !rung.on {
                continue;
            }
            let key = std::mem::take(&mut reel.wants_key) || paused;
            let frame = reel.next(layer, key, false);
            let bytes = frame.bytes(rung.bps, self.film.fps);
            let head = |part: u16| descriptor::vp8(&frame, rung, part == 0);
            let parts = cut(&frame, bytes, head, true);
            let rid = Some(rung.rid.into());
            self.keyframes[layer] += usize::from(key);
            self.sent[layer] += parts.len() as u64;
            self.pace(at, layer, layer, rid, parts);
        }
    }

    /// All spatial layers of one picture. A layer that comes back does with a keyframe of all.
    fn shoot_svc(&mut self, at: Instant, full: bool, flexible: bool) {
        let on = self.film.rungs.iter().take_while(|rung| rung.on).count();
        let appears = (0..on).any(|layer| !self.reels[layer].begun);
        let take = |reel: &mut Reel| std::mem::take(&mut reel.wants_key);
        let key = self.reels.iter_mut().map(take).fold(appears, |any, one| any | one);
        for layer in 0..self.film.rungs.len() {
            self.reels[layer].begun = layer < on;
            if key {
                // They count alike, also what was off.
                self.reels[layer].frame = self.reels[0].frame;
            }
        }
        let mut all = Vec::new();
        for layer in 0..on {
            let rung = &self.film.rungs[layer];
            let on_lower = layer > 0 && (full || key);
            let mut frame = self.reels[layer].next(layer, key, on_lower);
            frame.for_upper = layer + 1 < on && (full || key);
            let bytes = frame.bytes(rung.bps, self.film.fps);
            let rungs = &self.film.rungs[..on];
            let last = |part: u16, parts: u16| part + 1 == parts;
            let parts = cut_svc(
                &frame,
                bytes,
                |part, parts| {
                    descriptor::vp9(&frame, rungs, part == 0, last(part, parts), flexible)
                },
                layer + 1 == on,
            );
            self.keyframes[layer] += usize::from(key);
            self.sent[layer] += parts.len() as u64;
            all.extend(parts);
        }
        for layer in on..self.film.rungs.len() {
            self.reels[layer].frame = self.reels[0].frame;
        }
        self.pace(at, 0, 0, None, all);
    }

    /// Packets of a frame are sent over half of the time until the next one.
    fn pace(
        &mut self,
        at: Instant,
        layer: usize,
        clock: usize,
        rid: Option<Rid>,
        parts: Vec<(Vec<u8>, bool)>,
    ) {
        let apart = self.interval() / 2 / parts.len().max(1) as u32;
        let passed = (at - self.began_at).as_nanos() * CLOCK_HZ / 1_000_000_000;
        let timestamp = (passed as u32).wrapping_add(123_456_789 * (clock as u32 + 1));
        for (nth, (payload, marker)) in parts.into_iter().enumerate() {
            self.reels[layer].seq += 1;
            let (at, seq) = (at + apart * nth as u32, self.reels[layer].seq);
            self.cut.push_back(Cut { at, rid, seq, timestamp, marker, payload });
        }
    }
}

impl Reel {
    fn next(&mut self, layer: usize, key: bool, on_lower: bool) -> Frame {
        self.frame += 1;
        if key {
            self.key = self.frame;
        }
        let since = self.frame - self.key;
        let (temporal, weight, back) = PATTERN[since as usize % PATTERN.len()];
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal == 0));
        let needs = if key { self.frame } else { self.frame - back };
        Frame {
            layer: layer as u8,
            temporal,
            key,
            on_lower,
            for_upper: false,
            number: self.frame,
            needs,
            tl0: self.tl0,
            since_key: since,
            weight: if key { KEYFRAME_FACTOR } else { weight },
        }
    }
}

/// A frame of a layer in packets; the last has the marker if `ends`.
fn cut(
    frame: &Frame,
    bytes: usize,
    head: impl Fn(u16) -> Vec<u8>,
    ends: bool,
) -> Vec<(Vec<u8>, bool)> {
    cut_svc(frame, bytes, |part, _| head(part), ends)
}

fn cut_svc(
    frame: &Frame,
    bytes: usize,
    head: impl Fn(u16, u16) -> Vec<u8>,
    ends: bool,
) -> Vec<(Vec<u8>, bool)> {
    let parts = bytes.div_ceil(PAYLOAD_BYTES).max(1) as u16;
    let packet = |part: u16| {
        let mut payload = head(part, parts);
        let filled = (bytes / usize::from(parts)).saturating_sub(Mark::BYTES);
        payload.resize(filled.max(payload.len()), 0x5a);
        frame.mark(part, parts).write(&mut payload);
        (payload, ends && part + 1 == parts)
    };
    (0..parts).map(packet).collect()
}

impl Client {
    /// Begins to film. The client was made for that: see [`crate::harness::World::join_filming`].
    pub fn film(&mut self, now: Instant, film: Film) {
        self.film = Some(Camera::new(now, film));
    }

    /// Queues the packets that the camera has by now.
    pub fn shoot(&mut self, now: Instant) {
        let (Some(camera), Some(mid)) = (self.film.as_mut(), self.camera) else { return };
        if !self.connected {
            camera.began_at = now;
            return;
        }
        self.asked.drain(..).for_each(|rid| camera.want_keyframe(rid));
        let codec = match camera.film.coding {
            Coding::Simulcast => Codec::Vp8,
            Coding::Svc { .. } => Codec::Vp9,
        };
        let due = camera.due(now);
        if due.is_empty() {
            return;
        }
        let taken = self.rtc.media(mid).unwrap().remote_pts().to_vec();
        let of = |pt| self.rtc.codec_config().iter().find(|params| params.pt() == pt);
        let is = |pt: &&_| of(**pt).is_some_and(|params| params.spec().codec == codec);
        let payload_type = *taken.iter().find(is).expect("a section that takes the film");
        let mut api = self.rtc.direct_api();
        if !std::mem::replace(&mut camera.resends, true) {
            for rid in camera.film.streams() {
                // As a browser: whatever it is asked for within a second or so.
                let stream = api.stream_tx_by_mid(mid, rid).unwrap();
                stream.set_rtx_cache(1024, Duration::from_secs(2), None);
            }
        }
        for cut in due {
            let seq = cut.seq.into();
            let write = RtpWrite::new(payload_type, seq, cut.timestamp, now, cut.payload);
            let write = write.marker(cut.marker).nackable(true);
            api.stream_tx_by_mid(mid, cut.rid).unwrap().write_rtp(write);
        }
        self.timeout = now;
    }
}

/// A frame that a decoder could show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// When its last packet, or the last of what it needs, came.
    pub at: Instant,
    /// The highest layer of it that could be decoded.
    pub layer: u8,
    pub temporal: u8,
    pub frame: u32,
    pub key: bool,
}

/// What could be shown of what came into one slot: frames that are whole, with all that they need, in
/// the order in which they became so. Of a picture with layers the highest.
pub fn shown(got: &[Got]) -> Vec<Shown> {
    let mut parts: HashMap<(u8, u32), HashSet<u16>> = HashMap::new();
    let mut whole: Vec<Mark> = Vec::new();
    let mut decoded: HashSet<(u8, u32)> = HashSet::new();
    let mut shown: Vec<Shown> = Vec::new();
    for (mark, at) in got.iter().filter_map(|got| Some((Mark::read(&got.payload)?, got.at))) {
        let seen = parts.entry((mark.layer, mark.frame)).or_default();
        if !seen.insert(mark.part) || seen.len() < usize::from(mark.parts) {
            continue;
        }
        whole.push(mark);
        // One frame may be what others have waited for.
        loop {
            let ready = |mark: &Mark| {
                let temporal = mark.key || decoded.contains(&(mark.layer, mark.needs));
                let lower = mark.layer.wrapping_sub(1);
                temporal && (!mark.on_lower || decoded.contains(&(lower, mark.frame)))
            };
            let Some(next) = whole.iter().position(ready) else { break };
            let Mark { layer, temporal, key, frame, .. } = whole.swap_remove(next);
            decoded.insert((layer, frame));
            let now = Shown { at, layer, temporal, frame, key };
            match shown.last_mut().filter(|last| last.frame == frame && last.layer < layer) {
                Some(last) => *last = now,
                None => shown.push(now),
            }
        }
    }
    shown
}

/// The longest time without a new frame, between two moments.
pub fn longest_freeze(shown: &[Shown], from: Instant, to: Instant) -> Duration {
    let within = shown.iter().map(|shown| shown.at).filter(|at| (from..to).contains(at));
    let all: Vec<_> = [from].into_iter().chain(within).chain([to]).collect();
    all.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or_default()
}
