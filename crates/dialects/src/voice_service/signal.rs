//! WebRTC signalling: offers, answers, candidates.

use app::{App, Identity, Refusal, SourceLabel};
use axum::Json;
use axum::extract::State;
use model::{SessionId, TrackSource};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::VoiceService;
use super::join::session;
use super::refusal::ErrorBody;
use crate::kit::{Body, Caller, IdText, Refused, SDP_BODY_MAX};

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

/// An RTCIceCandidateInit (W3C WebRTC), or just its `candidate` line.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CandidateBody {
    /// Just the line.
    Line(String),
    /// As `RTCIceCandidate.toJSON` makes it; all sections are bundled, so the section does not matter.
    Init {
        /// Empty when there are no more.
        candidate: String,
    },
}

/// Says what is wanted in plain words, which serde does not for such an enum.
fn candidate<'de, D: Deserializer<'de>>(reader: D) -> Result<Option<CandidateBody>, D::Error> {
    Option::deserialize(reader).map_err(|_| {
        D::Error::custom("candidate must be null, a line, or an object with candidate")
    })
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SourceBody {
    /// The section's `a=mid`.
    mid: String,
    source: SourceName,
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceName {
    Microphone,
    Camera,
    Screen,
}

impl From<SourceName> for TrackSource {
    fn from(name: SourceName) -> Self {
        match name {
            SourceName::Microphone => Self::Microphone,
            SourceName::Camera => Self::Camera,
            SourceName::Screen => Self::Screen,
        }
    }
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
            app.candidate(&caller, session, line(body.candidate)).await?;
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
    let label = |source: SourceBody| SourceLabel { mid: source.mid, source: source.source.into() };
    let sources = body.sources.into_iter().map(label).collect();
    app.offer(caller, session, required(body.sdp)?, sources).await
}

fn required(sdp: Option<String>) -> Result<String, Refusal> {
    sdp.ok_or_else(|| Refusal::Invalid("sdp is missing".to_owned()))
}

fn line(candidate: Option<CandidateBody>) -> Option<String> {
    let line = match candidate? {
        CandidateBody::Line(line) | CandidateBody::Init { candidate: line } => line,
    };
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(candidate: &str) -> Result<Option<String>, String> {
        let body = format!(r#"{{"session_id":"1","type":"ice","candidate":{candidate}}}"#);
        let body = serde_json::from_str::<SignalBody>(&body);
        body.map(|body| line(body.candidate)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_candidate_is_null_a_line_or_an_object_and_anything_else_is_told_so() {
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read(r#""candidate:1""#), Ok(Some("candidate:1".to_owned())));
        assert_eq!(read(r#"{"candidate":"a","sdpMid":"0"}"#), Ok(Some("a".to_owned())));
        let wanted = "candidate must be null, a line, or an object with candidate";
        for bad in ["{}", "1", r#"{"candidate":null}"#] {
            assert!(read(bad).is_err_and(|error| error.starts_with(wanted)), "{bad}");
        }
    }
}
