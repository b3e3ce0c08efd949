//! Who is expected in a room: the members that were named for it, in the order given.

use std::collections::BTreeMap;

use ::room::{Listed, Settings};
use model::{AccountId, ExternalId, RoomId, UserId};
use sqlx::any::AnyRow;
use sqlx::{Any, FromRow, Row, Transaction};

use crate::error::StoreError;
use crate::{Store, row};

/// An account that is listed somewhere, as it is shown there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedAccount {
    /// Which.
    pub id: AccountId,
    /// Its username, or the display name where it has one.
    pub name: String,
    /// The id under which its own platform knows it.
    pub external_id: Option<ExternalId>,
}

impl Store {
    /// The rooms with who is expected in each.
    pub(crate) async fn with_listed(
        &self,
        mut rooms: Vec<Settings>,
    ) -> Result<Vec<Settings>, StoreError> {
        let waits = |settings: &Settings| settings.kind.profile().has_waiting_room;
        let concerned: Vec<RoomId> =
            rooms.iter().filter(|room| waits(room)).map(|room| room.id).collect();
        let rows = match concerned.as_slice() {
            [] => return Ok(rooms),
            [room] => {
                let sql = "SELECT room_id, user_id, admin FROM room_members \
                     WHERE room_id = $1 ORDER BY room_id, position";
                sqlx::query_as(sql).bind(room.as_i64()).fetch_all(&self.reads).await?
            }
            _ => {
                let sql = "SELECT room_id, user_id, admin FROM room_members \
                     ORDER BY room_id, position";
                sqlx::query_as(sql).fetch_all(&self.reads).await?
            }
        };
        let mut by_room: BTreeMap<RoomId, Vec<Listed>> = BTreeMap::new();
        for ListedRow(room, listed) in rows {
            by_room.entry(room).or_default().push(listed);
        }
        for settings in rooms.iter_mut().filter(|settings| waits(settings)) {
            settings.admission.members = by_room.remove(&settings.id).unwrap_or_default();
        }
        Ok(rooms)
    }

    /// The accounts that are listed in a room.
    pub async fn listed_accounts(&self, room: RoomId) -> Result<Vec<ListedAccount>, StoreError> {
        let sql = "SELECT a.id, a.username, a.display_name, a.external_id FROM room_members m \
             JOIN accounts a ON a.id = m.user_id WHERE m.room_id = $1 ORDER BY m.position";
        Ok(sqlx::query_as(sql).bind(room.as_i64()).fetch_all(&self.reads).await?)
    }
}

/// Lists these and nobody else.
pub(crate) async fn write(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    members: &[Listed],
) -> Result<(), StoreError> {
    let forget = sqlx::query("DELETE FROM room_members WHERE room_id = $1");
    forget.bind(room.as_i64()).execute(&mut **rows).await?;
    for (position, listed) in members.iter().enumerate() {
        let sql = "INSERT INTO room_members (room_id, user_id, position, admin) \
             VALUES ($1, $2, $3, $4) ON CONFLICT (room_id, user_id) DO NOTHING";
        let query = sqlx::query(sql).bind(room.as_i64()).bind(listed.user.as_i64());
        let query = query.bind(position as i64).bind(i64::from(listed.admin));
        query.execute(&mut **rows).await?;
    }
    Ok(())
}

struct ListedRow(RoomId, Listed);

impl<'r> FromRow<'r, AnyRow> for ListedRow {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        let user = row::id(row, "user_id", UserId::from_i64)?;
        let admin = row.try_get::<i64, _>("admin")? != 0;
        Ok(Self(row::id(row, "room_id", RoomId::from_i64)?, Listed { user, admin }))
    }
}

impl<'r> FromRow<'r, AnyRow> for ListedAccount {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        let external_id: Option<String> = row.try_get("external_id")?;
        let external_id = external_id.map(|text| ExternalId::new(&text)).transpose();
        let (shown, username): (Option<String>, String) =
            (row.try_get("display_name")?, row.try_get("username")?);
        Ok(Self {
            id: row::id(row, "id", AccountId::from_i64)?,
            name: shown.unwrap_or(username),
            external_id: external_id.map_err(|_| row::unreadable("external_id"))?,
        })
    }
}
