//! What lives on other workers of a room that spans them, as it is heard and seen here: see `relay`.

use std::time::Instant;

use model::{MediaKind, RoomId, SessionId, TrackSource};

use super::Router;
use crate::credentials::WorkerNumber;
use crate::layer::{News, Table};
use crate::relay::{Ban, Content, Relay, Relayed, Shown, ShownSource};
use crate::session::Session;
use crate::source::{SlotRef, Source, SourceRef};

impl Router {
    /// Something came from another worker.
    pub fn handle_relay(&mut self, relay: Relay, now: Instant) {
        let from = relay.from;
        if self.dead.contains(&from) {
            return;
        }
        match relay.content {
            Content::Here(room) => self.handle_here(from, room),
            Content::Away(room) => self.handle_away(from, room, now),
            Content::All(room, all) => self.handle_all(from, room, &all, now),
            Content::Shown(shown) => self.handle_shown(from, &shown, false, now),
            Content::Packet(relayed) => self.handle_relayed(from, &relayed, now),
            Content::Layers { session, source, layers } => {
                self.handle_layers(from, (session, source), layers, now);
            }
            Content::Wish { session, source, layers, keyframes } => {
                if let Some(&key) = self.own.get(&session) {
                    self.handle_wish(from, (key, source), (layers, keyframes), now);
                }
            }
        }
    }

    /// A worker has died: nothing of it is here any more, and nothing goes there.
    pub fn handle_dead_worker(&mut self, worker: WorkerNumber, now: Instant) {
        self.dead.insert(worker);
        let rooms: Vec<RoomId> = self.rooms.keys().copied().collect();
        for room in rooms {
            if let Some(roster) = self.rooms.get_mut(&room) {
                roster.forget(worker);
            }
            self.part(worker, room, now);
        }
    }

    /// Everything that another worker shows of a room. To members that have come here since it was
    /// asked none of it is news: they choose as if they had found it here.
    fn handle_all(&mut self, from: WorkerNumber, room: RoomId, all: &[Shown], now: Instant) {
        let Some(roster) = self.rooms.get_mut(&room) else { return };
        let fresh = roster.take_fresh(from);
        for key in self.members(room) {
            let session = &self.sessions[key];
            let id = session.id;
            if session.home == Some(from) && !all.iter().any(|shown| shown.session == id) {
                self.remove_stand_in(key, now);
            }
        }
        for shown in all {
            self.handle_shown(from, shown, fresh, now);
        }
        if fresh {
            for key in self.members(room) {
                self.refill_audio(key, now);
                self.refill_video(key, now);
            }
        }
    }

    /// A session of another worker is like this now. `quietly`: the caller fills the slots.
    fn handle_shown(&mut self, from: WorkerNumber, shown: &Shown, quietly: bool, now: Instant) {
        let Some(key) = self.stand_in_for(from, shown, now) else { return };
        self.sessions[key].turn = shown.turn;
        for source in 0..self.sessions[key].sources.len() {
            let label = self.sessions[key].sources[source].label;
            if !shown.sources.iter().any(|still| Some(still.label) == label) {
                self.end_source(SourceRef { session: key, source }, now);
            }
        }
        for source in &shown.sources {
            self.update_source(key, source, quietly, now);
        }
        self.touched.push(key);
    }

    /// The stand-in of a session, new if there is none. `None`: it shows nothing, or there is nobody
    /// here to see it.
    fn stand_in_for(&mut self, from: WorkerNumber, shown: &Shown, now: Instant) -> Option<usize> {
        let anybody = self.rooms.get(&shown.room).is_some_and(|roster| roster.own > 0);
        let wanted = anybody && !shown.sources.is_empty() && !self.own.contains_key(&shown.session);
        if let Some(&key) = self.stand_ins.get(&shown.session) {
            let session = &self.sessions[key];
            let same = session.home == Some(from) && session.room == shown.room;
            if same && wanted {
                return Some(key);
            }
            self.remove_stand_in(key, now);
        }
        if !wanted {
            return None;
        }
        let key = self.sessions.insert(Session::stand_in(from, shown));
        self.stand_ins.insert(shown.session, key);
        self.list(key);
        Some(key)
    }

    fn update_source(&mut self, key: usize, shown: &ShownSource, quietly: bool, now: Instant) {
        let sources = &mut self.sessions[key].sources;
        let known = sources.iter().position(|source| source.label == Some(shown.label));
        let at = known.unwrap_or_else(|| {
            sources.push(Source::of_stand_in(shown));
            sources.len() - 1
        });
        let from = SourceRef { session: key, source: at };
        let source = &mut sources[at];
        (source.shown, source.run) = (true, shown.run);
        source.layers.table = shown.layers;
        // Its home lets it pass until it is told otherwise.
        source.wish.told = None;
        let changed = source.codec.is_none_or(|(known, _)| known != shown.codec.0);
        source.codec = Some(shown.codec);
        match (source.live, shown.live) {
            (true, false) => self.stop_source(from, now),
            (false, true) if quietly => (source.live, source.rested_at) = (true, None),
            (false, true) => self.start_source(from, shown.label, now),
            (true, true) if changed => self.reseat(from, now),
            (true, true) | (false, false) => {}
        }
        self.wish(key);
    }

