//! One session: a member's connection with its sources, slots, gate and meter, or the stand-in of one
//! that lives on another worker. Data and questions about itself only; what involves two sessions is
//! in `router`. What is written to a receiver is in `session/write.rs`.

mod write;

use std::time::Instant;

use model::{Gate, RoomId, SessionId, TrackSource, UserId};
use str0m::media::Mid;
use str0m::rtp::RtpPacket;

use crate::allocation::Budget;
use crate::credentials::WorkerNumber;
use crate::event::Event;
use crate::level::LevelDecoder;
use crate::limit::LOST_AFTER;
use crate::offer::{Offer, Section};
use crate::peer::Peer;
use crate::refusal::MediaRefusal;
use crate::relay::Shown;
use crate::request::{OpenSession, SourceLabel};
use crate::slot::Slot;
use crate::source::Source;
use crate::speaker::Meter;

/// A session.
pub(crate) struct Session {
    pub id: SessionId,
    pub room: RoomId,
    pub user: UserId,
    /// The worker that has its connection; `None`: this one. A stand-in has sources, of other sections
    /// it knows nothing.
    pub home: Option<WorkerNumber>,
    pub gate: Gate,
    /// How often its gate or room has changed.
    pub turn: u64,
    pub peer: Option<Peer>,
    /// The offer the peer has accepted last.
    pub offer: Option<Offer>,
    pub sources: Vec<Source>,
    pub slots: Vec<Slot>,
    /// What its connection bears.
    pub budget: Budget,
    pub meter: Meter,
    pub decoder: Option<LevelDecoder>,
    /// It is sent a mix in place of single voices.
    pub mixed: Option<MixedTo>,
    /// Its room is mixed here: what its microphone sends is for the mixer, too.
    pub fed: bool,
    /// DTLS is up.
    pub connected: bool,
    pub lost: bool,
    /// Our name in its ICE checks, as the demultiplexer knows it.
    pub ufrag: Option<String>,
    pub last_seen: Option<Instant>,
    /// In the list of sessions with packets to flush.
    pub dirty: bool,
    /// In the list of sessions whose slots are to be reported.
    pub slots_changed: bool,
    /// In the list of stand-ins whose home is to be told what is wanted of them.
    pub wishes: bool,
}

/// Which section a mix goes into.
pub(crate) struct MixedTo {
    pub slot: usize,
    /// When it ends. `None`: it is needed.
    pub until: Option<Instant>,
    /// How many packets of it there were.
    pub packets: u64,
}

impl MixedTo {
    /// Whether it is to end.
    pub fn is_due(&self, now: Instant) -> bool {
        self.until.is_some_and(|at| at <= now)
    }
}

impl Session {
    pub fn new(open: OpenSession) -> Self {
        Self {
            id: open.session,
            room: open.room,
            user: open.user,
            home: None,
            gate: open.gate,
            turn: 0,
            peer: None,
            offer: None,
            sources: Vec::new(),
            slots: Vec::new(),
            budget: Budget::default(),
            meter: Meter::default(),
            decoder: None,
            mixed: None,
            fed: false,
            connected: false,
            lost: false,
            ufrag: None,
            last_seen: None,
            dirty: false,
            slots_changed: false,
            wishes: false,
        }
    }

    /// The stand-in of a session of another worker, as yet without sources.
    pub fn stand_in(home: WorkerNumber, shown: &Shown) -> Self {
        let Shown { session, room, user, turn, ref meter, .. } = *shown;
        // The gate is its home's business; as a receiver it does not count.
        let open = OpenSession { session, room, user, gate: Gate::SHUT };
        Self { home: Some(home), turn, meter: meter.clone(), ..Self::new(open) }
    }

    /// Whether it is sent anything now.
    pub fn receives(&self) -> bool {
        self.connected && self.gate.receive
    }

    pub fn source_of(&self, mid: Mid) -> Option<usize> {
        self.sources.iter().position(|source| source.mid == mid)
    }

    pub fn slot_of(&self, mid: Mid) -> Option<usize> {
        self.slots.iter().position(|slot| slot.mid == mid && slot.open)
    }

    /// The index of its live source with this label.
    pub fn live_source(&self, label: TrackSource) -> Option<usize> {
        self.sources.iter().position(|source| source.live && source.label == Some(label))
    }

    /// Whether this source is its microphone and sounds.
    pub fn speaks(&self, source: usize) -> bool {
        self.meter.speaking()
            && self.sources.get(source).is_some_and(|s| s.label == Some(TrackSource::Microphone))
    }

    /// Something arrived from the peer. An event if it had been lost.
    pub fn seen(&mut self, now: Instant) -> Option<Event> {
        self.last_seen = Some(now);
        let back = std::mem::take(&mut self.lost);
        (back && self.connected).then_some(Event::Connected { session: self.id })
    }

    /// Whether nothing has arrived for too long.
    pub fn check_lost(&mut self, now: Instant) -> Option<Event> {
        let last_seen = self.lost_at().filter(|at| *at <= now).and(self.last_seen)?;
        self.lost = true;
        Some(Event::Lost { session: self.id, last_seen })
    }

    fn lost_at(&self) -> Option<Instant> {
        let watched = self.connected && !self.lost;
        self.last_seen.filter(|_| watched).map(|at| at + LOST_AFTER)
    }

