//! `/api/v1/rooms` and `/api/v1/rooms/{id}`.

use app::{App, Identity};
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, RawQuery, State};
use http::StatusCode;
use room::ProfileKind;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use super::refusal::{AnyError, Either, SharedRefused, Tongue};
use crate::kit::{AnyId, Body, Caller, Fault, Meter, PathText, Refused, typed};
use crate::stt_room::{Fields, Page, room as stt_room};
use crate::vox::Vox;
use crate::vox::refusal::ErrorBody;
use crate::vox::room as vox;

/// Rooms in one list of STT Room's: a page of its client.
const LIMIT_MAX: u32 = 100;
/// The seed's.
const LIMIT_DEFAULT: u32 = 50;

/// A room to be made: with `type` or `name` as Vox has it, with `title` as STT Room has it.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AnyCreateRoom)]
#[expect(dead_code, reason = "each dialect reads its own")]
pub(crate) enum CreateRoom {
    Vox(vox::CreateRoom),
    SttRoom(stt_room::CreateRoom),
}

/// A room in the shape of the dialect that asked.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AnyRoom)]
pub(crate) enum RoomBody {
    Vox(vox::RoomBody),
    SttRoom(stt_room::RoomBody),
}

/// A room of a list in the shape of the dialect that asked.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = AnyListedRoom)]
pub(crate) enum ListedBody {
    Vox(vox::RoomBody),
    SttRoom(stt_room::ListedBody),
}

/// Makes a room. Its creator may do everything in it.
#[utoipa::path(
    post, path = "/api/v1/rooms", tag = "Vox and STT Room", security(("bearer" = [])),
    request_body = CreateRoom,
    responses(
        (status = 201, body = RoomBody),
        (status = 400, body = AnyError), (status = 401, body = AnyError),
        (status = 403, body = AnyError), (status = 413, body = AnyError),
        (status = 422, body = AnyError), (status = 429, body = AnyError),
        (status = 503, body = AnyError),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller, ..): Caller<Either>,
    meter: Meter,
    Body(object, ..): Body<Map<String, Value>, Either>,
) -> Result<(StatusCode, Json<RoomBody>), SharedRefused> {
    let has = |key: &str| object.get(key).is_some_and(|value| !value.is_null());
    let tongue = match (has("type") || has("name"), has("title")) {
        (true, _) => Tongue::Vox,
        (false, true) => Tongue::SttRoom,
        (false, false) => Tongue::Unknown,
    };
    let refuse = |fault: Fault| tongue.refuse(fault);
    tongue.count(&app, &meter, &caller)?;
    let made = make(&app, &caller, tongue, object).await.map_err(refuse)?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn make(
    app: &App,
    caller: &Identity,
    tongue: Tongue,
    object: Map<String, Value>,
) -> Result<RoomBody, Fault> {
    match tongue {
        Tongue::Vox => {
            let draft = typed::<vox::CreateRoom>(object)?.into_draft()?;
            Ok(RoomBody::Vox(app.create_room(caller, draft).await?.into()))
        }
        Tongue::SttRoom => {
            app.note_request(caller).await;
            let draft = stt_room::CreateRoom::try_from(Fields::from(object))?.into_draft();
            Ok(RoomBody::SttRoom(app.create_room(caller, draft).await?.into()))
        }
        Tongue::Unknown => Err(Fault::Malformed("title or name is required".to_owned())),
    }
}

/// With `profile` a list of Vox's, which has no pages; without it a page of talk rooms.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// Vox: `voice`, `stage`, `talk`, `conference` or `all`.
    profile: Option<String>,
    /// STT Room: 1 to 100, 50 unless given.
    #[param(value_type = Option<u32>)]
    limit: Option<String>,
    /// STT Room: how many to leave out first.
    #[param(value_type = Option<u64>)]
    offset: Option<String>,
}

/// The rooms that one may view, newest first.
#[utoipa::path(
    get, path = "/api/v1/rooms", tag = "Vox and STT Room", security(("bearer" = [])),
    params(ListQuery),
    responses(
        (status = 200, body = [ListedBody]),
        (status = 400, body = AnyError), (status = 401, body = AnyError),
        (status = 403, body = AnyError), (status = 422, body = AnyError),
        (status = 429, body = AnyError), (status = 503, body = AnyError),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller, ..): Caller<Either>,
    meter: Meter,
    RawQuery(raw): RawQuery,
    query: Result<Query<ListQuery>, QueryRejection>,
) -> Result<Json<Vec<ListedBody>>, SharedRefused> {
    let named = raw.is_some_and(|raw| raw.split('&').any(|pair| pair.starts_with("profile")));
    let tongue = if named { Tongue::Vox } else { Tongue::SttRoom };
    let refuse = |fault: Fault| tongue.refuse(fault);
    tongue.count(&app, &meter, &caller)?;
    let Query(ListQuery { profile, limit, offset }) =
        query.map_err(|refused| refuse(Fault::Malformed(refused.body_text())))?;
    let rooms = match profile {
        Some(profile) => list_of(&app, &caller, &profile).await,
        None => page(&app, &caller, &Page { limit, offset }).await,
    };
    Ok(Json(rooms.map_err(refuse)?))
}

