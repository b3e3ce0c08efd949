//! ICE servers on the wire.

use app::IceServer;
use serde::Serialize;
use utoipa::ToSchema;

/// An RTCIceServer (W3C WebRTC).
#[derive(Serialize, ToSchema)]
pub(crate) struct IceServerBody {
    urls: Vec<String>,
    /// Made for the caller; expires.
    username: String,
    credential: String,
}

impl From<IceServer> for IceServerBody {
    fn from(server: IceServer) -> Self {
        let credential = server.credential.expose().clone();
        Self { urls: server.urls, username: server.username, credential }
    }
}
