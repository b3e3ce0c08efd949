//! The one id space: 64 bits, ordered by time, with a decimal and a UUID rendering.
//!
//! Layout of an [`Id`], most significant first: 1 zero bit, 41 bits of milliseconds since
//! [`EPOCH_MS`], 10 bits of node, 12 bits of sequence. The top bit stays zero so that the number fits
//! a signed BIGINT.
//!
//! The UUID form is version 8 of RFC 9562 section 5.8: the id in the first 64 free bits, a fixed tag
//! ([`TAG`]) in the remaining 58. A UUID without that tag is somebody else's and never decodes.

use std::fmt;
use std::str::FromStr;

use crate::time::Timestamp;

/// 2024-01-01T00:00:00Z in Unix milliseconds: ids count from here.
const EPOCH_MS: u64 = 1_704_067_200_000;
const NODE_BITS: u32 = 10;
const SEQUENCE_BITS: u32 = 12;
const SEQUENCE_MASK: u64 = (1 << SEQUENCE_BITS) - 1;

/// Fills the 58 bits of a UUID that the id leaves free. Arbitrary, and part of the wire format:
/// changing it makes every UUID handed out before foreign.
const TAG: u64 = 0x02f_70a4_1072_c0de & TAG_MASK;
const TAG_MASK: u64 = (1 << 58) - 1;

/// A 64-bit id; the newtypes below say of what.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(u64);

/// The text is neither a decimal id nor a UUID of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id")]
pub struct InvalidId;

impl Id {
    /// Takes a raw number, as stored. `None` when the top bit is set: no id of ours has it.
    pub fn from_u64(raw: u64) -> Option<Self> {
        (raw <= i64::MAX as u64).then_some(Self(raw))
    }

    /// The raw number.
    pub fn as_u64(self) -> u64 {
        self.0
    }

    /// The raw number as the store keeps it (BIGINT).
    pub fn as_i64(self) -> i64 {
        self.0 as i64
    }

    /// The UUID rendering, hyphenated and lower-case.
    pub fn to_uuid(self) -> String {
        let high = (self.0 >> 16) << 16 | 0x8000 | (self.0 >> 4) & 0x0fff;
        let low = 0b10 << 62 | (self.0 & 0xf) << 58 | TAG;
        let (a, b, c) = (high >> 32, (high >> 16) & 0xffff, high & 0xffff);
        format!("{a:08x}-{b:04x}-{c:04x}-{:04x}-{:012x}", low >> 48, low & 0xffff_ffff_ffff)
    }

    /// Reads the UUID rendering. A UUID that is not ours is an error.
    pub fn from_uuid(text: &str) -> Result<Self, InvalidId> {
        let (high, low) = parse_uuid(text).ok_or(InvalidId)?;
        let ours = high & 0xf000 == 0x8000 && low >> 62 == 0b10 && low & TAG_MASK == TAG;
        if !ours {
            return Err(InvalidId);
        }
        let raw = (high >> 16) << 16 | (high & 0x0fff) << 4 | (low >> 58) & 0xf;
        Self::from_u64(raw).ok_or(InvalidId)
    }
}

/// The two halves of a hyphenated UUID, or `None` if the text is not one.
pub(crate) fn parse_uuid(text: &str) -> Option<(u64, u64)> {
    let bytes = text.as_bytes();
    let hyphens = [8, 13, 18, 23];
    if bytes.len() != 36 || hyphens.iter().any(|&at| bytes[at] != b'-') {
        return None;
    }
    let mut value: u128 = 0;
    for (at, &byte) in bytes.iter().enumerate() {
        if !hyphens.contains(&at) {
            value = value << 4 | u128::from((byte as char).to_digit(16)?);
        }
    }
    Some(((value >> 64) as u64, value as u64))
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Id {
    type Err = InvalidId;

    /// Accepts the decimal and the UUID form.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let decimal =
            !text.is_empty() && text.len() <= 19 && text.bytes().all(|b| b.is_ascii_digit());
        if decimal {
            return text.parse().ok().and_then(Self::from_u64).ok_or(InvalidId);
        }
        Self::from_uuid(text)
    }
}

