//! Conferences by REST.

use app::{
    App, Conference, ConferenceDraft, ConferenceMember, MemberDraft, NamedUser, PasswordChange,
    RoomRef,
};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::Redacted;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::Aura;
use super::caller::RestCaller;
use super::member::RoomMember;
use super::refusal::ErrorBody;
use crate::kit::{AnyId, Body, Fault, IdText, PathText, Refused, rfc3339};

/// A room, as it is to be.
#[derive(Deserialize, ToSchema)]
#[schema(as = AuraRoomRequest)]
pub(crate) struct RoomRequest {
    room: RoomDraftBody,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = AuraRoomDraft)]
struct RoomDraftBody {
    /// 1 to 200 characters.
    name: String,
    /// 1 to 128 characters. On replacing: absent keeps the one there is, null or "" removes it.
    #[serde(default, deserialize_with = "there")]
    #[schema(value_type = Option<String>)]
    password: Option<Option<String>>,
    /// Everyone comes in.
    #[serde(default)]
    open: Option<bool>,
    /// The password is asked of everyone. Needs one, unless the room is open.
    #[serde(default)]
    force_password: Option<bool>,
    /// All but admins wait.
    #[serde(default)]
    force_waiting_room: Option<bool>,
    /// Who is expected; on replacing everyone who is.
    #[serde(default)]
    members: Option<Vec<MemberDraftBody>>,
}

#[derive(Deserialize, ToSchema)]
#[schema(as = AuraMemberDraft)]
struct MemberDraftBody {
    /// UUID, or our decimal id.
    #[schema(value_type = String)]
    user_id: IdText,
    #[serde(default)]
    admin: Option<bool>,
}

/// Whether a key is there, null or not.
fn there<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(reader).map(Some)
}

/// A room.
#[derive(Serialize, ToSchema)]
#[schema(as = AuraRoomResponse)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomResponse {
    room: RoomBody,
}

/// Rooms.
#[derive(Serialize, ToSchema)]
#[schema(as = AuraRoomsResponse)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomsResponse {
    rooms: Vec<RoomBody>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuraRoom)]
#[serde(deny_unknown_fields)]
struct RoomBody {
    /// UUID.
    id: String,
    name: String,
    open: bool,
    force_password: bool,
    force_waiting_room: bool,
    has_password: bool,
    members: Vec<MemberBody>,
    /// RFC 3339.
    created_at: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuraMember)]
#[serde(deny_unknown_fields)]
struct MemberBody {
    /// UUID.
    user_id: String,
    admin: bool,
    /// Absent when the account is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
}

impl RoomDraftBody {
    fn into_draft(self) -> Result<ConferenceDraft, Fault> {
        let password = match self.password {
            None => PasswordChange::Keep,
            Some(Some(password)) if !password.is_empty() => {
                check_password(&password)?;
                PasswordChange::Set(Redacted::new(password))
            }
            Some(_) => PasswordChange::Remove,
        };
        let members = self.members.unwrap_or_default().into_iter();
        Ok(ConferenceDraft {
            name: self.name,
            password,
            open: self.open.unwrap_or_default(),
            force_password: self.force_password.unwrap_or_default(),
            force_waiting_room: self.force_waiting_room.unwrap_or_default(),
            members: members.map(MemberDraftBody::into_draft).collect::<Result<_, _>>()?,
        })
    }
}

fn check_password(password: &str) -> Result<(), Fault> {
    let max = app::PASSWORD_LEN_MAX;
    let fits = password.chars().count() <= max;
    if fits {
        Ok(())
    } else {
        Err(Fault::Malformed(format!("password is at most {max} characters")))
    }
}

impl MemberDraftBody {
    fn into_draft(self) -> Result<MemberDraft, Fault> {
        let user = match self.user_id.parse()? {
            AnyId::Own(id) => NamedUser::Own(id),
            AnyId::Foreign(external) => NamedUser::External(external),
        };
        Ok(MemberDraft { user, admin: self.admin.unwrap_or_default() })
    }
}

impl From<Conference> for RoomBody {
    fn from(Conference { settings, members }: Conference) -> Self {
        let external = settings.external_id.map(|external| external.to_string());
        Self {
            id: external.unwrap_or_else(|| settings.id.to_uuid()),
            name: settings.name,
            open: settings.admission.open,
            force_password: settings.admission.force_password,
            force_waiting_room: settings.admission.force_waiting_room,
            has_password: settings.has_password,
            members: members.into_iter().map(Into::into).collect(),
            created_at: rfc3339(settings.created_at),
        }
    }
}

