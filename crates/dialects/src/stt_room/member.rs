//! Joining, leaving, and who is there.

use app::App;
use axum::Json;
use axum::extract::State;
use model::Redacted;
use room::MemberView;
use serde::Serialize;
use utoipa::ToSchema;

use super::SttRoom;
use super::account::address_of;
use super::caller::Heard;
use super::field::Fields;
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{Body, ClientOrigin, Fault, PathText, Refused, rfc3339};

/// How somebody comes in. Nothing at all, `{}` and `null` will do where no password is asked for.
#[derive(ToSchema)]
#[schema(as = SttJoin)]
pub(crate) struct JoinBody {
    /// Of the room, where it has one.
    password: Option<String>,
}

impl TryFrom<Fields> for JoinBody {
    type Error = Fault;

    fn try_from(mut fields: Fields) -> Result<Self, Fault> {
        Ok(Self { password: fields.optional_text("password")? })
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = SttJoined)]
pub(crate) struct Joined {
    joined: bool,
}

/// Comes into a room, or says again that one is in it.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/join", tag = "STT Room", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body(content = Option<JoinBody>),
    responses(
        (status = 200, body = Joined),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn join(
    State(app): State<App>,
    Heard(caller): Heard,
    ClientOrigin(origin): ClientOrigin,
    PathText(room, ..): PathText<SttRoom>,
    Body(fields, ..): Body<Fields, SttRoom>,
) -> Result<Json<Joined>, Refused<SttRoom>> {
    let JoinBody { password } = fields.try_into()?;
    let room = room_of(&app, &room).await?;
    let password = password.map(Redacted::new);
    app.attend(&caller, room, password, Some(origin.address)).await?;
    Ok(Json(Joined { joined: true }))
}

#[derive(Serialize, ToSchema)]
#[schema(as = SttLeft)]
pub(crate) struct Left {
    left: bool,
}

/// Leaves a room by every door one came in through. Not being in it is as good.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/leave", tag = "STT Room", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 200, body = Left),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn leave(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
    _: Body<Fields, SttRoom>,
) -> Result<Json<Left>, Refused<SttRoom>> {
    let room = room_of(&app, &room).await?;
    app.leave_room(&caller, room).await?;
    Ok(Json(Left { left: true }))
}

/// Somebody who is online in a room.
#[derive(Serialize, ToSchema)]
#[schema(as = SttParticipant)]
#[serde(deny_unknown_fields)]
pub(crate) struct ParticipantBody {
    /// UUID.
    user_id: String,
    /// The username where there is no e-mail address.
    email: String,
    /// `online`.
    status: &'static str,
    /// RFC 3339.
    joined_at: String,
}

impl From<&MemberView> for ParticipantBody {
    fn from(member: &MemberView) -> Self {
        let person = &member.person;
        Self {
            user_id: person.id.to_uuid(),
            email: address_of(person.email.as_deref(), &person.username).to_owned(),
            status: "online",
            joined_at: rfc3339(member.joined_at),
        }
    }
}

/// Who is online in a room, first come first. Of a room with a password only its participants learn it.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room_id}/participants", tag = "STT Room",
    security(("bearer" = [])), params(("room_id" = String, Path)),
    responses(
        (status = 200, body = [ParticipantBody]),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
) -> Result<Json<Vec<ParticipantBody>>, Refused<SttRoom>> {
    let room = room_of(&app, &room).await?;
    let view = app.participants(&caller, room).await?;
    Ok(Json(view.members.iter().map(ParticipantBody::from).collect()))
}
