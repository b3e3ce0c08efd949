//! Time as a value: cores are told what time it is and never ask.

use std::time::{Duration, Instant};

/// The two clocks, read together once by whoever drives a core.
///
/// `mono` decides (deadlines, order); `wall` is only shown and stored.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    /// Monotonic.
    pub mono: Instant,
    /// Wall clock.
    pub wall: Timestamp,
}

impl Now {
    /// Both clocks later by the same time: simulated time in tests.
    pub fn plus(self, by: Duration) -> Self {
        let micros = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        let wall = Timestamp::from_micros(self.wall.as_micros().saturating_add(micros));
        Self { mono: self.mono + by, wall }
    }
}

/// Microseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds, as stored.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// In microseconds, as stored.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// In whole seconds, as tokens and Vox's `joined_at` have it.
    pub fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// Earlier by a duration.
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Later by a duration.
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }
}
