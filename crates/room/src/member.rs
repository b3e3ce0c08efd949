//! What a room knows about a person who is in it, and about each of their sessions.

use std::collections::BTreeMap;
use std::time::Instant;

use model::{Permissions, SessionId, Timestamp, Via};

use crate::actor::Person;

/// What moderators decided about a person in this room; applies again on rejoin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// May not be heard.
    pub server_mute: bool,
    /// Is sent nothing.
    pub server_deaf: bool,
}

/// A person in the room.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub person: Person,
    pub permissions: Permissions,
    pub joined_at: Timestamp,
    pub sessions: BTreeMap<SessionId, Session>,
}

/// One connection of a member.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    pub via: Via,
    pub client: Option<String>,
    pub mute: bool,
    pub deaf: bool,
    pub speaking: bool,
    pub camera: bool,
    pub screen: bool,
    /// Open sockets: more than one while a client reconnects.
    pub sockets: u32,
    /// Whether packets come from its peer connection.
    pub media: bool,
    /// When it was last heard of by a link that is down now, or by a request.
    pub heard_at: Option<Instant>,
    /// When it ends for want of any link.
    pub gone_at: Option<Instant>,
}

impl Member {
    pub fn new(person: Person, permissions: Permissions, joined_at: Timestamp) -> Self {
        Self { person, permissions, joined_at, sessions: BTreeMap::new() }
    }
}

impl Session {
    /// A session without any link yet.
    pub fn new(via: Via, client: Option<String>, gone_at: Instant) -> Self {
        Self {
            via,
            client,
            mute: false,
            deaf: false,
            speaking: false,
            camera: false,
            screen: false,
            sockets: 0,
            media: false,
            heard_at: None,
            gone_at: Some(gone_at),
        }
    }

    /// Whether any link is up.
    pub fn is_linked(&self) -> bool {
        self.sockets > 0 || self.media
    }
}
