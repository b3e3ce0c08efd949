//! Paths that several dialects have in common. Each request is answered in the dialect that it speaks:
//! its body, its parameters or the form of the id tell which. Where nothing tells, an error has the keys
//! of both.

mod login;
mod refusal;
mod rooms;

use app::CallKind;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Doors;
use crate::vox::quota;

pub(crate) fn router(doors: &Doors) -> OpenApiRouter<Doors> {
    let rooms = OpenApiRouter::new().routes(routes!(rooms::create, rooms::list)).routes(routes!(
        rooms::get,
        rooms::change,
        rooms::delete
    ));
    let login = OpenApiRouter::new().routes(routes!(login::login));
    let login = quota::shared(login, CallKind::Other, doors);
    quota::shared(rooms, CallKind::Rooms, doors).merge(login)
}
