//! Rooms and their members as Vox shows them. The routes under `/rooms` themselves are shared paths.

use app::{App, Listed, Refusal, RoomDraft};
use axum::Json;
use axum::extract::State;
use model::{Override, OverrideTarget, Permissions, RoleId, RoomId, UserId};
use room::{MemberView, ProfileKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vox;
use super::refusal::ErrorBody;
use crate::kit::{AnyId, Caller, Fault, IdText, PathText, Refused};

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

/// A change of permissions in one room.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverrideBody {
    /// `role` or `user`; `everyone` with target 0.
    target_type: &'static str,
    /// Decimal.
    target_id: String,
    /// Decimal mask.
    allow: String,
    /// Decimal mask.
    deny: String,
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

impl From<&Override> for OverrideBody {
    fn from(change: &Override) -> Self {
        let (target_type, target_id) = match change.target {
            OverrideTarget::Everyone => ("everyone", "0".to_owned()),
            OverrideTarget::Role(role) => ("role", role.to_string()),
            OverrideTarget::User(user) => ("user", user.to_string()),
        };
        let (allow, deny) = (change.allow.bits().to_string(), change.deny.bits().to_string());
        Self { target_type, target_id, allow, deny }
    }
}

/// A room to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoxCreateRoom)]
pub(crate) struct CreateRoom {
    /// 1 to 100 characters.
    name: String,
    /// `voice`.
    r#type: String,
    /// Members at once; 99 unless given.
    limit: Option<u32>,
    /// Whether what is said is written down; not unless given.
    captions: Option<bool>,
    #[serde(default)]
    permission_overrides: Vec<OverrideDraft>,
}

/// A change of permissions to be made. Ids and masks may be strings or integers.
#[derive(Deserialize, ToSchema)]
pub(crate) struct OverrideDraft {
    /// `role`, `user` or `everyone`.
    target_type: String,
    #[schema(value_type = String)]
    target_id: Option<IdText>,
    #[schema(value_type = Option<String>)]
    allow: Option<IdText>,
    #[schema(value_type = Option<String>)]
    deny: Option<IdText>,
}

/// More members than this are no room any more; the media plane is not built for it.
const MEMBER_LIMIT_MAX: u32 = 1000;
/// Changes of permissions in one room: each is looked at whenever somebody does something in it.
const OVERRIDES_MAX: usize = 100;

impl CreateRoom {
    pub(crate) fn into_draft(self) -> Result<RoomDraft, Fault> {
        let kind = match self.r#type.parse() {
            Ok(ProfileKind::Voice) => ProfileKind::Voice,
            _ => return Err(invalid("type must be voice")),
        };
        if self.limit.is_some_and(|limit| !(1..=MEMBER_LIMIT_MAX).contains(&limit)) {
            return Err(invalid("limit must be 1 to 1000"));
        }
        if self.permission_overrides.len() > OVERRIDES_MAX {
            let what = format!("permission_overrides has at most {OVERRIDES_MAX} entries");
            return Err(invalid(&what));
        }
        let overrides = self.permission_overrides.iter().map(OverrideDraft::parse);
        Ok(RoomDraft {
            name: self.name,
            kind,
            member_limit: self.limit,
            overrides: overrides.collect::<Result<_, _>>()?,
            password: None,
            captions: self.captions,
        })
    }
}

impl OverrideDraft {
    fn parse(&self) -> Result<Override, Fault> {
        let id = || {
            let id = self.target_id.as_ref().ok_or_else(|| invalid("target_id is missing"))?;
            id.parse()?.own("target_id")
        };
        let target = match self.target_type.as_str() {
            "everyone" => OverrideTarget::Everyone,
            "role" => OverrideTarget::Role(RoleId(id()?)),
            "user" => OverrideTarget::User(UserId(id()?)),
            _ => return Err(invalid("target_type must be role, user or everyone")),
        };
        let (allow, deny) = (mask(self.allow.as_ref())?, mask(self.deny.as_ref())?);
        Ok(Override { target, allow, deny })
    }
}

/// A mask, without what does not belong to rooms: nobody hands out more than the owner has.
fn mask(text: Option<&IdText>) -> Result<Permissions, Fault> {
    let Some(IdText(text)) = text else { return Ok(Permissions::NONE) };
    let bits = text.parse().map_err(|_| invalid("allow and deny must be permission masks"))?;
    Ok(Permissions::from_bits(bits) & Permissions::ROOM_OWNER)
}

fn invalid(what: &str) -> Fault {
    Fault::Refused(Refusal::Invalid(what.to_owned()))
}

/// The members of a room.
#[derive(Serialize, ToSchema)]
pub(crate) struct MembersBody {
    /// Decimal.
    room_id: String,
    members: Vec<MemberBody>,
}

/// A member: the seed's keys, and beside them those that the public SDK reads.
#[derive(Serialize, ToSchema)]
pub(crate) struct MemberBody {
    /// Decimal.
    user_id: String,
    username: String,
    self_mute: bool,
    self_deaf: bool,
    server_mute: bool,
    server_deaf: bool,
    /// By themselves or by a moderator.
    mute: bool,
    /// By themselves or by a moderator.
    deaf: bool,
    video: bool,
    streaming: bool,
    /// Unix seconds.
    joined_at: i64,
}

impl From<&MemberView> for MemberBody {
    fn from(member: &MemberView) -> Self {
        Self {
            user_id: member.person.id.to_string(),
            username: member.person.username.clone(),
            self_mute: member.mute,
            self_deaf: member.deaf,
            server_mute: member.server_mute,
            server_deaf: member.server_deaf,
            mute: member.mute || member.server_mute,
            deaf: member.deaf || member.server_deaf,
            video: member.camera,
            streaming: member.screen,
            joined_at: member.joined_at.as_secs(),
        }
    }
}

/// Who is in a room.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room_id}/voice", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 200, body = MembersBody),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn members(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<Json<MembersBody>, Refused<Vox>> {
    let room = RoomId(room.parse::<AnyId>()?.own("room")?);
    let view = app.participants(&caller, room).await?;
    let members = view.members.iter().map(MemberBody::from).collect();
    Ok(Json(MembersBody { room_id: room.to_string(), members }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn draft(overrides: Value) -> Result<RoomDraft, Fault> {
        let body = json!({ "name": "a", "type": "voice", "permission_overrides": overrides });
        serde_json::from_value::<CreateRoom>(body).unwrap().into_draft()
    }

    #[test]
    fn overrides_are_few_and_about_rooms() {
        let all = u64::MAX.to_string();
        let change = json!({ "target_type": "everyone", "allow": all, "deny": 1_u64 << 62 });
        let made = draft(json!([change])).unwrap().overrides;
        assert_eq!((made[0].allow, made[0].deny), (Permissions::ROOM_OWNER, Permissions::NONE));
        assert!(draft(json!(vec![change.clone(); OVERRIDES_MAX])).is_ok());
        assert!(draft(json!(vec![change; OVERRIDES_MAX + 1])).is_err());
    }
}
