//! Who speaks on a stage, and what it is about.

use app::App;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vox;
use super::moderation::{Target, user_of};
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{Body, Caller, PathText, Refused};

/// Asks to speak. The moderators see who was first.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/stage/request", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn request(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    app.request_to_speak(&caller, room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes the request back; a speaker goes back to the listeners.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room_id}/stage/request", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn withdraw(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    app.withdraw_request(&caller, room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Invites a listener to speak, for five minutes. Inviting oneself makes one a speaker.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/stage/invite", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = Target,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn invite(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<Target, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let user = user_of(&app, &body.user_id).await?;
    app.invite_to_speak(&caller, room, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// An answer to an invitation.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Response {
    /// Whether one comes up to speak.
    accepted: bool,
}

/// Accepts or declines an invitation to speak.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/stage/invite/respond", tag = "Vox",
    security(("bearer" = [])), params(("room_id" = String, Path)), request_body = Response,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn respond(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(Response { accepted }, ..): Body<Response, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    app.respond_invite(&caller, room, accepted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Makes a speaker a listener. After the reply no later packet of theirs leaves.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/stage/revoke", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = Target,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn revoke(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<Target, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let user = user_of(&app, &body.user_id).await?;
    app.revoke_speaker(&caller, room, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// What a stage is to be about.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TopicBody {
    /// At most 120 characters; empty for none.
    topic: String,
}

/// What a stage is about.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Topic {
    /// Decimal.
    room_id: String,
    topic: String,
}

/// Says what a stage is about. Needs STAGE_MODERATOR.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room_id}/stage/topic", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = TopicBody,
    responses(
        (status = 200, body = Topic),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn set_topic(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(TopicBody { topic }, ..): Body<TopicBody, Vox>,
) -> Result<Json<Topic>, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let topic = app.set_topic(&caller, room, topic).await?;
    Ok(Json(Topic { room_id: room.to_string(), topic }))
}
