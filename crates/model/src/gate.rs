//! The word of the room to the packet path.

use crate::source::TrackSource;

/// What a session may send, and whether it is sent anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gate {
    /// Its microphone is forwarded.
    pub speak: bool,
    /// Its camera is forwarded.
    pub camera: bool,
    /// Its screen is forwarded.
    pub screen: bool,
    /// It is sent the others (false: deafened).
    pub receive: bool,
    /// What its microphone sends is also transcribed. Never without `speak`.
    pub captions: bool,
}

impl Gate {
    /// Nothing passes.
    pub const SHUT: Self =
        Self { speak: false, camera: false, screen: false, receive: false, captions: false };

    /// Whether this source may be forwarded.
    pub fn allows(self, source: TrackSource) -> bool {
        match source {
            TrackSource::Microphone => self.speak,
            TrackSource::Camera => self.camera,
            TrackSource::Screen => self.screen,
        }
    }
}