    /// When it next needs the clock.
    pub fn deadline(&self) -> Option<Instant> {
        let peer = self.peer.as_ref().map(Peer::timeout);
        let sources = self.sources.iter().filter_map(Source::deadline);
        let mix = self.mixed.as_ref().and_then(|mixed| mixed.until);
        let own = [peer, self.lost_at(), self.meter.deadline(), self.budget.due_at, mix];
        sources.chain(own.into_iter().flatten()).min()
    }

    /// The level of a microphone packet: from the header extension, else by decoding.
    pub fn level_of(&mut self, packet: &RtpPacket) -> Option<i8> {
        if let Some(level) = packet.header.ext_vals.audio_level {
            return Some(level);
        }
        if self.decoder.is_none() {
            self.decoder = LevelDecoder::new();
        }
        self.decoder.as_mut()?.level(&packet.payload)
    }

    /// Checks the labels of an offer before anything is changed.
    pub fn check_labels(offer: &Offer, labels: &[SourceLabel]) -> Result<(), MediaRefusal> {
        for (at, label) in labels.iter().enumerate() {
            let mid = &label.mid;
            let section = offer.sections.iter().find(|section| section.mid == *mid);
            let Some(section) = section else {
                return Err(MediaRefusal::bad_sdp(format!(
                    "sources names the section {mid:.16}, which the SDP does not have"
                )));
            };
            if section.kind != Some(label.source.kind()) {
                return Err(MediaRefusal::bad_sdp(format!(
                    "section {mid} cannot carry a {}",
                    label.source
                )));
            }
            if labels[..at].iter().any(|earlier| earlier.source == label.source) {
                return Err(MediaRefusal::bad_sdp(format!(
                    "sources names two sections as {}",
                    label.source
                )));
            }
        }
        Ok(())
    }

    /// Which sources that anybody has in a slot, or could, and which bound slots an accepted offer ends: asked before [`Session::adopt`].
    pub fn ended_by(&self, offer: &Offer, labels: &[SourceLabel]) -> (Vec<usize>, Vec<usize>) {
        let section = |name: &String| offer.sections.iter().find(|section| section.mid == *name);
        let relabelled = |source: &Source| {
            labels.iter().any(|said| {
                let (same_mid, same) = (said.mid == source.name, Some(said.source) == source.label);
                same_mid != same
            })
        };
        let stopped = |source: &Source| {
            let sends = section(&source.name).is_some_and(|section| section.direction.sends());
            source.shown && (!sends || relabelled(source))
        };
        let closed = |slot: &Slot| {
            let open = section(&slot.name).is_some_and(|section| section.direction.receives());
            slot.bound.is_some() && !open
        };
        (indices(&self.sources, stopped), indices(&self.slots, closed))
    }

    /// Takes over what an accepted offer says about sections.
    pub fn adopt(&mut self, offer: &Offer, labels: &[SourceLabel]) {
        let gone = |name: &String| !offer.sections.iter().any(|section| section.mid == *name);
        for source in self.sources.iter_mut().filter(|source| gone(&source.name)) {
            (source.sending, source.label) = (false, None);
            source.retired = source.legs.is_empty();
        }
        for slot in self.slots.iter_mut().filter(|slot| gone(&slot.name)) {
            slot.open = false;
            slot.retired = slot.bound.is_none();
        }
        for section in &offer.sections {
            self.adopt_section(section);
        }
        self.label(labels);
    }

    fn adopt_section(&mut self, section: &Section) {
        let Some(kind) = section.kind else { return };
        let (sends, receives) = (section.direction.sends(), section.direction.receives());
        let source =
            self.sources.iter_mut().find(|source| source.name == section.mid && !source.retired);
        match source {
            Some(source) => source.sending = sends,
            // A section that is no slot is one of the client's own, even while it is inactive.
            None if sends || !receives => {
                let mut source = Source::new(section.mid.clone(), kind);
                source.sending = sends;
                // Places of sections that were replaced are used again, or a client could make the
                // list grow without end.
                match self.sources.iter_mut().find(|source| source.retired) {
                    Some(retired) => *retired = source,
                    None => self.sources.push(source),
                }
            }
            None => {}
        }
        let slot = self.slots.iter_mut().find(|slot| slot.name == section.mid && !slot.retired);
        match slot {
            Some(slot) => (slot.open, slot.redundant) = (receives, section.redundant),
            None if receives => {
                let mut slot = Slot::new(section.mid.clone(), kind);
                (slot.open, slot.redundant) = (true, section.redundant);
                match self.slots.iter_mut().find(|slot| slot.retired) {
                    Some(retired) => *retired = slot,
                    None => self.slots.push(slot),
                }
            }
            None => {}
        }
    }

    /// Said labels first; then audio is the microphone, the first video the camera, the second the
    /// screen. A label once given stays with its section.
    fn label(&mut self, labels: &[SourceLabel]) {
        for label in labels {
            for source in &mut self.sources {
                if source.name == label.mid {
                    source.label = Some(label.source);
                } else if source.label == Some(label.source) {
                    source.label = None;
                }
            }
        }
        for choice in [TrackSource::Microphone, TrackSource::Camera, TrackSource::Screen] {
            if self.sources.iter().any(|source| source.label == Some(choice)) {
                continue;
            }
            let free = |s: &&mut Source| s.label.is_none() && s.kind == choice.kind();
            if let Some(source) = self.sources.iter_mut().find(free) {
                source.label = Some(choice);
            }
        }
    }
}

fn indices<T>(all: &[T], picked: impl Fn(&T) -> bool) -> Vec<usize> {
    all.iter().enumerate().filter(|(_, one)| picked(one)).map(|(at, _)| at).collect()
}
