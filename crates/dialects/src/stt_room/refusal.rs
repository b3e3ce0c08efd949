//! Every fault in STT Room's shape: `{"detail", "message", "code"}`, the first two the same text.

use app::Refusal;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::SttRoom;
use crate::kit::{Dialect, Fault};

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = SttRoomError)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorBody {
    /// For people; for `SPEAKER_TAKEN` and `NOT_SPEAKER` the code itself.
    detail: String,
    /// The same.
    message: String,
    /// For programs, for example `ROOM_FULL`.
    code: &'static str,
}

impl ErrorBody {
    pub(super) fn new(code: &'static str, text: String) -> Self {
        Self { detail: text.clone(), message: text, code }
    }
}

impl Dialect for SttRoom {
    fn render(fault: &Fault) -> Response {
        let (status, code, text) = status_code_text(fault);
        let body = Json(ErrorBody::new(code, text));
        fault.with_retry_after((status, body).into_response())
    }
}

/// The status, the code, and the text under `detail` and `message`.
pub(crate) fn status_code_text(fault: &Fault) -> (StatusCode, &'static str, String) {
    use StatusCode as S;
    match fault {
        Fault::Refused(refusal) => of_refusal(refusal),
        Fault::TooLarge(max) => {
            let text = format!("The body is larger than {max} bytes");
            (S::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", text)
        }
        Fault::Malformed(what) => (S::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", what.clone()),
        Fault::NoSuch("room") => of_room(room::Refusal::RoomNotFound),
        Fault::NoSuch(what) => (S::NOT_FOUND, "NOT_FOUND", format!("{what} not found")),
    }
}

fn of_refusal(refusal: &Refusal) -> (StatusCode, &'static str, String) {
    use StatusCode as S;
    let (status, code, text) = match refusal {
        Refusal::Unauthenticated => (S::UNAUTHORIZED, "UNAUTHORIZED", "Missing or invalid token"),
        Refusal::TokenExpired => (S::UNAUTHORIZED, "UNAUTHORIZED", "Token has expired"),
        Refusal::WrongCredentials => (S::UNAUTHORIZED, "UNAUTHORIZED", "Wrong email or password"),
        Refusal::Banned => (S::FORBIDDEN, "BANNED", "This account is banned"),
        Refusal::NameTaken | Refusal::EmailTaken => {
            (S::CONFLICT, "EMAIL_TAKEN", "That email is already taken")
        }
        Refusal::Invalid(what) | Refusal::BadSdp(what) => {
            return (S::UNPROCESSABLE_ENTITY, "VALIDATION_ERROR", what.clone());
        }
        Refusal::UnsupportedAudio(what) => {
            return (S::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_AUDIO", what.clone());
        }
        Refusal::FileTooLarge(what) => {
            return (S::PAYLOAD_TOO_LARGE, "FILE_TOO_LARGE", what.clone());
        }
        Refusal::Missing(permission) => return missing(*permission),
        Refusal::UserNotFound => (S::NOT_FOUND, "NOT_FOUND", "User not found"),
        Refusal::NoSuchCall => (S::NOT_FOUND, "NOT_FOUND", "Call not found"),
        Refusal::RoleNotFound => (S::NOT_FOUND, "NOT_FOUND", "Role not found"),
        Refusal::RoleTaken => (S::CONFLICT, "ROLE_TAKEN", "That role already exists"),
        Refusal::RateLimited(_) => (S::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many requests"),
        Refusal::Unavailable(_) => {
            (S::SERVICE_UNAVAILABLE, "UNAVAILABLE", "Temporarily unavailable")
        }
        Refusal::SpeechUnavailable(why, _) => {
            let text = format!("Speech to text is not available: {why}");
            return (S::SERVICE_UNAVAILABLE, "STT_UNAVAILABLE", text);
        }
        Refusal::SpeechBusy(_) => (S::SERVICE_UNAVAILABLE, "STT_BUSY", "Speech to text is busy"),
        Refusal::Room(refusal) => return of_room(*refusal),
    };
    (status, code, text.to_owned())
}

fn of_room(refusal: room::Refusal) -> (StatusCode, &'static str, String) {
    use StatusCode as S;
    let (status, code, text) = match refusal {
        room::Refusal::RoomNotFound => (S::NOT_FOUND, "ROOM_NOT_FOUND", "Room not found"),
        room::Refusal::UnknownSession => (S::NOT_FOUND, "NOT_FOUND", "Session not found"),
        room::Refusal::Missing(permission) => return missing(permission),
        room::Refusal::RoomFull { .. } => (S::CONFLICT, "ROOM_FULL", "Room is full"),
        room::Refusal::InvalidPassword => (S::FORBIDDEN, "INVALID_PASSWORD", "Invalid password"),
        room::Refusal::NotYourSession => {
            (S::FORBIDDEN, "FORBIDDEN", "The session belongs to somebody else")
        }
        room::Refusal::TargetNotInRoom => {
            (S::CONFLICT, "NOT_IN_ROOM", "That user is not in the room")
        }
        room::Refusal::NotAParticipant | room::Refusal::NotInRoom => {
            (S::FORBIDDEN, "NOT_A_PARTICIPANT", "Not a participant of this room")
        }
        room::Refusal::MustWait | room::Refusal::TurnedAway | room::Refusal::CallNotAdmitted => {
            (S::FORBIDDEN, "WAITING_ROOM", "The room has a waiting room")
        }
        room::Refusal::TooManyRing { .. } => {
            (S::TOO_MANY_REQUESTS, "RATE_LIMITED", "Too many are called")
        }
        room::Refusal::CallTaken | room::Refusal::AlreadyDecided => {
            (S::CONFLICT, "CONFLICT", "Already so")
        }
        room::Refusal::NobodyWaiting => (S::NOT_FOUND, "NOT_FOUND", "Nobody is waiting"),
        room::Refusal::AlreadyIn => (S::CONFLICT, "ALREADY_IN", "Already in a room"),
        room::Refusal::NoStage => (S::BAD_REQUEST, "NO_STAGE", "The room is no stage"),
        room::Refusal::NoPendingInvite => {
            (S::BAD_REQUEST, "NO_PENDING_INVITE", "No invitation is open")
        }
        // The seed names these two codes as the message.
        room::Refusal::NotSpeaker => (S::FORBIDDEN, "NOT_SPEAKER", "NOT_SPEAKER"),
        room::Refusal::SpeakerTaken => (S::CONFLICT, "SPEAKER_TAKEN", "SPEAKER_TAKEN"),
    };
    (status, code, text.to_owned())
}

fn missing(permission: model::Permissions) -> (StatusCode, &'static str, String) {
    let name = permission.name().unwrap_or("more");
    (StatusCode::FORBIDDEN, "FORBIDDEN", format!("Missing permission: {name}"))
}
