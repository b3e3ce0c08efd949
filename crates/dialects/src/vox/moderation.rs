//! Kick, mute, deafen.

use app::App;
use axum::extract::State;
use http::StatusCode;
use model::UserId;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Vox;
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{AnyId, Body, Caller, Fault, IdText, PathText, Refused};

/// Whom a request is about.
#[derive(Deserialize, ToSchema)]
#[schema(as = VoxTarget)]
pub(crate) struct Target {
    /// A string or an integer.
    #[schema(value_type = String)]
    pub(super) user_id: IdText,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct MuteBody {
    /// Whom. A string or an integer.
    #[schema(value_type = String)]
    user_id: IdText,
    /// The new state.
    muted: bool,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeafenBody {
    /// Whom. A string or an integer.
    #[schema(value_type = String)]
    user_id: IdText,
    /// The new state.
    deafened: bool,
}

/// The person that a request means. A platform's people may be named by the platform's id.
pub(super) async fn user_of(app: &App, named: &IdText) -> Result<UserId, Fault> {
    Ok(match named.parse()? {
        AnyId::Own(id) => UserId(id),
        AnyId::Foreign(external) => app.accounts.find_external(&external).await?,
    })
}

/// Puts a member out of the room, all sessions and media included.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/kick", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = Target,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn kick(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<Target, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let user = user_of(&app, &body.user_id).await?;
    app.kick(&caller, room, user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Mutes or unmutes a member. After the reply no later packet of theirs leaves.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/mute", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = MuteBody,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn mute(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<MuteBody, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let user = user_of(&app, &body.user_id).await?;
    app.server_mute(&caller, room, user, body.muted).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Deafens or undeafens a member. After the reply nothing more is sent to them.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/voice/deafen", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = DeafenBody,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn deafen(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(body, ..): Body<DeafenBody, Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = room_of(&app, &room).await?;
    let user = user_of(&app, &body.user_id).await?;
    app.server_deafen(&caller, room, user, body.deafened).await?;
    Ok(StatusCode::NO_CONTENT)
}
