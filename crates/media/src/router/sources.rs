//! Sources and connections come and go: packets, gates, renegotiation, time.

use std::time::Instant;

use model::{Gate, MediaKind, TrackSource};
use str0m::rtp::RtpPacket;

use super::Router;
use crate::allocation::Budget;
use crate::event::Event;
use crate::limit::LAYERS_MAX;
use crate::offer::Offer;
use crate::request::SourceLabel;
use crate::source::{SlotRef, SourceRef};
use crate::speaker::Change;

impl Router {
    /// The first packet that may pass.
    pub(super) fn start_source(&mut self, from: SourceRef, label: TrackSource, now: Instant) {
        let session = &mut self.sessions[from.session];
        let source = &mut session.sources[from.source];
        (source.live, source.shown, source.rested_at) = (true, true, None);
        let (id, at_home) = (session.id, session.home.is_none());
        if at_home {
            self.tell(Event::SourceStarted { session: id, source: label });
            self.open_abroad(from);
            self.show(from.session);
        }
        match label.kind() {
            MediaKind::Audio => self.seat_everywhere(from, now),
            MediaKind::Video => self.arrange_others(from.session, now),
        }
    }

    /// A source sends in another codec now: it may fit elsewhere, and no longer where it is.
    pub(super) fn reseat(&mut self, from: SourceRef, now: Instant) {
        for leg in self.sessions[from.session].sources[from.source].legs.clone() {
            if !self.takes(leg.session, leg.slot, from) {
                self.unbind(leg);
            }
        }
        self.show(from.session);
        match self.sessions[from.session].sources[from.source].kind {
            MediaKind::Audio => self.seat_everywhere(from, now),
            MediaKind::Video => self.arrange_others(from.session, now),
        }
    }

    /// Whether a slot's section takes the codec of a source.
    pub(super) fn takes(&self, to: usize, slot: usize, from: SourceRef) -> bool {
        let codec = self.sessions[from.session].sources[from.source].codec;
        let (Some((_, codec)), Some(peer)) = (codec, &self.sessions[to].peer) else { return false };
        peer.payload_type_for(self.sessions[to].slots[slot].mid, codec).is_some()
    }

    /// A live source rests: its gate shut, it is absent, or it ends. An audio source keeps its slots
    /// for a while; the runs on its legs end, so that it resumes without a gap in numbers.
    pub(super) fn stop_source(&mut self, from: SourceRef, now: Instant) {
        let session = &mut self.sessions[from.session];
        let source = &mut session.sources[from.source];
        if !std::mem::take(&mut source.live) {
            return;
        }
        source.rested_at = Some(now);
        source.abroad.clear();
        let legs = source.legs.clone();
        let (kind, label, id) = (source.kind, source.label, session.id);
        self.end_voice(from);
        self.end_feed(from);
        if let Some(label) = label {
            self.tell_of(from.session, Event::SourceStopped { session: id, source: label });
        }
        self.show(from.session);
        for leg in legs {
            self.sessions[leg.session].slots[leg.slot].rebase();
        }
        match kind {
            MediaKind::Audio => {
                let change = self.sessions[from.session].meter.silence();
                self.tell_speaking(from, change, now);
            }
            MediaKind::Video => self.arrange_others(from.session, now),
        }
        self.touched.push(from.session);
    }

    /// A source that will not come back as it is leaves its slots.
    pub(super) fn end_source(&mut self, from: SourceRef, now: Instant) {
        self.stop_source(from, now);
        if std::mem::take(&mut self.sessions[from.session].sources[from.source].shown) {
            self.show(from.session);
        }
        for leg in self.sessions[from.session].sources[from.source].legs.clone() {
            self.unbind(leg);
            self.fill_audio(leg.session, now);
        }
    }

    /// One microphone packet. Returns how loud it is.
    pub(super) fn measure(
        &mut self,
        from: SourceRef,
        packet: &RtpPacket,
        now: Instant,
    ) -> Option<i8> {
        let level = self.sessions[from.session].level_of(packet)?;
        self.hear(from, level, now);
        Some(level)
    }

