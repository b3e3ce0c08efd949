//! What was said in a room, page by page.

use app::App;
use axum::Json;
use axum::extract::State;
use room::{Message, MessageMeta, Segment, Sender};
use serde::Serialize;
use utoipa::ToSchema;

use super::account::address_of;
use super::caller::Heard;
use super::refusal::ErrorBody;
use super::room::room_of;
use super::{Page, SttRoom};
use crate::kit::{PathText, QueryOf, Refused, rfc3339};

/// Messages in one reply: an hour's talk is a few hundred.
const LIMIT_MAX: u32 = 500;
/// The seed's.
const LIMIT_DEFAULT: u32 = 100;
/// All messages come from speech.
pub(super) const KIND: &str = "stt";

/// Something that was said.
#[derive(Serialize, ToSchema)]
#[schema(as = SttMessage)]
#[serde(deny_unknown_fields)]
pub(crate) struct MessageBody {
    /// UUID.
    id: String,
    /// UUID.
    room_id: String,
    /// UUID.
    sender_user_id: String,
    /// The username where there is no e-mail address.
    sender_email: String,
    /// `stt`.
    r#type: &'static str,
    content_text: String,
    meta_json: MetaBody,
    /// `final`.
    status: &'static str,
    /// RFC 3339.
    created_at: String,
}

/// How the text came about.
#[derive(Serialize, ToSchema)]
#[schema(as = SttMessageMeta)]
#[serde(deny_unknown_fields)]
pub(crate) struct MetaBody {
    /// Milliseconds.
    #[schema(required)]
    processing_time_ms: Option<f64>,
    /// Of the audio.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    duration_ms: Option<u64>,
    /// ISO 639-1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    language: Option<String>,
    /// How sure the model was, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    confidence: Option<f32>,
    /// What wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    model: Option<String>,
    /// True on an upload that was done after the speaker lock had moved on; else absent.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schema(required = false)]
    lock_lost: bool,
    /// The text in stretches between pauses, in order; absent on live speech.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    segments: Vec<SegmentBody>,
}

/// A stretch of speech in a recording.
#[derive(Serialize, ToSchema)]
#[schema(as = SttSegment)]
#[serde(deny_unknown_fields)]
pub(crate) struct SegmentBody {
    /// From the recording's start.
    start_ms: u64,
    /// From the recording's start.
    end_ms: u64,
    text: String,
    /// How sure the model was, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    confidence: Option<f32>,
}

impl From<Segment> for SegmentBody {
    fn from(segment: Segment) -> Self {
        let Segment { start_ms, end_ms, text, confidence } = segment;
        Self { start_ms, end_ms, text, confidence }
    }
}

impl From<MessageMeta> for MetaBody {
    fn from(meta: MessageMeta) -> Self {
        Self {
            processing_time_ms: meta.processing_time_ms,
            duration_ms: meta.duration_ms,
            language: meta.language,
            confidence: meta.confidence,
            model: meta.model,
            lock_lost: meta.lock_lost,
            segments: meta.segments.into_iter().map(SegmentBody::from).collect(),
        }
    }
}

impl From<Message> for MessageBody {
    fn from(message: Message) -> Self {
        Self {
            id: message.id.to_uuid(),
            room_id: message.room.to_uuid(),
            sender_user_id: message.sender.user.to_uuid(),
            sender_email: email_of(&message.sender).to_owned(),
            r#type: KIND,
            content_text: message.text,
            meta_json: message.meta.into(),
            status: message.status.as_str(),
            created_at: rfc3339(message.at),
        }
    }
}

/// What this dialect shows as somebody's address.
pub(super) fn email_of(sender: &Sender) -> &str {
    address_of(sender.email.as_deref(), &sender.name)
}

/// What was said in a room, oldest first. For who is or was a participant.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room_id}/messages", tag = "STT Room", security(("bearer" = [])),
    params(("room_id" = String, Path), Page),
    responses(
        (status = 200, body = [MessageBody]),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
    QueryOf(page, ..): QueryOf<Page, SttRoom>,
) -> Result<Json<Vec<MessageBody>>, Refused<SttRoom>> {
    let (limit, offset) = page.read(LIMIT_DEFAULT, 1..=LIMIT_MAX)?;
    let room = room_of(&app, &room).await?;
    let messages = app.messages(&caller, room, limit, offset).await?;
    Ok(Json(messages.into_iter().map(MessageBody::from).collect()))
}
