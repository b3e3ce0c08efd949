//! One voice on its way into the mix: packets that come when they come, sound in even pieces.
//!
//! A voice begins when there is [`CUSHION`] of it. What is missing is concealed while it may still come,
//! which makes the cushion thicker where the network needs it; a cushion that is never used up becomes thinner
//! again. Late packets are left out.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use codec::opus::{Decoder, Encoder, Rate};

const SAMPLES: usize = Encoder::FRAME;
/// How much sound there is to be before a voice begins. Less would break off with every late packet, more
/// is heard as delay.
const CUSHION: usize = Rate::Full.samples_in(40);
/// A voice that began with less waits for more no longer than this.
const CUSHION_WAIT: Duration = Duration::from_millis(60);
/// More than this is left out at once: a stall of the network is over, and the conversation went on.
const BEHIND_MAX: usize = Rate::Full.samples_in(240);
/// In how many frames a cushion that is thicker than needed is noticed: two seconds.
const WATCHED_FRAMES: usize = 100;
/// Frames that are made up for a voice that has run out. Then it has paused.
const CONCEALED_MAX: usize = 3;
/// Lost packets that are made up for one after the other. A larger gap is passed over.
const GAP_MAX: u64 = 4;
/// Packets that wait at most. At 2.5 ms each that is more than [`BEHIND_MAX`].
const PACKETS_MAX: usize = 128;

/// A voice.
pub(super) struct Voice {
    decoder: Decoder,
    packets: BTreeMap<u64, Packet>,
    /// How much sound is in them.
    waiting: usize,
    /// Decoded, and not yet mixed.
    samples: Vec<f32>,
    /// The number of the packet that is next. `None`: it has not begun, or has paused.
    next: Option<u64>,
    /// Nothing up to this number is wanted any more.
    passed: Option<u64>,
    /// How long a packet is here.
    length: usize,
    concealed: usize,
    /// The least that was there after a mix, and of how many mixes.
    spare: (usize, usize),
    began_at: Instant,
    heard_at: Instant,
    out: Box<[f32; SAMPLES]>,
}

struct Packet {
    payload: Arc<[u8]>,
    samples: usize,
}

impl Voice {
    /// `None` when there is no memory for one.
    pub fn new(now: Instant) -> Option<Self> {
        Some(Self {
            decoder: Decoder::new(Rate::Full)?,
            packets: BTreeMap::new(),
            waiting: 0,
            samples: Vec::new(),
            next: None,
            passed: None,
            length: SAMPLES,
            concealed: 0,
            spare: (usize::MAX, 0),
            began_at: now,
            heard_at: now,
            out: Box::new([0.0; SAMPLES]),
        })
    }

    /// When its last packet came.
    pub fn heard_at(&self) -> Instant {
        self.heard_at
    }

    /// A packet of it. What is no Opus packet is a loss.
    pub fn handle_packet(&mut self, now: Instant, seq: u64, payload: Arc<[u8]>) {
        self.heard_at = now;
        let Ok(samples) = self.decoder.length(&payload) else { return };
        if self.passed.is_some_and(|passed| seq <= passed) || self.packets.contains_key(&seq) {
            return;
        }
        if self.next.is_none() && self.packets.is_empty() {
            self.began_at = now;
        }
        self.waiting += samples;
        self.packets.insert(seq, Packet { payload, samples });
        while self.packets.len() > PACKETS_MAX || self.waiting > BEHIND_MAX {
            let Some(first) = self.packets.first_key_value().map(|(seq, _)| *seq) else { break };
            self.take(first);
            self.next = self.next.map(|next| next.max(first + 1));
        }
    }

    /// Its next 20 ms. `None`: it says nothing.
    pub fn pull(&mut self, now: Instant) -> Option<&[f32; SAMPLES]> {
        if self.next.is_none() && !self.begin(now) {
            return None;
        }
        while self.samples.len() < SAMPLES {
            if !self.step() {
                self.next = None;
                self.samples.clear();
                return None;
            }
        }
        self.watch_spare();
        self.out.copy_from_slice(self.samples.get(..SAMPLES)?);
        self.samples.drain(..SAMPLES);
        Some(&self.out)
    }

    fn begin(&mut self, now: Instant) -> bool {
        let Some(first) = self.packets.first_key_value().map(|(seq, _)| *seq) else { return false };
        if self.waiting < CUSHION && now < self.began_at + CUSHION_WAIT {
            return false;
        }
        (self.next, self.concealed, self.spare) = (Some(first), 0, (usize::MAX, 0));
        true
    }

    /// Adds the sound of the next packet, or something in its place. `false`: there is no more.
    fn step(&mut self) -> bool {
        let Some(next) = self.next else { return false };
        if let Some(packet) = self.take(next) {
            (self.next, self.concealed) = (Some(next + 1), 0);
            self.length = packet.samples;
            if let Ok(samples) = self.decoder.decode(&packet.payload) {
                self.samples.extend_from_slice(samples);
                return true;
            }
            return self.conceal(None);
        }
        let after = self.packets.first_key_value().map(|(seq, packet)| (*seq, packet));
        match after {
            // It may still come: the number stays the next.
            None => {
                self.concealed += 1;
                self.concealed <= CONCEALED_MAX && self.conceal(None)
            }
            Some((seq, _)) if seq.saturating_sub(next) > GAP_MAX => {
                (self.next, self.passed) = (Some(seq), seq.checked_sub(1));
                true
            }
            Some((seq, packet)) => {
                let copy = (seq == next + 1).then(|| Arc::clone(&packet.payload));
                (self.next, self.passed) = (Some(next + 1), Some(next));
                self.conceal(copy)
            }
        }
    }

    /// Something in place of a lost packet, out of the one after it if that is there.
    fn conceal(&mut self, after: Option<Arc<[u8]>>) -> bool {
        let recovered = after.and_then(|after| {
            let samples = self.decoder.recover(&after, self.length).ok()?;
            self.samples.extend_from_slice(samples);
            Some(())
        });
        if recovered.is_none() {
            match self.decoder.conceal(self.length) {
                Ok(samples) if !samples.is_empty() => self.samples.extend_from_slice(samples),
                Ok(_) | Err(_) => self.samples.resize(self.samples.len() + SAMPLES, 0.0),
            }
        }
        true
    }

    fn take(&mut self, seq: u64) -> Option<Packet> {
        let packet = self.packets.remove(&seq)?;
        self.waiting -= packet.samples;
        self.passed = self.passed.max(Some(seq));
        Some(packet)
    }

    /// A cushion that was thicker than needed for a while gives up what is too much.
    fn watch_spare(&mut self) {
        let (least, frames) = self.spare;
        self.spare = (least.min(self.waiting), frames + 1);
        if frames + 1 < WATCHED_FRAMES {
            return;
        }
        let least = std::mem::replace(&mut self.spare, (usize::MAX, 0)).0;
        let mut surplus = least.saturating_sub(CUSHION);
        while let Some(next) = self.next
            && self.packets.get(&next).is_some_and(|packet| packet.samples <= surplus)
            && let Some(packet) = self.take(next)
        {
            surplus -= packet.samples;
            self.next = Some(next + 1);
            // The decoder goes on from what nobody hears.
            let _ = self.decoder.decode(&packet.payload);
        }
    }
}
