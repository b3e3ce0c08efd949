//! Roles: named permission masks that accounts have. Three are there from the start.

use model::{AccountId, Permissions, RoleId};
use sqlx::any::AnyRow;
use sqlx::{Any, FromRow, Row, Transaction};

use crate::error::StoreError;
use crate::{Store, row};

/// The built-in role of the first account: everything.
pub const OWNER: &str = "owner";
/// The built-in role of further administrators: everything.
pub const ADMIN: &str = "admin";
/// The built-in role of those who keep order in rooms.
pub const MODERATOR: &str = "moderator";

/// The owner's role as the first migration makes it.
const OWNER_ID: i64 = 1;

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its id; the built-in ones have 1, 2 and 3.
    pub id: RoleId,
    /// Unique name, as typed.
    pub name: String,
    /// What it adds to everyone's permissions.
    pub permissions: Permissions,
}

/// What became of a role that was to be taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is gone.
    Away,
    /// The account did not have it.
    NotThere,
    /// It stays: nobody else could do everything.
    LastAdministrator,
}

impl Store {
    /// Makes a role. [`StoreError::Taken`] when the name is, whatever the case.
    pub async fn create_role(
        &self,
        id: RoleId,
        name: &str,
        permissions: Permissions,
    ) -> Result<Role, StoreError> {
        sqlx::query(
            "INSERT INTO roles (id, name, name_folded, permissions) VALUES ($1, $2, $3, $4)",
        )
        .bind(id.as_i64())
        .bind(name)
        .bind(name.to_lowercase())
        .bind(row::mask(permissions))
        .execute(&self.writes)
        .await?;
        Ok(Role { id, name: name.to_owned(), permissions })
    }

    /// How many roles there are, for whoever limits them.
    pub async fn count_roles(&self) -> Result<u64, StoreError> {
        let query = sqlx::query_as("SELECT COUNT(*) FROM roles");
        let (count,): (i64,) = query.fetch_one(&self.reads).await?;
        Ok(count.unsigned_abs())
    }

    /// The role with this id.
    pub async fn role(&self, id: RoleId) -> Result<Option<Role>, StoreError> {
        let query = sqlx::query_as("SELECT id, name, permissions FROM roles WHERE id = $1");
        Ok(query.bind(id.as_i64()).fetch_optional(&self.reads).await?)
    }

    /// The role with this name, whatever the case.
    pub async fn role_by_name(&self, name: &str) -> Result<Option<Role>, StoreError> {
        let query =
            sqlx::query_as("SELECT id, name, permissions FROM roles WHERE name_folded = $1");
        Ok(query.bind(name.to_lowercase()).fetch_optional(&self.reads).await?)
    }

    /// All roles, oldest first.
    pub async fn list_roles(&self) -> Result<Vec<Role>, StoreError> {
        let query = sqlx::query_as("SELECT id, name, permissions FROM roles ORDER BY id");
        Ok(query.fetch_all(&self.reads).await?)
    }

    /// The roles of an account, oldest role first. Empty for an unknown account.
    pub async fn roles_of(&self, account: AccountId) -> Result<Vec<Role>, StoreError> {
        let query = sqlx::query_as(
            "SELECT r.id, r.name, r.permissions FROM roles r \
             JOIN account_roles ar ON ar.role_id = r.id WHERE ar.account_id = $1 ORDER BY r.id",
        );
        Ok(query.bind(account.as_i64()).fetch_all(&self.reads).await?)
    }

    /// Gives an account a role; nothing happens if it has it. [`StoreError::Missing`] when either does
    /// not exist.
    pub async fn grant_role(&self, account: AccountId, role: RoleId) -> Result<(), StoreError> {
        sqlx::query(
            "INSERT INTO account_roles (account_id, role_id) VALUES ($1, $2) \
             ON CONFLICT (account_id, role_id) DO NOTHING",
        )
        .bind(account.as_i64())
        .bind(role.as_i64())
        .execute(&self.writes)
        .await?;
        Ok(())
    }

    /// Takes a role away, unless nobody would have ADMINISTRATOR then: [`Taken::LastAdministrator`].
    pub async fn take_role(&self, account: AccountId, role: RoleId) -> Result<Taken, StoreError> {
        let done = sqlx::query(
            "DELETE FROM account_roles WHERE account_id = $1 AND role_id = $2 AND ( \
             EXISTS (SELECT 1 FROM roles WHERE id = $2 AND (permissions & $3) = 0) \
             OR EXISTS (SELECT 1 FROM account_roles ar JOIN roles r ON r.id = ar.role_id \
             WHERE (r.permissions & $3) <> 0 \
             AND NOT (ar.account_id = $1 AND ar.role_id = $2)))",
        )
        .bind(account.as_i64())
        .bind(role.as_i64())
        .bind(row::mask(Permissions::ADMINISTRATOR))
        .execute(&self.writes)
        .await?;
        if done.rows_affected() > 0 {
            return Ok(Taken::Away);
        }
        let has = self.roles_of(account).await?.iter().any(|had| had.id == role);
        Ok(if has { Taken::LastAdministrator } else { Taken::NotThere })
    }

    /// Takes a role away. `false` when the account did not have it.
    pub async fn revoke_role(&self, account: AccountId, role: RoleId) -> Result<bool, StoreError> {
        let done = sqlx::query("DELETE FROM account_roles WHERE account_id = $1 AND role_id = $2")
            .bind(account.as_i64())
            .bind(role.as_i64())
            .execute(&self.writes)
            .await?;
        Ok(done.rows_affected() > 0)
    }

    /// Whether anybody has ADMINISTRATOR: until then the next account made on the spot gets it.
    pub async fn has_administrator(&self) -> Result<bool, StoreError> {
        let query = sqlx::query_as(
            "SELECT COUNT(*) FROM account_roles ar JOIN roles r ON r.id = ar.role_id \
             WHERE (r.permissions & $1) <> 0",
        );
        let administrator = row::mask(Permissions::ADMINISTRATOR);
        let (count,): (i64,) = query.bind(administrator).fetch_one(&self.reads).await?;
        Ok(count > 0)
    }
}

/// Makes the account owner unless somebody has ADMINISTRATOR.
pub(crate) async fn grant_owner_if_none(
    transaction: &mut Transaction<'_, Any>,
    account: AccountId,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO account_roles (account_id, role_id) \
         SELECT CAST($1 AS BIGINT), CAST($2 AS BIGINT) WHERE NOT EXISTS ( \
         SELECT 1 FROM account_roles ar JOIN roles r ON r.id = ar.role_id \
         WHERE (r.permissions & $3) <> 0)",
    )
    .bind(account.as_i64())
    .bind(OWNER_ID)
    .bind(row::mask(Permissions::ADMINISTRATOR))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

impl Role {
    /// Reads a role from a joined row, where its columns have other names.
    pub(crate) fn from_columns(
        row: &AnyRow,
        id: &str,
        name: &str,
        permissions: &str,
    ) -> Result<Self, sqlx::Error> {
        Ok(Self {
            id: row::id(row, id, RoleId::from_i64)?,
            name: row.try_get(name)?,
            permissions: row::permissions(row, permissions)?,
        })
    }
}

impl<'r> FromRow<'r, AnyRow> for Role {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        Self::from_columns(row, "id", "name", "permissions")
    }
}
