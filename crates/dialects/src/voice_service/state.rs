//! Mute and deafen of one's own session.

use app::App;
use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::VoiceService;
use super::join::session;
use super::participant::channel_id;
use super::refusal::ErrorBody;
use crate::kit::{Body, Caller, IdText, Refused};

#[derive(Deserialize, ToSchema)]
pub(crate) struct StateBody {
    /// UUID or decimal.
    #[schema(value_type = String)]
    session_id: IdText,
    /// As it is unless given.
    mute: Option<bool>,
    /// As it is unless given.
    deaf: Option<bool>,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct StateReply {
    /// UUID.
    session_id: String,
    /// UUID.
    channel_id: String,
    mute: bool,
    deaf: bool,
    /// By a moderator.
    server_mute: bool,
    /// By a moderator.
    server_deaf: bool,
}

/// Changes mute and deafen. After the reply no packet leaves that the new state forbids.
#[utoipa::path(
    patch, path = "/voice/state", tag = "Voice Service", security(("bearer" = [])),
    request_body = StateBody,
    responses(
        (status = 200, body = StateReply),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn change(
    State(app): State<App>,
    Caller(caller, ..): Caller<VoiceService>,
    Body(body, ..): Body<StateBody, VoiceService>,
) -> Result<Json<StateReply>, Refused<VoiceService>> {
    let session = session(&body.session_id)?;
    let outcome = app.set_self(&caller, session, body.mute, body.deaf).await?;
    let found = outcome.view.session(session);
    let (member, own) = found.ok_or(app::Refusal::Room(room::Refusal::UnknownSession))?;
    Ok(Json(StateReply {
        session_id: session.to_uuid(),
        channel_id: channel_id(&outcome.view.settings),
        mute: own.mute,
        deaf: own.deaf,
        server_mute: member.server_mute,
        server_deaf: member.server_deaf,
    }))
}
