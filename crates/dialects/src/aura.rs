//! Aura (seed 003): conferences. Rooms are kept by REST, lived in over a JSON-RPC socket, with a waiting
//! room, admins and pictures by size. `docs/dialects/aura.md` has the words of this dialect beside ours.
//!
//! Deliberately absent so far: telephones. Who is invited is rung on registered sockets alone.

mod caller;
mod connection;
mod device;
mod event;
mod invitation;
mod member;
mod method;
mod pictures;
mod refusal;
mod request;
mod room;
mod rpc;
mod socket;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;

pub use socket::sockets_at_root;

/// Marks what is refused in this dialect's shape.
pub(crate) struct Aura;

pub(crate) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(room::list, room::create))
        .routes(routes!(room::one, room::replace, room::delete))
        .routes(routes!(room::members))
        .routes(routes!(device::issue))
        .routes(routes!(device::revoke))
        .routes(routes!(socket::open))
}

/// The one route that the seed serves on a port of its own.
pub(crate) fn members_router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new().routes(routes!(room::members))
}

/// The socket's part of the AsyncAPI document. Frames and document are held against each other in the
/// tests.
pub(crate) const ASYNCAPI: &str = include_str!("aura/asyncapi.json");
