//! What a room's events leave behind: sessions that began, arrived and ended, marks that moderators set,
//! who speaks on a stage, settings that were changed, rooms that are over.
//!
//! Called by the room's owner before it applies the events, so that what is told is also kept.

use ::room::{EndReason, Event};
use model::RoomId;
use sqlx::{Any, Transaction};

use crate::error::StoreError;
use crate::{SessionRow, Store, mark, room, session};

/// Whether anything of this event is kept.
pub fn is_stored(event: &Event) -> bool {
    match event {
        Event::SessionStarted { .. }
        | Event::SessionArrived { .. }
        | Event::SessionEnded { .. }
        | Event::Moderated { .. }
        | Event::MarksForgotten { .. }
        | Event::SpeakerMade { .. }
        | Event::SpeakerRevoked { .. }
        | Event::TopicChanged { .. }
        | Event::SettingsChanged { .. }
        | Event::CaptionsSwitched { .. } => true,
        Event::Closed { reason, .. } => *reason == EndReason::RoomDeleted,
        Event::MemberJoined { .. }
        | Event::SelfChanged { .. }
        | Event::MemberLeft { .. }
        | Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::RequestHeard { .. }
        | Event::Speaking { .. }
        | Event::Source { .. }
        | Event::Reauthorized { .. }
        | Event::FloorTaken { .. }
        | Event::FloorKept { .. }
        | Event::FloorReleased { .. }
        | Event::SpeakRequested { .. }
        | Event::SpeakRequestWithdrawn { .. }
        | Event::SpeakerInvited { .. }
        | Event::InviteEnded { .. }
        | Event::HandRaised { .. }
        | Event::HandLowered { .. }
        | Event::Reacted { .. }
        | Event::Call { .. } => false,
    }
}

impl Store {
    /// Keeps what the events leave, all or nothing.
    pub async fn append(&self, room: RoomId, events: &[Event]) -> Result<(), StoreError> {
        let mut rows = self.writes.begin().await?;
        for event in events.iter().filter(|event| is_stored(event)) {
            write(&mut rows, room, event).await?;
        }
        Ok(rows.commit().await?)
    }
}

async fn write(
    rows: &mut Transaction<'static, Any>,
    room: RoomId,
    event: &Event,
) -> Result<(), StoreError> {
    match event {
        Event::SessionStarted { session, user, via, at, .. } => {
            let (id, user, via, joined_at) = (*session, *user, *via, *at);
            session::write_start(rows, &SessionRow { id, room, user, via, joined_at }).await?;
        }
        Event::SessionArrived { session, user, carried, at, .. } => {
            let (id, user, via, joined_at) = (*session, *user, carried.via(), *at);
            session::write_arrival(rows, &SessionRow { id, room, user, via, joined_at }).await?;
        }
        Event::SessionEnded { session, reason, at, .. } => {
            session::write_end(&mut **rows, *session, room, reason.as_str(), *at).await?;
        }
        Event::Moderated { user, server_mute, server_deaf, server_video_mute, .. } => {
            let mutes = [*server_mute, *server_deaf, *server_video_mute];
            mark::write_mutes(rows, room, *user, mutes).await?;
        }
        Event::MarksForgotten { user } => mark::forget(rows, room, *user).await?,
        Event::SpeakerMade { user, .. } => mark::write_speaker(rows, room, *user, true).await?,
        Event::SpeakerRevoked { user, .. } => mark::write_speaker(rows, room, *user, false).await?,
        Event::TopicChanged { topic, .. } => {
            room::write_topic(rows, room, topic.as_deref()).await?;
        }
        Event::SettingsChanged { settings, .. } => room::write_settings(rows, settings).await?,
        Event::CaptionsSwitched { on, by: _ } => {
            let query = sqlx::query(room::SWITCH_CAPTIONS).bind(room.as_i64());
            query.bind(i64::from(*on)).execute(&mut **rows).await?;
        }
        // Only those are stored whose room is no more.
        Event::Closed { at, .. } => room::write_deletion(rows, room, *at).await?,
        Event::MemberJoined { .. }
        | Event::SelfChanged { .. }
        | Event::MemberLeft { .. }
        | Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::RequestHeard { .. }
        | Event::Speaking { .. }
        | Event::Source { .. }
        | Event::Reauthorized { .. }
        | Event::FloorTaken { .. }
        | Event::FloorKept { .. }
        | Event::FloorReleased { .. }
        | Event::SpeakRequested { .. }
        | Event::SpeakRequestWithdrawn { .. }
        | Event::SpeakerInvited { .. }
        | Event::InviteEnded { .. }
        | Event::HandRaised { .. }
        | Event::HandLowered { .. }
        | Event::Reacted { .. }
        | Event::Call { .. } => {}
    }
    Ok(())
}
