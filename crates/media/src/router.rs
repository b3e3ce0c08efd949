//! Who hears and sees whom: from the sources of a room to the slots of its sessions.
//!
//! A source keeps the list of its legs, so a packet costs one walk of that list: no look-up by key,
//! no allocation of ours. Packets are only queued at the receivers; each receiver is flushed once,
//! when the worker's output is polled, however many packets it got in that turn.
//!
//! `router/sources.rs` starts and stops sources, `router/audio.rs` and `router/video.rs` bind them,
//! `router/voice.rs` taps microphones for captions.

mod audio;
mod sources;
mod video;
mod voice;

use std::collections::HashMap;
use std::time::Instant;

use model::{RoomId, TrackSource};
use slab::Slab;
use str0m::media::{Mid, Pt, Rid};
use str0m::rtp::RtpPacket;

use crate::event::{Bound, Event, SlotBinding};
use crate::keyframe::begins_keyframe;
use crate::layer::Pick;
use crate::limit::CODEC_KEPT_FOR;
use crate::output::{Counters, Output};
use crate::peer::{PeerEvent, Sink};
use crate::session::Session;
use crate::source::{SlotRef, SourceRef};

/// The sessions of a worker and their rooms.
#[derive(Default)]
pub(crate) struct Router {
    pub sessions: Slab<Session>,
    members_by_room: HashMap<RoomId, Vec<usize>>,
    /// Sessions with packets that wait for the flush.
    dirty: Vec<usize>,
    /// Sessions whose slots are to be reported.
    slots_changed: Vec<usize>,
    /// Sessions whose deadline may have moved.
    pub touched: Vec<usize>,
    pub sink: Sink,
    pub counters: Counters,
}

impl Router {
    /// Adds a session to its room.
    pub fn insert(&mut self, session: Session) -> usize {
        let room = session.room;
        let key = self.sessions.insert(session);
        self.members_by_room.entry(room).or_default().push(key);
        key
    }

    /// Takes a session out: nobody is bound to it and it is bound to nobody any more.
    pub fn remove(&mut self, key: usize, now: Instant) {
        self.end_connection(key, now);
        let session = self.sessions.remove(key);
        if let Some(members) = self.members_by_room.get_mut(&session.room) {
            members.retain(|&member| member != key);
            if members.is_empty() {
                self.members_by_room.remove(&session.room);
            }
        }
        self.dirty.retain(|&dirty| dirty != key);
        self.slots_changed.retain(|&changed| changed != key);
        self.touched.retain(|&touched| touched != key);
    }

    /// The other sessions of a room, but not those of the same user.
    fn others(&self, key: usize) -> Vec<usize> {
        let session = &self.sessions[key];
        let members = self.members_by_room.get(&session.room);
        let other = |&member: &usize| self.sessions[member].user != session.user;
        members.map(|all| all.iter().copied().filter(other).collect()).unwrap_or_default()
    }

    /// Acts on everything the connection of a session had to say.
    pub fn handle_events(&mut self, key: usize, now: Instant) {
        let mut events = std::mem::take(&mut self.sink.events);
        for event in events.drain(..) {
            match event {
                PeerEvent::Packet { mid, rid, packet } => {
                    self.handle_packet(key, mid, rid, &packet, now);
                }
                PeerEvent::KeyframeWanted { mid } => self.handle_keyframe_wanted(key, mid, now),
                PeerEvent::Connected => self.handle_connected(key, now),
                PeerEvent::Dead { fault } => self.handle_dead(key, fault, now),
            }
        }
        // Keeps the allocation, unless acting on them produced more.
        if self.sink.events.is_empty() {
            self.sink.events = events;
        }
        self.touched.push(key);
    }

    fn handle_packet(
        &mut self,
        key: usize,
        mid: Mid,
        rid: Option<Rid>,
        packet: &RtpPacket,
        now: Instant,
    ) {
        let session = &mut self.sessions[key];
        let Some(at) = session.source_of(mid) else { return };
        let source = &mut session.sources[at];
        let Some(label) = source.label.filter(|_| source.sending) else { return };
        source.arrived_at = Some(now);
        if !session.gate.allows(label) {
            self.counters.gated += 1;
            return;
        }
        let from = SourceRef { session: key, source: at };
        if !self.learn_codec(from, packet.header.payload_type, now) {
            return;
        }
        if !self.sessions[key].sources[at].live {
            self.start_source(from, label, now);
        }
        if label == TrackSource::Microphone {
            self.measure(from, packet, now);
            self.tap(from, packet, now);
        } else if !self.pick_layer(from, rid, packet, now) {
            return;
        }
        self.forward(from, packet, now);
    }

    /// Whether it is known what a packet is, and it is what the source sends now.
    fn learn_codec(&mut self, from: SourceRef, payload_type: Pt, now: Instant) -> bool {
        let session = &mut self.sessions[from.session];
        let source = &mut session.sources[from.source];
        if source.codec.is_some_and(|(known, _)| known == payload_type) {
            return true;
        }
        // Slots are arranged anew each time, so a sender that alternates gets only one codec through.
        let settled = source.codec_at.is_none_or(|at| now >= at + CODEC_KEPT_FOR);
        let codec = session.peer.as_ref().and_then(|peer| peer.codec(payload_type));
        let Some(codec) = codec.filter(|_| settled) else {
            for leg in source.legs.clone() {
                self.sessions[leg.session].slots[leg.slot].leg.interrupt();
            }
            return false;
        };
        let changed = source.codec.replace((payload_type, codec)).is_some();
        source.codec_at = Some(now);
        if changed && source.live {
            self.reseat(from, now);
        }
        true
    }

