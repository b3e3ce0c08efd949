//! Paths that several dialects have in common. Each request is answered in the dialect that it speaks:
//! its body, its parameters or the form of the id tell which. Where nothing tells, an error has the keys
//! of both.

mod login;
mod refusal;
mod rooms;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;

pub(crate) fn router() -> OpenApiRouter<Doors> {
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(rooms::create, rooms::list))
        .routes(routes!(rooms::get, rooms::change, rooms::delete))
}
