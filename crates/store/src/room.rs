//! Rooms: their settings and permission overrides.

use std::collections::BTreeMap;

use model::{
    ExternalId, Override, OverrideTarget, Redacted, RoleId, RoomId, Timestamp, UserId, slug_of,
};
use room::{Admission, ProfileKind, Settings};
use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, FromRow, Row, Transaction};

use crate::account::ExternalKey;
use crate::error::StoreError;
use crate::{Store, listed, row};

/// A room to be made.
#[derive(Clone, Debug)]
pub struct NewRoom {
    /// Its id, fresh.
    pub id: RoomId,
    /// What people read; need not be unique.
    pub name: String,
    /// What kind of room.
    pub kind: ProfileKind,
    /// What it is about.
    pub topic: Option<String>,
    /// Members at once.
    pub member_limit: u32,
    /// Argon2id, PHC form: what one must know to come in.
    pub password_hash: Option<Redacted<String>>,
    /// Whether what is heard there is also transcribed.
    pub captions: bool,
    /// Who is let in, and who waits.
    pub admission: Admission,
    /// Deleted when everyone has left.
    pub temporary: bool,
    /// Who makes it.
    pub created_by: Option<UserId>,
    /// The platform's channel that it stands for.
    pub external: Option<ExternalKey>,
    /// Several of one target count together.
    pub overrides: Vec<Override>,
    /// When.
    pub created_at: Timestamp,
}

/// As many as OriginChats allows in a channel name; [`slug_of`] keeps to it.
const SLUG_LEN_MAX: usize = 64;
/// How many plain numbers are tried behind a taken slug before the room's id is.
const NUMBER_MAX: u32 = 9;

/// Takes room and 0 or 1.
pub(crate) const SWITCH_CAPTIONS: &str = "UPDATE rooms SET captions = $2 WHERE id = $1";

/// Takes room and topic.
const SET_TOPIC: &str = "UPDATE rooms SET topic = CAST($2 AS TEXT) WHERE id = $1";

/// Takes room, name, limit and the three switches of admission.
const CHANGE: &str = "UPDATE rooms SET name = $2, member_limit = $3, admits_all = $4, \
     force_password = $5, force_waiting_room = $6 WHERE id = $1";

/// Takes room and time. Once is enough.
const DELETE: &str = "UPDATE rooms SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL";

/// Takes room.
const FORGET_OVERRIDES: &str = "DELETE FROM room_overrides WHERE room_id = $1";

/// `SELECT` of living rooms, a row per override, with more of the statement behind it.
macro_rules! select_room {
    ($rest:literal) => {
        concat!(
            "SELECT r.id, r.name, r.slug, r.profile, r.topic, r.member_limit, r.captions, \
             CAST(CASE WHEN r.password_hash IS NULL THEN 0 ELSE 1 END AS BIGINT) AS has_password, \
             r.created_by, r.external_id, r.created_at, \
             r.admits_all, r.force_password, r.force_waiting_room, r.temporary, \
             o.target_type, o.target_id, o.allow, o.deny \
             FROM rooms r LEFT JOIN room_overrides o ON o.room_id = r.id \
             WHERE r.deleted_at IS NULL ",
            $rest,
            " ORDER BY r.id, o.target_type, o.target_id"
        )
    };
}

impl Store {
    /// Makes a room. Its slug comes from the name, with a number behind it if that is taken.
    /// [`StoreError::Taken`] when the external key is.
    pub async fn create_room(&self, new: &NewRoom) -> Result<Settings, StoreError> {
        for slug in numbered(&slug_of(&new.name), new.id) {
            match self.create_room_at(new, &slug).await {
                Ok(()) => return Ok(settings_of(new, slug)),
                Err(StoreError::Taken) => {}
                Err(error) => return Err(error),
            }
            if let Some(key) = &new.external
                && self.room_by_external(&key.issuer, &key.id).await?.is_some()
            {
                break;
            }
        }
        Err(StoreError::Taken)
    }

