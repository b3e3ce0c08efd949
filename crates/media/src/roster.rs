//! A room as one worker knows it: its members here, and the workers that have others of them.
//!
//! A roster lives as long as there is a member here or a worker that has said that it has some.

use crate::credentials::WorkerNumber;

/// A room's members and neighbours.
#[derive(Default)]
pub(crate) struct Roster {
    /// Sessions that live here and stand-ins, by session id: who comes first among equals must not
    /// depend on who came to this worker first.
    pub members: Vec<usize>,
    /// How many of them live here.
    pub own: usize,
    neighbours: Vec<Neighbour>,
}

/// Another worker with members of the room.
struct Neighbour {
    worker: WorkerNumber,
    /// It has said that it has members.
    here: bool,
    /// It has been told that we have.
    told: bool,
    /// It has been told because our first member came: what it shows is no news to anybody here.
    fresh: bool,
}

impl Roster {
    /// Whether nothing is left to remember.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty() && self.neighbours.is_empty()
    }

    /// The workers that have members: what is live here is relayed there.
    pub fn abroad(&self) -> impl Iterator<Item = WorkerNumber> {
        self.neighbours.iter().filter(|one| one.here).map(|one| one.worker)
    }

    /// Whether a worker has said that it has members.
    pub fn is_here(&self, worker: WorkerNumber) -> bool {
        self.abroad().any(|other| other == worker)
    }

    /// Learns of a worker.
    pub fn meet(&mut self, worker: WorkerNumber) {
        if !self.neighbours.iter().any(|one| one.worker == worker) {
            let neighbour = Neighbour { worker, here: false, told: false, fresh: false };
            self.neighbours.push(neighbour);
        }
    }

    /// A worker says that it has members, or no longer.
    pub fn note_presence(&mut self, worker: WorkerNumber, here: bool) {
        self.meet(worker);
        for one in self.neighbours.iter_mut().filter(|one| one.worker == worker) {
            one.here = here;
        }
        self.neighbours.retain(|one| one.worker != worker || one.here || one.told);
    }

    /// Whom to tell that we have members; they count as told.
    pub fn tell(&mut self, fresh: bool) -> Vec<WorkerNumber> {
        let untold = self.neighbours.iter_mut().filter(|one| !one.told);
        let tell = |one: &mut Neighbour| {
            (one.told, one.fresh) = (true, fresh);
            one.worker
        };
        untold.map(tell).collect()
    }

    /// Whom to tell that we have no members any more; they count as not told.
    pub fn untell(&mut self) -> Vec<WorkerNumber> {
        let told = self.neighbours.iter().filter(|one| one.told).map(|one| one.worker).collect();
        for one in &mut self.neighbours {
            (one.told, one.fresh) = (false, false);
        }
        self.neighbours.retain(|one| one.here);
        told
    }

    /// Whether what a worker shows now is the first that our members see of it.
    pub fn take_fresh(&mut self, worker: WorkerNumber) -> bool {
        let mut of_it = self.neighbours.iter_mut().filter(|one| one.worker == worker);
        of_it.next().is_some_and(|one| std::mem::take(&mut one.fresh))
    }

    /// A worker is no more.
    pub fn forget(&mut self, worker: WorkerNumber) {
        self.neighbours.retain(|one| one.worker != worker);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: WorkerNumber = WorkerNumber(1);
    const B: WorkerNumber = WorkerNumber(2);

    #[test]
    fn each_is_told_once_until_all_have_left() {
        let mut roster = Roster::default();
        roster.meet(A);
        roster.note_presence(B, true);
        assert_eq!(roster.tell(true), [A, B]);
        assert_eq!(roster.tell(true), []);
        assert_eq!(roster.abroad().collect::<Vec<_>>(), [B], "the other has not said so");
        assert!(roster.take_fresh(A) && !roster.take_fresh(A));
        assert_eq!(roster.untell(), [A, B]);
        assert_eq!(roster.tell(false), [B], "the first has never been there");
        assert!(!roster.take_fresh(B));
        roster.untell();
        roster.note_presence(B, false);
        assert!(roster.is_empty());
    }
}
