//! How often everybody is told who is in a large room. Pure: the time is an argument.
//!
//! The members are told as a whole each time, to all who may view the room, so that what one person does
//! costs members times viewers. In a room of ordinary size each change is told. In a large one the first is
//! told at once, and what follows within [`EVERY`] as one: the last state is what counts.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use model::{RoomId, UserId};

/// Members beyond which a room is large: 64 are a frame of 16 KB.
pub(super) const LARGE: usize = 64;
/// The time between two frames of a large room. Longer would be seen; shorter would cost more where a
/// crowd comes in.
pub(super) const EVERY: Duration = Duration::from_millis(250);

/// When which large room was told, and what is still to be told.
#[derive(Debug, Default)]
pub(super) struct Pace {
    told_at: HashMap<RoomId, Instant>,
    owed: HashMap<RoomId, Owed>,
}

#[derive(Debug)]
struct Owed {
    due: Instant,
    concerned: HashSet<UserId>,
}

impl Pace {
    /// The members of a room have changed. Whom it concerns, if it is to be told now; `None`: later.
    pub(super) fn changed(
        &mut self,
        room: RoomId,
        members: usize,
        concerned: HashSet<UserId>,
        now: Instant,
    ) -> Option<HashSet<UserId>> {
        if members > LARGE {
            let told = self.told_at.get(&room).map(|told| *told + EVERY);
            if let Some(due) = told.filter(|due| *due > now) {
                let owed = Owed { due, concerned: HashSet::new() };
                self.owed.entry(room).or_insert(owed).concerned.extend(concerned);
                return None;
            }
            self.told_at.insert(room, now);
        }
        let owed = self.owed.remove(&room).map(|owed| owed.concerned);
        Some(owed.into_iter().flatten().chain(concerned).collect())
    }

    /// When [`Pace::take_due`] has something.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.owed.values().map(|owed| owed.due).min()
    }

    /// The rooms whose members are to be told now, and whom it concerns.
    pub(super) fn take_due(&mut self, now: Instant) -> Vec<(RoomId, HashSet<UserId>)> {
        let due: Vec<_> = self.owed.extract_if(|_, owed| owed.due <= now).collect();
        self.told_at.extend(due.iter().map(|(room, _)| (*room, now)));
        due.into_iter().map(|(room, owed)| (room, owed.concerned)).collect()
    }

    /// A room is gone.
    pub(super) fn forget(&mut self, room: RoomId) {
        self.told_at.remove(&room);
        self.owed.remove(&room);
    }

    /// Lets go of what does not matter any more.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.told_at.retain(|_, told| *told + EVERY > now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room() -> RoomId {
        RoomId::from_i64(1).unwrap()
    }

    fn people(ids: &[i64]) -> HashSet<UserId> {
        ids.iter().map(|id| UserId::from_i64(*id).unwrap()).collect()
    }

    #[test]
    fn in_an_ordinary_room_each_change_is_told() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        for id in 1..9 {
            assert_eq!(pace.changed(room(), LARGE, people(&[id]), now), Some(people(&[id])));
        }
        assert_eq!(pace.next_due(), None);
    }

    #[test]
    fn of_a_large_room_the_first_change_is_told_at_once_and_the_rest_as_one() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        let large = LARGE + 1;
        assert_eq!(pace.changed(room(), large, people(&[1]), now), Some(people(&[1])));
        assert_eq!(pace.changed(room(), large, people(&[2]), now), None);
        let later = now + EVERY / 2;
        assert_eq!(pace.changed(room(), large, people(&[3]), later), None);
        let due = now + EVERY;
        assert_eq!(pace.next_due(), Some(due));
        assert_eq!(pace.take_due(later), []);
        assert_eq!(pace.take_due(due), [(room(), people(&[2, 3]))]);
        assert_eq!(pace.next_due(), None);
        assert_eq!(pace.changed(room(), large, people(&[4]), due), None, "just told");
        let after = due + EVERY;
        assert_eq!(pace.changed(room(), large, people(&[5]), after), Some(people(&[4, 5])));
    }

    #[test]
    fn who_left_a_room_that_is_large_no_more_is_told_of_it() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.changed(room(), LARGE + 1, people(&[1]), now);
        assert_eq!(pace.changed(room(), LARGE + 1, people(&[2]), now), None);
        assert_eq!(pace.changed(room(), LARGE, people(&[3]), now), Some(people(&[2, 3])));
        assert_eq!(pace.next_due(), None);
    }

    #[test]
    fn a_room_that_is_gone_owes_nothing() {
        let (mut pace, now) = (Pace::default(), Instant::now());
        pace.changed(room(), LARGE + 1, people(&[1]), now);
        pace.changed(room(), LARGE + 1, people(&[2]), now);
        pace.forget(room());
        assert_eq!(pace.next_due(), None);
        pace.changed(room(), LARGE + 1, people(&[1]), now);
        pace.tidy(now + EVERY);
        assert!(pace.told_at.is_empty());
    }
}
