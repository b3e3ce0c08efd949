//! Token buckets: how often something may be tried.
//!
//! Kept here rather than taken from a library because failed logins must be able to look without
//! taking, and replies carry what is left.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys remembered at once. More would only help an attacker who has that many addresses; when it is
/// reached the full buckets, which are the same as unknown ones, are forgotten.
const KEYS_MAX: usize = 100_000;

/// How large a bucket is and how fast it fills.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// Tries at once.
    pub burst: f64,
    /// Tries a second in the long run.
    pub per_sec: f64,
}

/// A bucket after a look at it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Allowance {
    /// Whole tries left.
    pub remaining: u32,
    /// Until there is one, when there is none.
    pub retry_after: Duration,
}

/// One bucket per key.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    by_key: Mutex<HashMap<K, (f64, Instant)>>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// Full buckets at this rate.
    pub fn new(rate: Rate) -> Self {
        Self { rate, by_key: Mutex::new(HashMap::new()) }
    }

    /// What is left, taking nothing.
    pub fn look(&self, key: &K, now: Instant) -> Allowance {
        let buckets = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        self.allowance(self.level(buckets.get(key), now))
    }

    /// Takes one try. `Err` when there was none.
    pub fn take(&self, key: K, now: Instant) -> Result<Allowance, Allowance> {
        let mut buckets = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= KEYS_MAX {
            buckets.retain(|_, bucket| self.level(Some(bucket), now) < self.rate.burst);
        }
        let level = self.level(buckets.get(&key), now);
        if level < 1.0 {
            return Err(self.allowance(level));
        }
        buckets.insert(key, (level - 1.0, now));
        Ok(self.allowance(level - 1.0))
    }

    fn level(&self, bucket: Option<&(f64, Instant)>, now: Instant) -> f64 {
        let Some((level, at)) = bucket else { return self.rate.burst };
        let filled = now.saturating_duration_since(*at).as_secs_f64() * self.rate.per_sec;
        (level + filled).min(self.rate.burst)
    }

    fn allowance(&self, level: f64) -> Allowance {
        let missing = (1.0 - level).max(0.0) / self.rate.per_sec;
        Allowance { remaining: level as u32, retry_after: Duration::from_secs_f64(missing) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let buckets = Buckets::new(Rate { burst: 2.0, per_sec: 0.5 });
        let start = Instant::now();
        assert_eq!(buckets.take("a", start).map(|a| a.remaining), Ok(1));
        assert_eq!(buckets.take("a", start).map(|a| a.remaining), Ok(0));
        let refused = buckets.take("a", start);
        assert_eq!(refused.map_err(|a| a.retry_after), Err(Duration::from_secs(2)));
        assert!(buckets.take("b", start).is_ok(), "keys do not share");
        assert!(buckets.take("a", start + Duration::from_secs(2)).is_ok());
    }

    #[test]
    fn looking_takes_nothing() {
        let buckets = Buckets::new(Rate { burst: 1.0, per_sec: 1.0 });
        let now = Instant::now();
        assert_eq!(buckets.look(&1, now), buckets.look(&1, now));
        assert!(buckets.take(1, now).is_ok());
        assert_eq!(buckets.look(&1, now).remaining, 0);
    }
}
