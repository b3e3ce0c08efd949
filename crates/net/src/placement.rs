//! Which worker a session lives on: when it is made, the one that has most of its room, so that a packet
//! is forwarded on the thread that decrypted it, until that has [`TOGETHER_MAX`] of the room; a new room, and
//! those whom a large one has no place for, go to the running worker with the fewest sessions. It stays
//! there whatever room it is taken to.
//!
//! The handle changes the table and sends the command that says so to the worker under one lock, so
//! what a worker is told has the order that it has here. A thread that dies says so too
//! ([`Placement::bury`]). Its sessions are kept as orphans with what they were opened with, because the
//! application still has them: the next call for one opens it on a worker that runs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use media::{Gate, OpenSession, WorkerNumber};
use model::{RoomId, SessionId};

/// Sessions of one room that are put on one worker before others get some. A packet that goes to another
/// worker costs one copy of its description more there: fewer would pay that in rooms that one worker
/// serves within a millisecond, more would make the last of a large audience wait for the others' packets.
const TOGETHER_MAX: usize = 64;

/// The table behind the handle.
pub(crate) struct Placement {
    workers: Vec<Seats>,
    home_by_session: HashMap<SessionId, Home>,
    /// Which workers have how many sessions of a room. Mostly one.
    workers_by_room: HashMap<RoomId, Vec<(usize, usize)>>,
}

struct Seats {
    running: bool,
    sessions: usize,
}

struct Home {
    worker: usize,
    /// Its worker died.
    orphan: bool,
    open: OpenSession,
}

/// Where a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    At(usize),
    /// Nowhere any more: to be opened again like this. The worker that it lived on died.
    Orphan(OpenSession, usize),
}

impl Placement {
    pub fn new(workers: usize) -> Self {
        let seats = |_| Seats { running: true, sessions: 0 };
        Self {
            workers: (0..workers).map(seats).collect(),
            home_by_session: HashMap::new(),
            workers_by_room: HashMap::new(),
        }
    }

    /// Where a session lives, if it does.
    pub fn find(&self, session: SessionId) -> Option<Found> {
        let home = self.home_by_session.get(&session)?;
        let Home { worker, orphan, open } = *home;
        Some(if orphan { Found::Orphan(open, worker) } else { Found::At(worker) })
    }

    /// The place that a session has or would get. `None`: no worker runs.
    pub fn place_for(&self, open: &OpenSession) -> Option<usize> {
        if let Some(Found::At(worker)) = self.find(open.session) {
            return Some(worker);
        }
        let of_room = self.workers_by_room.get(&open.room).into_iter().flatten();
        let has_place = of_room.filter(|(_, sessions)| *sessions < TOGETHER_MAX);
        // The first of equals, to be repeatable.
        if let Some((worker, _)) = has_place.rev().max_by_key(|(_, sessions)| *sessions) {
            return Some(*worker);
        }
        let running = self.workers.iter().enumerate().filter(|(_, seats)| seats.running);
        running.min_by_key(|(_, seats)| seats.sessions).map(|(worker, _)| worker)
    }

    /// Puts a session on a worker, if it is not on one already.
    pub fn put(&mut self, open: OpenSession, worker: usize) {
        if !matches!(self.find(open.session), Some(Found::At(_))) {
            self.workers[worker].sessions += 1;
            self.enter(open.room, worker);
            self.home_by_session.insert(open.session, Home { worker, orphan: false, open });
        }
    }

    /// The other workers with sessions of a room.
    pub fn beside(&self, room: RoomId, worker: usize) -> Vec<WorkerNumber> {
        let of_room = self.workers_by_room.get(&room).into_iter().flatten();
        let others = of_room.filter(|(other, _)| *other != worker);
        others.map(|(other, _)| WorkerNumber(*other as u8)).collect()
    }

    /// Whether a session is in a room.
    pub fn is_in(&self, session: SessionId, room: RoomId) -> bool {
        self.home_by_session.get(&session).is_some_and(|home| home.open.room == room)
    }

