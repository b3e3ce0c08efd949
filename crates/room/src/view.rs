//! What a room looks like: plain data for whoever renders it.

use model::{Permissions, SessionId, Timestamp, UserId, Via};

use crate::actor::Person;
use crate::floor::Floor;
use crate::member::Member;
use crate::room::Room;
use crate::settings::Settings;

/// A room and its members, in order of joining, and who holds the floor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomView {
    /// The stored part.
    pub settings: Settings,
    /// Members, first come first.
    pub members: Vec<MemberView>,
    /// Who holds the floor, in rooms that have one.
    pub floor: Option<Floor>,
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
    /// Heard just now.
    pub speaking: bool,
    /// A camera flows.
    pub camera: bool,
    /// A screen flows.
    pub screen: bool,
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
}

impl Room {
    /// The room as it is now.
    pub fn view(&self) -> RoomView {
        let mut members: Vec<_> = self.members.values().map(|m| self.member_view(m)).collect();
        members.sort_by_key(|member| (member.joined_at, member.person.id));
        RoomView { settings: self.settings().clone(), members, floor: self.floor() }
    }

    /// Whether this session is live.
    pub fn has_session(&self, id: SessionId) -> bool {
        self.session(id).is_some()
    }

    /// One member as they are now.
    pub fn member(&self, user: UserId) -> Option<MemberView> {
        self.members.get(&user).map(|member| self.member_view(member))
    }

    fn member_view(&self, member: &Member) -> MemberView {
        let sessions = || member.sessions.values();
        let marks = self.marks(member.person.id);
        MemberView {
            person: member.person.clone(),
            permissions: member.permissions,
            joined_at: member.joined_at,
            mute: sessions().all(|session| session.mute),
            deaf: sessions().all(|session| session.deaf),
            server_mute: marks.server_mute,
            server_deaf: marks.server_deaf,
            // Media's word that speech ended comes a moment after the gate shut.
            speaking: sessions().any(|s| s.speaking && self.gate_of(member, s).speak),
            camera: sessions().any(|session| session.camera),
            screen: sessions().any(|session| session.screen),
            sessions: member
                .sessions
                .iter()
                .map(|(id, session)| SessionView {
                    id: *id,
                    via: session.via,
                    mute: session.mute,
                    deaf: session.deaf,
                })
                .collect(),
        }
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