    /// The living room with the external key of `new`; if there is none it is made. The flag says
    /// whether it was.
    pub async fn find_or_create_external_room(
        &self,
        new: &NewRoom,
    ) -> Result<(Settings, bool), StoreError> {
        if let Some(found) = self.room_of(new).await? {
            return Ok((found, false));
        }
        match self.create_room(new).await {
            // Somebody else saw it first just now.
            Err(StoreError::Taken) => {
                let found = self.room_of(new).await?;
                found.map(|room| (room, false)).ok_or(StoreError::Taken)
            }
            made => Ok((made?, true)),
        }
    }

    /// The living room with this id.
    pub async fn room(&self, id: RoomId) -> Result<Option<Settings>, StoreError> {
        self.one_room(sqlx::query(select_room!("AND r.id = $1")).bind(id.as_i64())).await
    }

    /// The living room with this slug.
    pub async fn room_by_slug(&self, slug: &str) -> Result<Option<Settings>, StoreError> {
        self.one_room(sqlx::query(select_room!("AND r.slug = $1")).bind(slug)).await
    }

    /// The living room that a platform knows by this id.
    pub async fn room_by_external(
        &self,
        issuer: &str,
        id: &ExternalId,
    ) -> Result<Option<Settings>, StoreError> {
        let sql = select_room!("AND r.external_issuer = $1 AND r.external_id = $2");
        self.one_room(sqlx::query(sql).bind(issuer).bind(id.as_str())).await
    }

    /// All living rooms, oldest first.
    pub async fn list_rooms(&self) -> Result<Vec<Settings>, StoreError> {
        let rows = sqlx::query(select_room!("")).fetch_all(&self.reads).await?;
        self.with_listed(fold_rooms(&rows)?).await
    }

    /// The hash of a living room's password. `None` also when there is no such room: whoever asks because
    /// of [`Settings::has_password`] lets nobody in then.
    pub async fn room_password(&self, id: RoomId) -> Result<Option<Redacted<String>>, StoreError> {
        let sql = "SELECT password_hash FROM rooms WHERE id = $1 AND deleted_at IS NULL";
        let query = sqlx::query_as(sql).bind(id.as_i64());
        let row: Option<(Option<String>,)> = query.fetch_optional(&self.reads).await?;
        Ok(row.and_then(|(hash,)| hash).map(Redacted::new))
    }

    /// Sets or takes away a room's password; what is told of it is the room's.
    pub async fn set_room_password(
        &self,
        id: RoomId,
        hash: Option<&Redacted<String>>,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE rooms SET password_hash = CAST($2 AS TEXT) WHERE id = $1";
        let hash = hash.map(|hash| hash.expose().as_str());
        sqlx::query(sql).bind(id.as_i64()).bind(hash).execute(&self.writes).await?;
        Ok(())
    }

    /// Deletes a room: nothing finds it any more, its slug and external key are free. `false` when it
    /// was not there.
    pub async fn delete_room(&self, id: RoomId, now: Timestamp) -> Result<bool, StoreError> {
        let query = sqlx::query(DELETE).bind(id.as_i64()).bind(now.as_micros());
        Ok(query.execute(&self.writes).await?.rows_affected() > 0)
    }

    /// Deletes the rooms that were made for one call; how many. Whoever starts with nobody in any room
    /// does so: what is left of them is of a process that could not.
    pub async fn delete_temporary_rooms(&self, now: Timestamp) -> Result<u64, StoreError> {
        let sql = "UPDATE rooms SET deleted_at = $1 WHERE temporary = 1 AND deleted_at IS NULL";
        let query = sqlx::query(sql).bind(now.as_micros());
        Ok(query.execute(&self.writes).await?.rows_affected())
    }

    async fn room_of(&self, new: &NewRoom) -> Result<Option<Settings>, StoreError> {
        let Some(key) = &new.external else { return Ok(None) };
        self.room_by_external(&key.issuer, &key.id).await
    }

    async fn one_room(
        &self,
        query: Query<'_, Any, AnyArguments>,
    ) -> Result<Option<Settings>, StoreError> {
        let found = fold_rooms(&query.fetch_all(&self.reads).await?)?;
        Ok(self.with_listed(found).await?.pop())
    }

