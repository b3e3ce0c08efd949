//! The words every other crate shares: ids and their renderings, names, permissions, time, secrets.
//!
//! Pure: no clock, no randomness, no I/O. Whoever calls brings the time (see [`Now`]) and the bytes.
//! Only types that at least two crates need live here; nothing in it knows a wire format beyond the
//! two textual forms of an id (decimal and UUID), which all dialects have in common.

mod external;
mod gate;
mod id;
mod name;
mod permission;
mod redacted;
mod source;
mod time;

pub use external::{EXTERNAL_ID_LEN_MAX, ExternalId, InvalidExternalId};
pub use gate::Gate;
pub use id::{
    AccountId, Id, IdMaker, InvalidId, MessageId, NodeId, RoleId, RoomId, SessionId, UserId,
};
pub use name::{InvalidName, Username, slug_of, username_from_email};
pub use permission::{Override, OverrideTarget, Permissions, UnknownPermission};
pub use redacted::Redacted;
pub use source::{MediaKind, TrackSource, Via};
pub use time::{Now, Timestamp};
