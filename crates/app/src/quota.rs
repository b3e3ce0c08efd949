//! How often one account may join and make rooms, whichever dialect it speaks, and how often it may call
//! where a dialect counts calls.

use std::net::IpAddr;
use std::time::Duration;

use model::{AccountId, RoomId, Timestamp, UserId};

use crate::clock::now;
use crate::limits::{Allowance, Buckets, Rate, household};
use crate::{App, Refusal};

/// Joins: a client that reconnects through a bad hour stays below it, one that loops does not.
const JOINS: Rate = Rate { burst: 30.0, per_sec: 1.0 };
/// New rooms.
const ROOMS: Rate = Rate { burst: 20.0, per_sec: 0.5 };
/// Guesses at a room's password per person: five at once, then one in ten seconds.
const ROOM_PASSWORDS: Rate = Rate { burst: 5.0, per_sec: 0.1 };
/// The same per address: accounts are free, so a class may guess from one address, not a program.
const ROOM_PASSWORDS_FROM: Rate = Rate { burst: 30.0, per_sec: 0.1 };

/// What somebody says of themselves, or has passed on to others: each is told to everyone who may see the room.
const VOICE_UPDATES: Rate = Rate { burst: 20.0, per_sec: 2.0 };
/// Calls about rooms, about being in them, and others.
const ROOM_CALLS: Rate = Rate { burst: 20.0, per_sec: 0.5 };
const VOICE_CALLS: Rate = Rate { burst: 30.0, per_sec: 1.0 };
const OTHER_CALLS: Rate = Rate { burst: 10.0, per_sec: 0.2 };

/// People invited per account: as many at once as a room takes, then one a second. Each rings somewhere.
const INVITATIONS: Rate = Rate { burst: 64.0, per_sec: 1.0 };
/// Knocks at rooms per address: guests are free, and each that waits is told to everyone inside.
const KNOCKS: Rate = Rate { burst: 60.0, per_sec: 1.0 };

/// What a call is about: each kind has a bucket of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallKind {
    /// Rooms themselves.
    Rooms,
    /// Being in a room, and what is done to those who are.
    Voice,
    /// All else.
    Other,
}

impl CallKind {
    fn rate(self) -> Rate {
        match self {
            Self::Rooms => ROOM_CALLS,
            Self::Voice => VOICE_CALLS,
            Self::Other => OTHER_CALLS,
        }
    }
}

/// A bucket of calls, as replies tell it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Quoted {
    /// Calls at once.
    pub limit: u32,
    /// Calls left.
    pub remaining: u32,
    /// When the bucket is full again.
    pub reset: Timestamp,
    /// There was none left; try again after this.
    pub refused: Option<Duration>,
}

/// The buckets, or none where limits are off.
#[derive(Debug)]
pub(crate) struct Quota(Option<Limited>);

#[derive(Debug)]
struct Limited {
    joins: Buckets<UserId>,
    rooms: Buckets<AccountId>,
    room_passwords: Buckets<(UserId, RoomId)>,
    room_passwords_from: Buckets<(IpAddr, RoomId)>,
    voice_updates: Buckets<UserId>,
    invitations: Buckets<UserId>,
    knocks: Buckets<IpAddr>,
    room_calls: Buckets<AccountId>,
    voice_calls: Buckets<AccountId>,
    other_calls: Buckets<AccountId>,
}

impl Limited {
    fn calls(&self, kind: CallKind) -> &Buckets<AccountId> {
        match kind {
            CallKind::Rooms => &self.room_calls,
            CallKind::Voice => &self.voice_calls,
            CallKind::Other => &self.other_calls,
        }
    }
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
            voice_updates: Buckets::new(VOICE_UPDATES),
            invitations: Buckets::new(INVITATIONS),
            knocks: Buckets::new(KNOCKS),
            room_calls: Buckets::new(ROOM_CALLS),
            voice_calls: Buckets::new(VOICE_CALLS),
            other_calls: Buckets::new(OTHER_CALLS),
        };
        Self(limited.then(buckets))
    }

    pub(crate) fn take_join(&self, user: UserId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.joins, user))
    }

    pub(crate) fn take_voice_update(&self, user: UserId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.voice_updates, user))
    }

    pub(crate) fn take_invitation(&self, by: UserId) -> Result<(), Refusal> {
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.invitations, by))
    }

    pub(crate) fn take_knock(&self, address: IpAddr) -> Result<(), Refusal> {
        let address = household(address);
        self.0.as_ref().map_or(Ok(()), |limited| take(&limited.knocks, address))
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

impl App {
    /// Counts a call of an account, and says what is left.
    pub fn take_call(&self, kind: CallKind, account: AccountId) -> Quoted {
        let Some(limited) = &self.limits.0 else { return full(kind) };
        match limited.calls(kind).take(account, now().mono) {
            Ok(allowance) => quoted(kind, allowance, None),
            Err(allowance) => quoted(kind, allowance, Some(allowance.retry_after)),
        }
    }

    /// What an account has left, or anybody before they say who they are.
    pub fn peek_call(&self, kind: CallKind, account: Option<AccountId>) -> Quoted {
        match (&self.limits.0, account) {
            (Some(limited), Some(account)) => {
                quoted(kind, limited.calls(kind).peek(&account, now().mono), None)
            }
            (None, _) | (_, None) => full(kind),
        }
    }

    /// Whether people are limited in how often they may do things.
    pub fn is_limited(&self) -> bool {
        self.limits.0.is_some()
    }
}

fn full(kind: CallKind) -> Quoted {
    let limit = kind.rate().burst as u32;
    Quoted { limit, remaining: limit, reset: now().wall, refused: None }
}

fn quoted(kind: CallKind, allowance: Allowance, refused: Option<Duration>) -> Quoted {
    let reset = now().wall.plus(allowance.full_after);
    let (limit, remaining) = (kind.rate().burst as u32, allowance.remaining);
    Quoted { limit, remaining, reset, refused }
}

fn take<K: std::hash::Hash + Eq>(buckets: &Buckets<K>, key: K) -> Result<(), Refusal> {
    let taken = buckets.take(key, now().mono);
    taken.map(|_| ()).map_err(|allowance| Refusal::RateLimited(allowance.retry_after))
}
