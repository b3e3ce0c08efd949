//! The history of one gateway session: its events numbered, kept for a while, told again to a client that
//! comes back. Pure: the time is an argument.
//!
//! A session has one connection at a time. Whichever connection is attached has been given everything up
//! to the last number, in order; what of it arrived only the client knows, and says so when it resumes.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// Events kept for a client that comes back; what happened before is lost to it. A busy server says a few
/// a second: minutes.
pub(super) const EVENTS_MAX: usize = 1000;
/// How long an event is kept, and a session whose client is away. Longer would serve clients that have
/// long asked for everything anew.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(300);

/// Names one connection among all that there ever were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ConnectionId(pub(super) u64);

/// One session's events.
#[derive(Debug)]
pub(super) struct Replay<T> {
    /// The number of the newest event; the first is 1.
    last_seq: u64,
    /// The newest events with when they happened, oldest first, without gaps.
    kept: VecDeque<(Instant, T)>,
    client: Client,
}

#[derive(Debug)]
enum Client {
    Attached(ConnectionId),
    Away { since: Instant },
}

/// What a client that comes back gets.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Resumed<T> {
    /// The events behind the last that it has, with their numbers.
    pub(super) missed: Vec<(u64, T)>,
    /// The connection that was attached until now.
    pub(super) taken_over: Option<ConnectionId>,
}

/// Why a client cannot come back to where it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotResumed {
    /// It was away for too long: the session is over.
    Expired,
    /// What it missed is not kept any more, or it names an event that never was.
    Exhausted,
}

impl<T: Clone> Replay<T> {
    /// An empty history with its first connection attached.
    pub(super) fn new(connection: ConnectionId) -> Self {
        Self { last_seq: 0, kept: VecDeque::new(), client: Client::Attached(connection) }
    }

    /// Adds an event; says its number.
    pub(super) fn tell(&mut self, what: T, now: Instant) -> u64 {
        self.forget_old(now);
        if self.kept.len() == EVENTS_MAX {
            self.kept.pop_front();
        }
        self.kept.push_back((now, what));
        self.last_seq += 1;
        self.last_seq
    }

    /// The client is back on another connection, and has the events up to this one. What it gets and
    /// what is told later is everything behind that, once.
    pub(super) fn resume(
        &mut self,
        connection: ConnectionId,
        last_seq: u64,
        now: Instant,
    ) -> Result<Resumed<T>, NotResumed> {
        if self.is_over(now) {
            return Err(NotResumed::Expired);
        }
        self.forget_old(now);
        let forgotten = self.last_seq - self.kept.len() as u64;
        if !(forgotten..=self.last_seq).contains(&last_seq) {
            return Err(NotResumed::Exhausted);
        }
        let had = (last_seq - forgotten) as usize;
        let missed = self.kept.iter().skip(had).map(|(_, what)| what.clone());
        let missed = (last_seq + 1..).zip(missed).collect();
        let before = std::mem::replace(&mut self.client, Client::Attached(connection));
        let taken_over = match before {
            Client::Attached(connection) => Some(connection),
            Client::Away { .. } => None,
        };
        Ok(Resumed { missed, taken_over })
    }

    /// A connection is gone. Nothing changes when it is not the attached one.
    pub(super) fn detach(&mut self, connection: ConnectionId, now: Instant) {
        if self.is_attached_to(connection) {
            self.client = Client::Away { since: now };
        }
    }

    /// Whether this is the attached connection.
    pub(super) fn is_attached_to(&self, connection: ConnectionId) -> bool {
        matches!(self.client, Client::Attached(attached) if attached == connection)
    }

    /// Since when no connection is attached; `None` while one is.
    pub(super) fn away_since(&self) -> Option<Instant> {
        match self.client {
            Client::Attached(_) => None,
            Client::Away { since } => Some(since),
        }
    }

    /// Whether nobody can come back to it any more.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.away_since().is_some_and(|since| is_past(since, now))
    }

    /// Lets go of events that are kept for long enough.
    pub(super) fn forget_old(&mut self, now: Instant) {
        while self.kept.front().is_some_and(|(at, _)| is_past(*at, now)) {
            self.kept.pop_front();
        }
    }

    /// Lets go of the older half of what is kept.
    pub(super) fn forget_half(&mut self) {
        self.kept.drain(..self.kept.len().div_ceil(2));
    }
}

