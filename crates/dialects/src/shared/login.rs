//! Logging in: one reply that carries the keys of both dialects that share the path.

use app::{App, LoggedIn, Refusal};
use axum::Json;
use axum::extract::State;
use model::Redacted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kit::{Body, ClientOrigin, Refused, rfc3339};
use crate::vox::Vox;
use crate::vox::refusal::ErrorBody;

#[derive(Deserialize, ToSchema)]
pub(crate) struct LoginBody {
    /// The username, or the e-mail address.
    #[serde(alias = "email")]
    username: Option<String>,
    password: Option<String>,
}

/// Somebody logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginReply {
    /// An access token, good for 24 hours.
    token: String,
    /// Decimal.
    user_id: String,
    display_name: Option<String>,
    /// Names of roles.
    roles: Vec<String>,
    /// The same token.
    access_token: String,
    /// `bearer`.
    token_type: &'static str,
    user: LoginUser,
}

/// The account as STT Room shows it.
#[derive(Serialize, ToSchema)]
pub(crate) struct LoginUser {
    /// UUID.
    id: String,
    /// The username where there is no e-mail address.
    email: String,
    /// RFC 3339.
    created_at: String,
}

impl From<LoggedIn> for LoginReply {
    fn from(logged_in: LoggedIn) -> Self {
        let LoggedIn { account, roles, token } = logged_in;
        Self {
            token: token.expose().clone(),
            user_id: account.id.to_string(),
            roles: roles.into_iter().map(|role| role.name).collect(),
            access_token: token.expose().clone(),
            token_type: "bearer",
            user: LoginUser {
                id: account.id.to_uuid(),
                created_at: rfc3339(account.created_at),
                email: account.email.unwrap_or(account.username),
            },
            display_name: account.display_name,
        }
    }
}

/// Logs in by username or e-mail address.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "Vox", request_body = LoginBody,
    responses(
        (status = 200, body = LoginReply),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn login(
    State(app): State<App>,
    ClientOrigin(origin): ClientOrigin,
    Body(body, ..): Body<LoginBody, Vox>,
) -> Result<Json<LoginReply>, Refused<Vox>> {
    let (Some(word), Some(password)) = (body.username, body.password) else {
        let what = "username (or email) and password are required";
        return Err(Refusal::Invalid(what.to_owned()).into());
    };
    let logged_in = app.accounts.login(&word, Redacted::new(password), origin).await?;
    Ok(Json(logged_in.into()))
}
