//! Server mute and deafen per (room, person): kept when they leave, applied when they come back.

use model::{RoomId, UserId};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

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
}

impl Store {
    /// Everyone in the room's records who is muted or deafened there.
    pub async fn marks(&self, room: RoomId) -> Result<Vec<Mark>, StoreError> {
        let query = sqlx::query_as(
            "SELECT user_id, server_mute, server_deaf FROM room_marks WHERE room_id = $1 \
             ORDER BY user_id",
        );
        Ok(query.bind(room.as_i64()).fetch_all(&self.reads).await?)
    }

    /// Sets both marks; with neither the row goes. [`StoreError::Missing`] when there is no such room.
    pub async fn set_marks(&self, room: RoomId, mark: Mark) -> Result<(), StoreError> {
        write(&self.writes, room, mark).await
    }
}

/// Sets both marks, inside a transaction or not; with neither the row goes.
pub(crate) async fn write(
    rows: impl sqlx::Executor<'_, Database = sqlx::Any>,
    room: RoomId,
    mark: Mark,
) -> Result<(), StoreError> {
    let query = if mark.server_mute || mark.server_deaf {
        sqlx::query(
            "INSERT INTO room_marks (room_id, user_id, server_mute, server_deaf) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (room_id, user_id) DO UPDATE SET \
             server_mute = excluded.server_mute, server_deaf = excluded.server_deaf",
        )
        .bind(room.as_i64())
        .bind(mark.user.as_i64())
        .bind(i64::from(mark.server_mute))
        .bind(i64::from(mark.server_deaf))
    } else {
        sqlx::query("DELETE FROM room_marks WHERE room_id = $1 AND user_id = $2")
            .bind(room.as_i64())
            .bind(mark.user.as_i64())
    };
    query.execute(rows).await?;
    Ok(())
}

impl<'r> FromRow<'r, AnyRow> for Mark {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            user: row::id(row, "user_id", UserId::from_i64)?,
            server_mute: row.try_get::<i64, _>("server_mute")? != 0,
            server_deaf: row.try_get::<i64, _>("server_deaf")? != 0,
        })
    }
}
