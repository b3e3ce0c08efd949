//! The history of a room: what was said, once it is final.
//!
//! Whatever happens to a single row, the rest of a history stays readable; and no text reaches a log.

mod meta;

use std::borrow::Cow;

use model::{MessageId, RoomId, UserId};
use room::{Message, MessageStatus, Sender};
use sqlx::Row;
use sqlx::any::AnyRow;

use crate::error::StoreError;
use crate::{Store, row};

pub use meta::MESSAGE_META_BYTES_MAX;

/// Bytes of a message's text that are kept: about four hours of speech. More would make a page of
/// history too big for memory, less would cut long uploads.
pub const MESSAGE_TEXT_BYTES_MAX: usize = 256 * 1024;

/// What made the text: speech to text. There is no other kind yet.
const KIND: &str = "stt";

/// A repeat may correct the words, and nothing else.
const INSERT: &str = "INSERT INTO messages \
     (id, room_id, sender_id, sender_name, kind, text, meta_json, created_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
     ON CONFLICT (id) DO UPDATE SET text = excluded.text, meta_json = excluded.meta_json";

/// `SELECT` of messages out of a page of them under the alias `m`, oldest first. The page is cut before
/// the senders' accounts are looked up, so that what is skipped costs a step in the index.
macro_rules! select_messages {
    ($page:literal) => {
        concat!(
            "SELECT m.id, m.room_id, m.sender_id, m.sender_name, m.text, m.meta_json, \
             m.created_at, a.email FROM (SELECT id, room_id, sender_id, sender_name, text, \
             meta_json, created_at FROM messages WHERE room_id = $1 ",
            $page,
            ") m LEFT JOIN accounts a ON a.id = m.sender_id ORDER BY m.created_at, m.id"
        )
    };
}

/// Takes room, limit and offset.
const PAGE: &str = select_messages!("ORDER BY created_at, id LIMIT $2 OFFSET $3");

/// Takes room and limit.
const LATEST: &str = select_messages!("ORDER BY created_at DESC, id DESC LIMIT $2");

impl Store {
    /// Keeps a final message. A repeat of its id replaces text and meta. Partial and empty messages are
    /// never kept; of a text longer than [`MESSAGE_TEXT_BYTES_MAX`] the beginning is.
    /// [`StoreError::Missing`] when there is no such room.
    pub async fn insert_message(&self, message: &Message) -> Result<(), StoreError> {
        match message.status {
            MessageStatus::Partial => return Ok(()),
            MessageStatus::Final if message.text.is_empty() => return Ok(()),
            MessageStatus::Final => {}
        }
        sqlx::query(INSERT)
            .bind(message.id.as_i64())
            .bind(message.room.as_i64())
            .bind(message.sender.user.as_i64())
            .bind(message.sender.name.as_str())
            .bind(KIND)
            .bind(stored_text(message).as_ref())
            .bind(meta::write(message))
            .bind(message.at.as_micros())
            .execute(&self.writes)
            .await?;
        Ok(())
    }

    /// A page of a room's history, oldest first: at most `limit` messages after the first `offset`.
    /// The e-mail addresses are those that the senders' accounts have now.
    pub async fn messages(
        &self,
        room: RoomId,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<Message>, StoreError> {
        let query = sqlx::query(PAGE).bind(room.as_i64()).bind(i64::from(limit));
        let query = query.bind(i64::try_from(offset).unwrap_or(i64::MAX));
        Ok(readable(&query.fetch_all(&self.reads).await?))
    }

    /// The newest `limit` messages of a room, oldest first.
    pub async fn latest_messages(
        &self,
        room: RoomId,
        limit: u32,
    ) -> Result<Vec<Message>, StoreError> {
        let query = sqlx::query(LATEST).bind(room.as_i64()).bind(i64::from(limit));
        Ok(readable(&query.fetch_all(&self.reads).await?))
    }
}

/// The text in its limit and without NUL, which Postgres does not take.
fn stored_text(message: &Message) -> Cow<'_, str> {
    let end = message.text.floor_char_boundary(MESSAGE_TEXT_BYTES_MAX);
    if end < message.text.len() {
        tracing::warn!(message = %message.id, bytes = message.text.len(), "a long message is cut");
    }
    let text = &message.text[..end];
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}

/// The rows that are messages.
fn readable(rows: &[AnyRow]) -> Vec<Message> {
    let read = |row| match message_of(row) {
        Ok(message) => Some(message),
        // Names the column, never the value.
        Err(error) => {
            tracing::warn!(%error, "a message cannot be read and is left out");
            None
        }
    };
    rows.iter().filter_map(read).collect()
}

fn message_of(row: &AnyRow) -> Result<Message, sqlx::Error> {
    let id = row::id(row, "id", MessageId::from_i64)?;
    Ok(Message {
        id,
        room: row::id(row, "room_id", RoomId::from_i64)?,
        sender: Sender {
            user: row::id(row, "sender_id", UserId::from_i64)?,
            name: row.try_get("sender_name")?,
            email: row.try_get("email")?,
        },
        text: row.try_get("text")?,
        status: MessageStatus::Final,
        meta: meta::read(id, row.try_get("meta_json")?),
        at: row::time(row, "created_at")?,
    })
}
