//! Token buckets: how often something may be tried.
//!
//! Kept here rather than taken from a library because a right password gives back what it took, and
//! replies carry what is left.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Keys remembered at once. More would only help an attacker who has that many addresses; when it is
/// reached the full buckets, which are the same as unknown ones, are forgotten. If that does not help,
/// a new key has no tries: whoever fills the table gains no guesses by it, and those who are in it
/// already go on as before.
const KEYS_MAX: usize = 100_000;

/// How often full buckets are looked for: going through all of them at each try would be the attack.
const PRUNE_EVERY: Duration = Duration::from_secs(1);

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
    /// Until the bucket is full.
    pub full_after: Duration,
}

/// One bucket per key.
#[derive(Debug)]
pub struct Buckets<K> {
    rate: Rate,
    keys_max: usize,
    levels: Mutex<Levels<K>>,
}

#[derive(Debug)]
struct Levels<K> {
    by_key: HashMap<K, (f64, Instant)>,
    pruned_at: Option<Instant>,
}

impl<K: Hash + Eq> Buckets<K> {
    /// Full buckets at this rate.
    pub fn new(rate: Rate) -> Self {
        Self::with_keys_max(rate, KEYS_MAX)
    }

    fn with_keys_max(rate: Rate, keys_max: usize) -> Self {
        let levels = Levels { by_key: HashMap::new(), pruned_at: None };
        Self { rate, keys_max, levels: Mutex::new(levels) }
    }

    /// Takes one try. `Err` when there was none.
    pub fn take(&self, key: K, now: Instant) -> Result<Allowance, Allowance> {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let known = levels.by_key.get(&key).copied();
        if known.is_none() && !self.has_room(&mut levels, now) {
            let after = PRUNE_EVERY;
            return Err(Allowance { remaining: 0, retry_after: after, full_after: after });
        }
        let level = self.level(known, now);
        if level < 1.0 {
            return Err(self.allowance(level));
        }
        levels.by_key.insert(key, (level - 1.0, now));
        Ok(self.allowance(level - 1.0))
    }

    /// A look that takes nothing.
    pub fn peek(&self, key: &K, now: Instant) -> Allowance {
        let levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        self.allowance(self.level(levels.by_key.get(key).copied(), now))
    }

    /// Undoes a take that turned out not to count.
    pub fn give_back(&self, key: &K, now: Instant) {
        let mut levels = self.levels.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = levels.by_key.get_mut(key) else { return };
        *known = (self.level(Some(*known), now) + 1.0, now);
        if known.0 >= self.rate.burst {
            levels.by_key.remove(key);
        }
    }

    /// Whether one more key may be remembered; forgets full buckets if that is needed and not just done.
    fn has_room(&self, levels: &mut Levels<K>, now: Instant) -> bool {
        let full = |levels: &Levels<K>| levels.by_key.len() >= self.keys_max;
        let rested = |at: Instant| now.saturating_duration_since(at) >= PRUNE_EVERY;
        if full(levels) && levels.pruned_at.is_none_or(rested) {
            levels.by_key.retain(|_, bucket| self.level(Some(*bucket), now) < self.rate.burst);
            levels.pruned_at = Some(now);
        }
        !full(levels)
    }

    fn level(&self, bucket: Option<(f64, Instant)>, now: Instant) -> f64 {
        let Some((level, at)) = bucket else { return self.rate.burst };
        let filled = now.saturating_duration_since(at).as_secs_f64() * self.rate.per_sec;
        (level + filled).min(self.rate.burst)
    }

    fn allowance(&self, level: f64) -> Allowance {
        let until =
            |wanted: f64| Duration::from_secs_f64((wanted - level).max(0.0) / self.rate.per_sec);
        let (retry_after, full_after) = (until(1.0), until(self.rate.burst));
        Allowance { remaining: level as u32, retry_after, full_after }
    }
}

/// Who is counted as one: an IPv4 address, or the /64 that one IPv6 customer has to choose from.
pub(crate) fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
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
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let buckets = Buckets::new(Rate { burst: 2.0, per_sec: 0.001 });
        let now = Instant::now();
        buckets.give_back(&1, now);
        for _ in 0..2 {
            assert_eq!(buckets.take(1, now).map(|a| a.remaining), Ok(1));
            buckets.give_back(&1, now);
        }
        assert!(buckets.take(1, now).is_ok());
        assert!(buckets.take(1, now).is_ok());
        assert!(buckets.take(1, now).is_err());
        buckets.give_back(&1, now);
        assert!(buckets.take(1, now).is_ok());
        assert!(buckets.take(1, now).is_err());
    }

    #[test]
    fn a_full_table_takes_no_new_keys_until_it_is_pruned() {
        let buckets = Buckets::with_keys_max(Rate { burst: 2.0, per_sec: 1.0 }, 2);
        let start = Instant::now();
        assert!(buckets.take(1, start).is_ok());
        assert!(buckets.take(2, start).is_ok());
        assert!(buckets.take(3, start).is_err());
        assert!(buckets.take(1, start).is_ok(), "those who are known go on");
        assert!(buckets.take(3, start + PRUNE_EVERY).is_ok(), "the second is full again");
        assert!(buckets.take(2, start + PRUNE_EVERY).is_err());
    }

    #[test]
    fn a_customers_addresses_are_one() {
        let check = |address: &str, expect: &str| {
            let found = household(address.parse().unwrap());
            assert_eq!(found, expect.parse::<IpAddr>().unwrap(), "{address}");
        };
        check("198.51.100.9", "198.51.100.9");
        check("::ffff:198.51.100.9", "198.51.100.9");
        check("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::");
        check("2001:db8:1:3::", "2001:db8:1:3::");
    }
}
