//! What lives here of a room that spans workers, as the others are shown it: see `relay`.

use std::sync::Arc;
use std::time::Instant;

use model::{Gate, MediaKind, RoomId, TrackSource};

use super::Router;
use crate::credentials::WorkerNumber;
use crate::output::Output;
use crate::packet::Packet;
use crate::relay::{Ban, Content, Relay, Relayed, Shown, ShownSource};
use crate::source::{Abroad, SourceRef};

impl Router {
    pub(super) fn send(&mut self, to: WorkerNumber, content: Content) {
        let relay = Relay { to, from: self.number, content };
        self.sink.out.push_back(Output::Relay(relay));
    }

    /// Hands a packet to the other workers that want it: of a room that lives here alone, to none.
    pub(super) fn relay(&mut self, from: SourceRef, level: Option<i8>, packet: &Packet) {
        let session = &mut self.sessions[from.session];
        let source = &mut session.sources[from.source];
        let Some(label) = source.label.filter(|_| !source.abroad.is_empty()) else { return };
        let run = source.run;
        for abroad in &mut source.abroad {
            let mut packet = packet.clone();
            if let Some(picture) = packet.picture {
                let wanted = abroad.layers & 1 << picture.layer != 0;
                // Only where layers share a stream does leaving one out make gaps in it.
                match (picture.svc, wanted) {
                    (None, true) => {}
                    (None, false) => continue,
                    (Some(svc), false) => {
                        let part = svc.part(packet.timestamp);
                        let Some(seq) = abroad.gaps.drop(packet.seq, part) else { continue };
                        (packet.seq, packet.payload) = (seq, Arc::from([]));
                    }
                    (Some(svc), true) => {
                        let part = svc.part(packet.timestamp);
                        let Some(seq) = abroad.gaps.keep(packet.seq, part) else { continue };
                        packet.seq = seq;
                    }
                }
            }
            let relayed = Relayed { session: session.id, source: label, run, level, packet };
            let (to, content) = (abroad.worker, Content::Packet(relayed));
            self.sink.out.push_back(Output::Relay(Relay { to, from: self.number, content }));
            self.counters.relayed += 1;
        }
    }

    /// A source starts: its packets go to every worker of the room, until one says that nobody there
    /// sees it. So the first packet, which a picture begins with, is not missed.
    pub(super) fn open_abroad(&mut self, from: SourceRef) {
        let room = self.sessions[from.session].room;
        let Some(roster) = self.rooms.get(&room) else { return };
        let abroad = roster.abroad().map(Abroad::all).collect();
        self.sessions[from.session].sources[from.source].abroad = abroad;
    }

    /// Tells the other workers of its room how a session that lives here is now.
    pub(super) fn show(&mut self, key: usize) {
        let session = &self.sessions[key];
        let roster = self.rooms.get(&session.room).filter(|_| session.home.is_none());
        let to: Vec<WorkerNumber> = roster.map(|it| it.abroad().collect()).unwrap_or_default();
        for worker in to {
            self.send(worker, Content::Shown(Box::new(self.shown(key))));
        }
    }

    fn shown(&self, key: usize) -> Shown {
        let session = &self.sessions[key];
        let sources = session.sources.iter().filter(|source| source.shown).filter_map(|source| {
            let (label, codec) = (source.label?, source.codec?);
            let (live, run, heard_at) = (source.live, source.run, source.heard_at);
            Some(ShownSource { label, live, codec, run, heard_at, layers: source.layers.table })
        });
        Shown {
            session: session.id,
            room: session.room,
            user: session.user,
            turn: session.turn,
            meter: session.meter.clone(),
            sources: sources.collect(),
        }
    }

    /// Another worker has members of a room: it is told whether there are any here, and shown what
    /// there is, all of it, however often it asks.
    pub(super) fn handle_here(&mut self, worker: WorkerNumber, room: RoomId) {
        let roster = self.rooms.entry(room).or_default();
        roster.note_presence(worker, true);
        if roster.own == 0 {
            return;
        }
        for worker in roster.tell(false) {
            self.send(worker, Content::Here(room));
        }
        let mut all = Vec::new();
        for key in self.members(room) {
            let session = &mut self.sessions[key];
            if session.home.is_some() || !session.sources.iter().any(|source| source.shown) {
                continue;
            }
            let live = session.sources.iter_mut().filter(|source| source.live);
            for source in live {
                source.abroad.retain(|abroad| abroad.worker != worker);
                source.abroad.push(Abroad::all(worker));
            }
            all.push(self.shown(key));
        }
        self.send(worker, Content::All(room, all));
    }

    /// Another worker has no members of a room any more.
    pub(super) fn handle_away(&mut self, worker: WorkerNumber, room: RoomId, now: Instant) {
        let Some(roster) = self.rooms.get_mut(&room) else { return };
        roster.note_presence(worker, false);
        self.part(worker, room, now);
    }

    /// Nothing passes between this worker and another in a room any more.
    pub(super) fn part(&mut self, worker: WorkerNumber, room: RoomId, now: Instant) {
        for key in self.members(room) {
            let session = &mut self.sessions[key];
            if session.home == Some(worker) {
                self.remove_stand_in(key, now);
                continue;
            }
            for source in &mut session.sources {
                source.abroad.retain(|other| other.worker != worker);
            }
        }
        self.tidy_room(room);
    }

    /// What another worker wants of a picture that lives here.
    pub(super) fn handle_wish(
        &mut self,
        worker: WorkerNumber,
        (key, label): (usize, TrackSource),
        (layers, keyframes): (u8, u8),
        now: Instant,
    ) {
        let session = &mut self.sessions[key];
        let Some(at) = session.live_source(label).filter(|_| label.kind() == MediaKind::Video)
        else {
            return;
        };
        let abroad = &mut session.sources[at].abroad;
        let is_here = self.rooms.get(&session.room).is_some_and(|room| room.is_here(worker));
        if layers == 0 || !is_here {
            abroad.retain(|other| other.worker != worker);
            return;
        }
        match abroad.iter_mut().find(|other| other.worker == worker) {
            Some(known) => known.layers = layers,
            None => abroad.push(Abroad { layers, ..Abroad::all(worker) }),
        }
        self.want_keyframes(SourceRef { session: key, source: at }, keyframes, now);
    }

    /// What the other workers of its room have to be told before they let nothing more pass of a session
    /// than this. `None`: nothing at all, it leaves.
    pub fn bans(&self, key: usize, allowed: Option<Gate>) -> Vec<Ban> {
        let session = &self.sessions[key];
        let (id, room, turn) = (session.id, session.room, session.turn);
        let Some(roster) = self.rooms.get(&room) else { return Vec::new() };
        let (home, here) = (self.number, Some(room));
        let ban = |worker| Ban { worker, session: id, home, room: here, allowed, turn };
        roster.abroad().map(ban).collect()
    }
}