macro_rules! id_of {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Id);

        impl $name {
            /// Takes the number as stored. `None` when it is negative.
            pub fn from_i64(raw: i64) -> Option<Self> {
                u64::try_from(raw).ok().and_then(Id::from_u64).map(Self)
            }

            /// The number as stored.
            pub fn as_i64(self) -> i64 {
                self.0.as_i64()
            }

            /// The UUID rendering.
            pub fn to_uuid(self) -> String {
                self.0.to_uuid()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.parse().map(Self)
            }
        }
    )+};
}

id_of! {
    /// A person in a room: an account or a guest. An account's id and its `UserId` are the same number.
    UserId,
    /// A stored account.
    AccountId,
    /// A room of any profile.
    RoomId,
    /// One connection of a member to a room.
    SessionId,
    /// A role that accounts can have.
    RoleId,
    /// A message in a room's history.
    MessageId,
}

impl From<AccountId> for UserId {
    fn from(account: AccountId) -> Self {
        Self(account.0)
    }
}

/// The number of this process among those that share a store: 0 to 1023.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeId(u16);

impl NodeId {
    /// The only one, where a process has its store to itself.
    pub const ZERO: Self = Self(0);

    /// `None` above 1023.
    pub fn new(number: u16) -> Option<Self> {
        (number < 1 << NODE_BITS).then_some(Self(number))
    }
}

/// Makes ids that never repeat on one node and never go backwards, whatever the wall clock does.
#[derive(Debug)]
pub struct IdMaker {
    node: NodeId,
    last_ms: u64,
    sequence: u64,
}

impl IdMaker {
    /// A maker for the node with this number.
    pub fn new(node: NodeId) -> Self {
        Self { node, last_ms: 0, sequence: 0 }
    }

    /// The next id. More than 4096 in a millisecond borrow from the next one.
    pub fn next_id(&mut self, now: Timestamp) -> Id {
        let now_ms = (now.as_micros() / 1000).max(0) as u64;
        let ms = now_ms.saturating_sub(EPOCH_MS);
        if ms > self.last_ms {
            (self.last_ms, self.sequence) = (ms, 0);
        } else if self.sequence == SEQUENCE_MASK {
            (self.last_ms, self.sequence) = (self.last_ms + 1, 0);
        } else {
            self.sequence += 1;
        }
        let time = (self.last_ms & ((1 << 41) - 1)) << (NODE_BITS + SEQUENCE_BITS);
        Id(time | u64::from(self.node.0) << SEQUENCE_BITS | self.sequence)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn both_renderings_read_back(raw in 0..=i64::MAX as u64) {
            let id = Id(raw);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(id.to_uuid().parse(), Ok(id));
            prop_assert_eq!(id.to_uuid().to_uppercase().parse(), Ok(id));
        }

        #[test]
        fn any_text_is_refused_or_read_without_panic(text in "\\PC{0,40}") {
            let _ = text.parse::<Id>();
        }

        #[test]
        fn a_foreign_uuid_is_not_ours(high: u64, low: u64) {
            prop_assume!(low & TAG_MASK != TAG);
            let text = format!(
                "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
                high >> 32, (high >> 16) & 0xffff, high & 0xffff, low >> 48, low & 0xffff_ffff_ffff
            );
            prop_assert_eq!(text.parse::<Id>(), Err(InvalidId));
        }
    }

    #[test]
    fn uuid_has_version_8_and_the_rfc_variant() {
        let text = Id(400_000_000_000_001).to_uuid();
        assert_eq!(&text[14..15], "8");
        assert!("89ab".contains(&text[19..20]));
    }

    #[test]
    fn ids_rise_even_when_the_clock_falls() {
        let Some(node) = NodeId::new(3) else { return };
        let mut maker = IdMaker::new(node);
        let at = |ms: i64| Timestamp::from_micros((EPOCH_MS as i64 + ms) * 1000);
        let mut last = maker.next_id(at(10));
        for ms in [10, 9, 0, 11, 11, 5] {
            for _ in 0..5000 {
                let next = maker.next_id(at(ms));
                assert!(next > last);
                last = next;
            }
        }
    }

    #[test]
    fn out_of_range_numbers_are_refused() {
        assert_eq!("9223372036854775808".parse::<Id>(), Err(InvalidId));
        assert_eq!("-1".parse::<Id>(), Err(InvalidId));
        assert_eq!("".parse::<Id>(), Err(InvalidId));
    }
}
