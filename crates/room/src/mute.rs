//! Mute and deafen: by oneself per session, by a moderator per person.

use model::{SessionId, UserId};

use crate::actor::Actor;
use crate::event::Event;
use crate::member::Marks;
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;

impl Room {
    pub(crate) fn decide_self(
        &self,
        by: &Actor,
        session: SessionId,
        mute: Option<bool>,
        deaf: Option<bool>,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, state) = self.own_session(by, session)?;
        let (mute, deaf) = (mute.unwrap_or(state.mute), deaf.unwrap_or(state.deaf));
        if (mute, deaf) == (state.mute, state.deaf) {
            return Ok(Vec::new());
        }
        Ok(vec![Event::SelfChanged { session, user: member.person.id, mute, deaf }])
    }

    pub(crate) fn decide_server_mute(
        &self,
        by: &Actor,
        user: UserId,
        muted: bool,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::MuteMembers)?;
        self.moderated(by, user, |marks| Marks { server_mute: muted, ..marks })
    }

    pub(crate) fn decide_server_deafen(
        &self,
        by: &Actor,
        user: UserId,
        deafened: bool,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::DeafenMembers)?;
        self.moderated(by, user, |marks| Marks { server_deaf: deafened, ..marks })
    }

    fn moderated(
        &self,
        by: &Actor,
        user: UserId,
        change: impl FnOnce(Marks) -> Marks,
    ) -> Result<Vec<Event>, Refusal> {
        if !self.members.contains_key(&user) {
            return Err(Refusal::TargetNotInRoom);
        }
        let (before, after) = (self.marks(user), change(self.marks(user)));
        if before == after {
            return Ok(Vec::new());
        }
        let Marks { server_mute, server_deaf } = after;
        Ok(vec![Event::Moderated { user, by: by.user(), server_mute, server_deaf }])
    }
}
