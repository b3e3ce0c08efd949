//! How much an allocation may relay each way: a bucket that fills as time goes by.

use std::time::Instant;

/// Bytes in a second: 32 Mbit/s, a call with several pictures. More would let one client fill the line.
const BYTES_PER_SEC: f64 = 4_000_000.0;
/// Bytes at once: a key frame of a large picture and the rest of its second.
const BURST_BYTES: f64 = 4_000_000.0;

/// One direction of one allocation.
pub(super) struct Budget {
    left: f64,
    at: Instant,
}

impl Budget {
    pub fn new(now: Instant) -> Self {
        Self { left: BURST_BYTES, at: now }
    }

    /// Takes so many bytes. `false`: there are not as many.
    pub fn take(&mut self, bytes: usize, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.left = (self.left + passed * BYTES_PER_SEC).min(BURST_BYTES);
        let enough = self.left >= bytes as f64;
        if enough {
            self.left -= bytes as f64;
        }
        enough
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_used_up_and_fills_again() {
        let start = Instant::now();
        let mut budget = Budget::new(start);
        assert!(budget.take(BURST_BYTES as usize, start));
        assert!(!budget.take(1000, start));
        let later = start + Duration::from_millis(1);
        assert!(budget.take(4000, later) && !budget.take(4000, later));
    }
}
