//! Who hears and sees whom: from the sources of a room to the slots of its sessions.
//!
//! A source keeps the list of its legs, so a packet costs one walk of that list: no look-up by key,
//! no allocation of ours. Packets are only queued at the receivers; each receiver is flushed once,
//! when the worker's output is polled, however many packets it got in that turn.
//!
//! `router/rooms.rs` knows who is in a room, `router/sources.rs` starts and stops sources,
//! `router/audio.rs` and `router/video.rs` choose what goes into which slot and `router/slots.rs` puts it
//! there, `router/budget.rs` in which layer, `router/voice.rs` taps microphones for captions, `router/mix.rs` for the mixer. In a room that spans workers
//! `router/abroad.rs` relays what lives here and `router/stand_in.rs` is where what lives elsewhere
//! arrives.

mod abroad;
mod audio;
mod budget;
mod mix;
mod rooms;
mod slots;
mod sources;
mod stand_in;
mod video;
mod voice;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use model::{RoomId, SessionId, TrackSource};
use slab::Slab;
use str0m::format::PayloadParams;
use str0m::media::{Mid, Pt, Rid};
use str0m::rtp::RtpPacket;

use crate::credentials::WorkerNumber;
use crate::event::Event;
use crate::layer::Noted;
use crate::limit::CODEC_KEPT_FOR;
use crate::output::{Counters, Output};
use crate::packet::Packet;
use crate::peer::{PeerEvent, Sink, Wrote};
use crate::picture::{Description, Picture};
use crate::red;
use crate::roster::Roster;
use crate::session::Session;
use crate::source::SourceRef;

/// A packet with redundancy that cannot be read.
struct Malformed;

/// The sessions of a worker and their rooms.
pub(crate) struct Router {
    number: WorkerNumber,
    /// Those that live here and the stand-ins of others.
    pub sessions: Slab<Session>,
    /// Those that live here.
    pub own: HashMap<SessionId, usize>,
    stand_ins: HashMap<SessionId, usize>,
    /// Rooms that are mixed for somebody here.
    mixes: HashMap<RoomId, mix::Mixing>,
    /// Rooms of which that may have changed.
    mixes_changed: Vec<RoomId>,
    /// The highest turn of any mix.
    turns: u64,
    rooms: HashMap<RoomId, Roster>,
    /// Workers that have died: what still comes from them counts for nothing.
    dead: HashSet<WorkerNumber>,
    /// Sessions with packets that wait for the flush.
    dirty: Vec<usize>,
    /// Sessions whose slots are to be reported.
    slots_changed: Vec<usize>,
    /// Stand-ins whose home is to be told what is wanted of them.
    wishes: Vec<usize>,
    /// Sessions whose deadline may have moved.
    pub touched: Vec<usize>,
    pub sink: Sink,
    pub counters: Counters,
}

impl Router {
    /// Without sessions.
    pub fn new(number: WorkerNumber) -> Self {
        Self {
            number,
            sessions: Slab::new(),
            own: HashMap::new(),
            stand_ins: HashMap::new(),
            mixes: HashMap::new(),
            mixes_changed: Vec::new(),
            turns: 0,
            rooms: HashMap::new(),
            dead: HashSet::new(),
            dirty: Vec::new(),
            slots_changed: Vec::new(),
            wishes: Vec::new(),
            touched: Vec::new(),
            sink: Sink::default(),
            counters: Counters::default(),
        }
    }

    /// Totals so far.
    pub fn totals(&self) -> Counters {
        let (own, stand_ins) = (self.own.len() as u64, self.stand_ins.len() as u64);
        let mut totals = Counters { sessions: own, stand_ins, ..self.counters };
        self.count_pictures(&mut totals);
        totals
    }

