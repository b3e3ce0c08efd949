//! Logging in: one reply that carries the keys of both dialects that share the path.

use app::{App, LoggedIn};
use axum::Json;
use axum::extract::State;
use model::Redacted;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::refusal::{AnyError, Either, SharedRefused, Tongue};
use crate::kit::{Body, ClientOrigin, Fault, Meter};
use crate::stt_room::account::UserBody;

/// Who wants in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "read key by key, to see which dialect it is")]
pub(crate) struct LoginBody {
    /// The username, or the e-mail address. With it errors are Vox's.
    #[schema(required = false)]
    username: Option<String>,
    /// The same; without `username` errors are STT Room's.
    #[schema(required = false)]
    email: Option<String>,
    password: String,
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
    user: UserBody,
}

impl From<LoggedIn> for LoginReply {
    fn from(logged_in: LoggedIn) -> Self {
        let user = UserBody::from(&logged_in);
        let LoggedIn { account, roles, token } = logged_in;
        Self {
            token: token.expose().clone(),
            user_id: account.id.to_string(),
            roles: roles.into_iter().map(|role| role.name).collect(),
            access_token: token.expose().clone(),
            token_type: "bearer",
            user,
            display_name: account.display_name,
        }
    }
}

/// Logs in by username or e-mail address.
#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "Vox and STT Room", request_body = LoginBody,
    responses(
        (status = 200, body = LoginReply),
        (status = 400, body = AnyError), (status = 401, body = AnyError),
        (status = 403, body = AnyError), (status = 413, body = AnyError),
        (status = 422, body = AnyError), (status = 429, body = AnyError),
        (status = 503, body = AnyError),
    ),
)]
pub(crate) async fn login(
    State(app): State<App>,
    ClientOrigin(origin): ClientOrigin,
    meter: Meter,
    Body(mut object, ..): Body<Map<String, Value>, Either>,
) -> Result<Json<LoginReply>, SharedRefused> {
    let username = object.remove("username").filter(|word| !word.is_null());
    let email = object.remove("email").filter(|word| !word.is_null());
    // A client that sends both is Vox's: STT Room's knows one word only.
    let (tongue, key, word) = match (username, email) {
        (Some(word), _) => (Tongue::Vox, "username", Some(word)),
        (None, Some(word)) => (Tongue::SttRoom, "email", Some(word)),
        (None, None) => (Tongue::Unknown, "username or email", None),
    };
    if tongue == Tongue::SttRoom {
        meter.hide();
    }
    let refuse = |fault: Fault| tongue.refuse(fault);
    let word = text(key, word).map_err(refuse)?;
    let password = text("password", object.remove("password")).map_err(refuse)?;
    let logged_in = app.accounts.login(&word, Redacted::new(password), origin).await;
    Ok(Json(logged_in.map_err(|refusal| tongue.refuse(refusal))?.into()))
}

fn text(key: &str, value: Option<Value>) -> Result<String, Fault> {
    match value {
        Some(Value::String(text)) => Ok(text),
        None | Some(Value::Null) => Err(Fault::Malformed(format!("{key} is required"))),
        Some(_) => Err(Fault::Malformed(format!("{key} must be a text"))),
    }
}
