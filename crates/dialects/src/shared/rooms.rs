//! `/api/v1/rooms` and `/api/v1/rooms/{id}`.

use app::{App, Refusal};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::RoomId;
use room::ProfileKind;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::kit::{AnyId, Body, Caller, PathText, QueryOf, Refused};
use crate::vox::Vox;
use crate::vox::refusal::ErrorBody;
use crate::vox::room::{CreateRoom, RoomBody};

/// Makes a room. Its creator may do everything in it.
#[utoipa::path(
    post, path = "/api/v1/rooms", tag = "Vox", security(("bearer" = [])), request_body = CreateRoom,
    responses(
        (status = 201, body = RoomBody),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    Body(body, ..): Body<CreateRoom, Vox>,
) -> Result<(StatusCode, Json<RoomBody>), Refused<Vox>> {
    let made = app.create_room(&caller, body.into_draft()?).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

#[derive(Deserialize, IntoParams)]
pub(crate) struct ListQuery {
    /// `voice`, `stage`, `talk`, `conference` or `all`; talk rooms unless given.
    profile: Option<String>,
}

/// The rooms that one may view, newest first.
#[utoipa::path(
    get, path = "/api/v1/rooms", tag = "Vox", security(("bearer" = [])), params(ListQuery),
    responses(
        (status = 200, body = [RoomBody]),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    QueryOf(query, ..): QueryOf<ListQuery, Vox>,
) -> Result<Json<Vec<RoomBody>>, Refused<Vox>> {
    let kinds = match query.profile.as_deref() {
        None => vec![ProfileKind::Talk],
        Some("all") => ProfileKind::ALL.to_vec(),
        Some(kind) => vec![kind.parse().map_err(|_| {
            Refusal::Invalid("profile must be voice, stage, talk, conference or all".to_owned())
        })?],
    };
    let rooms = app.list_rooms(&caller, &kinds).await?;
    Ok(Json(rooms.into_iter().map(RoomBody::from).collect()))
}

/// One room.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room_id}", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 200, body = RoomBody),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<Json<RoomBody>, Refused<Vox>> {
    let room = RoomId(room.parse::<AnyId>()?.own("room")?);
    Ok(Json(app.room(&caller, room).await?.into()))
}

/// Deletes a room; everyone in it is put out. Needs MANAGE_SPACES, or to have made it.
#[utoipa::path(
    delete, path = "/api/v1/rooms/{room_id}", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn delete(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
) -> Result<StatusCode, Refused<Vox>> {
    let room = RoomId(room.parse::<AnyId>()?.own("room")?);
    app.delete_room(&caller, room).await?;
    Ok(StatusCode::NO_CONTENT)
}