async fn list_of(app: &App, caller: &Identity, profile: &str) -> Result<Vec<ListedBody>, Fault> {
    let kinds = match profile {
        "all" => ProfileKind::ALL.to_vec(),
        kind => vec![kind.parse().map_err(|_| {
            let what = "profile must be voice, stage, talk, conference or all";
            Fault::Malformed(what.to_owned())
        })?],
    };
    let rooms = app.list_rooms(caller, &kinds).await?;
    Ok(rooms.into_iter().map(|room| ListedBody::Vox(room.into())).collect())
}

async fn page(app: &App, caller: &Identity, page: &Page) -> Result<Vec<ListedBody>, Fault> {
    app.note_request(caller).await;
    let (limit, offset) = page.read(LIMIT_DEFAULT, 1..=LIMIT_MAX)?;
    let rooms = app.list_rooms(caller, &[ProfileKind::Talk]).await?;
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let rooms = rooms.into_iter().skip(offset).take(limit as usize);
    Ok(rooms.map(|room| ListedBody::SttRoom(room.into())).collect())
}

/// One room.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room_id}", tag = "Vox and STT Room", security(("bearer" = [])),
    params(("room_id" = String, Path, description = "Decimal: as Vox has it; UUID: as STT Room.")),
    responses(
        (status = 200, body = RoomBody),
        (status = 400, body = AnyError), (status = 401, body = AnyError),
        (status = 403, body = AnyError), (status = 404, body = AnyError),
        (status = 422, body = AnyError), (status = 429, body = AnyError),
        (status = 503, body = AnyError),
    ),
)]
pub(crate) async fn get(
    State(app): State<App>,
    Caller(caller, ..): Caller<Either>,
    meter: Meter,
    PathText(room, ..): PathText<Either>,
) -> Result<Json<RoomBody>, SharedRefused> {
    let tongue = tongue_of(&room);
    let refuse = |fault: Fault| tongue.refuse(fault);
    tongue.count(&app, &meter, &caller)?;
    let found = match tongue {
        Tongue::Vox => vox_room(&app, &caller, &room).await,
        Tongue::SttRoom | Tongue::Unknown => talk_room(&app, &caller, &room).await,
    };
    Ok(Json(found.map_err(refuse)?))
}

/// What the form of an id tells: a number, or what is to be one, is Vox's.
fn tongue_of(id: &str) -> Tongue {
    let numeric = |byte: u8| byte.is_ascii_digit() || b"+-.".contains(&byte);
    let decimal = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    match id.parse::<AnyId>() {
        Ok(_) if decimal(id) => Tongue::Vox,
        Ok(_) => Tongue::SttRoom,
        Err(_) if !id.is_empty() && id.bytes().all(numeric) => Tongue::Vox,
        Err(_) => Tongue::Unknown,
    }
}

async fn vox_room(app: &App, caller: &Identity, id: &str) -> Result<RoomBody, Fault> {
    let room = vox::room_of(app, id).await?;
    Ok(RoomBody::Vox(app.room(caller, room).await?.into()))
}

async fn talk_room(app: &App, caller: &Identity, id: &str) -> Result<RoomBody, Fault> {
    app.note_request(caller).await;
    let room = stt_room::room_of(app, id).await?;
    Ok(RoomBody::SttRoom(app.room(caller, room).await?.into()))
}

/// Changes a room. Needs MANAGE_SPACES, or to have made it.
#[utoipa::path(
    patch, path = "/api/v1/rooms/{room_id}", tag = "Vox", security(("bearer" = [])),
    params(("room_id" = String, Path)), request_body = vox::ChangeRoom,
    responses(
        (status = 200, body = vox::RoomBody),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText(room, ..): PathText<Vox>,
    Body(changes, ..): Body<vox::ChangeRoom, Vox>,
) -> Result<Json<vox::RoomBody>, Refused<Vox>> {
    let room = vox::room_of(&app, &room).await?;
    Ok(Json(app.change_room(&caller, room, changes.into_changes()?).await?.into()))
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
    let room = vox::room_of(&app, &room).await?;
    app.delete_room(&caller, room).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_of_an_id_tells_the_dialect() {
        for id in ["1", "9223372036854775807", "99999999999999999999", "-1", "1.5"] {
            assert_eq!(tongue_of(id), Tongue::Vox, "{id}");
        }
        for id in ["0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11", "11111111-1111-1111-1111-111111111111"] {
            assert_eq!(tongue_of(id), Tongue::SttRoom, "{id}");
        }
        for id in ["me", "", " ", "0b5c9d7e3f1a4b6e9a510d3f6a2b7c11"] {
            assert_eq!(tongue_of(id), Tongue::Unknown, "{id}");
        }
    }
}