    /// A microphone was so loud.
    pub(super) fn hear(&mut self, from: SourceRef, level: i8, now: Instant) {
        let session = &mut self.sessions[from.session];
        let change = session.meter.handle_level(now, level);
        let loud = session.meter.report(now, level);
        session.sources[from.source].heard_at = session.meter.loud_at();
        self.tell_speaking(from, change, now);
        if let Some(dbov) = loud {
            let session = self.sessions[from.session].id;
            self.tell_of(from.session, Event::Level { session, dbov });
        }
    }

    fn tell_speaking(&mut self, from: SourceRef, change: Option<Change>, now: Instant) {
        if change.is_some() {
            self.mix_changed(self.sessions[from.session].room);
        }
        let session = self.sessions[from.session].id;
        match change {
            None => {}
            Some(Change::Started) => {
                self.tell_of(from.session, Event::SpeakingStarted { session });
                self.seat_everywhere(from, now);
                let shows = self.sessions[from.session].live_source(TrackSource::Camera);
                if shows.is_some() {
                    self.arrange_others(from.session, now);
                }
            }
            Some(Change::Stopped) => {
                self.tell_of(from.session, Event::SpeakingStopped { session });
                self.seat_waiting_speakers(from.session, now);
            }
        }
    }

    /// What a session may send and receive from now on.
    pub fn set_gate(&mut self, key: usize, gate: Gate, now: Instant) {
        let session = &mut self.sessions[key];
        let before = std::mem::replace(&mut session.gate, gate);
        self.shut(key, gate, now);
        for source in 0..self.sessions[key].sources.len() {
            if !gate.captions {
                self.end_voice(SourceRef { session: key, source });
            }
        }
        if before.receive && !gate.receive {
            self.empty_slots(key);
        } else if gate.receive && !before.receive {
            self.fill_audio(key, now);
            self.arrange_video(key, now);
        }
        self.mix_changed(self.sessions[key].room);
    }

    /// Stops what a gate forbids of a session.
    pub(super) fn shut(&mut self, key: usize, gate: Gate, now: Instant) {
        for source in 0..self.sessions[key].sources.len() {
            let from = SourceRef { session: key, source };
            let label = self.sessions[key].sources[source].label;
            if label.is_some_and(|label| !gate.allows(label)) {
                self.forget_sent_of(from);
                self.stop_source(from, now);
            }
        }
    }

    /// Nothing of this source is sent again, even if a receiver asks.
    fn forget_sent_of(&mut self, from: SourceRef) {
        for leg in self.sessions[from.session].sources[from.source].legs.clone() {
            let session = &mut self.sessions[leg.session];
            if let Some(peer) = session.peer.as_mut() {
                peer.forget_sent(session.slots[leg.slot].mid);
            }
        }
    }

    pub(super) fn empty_slots(&mut self, key: usize) {
        for slot in 0..self.sessions[key].slots.len() {
            self.unbind(SlotRef { session: key, slot });
        }
    }

    pub(super) fn handle_connected(&mut self, key: usize, now: Instant) {
        let session = &mut self.sessions[key];
        if std::mem::replace(&mut session.connected, true) {
            return;
        }
        session.last_seen = Some(now);
        let event = Event::Connected { session: session.id };
        self.tell(event);
        self.fill_audio(key, now);
        self.arrange_video(key, now);
        self.mix_changed(self.sessions[key].room);
    }

    /// A lost peer is back: sounds and pictures have gone on without it.
    pub fn handle_back(&mut self, key: usize, now: Instant) {
        for slot in 0..self.sessions[key].slots.len() {
            self.sessions[key].slots[slot].rebase();
        }
        self.allocate(key, now);
    }

    pub fn handle_dead(&mut self, key: usize, fault: bool, now: Instant) {
        if self.sessions[key].peer.is_none() {
            return;
        }
        self.counters.failed += u64::from(fault);
        self.end_connection(key, now);
        let event = Event::Failed { session: self.sessions[key].id };
        self.tell(event);
    }

