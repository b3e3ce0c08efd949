//! Why the store could not do it, in words that are safe to show.

use sqlx::migrate::MigrateError;

type Cause = Box<dyn std::error::Error + Send + Sync>;

/// A refusal or failure of the store. The text says nothing about tables or statements; the cause of a
/// failure is its `source`, for the log only.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A word, name or key that must be unique belongs to somebody else.
    #[error("already taken")]
    Taken,
    /// What the change is about does not exist.
    #[error("no such thing")]
    Missing,
    /// The database did not do it now; the same call may work later.
    #[error("the database is unavailable")]
    Unavailable(#[source] Cause),
    /// What came back does not fit what was expected: trying again will not help.
    #[error("the stored data cannot be read")]
    Broken(#[source] Cause),
    /// The data was written by a later version of the program.
    #[error("the data belongs to a newer version of this program")]
    Newer,
    /// The location cannot be used at all; says why.
    #[error("{0}")]
    Location(String),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(cause) if cause.is_unique_violation() => Self::Taken,
            E::Database(cause) if cause.is_foreign_key_violation() => Self::Missing,
            E::Database(cause) if is_damaged(cause.code().as_deref()) => Self::Broken(error.into()),
            E::RowNotFound
            | E::TypeNotFound { .. }
            | E::ColumnIndexOutOfBounds { .. }
            | E::ColumnNotFound(_)
            | E::ColumnDecode { .. }
            | E::Encode(_)
            | E::Decode(_)
            | E::AnyDriverError(_) => Self::Broken(error.into()),
            // Another crate's open enum: whatever else it says is about reaching the database.
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// SQLite's SQLITE_CORRUPT and SQLITE_NOTADB: no codes of Postgres, which have five characters.
fn is_damaged(code: Option<&str>) -> bool {
    matches!(code, Some("11" | "26"))
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(cause) => cause.into(),
            MigrateError::VersionMissing(_) => Self::Newer,
            other => Self::Broken(other.into()),
        }
    }
}
