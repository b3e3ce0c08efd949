//! What a room knows about a person who is in it, and about each of their sessions.

use std::collections::BTreeMap;
use std::time::Instant;

use model::{Permissions, RoleId, SessionId, Timestamp, Via};

use crate::actor::Person;
use crate::event::Event;
use crate::presence::lives_by_requests;
use crate::settings::Settings;

/// What moderators decided about a person in this room; applies again on rejoin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// May not be heard.
    pub server_mute: bool,
    /// Is sent nothing.
    pub server_deaf: bool,
    /// Their camera may not be seen.
    pub server_video_mute: bool,
    /// Speaks on the stage. Never set where there is none.
    pub speaker: bool,
}

/// A person in the room.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub person: Person,
    pub roles: Vec<RoleId>,
    /// What they may do before this room's overrides.
    pub base: Permissions,
    /// The same under the overrides as they are.
    pub permissions: Permissions,
    pub joined_at: Timestamp,
    pub sessions: BTreeMap<SessionId, Session>,
}

/// What a client says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SelfState {
    pub mute: bool,
    pub deaf: bool,
    pub camera: bool,
    pub screen: bool,
    /// Its camera is not to be seen, whether it sends one or not.
    pub video_mute: bool,
}

/// One connection of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Session {
    pub via: Via,
    pub client: Option<String>,
    pub own: SelfState,
    pub speaking: bool,
    /// See [`crate::Join::beside`].
    pub beside: Option<SessionId>,
    /// A camera flows.
    pub camera: bool,
    /// A screen flows.
    pub screen: bool,
    /// Since when its hand is up.
    pub hand_at: Option<Timestamp>,
    /// Open sockets, gateways among them: more than one while a client reconnects.
    pub sockets: u32,
    /// Whether packets come from its peer connection.
    pub media: bool,
    /// When it was last heard of by a link that is down now, or by a request.
    pub heard_at: Option<Instant>,
    /// When it ends for want of any link.
    pub gone_at: Option<Instant>,
    /// Its last link went down, and nothing that the session's own client opened has come up since.
    pub detached: bool,
}

impl Member {
    /// Somebody of whom nothing more is known yet.
    pub fn new(person: Person, joined_at: Timestamp) -> Self {
        let (roles, sessions) = Default::default();
        let (base, permissions) = (Permissions::NONE, Permissions::NONE);
        Self { person, roles, base, permissions, joined_at, sessions }
    }

    pub fn may(&self, permission: Permissions) -> bool {
        self.permissions.contains(permission)
    }

    /// These sessions, and those that end with them.
    pub fn with_companions(&self, ids: Vec<SessionId>) -> Vec<SessionId> {
        let beside = |state: &Session| state.beside.is_some_and(|main| ids.contains(&main));
        let companions =
            self.sessions.iter().filter(|(id, state)| !ids.contains(id) && beside(state));
        let companions: Vec<SessionId> = companions.map(|(id, _)| *id).collect();
        ids.into_iter().chain(companions).collect()
    }

    /// What is to be told when they have these roles and permissions under these settings.
    pub fn reauthorized(
        &self,
        roles: &[RoleId],
        base: Permissions,
        settings: &Settings,
    ) -> Option<Event> {
        let user = self.person.id;
        let permissions = settings.resolve(user, roles, base);
        let before = (self.roles.as_slice(), self.base, self.permissions);
        (before != (roles, base, permissions)).then(|| {
            let roles = roles.to_vec();
            Event::Reauthorized { user, roles, base, permissions }
        })
    }
}

impl Session {
    /// A session without any link yet.
    pub fn new(via: Via, client: Option<String>, gone_at: Instant) -> Self {
        Self {
            via,
            client,
            own: SelfState::default(),
            speaking: false,
            camera: false,
            screen: false,
            hand_at: None,
            beside: None,
            sockets: 0,
            media: false,
            heard_at: None,
            gone_at: Some(gone_at),
            detached: false,
        }
    }

    /// Whether it is a client's that came through this door under this name. Who lives by requests is in
    /// once, whatever their clients are called: a request does not say which session it is for.
    pub fn is_of(&self, via: Via, client: Option<&str>) -> bool {
        self.via == via && (lives_by_requests(via) || self.client.as_deref() == client)
    }

    /// Whether any link is up.
    pub fn is_linked(&self) -> bool {
        self.sockets > 0 || self.media
    }
}
