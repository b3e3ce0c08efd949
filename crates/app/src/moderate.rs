//! What moderators do to others.

use model::{AccountId, RoomId, UserId};
use room::{Command, EndReason};

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

    /// Puts somebody out of every room they are in. `false` when one of them could not do it now.
    pub(crate) async fn end_everywhere(&self, user: UserId, reason: EndReason) -> bool {
        // Who is being moved is in the one room or the other by then.
        let _one_at_a_time = self.joins.lock(user).await;
        self.rooms.end_member_everywhere(user, reason).await
    }

    pub(crate) async fn moderate(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
        command: Command,
    ) -> Result<(), Refusal> {
        let outcome = self.rooms.submit(room, &by.actor(), command).await;
        self.or_unknown(user, outcome).await.map(|_| ())
    }

    /// Somebody who is not in the room may not be at all.
    pub(crate) async fn or_unknown<T>(
        &self,
        user: UserId,
        outcome: Result<T, Refusal>,
    ) -> Result<T, Refusal> {
        match outcome {
            Err(Refusal::Room(room::Refusal::TargetNotInRoom))
                if self.store.account(AccountId(user.0)).await?.is_none() =>
            {
                Err(Refusal::UserNotFound)
            }
            outcome => outcome,
        }
    }
}
