//! Accounts: making them, and finding them by id, by word or by a platform's key.

use std::collections::BTreeMap;

use model::{AccountId, ExternalId, Redacted, Timestamp, Username};
use sqlx::any::AnyRow;
use sqlx::{Any, FromRow, Row, Transaction};

use crate::error::StoreError;
use crate::role::{self, Role};
use crate::{Store, row};

/// A stored account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// Unique name, as typed.
    pub username: String,
    /// E-mail address, as typed.
    pub email: Option<String>,
    /// What others read instead of the username.
    pub display_name: Option<String>,
    /// Argon2id, PHC form. `None`: nobody can log in by password.
    pub password_hash: Option<Redacted<String>>,
    /// Tokens of a lower epoch are dead.
    pub epoch: i64,
    /// When the epoch rose last: platform tokens carry no epoch and go by it.
    pub epoch_changed_at: Timestamp,
    /// Whether it is shut out.
    pub banned: bool,
    /// The id at the platform that it belongs to.
    pub external_id: Option<ExternalId>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Account {
    /// What others read.
    pub fn shown_name(&self) -> &str {
        self.display_name.as_deref().unwrap_or(&self.username)
    }
}

/// A platform's key for one of our things: unique per issuer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ExternalKey {
    /// Who gave the id.
    pub issuer: String,
    /// The id, never decoded.
    pub id: ExternalId,
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Its id, fresh.
    pub id: AccountId,
    /// Unique together with all usernames and e-mail addresses.
    pub username: Username,
    /// Unique likewise.
    pub email: Option<String>,
    /// What others read instead of the username.
    pub display_name: Option<String>,
    /// Argon2id, PHC form.
    pub password_hash: Option<Redacted<String>>,
    /// The platform it belongs to.
    pub external: Option<ExternalKey>,
    /// Becomes owner if nobody is administrator yet. Decided in the same transaction, so that two first
    /// accounts made at once do not both become it.
    pub owner_if_none: bool,
    /// When.
    pub created_at: Timestamp,
}

/// `SELECT` of an account under the alias `a`, with more of the statement behind it.
macro_rules! select_account {
    ($rest:literal) => {
        concat!(
            "SELECT a.id, a.username, a.email, a.display_name, a.password_hash, a.epoch, \
             a.epoch_changed_at, a.banned_at, a.external_id, a.created_at ",
            $rest
        )
    };
}

/// How many plain numbers are tried behind a taken username before digits of the id are.
const NUMBER_MAX: u32 = 9;

impl Store {
    /// Makes an account. [`StoreError::Taken`] when its username, e-mail address or external key is.
    pub async fn create_account(&self, new: &NewAccount) -> Result<Account, StoreError> {
        self.create_account_named(new, &new.username).await
    }

    /// Makes an account, with a number behind its username if that is taken. [`StoreError::Taken`] when
    /// the e-mail address or external key is.
    pub async fn create_account_numbered(&self, new: &NewAccount) -> Result<Account, StoreError> {
        for username in numbered(&new.username, new.id) {
            match self.create_account_named(new, &username).await {
                Err(StoreError::Taken) => {}
                other => return other,
            }
            // No number helps against a taken address: the other tries are saved.
            if let Some(email) = &new.email
                && self.account_by_word(email).await?.is_some()
            {
                break;
            }
        }
        Err(StoreError::Taken)
    }

    /// The account with the external key of `new`; if there is none it is made, with a number behind
    /// the username if that is taken.
    pub async fn find_or_create_external_account(
        &self,
        new: &NewAccount,
    ) -> Result<Account, StoreError> {
        for username in numbered(&new.username, new.id) {
            if let Some(key) = &new.external
                && let Some(account) = self.account_by_external(&key.issuer, &key.id).await?
            {
                return Ok(account);
            }
            match self.create_account_named(new, &username).await {
                Err(StoreError::Taken) => {}
                other => return other,
            }
        }
        Err(StoreError::Taken)
    }

    /// The account with this id.
    pub async fn account(&self, id: AccountId) -> Result<Option<Account>, StoreError> {
        let sql = select_account!("FROM accounts a WHERE a.id = $1");
        Ok(sqlx::query_as(sql).bind(id.as_i64()).fetch_optional(&self.reads).await?)
    }

    /// The account with this username or e-mail address, whatever the case.
    pub async fn account_by_word(&self, word: &str) -> Result<Option<Account>, StoreError> {
        let sql = select_account!(
            "FROM accounts a JOIN account_words w ON w.account_id = a.id WHERE w.word = $1"
        );
        Ok(sqlx::query_as(sql).bind(fold(word)).fetch_optional(&self.reads).await?)
    }

    /// The account that a platform knows by this id.
    pub async fn account_by_external(
        &self,
        issuer: &str,
        id: &ExternalId,
    ) -> Result<Option<Account>, StoreError> {
        let sql =
            select_account!("FROM accounts a WHERE a.external_issuer = $1 AND a.external_id = $2");
        let query = sqlx::query_as(sql).bind(issuer).bind(id.as_str());
        Ok(query.fetch_optional(&self.reads).await?)
    }

    /// The account and its roles, in one round trip: this runs for every request.
    pub async fn account_with_roles(
        &self,
        id: AccountId,
    ) -> Result<Option<(Account, Vec<Role>)>, StoreError> {
        let sql = select_account!(
            ", r.id AS role_id, r.name AS role_name, r.permissions AS role_permissions \
             FROM accounts a LEFT JOIN account_roles ar ON ar.account_id = a.id \
             LEFT JOIN roles r ON r.id = ar.role_id WHERE a.id = $1 ORDER BY r.id"
        );
        let rows = sqlx::query(sql).bind(id.as_i64()).fetch_all(&self.reads).await?;
        Ok(with_roles(&rows)?.pop())
    }

