//! What a room's events leave behind: sessions that began and ended, marks that moderators set,
//! captions that were switched.
//!
//! Called by the room's owner before it applies the events, so that what is told is also kept.

use model::RoomId;
use room::Event;
use sqlx::{Any, Transaction};

use crate::Store;
use crate::error::StoreError;

/// Whether anything of this event is kept.
pub fn is_stored(event: &Event) -> bool {
    match event {
        Event::SessionStarted { .. }
        | Event::SessionEnded { .. }
        | Event::Moderated { .. }
        | Event::CaptionsSwitched { .. } => true,
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
        | Event::Closed { .. } => false,
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
            let sql = crate::session::INSERT;
            let query = sqlx::query(sql).bind(session.as_i64()).bind(room.as_i64());
            let query = query.bind(user.as_i64()).bind(via.to_string()).bind(at.as_micros());
            query.execute(&mut **rows).await?;
        }
        Event::SessionEnded { session, reason, at, .. } => {
            let query = sqlx::query(crate::session::END).bind(session.as_i64());
            query.bind(at.as_micros()).bind(reason.as_str()).execute(&mut **rows).await?;
        }
        Event::Moderated { user, server_mute, server_deaf, .. } => {
            let mark =
                crate::Mark { user: *user, server_mute: *server_mute, server_deaf: *server_deaf };
            crate::mark::write(&mut **rows, room, mark).await?;
        }
        Event::CaptionsSwitched { on, by: _ } => {
            let query = sqlx::query(crate::room::SWITCH_CAPTIONS).bind(room.as_i64());
            query.bind(i64::from(*on)).execute(&mut **rows).await?;
        }
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
        | Event::Closed { .. } => {}
    }
    Ok(())
}
