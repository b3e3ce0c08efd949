//! What the application asks of a worker, as plain values.

use model::{Gate, RoomId, SessionId, TrackSource, UserId};

/// A session to be made, before its first offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenSession {
    /// Its id.
    pub session: SessionId,
    /// The room whose other sessions it hears.
    pub room: RoomId,
    /// Whose it is: sessions of one user never hear each other.
    pub user: UserId,
    /// What it may do from the start.
    pub gate: Gate,
}

/// What a sending section of an offer carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceLabel {
    /// The section's `a=mid`.
    pub mid: String,
    /// What is in it.
    pub source: TrackSource,
}

/// What a client would like in one of its receiving video sections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewRequest {
    /// The section's `a=mid`.
    pub mid: String,
    /// Whose picture; `None` leaves the choice to the server.
    pub user: Option<UserId>,
    /// Of which session of that user's; `None`: of whichever has one.
    pub session: Option<SessionId>,
    /// Which of that user's pictures; `None`: the screen if there is one, else the camera.
    pub source: Option<TrackSource>,
    /// Pixels shown: the smallest layer that has so many each way is sent. Zero (with `height` zero):
    /// hidden, send nothing; one of them zero: not said, the largest.
    pub width: u16,
    /// Pixels shown.
    pub height: u16,
}