    /// All accounts and their roles, by id: for the command line and the administrator's page.
    pub async fn list_accounts(&self) -> Result<Vec<(Account, Vec<Role>)>, StoreError> {
        let sql = select_account!(
            ", r.id AS role_id, r.name AS role_name, r.permissions AS role_permissions \
             FROM accounts a LEFT JOIN account_roles ar ON ar.account_id = a.id \
             LEFT JOIN roles r ON r.id = ar.role_id ORDER BY a.id, r.id"
        );
        let rows = sqlx::query(sql).fetch_all(&self.reads).await?;
        Ok(with_roles(&rows)?)
    }

    /// How many accounts there are, banned ones included.
    pub async fn count_accounts(&self) -> Result<u64, StoreError> {
        let (count,): (i64,) =
            sqlx::query_as("SELECT COUNT(*) FROM accounts").fetch_one(&self.reads).await?;
        Ok(count.unsigned_abs())
    }

    async fn create_account_named(
        &self,
        new: &NewAccount,
        username: &Username,
    ) -> Result<Account, StoreError> {
        let mut transaction = self.writes.begin().await?;
        insert_account(&mut transaction, new, username).await?;
        insert_words(&mut transaction, new, username).await?;
        if new.owner_if_none {
            role::grant_owner_if_none(&mut transaction, new.id).await?;
        }
        transaction.commit().await?;
        Ok(Account {
            id: new.id,
            username: username.to_string(),
            email: new.email.clone(),
            display_name: new.display_name.clone(),
            password_hash: new.password_hash.clone(),
            epoch: 0,
            epoch_changed_at: new.created_at,
            banned: false,
            external_id: new.external.as_ref().map(|key| key.id.clone()),
            created_at: new.created_at,
        })
    }
}

async fn insert_account(
    transaction: &mut Transaction<'_, Any>,
    new: &NewAccount,
    username: &Username,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO accounts (id, username, username_folded, email, email_folded, display_name, \
         password_hash, epoch, epoch_changed_at, external_issuer, external_id, created_at) \
         VALUES ($1, $2, $3, CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS TEXT), \
         CAST($7 AS TEXT), 0, $8, CAST($9 AS TEXT), CAST($10 AS TEXT), $8)",
    )
    .bind(new.id.as_i64())
    .bind(username.as_str())
    .bind(username.folded())
    .bind(new.email.as_deref())
    .bind(new.email.as_deref().map(fold))
    .bind(new.display_name.as_deref())
    .bind(new.password_hash.as_ref().map(|hash| hash.expose().as_str()))
    .bind(new.created_at.as_micros())
    .bind(new.external.as_ref().map(|key| key.issuer.as_str()))
    .bind(new.external.as_ref().map(|key| key.id.as_str()))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

async fn insert_words(
    transaction: &mut Transaction<'_, Any>,
    new: &NewAccount,
    username: &Username,
) -> Result<(), StoreError> {
    let username = username.folded();
    // An account may have one word for both.
    let email = new.email.as_deref().map(fold).filter(|email| *email != username);
    for word in [Some(username), email].into_iter().flatten() {
        sqlx::query("INSERT INTO account_words (word, account_id) VALUES ($1, $2)")
            .bind(word)
            .bind(new.id.as_i64())
            .execute(&mut **transaction)
            .await?;
    }
    Ok(())
}

/// The form of a word that must be unique.
fn fold(word: &str) -> String {
    word.to_lowercase()
}

/// The name, then the name with 2, 3, … behind it, at last with digits of the id, which practically
/// nobody has.
fn numbered(name: &Username, id: AccountId) -> impl Iterator<Item = Username> {
    let digits = u32::try_from(id.as_i64().rem_euclid(1_000_000_000)).unwrap_or(u32::MAX);
    let numbers = (2..=NUMBER_MAX).chain([digits]).map(|number| name.numbered(number));
    std::iter::once(name.clone()).chain(numbers)
}

/// Joined rows into accounts, by id.
fn with_roles(rows: &[AnyRow]) -> Result<Vec<(Account, Vec<Role>)>, sqlx::Error> {
    let mut accounts = BTreeMap::new();
    for row in rows {
        let account = Account::from_row(row)?;
        let (_, roles) = accounts.entry(account.id).or_insert_with(|| (account, Vec::new()));
        if row.try_get::<Option<i64>, _>("role_id")?.is_some() {
            roles.push(Role::from_columns(row, "role_id", "role_name", "role_permissions")?);
        }
    }
    Ok(accounts.into_values().collect())
}

impl<'r> FromRow<'r, AnyRow> for Account {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        let external_id: Option<String> = row.try_get("external_id")?;
        let external_id = external_id.map(|text| ExternalId::new(&text)).transpose();
        Ok(Self {
            id: row::id(row, "id", AccountId::from_i64)?,
            username: row.try_get("username")?,
            email: row.try_get("email")?,
            display_name: row.try_get("display_name")?,
            password_hash: row.try_get::<Option<String>, _>("password_hash")?.map(Redacted::new),
            epoch: row.try_get("epoch")?,
            epoch_changed_at: row::time(row, "epoch_changed_at")?,
            banned: row.try_get::<Option<i64>, _>("banned_at")?.is_some(),
            external_id: external_id.map_err(|_| row::unreadable("external_id"))?,
            created_at: row::time(row, "created_at")?,
        })
    }
}