    /// Whether this packet is of the layer that is forwarded.
    fn pick_layer(
        &mut self,
        from: SourceRef,
        rid: Option<Rid>,
        packet: &RtpPacket,
        now: Instant,
    ) -> bool {
        let source = &mut self.sessions[from.session].sources[from.source];
        let Some((_, codec)) = source.codec else { return false };
        let begins = || begins_keyframe(codec.spec().codec, &packet.payload);
        let pick = source.layers.handle_packet(rid, packet.payload.len(), begins, now);
        match pick {
            Pick::Skip => false,
            Pick::Forward => true,
            Pick::Ask => {
                self.want_keyframe(from, now);
                false
            }
            Pick::Switch | Pick::Begin => {
                for leg in source.legs.clone() {
                    self.sessions[leg.session].slots[leg.slot].leg.rebase();
                }
                if pick == Pick::Switch {
                    self.want_keyframe(from, now);
                }
                true
            }
        }
    }

    /// The hot path.
    fn forward(&mut self, from: SourceRef, packet: &RtpPacket, now: Instant) {
        let session = &mut self.sessions[from.session];
        let Some(codec) = session.sources[from.source].codec else { return };
        // Out of the slab for the walk, so that the receivers, which are in it too, can be changed.
        let legs = std::mem::take(&mut session.sources[from.source].legs);
        for leg in &legs {
            let receiver = &mut self.sessions[leg.session];
            if !receiver.write(leg.slot, codec, packet, now) {
                continue;
            }
            self.counters.forwarded += 1;
            if !std::mem::replace(&mut receiver.dirty, true) {
                self.dirty.push(leg.session);
            }
        }
        self.sessions[from.session].sources[from.source].legs = legs;
    }

    /// Sends what is queued at one receiver. `false`: there was nothing.
    pub fn flush_one(&mut self, now: Instant) -> bool {
        let Some(key) = self.dirty.pop() else { return false };
        self.sessions[key].dirty = false;
        self.drive(key, now);
        true
    }

    /// Lets a connection look at the clock, and acts on what comes of it.
    pub fn drive(&mut self, key: usize, now: Instant) {
        if let Some(peer) = self.sessions[key].peer.as_mut() {
            peer.handle_timeout(now, &mut self.sink);
            self.handle_events(key, now);
        }
    }

    /// Reports the slots of one session whose slots have changed. `false`: there was none.
    pub fn report_one(&mut self) -> bool {
        let Some(key) = self.slots_changed.pop() else { return false };
        let session = &mut self.sessions[key];
        session.slots_changed = false;
        let id = session.id;
        let session = &self.sessions[key];
        let open = session.slots.iter().filter(|slot| slot.open);
        let slots = open
            .map(|slot| SlotBinding {
                mid: slot.name.clone(),
                kind: slot.kind,
                bound: slot.bound.and_then(|source| self.bound(source)),
            })
            .collect();
        self.tell(Event::Slots { session: id, slots });
        true
    }

    fn bound(&self, from: SourceRef) -> Option<Bound> {
        let session = self.sessions.get(from.session)?;
        let source = session.sources.get(from.source)?.label?;
        Some(Bound { session: session.id, user: session.user, source })
    }

    pub fn tell(&mut self, event: Event) {
        self.sink.out.push_back(Output::Event(event));
    }

    fn slots_changed(&mut self, key: usize) {
        if !std::mem::replace(&mut self.sessions[key].slots_changed, true) {
            self.slots_changed.push(key);
        }
    }

    /// Reports a session's slots even if nothing is bound (after an offer).
    pub fn report_slots_of(&mut self, key: usize) {
        self.slots_changed(key);
    }

    /// Puts a source into a slot, whatever was there.
    fn bind(&mut self, to: SlotRef, from: SourceRef, now: Instant) {
        self.unbind(to);
        let slot = &mut self.sessions[to.session].slots[to.slot];
        slot.bound = Some(from);
        slot.leg.rebase();
        self.sessions[from.session].sources[from.source].legs.push(to);
        self.want_keyframe(from, now);
        self.slots_changed(to.session);
    }

    /// Empties a slot. What was kept for retransmission goes too: it may be what a gate now forbids.
    fn unbind(&mut self, to: SlotRef) {
        let session = &mut self.sessions[to.session];
        let slot = &mut session.slots[to.slot];
        let Some(from) = slot.bound.take() else { return };
        slot.leg.rebase();
        if let Some(peer) = session.peer.as_mut() {
            peer.forget_sent(slot.mid);
        }
        self.sessions[from.session].sources[from.source].legs.retain(|leg| *leg != to);
        self.slots_changed(to.session);
    }

    fn handle_keyframe_wanted(&mut self, key: usize, mid: Mid, now: Instant) {
        let session = &self.sessions[key];
        let bound = session.slot_of(mid).and_then(|slot| session.slots[slot].bound);
        if let Some(from) = bound {
            self.want_keyframe(from, now);
        }
    }

    /// Asks the sender of a picture for a keyframe, now or as soon as it may be asked again.
    fn want_keyframe(&mut self, from: SourceRef, now: Instant) {
        let source = &mut self.sessions[from.session].sources[from.source];
        if source.kind == model::MediaKind::Video && source.keyframes.want(now) {
            self.ask_keyframe(from);
        }
        self.touched.push(from.session);
    }

    fn ask_keyframe(&mut self, from: SourceRef) {
        let session = &mut self.sessions[from.session];
        let source = &session.sources[from.source];
        if let Some(peer) = session.peer.as_mut() {
            peer.request_keyframe(source.mid, source.layers.wanted());
            if !std::mem::replace(&mut session.dirty, true) {
                self.dirty.push(from.session);
            }
        }
    }
}
