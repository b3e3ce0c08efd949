//! Ids in requests: decimal or UUID, as JSON string or integer.

use std::fmt;
use std::str::FromStr;

use app::RoomRef;
use model::{ExternalId, Id, RoomId};
use serde::de::{Deserialize, Deserializer, Visitor};

use super::fault::Fault;

/// What an id in a request turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum AnyId {
    /// One of ours, in either form.
    Own(Id),
    /// A UUID that is somebody else's.
    Foreign(ExternalId),
}

impl FromStr for AnyId {
    type Err = Fault;

    fn from_str(text: &str) -> Result<Self, Fault> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Own(id));
        }
        let foreign = ExternalId::uuid(text).map(Self::Foreign);
        foreign.map_err(|_| Fault::Malformed("an id must be a decimal number or a UUID".to_owned()))
    }
}

impl AnyId {
    /// As one of ours; a foreign one names nothing.
    pub(crate) fn own(self, what: &'static str) -> Result<Id, Fault> {
        match self {
            Self::Own(id) => Ok(id),
            Self::Foreign(_) => Err(Fault::NoSuch(what)),
        }
    }

    /// As the name of a room.
    pub(crate) fn room(self) -> RoomRef {
        match self {
            Self::Own(id) => RoomRef::Own(RoomId(id)),
            Self::Foreign(external) => RoomRef::External(external),
        }
    }
}

/// An id in a JSON body, still as text: a string, or an integer as some clients send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IdText(pub String);

impl IdText {
    /// What it turned out to be.
    pub(crate) fn parse(&self) -> Result<AnyId, Fault> {
        self.0.parse()
    }
}

impl<'de> Deserialize<'de> for IdText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = IdText;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an id as a string or an integer")
            }

            fn visit_str<E>(self, text: &str) -> Result<IdText, E> {
                Ok(IdText(text.to_owned()))
            }

            fn visit_u64<E>(self, number: u64) -> Result<IdText, E> {
                Ok(IdText(number.to_string()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}
