//! What happened in a room. Past tense; the same value is reply, broadcast, stored row and message.

use std::fmt;
use std::time::Instant;

use model::{Permissions, SessionId, Timestamp, TrackSource, UserId, Via};

use crate::actor::Person;
use crate::presence::Link;

/// A fact about a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person became a member: their first session follows.
    MemberJoined {
        /// Who.
        person: Person,
        /// What they may do here, overrides resolved.
        permissions: Permissions,
        /// When.
        at: Timestamp,
    },
    /// A session of a member began.
    SessionStarted {
        /// Its id.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// The door.
        via: Via,
        /// See [`crate::Join::client`].
        client: Option<String>,
        /// Muted by themselves.
        mute: bool,
        /// Deafened by themselves.
        deaf: bool,
        /// When.
        at: Timestamp,
        /// It ends then unless a link comes up.
        gone_at: Instant,
    },
    /// A member changed mute or deafen on one session.
    SelfChanged {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// The new state.
        mute: bool,
        /// The new state.
        deaf: bool,
    },
    /// A moderator changed a member's mute or deafen.
    Moderated {
        /// Whose.
        user: UserId,
        /// Who did it; `None` is the server.
        by: Option<UserId>,
        /// The new state.
        server_mute: bool,
        /// The new state.
        server_deaf: bool,
    },
    /// A session is over.
    SessionEnded {
        /// Which.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// Why.
        reason: EndReason,
        /// When.
        at: Timestamp,
    },
    /// A member's last session is over.
    MemberLeft {
        /// Who.
        user: UserId,
        /// Why.
        reason: EndReason,
    },
    /// A session's socket or media came up.
    LinkUp {
        /// Which session.
        session: SessionId,
        /// Which link.
        link: Link,
    },
    /// A session's socket or media is gone.
    LinkDown {
        /// Which session.
        session: SessionId,
        /// Which link.
        link: Link,
        /// When the session was last heard of by any link that is down.
        heard_at: Instant,
        /// When the session ends if nothing comes back; `None` while another link is up.
        gone_at: Option<Instant>,
    },
    /// A request of a session that lives by them came in.
    RequestHeard {
        /// Which session.
        session: SessionId,
        /// When it was last heard of.
        heard_at: Instant,
        /// When it ends if nothing more comes; `None` while a link is up.
        gone_at: Option<Instant>,
    },
    /// A session began or ceased to speak.
    Speaking {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// The new state.
        speaking: bool,
    },
    /// A track began or ceased to flow.
    Source {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// What it carries.
        source: TrackSource,
        /// The new state.
        flowing: bool,
    },
    /// A member's permissions here changed.
    Reauthorized {
        /// Whose.
        user: UserId,
        /// The new ones, overrides resolved.
        permissions: Permissions,
    },
    /// A member has the floor: from now on they are heard, and nobody else.
    FloorTaken {
        /// Who.
        user: UserId,
        /// The number of the grant, see [`crate::Floor::fence`].
        fence: u64,
        /// When it falls free unless it is kept.
        expires: Instant,
        /// The same for those who are shown it.
        expires_at: Timestamp,
    },
    /// The holder of the floor keeps it for longer.
    FloorKept {
        /// Who.
        user: UserId,
        /// The number of the grant, as before.
        fence: u64,
        /// When it falls free now.
        expires: Instant,
        /// The same for those who are shown it.
        expires_at: Timestamp,
    },
    /// Nobody has the floor any more.
    FloorReleased {
        /// Who had it.
        user: UserId,
        /// The number of the grant that is over.
        fence: u64,
        /// Why.
        reason: FloorEnd,
    },
    /// Live captions were switched on or off.
    CaptionsSwitched {
        /// The new state.
        on: bool,
        /// Who did it; `None` is the server.
        by: Option<UserId>,
    },
    /// The room takes nobody any more.
    Closed {
        /// Why.
        reason: EndReason,
    },
}

/// Who is to be told of an event. A dialect may tell fewer, never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Members and those who watch the room.
    Room,
    /// One session.
    Session(SessionId),
    /// Nobody: it concerns the server only.
    Server,
}

impl Event {
    /// Who is to be told.
    pub fn audience(&self) -> Audience {
        match self {
            Self::MemberJoined { .. }
            | Self::SelfChanged { .. }
            | Self::Moderated { .. }
            | Self::MemberLeft { .. }
            | Self::Speaking { .. }
            | Self::Source { .. }
            | Self::SessionStarted { .. }
            | Self::SessionEnded { .. }
            | Self::FloorTaken { .. }
            | Self::FloorKept { .. }
            | Self::FloorReleased { .. }
            | Self::CaptionsSwitched { .. }
            | Self::Closed { .. } => Audience::Room,
            Self::LinkUp { .. }
            | Self::LinkDown { .. }
            | Self::RequestHeard { .. }
            | Self::Reauthorized { .. } => Audience::Server,
        }
    }

    /// The person it is about; `None` when it is about the room or a link.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::MemberJoined { person, .. } => Some(person.id),
            Self::SessionStarted { user, .. }
            | Self::SelfChanged { user, .. }
            | Self::Moderated { user, .. }
            | Self::SessionEnded { user, .. }
            | Self::MemberLeft { user, .. }
            | Self::Speaking { user, .. }
            | Self::Source { user, .. }
            | Self::FloorTaken { user, .. }
            | Self::FloorKept { user, .. }
            | Self::FloorReleased { user, .. }
            | Self::Reauthorized { user, .. } => Some(*user),
            Self::LinkUp { .. }
            | Self::LinkDown { .. }
            | Self::RequestHeard { .. }
            | Self::CaptionsSwitched { .. }
            | Self::Closed { .. } => None,
        }
    }
}

/// Why nobody has the floor any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FloorEnd {
    /// The holder gave it back.
    Released,
    /// The holder did not keep it.
    Expired,
    /// The holder's last session ends.
    Left,
}

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
            Self::Moved => "moved",
            Self::Timeout => "timeout",
            Self::Banned => "banned",
            Self::RoomDeleted => "channel_deleted",
            Self::MediaFailed => "media_failed",
            Self::ServerShutdown => "server_shutdown",
            Self::ServerRestart => "server_restart",
        }
    }
}

impl fmt::Display for EndReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
