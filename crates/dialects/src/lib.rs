//! The wire APIs. Each dialect parses, makes one call into `app`, and renders; the rules are elsewhere.
//!
//! A folder per dialect, all of one shape: `refusal` (every fault in that dialect's status and shape),
//! one file per resource with its routes, requests and replies, `event` where there is a stream. One
//! dialect never imports another. Paths that several share live in `shared`.
//!
//! Matches over our own enums are exhaustive here: a new event or refusal does not compile until every
//! dialect has said what becomes of it.

mod kit;
mod shared;
mod stt_room;
mod voice_service;
mod vox;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use app::App;
use axum::extract::FromRef;
use utoipa_axum::router::OpenApiRouter;

pub use kit::unclaimed;

/// Says of an address whether it is a proxy whose forwarding headers are believed.
#[derive(Clone)]
pub struct TrustedProxies {
    trusts: Arc<dyn Fn(IpAddr) -> bool + Send + Sync>,
    expected: bool,
}

impl TrustedProxies {
    /// Those of which this says so.
    pub fn new(trusts: impl Fn(IpAddr) -> bool + Send + Sync + 'static) -> Self {
        Self { trusts: Arc::new(trusts), expected: false }
    }

    /// Whether requests come through proxies, trusted or not. Where they do, a connection from this
    /// machine does not mean that its sender is here.
    pub fn expected(self, expected: bool) -> Self {
        Self { expected, ..self }
    }

    pub(crate) fn contain(&self, address: IpAddr) -> bool {
        (self.trusts)(address)
    }

    pub(crate) fn are_expected(&self) -> bool {
        self.expected
    }
}

/// What handlers share.
#[derive(Clone)]
pub struct Doors {
    /// The use cases.
    pub app: App,
    /// Whose word counts about a client's address.
    pub trusted_proxies: TrustedProxies,
}

impl FromRef<Doors> for App {
    fn from_ref(doors: &Doors) -> Self {
        doors.app.clone()
    }
}

impl FromRef<Doors> for TrustedProxies {
    fn from_ref(doors: &Doors) -> Self {
        doors.trusted_proxies.clone()
    }
}

/// All routes of all dialects with their part of the OpenAPI document.
pub fn router(doors: Doors) -> OpenApiRouter {
    let router = OpenApiRouter::new()
        .merge(shared::router())
        .merge(vox::router())
        .merge(stt_room::router())
        .merge(voice_service::router());
    router.with_state(doors)
}

/// The event streams of all dialects as an AsyncAPI 3.0 document.
pub fn asyncapi() -> &'static str {
    static DOCUMENT: LazyLock<String> =
        LazyLock::new(|| kit::merged(&[voice_service::ASYNCAPI, stt_room::ASYNCAPI]).to_string());
    &DOCUMENT
}
