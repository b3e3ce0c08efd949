//! What is tapped of a session for captions, one value at a time. `router/voice.rs` decides what that
//! is; `net` takes it to whoever listens.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{RoomId, SessionId, UserId};

use crate::leg::Leg;
use crate::limit::TAPPED_PER_SECOND_MAX;

/// A piece of somebody's voice. For one session always `Began`, at least one `Packet`, `Ended`, and
/// then perhaps anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voice {
    /// From here on this session is heard: the first packet follows.
    Began {
        /// Which session.
        session: SessionId,
        /// The room it is in.
        room: RoomId,
        /// Whose it is.
        user: UserId,
    },
    /// One packet, in the order of arrival: late ones come late, lost ones not at all, and none twice.
    Packet {
        /// Which session.
        session: SessionId,
        /// RTP sequence number without the wrap: one more per packet, a gap is a loss. Counted from
        /// `Began` on, over changes of the sender's SSRC too.
        seq: u64,
        /// RTP timestamp in ticks of 48 kHz. It is what the sender says: nothing to size a buffer by.
        timestamp: u32,
        /// Opus as the sender encoded it, never empty, no longer than a datagram; shared with
        /// the listeners. Unchecked: it may not decode.
        payload: Arc<[u8]>,
    },
    /// Nothing more of it: muted, captions switched off, or the microphone is gone.
    Ended {
        /// Which session.
        session: SessionId,
    },
}

/// A source while it is tapped.
pub(crate) struct Tapped {
    /// The numbers that its packets get.
    pub leg: Leg,
    second_began: Instant,
    in_this_second: u32,
}

impl Tapped {
    pub fn new(now: Instant) -> Self {
        Self { leg: Leg::default(), second_began: now, in_this_second: 0 }
    }

    /// Whether one more packet may be tapped now.
    pub fn takes(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.second_began) >= Duration::from_secs(1) {
            (self.second_began, self.in_this_second) = (now, 0);
        }
        self.in_this_second += 1;
        self.in_this_second <= TAPPED_PER_SECOND_MAX
    }
}
