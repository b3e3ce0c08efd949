//! Every fault in this dialect's shape: `{"error": "text"}`.

use app::Refusal;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::VoiceService;
use crate::kit::{Dialect, Fault};

/// What went wrong, for people.
#[derive(Serialize, ToSchema)]
#[schema(as = VoiceServiceError)]
pub(crate) struct ErrorBody {
    error: String,
}

impl Dialect for VoiceService {
    fn render(fault: &Fault) -> Response {
        let (status, error) = status_and_text(fault);
        fault.with_retry_after((status, Json(ErrorBody { error })).into_response())
    }
}

pub(super) fn status_and_text(fault: &Fault) -> (StatusCode, String) {
    use StatusCode as S;
    match fault {
        Fault::Refused(refusal) => of_refusal(refusal),
        Fault::TooLarge(max) => {
            (S::PAYLOAD_TOO_LARGE, format!("The body is larger than {max} bytes"))
        }
        Fault::Malformed(what) => (S::BAD_REQUEST, what.clone()),
        Fault::NoSuch(what) => (S::NOT_FOUND, format!("Unknown {what}")),
    }
}

fn of_refusal(refusal: &Refusal) -> (StatusCode, String) {
    use StatusCode as S;
    let (status, text) = match refusal {
        Refusal::Unauthenticated => (S::UNAUTHORIZED, "Missing or invalid token"),
        Refusal::TokenExpired => (S::UNAUTHORIZED, "Token has expired"),
        Refusal::WrongCredentials => (S::UNAUTHORIZED, "Wrong username or password"),
        Refusal::Banned => (S::FORBIDDEN, "This account is banned"),
        Refusal::NameTaken | Refusal::EmailTaken | Refusal::RoleTaken => {
            (S::CONFLICT, "That name is already taken")
        }
        Refusal::Invalid(what) | Refusal::BadSdp(what) => {
            return (S::BAD_REQUEST, what.clone());
        }
        Refusal::UnsupportedAudio(what) => return (S::UNSUPPORTED_MEDIA_TYPE, what.clone()),
        Refusal::FileTooLarge(what) => return (S::PAYLOAD_TOO_LARGE, what.clone()),
        Refusal::Missing(permission) => return missing(*permission),
        Refusal::UserNotFound => (S::NOT_FOUND, "Unknown user"),
        Refusal::NoSuchCall => (S::NOT_FOUND, "Unknown call"),
        Refusal::RoleNotFound => (S::NOT_FOUND, "Unknown role"),
        Refusal::RateLimited(_) => (S::TOO_MANY_REQUESTS, "Too many requests"),
        Refusal::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "Temporarily unavailable"),
        Refusal::SpeechUnavailable(..) => (S::SERVICE_UNAVAILABLE, "Speech to text is not there"),
        Refusal::SpeechBusy(_) => (S::SERVICE_UNAVAILABLE, "Speech to text is busy"),
        Refusal::Room(refusal) => return of_room(*refusal),
    };
    (status, text.to_owned())
}

fn of_room(refusal: room::Refusal) -> (StatusCode, String) {
    use StatusCode as S;
    let (status, text) = match refusal {
        room::Refusal::RoomNotFound => (S::NOT_FOUND, "Unknown channel"),
        room::Refusal::UnknownSession => (S::NOT_FOUND, "Unknown session"),
        room::Refusal::Missing(permission) => return missing(permission),
        room::Refusal::RoomFull { limit } => {
            return (S::CONFLICT, format!("Channel is full ({limit} of {limit})"));
        }
        room::Refusal::NotYourSession => (S::FORBIDDEN, "The session belongs to somebody else"),
        room::Refusal::TargetNotInRoom => (S::CONFLICT, "That user is not in the channel"),
        room::Refusal::InvalidPassword => (S::FORBIDDEN, "Invalid password"),
        room::Refusal::MustWait => (S::FORBIDDEN, "Waiting to be let in"),
        room::Refusal::TurnedAway => (S::FORBIDDEN, "Turned away just now"),
        room::Refusal::TooManyRing { .. } => (S::TOO_MANY_REQUESTS, "Too many are called"),
        room::Refusal::CallTaken => (S::CONFLICT, "The call is in use"),
        room::Refusal::CallNotAdmitted => (S::FORBIDDEN, "The call was not let in"),
        room::Refusal::NobodyWaiting => (S::NOT_FOUND, "Nobody is waiting"),
        room::Refusal::AlreadyDecided => (S::CONFLICT, "Already decided"),
        room::Refusal::NotAParticipant => (S::FORBIDDEN, "Not a participant of the channel"),
        room::Refusal::NotSpeaker => (S::FORBIDDEN, "Not the speaker"),
        room::Refusal::SpeakerTaken => (S::CONFLICT, "Somebody else is speaking"),
        room::Refusal::AlreadyIn => (S::CONFLICT, "Already in a channel"),
        room::Refusal::NotInRoom => (S::NOT_FOUND, "Not in the channel"),
        room::Refusal::NoStage => (S::BAD_REQUEST, "The channel is no stage"),
        room::Refusal::NoPendingInvite => (S::BAD_REQUEST, "No invitation is open"),
    };
    (status, text.to_owned())
}

fn missing(permission: model::Permissions) -> (StatusCode, String) {
    let name = permission.name().unwrap_or("more");
    (StatusCode::FORBIDDEN, format!("Missing permission: {name}"))
}
