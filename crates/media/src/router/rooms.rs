//! Who is in which room: sessions come, go, and are carried from one to another.

use std::time::Instant;

use model::{Gate, RoomId};

use super::Router;
use crate::credentials::WorkerNumber;
use crate::relay::Content;
use crate::session::Session;
use crate::source::SourceRef;

impl Router {
    /// Adds a session that lives here to its room, of which these other workers have members too.
    pub fn insert(&mut self, session: Session, beside: &[WorkerNumber]) {
        let id = session.id;
        let key = self.sessions.insert(session);
        self.own.insert(id, key);
        self.enter(key, beside);
    }

    /// Takes a session that lives here out: nobody is bound to it and it is bound to nobody any more.
    pub fn remove(&mut self, key: usize, now: Instant) {
        self.end_connection(key, now);
        self.own.remove(&self.sessions[key].id);
        self.leave(key, now);
        self.drop_session(key);
    }

    /// Takes a session to another room: everything between it and the old one ends, what the client
    /// wanted to see there included; its connection does not notice.
    pub fn carry(
        &mut self,
        key: usize,
        room: RoomId,
        gate: Gate,
        beside: &[WorkerNumber],
        now: Instant,
    ) {
        for source in 0..self.sessions[key].sources.len() {
            self.end_source(SourceRef { session: key, source }, now);
        }
        self.leave_mix(key);
        self.empty_slots(key);
        self.leave(key, now);
        let session = &mut self.sessions[key];
        (session.room, session.gate) = (room, gate);
        for slot in &mut session.slots {
            slot.want = slot.want.elsewhere();
        }
        self.enter(key, beside);
        self.fill_audio(key, now);
        self.arrange_video(key, now);
        self.slots_changed(key);
        self.touched.push(key);
    }

    /// The other sessions of a room, but not those of the same user.
    pub(super) fn others(&self, key: usize) -> Vec<usize> {
        let session = &self.sessions[key];
        let other = |&member: &usize| self.sessions[member].user != session.user;
        let roster = self.rooms.get(&session.room);
        roster.map(|all| all.members.iter().copied().filter(other).collect()).unwrap_or_default()
    }

    /// All members of a room, stand-ins included, by session id.
    pub(super) fn members(&self, room: RoomId) -> Vec<usize> {
        self.rooms.get(&room).map(|roster| roster.members.clone()).unwrap_or_default()
    }

    fn enter(&mut self, key: usize, beside: &[WorkerNumber]) {
        self.list(key);
        let (room, me) = (self.sessions[key].room, self.number);
        let roster = self.rooms.entry(room).or_default();
        roster.own += 1;
        for &worker in beside.iter().filter(|&worker| *worker != me) {
            if !self.dead.contains(&worker) {
                roster.meet(worker);
            }
        }
        let first = roster.own == 1;
        for worker in roster.tell(first) {
            self.send(worker, Content::Here(room));
        }
    }

    /// Puts a session or stand-in into the list of its room, at the place that its id has there.
    pub(super) fn list(&mut self, key: usize) {
        let (id, room) = (self.sessions[key].id, self.sessions[key].room);
        let sessions = &self.sessions;
        let members = &mut self.rooms.entry(room).or_default().members;
        let at = members.partition_point(|&member| sessions[member].id < id);
        members.insert(at, key);
        self.mix_changed(room);
    }

    /// Takes a session that lives here out of its room, and with the last one all stand-ins in it.
    fn leave(&mut self, key: usize, now: Instant) {
        let room = self.sessions[key].room;
        self.unlist(key);
        let Some(roster) = self.rooms.get_mut(&room) else { return };
        roster.own -= 1;
        if roster.own == 0 {
            let strangers = roster.members.clone();
            for worker in roster.untell() {
                self.send(worker, Content::Away(room));
            }
            for stand_in in strangers {
                self.remove_stand_in(stand_in, now);
            }
        }
        self.tidy_room(room);
    }

    /// Takes a session or stand-in off the list of its room.
    pub(super) fn unlist(&mut self, key: usize) {
        if let Some(roster) = self.rooms.get_mut(&self.sessions[key].room) {
            roster.members.retain(|&member| member != key);
        }
        self.mix_changed(self.sessions[key].room);
    }

    pub(super) fn tidy_room(&mut self, room: RoomId) {
        if self.rooms.get(&room).is_some_and(|roster| roster.is_empty()) {
            self.rooms.remove(&room);
        }
    }

    /// Forgets a session or stand-in that is in no room and no slot any more.
    pub(super) fn drop_session(&mut self, key: usize) {
        self.sessions.remove(key);
        for list in [&mut self.dirty, &mut self.slots_changed, &mut self.wishes, &mut self.touched]
        {
            list.retain(|&other| other != key);
        }
    }
}
