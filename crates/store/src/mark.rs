//! Server mute and deafen and the speaker role of a stage per (room, person): kept when they leave,
//! applied when they come back.
//!
//! Mutes and the role change apart from each other, and whoever writes the one does not know the other. A
//! row without any mark goes.

use model::{RoomId, UserId};
use sqlx::any::AnyRow;
use sqlx::{Any, FromRow, Row, Transaction};

use crate::error::StoreError;
use crate::{Store, row};

/// What moderators set on a person in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub user: UserId,
    /// Not heard.
    pub server_mute: bool,
    /// Does not hear.
    pub server_deaf: bool,
    /// Their camera may not be seen.
    pub server_video_mute: bool,
    /// Speaks on the stage.
    pub stage_speaker: bool,
}

/// Takes room, user, mute, deafen and the camera's mute.
const SET_MUTES: &str = "INSERT INTO room_marks \
     (room_id, user_id, server_mute, server_deaf, server_video_mute, stage_speaker) \
     VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (room_id, user_id) DO UPDATE SET \
     server_mute = excluded.server_mute, server_deaf = excluded.server_deaf, \
     server_video_mute = excluded.server_video_mute";

/// Takes room, user and role.
const SET_SPEAKER: &str = "INSERT INTO room_marks \
     (room_id, user_id, server_mute, server_deaf, stage_speaker) VALUES ($1, $2, 0, 0, $3) \
     ON CONFLICT (room_id, user_id) DO UPDATE SET stage_speaker = excluded.stage_speaker";

/// Takes room and user.
const FORGET_UNMARKED: &str = "DELETE FROM room_marks WHERE room_id = $1 AND user_id = $2 \
     AND server_mute = 0 AND server_deaf = 0 AND server_video_mute = 0 AND stage_speaker = 0";

/// Takes room and user.
const FORGET: &str = "DELETE FROM room_marks WHERE room_id = $1 AND user_id = $2";

impl Store {
    /// Everyone in the room's records who has a mark there.
    pub async fn marks(&self, room: RoomId) -> Result<Vec<Mark>, StoreError> {
        let query = sqlx::query_as(
            "SELECT user_id, server_mute, server_deaf, server_video_mute, stage_speaker FROM room_marks \
             WHERE room_id = $1 ORDER BY user_id",
        );
        Ok(query.bind(room.as_i64()).fetch_all(&self.reads).await?)
    }

    /// Sets all marks of a person. [`StoreError::Missing`] when there is no such room.
    pub async fn set_marks(&self, room: RoomId, mark: Mark) -> Result<(), StoreError> {
        let Mark { user, server_mute, server_deaf, server_video_mute, stage_speaker } = mark;
        let mut rows = self.writes.begin().await?;
        let mutes = [server_mute, server_deaf, server_video_mute];
        write_mutes(&mut rows, room, user, mutes).await?;
        write_speaker(&mut rows, room, user, stage_speaker).await?;
        Ok(rows.commit().await?)
    }
}

/// Sets server mute, deafen and the camera's mute, and leaves the role as it is.
pub(crate) async fn write_mutes(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    user: UserId,
    mutes: [bool; 3],
) -> Result<(), StoreError> {
    let query = sqlx::query(SET_MUTES).bind(room.as_i64()).bind(user.as_i64());
    let query = mutes.into_iter().fold(query, |query, mute| query.bind(i64::from(mute)));
    query.execute(&mut **rows).await?;
    forget_unmarked(rows, room, user).await
}

/// Sets the speaker role, and leaves server mute and deafen as they are.
pub(crate) async fn write_speaker(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    user: UserId,
    speaker: bool,
) -> Result<(), StoreError> {
    let query = sqlx::query(SET_SPEAKER).bind(room.as_i64()).bind(user.as_i64());
    query.bind(i64::from(speaker)).execute(&mut **rows).await?;
    forget_unmarked(rows, room, user).await
}

/// Forgets all marks of a person.
pub(crate) async fn forget(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    user: UserId,
) -> Result<(), StoreError> {
    let query = sqlx::query(FORGET).bind(room.as_i64()).bind(user.as_i64());
    query.execute(&mut **rows).await?;
    Ok(())
}

async fn forget_unmarked(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    user: UserId,
) -> Result<(), StoreError> {
    let query = sqlx::query(FORGET_UNMARKED).bind(room.as_i64()).bind(user.as_i64());
    query.execute(&mut **rows).await?;
    Ok(())
}

impl<'r> FromRow<'r, AnyRow> for Mark {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user: row::id(row, "user_id", UserId::from_i64)?,
            server_mute: row.try_get::<i64, _>("server_mute")? != 0,
            server_deaf: row.try_get::<i64, _>("server_deaf")? != 0,
            server_video_mute: row.try_get::<i64, _>("server_video_mute")? != 0,
            stage_speaker: row.try_get::<i64, _>("stage_speaker")? != 0,
        })
    }
}
