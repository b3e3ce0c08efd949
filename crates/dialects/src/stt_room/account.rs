//! Making an account, and who one is.

use app::{App, Identity, LoggedIn, PASSWORD_LEN_MAX};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::{AccountId, Redacted, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use super::SttRoom;
use super::caller::Heard;
use super::field::{Fields, check_length};
use super::refusal::ErrorBody;
use crate::kit::{Body, ClientOrigin, Fault, Refused, rfc3339};

/// The shortest password this dialect takes, in characters: its client allows four.
const PASSWORD_LEN_MIN: usize = 4;
/// The longest e-mail address (RFC 5321 section 4.5.3.1.3, without the brackets).
const EMAIL_LEN_MAX: usize = 254;

/// An account to be made.
#[derive(ToSchema)]
#[schema(as = SttSignUp)]
pub(crate) struct SignUpBody {
    /// An e-mail address, or any name: 1 to 254 characters, unique whatever the case.
    email: String,
    /// 4 to 128 characters.
    password: String,
    /// What the first start printed: makes the first administrator.
    setup_code: Option<String>,
}

impl TryFrom<Fields> for SignUpBody {
    type Error = Fault;

    fn try_from(mut fields: Fields) -> Result<Self, Fault> {
        let email = fields.text("email")?;
        check_length("email", &email, 1..=EMAIL_LEN_MAX)?;
        // Two accounts that look the same would be one trap.
        if email.trim() != email || email.chars().any(char::is_control) {
            let what = "email must not have spaces around it or control characters";
            return Err(Fault::Malformed(what.to_owned()));
        }
        let password = fields.text("password")?;
        check_length("password", &password, PASSWORD_LEN_MIN..=PASSWORD_LEN_MAX)?;
        Ok(Self { email, password, setup_code: fields.optional_text("setup_code")? })
    }
}

/// An account.
#[derive(Serialize, ToSchema)]
#[schema(as = SttUser)]
pub(crate) struct UserBody {
    /// UUID.
    id: String,
    /// The username where there is no e-mail address.
    email: String,
    /// RFC 3339.
    created_at: String,
}

/// What this dialect shows as somebody's address: who has none is known by their name.
pub(super) fn address_of<'a>(email: Option<&'a str>, username: &'a str) -> &'a str {
    email.unwrap_or(username)
}

impl UserBody {
    fn new(id: AccountId, email: Option<&str>, username: &str, created_at: Timestamp) -> Self {
        Self {
            id: id.to_uuid(),
            email: address_of(email, username).to_owned(),
            created_at: rfc3339(created_at),
        }
    }
}

impl From<&LoggedIn> for UserBody {
    fn from(LoggedIn { account, .. }: &LoggedIn) -> Self {
        Self::new(account.id, account.email.as_deref(), &account.username, account.created_at)
    }
}

impl From<&Identity> for UserBody {
    fn from(Identity { account, .. }: &Identity) -> Self {
        Self::new(account.id, account.email.as_deref(), &account.username, account.created_at)
    }
}

/// Somebody signed up.
#[derive(Serialize, ToSchema)]
#[schema(as = SttSignedUp)]
pub(crate) struct SignedUp {
    user: UserBody,
    /// An access token, good for 24 hours.
    access_token: String,
    /// `bearer`.
    token_type: &'static str,
}

impl From<LoggedIn> for SignedUp {
    fn from(made: LoggedIn) -> Self {
        let access_token = made.token.expose().clone();
        Self { user: UserBody::from(&made), access_token, token_type: "bearer" }
    }
}

/// Makes an account and logs it in.
#[utoipa::path(
    post, path = "/api/v1/auth/signup", tag = "STT Room", request_body = SignUpBody,
    responses(
        (status = 201, body = SignedUp),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 429, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn sign_up(
    State(app): State<App>,
    ClientOrigin(origin): ClientOrigin,
    Body(fields, ..): Body<Fields, SttRoom>,
) -> Result<(StatusCode, Json<SignedUp>), Refused<SttRoom>> {
    let SignUpBody { email, password, setup_code } = fields.try_into()?;
    let (password, setup_code) = (Redacted::new(password), setup_code.map(Redacted::new));
    let made = app.accounts.sign_up_by_email(email, password, setup_code, origin).await?;
    Ok((StatusCode::CREATED, Json(made.into())))
}

/// Who one is.
#[utoipa::path(
    get, path = "/api/v1/auth/me", tag = "STT Room", security(("bearer" = [])),
    responses(
        (status = 200, body = UserBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn me(Heard(caller): Heard) -> Json<UserBody> {
    Json(UserBody::from(&caller))
}