    async fn create_room_at(&self, new: &NewRoom, slug: &str) -> Result<(), StoreError> {
        let mut transaction = self.writes.begin().await?;
        insert_room(&mut transaction, new, slug).await?;
        for change in &new.overrides {
            insert_override(&mut transaction, new.id, change).await?;
        }
        listed::write(&mut transaction, new.id, &new.admission.members).await?;
        transaction.commit().await?;
        Ok(())
    }
}

/// Sets what the room is about.
pub(crate) async fn write_topic(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    topic: Option<&str>,
) -> Result<(), StoreError> {
    let query = sqlx::query(SET_TOPIC).bind(room.as_i64()).bind(topic);
    query.execute(&mut **rows).await?;
    Ok(())
}

/// Deletes a room that is over, if nobody has.
pub(crate) async fn write_deletion(
    rows: &mut Transaction<'_, Any>,
    room: RoomId,
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = sqlx::query(DELETE).bind(room.as_i64()).bind(at.as_micros());
    query.execute(&mut **rows).await?;
    Ok(())
}

/// Sets what of the settings can be changed while people are in the room: name, limit, overrides, who is
/// let in. The slug stays, as addresses that people have must.
pub(crate) async fn write_settings(
    rows: &mut Transaction<'_, Any>,
    settings: &Settings,
) -> Result<(), StoreError> {
    let query = sqlx::query(CHANGE).bind(settings.id.as_i64()).bind(settings.name.as_str());
    let query = query.bind(i64::from(settings.member_limit));
    let switches = switches(&settings.admission);
    let query = switches.into_iter().fold(query, |query, on| query.bind(i64::from(on)));
    query.execute(&mut **rows).await?;
    listed::write(rows, settings.id, &settings.admission.members).await?;
    let query = sqlx::query(FORGET_OVERRIDES).bind(settings.id.as_i64());
    query.execute(&mut **rows).await?;
    for change in &settings.overrides {
        insert_override(rows, settings.id, change).await?;
    }
    Ok(())
}

async fn insert_room(
    transaction: &mut Transaction<'_, Any>,
    new: &NewRoom,
    slug: &str,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO rooms (id, name, slug, profile, topic, member_limit, created_by, \
         external_issuer, external_id, created_at, password_hash, captions, admits_all, \
         force_password, force_waiting_room, temporary) \
         VALUES ($1, $2, $3, $4, CAST($5 AS TEXT), $6, CAST($7 AS BIGINT), CAST($8 AS TEXT), \
         CAST($9 AS TEXT), $10, CAST($11 AS TEXT), $12, $13, $14, $15, $16)",
    )
    .bind(new.id.as_i64())
    .bind(new.name.as_str())
    .bind(slug)
    .bind(new.kind.to_string())
    .bind(new.topic.as_deref())
    .bind(i64::from(new.member_limit))
    .bind(new.created_by.map(UserId::as_i64))
    .bind(new.external.as_ref().map(|key| key.issuer.as_str()))
    .bind(new.external.as_ref().map(|key| key.id.as_str()))
    .bind(new.created_at.as_micros())
    .bind(new.password_hash.as_ref().map(|hash| hash.expose().as_str()))
    .bind(i64::from(new.captions));
    let switches = switches(&new.admission).into_iter().chain([new.temporary]);
    let query = switches.fold(query, |query, on| query.bind(i64::from(on)));
    query.execute(&mut **transaction).await?;
    Ok(())
}

async fn insert_override(
    transaction: &mut Transaction<'_, Any>,
    room: RoomId,
    change: &Override,
) -> Result<(), StoreError> {
    let (target_type, target_id) = match change.target {
        OverrideTarget::Everyone => ("everyone", 0),
        OverrideTarget::Role(role) => ("role", role.as_i64()),
        OverrideTarget::User(user) => ("user", user.as_i64()),
    };
    sqlx::query(
        "INSERT INTO room_overrides (room_id, target_type, target_id, allow, deny) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (room_id, target_type, target_id) DO UPDATE SET \
         allow = room_overrides.allow | excluded.allow, deny = room_overrides.deny | excluded.deny",
    )
    .bind(room.as_i64())
    .bind(target_type)
    .bind(target_id)
    .bind(row::mask(change.allow))
    .bind(row::mask(change.deny))
    .execute(&mut **transaction)
    .await?;
    Ok(())
}

