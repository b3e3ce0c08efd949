//! The wire APIs. Each dialect parses, makes one call into `app`, and renders; the rules are elsewhere.
//!
//! A folder per dialect, all of one shape: `refusal` (every fault in that dialect's status and shape),
//! one file per resource with its routes, requests and replies, `event` where there is a stream. One
//! dialect never imports another. Paths that several share live in `shared`.
//!
//! Matches over our own enums are exhaustive here: a new event or refusal does not compile until every
//! dialect has said what becomes of it.

mod aura;
mod kit;
mod shared;
mod stt_room;
mod voice_service;
mod vox;

use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use app::App;
use axum::extract::FromRef;
use model::Redacted;
use utoipa_axum::router::OpenApiRouter;

pub use aura::sockets_at_root;
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
    /// Where clients reach this server, `https://host` without a slash at the end; `None`: wherever a
    /// request itself reached it.
    pub public_url: Option<String>,
    /// What clients call this server.
    pub server_name: String,
    /// Who shows it may do everything with conferences by REST.
    pub aura_service_key: Option<Redacted<String>>,
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
        .merge(shared::router(&doors))
        .merge(vox::router(&doors))
        .merge(stt_room::router())
        .merge(voice_service::router())
        .merge(aura::router());
    router.with_state(doors)
}

/// The members of conferences alone, for the port that the seed has for them.
pub fn aura_members_router(doors: Doors) -> axum::Router {
    aura::members_router().with_state(doors).into()
}

/// The event streams of all dialects as an AsyncAPI 3.0 document.
pub fn asyncapi() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| kit::merged(&ASYNCAPI_PARTS).to_string());
    &DOCUMENT
}

/// The dialects' parts; no two say different things of the same key.
const ASYNCAPI_PARTS: [&str; 5] = [
    voice_service::ASYNCAPI,
    stt_room::ASYNCAPI,
    vox::GATEWAY_ASYNCAPI,
    vox::MEDIA_ASYNCAPI,
    aura::ASYNCAPI,
];

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    /// Whether one value is in the other, key by key.
    fn holds(whole: &Value, part: &Value) -> bool {
        match (whole, part) {
            (Value::Object(whole), Value::Object(part)) => {
                let is_there = |(key, value)| whole.get(key).is_some_and(|all| holds(all, value));
                part.iter().all(is_there)
            }
            (whole, part) => whole == part,
        }
    }

    #[test]
    fn the_whole_says_of_the_streams_what_each_part_says() {
        let whole = serde_json::from_str(asyncapi()).unwrap();
        for part in ASYNCAPI_PARTS {
            let part: Value = serde_json::from_str(part).unwrap();
            assert!(holds(&whole, &part), "{}", part["channels"]);
        }
    }
}
