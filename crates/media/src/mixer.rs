//! The mixer: the voices of a room as one, for connections with a single section for sound.
//!
//! Pure, and beside the workers rather than in them: decoding and encoding take fractions of a millisecond each,
//! which would be heard as jitter of all that a worker forwards. `net` drives one mixer for each worker: what
//! comes out of [`crate::Output::Mix`] goes into [`Mixer::handle_mix`], what comes out of
//! [`Mixer::poll_output`] into [`crate::Worker::handle_mixed`], and either may be lost on the way.
//!
//! Every 20 ms each room is added up once. Who is among the voices is sent the sum without their own part, of
//! all their sessions; everyone else shares one packet. `mixer/voice.rs` evens out how packets arrive,
//! `mixer/bus.rs` makes a packet of a sum.
//!
//! What must always hold: a mix says of which turn of its room it is, and a turn begins when somebody is not
//! to be heard any more. The worker sends no mix of an earlier turn; here nothing of whom a new turn leaves out is
//! in a mix of it. A turn whose beginning was lost on the way leaves out everybody until their next packets.

mod bus;
#[cfg(test)]
mod tests;
mod voice;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{RoomId, SessionId, UserId};

use bus::Bus;
use voice::Voice;

/// How much sound a packet of a mix has.
const FRAME: Duration = Duration::from_millis(20);
/// Ticks of the RTP clock in it (RFC 7587 section 4.1: 48 kHz).
const FRAME_TICKS: u32 = 960;
/// Voices of a room that are mixed at once. With more nobody is understood, and each costs a decoder and a mix
/// of its own.
const VOICES_MAX: usize = 8;
/// A mixer that is this late leaves out what it has missed: less would give up after every hiccup, more is heard
/// as delay.
const LATE_MAX: Duration = Duration::from_millis(100);
/// Nothing said for this long, and a room or a voice is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(2);

/// What a worker wants to be mixed.
#[derive(Clone, Debug)]
pub struct Mix {
    pub(crate) room: RoomId,
    pub(crate) plan: Arc<Plan>,
    pub(crate) part: Part,
}

/// For whom a room is mixed now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Counts the times that somebody was silenced.
    pub turn: u64,
    /// Whose sessions are sent the mix; each once.
    pub listeners: Vec<UserId>,
}

/// A part of it.
#[derive(Clone, Debug)]
pub(crate) enum Part {
    /// A packet of somebody's microphone that may be heard.
    Packet {
        session: SessionId,
        user: UserId,
        /// One more per packet: a gap is a loss.
        seq: u64,
        /// Opus, unchecked.
        payload: Arc<[u8]>,
    },
    /// Who is not to be heard from this turn on.
    Ended { session: SessionId },
}

/// A mix of a room, 20 ms of it.
#[derive(Clone, Debug)]
pub struct Mixed {
    pub(crate) room: RoomId,
    pub(crate) turn: u64,
    /// RTP timestamp, of all mixes of the room.
    pub(crate) timestamp: u32,
    /// For those who are not among the voices.
    pub(crate) common: Option<Sound>,
    /// For those who are, without their own; what they are sent if nobody else says anything is nothing.
    pub(crate) without: Vec<(UserId, Option<Sound>)>,
}

/// A packet of it.
#[derive(Clone, Debug)]
pub(crate) struct Sound {
    pub payload: Arc<[u8]>,
    /// dBov.
    pub level: i8,
}

/// All rooms of one worker that are mixed.
#[derive(Default)]
pub struct Mixer {
    rooms: HashMap<RoomId, Room>,
    /// When the next mix is due, while there is any room.
    due_at: Option<Instant>,
    out: VecDeque<Mixed>,
    left_out: u64,
}

struct Room {
    plan: Arc<Plan>,
    /// In the order of their first packets: those beyond [`VOICES_MAX`] wait for a place.
    voices: Vec<(SessionId, UserId, Voice)>,
    common: Option<Bus>,
    without: HashMap<UserId, Bus>,
    timestamp: u32,
    heard_at: Instant,
}

impl Mixer {
    /// Mixes that were left out because the mixer did not keep up.
    pub fn left_out(&self) -> u64 {
        self.left_out
    }

    /// Something to be mixed, or not any more.
    pub fn handle_mix(&mut self, now: Instant, mix: Mix) {
        let Mix { room, plan, part } = mix;
        self.due_at.get_or_insert(now + FRAME);
        let room = self.rooms.entry(room).or_insert_with(|| Room::new(Arc::clone(&plan), now));
        if plan.turn < room.plan.turn {
            return;
        }
        let passed = plan.turn - room.plan.turn;
        room.plan = plan;
        match part {
            Part::Ended { session } if passed <= 1 => room.silence(|voice| *voice == session),
            Part::Ended { .. } => room.silence(|_| true),
            Part::Packet { session, user, seq, payload } => {
                if passed > 0 {
                    room.silence(|_| true);
                }
                room.heard_at = now;
                room.handle_packet(now, (session, user), seq, payload);
            }
        }
    }

