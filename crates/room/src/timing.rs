//! How long things last that whoever runs the server, or tests it, may set.

use std::time::Duration;

/// The times of a room that are given to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// A floor that is not kept falls free after this long.
    pub speaker_ttl: Duration,
    /// A session that lives by requests has left when none came for this long.
    pub request_idle: Duration,
    /// An invitation that nobody answers is over after this long. Not configuration: [`RING_FOR`].
    pub ring: Duration,
}

/// Clients keep the floor every 15 s (seed 001). Less would take it from who is still there; more would
/// leave it longer with somebody whose client died.
const SPEAKER_TTL: Duration = Duration::from_secs(20);

/// Requests come when somebody does something. Less would put out who only reads; more would hold one
/// of a pair's two places for somebody who closed the page.
const REQUEST_IDLE: Duration = Duration::from_secs(60);

/// How long an invitation rings (the page of Aura). Less would be over before somebody has found their phone.
pub const RING_FOR: Duration = Duration::from_secs(120);

impl Default for Timing {
    fn default() -> Self {
        Self { speaker_ttl: SPEAKER_TTL, request_idle: REQUEST_IDLE, ring: RING_FOR }
    }
}
