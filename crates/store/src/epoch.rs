//! What kills an account's tokens: a new password, a ban, being put out. Each raises the epoch.

use model::{AccountId, Redacted, Timestamp};
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row};

use crate::error::StoreError;
use crate::{Store, row};

/// An account whose tokens died, or whose ban was lifted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochChange {
    /// Which account.
    pub account: AccountId,
    /// Tokens of a lower epoch are dead.
    pub epoch: i64,
    /// When.
    pub changed_at: Timestamp,
    /// Whether it is banned now.
    pub banned: bool,
}

impl Store {
    /// Sets the password's hash and raises the epoch.
    pub async fn set_password(
        &self,
        id: AccountId,
        hash: &Redacted<String>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE accounts SET password_hash = $3, epoch = epoch + 1, epoch_changed_at = $2 \
             WHERE id = $1",
        );
        self.change(query.bind(id.as_i64()).bind(now.as_micros()).bind(hash.expose().as_str()))
            .await
    }

    /// Shuts the account out and raises the epoch. A further ban replaces reason and time.
    pub async fn ban(
        &self,
        id: AccountId,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE accounts SET banned_at = $2, ban_reason = CAST($3 AS TEXT), \
             epoch = epoch + 1, epoch_changed_at = $2 WHERE id = $1",
        );
        self.change(query.bind(id.as_i64()).bind(now.as_micros()).bind(reason)).await
    }

    /// Lifts a ban. Tokens of before stay dead.
    pub async fn unban(&self, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE accounts SET banned_at = NULL, ban_reason = NULL, epoch = epoch + 1, \
             epoch_changed_at = $2 WHERE id = $1",
        );
        self.change(query.bind(id.as_i64()).bind(now.as_micros())).await
    }

    /// Kills the account's tokens.
    pub async fn raise_epoch(&self, id: AccountId, now: Timestamp) -> Result<(), StoreError> {
        let query = sqlx::query(
            "UPDATE accounts SET epoch = epoch + 1, epoch_changed_at = $2 WHERE id = $1",
        );
        self.change(query.bind(id.as_i64()).bind(now.as_micros())).await
    }

    /// Accounts whose epoch rose at `since` or later, oldest first: the server asks again and again, so
    /// that a ban by another process takes effect.
    ///
    /// The time is the other process's, read before its write: ask with some seconds of overlap and
    /// tell repetitions by `epoch`.
    pub async fn epochs_changed_since(
        &self,
        since: Timestamp,
    ) -> Result<Vec<EpochChange>, StoreError> {
        let query = sqlx::query_as(
            "SELECT id, epoch, epoch_changed_at, banned_at FROM accounts \
             WHERE epoch_changed_at >= $1 AND epoch > 0 ORDER BY epoch_changed_at, id",
        );
        Ok(query.bind(since.as_micros()).fetch_all(&self.reads).await?)
    }

    /// Runs an update of one row. [`StoreError::Missing`] when there is no such row.
    pub(crate) async fn change(
        &self,
        query: sqlx::query::Query<'_, sqlx::Any, sqlx::any::AnyArguments>,
    ) -> Result<(), StoreError> {
        let done = query.execute(&self.writes).await?;
        if done.rows_affected() == 0 { Err(StoreError::Missing) } else { Ok(()) }
    }
}

impl<'r> FromRow<'r, AnyRow> for EpochChange {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Ok(Self {
            account: row::id(row, "id", AccountId::from_i64)?,
            epoch: row.try_get("epoch")?,
            changed_at: row::time(row, "epoch_changed_at")?,
            banned: row.try_get::<Option<i64>, _>("banned_at")?.is_some(),
        })
    }
}
