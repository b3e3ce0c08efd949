//! How often one account may join and make rooms, whichever dialect it speaks.

use model::{AccountId, UserId};

use crate::Refusal;
use crate::clock::now;
use crate::limits::{Buckets, Rate};

/// Joins: a client that reconnects through a bad hour stays below it, one that loops does not.
const JOINS: Rate = Rate { burst: 30.0, per_sec: 1.0 };
/// New rooms.
const ROOMS: Rate = Rate { burst: 20.0, per_sec: 0.5 };

/// The buckets, or none where limits are off.
#[derive(Debug)]
pub(crate) struct Quota(Option<Limited>);

#[derive(Debug)]
struct Limited {
    joins: Buckets<UserId>,
    rooms: Buckets<AccountId>,
}

impl Quota {
    pub(crate) fn new(limited: bool) -> Self {
        let buckets = || Limited { joins: Buckets::new(JOINS), rooms: Buckets::new(ROOMS) };
        Self(limited.then(buckets))
    }

    pub(crate) fn take_join(&self, user: UserId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.joins, user))
    }

    pub(crate) fn take_room(&self, account: AccountId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.rooms, account))
    }
}

fn take<K: std::hash::Hash + Eq>(buckets: &Buckets<K>, key: K) -> Result<(), Refusal> {
    let taken = buckets.take(key, now().mono);
    taken.map(|_| ()).map_err(|allowance| Refusal::RateLimited(allowance.retry_after))
}