    /// Remembers what a session may do, should it have to be opened again.
    pub fn note_gate(&mut self, session: SessionId, gate: Gate) {
        if let Some(home) = self.home_by_session.get_mut(&session) {
            home.open.gate = gate;
        }
    }

    /// Remembers the room that a session is taken to, and what it may do there.
    pub fn note_room(&mut self, session: SessionId, room: RoomId, gate: Gate) {
        let Some(home) = self.home_by_session.get_mut(&session) else { return };
        let before = std::mem::replace(&mut home.open.room, room);
        home.open.gate = gate;
        let (worker, orphan) = (home.worker, home.orphan);
        if !orphan {
            self.leave(before, worker);
            self.enter(room, worker);
        }
    }

    /// Forgets a session.
    pub fn remove(&mut self, session: SessionId) {
        let Some(home) = self.home_by_session.remove(&session) else { return };
        if !home.orphan {
            self.workers[home.worker].sessions -= 1;
            self.leave(home.open.room, home.worker);
        }
    }

    /// Forgets a session unless it is in another room by now. `false`: it is.
    pub fn remove_from(&mut self, session: SessionId, room: RoomId) -> bool {
        let is_elsewhere = self.find(session).is_some() && !self.is_in(session, room);
        if !is_elsewhere {
            self.remove(session);
        }
        !is_elsewhere
    }

    /// The worker that a session was put on could not take it: it is to be opened again.
    pub fn unseat(&mut self, session: SessionId) {
        let Some(home) = self.home_by_session.get_mut(&session) else { return };
        let (room, worker) = (home.open.room, home.worker);
        if !std::mem::replace(&mut home.orphan, true) {
            self.workers[worker].sessions -= 1;
            self.leave(room, worker);
        }
    }

    fn enter(&mut self, room: RoomId, worker: usize) {
        let of_room = self.workers_by_room.entry(room).or_default();
        match of_room.iter_mut().find(|(known, _)| *known == worker) {
            Some((_, sessions)) => *sessions += 1,
            None => of_room.push((worker, 1)),
        }
    }

    fn leave(&mut self, room: RoomId, worker: usize) {
        let Some(of_room) = self.workers_by_room.get_mut(&room) else { return };
        for (_, sessions) in of_room.iter_mut().filter(|(known, _)| *known == worker) {
            *sessions -= 1;
        }
        of_room.retain(|(_, sessions)| *sessions > 0);
        if of_room.is_empty() {
            self.workers_by_room.remove(&room);
        }
    }

    /// A worker died: nothing is placed there again. Returns the sessions that it had.
    pub fn bury(&mut self, worker: usize) -> Vec<SessionId> {
        let Some(seats) = self.workers.get_mut(worker) else { return Vec::new() };
        *seats = Seats { running: false, sessions: 0 };
        self.workers_by_room.retain(|_, of_room| {
            of_room.retain(|(known, _)| *known != worker);
            !of_room.is_empty()
        });
        let mut orphans = Vec::new();
        for (session, home) in &mut self.home_by_session {
            if home.worker == worker && !std::mem::replace(&mut home.orphan, true) {
                orphans.push(*session);
            }
        }
        orphans
    }

    /// The workers that run.
    pub fn running(&self) -> impl Iterator<Item = usize> {
        let running = self.workers.iter().enumerate().filter(|(_, seats)| seats.running);
        running.map(|(worker, _)| worker)
    }
}

