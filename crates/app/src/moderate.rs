//! What moderators do to others.

use model::{AccountId, RoomId, UserId};
use room::Command;

use crate::{App, Identity, Refusal};

impl App {
    /// Puts somebody out of a room: every session of theirs, media included.
    pub async fn kick(&self, by: &Identity, room: RoomId, user: UserId) -> Result<(), Refusal> {
        self.moderate(by, room, user, Command::Kick { user }).await
    }

    /// Mutes or unmutes somebody. When it returns, no later packet of theirs leaves.
    pub async fn server_mute(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
        muted: bool,
    ) -> Result<(), Refusal> {
        self.moderate(by, room, user, Command::ServerMute { user, muted }).await
    }

    /// Deafens or undeafens somebody. When it returns, nothing more is sent to them.
    pub async fn server_deafen(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
        deafened: bool,
    ) -> Result<(), Refusal> {
        self.moderate(by, room, user, Command::ServerDeafen { user, deafened }).await
    }

    async fn moderate(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
        command: Command,
    ) -> Result<(), Refusal> {
        match self.rooms.submit(room, &by.actor(), command).await {
            Err(Refusal::Room(room::Refusal::TargetNotInRoom)) => {
                let known = self.store.account(AccountId(user.0)).await?.is_some();
                Err(if known {
                    room::Refusal::TargetNotInRoom.into()
                } else {
                    Refusal::UserNotFound
                })
            }
            outcome => outcome.map(|_| ()),
        }
    }
}