    /// Time went by: what is due is mixed.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.leave_out_late(now);
        while let Some(due_at) = self.due_at.filter(|at| *at <= now) {
            self.due_at = Some(due_at + FRAME);
            for (room, state) in &mut self.rooms {
                self.out.extend(state.mix(*room, now));
            }
            self.rooms.retain(|_, room| now < room.heard_at + FORGOTTEN_AFTER);
            if self.rooms.is_empty() {
                self.due_at = None;
            }
        }
    }

    /// What should have been mixed long ago is not mixed at all: that would only take the time of what is
    /// due now. Voices give up what they have too much of by themselves.
    fn leave_out_late(&mut self, now: Instant) {
        let Some(due_at) = self.due_at else { return };
        let late = now.saturating_duration_since(due_at);
        if late <= LATE_MAX {
            return;
        }
        let frames = (late.as_nanos() / FRAME.as_nanos()).min(u128::from(u32::MAX)) as u32;
        self.due_at = Some(due_at + FRAME * frames);
        self.left_out += u64::from(frames);
        for room in self.rooms.values_mut() {
            room.timestamp = room.timestamp.wrapping_add(FRAME_TICKS.wrapping_mul(frames));
        }
    }

    /// The next mix, until `None`.
    pub fn poll_output(&mut self) -> Option<Mixed> {
        self.out.pop_front()
    }

    /// When [`Mixer::handle_timeout`] is wanted.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.due_at
    }
}

impl Room {
    fn new(plan: Arc<Plan>, now: Instant) -> Self {
        let (voices, without) = (Vec::new(), HashMap::new());
        Self { plan, voices, common: None, without, timestamp: 0, heard_at: now }
    }

    fn handle_packet(
        &mut self,
        now: Instant,
        (session, user): (SessionId, UserId),
        seq: u64,
        payload: Arc<[u8]>,
    ) {
        let known = self.voices.iter_mut().find(|(voice, ..)| *voice == session);
        if let Some((_, _, voice)) = known {
            return voice.handle_packet(now, seq, payload);
        }
        if self.voices.len() < VOICES_MAX
            && let Some(mut voice) = Voice::new(now)
        {
            voice.handle_packet(now, seq, payload);
            self.voices.push((session, user, voice));
        }
    }

    /// Nothing of these voices is in anything that is mixed from now on.
    fn silence(&mut self, is_meant: impl Fn(&SessionId) -> bool) {
        let before = self.voices.len();
        self.voices.retain(|(session, ..)| !is_meant(session));
        if self.voices.len() == before {
            return;
        }
        // An encoder has a few milliseconds of what it was given last.
        for bus in self.common.iter_mut().chain(self.without.values_mut()) {
            bus.reset();
        }
    }

    /// The next 20 ms. `None`: silence.
    fn mix(&mut self, room: RoomId, now: Instant) -> Option<Mixed> {
        self.timestamp = self.timestamp.wrapping_add(FRAME_TICKS);
        self.voices.retain(|(_, _, voice)| now < voice.heard_at() + FORGOTTEN_AFTER);
        let has_voice = |user: &UserId| self.voices.iter().any(|(_, voice, _)| voice == user);
        let (own, others): (Vec<UserId>, Vec<UserId>) =
            self.plan.listeners.iter().partition(|user| has_voice(user));
        self.without.retain(|user, _| own.contains(user));
        let mut parts = Vec::with_capacity(self.voices.len());
        for (_, user, voice) in &mut self.voices {
            if let Some(part) = voice.pull(now) {
                parts.push((*user, part));
            }
        }
        if parts.is_empty() {
            return None;
        }
        let all = || parts.iter().map(|(_, part)| &**part);
        let common = if others.is_empty() {
            self.common = None;
            None
        } else {
            bus(&mut self.common).and_then(|bus| bus.mix(all()))
        };
        let mut without = Vec::with_capacity(own.len());
        for user in own {
            let rest = || parts.iter().filter(|(voice, _)| *voice != user).map(|(_, part)| &**part);
            let sound = if rest().next().is_some() {
                let mut kept = self.without.remove(&user);
                let sound = bus(&mut kept).and_then(|bus| bus.mix(rest()));
                self.without.extend(kept.map(|kept| (user, kept)));
                sound
            } else {
                None
            };
            without.push((user, sound));
        }
        Some(Mixed { room, turn: self.plan.turn, timestamp: self.timestamp, common, without })
    }
}

/// The bus that is there, or a new one, if there is memory.
fn bus(kept: &mut Option<Bus>) -> Option<&mut Bus> {
    if kept.is_none() {
        *kept = Bus::new();
    }
    kept.as_mut()
}