/// The tables behind the locks are whole after every statement, so a poisoned one is still good.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use model::UserId;

    use super::*;

    const GATE: Gate =
        Gate { speak: true, camera: true, screen: true, receive: true, captions: false };

    fn session(n: i64) -> SessionId {
        SessionId::from_i64(n).unwrap()
    }

    fn open(n: i64, room: i64) -> OpenSession {
        let (room, user) = (RoomId::from_i64(room).unwrap(), UserId::from_i64(n).unwrap());
        OpenSession { session: session(n), room, user, gate: GATE }
    }

    impl Placement {
        fn place(&mut self, open: OpenSession) -> Option<usize> {
            let worker = self.place_for(&open)?;
            self.put(open, worker);
            Some(worker)
        }

        fn carry(&mut self, n: i64, room: i64) {
            self.note_room(session(n), open(n, room).room, GATE);
        }
    }

    #[test]
    fn a_room_stays_together_and_rooms_spread() {
        let mut placement = Placement::new(2);
        assert_eq!(placement.place(open(1, 1)), Some(0));
        assert_eq!(placement.place(open(2, 1)), Some(0));
        assert_eq!(placement.place(open(3, 2)), Some(1));
        assert_eq!(placement.place(open(4, 3)), Some(1));
        assert_eq!(placement.place(open(3, 2)), Some(1), "again is the same place");
        placement.remove(session(1));
        placement.remove(session(1));
        assert_eq!(placement.find(session(1)), None);
        placement.remove(session(2));
        assert_eq!(placement.place(open(5, 1)), Some(0), "an empty room is placed anew");
        assert!(placement.workers_by_room.len() == 3);
    }

    #[test]
    fn a_large_room_is_spread_over_the_workers_that_run() {
        let (mut placement, count) = (Placement::new(3), TOGETHER_MAX as i64);
        let last = 4 * count;
        for n in 1..=last {
            placement.place(open(n, 1));
        }
        let seats = |placement: &Placement| {
            placement.workers.iter().map(|seats| seats.sessions).collect::<Vec<_>>()
        };
        let full = seats(&placement);
        assert!(full.iter().all(|sessions| *sessions >= TOGETHER_MAX), "{full:?}");
        assert!(full.iter().max().unwrap() - full.iter().min().unwrap() <= 1, "{full:?}");
        placement.remove(session(1));
        assert_eq!(placement.beside(open(1, 1).room, 0), [WorkerNumber(1), WorkerNumber(2)]);
        placement.bury(1);
        placement.place(open(last + 1, 1));
        assert_eq!(placement.workers[1].sessions, 0);
    }

    #[test]
    fn who_is_carried_stays_and_newcomers_go_where_most_are() {
        let mut placement = Placement::new(3);
        for (n, room) in [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3)] {
            placement.place(open(n, room));
        }
        placement.carry(3, 1);
        assert_eq!(placement.find(session(3)), Some(Found::At(1)));
        let room = open(1, 1).room;
        assert!(placement.is_in(session(3), room));
        assert_eq!(placement.beside(room, 0), [WorkerNumber(1)]);
        assert_eq!(placement.beside(room, 2), [WorkerNumber(0), WorkerNumber(1)]);
        assert_eq!(placement.place(open(6, 1)), Some(0));
        assert_eq!(placement.place(open(7, 2)), Some(1), "one is left there");
        for n in [1, 2, 6] {
            placement.carry(n, 9);
        }
        assert_eq!(placement.beside(room, 2), [WorkerNumber(1)]);
        assert_eq!(placement.place(open(8, 1)), Some(1), "all that are left of it are there");
        assert_eq!(placement.place(open(9, 9)), Some(0));
        for n in 1..=9 {
            placement.remove(session(n));
        }
        assert!(placement.workers_by_room.is_empty());
        assert!(placement.workers.iter().all(|seats| seats.sessions == 0));
    }

    #[test]
    fn nothing_is_placed_on_a_dead_worker() {
        let mut placement = Placement::new(2);
        placement.place(open(1, 1));
        placement.place(open(2, 2));
        placement.carry(2, 1);
        assert_eq!(placement.bury(0), [session(1)]);
        let muted = Gate { speak: false, ..GATE };
        placement.note_gate(session(1), muted);
        let orphan = OpenSession { gate: muted, ..open(1, 1) };
        assert_eq!(placement.find(session(1)), Some(Found::Orphan(orphan, 0)));
        assert_eq!(placement.beside(open(1, 1).room, 1), []);
        assert_eq!(placement.place(open(3, 1)), Some(1), "its room is only there now");
        assert_eq!(placement.place(orphan), Some(1));
        assert_eq!(placement.running().collect::<Vec<_>>(), [1]);
        assert_eq!(placement.bury(1).len(), 3);
        assert_eq!(placement.place(open(4, 4)), None);
        placement.remove(session(1));
        assert_eq!(placement.find(session(1)), None);
    }
}
