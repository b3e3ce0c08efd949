//! What is tapped of a session for captions, one value at a time. `router/voice.rs` decides what that
//! is; `net` takes it to whoever listens.

use std::sync::Arc;

use model::{RoomId, SessionId, UserId};

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
