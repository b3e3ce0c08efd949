//! STT Room (seed 001): talk rooms with a speaker lock, uploads turned into messages, and a socket for
//! events. `docs/dialects/stt_room.md` has the words of this dialect beside ours. What it shares with
//! Vox (`/auth/login`, `/rooms`, `/rooms/{id}`) is in `shared`.

pub(crate) mod account;
mod caller;
mod event;
mod field;
mod member;
mod message;
mod query;
pub(crate) mod refusal;
pub(crate) mod room;
mod socket;
mod speaker;
mod stt;
mod transcript;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;

pub(crate) use field::Fields;
pub(crate) use query::Page;

/// Marks what is refused in this dialect's shape.
pub(crate) struct SttRoom;

pub(crate) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(account::sign_up))
        .routes(routes!(account::me))
        .routes(routes!(member::join))
        .routes(routes!(member::leave))
        .routes(routes!(member::list))
        .routes(routes!(speaker::acquire))
        .routes(routes!(speaker::release))
        .routes(routes!(speaker::heartbeat))
        .routes(routes!(stt::transcribe))
        .routes(routes!(message::list))
        .routes(routes!(transcript::transcript))
        .routes(routes!(socket::socket))
        .routes(routes!(socket::socket_under_base))
}

/// The socket's part of the AsyncAPI document. Frames and document are held against each other in the
/// tests.
pub(crate) const ASYNCAPI: &str = include_str!("stt_room/asyncapi.json");
