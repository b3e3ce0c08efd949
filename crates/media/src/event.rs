//! What a worker reports to the application.

use std::time::Instant;

use model::{MediaKind, SessionId, TrackSource, UserId};

/// A fact about one session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Media can flow: the first time, and again after [`Event::Lost`].
    Connected {
        /// Which session.
        session: SessionId,
    },
    /// Nothing at all has arrived for a while; it may come back by itself.
    Lost {
        /// Which session.
        session: SessionId,
        /// When the last datagram came.
        last_seen: Instant,
    },
    /// The peer connection is dead: the client needs a new one, on the same session.
    Failed {
        /// Which session.
        session: SessionId,
    },
    /// Its microphone carries sound.
    SpeakingStarted {
        /// Which session.
        session: SessionId,
    },
    /// Its microphone is silent, muted or gone.
    SpeakingStopped {
        /// Which session.
        session: SessionId,
    },
    /// How loud its microphone is while it carries sound, a few times a second.
    Level {
        /// Which session.
        session: SessionId,
        /// The loudest packet since the last report, dBov: 0 is the loudest there is, -127 silence.
        dbov: i8,
    },
    /// A source is being forwarded.
    SourceStarted {
        /// Which session.
        session: SessionId,
        /// Which of its sources.
        source: TrackSource,
    },
    /// A source is no longer forwarded: renegotiated away, gate shut, or nothing comes.
    SourceStopped {
        /// Which session.
        session: SessionId,
        /// Which of its sources.
        source: TrackSource,
    },
    /// Who is in which receiving section now: always the whole list of that session.
    Slots {
        /// Which session.
        session: SessionId,
        /// Every receiving section, in the order of the offer.
        slots: Vec<SlotBinding>,
    },
}

/// One receiving section of a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotBinding {
    /// The section's `a=mid`.
    pub mid: String,
    /// Audio or video.
    pub kind: MediaKind,
    /// Whose source is in it, if any.
    pub bound: Option<Bound>,
}

/// What a video slot is sent: [`crate::Worker::allocations`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allocation {
    /// The section's `a=mid`.
    pub mid: String,
    /// Whose picture is in it.
    pub bound: Bound,
    /// The layer that is sent now. `None`: nothing yet, or nothing any more.
    pub sent: Option<LayerInfo>,
    /// The layer that was chosen, and is sent from its keyframe on. `None`: paused, for want of bandwidth.
    pub chosen: Option<LayerInfo>,
}

/// One layer of a picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LayerInfo {
    /// The rid by which its sender calls it (RFC 8851 section 4), of which the first eight characters are
    /// kept. In a stream without one the number of the spatial layer, from 0, the smallest: that of a picture
    /// with one layer is 0.
    pub name: String,
    /// Its place among the layers that flow, from the smallest.
    pub rank: usize,
    /// Pixels, as the sender encoded them. Zero: not known.
    pub width: u16,
    /// Pixels.
    pub height: u16,
    /// What it takes to send it, bits per second. Zero: not known yet.
    pub bps: u64,
}

/// The source in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bound {
    /// The sending session.
    pub session: SessionId,
    /// Its user.
    pub user: UserId,
    /// Which of its sources.
    pub source: TrackSource,
}