    /// The layers of another worker's picture have changed.
    fn handle_layers(
        &mut self,
        from: WorkerNumber,
        (session, label): (SessionId, TrackSource),
        layers: Table,
        now: Instant,
    ) {
        let Some(&key) = self.stand_ins.get(&session) else { return };
        let session = &mut self.sessions[key];
        let Some(at) = session.live_source(label).filter(|_| session.home == Some(from)) else {
            return;
        };
        let source = &mut session.sources[at];
        source.layers.table = layers;
        // Its home may let all of them pass until it is told otherwise.
        source.wish.told = None;
        self.handle_news(SourceRef { session: key, source: at }, News::Layers, now);
        self.wish(key);
    }

    /// A packet of another worker's session, which has passed its gate.
    fn handle_relayed(&mut self, from: WorkerNumber, relayed: &Relayed, now: Instant) {
        let Some(&key) = self.stand_ins.get(&relayed.session) else { return };
        let session = &mut self.sessions[key];
        let Some(at) = session.live_source(relayed.source) else { return };
        let source = &mut session.sources[at];
        let as_shown = source.codec.is_some_and(|(known, _)| known == relayed.packet.payload_type);
        if session.home != Some(from) || !as_shown {
            return;
        }
        let gap = std::mem::replace(&mut source.run, relayed.run) != relayed.run;
        if gap {
            for leg in source.legs.clone() {
                self.sessions[leg.session].slots[leg.slot].interrupt();
            }
        }
        let from = SourceRef { session: key, source: at };
        if let Some(level) = relayed.level {
            self.hear(from, level, now);
        }
        self.feed(from, &relayed.packet, now);
        self.forward(from, &relayed.packet, now);
        self.touched.push(key);
    }

    /// Takes a stand-in out of all slots and forgets it.
    pub(super) fn remove_stand_in(&mut self, key: usize, now: Instant) {
        for source in 0..self.sessions[key].sources.len() {
            self.end_source(SourceRef { session: key, source }, now);
        }
        self.stand_ins.remove(&self.sessions[key].id);
        self.unlist(key);
        self.drop_session(key);
    }

    /// A session that is about to live here does not live elsewhere any more.
    pub fn forget_stand_in(&mut self, session: SessionId, now: Instant) {
        if let Some(&key) = self.stand_ins.get(&session) {
            self.remove_stand_in(key, now);
        }
    }

    /// The stand-in that a ban is about.
    pub fn stand_in_of(&self, ban: &Ban) -> Option<usize> {
        self.stand_ins.get(&ban.session).copied()
    }

    /// Carries out what a verb on another worker promised.
    pub fn forbid(&mut self, ban: &Ban, now: Instant) {
        let Some(&key) = self.stand_ins.get(&ban.session) else { return };
        let session = &self.sessions[key];
        // It may have been allowed again since, and that be known here already.
        let is_meant =
            session.home == Some(ban.home) && ban.room.is_none_or(|it| it == session.room);
        if !is_meant || session.turn > ban.turn {
            return;
        }
        let Some(gate) = ban.allowed else { return self.remove_stand_in(key, now) };
        self.shut(key, gate, now);
    }

    /// The home of this session is to be told what is wanted of its pictures, if that is elsewhere.
    pub(super) fn wish(&mut self, key: usize) {
        let session = &mut self.sessions[key];
        if session.home.is_some() && !std::mem::replace(&mut session.wishes, true) {
            self.wishes.push(key);
        }
    }

    /// The layers of a picture that anybody here needs, as bits by place.
    fn needed(&self, from: SourceRef) -> u8 {
        let source = &self.sessions[from.session].sources[from.source];
        let needs = |leg: &SlotRef| {
            let choice = self.sessions[leg.session].slots[leg.slot].choice.as_ref();
            choice.map_or(0, |choice| choice.needs(&source.layers.table))
        };
        source.legs.iter().fold(0, |layers, leg| layers | needs(leg))
    }

    /// Tells the home of one stand-in what has changed in that. `false`: there was none.
    pub fn wish_one(&mut self) -> bool {
        let Some(key) = self.wishes.pop() else { return false };
        let session = &mut self.sessions[key];
        session.wishes = false;
        let (Some(home), id) = (session.home, session.id) else { return true };
        let mut wishes = Vec::new();
        for source in 0..self.sessions[key].sources.len() {
            let layers = self.needed(SourceRef { session: key, source });
            let source = &mut self.sessions[key].sources[source];
            let Some(label) = source.label.filter(|_| source.kind == MediaKind::Video) else {
                continue;
            };
            let asked = std::mem::take(&mut source.wish.keyframes);
            let keyframes = if layers == 0 { 0 } else { asked };
            let news = source.wish.told.replace(layers) != Some(layers);
            if source.live && (news || keyframes != 0) {
                wishes.push(Content::Wish { session: id, source: label, layers, keyframes });
            }
        }
        for content in wishes {
            self.send(home, content);
        }
        true
    }
}
