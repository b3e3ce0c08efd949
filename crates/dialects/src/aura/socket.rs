//! The JSON-RPC socket at `/v1/ws`, and at `/` with the subprotocol `api`.
//!
//! One socket holds one call. Closed, however that comes about, the call is over: whoever waited waits no
//! more, whoever was in has left.

use app::{App, Origin};
use axum::Json;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, StatusCode, header};

use super::connection::Connection;
use super::refusal::ErrorBody;
use crate::Doors;
use crate::kit::{ClientOrigin, SDP_BODY_MAX};

/// The subprotocol that clients of this API name.
pub(super) const SUBPROTOCOL: &str = "api";

/// JSON-RPC over WebSocket.
#[utoipa::path(
    get, path = "/v1/ws", tag = "Aura",
    responses(
        (status = 101, description = "WebSocket of JSON-RPC 2.0 text frames; described in /asyncapi.json"),
        (status = 426, body = ErrorBody),
    ),
)]
pub(crate) async fn open(
    State(app): State<App>,
    ClientOrigin(origin): ClientOrigin,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    match upgrade {
        Ok(upgrade) => upgraded(app, origin, upgrade),
        Err(_) => {
            let upgrade = [(header::UPGRADE, "websocket")];
            let body = ErrorBody::new(StatusCode::UPGRADE_REQUIRED, "upgrade to a WebSocket");
            (StatusCode::UPGRADE_REQUIRED, upgrade, Json(body)).into_response()
        }
    }
}

fn upgraded(app: App, origin: Origin, upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.protocols([SUBPROTOCOL]);
    let upgrade = upgrade.max_message_size(SDP_BODY_MAX).max_frame_size(SDP_BODY_MAX);
    upgrade.on_upgrade(move |socket| serve(app, origin, socket))
}

async fn serve(app: App, origin: Origin, socket: WebSocket) {
    // The server waits for these when it stops, so that the goodbye arrives.
    let sockets = app.sockets.clone();
    sockets.track_future(Connection::run(app, origin, socket)).await;
}

/// A layer for `/`, where a page is for everyone else: takes upgrades that name this API's subprotocol.
pub async fn sockets_at_root(State(doors): State<Doors>, request: Request, next: Next) -> Response {
    if !names_this_api(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &doors).await;
    match ClientOrigin::from_request_parts(&mut parts, &doors).await {
        Ok(origin) => open(State(doors.app), origin, upgrade).await,
        Err(never) => match never {},
    }
}

/// Whether a request is to become a socket of this API.
fn names_this_api(headers: &HeaderMap) -> bool {
    let offered = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let offered = offered.filter_map(|line| line.to_str().ok());
    let mut names = offered.flat_map(|line| line.split(','));
    headers.contains_key(header::UPGRADE) && names.any(|name| name.trim() == SUBPROTOCOL)
}
