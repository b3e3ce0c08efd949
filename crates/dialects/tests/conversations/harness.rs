//! The real parts in one process, and people who talk to them over real sockets.
//!
//! [`Server`] is store, tokens, media and the dialects' routes on loopback; [`Person`] sends requests,
//! [`Events`] follows a stream. Every reply is held against `/openapi.json` and every frame against
//! `/asyncapi.json` on the way, so that no conversation can pass while a document is wrong.

mod aura;
mod events;
mod gateway;
mod like;
mod logs;
mod media;
mod offer;
mod peer;
mod person;
mod pipes;
mod schema;
mod server;
pub mod speech;
mod sse;
mod talk;
mod wire;

use std::time::Duration;

pub use aura::{AuraCall, Failed};
pub use events::Events;
pub use gateway::{Envelope, Gateway, Told};
pub use like::assert_like;
pub use logs::Logs;
pub use media::{MediaSocket, VoxMember};
pub use offer::{Client, offer};
pub use peer::{Offers, Peer};
pub use person::{Person, Reply, Room, Session, uuid};
pub use pipes::Pipes;
pub use schema::Schemas;
pub use server::{PASSWORD, SERVICE_KEY, Server, Setup};
pub use sse::ServerSent;
pub use talk::{FORM, Talk, TalkSocket, changed, form};
pub use wire::Wire;

/// The one limit on waiting: far beyond anything that works.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Something that must happen, within [`PATIENCE`].
pub async fn soon<T>(what: &str, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited too long for {what}"),
    }
}
