//! Small facts that are fixed once and must survive: a text under a key.

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// The text under a key.
    pub async fn setting(&self, key: &str) -> Result<Option<String>, StoreError> {
        let query = sqlx::query_as("SELECT value FROM settings WHERE key = $1").bind(key);
        let row: Option<(String,)> = query.fetch_optional(&self.reads).await?;
        Ok(row.map(|(value,)| value))
    }

    /// Puts a text under a key, instead of what was there.
    pub async fn set_setting(&self, key: &str, value: &str) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO settings (key, value) VALUES ($1, $2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )
        .bind(key)
        .bind(value)
        .execute(&self.writes)
        .await?;
        Ok(())
    }
}