/// Open, password forced, waiting room forced.
fn switches(admission: &Admission) -> [bool; 3] {
    let Admission { open, force_password, force_waiting_room, .. } = *admission;
    [open, force_password, force_waiting_room]
}

/// The slug, then with -2, -3, … behind it, at last with the id, which no other room has.
fn numbered(slug: &str, id: RoomId) -> impl Iterator<Item = String> {
    let suffixes = (2..=NUMBER_MAX).map(|number| format!("-{number}")).chain([format!("-{id}")]);
    let with = move |suffix: String| {
        let keep = slug.len().min(SLUG_LEN_MAX - suffix.len());
        format!("{}{suffix}", &slug[..keep])
    };
    std::iter::once(slug.to_owned()).chain(suffixes.map(with))
}

fn settings_of(new: &NewRoom, slug: String) -> Settings {
    Settings {
        id: new.id,
        external_id: new.external.as_ref().map(|key| key.id.clone()),
        name: new.name.clone(),
        slug,
        kind: new.kind,
        topic: new.topic.clone(),
        has_password: new.password_hash.is_some(),
        captions: new.captions,
        admission: new.admission.clone(),
        member_limit: new.member_limit,
        created_by: new.created_by,
        created_at: new.created_at,
        temporary: new.temporary,
        overrides: new.overrides.clone(),
    }
}

/// Joined rows into rooms, by id.
fn fold_rooms(rows: &[AnyRow]) -> Result<Vec<Settings>, sqlx::Error> {
    let mut rooms = BTreeMap::new();
    for row in rows {
        let room = RoomRow::from_row(row)?.0;
        let room: &mut Settings = rooms.entry(room.id).or_insert(room);
        room.overrides.extend(override_of(row)?);
    }
    Ok(rooms.into_values().collect())
}

/// The room's part of a joined row, without overrides.
struct RoomRow(Settings);

impl<'r> FromRow<'r, AnyRow> for RoomRow {
    fn from_row(row: &'r AnyRow) -> Result<Self, sqlx::Error> {
        let external_id: Option<String> = row.try_get("external_id")?;
        let external_id = external_id.map(|text| ExternalId::new(&text)).transpose();
        let kind: String = row.try_get("profile")?;
        let limit: i64 = row.try_get("member_limit")?;
        let created_by: Option<i64> = row.try_get("created_by")?;
        Ok(Self(Settings {
            id: row::id(row, "id", RoomId::from_i64)?,
            external_id: external_id.map_err(|_| row::unreadable("external_id"))?,
            name: row.try_get("name")?,
            slug: row.try_get("slug")?,
            kind: kind.parse().map_err(|_| row::unreadable("profile"))?,
            topic: row.try_get("topic")?,
            has_password: row.try_get::<i64, _>("has_password")? != 0,
            captions: row.try_get::<i64, _>("captions")? != 0,
            admission: Admission {
                open: row.try_get::<i64, _>("admits_all")? != 0,
                force_password: row.try_get::<i64, _>("force_password")? != 0,
                force_waiting_room: row.try_get::<i64, _>("force_waiting_room")? != 0,
                members: Vec::new(),
            },
            member_limit: limit.try_into().map_err(|_| row::unreadable("member_limit"))?,
            created_by: created_by.and_then(UserId::from_i64),
            created_at: row::time(row, "created_at")?,
            temporary: row.try_get::<i64, _>("temporary")? != 0,
            overrides: Vec::new(),
        }))
    }
}

fn override_of(row: &AnyRow) -> Result<Option<Override>, sqlx::Error> {
    let Some(target_type) = row.try_get::<Option<String>, _>("target_type")? else {
        return Ok(None);
    };
    let target = match target_type.as_str() {
        "everyone" => OverrideTarget::Everyone,
        "role" => OverrideTarget::Role(row::id(row, "target_id", RoleId::from_i64)?),
        "user" => OverrideTarget::User(row::id(row, "target_id", UserId::from_i64)?),
        _ => return Err(row::unreadable("target_type")),
    };
    let allow = row::permissions(row, "allow")?;
    Ok(Some(Override { target, allow, deny: row::permissions(row, "deny")? }))
}
