//! The media socket at `/media/v1`: WebRTC signalling of one session, opened with its media token.
//!
//! Browsers do not show a page why an upgrade was refused, so that every refusal comes after it, as an
//! error frame and a close code. The open socket is a link of its session: while it is open the member is
//! present, and a session that is moved to another room goes on over it. Several sockets of one session
//! are told alike; an answer goes to the one that offered.
//!
//! Deliberately absent: offers and candidates of ours. The server takes the client's sections as they are
//! and puts all its candidates into the answer.

mod admit;
mod event;
mod frame;
mod pump;

use app::App;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use http::{StatusCode, header};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::admit::{Denied, admit};
use self::frame::{FRAME_MAX, FromServer};
use super::refusal::ErrorBody;
use crate::Doors;
use crate::kit::{say_goodbye, send_json};

/// The socket's frames as an AsyncAPI 3.0 document, a part of the whole.
pub(crate) const ASYNCAPI: &str = include_str!("media/asyncapi.json");

/// Something went wrong here, or the client fell behind: a new socket may do.
const UNKNOWN_ERROR: u16 = 4000;
/// No token was shown, or not in time.
const NOT_AUTHENTICATED: u16 = 4003;
/// The token is wrong, has expired, or is dead.
const AUTH_FAILED: u16 = 4004;
/// The server stops.
const SERVER_RESTART: u16 = 4008;
/// The session is over.
const SESSION_EXPIRED: u16 = 4009;

pub(super) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new().routes(routes!(open))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct MediaQuery {
    /// A media token; without it the first frame must be `auth`.
    token: Option<String>,
    /// With a token: `true` to be told of slots and of who speaks, too.
    events: Option<String>,
}

/// Signalling of a session's media.
#[utoipa::path(
    get, path = "/media/v1", tag = "Vox", params(MediaQuery),
    responses(
        (status = 101, description = "WebSocket of JSON text frames; described in /asyncapi.json"),
        (status = 426, body = ErrorBody),
    ),
)]
pub(crate) async fn open(
    State(app): State<App>,
    query: Result<Query<MediaQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return upgrade_required() };
    // A query that cannot be read holds no token that is good.
    let unread = MediaQuery { token: Some(String::new()), events: None };
    let Query(query) = query.unwrap_or(Query(unread));
    let upgrade = upgrade.max_message_size(FRAME_MAX).max_frame_size(FRAME_MAX);
    upgrade.on_upgrade(move |socket| serve(app, socket, query))
}

async fn serve(app: App, mut socket: WebSocket, query: MediaQuery) {
    match admit(&app, &mut socket, query).await {
        // The server waits for these when it stops, so that the goodbye arrives.
        Ok(admitted) => {
            let sockets = app.sockets.clone();
            sockets.track_future(admitted.run(app, socket)).await;
        }
        Err(Denied::Gone) => {}
        Err(Denied::Refused { code, fault }) => {
            // Whether it arrives or not, this is the end.
            let _ = send_json(&mut socket, &FromServer::error(&fault)).await;
            say_goodbye(&mut socket, code, FromServer::code(&fault)).await;
        }
    }
}

fn upgrade_required() -> Response {
    let body = json!({ "error": {
        "code": "UPGRADE_REQUIRED", "message": "Upgrade to a WebSocket",
        "retry_after_ms": null, "missing_permission": null,
    } });
    let upgrade = [(header::UPGRADE, "websocket")];
    (StatusCode::UPGRADE_REQUIRED, upgrade, Json(body)).into_response()
}
