//! Vox (seed 000): voice rooms over REST. `docs/dialects/vox.md` has the words of this dialect beside ours.

mod account;
mod moderation;
pub(crate) mod refusal;
pub(crate) mod room;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;

/// Marks what is refused in this dialect's shape.
pub(crate) struct Vox;

pub(crate) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(account::register))
        .routes(routes!(account::me))
        .routes(routes!(room::members))
        .routes(routes!(moderation::kick))
        .routes(routes!(moderation::mute))
        .routes(routes!(moderation::deafen))
}
