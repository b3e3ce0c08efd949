//! Rooms as Vox shows them, made and changed. The routes under `/rooms` themselves are shared paths.

use app::{App, Listed, Refusal, RoomChanges, RoomDraft};
use model::RoomId;
use room::ProfileKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::permission::{OverrideBody, OverrideDraft, overrides};
use crate::kit::{AnyId, Fault, IdText};

/// A room.
#[derive(Serialize, ToSchema)]
#[schema(as = VoxRoom)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomBody {
    /// Decimal.
    room_id: String,
    name: String,
    /// The room's unique name in addresses.
    slug: String,
    /// `voice`, `stage`, `talk` or `conference`.
    r#type: &'static str,
    topic: Option<String>,
    /// Members at once.
    limit: u32,
    /// Decimal; null for rooms that an outside platform named.
    created_by: Option<String>,
    /// Unix seconds.
    created_at: i64,
    /// Members just now.
    member_count: usize,
    permission_overrides: Vec<OverrideBody>,
    /// The caller's own mask in this room, decimal.
    permissions: String,
    /// Whether coming in takes a password.
    has_password: bool,
    /// Whether what is said is written down.
    captions: bool,
}

impl From<Listed> for RoomBody {
    fn from(listed: Listed) -> Self {
        let settings = listed.settings;
        Self {
            room_id: settings.id.to_string(),
            name: settings.name,
            slug: settings.slug,
            r#type: settings.kind.as_str(),
            topic: settings.topic,
            limit: settings.member_limit,
            created_by: settings.created_by.map(|user| user.to_string()),
            created_at: settings.created_at.as_secs(),
            member_count: listed.member_count,
            permission_overrides: settings.overrides.iter().map(OverrideBody::from).collect(),
            permissions: listed.permissions.bits().to_string(),
            has_password: settings.has_password,
            captions: settings.captions,
        }
    }
}

/// A room to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoxCreateRoom)]
pub(crate) struct CreateRoom {
    /// 1 to 100 characters.
    name: String,
    /// `voice` or `stage`.
    r#type: String,
    /// Members at once, 1 to 1000; 99 unless given, in a stage room 1000.
    limit: Option<u32>,
    /// Whether what is said is written down; not unless given.
    captions: Option<bool>,
    /// Beside the creator's own.
    permission_overrides: Option<Vec<OverrideDraft>>,
}

/// Changes to a room: what is not given stays. Other keys there may not be.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoxRoomChanges)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeRoom {
    /// 1 to 100 characters.
    name: Option<String>,
    /// Members at once, 1 to 1000. Nobody is put out by it.
    limit: Option<u32>,
    /// Whether what is said in the room is written down.
    captions: Option<bool>,
    /// All of them; the creator keeps theirs.
    permission_overrides: Option<Vec<OverrideDraft>>,
}

/// More members than this are no room any more; the media plane is not built for it.
const MEMBER_LIMIT_MAX: u32 = 1000;

impl CreateRoom {
    pub(crate) fn into_draft(self) -> Result<RoomDraft, Fault> {
        let kind = match self.r#type.parse() {
            Ok(kind @ (ProfileKind::Voice | ProfileKind::Stage)) => kind,
            Ok(ProfileKind::Talk | ProfileKind::Conference) | Err(_) => {
                return Err(invalid("type must be voice or stage"));
            }
        };
        check_limit(self.limit)?;
        Ok(RoomDraft {
            name: self.name,
            kind,
            member_limit: self.limit,
            overrides: overrides(&self.permission_overrides.unwrap_or_default())?,
            password: None,
            captions: self.captions,
        })
    }
}

impl ChangeRoom {
    pub(crate) fn into_changes(self) -> Result<RoomChanges, Fault> {
        let Self { name, limit, captions, permission_overrides } = self;
        check_limit(limit)?;
        let overrides = permission_overrides.map(|drafts| overrides(&drafts)).transpose()?;
        if name.is_none() && limit.is_none() && captions.is_none() && overrides.is_none() {
            return Err(invalid("one of name, limit, captions and permission_overrides is needed"));
        }
        Ok(RoomChanges { name, member_limit: limit, overrides, captions })
    }
}

fn check_limit(limit: Option<u32>) -> Result<(), Fault> {
    if limit.is_some_and(|limit| !(1..=MEMBER_LIMIT_MAX).contains(&limit)) {
        return Err(invalid("limit must be 1 to 1000"));
    }
    Ok(())
}

fn invalid(what: &str) -> Fault {
    Fault::Refused(Refusal::Invalid(what.to_owned()))
}

/// The room that a path names, by its id in either form or by a platform's own.
pub(crate) async fn room_of(app: &App, named: &str) -> Result<RoomId, Fault> {
    Ok(app.find_room(&named.parse::<AnyId>()?.room()).await?)
}

/// The same for an id in a body.
pub(super) async fn room_named(app: &App, IdText(named): &IdText) -> Result<RoomId, Fault> {
    room_of(app, named).await
}
