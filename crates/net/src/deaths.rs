//! Which worker threads have died, so that the others can forget what they had of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use media::WorkerNumber;

/// The list that all threads share; clones are the same one.
#[derive(Clone)]
pub(crate) struct Deaths(Arc<Inner>);

struct Inner {
    count: AtomicUsize,
    dead: Vec<AtomicBool>,
}

impl Deaths {
    pub fn new(workers: usize) -> Self {
        let dead = (0..workers).map(|_| AtomicBool::new(false)).collect();
        Self(Arc::new(Inner { count: AtomicUsize::new(0), dead }))
    }

    /// A thread says that it has died. It sends nothing after this.
    pub fn note(&self, worker: usize) {
        if let Some(dead) = self.0.dead.get(worker) {
            dead.store(true, Ordering::Release);
            self.0.count.fetch_add(1, Ordering::AcqRel);
        }
    }

    /// All that have died, if they have become more than `known`, which follows. One load otherwise.
    pub fn news(&self, known: &mut usize) -> Vec<WorkerNumber> {
        let count = self.0.count.load(Ordering::Acquire);
        if std::mem::replace(known, count) == count {
            return Vec::new();
        }
        let all = self.0.dead.iter().enumerate();
        let dead = all.filter(|(_, dead)| dead.load(Ordering::Acquire));
        dead.map(|(worker, _)| WorkerNumber(worker as u8)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thread_hears_of_a_death_once() {
        let deaths = Deaths::new(3);
        let (mut one, mut other) = (0, 0);
        assert_eq!(deaths.news(&mut one), []);
        deaths.note(2);
        assert_eq!(deaths.news(&mut one), [WorkerNumber(2)]);
        assert_eq!(deaths.news(&mut one), []);
        deaths.note(0);
        assert_eq!(deaths.news(&mut one), [WorkerNumber(0), WorkerNumber(2)]);
        assert_eq!(deaths.news(&mut other).len(), 2);
    }
}
