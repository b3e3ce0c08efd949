//! How often one account may join and make rooms, whichever dialect it speaks.

use std::net::IpAddr;

use model::{AccountId, RoomId, UserId};

use crate::Refusal;
use crate::clock::now;
use crate::limits::{Buckets, Rate, household};

/// Joins: a client that reconnects through a bad hour stays below it, one that loops does not.
const JOINS: Rate = Rate { burst: 30.0, per_sec: 1.0 };
/// New rooms.
const ROOMS: Rate = Rate { burst: 20.0, per_sec: 0.5 };
/// Guesses at a room's password per person: five at once, then one in ten seconds.
const ROOM_PASSWORDS: Rate = Rate { burst: 5.0, per_sec: 0.1 };
/// The same per address: accounts are free, so a class may guess from one address, not a program.
const ROOM_PASSWORDS_FROM: Rate = Rate { burst: 30.0, per_sec: 0.1 };

/// The buckets, or none where limits are off.
#[derive(Debug)]
pub(crate) struct Quota(Option<Limited>);

#[derive(Debug)]
struct Limited {
    joins: Buckets<UserId>,
    rooms: Buckets<AccountId>,
    room_passwords: Buckets<(UserId, RoomId)>,
    room_passwords_from: Buckets<(IpAddr, RoomId)>,
}

/// A guess at a room's password that was counted.
#[derive(Debug)]
pub(crate) struct Guess {
    by: (UserId, RoomId),
    from: Option<(IpAddr, RoomId)>,
}

impl Quota {
    pub(crate) fn new(limited: bool) -> Self {
        let buckets = || Limited {
            joins: Buckets::new(JOINS),
            rooms: Buckets::new(ROOMS),
            room_passwords: Buckets::new(ROOM_PASSWORDS),
            room_passwords_from: Buckets::new(ROOM_PASSWORDS_FROM),
        };
        Self(limited.then(buckets))
    }

    pub(crate) fn take_join(&self, user: UserId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.joins, user))
    }

    pub(crate) fn take_room(&self, account: AccountId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.rooms, account))
    }

    /// Counts as wrong before it is tried: guesses made beside each other are no more than others.
    pub(crate) fn take_guess(
        &self,
        user: UserId,
        address: Option<IpAddr>,
        room: RoomId,
    ) -> Result<Guess, Refusal> {
        let guess =
            Guess { by: (user, room), from: address.map(|address| (household(address), room)) };
        if let Some(limited) = &self.0 {
            take(&limited.room_passwords, guess.by)?;
            if let Some(from) = guess.from {
                take(&limited.room_passwords_from, from)?;
            }
        }
        Ok(guess)
    }

    /// It was right.
    pub(crate) fn give_back(&self, guess: &Guess) {
        let Some(limited) = &self.0 else { return };
        limited.room_passwords.give_back(&guess.by, now().mono);
        if let Some(from) = &guess.from {
            limited.room_passwords_from.give_back(from, now().mono);
        }
    }
}

fn take<K: std::hash::Hash + Eq>(buckets: &Buckets<K>, key: K) -> Result<(), Refusal> {
    let taken = buckets.take(key, now().mono);
    taken.map(|_| ()).map_err(|allowance| Refusal::RateLimited(allowance.retry_after))
}
