//! Voice Service (seed 002): sessions and WebRTC signalling over REST, and the event stream that the
//! seed has no channel for. `docs/dialects/voice_service.md` has its words beside ours.

mod event;
mod join;
mod participant;
mod refusal;
mod signal;
mod state;
mod stream;
mod view;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;

/// Marks what is refused in this dialect's shape.
pub(crate) struct VoiceService;

pub(crate) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(join::join))
        .routes(routes!(join::leave))
        .routes(routes!(state::change))
        .routes(routes!(signal::signal))
        .routes(routes!(participant::list))
        .routes(routes!(stream::events))
}

/// The event stream as an AsyncAPI 3.0 document, which the other dialects' parts are added to. Frames and
/// document are held against each other in the tests.
pub(crate) const ASYNCAPI: &str = include_str!("voice_service/asyncapi.json");