fn is_past(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) >= KEPT_FOR
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: ConnectionId = ConnectionId(1);
    const SECOND: ConnectionId = ConnectionId(2);

    fn with_events(count: u64, at: Instant) -> Replay<u64> {
        let mut replay = Replay::new(FIRST);
        for number in 1..=count {
            assert_eq!(replay.tell(number, at), number);
        }
        replay
    }

    fn missed(resumed: Result<Resumed<u64>, NotResumed>) -> Result<Vec<u64>, NotResumed> {
        let resumed = resumed?;
        assert!(resumed.missed.iter().all(|(seq, what)| seq == what), "{resumed:?}");
        Ok(resumed.missed.into_iter().map(|(seq, _)| seq).collect())
    }

    #[test]
    fn a_client_gets_what_is_behind_the_last_it_has() {
        let now = Instant::now();
        for (last_seq, expect) in [(0, vec![1, 2, 3]), (2, vec![3]), (3, vec![])] {
            let mut replay = with_events(3, now);
            replay.detach(FIRST, now);
            assert_eq!(missed(replay.resume(SECOND, last_seq, now)), Ok(expect));
            assert_eq!(replay.tell(4, now), 4);
        }
        let never_was = with_events(3, now).resume(SECOND, 4, now);
        assert_eq!(never_was, Err(NotResumed::Exhausted));
    }

    #[test]
    fn the_newest_thousand_are_kept() {
        let now = Instant::now();
        let mut replay = with_events(EVENTS_MAX as u64 + 2, now);
        assert_eq!(replay.resume(SECOND, 1, now), Err(NotResumed::Exhausted));
        assert_eq!(missed(replay.resume(SECOND, 2, now)).map(|m| m.len()), Ok(EVENTS_MAX));
    }

    #[test]
    fn events_and_absence_last_as_long() {
        let start = Instant::now();
        let mut replay = with_events(2, start);
        let later = start + KEPT_FOR - Duration::from_millis(1);
        replay.tell(3, later);
        replay.detach(FIRST, later);
        assert_eq!(missed(replay.resume(SECOND, 0, later)), Ok(vec![1, 2, 3]));
        replay.detach(SECOND, later);
        let end = start + KEPT_FOR;
        assert_eq!(replay.resume(FIRST, 1, end), Err(NotResumed::Exhausted));
        assert_eq!(missed(replay.resume(FIRST, 2, end)), Ok(vec![3]));
        replay.detach(FIRST, end);
        assert!(!replay.is_over(end + KEPT_FOR - Duration::from_millis(1)));
        assert!(replay.is_over(end + KEPT_FOR));
        assert_eq!(replay.resume(SECOND, 3, end + KEPT_FOR), Err(NotResumed::Expired));
    }

    #[test]
    fn a_connection_that_was_replaced_detaches_nobody() {
        let now = Instant::now();
        let mut replay = with_events(1, now);
        let resumed = replay.resume(SECOND, 1, now);
        assert_eq!(resumed.map(|resumed| resumed.taken_over), Ok(Some(FIRST)));
        replay.detach(FIRST, now);
        assert_eq!(replay.away_since(), None);
        replay.detach(SECOND, now);
        assert_eq!(replay.away_since(), Some(now));
    }

    #[test]
    fn who_cannot_resume_disturbs_nobody() {
        let now = Instant::now();
        let mut replay = with_events(1, now);
        assert_eq!(replay.resume(SECOND, 9, now), Err(NotResumed::Exhausted));
        assert!(replay.is_attached_to(FIRST));
    }

    #[test]
    fn under_pressure_the_older_half_goes() {
        let now = Instant::now();
        let mut replay = with_events(5, now);
        replay.forget_half();
        assert_eq!(replay.resume(SECOND, 2, now), Err(NotResumed::Exhausted));
        assert_eq!(missed(replay.resume(SECOND, 3, now)), Ok(vec![4, 5]));
        for _ in 0..3 {
            replay.forget_half();
        }
        assert_eq!(missed(replay.resume(SECOND, 5, now)), Ok(vec![]));
    }
}
