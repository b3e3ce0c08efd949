//! The record of sessions: who was in which room, by which door, from when to when.
//!
//! A session that a moderator moved is on record in both rooms. Of one that was moved away and back there
//! is the last stay.

use model::{RoomId, SessionId, Timestamp, UserId, Via};
use sqlx::any::AnyRow;
use sqlx::{Any, FromRow, Row, Transaction};

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
const INSERT: &str =
    "INSERT INTO sessions (id, room_id, user_id, via, joined_at) VALUES ($1, $2, $3, $4, $5)";

/// The same for one that comes from another room, and was here before, perhaps.
const ARRIVE: &str = "INSERT INTO sessions (id, room_id, user_id, via, joined_at) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id, room_id) DO UPDATE SET \
     joined_at = excluded.joined_at, ended_at = NULL, reason = NULL";

/// Takes id, room, time and reason; the first end stands.
const END: &str = "UPDATE sessions SET ended_at = $3, reason = $4 \
     WHERE id = $1 AND room_id = $2 AND ended_at IS NULL";

/// Takes room and user.
const WAS_THERE: &str = "SELECT id FROM sessions WHERE room_id = $1 AND user_id = $2 LIMIT 1";

const DOORS: [Via; 6] =
    [Via::Vox, Via::SttRoom, Via::VoiceService, Via::Aura, Via::OriginChats, Via::Sip];

impl Store {
    /// Records the beginning of a session. [`StoreError::Missing`] when there is no such room,
    /// [`StoreError::Taken`] when the session is already on record in it.
    pub async fn start_session(&self, session: &SessionRow) -> Result<(), StoreError> {
        write(&self.writes, INSERT, session).await
    }

    /// Whether a session could be recorded just now: a write that changes nothing, and still needs its
    /// turn, the lock and the table.
    pub async fn takes_sessions(&self) -> Result<(), StoreError> {
        // No id is negative.
        let query = sqlx::query("UPDATE sessions SET reason = reason WHERE id = -1");
        query.execute(&self.writes).await?;
        Ok(())
    }

    /// Records the end in a room. `false` when it had ended there before or never began: the first end
    /// stands.
    pub async fn end_session(
        &self,
        id: SessionId,
        room: RoomId,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        write_end(&self.writes, id, room, reason, now).await
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
             ORDER BY id, room_id",
        );
        Ok(query.fetch_all(&self.reads).await?)
    }
}

/// Records the beginning of a session.
pub(crate) async fn write_start(
    rows: &mut Transaction<'_, Any>,
    session: &SessionRow,
) -> Result<(), StoreError> {
    write(&mut **rows, INSERT, session).await
}

/// Records that a session came from another room.
pub(crate) async fn write_arrival(
    rows: &mut Transaction<'_, Any>,
    session: &SessionRow,
) -> Result<(), StoreError> {
    write(&mut **rows, ARRIVE, session).await
}

async fn write(
    rows: impl sqlx::Executor<'_, Database = Any>,
    sql: &'static str,
    session: &SessionRow,
) -> Result<(), StoreError> {
    let query = sqlx::query(sql).bind(session.id.as_i64()).bind(session.room.as_i64());
    let query = query.bind(session.user.as_i64()).bind(session.via.to_string());
    query.bind(session.joined_at.as_micros()).execute(rows).await?;
    Ok(())
}

/// Records the end of a session in a room, and says whether that was the first.
pub(crate) async fn write_end(
    rows: impl sqlx::Executor<'_, Database = Any>,
    id: SessionId,
    room: RoomId,
    reason: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let query = sqlx::query(END).bind(id.as_i64()).bind(room.as_i64());
    let query = query.bind(now.as_micros()).bind(reason);
    Ok(query.execute(rows).await?.rows_affected() > 0)
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