    /// Drops a connection that the client gave up for a new one. What was up is lost until the new one
    /// is: should that never come, nothing else would say so.
    pub fn leave_connection(&mut self, key: usize, now: Instant) {
        let session = &self.sessions[key];
        let lost = (session.connected && !session.lost).then(|| Event::Lost {
            session: session.id,
            last_seen: session.last_seen.unwrap_or(now),
        });
        self.end_connection(key, now);
        if let Some(lost) = lost {
            self.tell(lost);
        }
    }

    /// Drops the connection of a session with all its sources and slots; the session stays.
    pub fn end_connection(&mut self, key: usize, now: Instant) {
        for source in 0..self.sessions[key].sources.len() {
            self.end_source(SourceRef { session: key, source }, now);
        }
        self.leave_mix(key);
        self.empty_slots(key);
        let session = &mut self.sessions[key];
        session.peer = None;
        session.offer = None;
        session.sources.clear();
        session.slots.clear();
        session.decoder = None;
        session.budget = Budget::default();
        session.connected = false;
        session.lost = false;
        session.last_seen = None;
    }

    /// An offer was accepted: what it ends ends, what it opens is filled.
    pub fn adopt(&mut self, key: usize, offer: Offer, labels: &[SourceLabel], now: Instant) {
        let (sources, slots) = self.sessions[key].ended_by(&offer, labels);
        for source in sources {
            self.end_source(SourceRef { session: key, source }, now);
        }
        for slot in slots {
            self.unbind(SlotRef { session: key, slot });
        }
        let session = &mut self.sessions[key];
        session.adopt(&offer, labels);
        session.offer = Some(offer);
        for slot in 0..self.sessions[key].slots.len() {
            // What a codec is called here, and whether it is taken, may have changed.
            self.sessions[key].slots[slot].leg.payload_type = None;
            let bound = self.sessions[key].slots[slot].bound;
            if bound.is_some_and(|from| !self.takes(key, slot, from)) {
                self.unbind(SlotRef { session: key, slot });
            }
        }
        self.fill_audio(key, now);
        self.arrange_video(key, now);
        self.slots_changed(key);
        self.mix_changed(self.sessions[key].room);
    }

    /// The clock reached a session's deadline.
    pub fn handle_due(&mut self, key: usize, now: Instant) {
        let peer_due = self.sessions[key].peer.as_ref().is_some_and(|peer| peer.timeout() <= now);
        if peer_due {
            self.drive(key, now);
        }
        if let Some(event) = self.sessions[key].check_lost(now) {
            self.tell(event);
        }
        let change = self.sessions[key].meter.handle_timeout(now);
        if let Some(at) = self.sessions[key].live_source(TrackSource::Microphone) {
            self.tell_speaking(SourceRef { session: key, source: at }, change, now);
        }
        if self.sessions[key].budget.due_at.is_some_and(|at| at <= now) {
            self.allocate(key, now);
        }
        if self.sessions[key].mixed.as_ref().is_some_and(|mixed| mixed.is_due(now)) {
            self.mix_changed(self.sessions[key].room);
        }
        for source in 0..self.sessions[key].sources.len() {
            self.handle_source_due(SourceRef { session: key, source }, now);
        }
        self.touched.push(key);
    }

    fn handle_source_due(&mut self, from: SourceRef, now: Instant) {
        for stream in 0..LAYERS_MAX {
            let source = &mut self.sessions[from.session].sources[from.source];
            if source.layers.keyframes[stream].take_due(now) {
                self.ask_keyframe(from, stream as u8);
            }
        }
        let source = &mut self.sessions[from.session].sources[from.source];
        if source.absent_at().is_some_and(|at| at <= now) {
            self.stop_source(from, now);
        }
        let source = &mut self.sessions[from.session].sources[from.source];
        if source.rested_at.is_some() && source.rested(now) {
            source.rested_at = None;
            for leg in source.legs.clone() {
                self.fill_audio(leg.session, now);
            }
        }
    }
}
