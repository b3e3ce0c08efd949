//! The speaker lock: one holder, who has to say now and then that they still want it.

use app::App;
use axum::Json;
use axum::extract::State;
use room::Floor;
use serde::Serialize;
use utoipa::ToSchema;

use super::SttRoom;
use super::caller::Heard;
use super::field::Fields;
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{Body, PathText, Refused, rfc3339};

/// The lock is the caller's.
#[derive(Serialize, ToSchema)]
#[schema(as = SttAcquired)]
pub(crate) struct Acquired {
    acquired: bool,
    /// UUID of the caller.
    current_speaker_user_id: String,
    /// RFC 3339: it is free again then unless a heartbeat comes.
    expires_at: String,
}

impl From<Floor> for Acquired {
    fn from(floor: Floor) -> Self {
        Self {
            acquired: true,
            current_speaker_user_id: floor.holder.to_uuid(),
            expires_at: rfc3339(floor.expires_at),
        }
    }
}

/// Takes the lock if it is free; the holder's own acquire extends it.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/speaker/acquire", tag = "STT Room",
    security(("bearer" = [])), params(("room_id" = String, Path)),
    responses(
        (status = 200, body = Acquired),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn acquire(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
    _: Body<Fields, SttRoom>,
) -> Result<Json<Acquired>, Refused<SttRoom>> {
    let room = room_of(&app, &room).await?;
    Ok(Json(app.take_floor(&caller, room).await?.into()))
}

#[derive(Serialize, ToSchema)]
#[schema(as = SttReleased)]
pub(crate) struct Released {
    released: bool,
}

/// Gives the lock back.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/speaker/release", tag = "STT Room",
    security(("bearer" = [])), params(("room_id" = String, Path)),
    responses(
        (status = 200, body = Released),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn release(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
    _: Body<Fields, SttRoom>,
) -> Result<Json<Released>, Refused<SttRoom>> {
    let room = room_of(&app, &room).await?;
    app.release_floor(&caller, room).await?;
    Ok(Json(Released { released: true }))
}

/// Keeps the lock for another while.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/speaker/heartbeat", tag = "STT Room",
    security(("bearer" = [])), params(("room_id" = String, Path)),
    responses(
        (status = 200, body = Acquired),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn heartbeat(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
    _: Body<Fields, SttRoom>,
) -> Result<Json<Acquired>, Refused<SttRoom>> {
    let room = room_of(&app, &room).await?;
    Ok(Json(app.keep_floor(&caller, room).await?.into()))
}
