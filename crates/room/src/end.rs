//! Why sessions end, and which of those ends are departures.

use std::fmt;

use model::{RoomId, UserId};

/// Why a session ended. The text is wire format and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndReason {
    /// By themselves.
    Left,
    /// The same client joined again, or the member opened too many.
    Replaced,
    /// By a moderator; `None` is the server.
    Kicked {
        /// Who did it.
        by: Option<UserId>,
    },
    /// They joined another room, and can be in one at a time.
    Moved,
    /// A moderator moved them to another room, where their sessions go on.
    MovedTo {
        /// Which room.
        room: RoomId,
        /// Who did it; `None` is the server.
        by: Option<UserId>,
    },
    /// Nothing was heard of the session.
    Timeout,
    /// The account was banned.
    Banned,
    /// The room was deleted.
    RoomDeleted,
    /// The media plane could not take the session.
    MediaFailed,
    /// The server stops.
    ServerShutdown,
    /// The server had stopped without saying so.
    ServerRestart,
}

impl EndReason {
    /// The text that clients and the store get.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Replaced => "replaced",
            Self::Kicked { .. } => "kicked",
            Self::Moved | Self::MovedTo { .. } => "moved",
            Self::Timeout => "timeout",
            Self::Banned => "banned",
            Self::RoomDeleted => "channel_deleted",
            Self::MediaFailed => "media_failed",
            Self::ServerShutdown => "server_shutdown",
            Self::ServerRestart => "server_restart",
        }
    }

    /// Whether it is a departure, and not an accident that one comes back from.
    pub(crate) fn is_departure(self) -> bool {
        match self {
            Self::Left
            | Self::Kicked { .. }
            | Self::Moved
            | Self::MovedTo { .. }
            | Self::Banned
            | Self::RoomDeleted => true,
            Self::Replaced
            | Self::Timeout
            | Self::MediaFailed
            | Self::ServerShutdown
            | Self::ServerRestart => false,
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
