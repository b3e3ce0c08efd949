//! An uploaded recording becomes a message: by the holder of the speaker lock.

mod incoming;

use app::{App, Transcribed, Upload};
use axum::Json;
use axum::extract::{Request, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::SttRoom;
use super::caller::Heard;
use super::refusal::ErrorBody;
use super::room::room_of;
use crate::kit::{PathText, Refused};
use incoming::Incoming;

/// The form that a recording comes in.
#[derive(ToSchema)]
#[schema(as = SttUpload)]
#[expect(dead_code, reason = "describes what is read while it comes in")]
pub(crate) struct UploadForm {
    /// WebM, Ogg, WAV, MP3, MP4 or FLAC, known by its content; any name and type.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// What was said in a recording.
#[derive(Serialize, ToSchema)]
#[schema(as = SttTranscribed)]
pub(crate) struct TranscribedBody {
    /// UUID; null when nothing was said.
    #[schema(required)]
    message_id: Option<String>,
    /// Empty when nothing was said.
    text: String,
    /// `final`.
    status: &'static str,
    /// Milliseconds.
    processing_time_ms: f64,
}

impl From<Transcribed> for TranscribedBody {
    fn from(transcribed: Transcribed) -> Self {
        Self {
            message_id: transcribed.message.map(|message| message.to_uuid()),
            text: transcribed.text,
            status: "final",
            processing_time_ms: transcribed.took_ms,
        }
    }
}

/// Turns a recording into a message of the room. Answers when that is done.
#[utoipa::path(
    post, path = "/api/v1/rooms/{room_id}/stt", tag = "STT Room", security(("bearer" = [])),
    params(("room_id" = String, Path)),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = TranscribedBody),
        (status = 401, body = ErrorBody), (status = 403, body = ErrorBody),
        (status = 404, body = ErrorBody), (status = 413, body = ErrorBody),
        (status = 415, body = ErrorBody), (status = 422, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn transcribe(
    State(app): State<App>,
    caller: Result<Heard, Refused<SttRoom>>,
    room: Result<PathText<SttRoom>, Refused<SttRoom>>,
    request: Request,
) -> Result<Json<TranscribedBody>, Refused<SttRoom>> {
    let mut incoming = Incoming::new(request);
    let known = caller.is_ok();
    match receive(&app, caller, room, &mut incoming).await {
        Ok((upload, file)) => Ok(Json(upload.finish(file).await?.into())),
        Err(refused) => {
            incoming.discard(known).await;
            Err(refused)
        }
    }
}

/// The file, for who may have it transcribed: asked before any of it is kept.
async fn receive(
    app: &App,
    caller: Result<Heard, Refused<SttRoom>>,
    room: Result<PathText<SttRoom>, Refused<SttRoom>>,
    incoming: &mut Incoming,
) -> Result<(Upload, Vec<u8>), Refused<SttRoom>> {
    let Heard(caller) = caller?;
    let PathText(room, ..) = room?;
    let room = room_of(app, &room).await?;
    let upload = app.begin_upload(&caller, room).await?;
    let file = incoming.file(upload.bytes_max()).await?;
    Ok((upload, file))
}