    /// Acts on everything the connection of a session had to say.
    pub fn handle_events(&mut self, key: usize, now: Instant) {
        let mut events = std::mem::take(&mut self.sink.events);
        for event in events.drain(..) {
            match event {
                PeerEvent::Packet { mid, rid, packet } => {
                    self.handle_packet(key, mid, rid, packet, now);
                }
                PeerEvent::KeyframeWanted { mid } => self.handle_keyframe_wanted(key, mid, now),
                PeerEvent::Estimate { bps, steady } => {
                    self.handle_estimate(key, (bps, steady), now);
                }
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
        mut packet: RtpPacket,
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
        let redundant = match self.unwrap(from, label, &mut packet) {
            Ok(redundant) => redundant,
            Err(Malformed) => return,
        };
        if !self.learn_codec(from, packet.header.payload_type, now) {
            return;
        }
        let noted = match label {
            TrackSource::Microphone => None,
            TrackSource::Camera | TrackSource::Screen => match self.note(from, rid, &packet, now) {
                None => return,
                noted => noted,
            },
        };
        if !self.sessions[key].sources[at].live {
            self.start_source(from, label, now);
        } else if let Some(news) = noted.as_ref().map(|noted| noted.news) {
            self.handle_news(from, news, now);
        }
        let mut level = None;
        if label == TrackSource::Microphone {
            level = self.measure(from, &packet, now);
            self.tap(from, &packet, now);
        }
        let mut packet = Packet::from(packet);
        (packet.redundant, packet.picture) = (redundant, noted.map(|noted| noted.picture));
        self.relay(from, level, &packet);
        self.feed(from, &packet, now);
        self.forward(from, &packet, now);
    }

    /// Takes the redundancy off a microphone packet, if it has any, and returns the packet as it was.
    fn unwrap(
        &self,
        from: SourceRef,
        label: TrackSource,
        packet: &mut RtpPacket,
    ) -> Result<Option<Arc<[u8]>>, Malformed> {
        let session = &self.sessions[from.session];
        let known = session.sources[from.source].codec;
        let payload_type = packet.header.payload_type;
        if label != TrackSource::Microphone || known.is_some_and(|it| it.0 == payload_type) {
            return Ok(None);
        }
        let inside = session.peer.as_ref().and_then(|peer| peer.inside(payload_type));
        let Some(inside) = inside else { return Ok(None) };
        let (named, primary) = red::primary(&packet.payload).ok_or(Malformed)?;
        if named != *inside {
            return Err(Malformed);
        }
        packet.header.payload_type = inside;
        let plain = Arc::from(&packet.payload[primary]);
        Ok(Some(std::mem::replace(&mut packet.payload, plain)))
    }

    /// Notes which layer a packet of a picture is of. `None`: of none.
    fn note(
        &mut self,
        from: SourceRef,
        rid: Option<Rid>,
        packet: &RtpPacket,
        now: Instant,
    ) -> Option<Noted> {
        let source = &mut self.sessions[from.session].sources[from.source];
        let (_, codec) = source.codec?;
        // Padding alone, which a sender probes with, is no picture.
        if packet.payload.is_empty() {
            return None;
        }
        let said = Description::of(codec.spec().codec, &packet.payload);
        let numbers = (*packet.seq_no, packet.header.timestamp, packet.payload.len());
        source.layers.handle_packet(rid, &said, numbers, now)
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
            source.run = source.run.wrapping_add(1);
            for leg in source.legs.clone() {
                self.sessions[leg.session].slots[leg.slot].interrupt();
            }
            return false;
        };
        let changed = source.codec.replace((payload_type, codec)).is_some();
        source.codec_at = Some(now);
        if changed {
            source.layers.clear();
            for leg in source.legs.clone() {
                self.sessions[leg.session].slots[leg.slot].rebase();
            }
        }
        let source = &self.sessions[from.session].sources[from.source];
        if changed && source.live {
            self.reseat(from, now);
        }
        true
    }

    /// The hot path.
    fn forward(&mut self, from: SourceRef, packet: &Packet, now: Instant) {
        let session = &mut self.sessions[from.session];
        let Some((_, codec)) = session.sources[from.source].codec else { return };
        if let Some(picture) = &packet.picture {
            return self.forward_picture(from, codec, (packet, picture), now);
        }
        // Out of the slab for the walk, so that the receivers, which are in it too, can be changed.
        let legs = std::mem::take(&mut session.sources[from.source].legs);
        for leg in &legs {
            let receiver = &mut self.sessions[leg.session];
            let wrote = receiver.write_sound(leg.slot, codec, packet, now, &mut self.sink);
            self.counters.forwarded += u64::from(wrote != Wrote::Nothing);
            if wrote == Wrote::Queued && !std::mem::replace(&mut receiver.dirty, true) {
                self.dirty.push(leg.session);
            }
        }
        self.sessions[from.session].sources[from.source].legs = legs;
    }

    /// The same for pictures, of which each leg takes the packets of its own layer.
    fn forward_picture(
        &mut self,
        from: SourceRef,
        codec: PayloadParams,
        packet: (&Packet, &Picture),
        now: Instant,
    ) {
        let legs = std::mem::take(&mut self.sessions[from.session].sources[from.source].legs);
        let (mut asked, mut switched) = (0_u8, false);
        for leg in &legs {
            let receiver = &mut self.sessions[leg.session];
            let written = receiver.write_picture(leg.slot, codec, packet, now);
            asked |= written.ask.map_or(0, |stream| 1 << stream);
            switched |= written.switched;
            self.counters.layer_switches += u64::from(written.switched);
            if !written.sent {
                continue;
            }
            self.counters.forwarded += 1;
            if !std::mem::replace(&mut receiver.dirty, true) {
                self.dirty.push(leg.session);
            }
        }
        self.sessions[from.session].sources[from.source].legs = legs;
        self.want_keyframes(from, asked, now);
        if switched {
            // What was needed until now no longer is.
            self.wish(from.session);
        }
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

    pub fn tell(&mut self, event: Event) {
        self.sink.out.push_back(Output::Event(event));
    }

    /// Tells of a session that lives here; of others their home does.
    fn tell_of(&mut self, key: usize, event: Event) {
        if self.sessions[key].home.is_none() {
            self.tell(event);
        }
    }
}
