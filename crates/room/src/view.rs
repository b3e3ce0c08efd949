//! What a room looks like: plain data for whoever renders it.

use model::{Permissions, SessionId, Timestamp, UserId, Via};

use crate::actor::Person;
use crate::call::Call;
use crate::floor::Floor;
use crate::member::{Member, SelfState, Session};
use crate::presence::has_client;
use crate::room::Room;
use crate::settings::Settings;
use crate::stage::StageRole;

/// A room and its members, in order of joining, and who holds the floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// The stored part.
    pub settings: Settings,
    /// Members, first come first.
    pub members: Vec<MemberView>,
    /// Who holds the floor, in rooms that have one.
    pub floor: Option<Floor>,
    /// Who waits to be let in, first come first.
    pub waiting: Vec<Call>,
    /// Invitations that nobody has answered, oldest first.
    pub ringing: Vec<Call>,
}

/// A member. A flag that can differ between sessions holds for the member when it holds for all of
/// them (mute, deaf) or any of them (speaking, camera, screen).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub person: Person,
    /// What they may do here.
    pub permissions: Permissions,
    /// Since when.
    pub joined_at: Timestamp,
    /// Muted by themselves, on every session.
    pub mute: bool,
    /// Deafened by themselves, on every session.
    pub deaf: bool,
    /// Muted by a moderator.
    pub server_mute: bool,
    /// Deafened by a moderator.
    pub server_deaf: bool,
    /// Their camera was stopped by a moderator.
    pub server_video_mute: bool,
    /// Heard just now.
    pub speaking: bool,
    /// A camera flows, or a client says that it sends one.
    pub camera: bool,
    /// A screen flows, or a client says that it sends one.
    pub screen: bool,
    /// What they do on the stage, in rooms that have one.
    pub stage: Option<StageRole>,
    /// When they asked to speak there, if they still do. Rises with the order in which people asked.
    pub requested_at: Option<Timestamp>,
    /// Invited to speak there, without an answer so far.
    pub invited: bool,
    /// Their sessions, oldest first; never empty.
    pub sessions: Vec<SessionView>,
}

/// One session of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its id.
    pub id: SessionId,
    /// The door.
    pub via: Via,
    /// Muted by themselves.
    pub mute: bool,
    /// Deafened by themselves.
    pub deaf: bool,
    /// Its camera is not to be seen, says its client.
    pub video_mute: bool,
    /// A camera flows, or its client says that it sends one.
    pub camera: bool,
    /// A screen flows, or its client says that it sends one.
    pub screen: bool,
    /// Its client says that it shares a screen.
    pub shares: bool,
    /// Heard just now.
    pub speaking: bool,
    /// Since when its hand is up.
    pub hand_at: Option<Timestamp>,
    /// What its client is called: by Aura the call id. See [`crate::Join::client`].
    pub client: Option<String>,
    /// See [`crate::Join::beside`].
    pub beside: Option<SessionId>,
    /// The call that it came in by, where that has two steps.
    pub call: Option<Call>,
    /// Nothing of its client's is open or flows since its last link went down.
    pub detached: bool,
}

impl Room {
    /// The room as it is now.
    pub fn view(&self) -> RoomView {
        let mut members: Vec<_> = self.members.values().map(|m| self.member_view(m)).collect();
        members.sort_by_key(|member| (member.joined_at, member.person.id));
        RoomView {
            settings: self.settings().clone(),
            members,
            floor: self.floor(),
            waiting: self.waiting(),
            ringing: self.ringing(),
        }
    }

    /// Whether this session is live.
    pub fn has_session(&self, id: SessionId) -> bool {
        self.session(id).is_some()
    }

    /// Whether this session is heard speaking.
    pub fn is_speaking(&self, id: SessionId) -> bool {
        self.session(id).is_some_and(|(member, session)| self.is_heard(member, session))
    }

    /// One member as they are now.
    pub fn member(&self, user: UserId) -> Option<MemberView> {
        self.members.get(&user).map(|member| self.member_view(member))
    }

    fn is_heard(&self, member: &Member, session: &Session) -> bool {
        session.speaking && self.gate_of(member, session).speak
    }

    fn session_view(&self, member: &Member, id: SessionId, state: &Session) -> SessionView {
        let SelfState { mute, deaf, camera, screen, video_mute } = state.own;
        SessionView {
            id,
            via: state.via,
            mute,
            deaf,
            video_mute,
            camera: state.camera || camera,
            screen: state.screen || screen,
            shares: screen,
            speaking: self.is_heard(member, state),
            hand_at: state.hand_at,
            client: state.client.clone(),
            beside: state.beside,
            call: self.calls.get(&id).cloned(),
            detached: state.detached,
        }
    }

    fn member_view(&self, member: &Member) -> MemberView {
        let sessions = || member.sessions.values();
        let user = member.person.id;
        let marks = self.marks(user);
        MemberView {
            person: member.person.clone(),
            permissions: member.permissions,
            joined_at: member.joined_at,
            mute: sessions().all(|session| session.own.mute),
            deaf: sessions().all(|session| session.own.deaf),
            server_mute: marks.server_mute,
            server_deaf: marks.server_deaf,
            server_video_mute: marks.server_video_mute,
            // Media's word that speech ended comes a moment after the gate shut.
            speaking: sessions().any(|session| self.is_heard(member, session)),
            camera: sessions().any(|session| session.camera || session.own.camera),
            screen: sessions().any(|session| session.screen || session.own.screen),
            stage: self.stage_role(user),
            requested_at: self.requested_at(user),
            invited: self.is_invited(user),
            sessions: member
                .sessions
                .iter()
                .map(|(id, state)| self.session_view(member, *id, state))
                .collect(),
        }
    }
}

impl MemberView {
    /// Whether a client of theirs is there, or on its way: not one that lives by requests, which may be
    /// nobody's any more.
    pub fn is_live(&self) -> bool {
        self.sessions.iter().any(|session| has_client(session.via, session.detached))
    }
}

impl RoomView {
    /// The member that has this session, and the session.
    pub fn session(&self, id: SessionId) -> Option<(&MemberView, &SessionView)> {
        self.members.iter().find_map(|member| {
            member.sessions.iter().find(|session| session.id == id).map(|session| (member, session))
        })
    }

    /// The member with this id.
    pub fn member(&self, user: UserId) -> Option<&MemberView> {
        self.members.iter().find(|member| member.person.id == user)
    }
}
