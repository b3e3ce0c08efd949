//! Who is sent a mix instead of single voices: a connection with one section for sound, while two others or
//! more speak. Otherwise it is sent whoever is in the section, as everybody is, and nobody pays for mixing.
//!
//! While a room is mixed here, its loud microphones are handed to the mixer, those of other workers too: each
//! worker mixes for its own sessions. What the mixer makes of them is sent if it is of the room's present turn;
//! a turn ends when a voice that was handed over may not be heard any more.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{MediaKind, RoomId, TrackSource, UserId};
use str0m::format::{Codec, PayloadParams};
use str0m::media::Pt;

use super::Router;
use crate::mixer::{Mix, Mixed, Part, Plan};
use crate::output::Output;
use crate::packet::Packet;
use crate::peer::Wrote;
use crate::session::MixedTo;
use crate::source::SourceRef;
use crate::voice::Tapped;

/// So many speak at once before anybody needs a mix.
const VOICES_MIN: usize = 2;
/// A mix goes on for so long after that. Less would change over in every pause of a discussion, which is heard.
const KEPT_FOR: Duration = Duration::from_secs(5);
/// A microphone is handed over from the first loud packet until it has not been loud for so long.
const LOUD_FOR: Duration = Duration::from_secs(1);

/// A room that is mixed for somebody here.
pub(super) struct Mixing {
    plan: Arc<Plan>,
    /// The sessions that are sent it.
    listeners: Vec<usize>,
    /// What the voices are in: what the mix is in.
    codec: (Pt, PayloadParams),
}

/// Somebody who speaks.
struct Speaker {
    user: UserId,
    codec: (Pt, PayloadParams),
}

impl Router {
    /// Who is in a room, who speaks there or who listens has changed: whether it is mixed is to be looked at.
    pub(super) fn mix_changed(&mut self, room: RoomId) {
        if !self.mixes_changed.contains(&room) {
            self.mixes_changed.push(room);
        }
    }

    /// Looks at one room of which that is so. `false`: there is none.
    pub fn arrange_one_mix(&mut self, now: Instant) -> bool {
        let Some(room) = self.mixes_changed.pop() else { return false };
        let speakers = self.speakers(room);
        let mut listeners = Vec::new();
        for key in self.members(room) {
            if self.arrange_mix_of(key, &speakers, now) {
                listeners.push(key);
            }
        }
        self.set_listeners(room, listeners, &speakers);
        true
    }

    fn speakers(&self, room: RoomId) -> Vec<Speaker> {
        let speaker = |key: usize| {
            let session = &self.sessions[key];
            let at = session.live_source(TrackSource::Microphone)?;
            let codec = session.sources[at].codec?;
            let speaks = session.meter.speaking() && codec.1.spec().codec == Codec::Opus;
            speaks.then_some(Speaker { user: session.user, codec })
        };
        self.members(room).into_iter().filter_map(speaker).collect()
    }

    /// Whether a session is sent a mix from now on.
    fn arrange_mix_of(&mut self, key: usize, speakers: &[Speaker], now: Instant) -> bool {
        let Some(slot) = self.only_audio_slot(key) else {
            self.unmix(key);
            return false;
        };
        let session = &self.sessions[key];
        let others = speakers.iter().filter(|speaker| speaker.user != session.user);
        let takes = |speaker: &&Speaker| {
            let mid = session.slots[slot].mid;
            let peer = session.peer.as_ref();
            peer.is_some_and(|peer| peer.payload_type_for(mid, speaker.codec.1).is_some())
        };
        let wanted = others.filter(takes).count() >= VOICES_MIN;
        let kept = session.mixed.as_ref().filter(|mixed| mixed.slot == slot);
        let until = match (wanted, kept) {
            (true, _) => None,
            (false, None) => return false,
            (false, Some(kept)) => Some(kept.until.unwrap_or(now + KEPT_FOR)),
        };
        if until.is_some_and(|at| at <= now) {
            self.unmix(key);
            return false;
        }
        let begins = kept.is_none();
        let packets = kept.map_or(0, |kept| kept.packets);
        let session = &mut self.sessions[key];
        session.mixed = Some(MixedTo { slot, until, packets });
        if begins {
            session.slots[slot].rebase();
        }
        self.touched.push(key);
        true
    }

    /// The section for sound of a connection that has one only, and is sent something.
    fn only_audio_slot(&self, key: usize) -> Option<usize> {
        let session = self.sessions.get(key).filter(|it| it.home.is_none() && it.receives())?;
        let mut audio = session.slots.iter().enumerate();
        let is_one =
            |(_, slot): &(usize, &crate::slot::Slot)| slot.open && slot.kind == MediaKind::Audio;
        let (only, _) = audio.find(is_one)?;
        (!audio.any(|slot| is_one(&slot))).then_some(only)
    }

    /// A session is sent single voices again.
    fn unmix(&mut self, key: usize) {
        let session = &mut self.sessions[key];
        if let Some(mixed) = session.mixed.take()
            && let Some(slot) = session.slots.get_mut(mixed.slot)
        {
            slot.rebase();
        }
    }

