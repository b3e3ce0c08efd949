//! Columns into model types.

use model::{Permissions, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

/// An id column, with the `from_i64` of its type.
pub(crate) fn id<T>(
    row: &AnyRow,
    column: &str,
    from_i64: fn(i64) -> Option<T>,
) -> Result<T, sqlx::Error> {
    from_i64(row.try_get(column)?).ok_or_else(|| unreadable(column))
}

/// A time column.
pub(crate) fn time(row: &AnyRow, column: &str) -> Result<Timestamp, sqlx::Error> {
    row.try_get(column).map(Timestamp::from_micros)
}

/// A column with a permission mask.
pub(crate) fn permissions(row: &AnyRow, column: &str) -> Result<Permissions, sqlx::Error> {
    row.try_get(column).map(|bits: i64| Permissions::from_bits(bits.cast_unsigned()))
}

/// A mask as it is stored. No mask has the top bit, so nothing is lost.
pub(crate) fn mask(permissions: Permissions) -> i64 {
    permissions.bits().cast_signed()
}

/// The value is of the right SQL type and still not one of ours.
pub(crate) fn unreadable(column: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("unexpected value in column {column}").into())
}
