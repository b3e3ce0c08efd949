//! Making an account, and who one is.

use app::{App, DISPLAY_NAME_LEN_MAX, PASSWORD_LEN_MAX, Refusal, SignUp};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::{Redacted, Username};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Vox;
use super::refusal::ErrorBody;
use crate::kit::{Body, Caller, ClientOrigin, Refused};

/// The shortest password this dialect takes, in characters.
const PASSWORD_LEN_MIN: usize = 8;

#[derive(Deserialize, ToSchema)]
pub(crate) struct RegisterBody {
    /// 3 to 32 letters, digits or `_`; unique whatever the case.
    username: String,
    /// 8 to 128 characters.
    password: String,
    /// Shown instead of the username.
    display_name: Option<String>,
    /// What the first start printed: makes the first administrator.
    setup_code: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Registered {
    /// Decimal.
    user_id: String,
    /// An access token, good for 24 hours.
    token: String,
}

impl RegisterBody {
    fn into_sign_up(self) -> Result<SignUp, Refusal> {
        let invalid = |what: String| Err(Refusal::Invalid(what));
        let Ok(username) = Username::new(&self.username) else {
            return invalid("username must be 3 to 32 letters, digits or _".to_owned());
        };
        let length = self.password.chars().count();
        if !(PASSWORD_LEN_MIN..=PASSWORD_LEN_MAX).contains(&length) {
            let range = format!("{PASSWORD_LEN_MIN} to {PASSWORD_LEN_MAX}");
            return invalid(format!("password must have {range} characters"));
        }
        let display_name = self.display_name.filter(|name| !name.trim().is_empty());
        if display_name.as_ref().is_some_and(|name| name.chars().count() > DISPLAY_NAME_LEN_MAX) {
            return invalid(format!("display_name has at most {DISPLAY_NAME_LEN_MAX} characters"));
        }
        Ok(SignUp {
            username,
            email: None,
            display_name,
            password: Redacted::new(self.password),
            setup_code: self.setup_code.map(Redacted::new),
        })
    }
}

/// Makes an account and logs it in.
#[utoipa::path(
    post, path = "/api/v1/auth/register", tag = "Vox", request_body = RegisterBody,
    responses(
        (status = 201, body = Registered),
        (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn register(
    State(app): State<App>,
    ClientOrigin(origin): ClientOrigin,
    Body(body, ..): Body<RegisterBody, Vox>,
) -> Result<(StatusCode, Json<Registered>), Refused<Vox>> {
    let made = app.accounts.register(body.into_sign_up()?, origin).await?;
    let user_id = made.account.id.to_string();
    let token = made.token.expose().clone();
    Ok((StatusCode::CREATED, Json(Registered { user_id, token })))
}

#[derive(Serialize, ToSchema)]
pub(crate) struct Me {
    /// Decimal.
    user_id: String,
    username: String,
    display_name: Option<String>,
    /// Names of roles.
    roles: Vec<String>,
    /// The account's mask before any room's overrides, decimal.
    permissions: String,
}

/// Who one is.
#[utoipa::path(
    get, path = "/api/v1/users/@me", tag = "Vox", security(("bearer" = [])),
    responses(
        (status = 200, body = Me),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn me(Caller(me, ..): Caller<Vox>) -> Json<Me> {
    Json(Me {
        user_id: me.account.id.to_string(),
        permissions: me.permissions().bits().to_string(),
        username: me.account.username,
        display_name: me.account.display_name,
        roles: me.roles.into_iter().map(|role| role.name).collect(),
    })
}
