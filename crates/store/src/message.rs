//! The history of a room: what was said, once it is final.
//!
//! Whatever happens to a single row, the rest of a history stays readable; and no text reaches a log.

mod meta;

use std::borrow::Cow;

use model::{MessageId, RoomId, UserId};
use room::{Message, MessageMeta, MessageStatus, Sender};
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
        tracing::warn!(id = %message.id, bytes = message.text.len(), "a long message is cut");
    }
    let text = &message.text[..end];
    if text.contains('\0') { text.replace('\0', "").into() } else { text.into() }
}

/// The rows that are messages.
fn readable(rows: &[AnyRow]) -> Vec<Message> {
    let mut faults = Faults::default();
    let mut messages = Vec::with_capacity(rows.len());
    for row in rows {
        match message_of(row, &mut faults) {
            Ok(message) => messages.push(message),
            // Names the column, never the value.
            Err(error) => faults.note(row, error.to_string()),
        }
    }
    faults.tell();
    messages
}

fn message_of(row: &AnyRow, faults: &mut Faults) -> Result<Message, sqlx::Error> {
    let meta = meta::read(row.try_get("meta_json")?).unwrap_or_else(|why| {
        faults.note(row, why);
        MessageMeta::default()
    });
    Ok(Message {
        id: row::id(row, "id", MessageId::from_i64)?,
        room: row::id(row, "room_id", RoomId::from_i64)?,
        sender: Sender {
            user: row::id(row, "sender_id", UserId::from_i64)?,
            name: row.try_get("sender_name")?,
            email: row.try_get("email")?,
            external_id: None,
        },
        text: row.try_get("text")?,
        status: MessageStatus::Final,
        meta,
        at: row::time(row, "created_at")?,
    })
}

/// What could not be read of a page: one line of the log, however much it is.
#[derive(Default)]
struct Faults {
    count: usize,
    /// Id and reason, without any of the row's words.
    first: Option<(i64, String)>,
}

impl Faults {
    fn note(&mut self, row: &AnyRow, why: String) {
        self.count += 1;
        self.first.get_or_insert_with(|| (row.try_get("id").unwrap_or_default(), why));
    }

    fn tell(self) {
        let Self { count, first } = self;
        if let Some((first, why)) = first {
            tracing::warn!(count, first, why, "messages cannot be read or only without their meta");
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::AssertSqlSafe;

    use super::*;
    use crate::Database;

    /// The steps by which SQLite would carry out a statement.
    async fn plan(sql: &str) -> String {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&Database::new(directory.path(), None).unwrap()).await.unwrap();
        let query = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")));
        let steps = query.fetch_all(&store.reads).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.get("detail")).collect();
        steps.join("\n")
    }

    #[tokio::test]
    async fn pages_are_read_along_the_index() {
        for sql in [PAGE, LATEST] {
            let plan = plan(sql).await;
            assert!(plan.contains("messages USING INDEX messages_in_order (room_id=?)"), "{plan}");
            assert!(!plan.contains("SCAN messages"), "{plan}");
        }
    }
}