    fn set_listeners(&mut self, room: RoomId, listeners: Vec<usize>, speakers: &[Speaker]) {
        let mixed = !listeners.is_empty();
        for key in self.members(room) {
            self.sessions[key].fed = mixed;
        }
        if !mixed {
            self.mixes.remove(&room);
            return;
        }
        let mut users: Vec<UserId> = listeners.iter().map(|&key| self.sessions[key].user).collect();
        users.sort_unstable();
        users.dedup();
        if let Some(mixing) = self.mixes.get_mut(&room) {
            mixing.listeners = listeners;
            if mixing.plan.listeners != users {
                let turn = mixing.plan.turn;
                mixing.plan = Arc::new(Plan { turn, listeners: users });
            }
        } else if let Some(first) = speakers.first() {
            // Higher than any before, so that the mixer cannot take it for what it has mixed last.
            self.turns += 1;
            let plan = Arc::new(Plan { turn: self.turns, listeners: users });
            self.mixes.insert(room, Mixing { plan, listeners, codec: first.codec });
        }
    }

    /// A connection ends, or is in another room from now on: it is sent no mix of this one.
    pub(super) fn leave_mix(&mut self, key: usize) {
        let session = &self.sessions[key];
        let room = session.room;
        if session.mixed.is_some() {
            self.unmix(key);
            if let Some(mixing) = self.mixes.get_mut(&room) {
                mixing.listeners.retain(|&listener| listener != key);
            }
        }
        self.mix_changed(room);
    }

    /// Hands a microphone's packet to the mixer. For all rooms that are not mixed this is one comparison.
    pub(super) fn feed(&mut self, from: SourceRef, packet: &Packet, now: Instant) {
        let session = &mut self.sessions[from.session];
        if !session.fed {
            return;
        }
        let (id, user, room) = (session.id, session.user, session.room);
        let source = &mut session.sources[from.source];
        let loud = source.heard_at.is_some_and(|at| now < at + LOUD_FOR);
        let Some((_, codec)) = source.codec else { return };
        let spec = codec.spec();
        let is_voice = source.label == Some(TrackSource::Microphone) && spec.codec == Codec::Opus;
        if !loud || !is_voice || packet.payload.is_empty() {
            return;
        }
        let Some(mixing) = self.mixes.get(&room) else { return };
        let tapped = source.mixed.get_or_insert_with(|| Tapped::new(now));
        if !tapped.takes(now) {
            return;
        }
        let clock_hz = spec.clock_rate.get();
        let (ssrc, seq, timestamp) = (packet.ssrc, packet.seq, packet.timestamp);
        let Some((seq, _)) = tapped.leg.rewrite(ssrc, seq, timestamp, clock_hz, now) else {
            return;
        };
        let (plan, payload) = (Arc::clone(&mixing.plan), Arc::clone(&packet.payload));
        let part = Part::Packet { session: id, user, seq, payload };
        self.sink.out.push_back(Output::Mix(Mix { room, plan, part }));
    }

    /// Nothing of this source is sent in a mix from now on, not even of what has been mixed already.
    pub(super) fn end_feed(&mut self, from: SourceRef) {
        let session = &mut self.sessions[from.session];
        let (id, room) = (session.id, session.room);
        if session.sources[from.source].mixed.take().is_none() {
            return;
        }
        let Some(mixing) = self.mixes.get_mut(&room) else { return };
        let (turn, listeners) = (mixing.plan.turn + 1, mixing.plan.listeners.clone());
        self.turns = self.turns.max(turn);
        mixing.plan = Arc::new(Plan { turn, listeners });
        let (plan, part) = (Arc::clone(&mixing.plan), Part::Ended { session: id });
        self.sink.out.push_back(Output::Mix(Mix { room, plan, part }));
    }

    /// The mixer has mixed a room.
    pub fn handle_mixed(&mut self, mixed: &Mixed, now: Instant) {
        let Some(mixing) = self.mixes.get_mut(&mixed.room) else { return };
        if mixing.plan.turn != mixed.turn {
            return;
        }
        let (payload_type, codec) = mixing.codec;
        // Out of the table for the walk, and back: nothing in it changes who listens.
        let listeners = std::mem::take(&mut mixing.listeners);
        for &key in &listeners {
            let receiver = &mut self.sessions[key];
            let own = mixed.without.iter().find(|(user, _)| *user == receiver.user);
            let sound = own.map_or(mixed.common.as_ref(), |(_, sound)| sound.as_ref());
            let (Some(sound), Some(to)) = (sound, receiver.mixed.as_mut()) else { continue };
            let (seq, slot) = (to.packets, to.slot);
            to.packets += 1;
            let packet = Packet::of_mix(payload_type, (seq, mixed.timestamp), sound, now);
            let wrote = receiver.write_mix(slot, codec, &packet, now, &mut self.sink);
            self.counters.mixed += u64::from(wrote != Wrote::Nothing);
            if wrote == Wrote::Queued && !std::mem::replace(&mut receiver.dirty, true) {
                self.dirty.push(key);
            }
        }
        if let Some(mixing) = self.mixes.get_mut(&mixed.room) {
            mixing.listeners = listeners;
        }
    }
}
