//! What was said in a room as a file.

use app::{App, Transcript, TranscriptLine};
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use model::RoomId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::SttRoom;
use super::caller::Heard;
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{Fault, PathText, QueryOf, Refused, rfc3339};

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct TranscriptQuery {
    /// `vtt`, `srt`, `txt` or `json`; `txt` unless given.
    format: Option<String>,
}

/// The kinds of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Vtt,
    Srt,
    Txt,
    Json,
}

impl TranscriptQuery {
    fn format(&self) -> Result<Format, Fault> {
        match self.format.as_deref() {
            None | Some("txt") => Ok(Format::Txt),
            Some("vtt") => Ok(Format::Vtt),
            Some("srt") => Ok(Format::Srt),
            Some("json") => Ok(Format::Json),
            Some(_) => Err(Fault::Malformed("format must be vtt, srt, txt or json".to_owned())),
        }
    }
}

/// What was said in a room with times.
#[derive(Serialize, ToSchema)]
#[schema(as = SttTranscript)]
pub(crate) struct TranscriptBody {
    /// UUID.
    room_id: String,
    title: String,
    /// When time zero of the segments is, RFC 3339; null when nothing was said.
    #[schema(required)]
    began_at: Option<String>,
    segments: Vec<SegmentBody>,
}

/// A stretch of speech.
#[derive(Serialize, ToSchema)]
#[schema(as = SttTranscriptSegment)]
pub(crate) struct SegmentBody {
    /// Milliseconds from the beginning.
    start_ms: u64,
    /// Milliseconds from the beginning.
    end_ms: u64,
    /// The speaker's name.
    speaker: String,
    /// UUID of the speaker.
    user_id: String,
    /// UUID of the message that it is of.
    message_id: String,
    text: String,
}

impl From<&TranscriptLine> for SegmentBody {
    fn from(line: &TranscriptLine) -> Self {
        Self {
            start_ms: line.start_ms(),
            end_ms: line.end_ms(),
            speaker: line.speaker().to_owned(),
            user_id: line.user.to_uuid(),
            message_id: line.message.to_uuid(),
            text: line.text().to_owned(),
        }
    }
}

impl TranscriptBody {
    fn new(room: RoomId, transcript: &Transcript) -> Self {
        Self {
            room_id: room.to_uuid(),
            title: transcript.room.clone(),
            began_at: transcript.began_at.map(rfc3339),
            segments: transcript.lines.iter().map(SegmentBody::from).collect(),
        }
    }
}

/// What was said in a room as a file. For who is or was a participant.
#[utoipa::path(
    get, path = "/api/v1/rooms/{room_id}/transcript", tag = "STT Room",
    security(("bearer" = [])), params(("room_id" = String, Path), TranscriptQuery),
    responses(
        (status = 200, description = "An attachment.", content(
            (TranscriptBody = "application/json"), (String = "text/plain"), (String = "text/vtt"),
            (String = "application/x-subrip"),
        )),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn transcript(
    State(app): State<App>,
    Heard(caller): Heard,
    PathText(room, ..): PathText<SttRoom>,
    QueryOf(query, ..): QueryOf<TranscriptQuery, SttRoom>,
) -> Result<Response, Refused<SttRoom>> {
    let format = query.format()?;
    let room = room_of(&app, &room).await?;
    let transcript = app.transcript(&caller, room).await?;
    Ok(format.render(room, &transcript))
}

impl Format {
    fn render(self, room: RoomId, transcript: &Transcript) -> Response {
        let (ending, media_type, body) = match self {
            Self::Vtt => ("vtt", "text/vtt; charset=utf-8", transcript.vtt().into_response()),
            Self::Srt => {
                ("srt", "application/x-subrip; charset=utf-8", transcript.srt().into_response())
            }
            Self::Txt => ("txt", "text/plain; charset=utf-8", transcript.txt().into_response()),
            Self::Json => {
                let body = Json(TranscriptBody::new(room, transcript));
                ("json", "application/json", body.into_response())
            }
        };
        // The room's title may hold anything; its id is a file name everywhere.
        let name = format!("attachment; filename=\"transcript-{}.{ending}\"", room.to_uuid());
        ([(CONTENT_TYPE, media_type.to_owned()), (CONTENT_DISPOSITION, name)], body).into_response()
    }
}
