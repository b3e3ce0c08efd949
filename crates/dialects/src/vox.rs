//! Vox (seed 000): voice and stage rooms over REST, the gateway that tells of them, media over a socket.
//! `docs/dialects/vox.md` has the words of this dialect beside ours.

mod account;
mod gateway;
mod media;
mod member;
mod moderation;
mod permission;
pub(crate) mod quota;
pub(crate) mod refusal;
mod role;
pub(crate) mod room;
mod stage;
mod voice;

use app::CallKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;

pub(crate) use gateway::ASYNCAPI as GATEWAY_ASYNCAPI;
pub(crate) use media::ASYNCAPI as MEDIA_ASYNCAPI;

/// Marks what is refused in this dialect's shape.
pub(crate) struct Vox;

pub(crate) fn router(doors: &Doors) -> OpenApiRouter<Doors> {
    let others = OpenApiRouter::new()
        .routes(routes!(account::register))
        .routes(routes!(account::me))
        .routes(routes!(role::list, role::create))
        .routes(routes!(role::assign, role::unassign))
        .merge(gateway::router())
        .merge(media::router());
    let others = quota::counted(others, CallKind::Other, doors);
    quota::counted(voice_router(), CallKind::Voice, doors).merge(others)
}

fn voice_router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(voice::join))
        .routes(routes!(voice::leave))
        .routes(routes!(voice::relocate))
        .routes(routes!(voice::members))
        .routes(routes!(voice::refresh_token))
        .routes(routes!(moderation::kick))
        .routes(routes!(moderation::mute))
        .routes(routes!(moderation::deafen))
        .routes(routes!(stage::request, stage::withdraw))
        .routes(routes!(stage::invite))
        .routes(routes!(stage::respond))
        .routes(routes!(stage::revoke))
        .routes(routes!(stage::set_topic))
}
