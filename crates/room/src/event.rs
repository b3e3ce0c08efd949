//! What happened in a room. Past tense; the same value is reply, broadcast, stored row and message.

use std::time::Instant;

use model::{Permissions, RoleId, RoomId, SessionId, Timestamp, TrackSource, UserId, Via};

use crate::actor::Person;
use crate::call::{Call, CallChange};
use crate::end::EndReason;
use crate::moves::Carried;
use crate::presence::Link;
use crate::settings::Settings;
use crate::stage::{InviteEnd, RevokeReason};

/// A fact about a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A person became a member: their first session follows.
    MemberJoined {
        /// Who.
        person: Person,
        /// Their roles.
        roles: Vec<RoleId>,
        /// What they may do before this room's overrides.
        base: Permissions,
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
        /// Its camera is not to be seen.
        video_mute: bool,
        /// See [`crate::Join::beside`].
        beside: Option<SessionId>,
        /// When.
        at: Timestamp,
        /// It ends then unless a link comes up.
        gone_at: Instant,
    },
    /// A session of a member came from another room, with its links.
    SessionArrived {
        /// Its id, as before.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// What it brings along.
        carried: Carried,
        /// Where it comes from.
        from: RoomId,
        /// When.
        at: Timestamp,
    },
    /// A member changed mute or deafen on one session, or what its client says that it sends.
    SelfChanged {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// The new state.
        mute: bool,
        /// The new state.
        deaf: bool,
        /// Says that it sends a camera.
        camera: bool,
        /// Says that it sends a screen.
        screen: bool,
        /// Its camera is not to be seen, whether it sends one or not.
        video_mute: bool,
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
        /// The new state.
        server_video_mute: bool,
    },
    /// Who has no account has left: nobody can know them again, and nothing is kept of them.
    MarksForgotten {
        /// Who.
        user: UserId,
    },
    /// A session raised its hand.
    HandRaised {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// When; rises with the order in which hands went up.
        at: Timestamp,
    },
    /// A session lowered its hand.
    HandLowered {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
    },
    /// A session showed a reaction. It changes nothing.
    Reacted {
        /// Which session.
        session: SessionId,
        /// Whose.
        user: UserId,
        /// What clients show for it.
        reaction: String,
    },
    /// Something became of somebody who comes in by two steps.
    Call {
        /// Names the call; becomes the session's when it comes in.
        session: SessionId,
        /// The call.
        call: Box<Call>,
        /// What became of it.
        what: CallChange,
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
    /// A member's roles or permissions changed.
    Reauthorized {
        /// Whose.
        user: UserId,
        /// The roles.
        roles: Vec<RoleId>,
        /// What they may do before this room's overrides.
        base: Permissions,
        /// What they may do here, overrides resolved.
        permissions: Permissions,
    },
    /// A listener asks to speak.
    SpeakRequested {
        /// Who.
        user: UserId,
        /// When; later than all requests that are still there, whatever the clock says.
        at: Timestamp,
    },
    /// A listener does not ask any more.
    SpeakRequestWithdrawn {
        /// Who.
        user: UserId,
    },
    /// A listener is invited to speak, once more or for the first time.
    SpeakerInvited {
        /// Who.
        user: UserId,
        /// By whom; `None` is the server.
        by: Option<UserId>,
        /// When the invite ends unless it is answered.
        expires: Instant,
        /// The same for those who are shown it.
        expires_at: Timestamp,
    },
    /// An invite is over, and nobody became a speaker by it.
    InviteEnded {
        /// Who was invited.
        user: UserId,
        /// How it ended.
        why: InviteEnd,
    },
    /// A listener is a speaker. Their request and invite are over.
    SpeakerMade {
        /// Who.
        user: UserId,
        /// The moderator who wanted it; `None` is the server.
        by: Option<UserId>,
    },
    /// A speaker is a listener, or leaves.
    SpeakerRevoked {
        /// Who.
        user: UserId,
        /// The moderator who did it; `None`: the server, or they themselves.
        by: Option<UserId>,
        /// Why.
        why: RevokeReason,
    },
    /// What the stage is about changed.
    TopicChanged {
        /// The new one.
        topic: Option<String>,
        /// Who did it; `None` is the server.
        by: Option<UserId>,
    },
    /// Other settings changed. Members whose permissions change by it follow.
    SettingsChanged {
        /// All settings as they are now.
        settings: Box<Settings>,
        /// Who did it; `None` is the server.
        by: Option<UserId>,
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
        /// When.
        at: Timestamp,
    },
}

/// Who is to be told of an event. A dialect may tell fewer, never more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Audience {
    /// Members and those who watch the room.
    Room,
    /// Whoever comes in by this call, and the call that invited it, if one did.
    Call {
        /// Which call.
        session: SessionId,
        /// The other one.
        inviter: Option<SessionId>,
    },
    /// One person, wherever they are connected.
    Person(UserId),
    /// Members who decide who speaks, see [`crate::Room::stage_moderators`].
    StageModerators,
    /// Members who decide who is let in, see [`crate::Room::admins`], and whoever waits under this id.
    AdminsAnd(SessionId),
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
            | Self::SessionArrived { .. }
            | Self::SessionEnded { .. }
            | Self::HandRaised { .. }
            | Self::HandLowered { .. }
            | Self::Reacted { .. }
            | Self::SpeakRequested { .. }
            | Self::SpeakRequestWithdrawn { .. }
            | Self::SpeakerMade { .. }
            | Self::SpeakerRevoked { .. }
            | Self::TopicChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::FloorTaken { .. }
            | Self::FloorKept { .. }
            | Self::FloorReleased { .. }
            | Self::CaptionsSwitched { .. }
            | Self::Closed { .. } => Audience::Room,
            Self::SpeakerInvited { user, .. } => Audience::Person(*user),
            Self::InviteEnded { user, why } => match why {
                InviteEnd::Declined => Audience::StageModerators,
                InviteEnd::Expired | InviteEnd::Revoked => Audience::Person(*user),
            },
            Self::Call { session, call, what } => what.audience(*session, call),
            Self::LinkUp { .. }
            | Self::LinkDown { .. }
            | Self::RequestHeard { .. }
            | Self::MarksForgotten { .. }
            | Self::Reauthorized { .. } => Audience::Server,
        }
    }

    /// The person it is about; `None` when it is about the room or a link.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::MemberJoined { person, .. } => Some(person.id),
            Self::SessionStarted { user, .. }
            | Self::HandRaised { user, .. }
            | Self::HandLowered { user, .. }
            | Self::Reacted { user, .. }
            | Self::MarksForgotten { user }
            | Self::SessionArrived { user, .. }
            | Self::SpeakRequested { user, .. }
            | Self::SpeakRequestWithdrawn { user }
            | Self::SpeakerInvited { user, .. }
            | Self::InviteEnded { user, .. }
            | Self::SpeakerMade { user, .. }
            | Self::SpeakerRevoked { user, .. }
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
            | Self::TopicChanged { .. }
            | Self::SettingsChanged { .. }
            | Self::Call { .. }
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
