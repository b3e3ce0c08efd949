//! Which session is due next. Deadlines mostly move later (every packet moves them), so an entry is
//! left where it is and looked at again when it comes up; only an earlier deadline is pushed.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Instant;

/// The deadlines of all sessions of a worker, by slab key.
#[derive(Default)]
pub(crate) struct Timers {
    heap: BinaryHeap<Reverse<(Instant, usize)>>,
    /// When each key comes up next. Older entries of the same key in the heap are stale.
    armed: Vec<Option<Instant>>,
}

impl Timers {
    /// Makes sure that `key` comes up at `at` or earlier.
    pub fn arm(&mut self, key: usize, at: Instant) {
        if self.armed.len() <= key {
            self.armed.resize(key + 1, None);
        }
        if self.armed[key].is_none_or(|armed| at < armed) {
            self.armed[key] = Some(at);
            self.heap.push(Reverse((at, key)));
        }
    }

    /// Forgets a key.
    pub fn disarm(&mut self, key: usize) {
        if let Some(armed) = self.armed.get_mut(key) {
            *armed = None;
        }
    }

    /// A key that is due; it must be armed again to come up again.
    pub fn pop_due(&mut self, now: Instant) -> Option<usize> {
        while self.next().is_some_and(|at| at <= now) {
            if let Some(Reverse((_, key))) = self.heap.pop() {
                self.armed[key] = None;
                return Some(key);
            }
        }
        None
    }

    /// When the next key is due.
    pub fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse((at, key))) = self.heap.peek().copied() {
            if self.armed[key] == Some(at) {
                return Some(at);
            }
            self.heap.pop();
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_earliest_comes_first_and_once() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut timers = Timers::default();
        timers.arm(1, at(50));
        timers.arm(1, at(20));
        timers.arm(2, at(30));
        timers.arm(2, at(90));
        assert_eq!(timers.next(), Some(at(20)));
        assert_eq!(timers.pop_due(at(25)), Some(1));
        assert_eq!(timers.pop_due(at(25)), None);
        assert_eq!(timers.pop_due(at(100)), Some(2));
        assert_eq!(timers.pop_due(at(100)), None, "stale entries are skipped");
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_forgotten_key_does_not_come_up() {
        let start = Instant::now();
        let mut timers = Timers::default();
        timers.arm(0, start);
        timers.disarm(0);
        assert_eq!(timers.pop_due(start), None);
    }
}