impl From<ConferenceMember> for MemberBody {
    fn from(ConferenceMember { listed, account }: ConferenceMember) -> Self {
        let external = account.as_ref().and_then(|account| account.external_id.as_ref());
        Self {
            user_id: external.map_or_else(|| listed.user.to_uuid(), ToString::to_string),
            admin: listed.admin,
            name: account.map(|account| account.name),
        }
    }
}

fn named(text: &str) -> Result<RoomRef, Fault> {
    Ok(text.parse::<AnyId>()?.room())
}

fn shown(conference: Conference) -> Json<RoomResponse> {
    Json(RoomResponse { room: conference.into() })
}

/// Makes a conference.
#[utoipa::path(
    post, path = "/v1/rooms", tag = "Aura", request_body = RoomRequest,
    responses(
        (status = 201, body = RoomResponse), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn create(
    State(app): State<App>,
    RestCaller(caller): RestCaller,
    Body(wanted, _): Body<RoomRequest, Aura>,
) -> Result<(StatusCode, Json<RoomResponse>), Refused<Aura>> {
    let conference = app.create_conference(&caller, wanted.room.into_draft()?).await?;
    Ok((StatusCode::CREATED, shown(conference)))
}

/// The conferences that one owns or is a member of.
#[utoipa::path(
    get, path = "/v1/rooms", tag = "Aura",
    responses(
        (status = 200, body = RoomsResponse), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn list(
    State(app): State<App>,
    RestCaller(caller): RestCaller,
) -> Result<Json<RoomsResponse>, Refused<Aura>> {
    let rooms = app.conferences(&caller).await?;
    Ok(Json(RoomsResponse { rooms: rooms.into_iter().map(Into::into).collect() }))
}

/// A conference.
#[utoipa::path(
    get, path = "/v1/rooms/{room}", tag = "Aura",
    params(("room" = String, Path, description = "UUID, or our decimal id")),
    responses(
        (status = 200, body = RoomResponse), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn one(
    State(app): State<App>,
    RestCaller(caller): RestCaller,
    PathText(room, _): PathText<Aura>,
) -> Result<Json<RoomResponse>, Refused<Aura>> {
    Ok(shown(app.conference(&caller, &named(&room)?).await?))
}

/// Makes a conference what the body says. Who is in stays in.
#[utoipa::path(
    put, path = "/v1/rooms/{room}", tag = "Aura", request_body = RoomRequest,
    params(("room" = String, Path, description = "UUID, or our decimal id")),
    responses(
        (status = 413, body = ErrorBody),
        (status = 200, body = RoomResponse), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn replace(
    State(app): State<App>,
    RestCaller(caller): RestCaller,
    PathText(room, _): PathText<Aura>,
    Body(wanted, _): Body<RoomRequest, Aura>,
) -> Result<Json<RoomResponse>, Refused<Aura>> {
    let (room, draft) = (named(&room)?, wanted.room.into_draft()?);
    Ok(shown(app.replace_conference(&caller, &room, draft).await?))
}

/// Deletes a conference. Everyone in it is put out.
#[utoipa::path(
    delete, path = "/v1/rooms/{room}", tag = "Aura",
    params(("room" = String, Path, description = "UUID, or our decimal id")),
    responses(
        (status = 204), (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    RestCaller(caller): RestCaller,
    PathText(room, _): PathText<Aura>,
) -> Result<StatusCode, Refused<Aura>> {
    app.delete_conference(&caller, &named(&room)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is in a conference.
#[utoipa::path(
    get, path = "/v1/rooms/{room}/members", tag = "Aura",
    params(("room" = String, Path, description = "UUID, or our decimal id")),
    responses(
        (status = 200, body = [RoomMember]), (status = 400, body = ErrorBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
    security(("bearer" = [])),
)]
pub(crate) async fn members(
    State(app): State<App>,
    RestCaller(caller): RestCaller,
    PathText(room, _): PathText<Aura>,
) -> Result<Json<Vec<RoomMember>>, Refused<Aura>> {
    let view = app.conference_now(&caller, &named(&room)?).await?;
    Ok(Json(super::member::members(&view).map(|(_, body)| body).collect()))
}
