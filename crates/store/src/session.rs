//! The record of sessions: who was in which room, by which door, from when to when.

use model::{RoomId, SessionId, Timestamp, UserId, Via};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

use crate::error::StoreError;
use crate::{Store, row};

/// A session that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// Where.
    pub room: RoomId,
    /// Whose.
    pub user: UserId,
    /// The door.
    pub via: Via,
    /// Since when.
    pub joined_at: Timestamp,
}

/// Takes id, room, user, door and time.
pub(crate) const INSERT: &str =
    "INSERT INTO sessions (id, room_id, user_id, via, joined_at) VALUES ($1, $2, $3, $4, $5)";

/// Takes id, time and reason; the first end stands.
pub(crate) const END: &str =
    "UPDATE sessions SET ended_at = $2, reason = $3 WHERE id = $1 AND ended_at IS NULL";

/// Takes room and user.
const WAS_THERE: &str = "SELECT id FROM sessions WHERE room_id = $1 AND user_id = $2 LIMIT 1";

const DOORS: [Via; 6] =
    [Via::Vox, Via::SttRoom, Via::VoiceService, Via::Aura, Via::OriginChats, Via::Sip];

impl Store {
    /// Records the beginning of a session. [`StoreError::Missing`] when there is no such room,
    /// [`StoreError::Taken`] when the session is already on record.
    pub async fn start_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        sqlx::query(INSERT)
            .bind(session.id.as_i64())
            .bind(session.room.as_i64())
            .bind(session.user.as_i64())
            .bind(session.via.to_string())
            .bind(session.joined_at.as_micros())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// Whether a session could be recorded just now: a write that changes nothing, and still needs its
    /// turn, the lock and the table.
    pub async fn takes_sessions(&self) -> Result<(), StoreError> {
        // No id is negative.
        let query = sqlx::query("UPDATE sessions SET reason = reason WHERE id = -1");
        query.execute(&self.writes).await?;
        Ok(())
    }

    /// Records the end. `false` when it had ended before or never began: the first end stands.
    pub async fn end_session(
        &self,
        id: SessionId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let query = sqlx::query(END);
        let query = query.bind(id.as_i64()).bind(now.as_micros()).bind(reason);
        Ok(query.execute(&self.writes).await?.rows_affected() > 0)
    }

    /// Ends all that a process which is gone left open, and says how many: at start, before anybody
    /// joins.
    pub async fn end_open_sessions(&self, reason: &str, now: Timestamp) -> Result<u64, StoreError> {
        let query =
            sqlx::query("UPDATE sessions SET ended_at = $1, reason = $2 WHERE ended_at IS NULL");
        let query = query.bind(now.as_micros()).bind(reason);
        Ok(query.execute(&self.writes).await?.rows_affected())
    }

    /// Whether somebody is or was in a room, by any door.
    pub async fn was_participant(&self, room: RoomId, user: UserId) -> Result<bool, StoreError> {
        let query = sqlx::query(WAS_THERE).bind(room.as_i64()).bind(user.as_i64());
        Ok(query.fetch_optional(&self.reads).await?.is_some())
    }

    /// Sessions without an end, oldest first.
    pub async fn open_sessions(&self) -> Result<Vec<SessionRow>, StoreError> {
        let query = sqlx::query_as(
            "SELECT id, room_id, user_id, via, joined_at FROM sessions WHERE ended_at IS NULL \
             ORDER BY id",
        );
        Ok(query.fetch_all(&self.reads).await?)
    }
}

impl<'r> FromRow<'r, AnyRow> for SessionRow {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        let via: String = row.try_get("via")?;
        let via = DOORS.into_iter().find(|door| door.to_string() == via);
        Ok(Self {
            id: row::id(row, "id", SessionId::from_i64)?,
            room: row::id(row, "room_id", RoomId::from_i64)?,
            user: row::id(row, "user_id", UserId::from_i64)?,
            via: via.ok_or_else(|| row::unreadable("via"))?,
            joined_at: row::time(row, "joined_at")?,
        })
    }
}
