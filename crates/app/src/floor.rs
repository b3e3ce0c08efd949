//! The speaker lock of a push-to-talk room: taken, kept, given back.

use model::RoomId;
use room::{Action, Command, Floor, check};

use crate::{App, Identity, Refusal};

impl App {
    /// Takes the lock, or extends one's own. When it returns, the audio of nobody else passes.
    pub async fn take_floor(&self, by: &Identity, room: RoomId) -> Result<Floor, Refusal> {
        self.floor(by, room, Command::TakeFloor).await?.ok_or_else(lost)
    }

    /// Extends one's own lock.
    pub async fn keep_floor(&self, by: &Identity, room: RoomId) -> Result<Floor, Refusal> {
        self.floor(by, room, Command::KeepFloor).await?.ok_or_else(lost)
    }

    /// Gives one's own lock back. When it returns, no later packet of the caller leaves.
    pub async fn release_floor(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        self.floor(by, room, Command::ReleaseFloor).await.map(|_| ())
    }

    async fn floor(
        &self,
        by: &Identity,
        room: RoomId,
        command: Command,
    ) -> Result<Option<Floor>, Refusal> {
        let actor = by.actor();
        // Who may not know of the room is not told who may speak in it.
        check(&self.rooms.view(room).await?.settings, &actor, Action::View)?;
        Ok(self.rooms.submit(room, &actor, command).await?.view.floor)
    }
}

fn lost() -> Refusal {
    room::Refusal::NotSpeaker.into()
}
