//! How many of something there may be, in all and of one kind.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex};

use crate::placement::lock;

/// The prefix that one subscriber has at least: addresses in it are as good as one.
const SUBSCRIBER_BITS: u32 = 64;

/// Places, counted by `K`.
pub(crate) struct Places<K: Eq + Hash> {
    most: usize,
    most_of_one: usize,
    taken: Mutex<Taken<K>>,
}

struct Taken<K> {
    total: usize,
    by_kind: HashMap<K, usize>,
}

/// Why there is no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken.
    All,
    /// This one has as many as one may.
    OfOne,
}

/// A place, given back when it is dropped.
pub(crate) struct Place<K: Eq + Hash> {
    places: Arc<Places<K>>,
    kind: K,
}

impl<K: Eq + Hash + Clone> Places<K> {
    pub fn new(most: usize, most_of_one: usize) -> Arc<Self> {
        let taken = Mutex::new(Taken { total: 0, by_kind: HashMap::new() });
        Arc::new(Self { most, most_of_one, taken })
    }

    pub fn take(self: &Arc<Self>, kind: K) -> Result<Place<K>, Full> {
        let mut taken = lock(&self.taken);
        let of_one = taken.by_kind.get(&kind).copied().unwrap_or(0);
        if of_one >= self.most_of_one {
            return Err(Full::OfOne);
        }
        if taken.total >= self.most {
            return Err(Full::All);
        }
        taken.total += 1;
        taken.by_kind.insert(kind.clone(), of_one + 1);
        Ok(Place { places: Arc::clone(self), kind })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        let mut taken = lock(&self.places.taken);
        taken.total -= 1;
        if let Some(count) = taken.by_kind.get_mut(&self.kind) {
            *count -= 1;
            if *count == 0 {
                taken.by_kind.remove(&self.kind);
            }
        }
    }
}

/// What addresses of one subscriber have in common.
pub(crate) fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let kept = v6.to_bits() >> (128 - SUBSCRIBER_BITS) << (128 - SUBSCRIBER_BITS);
            Ipv6Addr::from_bits(kept).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_limited_and_given_back() {
        let places = Places::new(3, 2);
        let take = |ip: &str| places.take(subscriber(ip.parse().unwrap()));
        let (one, two) = (take("192.0.2.1"), take("::ffff:192.0.2.1"));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(take("192.0.2.1").err(), Some(Full::OfOne));
        let other = take("2001:db8::1");
        assert!(other.is_ok());
        assert_eq!(take("2001:db8:1::1").err(), Some(Full::All));
        drop((one, two));
        assert!(take("2001:db8:0:0:ffff::1").is_ok());
        drop(other);
        assert!(lock(&places.taken).by_kind.is_empty());
    }
}
