//! One receiving section of a session: whatever source is bound to it goes there.

use model::{MediaKind, TrackSource, UserId};
use str0m::media::Mid;

use crate::leg::Leg;
use crate::source::SourceRef;

/// What the client wants to see in a video slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Want {
    /// The server chooses.
    #[default]
    Auto,
    /// This user's picture, and nothing while there is none.
    Of(UserId, Option<TrackSource>),
    /// Nothing: it is not on the screen.
    Hidden,
}

/// A receiving section. It stays at its index for as long as the connection lives.
pub(crate) struct Slot {
    pub name: String,
    pub mid: Mid,
    pub kind: MediaKind,
    /// The last offer says it receives.
    pub open: bool,
    /// Its section is gone for good and nothing refers to it.
    pub retired: bool,
    pub want: Want,
    pub bound: Option<SourceRef>,
    pub leg: Leg,
}

impl Slot {
    pub fn new(name: String, kind: MediaKind) -> Self {
        Self {
            mid: Mid::from(name.as_str()),
            name,
            kind,
            open: false,
            retired: false,
            want: Want::Auto,
            bound: None,
            leg: Leg::default(),
        }
    }
}
