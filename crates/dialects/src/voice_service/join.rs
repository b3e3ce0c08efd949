//! Joining and leaving.

use app::{App, CLIENT_LEN_MAX, JoinRequest, Refusal};
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use model::{Redacted, SessionId, Via};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::VoiceService;
use super::refusal::ErrorBody;
use crate::kit::{Body, Caller, ClientOrigin, Fault, IceServerBody, IdText, Refused};

#[derive(Deserialize, ToSchema)]
pub(crate) struct JoinBody {
    /// UUID or decimal.
    #[schema(value_type = String)]
    channel_id: IdText,
    /// Start muted.
    #[serde(default)]
    mute: bool,
    /// Start deafened.
    #[serde(default)]
    deaf: bool,
    /// Names the device or tab, 1 to 64 characters. A join with the same value takes the place of the
    /// earlier session, another value makes one more session of the same member.
    client: Option<String>,
    /// Of the channel, where it has one.
    password: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct JoinReply {
    /// UUID.
    session_id: String,
    /// Where media is reached over UDP, `host:port`.
    server_endpoint: String,
    ice_servers: Vec<IceServerBody>,
}

/// Comes into a channel. In another voice channel, that session ends first.
#[utoipa::path(
    post, path = "/voice/join", tag = "Voice Service", security(("bearer" = [])),
    request_body = JoinBody,
    responses(
        (status = 200, body = JoinReply),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 429, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn join(
    State(app): State<App>,
    Caller(caller, ..): Caller<VoiceService>,
    ClientOrigin(origin): ClientOrigin,
    Body(body, ..): Body<JoinBody, VoiceService>,
) -> Result<Json<JoinReply>, Refused<VoiceService>> {
    let JoinBody { channel_id, mute, deaf, client, password } = body;
    let fits = |client: &String| (1..=CLIENT_LEN_MAX).contains(&client.chars().count());
    if !client.as_ref().is_none_or(fits) {
        let what = format!("client must be 1 to {CLIENT_LEN_MAX} characters");
        return Err(Refusal::Invalid(what).into());
    }
    let room = app.resolve_room(&caller, &channel_id.parse()?.room()).await?;
    let (via, password) = (Via::VoiceService, password.map(Redacted::new));
    let address = Some(origin.address);
    let request = JoinRequest { room, via, client, mute, deaf, password, address };
    let joined = app.join(&caller, request).await?;
    Ok(Json(JoinReply {
        session_id: joined.session.to_uuid(),
        server_endpoint: joined.endpoint,
        ice_servers: joined.ice_servers.into_iter().map(IceServerBody::from).collect(),
    }))
}

/// A session of the caller's own.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SessionBody {
    /// UUID or decimal.
    #[schema(value_type = String)]
    session_id: IdText,
}

/// The session that an id in a request names.
pub(super) fn session(id: &IdText) -> Result<SessionId, Fault> {
    id.parse()?.own("session").map(SessionId)
}

/// Ends a session.
#[utoipa::path(
    post, path = "/voice/leave", tag = "Voice Service", security(("bearer" = [])),
    request_body = SessionBody,
    responses(
        (status = 204),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn leave(
    State(app): State<App>,
    Caller(caller, ..): Caller<VoiceService>,
    Body(body, ..): Body<SessionBody, VoiceService>,
) -> Result<StatusCode, Refused<VoiceService>> {
    app.leave(&caller, session(&body.session_id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}
