//! Which worker a session lives on: the one of its room, so that a packet is forwarded on the thread
//! that decrypted it. A new room goes to the running worker with the fewest sessions.
//!
//! The handle asks; a thread that dies says so ([`Placement::bury`]). Its sessions are kept as orphans
//! with what they were opened with, because the application still has them: the next call for one opens
//! it on a worker that runs.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use media::{Gate, OpenSession};
use model::{RoomId, SessionId};

/// The table behind the handle.
pub(crate) struct Placement {
    workers: Vec<Seats>,
    home_by_session: HashMap<SessionId, Home>,
    place_by_room: HashMap<RoomId, (usize, usize)>,
}

struct Seats {
    running: bool,
    sessions: usize,
}

struct Home {
    /// `None`: its worker died.
    worker: Option<usize>,
    open: OpenSession,
}

/// Where a session lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    At(usize),
    /// Nowhere any more: to be opened again like this.
    Orphan(OpenSession),
}

impl Placement {
    pub fn new(workers: usize) -> Self {
        let seats = |_| Seats { running: true, sessions: 0 };
        Self {
            workers: (0..workers).map(seats).collect(),
            home_by_session: HashMap::new(),
            place_by_room: HashMap::new(),
        }
    }

    /// Where a session lives, if it does.
    pub fn find(&self, session: SessionId) -> Option<Found> {
        let home = self.home_by_session.get(&session)?;
        Some(home.worker.map_or(Found::Orphan(home.open), Found::At))
    }

    /// A place for a session; the one it has, if it has one. `None`: no worker runs.
    pub fn place(&mut self, open: OpenSession) -> Option<usize> {
        if let Some(Found::At(worker)) = self.find(open.session) {
            return Some(worker);
        }
        let running = self.workers.iter().enumerate().filter(|(_, seats)| seats.running);
        let (idlest, _) = running.min_by_key(|(_, seats)| seats.sessions)?;
        let (worker, in_room) = self.place_by_room.entry(open.room).or_insert((idlest, 0));
        *in_room += 1;
        self.workers[*worker].sessions += 1;
        self.home_by_session.insert(open.session, Home { worker: Some(*worker), open });
        Some(*worker)
    }

    /// Remembers what a session may do, should it have to be opened again.
    pub fn note_gate(&mut self, session: SessionId, gate: Gate) {
        if let Some(home) = self.home_by_session.get_mut(&session) {
            home.open.gate = gate;
        }
    }

    /// What a session may do, as noted last.
    pub fn gate_of(&self, session: SessionId) -> Option<Gate> {
        self.home_by_session.get(&session).map(|home| home.open.gate)
    }

    /// Forgets a session.
    pub fn remove(&mut self, session: SessionId) {
        let Some(home) = self.home_by_session.remove(&session) else { return };
        let Some(worker) = home.worker else { return };
        self.workers[worker].sessions -= 1;
        if let Some((_, in_room)) = self.place_by_room.get_mut(&home.open.room) {
            *in_room -= 1;
            if *in_room == 0 {
                self.place_by_room.remove(&home.open.room);
            }
        }
    }

    /// A worker died: nothing is placed there again. Returns the sessions that it had.
    pub fn bury(&mut self, worker: usize) -> Vec<SessionId> {
        let Some(seats) = self.workers.get_mut(worker) else { return Vec::new() };
        *seats = Seats { running: false, sessions: 0 };
        self.place_by_room.retain(|_, (place, _)| *place != worker);
        let mut orphans = Vec::new();
        for (session, home) in &mut self.home_by_session {
            if home.worker == Some(worker) {
                home.worker = None;
                orphans.push(*session);
            }
        }
        orphans
    }

    /// How many workers run.
    pub fn running(&self) -> usize {
        self.workers.iter().filter(|seats| seats.running).count()
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
        assert!(placement.place_by_room.len() == 3);
    }

    #[test]
    fn nothing_is_placed_on_a_dead_worker() {
        let mut placement = Placement::new(2);
        placement.place(open(1, 1));
        placement.place(open(2, 2));
        assert_eq!(placement.bury(0), [session(1)]);
        let muted = Gate { speak: false, ..GATE };
        placement.note_gate(session(1), muted);
        let orphan = OpenSession { gate: muted, ..open(1, 1) };
        assert_eq!(placement.find(session(1)), Some(Found::Orphan(orphan)));
        assert_eq!(placement.place(open(3, 1)), Some(1), "its room is no longer there");
        assert_eq!(placement.place(orphan), Some(1));
        assert_eq!(placement.running(), 1);
        assert_eq!(placement.bury(1).len(), 3);
        assert_eq!(placement.place(open(4, 4)), None);
        placement.remove(session(1));
        assert_eq!(placement.find(session(1)), None);
    }
}
