//! Which worker a session lives on: the one of its room, so that a packet never changes threads.
//! A new room goes to the worker with the fewest sessions.

use std::collections::HashMap;

use model::{RoomId, SessionId};

/// The table behind the handle.
pub(crate) struct Placement {
    sessions_by_worker: Vec<usize>,
    place_by_session: HashMap<SessionId, (usize, RoomId)>,
    place_by_room: HashMap<RoomId, (usize, usize)>,
}

impl Placement {
    pub fn new(workers: usize) -> Self {
        Self {
            sessions_by_worker: vec![0; workers],
            place_by_session: HashMap::new(),
            place_by_room: HashMap::new(),
        }
    }

    /// Where a session lives, if it does.
    pub fn find(&self, session: SessionId) -> Option<usize> {
        self.place_by_session.get(&session).map(|(worker, _)| *worker)
    }

    /// A place for a session; the one it has, if it has one.
    pub fn place(&mut self, session: SessionId, room: RoomId) -> usize {
        if let Some(worker) = self.find(session) {
            return worker;
        }
        let idlest = self.sessions_by_worker.iter().enumerate().min_by_key(|(_, count)| **count);
        let idlest = idlest.map_or(0, |(worker, _)| worker);
        let (worker, in_room) = self.place_by_room.entry(room).or_insert((idlest, 0));
        *in_room += 1;
        self.sessions_by_worker[*worker] += 1;
        self.place_by_session.insert(session, (*worker, room));
        *worker
    }

    /// Forgets a session; where it lived.
    pub fn remove(&mut self, session: SessionId) -> Option<usize> {
        let (worker, room) = self.place_by_session.remove(&session)?;
        self.sessions_by_worker[worker] -= 1;
        if let Some((_, in_room)) = self.place_by_room.get_mut(&room) {
            *in_room -= 1;
            if *in_room == 0 {
                self.place_by_room.remove(&room);
            }
        }
        Some(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(n: i64) -> SessionId {
        SessionId::from_i64(n).unwrap()
    }

    fn room(n: i64) -> RoomId {
        RoomId::from_i64(n).unwrap()
    }

    #[test]
    fn a_room_stays_together_and_rooms_spread() {
        let mut placement = Placement::new(2);
        assert_eq!(placement.place(session(1), room(1)), 0);
        assert_eq!(placement.place(session(2), room(1)), 0);
        assert_eq!(placement.place(session(3), room(2)), 1);
        assert_eq!(placement.place(session(4), room(3)), 1);
        assert_eq!(placement.place(session(3), room(2)), 1, "again is the same place");
        assert_eq!(placement.remove(session(1)), Some(0));
        assert_eq!(placement.remove(session(1)), None);
        assert_eq!(placement.remove(session(2)), Some(0));
        assert_eq!(placement.place(session(5), room(1)), 0, "an empty room is placed anew");
        assert!(placement.place_by_room.len() == 3);
    }
}
