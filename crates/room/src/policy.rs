//! The one place that says who may do what in a room. Every dialect and every command asks here.

use model::{Permissions, UserId};

use crate::actor::Actor;
use crate::admission::{self, Entry, Shown};
use crate::refusal::Refusal;
use crate::settings::Settings;

/// Something that needs permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Know of the room and see who is in it.
    View,
    /// Come in.
    Join,
    /// Mute and unmute members.
    MuteMembers,
    /// Let those in who wait, or not, see who they are, and call others in.
    Admit,
    /// Read who is listed and how one gets in.
    ReadAdmission,
    /// Deafen and undeafen members.
    DeafenMembers,
    /// Put members out.
    Kick,
    /// Move members to another room. Asked in both.
    Move,
    /// Decide who speaks on the stage, and what it is about.
    ModerateStage,
    /// Change or delete the room.
    Manage,
    /// Read what was said.
    ReadHistory {
        /// They are in the room, or were.
        participant: bool,
    },
    /// See who is in the room, where a password keeps others out.
    SeeMembers {
        /// They are in the room, or were.
        participant: bool,
    },
}

/// What an actor may do in a room: what they bring, then the room's overrides.
pub fn permissions(settings: &Settings, actor: &Actor) -> Permissions {
    match actor {
        Actor::Server => Permissions::ALL,
        Actor::Caller(caller) => settings.resolve(caller.person.id, &caller.roles, caller.base),
    }
}

/// Whether an actor may do this. Who may not view a room is told that there is none.
pub fn check(settings: &Settings, actor: &Actor, action: Action) -> Result<(), Refusal> {
    let had = permissions(settings, actor);
    let owns = actor.user().is_some_and(|user: UserId| settings.created_by == Some(user));
    if !had.contains(Permissions::VIEW_SPACE) && !owns {
        return Err(Refusal::RoomNotFound);
    }
    let in_or_was = |participant: bool| {
        let passes = participant || matches!(actor, Actor::Server);
        if passes { Ok(()) } else { Err(Refusal::NotAParticipant) }
    };
    let needs = |wanted| if had.contains(wanted) { Ok(()) } else { Err(Refusal::Missing(wanted)) };
    match action {
        Action::View => Ok(()),
        Action::Join if settings.kind.profile().needs_connect => needs(Permissions::CONNECT),
        Action::Join => Ok(()),
        Action::MuteMembers | Action::Admit => needs(Permissions::MUTE_MEMBERS),
        Action::ReadAdmission
            if actor.user().is_some_and(|user| settings.admission.is_listed(user)) =>
        {
            Ok(())
        }
        Action::ReadAdmission => needs(Permissions::MUTE_MEMBERS),
        Action::DeafenMembers => needs(Permissions::DEAFEN_MEMBERS),
        Action::Kick => {
            needs(Permissions::MUTE_MEMBERS).or_else(|_| needs(Permissions::MOVE_MEMBERS))
        }
        Action::Move => needs(Permissions::MOVE_MEMBERS),
        Action::ModerateStage => needs(Permissions::STAGE_MODERATOR),
        Action::Manage if owns => Ok(()),
        Action::Manage => needs(Permissions::MANAGE_SPACES),
        Action::ReadHistory { participant } => {
            in_or_was(participant).and_then(|()| needs(Permissions::READ_HISTORY))
        }
        Action::SeeMembers { participant } if settings.has_password => in_or_was(participant),
        Action::SeeMembers { participant } if settings.kind.profile().has_waiting_room => {
            let freely = admission::entry(settings, actor, Shown::Nothing) == Entry::In;
            if freely { Ok(()) } else { in_or_was(participant) }
        }
        Action::SeeMembers { .. } => Ok(()),
    }
}
