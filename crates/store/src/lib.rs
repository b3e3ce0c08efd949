//! What outlives the process: accounts, roles, rooms, moderators' marks, sessions, what was said.
//!
//! `app` calls it and nobody else. It takes and gives model types; a row's columns, SQL and the
//! database's own errors stay in here. What must hold:
//!
//! - One SQL text for SQLite and Postgres: `$1` placeholders, BIGINT ids and microseconds, casts on
//!   nullable parameters, no `RETURNING` (the SQLite driver may stop such a statement early).
//! - All writes go through `writes`, all reads through `reads`. SQLite has one writer at a time;
//!   queueing for a single connection is fair and wakes at once, its own busy handler polls.
//! - A transaction begins with a write: a SQLite transaction that begins with a read and writes later
//!   is refused when another process wrote in between.
//!
//! Deliberately absent: rules. Whether somebody may do a thing is decided before.

mod account;
mod append;
mod database;
mod device;
mod epoch;
mod error;
mod listed;
mod mark;
mod message;
mod role;
mod room;
mod row;
mod session;

use sqlx::AnyPool;

pub use account::{Account, ExternalKey, NewAccount};
pub use append::is_stored;
pub use database::Database;
pub use epoch::EpochChange;
pub use error::StoreError;
pub use listed::ListedAccount;
pub use mark::Mark;
pub use message::{MESSAGE_META_BYTES_MAX, MESSAGE_TEXT_BYTES_MAX};
pub use role::{ADMIN, MODERATOR, OWNER, Role, Taken};
pub use room::NewRoom;
pub use session::SessionRow;

/// The open database. Clones share it.
#[derive(Clone, Debug)]
pub struct Store {
    pub(crate) reads: AnyPool,
    pub(crate) writes: AnyPool,
}

impl Store {
    /// Whether the database answers, for the readiness report.
    pub async fn ping(&self) -> Result<(), StoreError> {
        sqlx::query("SELECT 1").execute(&self.reads).await?;
        Ok(())
    }

    /// Finishes what is under way and closes all connections; later calls are refused.
    pub async fn close(&self) {
        self.reads.close().await;
        self.writes.close().await;
    }
}
