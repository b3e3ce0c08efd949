//! How many bits a second a layer has, over the last two seconds, in fixed memory.

use std::time::{Duration, Instant};

const BUCKET: Duration = Duration::from_millis(250);
/// Two seconds: a keyframe is a few times an average picture, and must not look like another rate.
const BUCKETS: usize = 8;
/// Less than this says nothing yet.
const BUCKETS_MIN: u32 = 2;

/// Bytes in the buckets of a ring.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rate {
    bytes: [u32; BUCKETS],
    at: usize,
    /// Buckets begun since the first packet or the last long silence, the present one included.
    begun: u32,
    began_at: Option<Instant>,
}

impl Rate {
    /// So many bytes came now.
    pub fn add(&mut self, bytes: usize, now: Instant) {
        self.advance(now);
        let bucket = &mut self.bytes[self.at];
        *bucket = bucket.saturating_add(u32::try_from(bytes).unwrap_or(u32::MAX));
    }

    /// Bits per second of the buckets that are full. `None`: too little has been seen.
    pub fn bps(&mut self, now: Instant) -> Option<u32> {
        self.advance(now);
        let full = self.begun.saturating_sub(1).min(BUCKETS as u32 - 1);
        if full < BUCKETS_MIN {
            return None;
        }
        let all: u64 = self.bytes.iter().map(|&bytes| u64::from(bytes)).sum();
        let bits = (all - u64::from(self.bytes[self.at])) * 8 * 1000;
        let ms = u64::from(full) * BUCKET.as_millis() as u64;
        Some(u32::try_from(bits / ms).unwrap_or(u32::MAX))
    }

    fn advance(&mut self, now: Instant) {
        let began_at = *self.began_at.get_or_insert(now);
        self.begun = self.begun.max(1);
        let passed = now.saturating_duration_since(began_at).as_millis() / BUCKET.as_millis();
        if passed == 0 {
            return;
        }
        if passed as usize >= BUCKETS {
            *self = Self { began_at: Some(now), begun: 1, ..Self::default() };
            return;
        }
        for _ in 0..passed {
            self.at = (self.at + 1) % BUCKETS;
            self.bytes[self.at] = 0;
        }
        self.begun = self.begun.saturating_add(passed as u32);
        self.began_at = Some(began_at + BUCKET * passed as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_that_of_the_last_seconds() {
        let (mut rate, start) = (Rate::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        rate.add(1000, at(0));
        assert_eq!(rate.bps(at(10)), None, "too soon");
        for ms in (20..6000).step_by(20) {
            rate.add(if ms < 3000 { 1000 } else { 250 }, at(ms));
            let bps = rate.bps(at(ms));
            if (750..3000).contains(&ms) {
                assert!(bps.is_some_and(|bps| (380_000..=420_000).contains(&bps)), "{ms} {bps:?}");
            }
        }
        let bps = rate.bps(at(6000)).unwrap();
        assert!((95_000..=105_000).contains(&bps), "{bps}");
        assert_eq!(rate.bps(at(9000)), None, "a long silence");
    }
}
