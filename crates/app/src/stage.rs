//! A stage: who asks to speak, who is invited, who speaks, and what it is about.

use model::{RoomId, UserId};
use room::Command;

use crate::{App, Identity, Refusal};

/// The longest topic, in characters.
pub const TOPIC_LEN_MAX: usize = 120;

impl App {
    /// Raises the caller's hand; the moderators see who was first.
    pub async fn request_to_speak(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        self.on_stage(by, room, Command::RequestToSpeak).await
    }

    /// Lowers the caller's hand; a speaker goes back to the audience.
    pub async fn withdraw_request(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        self.on_stage(by, room, Command::WithdrawRequest).await
    }

    /// Invites a listener to speak. Inviting oneself makes one a speaker.
    pub async fn invite_to_speak(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
    ) -> Result<(), Refusal> {
        self.moderate(by, room, user, Command::InviteToSpeak { user }).await
    }

    /// Answers an invitation of the caller's own.
    pub async fn respond_invite(
        &self,
        by: &Identity,
        room: RoomId,
        accepted: bool,
    ) -> Result<(), Refusal> {
        self.on_stage(by, room, Command::RespondInvite { accepted }).await
    }

    /// Makes a speaker a listener. When it returns, no later packet of theirs leaves.
    pub async fn revoke_speaker(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
    ) -> Result<(), Refusal> {
        self.moderate(by, room, user, Command::RevokeSpeaker { user }).await
    }

    /// Says what the stage is about; an empty topic is none. Comes back with what holds now.
    pub async fn set_topic(
        &self,
        by: &Identity,
        room: RoomId,
        topic: String,
    ) -> Result<String, Refusal> {
        let fits = topic.chars().count() <= TOPIC_LEN_MAX && !topic.chars().any(char::is_control);
        if !fits {
            // Who may not is told that first.
            let empty = Command::SetTopic { topic: String::new() };
            self.rooms.consider(room, &by.actor(), &empty).await?;
            let what = format!("topic must be at most {TOPIC_LEN_MAX} characters in one line");
            return Err(Refusal::Invalid(what));
        }
        let outcome = self.rooms.submit(room, &by.actor(), Command::SetTopic { topic }).await?;
        Ok(outcome.view.settings.topic.unwrap_or_default())
    }

    async fn on_stage(&self, by: &Identity, room: RoomId, command: Command) -> Result<(), Refusal> {
        self.rooms.submit(room, &by.actor(), command).await.map(|_| ())
    }
}
