//! Roles: what there are, making one, giving and taking them.

use app::{App, Refusal};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::{Permissions, RoleId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vox;
use super::moderation::user_of;
use super::permission::mask;
use super::refusal::ErrorBody;
use crate::kit::{AnyId, Body, Caller, Fault, IdText, PathText, Refused};

/// A role.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleBody {
    /// Decimal.
    role_id: String,
    name: String,
    /// What it adds to everyone's permissions: a mask, decimal.
    permissions: String,
}

impl RoleBody {
    fn new(id: RoleId, name: String, permissions: Permissions) -> Self {
        Self { role_id: id.to_string(), name, permissions: permissions.bits().to_string() }
    }
}

/// All roles, oldest first.
#[utoipa::path(
    get, path = "/api/v1/roles", tag = "Vox", security(("bearer" = [])),
    responses(
        (status = 200, body = [RoleBody]),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
) -> Result<Json<Vec<RoleBody>>, Refused<Vox>> {
    let roles = app.list_roles(&caller).await?.into_iter();
    Ok(Json(roles.map(|role| RoleBody::new(role.id, role.name, role.permissions)).collect()))
}

/// A role to be made.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CreateRole {
    /// 1 to 64 characters, unique whatever the case.
    name: String,
    /// A mask as a string or an integer.
    #[schema(value_type = String)]
    permissions: IdText,
}

/// Makes a role. Needs MANAGE_ROLES, and every permission that it is to give.
#[utoipa::path(
    post, path = "/api/v1/roles", tag = "Vox", security(("bearer" = [])),
    request_body = CreateRole,
    responses(
        (status = 201, body = RoleBody),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn create(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    Body(body, ..): Body<CreateRole, Vox>,
) -> Result<(StatusCode, Json<RoleBody>), Refused<Vox>> {
    let made = app.create_role(&caller, body.name, mask("permissions", &body.permissions)?).await?;
    let made = RoleBody::new(made.id, made.name, made.permissions);
    Ok((StatusCode::CREATED, Json(made)))
}

/// Gives somebody a role. Needs MANAGE_ROLES, and every permission of the role.
#[utoipa::path(
    put, path = "/api/v1/users/{user_id}/roles/{role_id}", tag = "Vox", security(("bearer" = [])),
    params(("user_id" = String, Path), ("role_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn assign(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText((user, role), ..): PathText<Vox, (String, String)>,
) -> Result<StatusCode, Refused<Vox>> {
    let (user, role) = grant(&app, user, &role).await?;
    app.assign_role(&caller, user, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Takes a role from somebody; nothing when they do not have it. Needs what giving it does.
#[utoipa::path(
    delete, path = "/api/v1/users/{user_id}/roles/{role_id}", tag = "Vox",
    security(("bearer" = [])),
    params(("user_id" = String, Path), ("role_id" = String, Path)),
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn unassign(
    State(app): State<App>,
    Caller(caller, ..): Caller<Vox>,
    PathText((user, role), ..): PathText<Vox, (String, String)>,
) -> Result<StatusCode, Refused<Vox>> {
    let (user, role) = grant(&app, user, &role).await?;
    app.unassign_role(&caller, user, role).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The person and the role that a path names.
async fn grant(app: &App, user: String, role: &str) -> Result<(UserId, RoleId), Fault> {
    let role = match role.parse()? {
        AnyId::Own(id) => RoleId(id),
        // A platform has none here.
        AnyId::Foreign(_) => return Err(Refusal::RoleNotFound.into()),
    };
    Ok((user_of(app, &IdText(user)).await?, role))
}
