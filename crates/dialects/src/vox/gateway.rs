//! The gateway: what happens, told to every client that may know of it, whichever rooms it is in.
//!
//! A WebSocket of messages in either of two envelopes (`envelope`). One task, the hub, owns all sessions
//! (`hub`, `desk`, `sessions`) with what each was told (`replay`), and judges who is told what of the
//! rooms' news (`render`). A connection (`connection`, `wire`) is a session's for as long as it is open;
//! its client may come back on another and misses nothing. `docs/dialects/vox-gateway.md` is the wire.

mod close;
mod compression;
mod connection;
mod desk;
mod dispatch;
mod envelope;
mod hub;
mod limits;
mod pace;
mod render;
mod replay;
mod request;
mod sessions;
#[cfg(test)]
mod simulation;
mod wire;

use std::sync::{Arc, OnceLock};

use axum::extract::rejection::QueryRejection;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use http::{StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use self::connection::{Opening, serve};
use self::hub::Hub;
use self::limits::Doorkeeper;
use self::render::PROTOCOL_VERSION;
use self::wire::READ_MAX;
use super::refusal::ErrorBody;
use crate::Doors;
use crate::kit::{ClientOrigin, PublicUrl};

/// This dialect's part of the AsyncAPI document: the gateway.
pub(crate) const ASYNCAPI: &str = include_str!("gateway/asyncapi.json");

pub(super) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(info))
        .routes(routes!(socket))
        .layer(Extension(Gateway::default()))
}

/// What the connections of one server share.
#[derive(Clone, Debug, Default)]
struct Gateway {
    hub: Arc<OnceLock<Hub>>,
    doorkeeper: Arc<Doorkeeper>,
}

impl Gateway {
    /// The hub, which starts with the first connection: rooms need not tell what nobody follows.
    fn hub(&self, doors: &Doors) -> Hub {
        self.hub.get_or_init(|| Hub::start(doors)).clone()
    }
}

/// Where the gateway is, and what it speaks.
#[derive(Serialize, ToSchema)]
#[schema(as = VoxGatewayInfo)]
struct InfoBody {
    url: String,
    media_url: String,
    protocol_version: u32,
    min_version: u32,
    max_version: u32,
}

/// Where the gateway and media are.
#[utoipa::path(
    get, path = "/api/v1/gateway", tag = "Vox",
    responses((status = 200, body = InfoBody)),
)]
async fn info(url: PublicUrl) -> Json<InfoBody> {
    Json(InfoBody {
        url: url.ws("/gateway"),
        media_url: url.ws("/media/v1"),
        protocol_version: PROTOCOL_VERSION,
        min_version: PROTOCOL_VERSION,
        max_version: PROTOCOL_VERSION,
    })
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct SocketQuery {
    /// `zstd`: every message comes as one binary frame with a whole zstd frame in it.
    compress: Option<String>,
    /// The protocol version: 1.
    v: Option<String>,
}

/// The gateway.
#[utoipa::path(
    get, path = "/gateway", tag = "Vox",
    params(SocketQuery),
    responses(
        (status = 101, description = "WebSocket of JSON text frames; described in /asyncapi.json"),
        (status = 426, body = ErrorBody),
    ),
)]
async fn socket(
    State(doors): State<Doors>,
    Extension(gateway): Extension<Gateway>,
    ClientOrigin(origin): ClientOrigin,
    query: Result<Query<SocketQuery>, QueryRejection>,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Response {
    let Ok(upgrade) = upgrade else { return upgrade_required() };
    let Query(SocketQuery { compress, v: version }) = query.unwrap_or_default();
    let packed = compress.is_some_and(|algorithm| algorithm == "zstd");
    let opening = Opening { packed, version, address: origin.address };
    let upgrade = upgrade.max_message_size(READ_MAX).max_frame_size(READ_MAX);
    // The server waits for these when it stops, so that the goodbye arrives.
    let sockets = doors.app.sockets.clone();
    upgrade.on_upgrade(move |socket| sockets.track_future(serve(doors, gateway, socket, opening)))
}

fn upgrade_required() -> Response {
    let error = json!({
        "code": "UPGRADE_REQUIRED", "message": "Upgrade to a WebSocket",
        "retry_after_ms": null, "missing_permission": null,
    });
    let upgrade = [(header::UPGRADE, "websocket")];
    (StatusCode::UPGRADE_REQUIRED, upgrade, Json(json!({ "error": error }))).into_response()
}
