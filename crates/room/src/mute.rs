//! Mute and deafen: by oneself per session, by a moderator per person.
//!
//! A client may also say that it sends a camera or a screen, which is shown and decides nothing.

use model::{SessionId, UserId};

use crate::actor::Actor;
use crate::event::Event;
use crate::member::{Marks, SelfState};
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;

impl Room {
    pub(crate) fn decide_self(
        &self,
        by: &Actor,
        session: SessionId,
        change: impl FnOnce(SelfState) -> SelfState,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, state) = self.own_session(by, session)?;
        let after = change(state.own);
        if after == state.own {
            return Ok(Vec::new());
        }
        let (user, SelfState { mute, deaf, camera, screen, video_mute }) =
            (member.person.id, after);
        Ok(vec![Event::SelfChanged { session, user, mute, deaf, camera, screen, video_mute }])
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

    pub(crate) fn decide_server_video_mute(
        &self,
        by: &Actor,
        user: UserId,
        muted: bool,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::MuteMembers)?;
        self.moderated(by, user, |marks| Marks { server_video_mute: muted, ..marks })
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
        let Marks { server_mute, server_deaf, server_video_mute, speaker: _ } = after;
        let by = by.user();
        Ok(vec![Event::Moderated { user, by, server_mute, server_deaf, server_video_mute }])
    }
}
