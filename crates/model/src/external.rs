//! Ids that belong to somebody else: the `sub` and the channel of a trusted platform's token.
//!
//! They are keyed by (issuer, id), never decoded as ours, and rendered back in the dialect they came by:
//! unchanged, but for UUIDs, which are one in either case (RFC 9562 section 4) and kept in lower case.

use std::fmt;

use crate::id::{Id, parse_uuid};

/// Longest external id, in bytes. A UUID has 36; more leaves room for platforms with opaque subjects.
pub const EXTERNAL_ID_LEN_MAX: usize = 128;

/// Another system's id for one of our things.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExternalId(String);

/// Empty, too long, with control characters, or an id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an external id")]
pub struct InvalidExternalId;

impl ExternalId {
    /// Any printable text of 1 to [`EXTERNAL_ID_LEN_MAX`] bytes that is not a UUID of ours.
    pub fn new(text: &str) -> Result<Self, InvalidExternalId> {
        let length_fits = (1..=EXTERNAL_ID_LEN_MAX).contains(&text.len());
        if !length_fits || text.chars().any(char::is_control) || Id::from_uuid(text).is_ok() {
            return Err(InvalidExternalId);
        }
        let is_uuid = parse_uuid(text).is_some();
        Ok(Self(if is_uuid { text.to_ascii_lowercase() } else { text.to_owned() }))
    }

    /// A UUID that is not ours: the only form a channel id may have.
    pub fn uuid(text: &str) -> Result<Self, InvalidExternalId> {
        parse_uuid(text).ok_or(InvalidExternalId)?;
        Self::new(text)
    }

    /// The id as it came, a UUID in lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_uuid_is_external_and_ours_is_not() {
        assert!(ExternalId::uuid("0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11").is_ok());
        let ours = Id::from_u64(42).map(Id::to_uuid).unwrap_or_default();
        assert_eq!(ExternalId::uuid(&ours), Err(InvalidExternalId));
        assert_eq!(ExternalId::uuid("general"), Err(InvalidExternalId));
    }

    #[test]
    fn a_uuid_is_the_same_in_either_case_and_other_text_is_not() {
        let id = |text: &str| ExternalId::new(text).map(|id| id.to_string());
        let lower = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
        assert_eq!(id(&lower.to_uppercase()), Ok(lower.to_owned()));
        assert_eq!(id("Maya"), Ok("Maya".to_owned()));
    }

    #[test]
    fn empty_long_and_control_are_refused() {
        for bad in ["", "a\nb", &"x".repeat(EXTERNAL_ID_LEN_MAX + 1)] {
            assert_eq!(ExternalId::new(bad), Err(InvalidExternalId), "{bad:?}");
        }
    }
}
