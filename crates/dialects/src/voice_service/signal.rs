//! WebRTC signalling: offers, answers, candidates.

use app::{App, Identity, Refusal, SourceLabel};
use axum::Json;
use axum::extract::State;
use model::SessionId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::VoiceService;
use super::join::session;
use super::refusal::ErrorBody;
use crate::kit::{
    Body, Caller, CandidateBody, IdText, Refused, SDP_BODY_MAX, SourceBody, candidate,
};

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignalBody {
    /// UUID or decimal.
    #[schema(value_type = String)]
    session_id: IdText,
    r#type: SignalType,
    /// With `offer` and `answer`.
    sdp: Option<String>,
    /// With `ice`: an RTCIceCandidateInit; null when there are no more.
    #[serde(default, deserialize_with = "candidate")]
    candidate: Option<CandidateBody>,
    /// With `offer`: what each sending section carries. Without it the first video section is the
    /// camera, the second the screen.
    #[serde(default)]
    sources: Vec<SourceBody>,
}

#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SignalType {
    Offer,
    Answer,
    Ice,
}

#[derive(Serialize, ToSchema)]
pub(crate) struct SignalReply {
    /// UUID.
    session_id: String,
    r#type: SignalType,
    /// With `answer`: all candidates are in it, in every section.
    #[serde(skip_serializing_if = "Option::is_none")]
    sdp: Option<String>,
}

/// Takes an offer and answers it, an answer to an offer of ours, or a candidate.
#[utoipa::path(
    post, path = "/voice/signal", tag = "Voice Service", security(("bearer" = [])),
    request_body = SignalBody,
    responses(
        (status = 200, body = SignalReply),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 413, body = ErrorBody), (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn signal(
    State(app): State<App>,
    Caller(caller, ..): Caller<VoiceService>,
    Body(body, ..): Body<SignalBody, VoiceService, SDP_BODY_MAX>,
) -> Result<Json<SignalReply>, Refused<VoiceService>> {
    let session = session(&body.session_id)?;
    let (reply_type, sdp) = match body.r#type {
        SignalType::Offer => (SignalType::Answer, Some(offer(&app, &caller, session, body).await?)),
        SignalType::Answer => {
            app.answer(&caller, session, required(body.sdp)?).await?;
            (SignalType::Answer, None)
        }
        SignalType::Ice => {
            let line = body.candidate.and_then(CandidateBody::into_line);
            app.candidate(&caller, session, line).await?;
            (SignalType::Ice, None)
        }
    };
    Ok(Json(SignalReply { session_id: session.to_uuid(), r#type: reply_type, sdp }))
}

async fn offer(
    app: &App,
    caller: &Identity,
    session: SessionId,
    body: SignalBody,
) -> Result<String, Refusal> {
    let sources = body.sources.into_iter().map(SourceLabel::from).collect();
    app.offer(caller, session, required(body.sdp)?, sources).await
}

fn required(sdp: Option<String>) -> Result<String, Refusal> {
    sdp.ok_or_else(|| Refusal::Invalid("sdp is missing".to_owned()))
}
