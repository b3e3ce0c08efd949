//! Being in a room: coming in, leaving, moving somebody, who is there, a new token for media.

use app::{App, Connect};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::Redacted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vox;
use super::member::MemberBody;
use super::moderation::user_of;
use super::refusal::ErrorBody;
use super::room::{room_named, room_of};
use crate::kit::{Body, Caller, ClientOrigin, IdText, PathText, PublicUrl, Refused};

/// Where the media sockets of this server are.
const MEDIA_PATH: &str = "/media/v1";

/// How somebody comes in.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoxJoin)]
pub(crate) struct JoinBody {
    /// Start muted.
    self_mute: bool,
    /// Start deafened.
    self_deaf: bool,
    /// Of the room, where it has one.
    password: Option<String>,
}

/// Somebody is in.
#[derive(Serialize, ToSchema)]
#[schema(as = VoxJoined)]
#[serde(deny_unknown_fields)]
pub(crate) struct Joined {
    /// A WebSocket.
    media_url: String,
    /// Opens it; good for some minutes.
    media_token: String,
    /// The joiner included, first come first.
    members: Vec<MemberBody>,
}

/// Comes into a room. Who is in a voice or stage room already is refused.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/join", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = JoinBody,
    responses(
        (status = 200, body = Joined),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn join(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    ClientOrigin(origin): ClientOrigin,
    url: PublicUrl,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<JoinBody, Vox>,
) -> Result<Json<Joined>, Refused<Vox>> {
    let JoinBody { self_mute: mute, self_deaf: deaf, password } = body;
    let room = room_of(&app, &room).await?;
    let (password, address) = (password.map(Redacted::new), Some(origin.address));
    let connect = Connect { room, mute, deaf, password, address };
    let connected = app.connect(&caller, connect).await?;
    Ok(Json(Joined {
        media_url: url.ws(MEDIA_PATH),
        media_token: connected.media_token.expose().clone(),
        members: connected.view.members.iter().map(MemberBody::from).collect(),
    }))
}

/// Leaves a room by every door one came in through.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/leave", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn leave(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    app.disconnect(&caller, room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Whom to move where.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoxMove)]
pub(crate) struct MoveBody {
    /// Whom. A string or an integer.
    #[schema(value_type = String)]
    user_id: IdText,
    /// Where. A string or an integer.
    #[schema(value_type = String)]
    to_room_id: IdText,
}

/// Takes a member to another room, with their media. Needs MOVE_MEMBERS in both.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/move", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = MoveBody,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn relocate(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<MoveBody, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let user = user_of(&app, &body.user_id).await?;
    let to = room_named(&app, &body.to_room_id).await?;
    app.move_member(&caller, room, user, to).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The members of a room.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MembersBody {
    /// Decimal.
    room_id: String,
    members: Vec<MemberBody>,
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
    let room = room_of(&app, &room).await?;
    let view = app.participants(&caller, room).await?;
    let members = view.members.iter().map(MemberBody::from).collect();
    Ok(Json(MembersBody { room_id: room.to_string(), members }))
}

/// A token for a media socket.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MediaToken {
    /// Good for some minutes, in this room alone.
    media_token: String,
}

/// A new token for the media socket of the room one is in.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/token-refresh", tag = "Vox",
    security(("bearer" = [])), params(("room_id" = String, Path)),
    responses(
        (status = 200, body = MediaToken),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn refresh_token(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<Json<MediaToken>, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let token = app.media_token(&caller, room).await?;
    Ok(Json(MediaToken { media_token: token.expose().clone() }))
}
