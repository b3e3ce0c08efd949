//! Devices of accounts that log in with a token of their own, which can be taken back one by one.

use model::{AccountId, Timestamp};

use crate::Store;
use crate::error::StoreError;

impl Store {
    /// Gives a device its token, in place of the one it had.
    pub async fn set_device(
        &self,
        account: AccountId,
        device: &str,
        token_hash: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let sql = "INSERT INTO devices (account_id, device, token_hash, created_at) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (account_id, device) DO UPDATE SET \
             token_hash = excluded.token_hash, created_at = excluded.created_at";
        let query = sqlx::query(sql).bind(account.as_i64()).bind(device).bind(token_hash);
        query.bind(now.as_micros()).execute(&self.writes).await?;
        Ok(())
    }

    /// How many devices an account has beside this one.
    pub async fn other_devices(&self, account: AccountId, device: &str) -> Result<u64, StoreError> {
        let sql = "SELECT COUNT(*) FROM devices WHERE account_id = $1 AND device <> $2";
        let query = sqlx::query_as(sql).bind(account.as_i64()).bind(device);
        let (count,): (i64,) = query.fetch_one(&self.reads).await?;
        Ok(count.unsigned_abs())
    }

    /// Whose device of that name has this token.
    pub async fn account_of_device(
        &self,
        device: &str,
        token_hash: &str,
    ) -> Result<Option<AccountId>, StoreError> {
        let sql = "SELECT account_id FROM devices WHERE device = $1 AND token_hash = $2";
        let query = sqlx::query_as(sql).bind(device).bind(token_hash);
        let found: Option<(i64,)> = query.fetch_optional(&self.reads).await?;
        Ok(found.and_then(|(id,)| AccountId::from_i64(id)))
    }

    /// Takes a device's token back. `false` when it had none.
    pub async fn forget_device(
        &self,
        account: AccountId,
        device: &str,
    ) -> Result<bool, StoreError> {
        let sql = "DELETE FROM devices WHERE account_id = $1 AND device = $2";
        let query = sqlx::query(sql).bind(account.as_i64()).bind(device);
        Ok(query.execute(&self.writes).await?.rows_affected() > 0)
    }
}
