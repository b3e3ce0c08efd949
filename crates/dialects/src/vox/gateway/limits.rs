//! How many connections there are, from where, and how much each of them says.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use app::{Buckets, Rate};

use super::close::Close;

/// Connections at once. Each has some kilobytes of buffers and a file descriptor.
const OPEN_MAX: usize = 10_000;
/// Connections at once from one address: an office behind one router.
const OPEN_PER_ADDRESS_MAX: usize = 100;
/// New connections from one address, 30 a minute: more than clients that come back one by one, fewer than
/// one that loops.
const NEW_PER_ADDRESS: Rate = Rate { burst: 30.0, per_sec: 0.5 };

/// Messages of one connection within [`MESSAGES_WITHIN`].
const MESSAGES_MAX: usize = 120;
/// See [`MESSAGES_MAX`].
const MESSAGES_WITHIN: Duration = Duration::from_secs(60);

/// Counts connections.
#[derive(Debug)]
pub(super) struct Doorkeeper {
    open_max: usize,
    open: Mutex<Open>,
    newcomers: Buckets<IpAddr>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_address: HashMap<IpAddr, usize>,
}

/// A place that a connection has, until it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    doorkeeper: Arc<Doorkeeper>,
    address: IpAddr,
}

impl Default for Doorkeeper {
    fn default() -> Self {
        Self::for_at_most(OPEN_MAX)
    }
}

impl Doorkeeper {
    fn for_at_most(open_max: usize) -> Self {
        Self { open_max, open: Mutex::default(), newcomers: Buckets::new(NEW_PER_ADDRESS) }
    }

    /// A place for one more connection. `limited`: addresses are limited too.
    pub(super) fn admit(
        self: &Arc<Self>,
        address: IpAddr,
        limited: bool,
        now: Instant,
    ) -> Result<Place, Close> {
        let address = household(address);
        if limited {
            self.newcomers.take(address, now).map_err(|_| Close::RateLimited)?;
        }
        let mut open = self.open();
        if open.all >= self.open_max {
            return Err(Close::ServerFull);
        }
        let here = open.by_address.entry(address).or_default();
        if limited && *here >= OPEN_PER_ADDRESS_MAX {
            return Err(Close::RateLimited);
        }
        *here += 1;
        open.all += 1;
        Ok(Place { doorkeeper: Arc::clone(self), address })
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // Counts are whole after every step, so a panic elsewhere has not broken them.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.doorkeeper.open();
        open.all -= 1;
        if let Some(here) = open.by_address.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                open.by_address.remove(&self.address);
            }
        }
    }
}

/// Who is counted as one: an IPv4 address, or the /64 that one IPv6 customer has to choose from.
fn household(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// When a connection's last messages came.
#[derive(Debug, Default)]
pub(super) struct MessageRate(VecDeque<Instant>);

impl MessageRate {
    /// One more; whether it is within what a connection may say.
    pub(super) fn allows(&mut self, now: Instant) -> bool {
        let is_past = |at: &Instant| now.saturating_duration_since(*at) >= MESSAGES_WITHIN;
        while self.0.front().is_some_and(is_past) {
            self.0.pop_front();
        }
        self.0.push_back(now);
        self.0.len() <= MESSAGES_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        IpAddr::from([192, 0, 2, last])
    }

    #[test]
    fn places_are_counted_and_given_back() {
        let doorkeeper = Arc::new(Doorkeeper::for_at_most(2));
        let now = Instant::now();
        let first = doorkeeper.admit(address(1), false, now).unwrap();
        let _second = doorkeeper.admit(address(2), false, now).unwrap();
        let refused = doorkeeper.admit(address(3), false, now).map(|_| ());
        assert_eq!(refused, Err(Close::ServerFull));
        drop(first);
        assert!(doorkeeper.admit(address(3), false, now).is_ok());
        assert_eq!(
            doorkeeper.open().by_address.len(),
            1,
            "who has no connection is not remembered"
        );
    }

    #[test]
    fn one_address_has_its_share() {
        let doorkeeper = Arc::new(Doorkeeper::default());
        let start = Instant::now();
        let mut places = Vec::new();
        // As fast as newcomers may come.
        for number in 0..OPEN_PER_ADDRESS_MAX as u32 {
            let at = start + number * Duration::from_secs(2);
            places.push(doorkeeper.admit(address(1), true, at).unwrap());
        }
        let at = start + Duration::from_secs(3600);
        let refused = |from, limited| doorkeeper.admit(from, limited, at).map(|_| ());
        assert_eq!(refused(address(1), true), Err(Close::RateLimited));
        assert_eq!(refused(address(1), false), Ok(()));
        assert_eq!(refused(address(2), true), Ok(()));
        places.pop();
        assert_eq!(refused(address(1), true), Ok(()));
    }

    #[test]
    fn newcomers_from_one_address_come_one_after_the_other() {
        let doorkeeper = Arc::new(Doorkeeper::default());
        let now = Instant::now();
        let newcomer = |from: &str, at| doorkeeper.admit(from.parse().unwrap(), true, at).is_ok();
        for _ in 0..30 {
            assert!(newcomer("2001:db8:1:2::1", now));
        }
        assert!(!newcomer("2001:db8:1:2:ffff::", now), "the same customer");
        assert!(newcomer("2001:db8:1:3::1", now));
        assert!(newcomer("2001:db8:1:2::1", now + Duration::from_secs(2)));
    }

    #[test]
    fn a_connection_says_so_much_in_any_minute() {
        let mut rate = MessageRate::default();
        let start = Instant::now();
        for number in 0..MESSAGES_MAX as u32 {
            assert!(rate.allows(start + number * Duration::from_millis(100)));
        }
        assert!(rate.allows(start + MESSAGES_WITHIN), "the first is a minute ago");
        assert!(!rate.allows(start + MESSAGES_WITHIN));
    }
}
