//! Every fault in Vox's shape: `{"error": {code, message, retry_after_ms, missing_permission}}`.

use app::Refusal;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Vox;
use crate::kit::{Dialect, Fault};

/// What went wrong.
#[derive(Serialize, ToSchema)]
#[schema(as = VoxError)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

/// The code is for programs, the message for people.
#[derive(Serialize, ToSchema)]
#[schema(as = VoxErrorDetail)]
pub(crate) struct ErrorDetail {
    /// For programs, for example `ROOM_FULL`.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: String,
    /// With `RATE_LIMITED`: milliseconds until it may work.
    retry_after_ms: Option<u64>,
    /// With `MISSING_PERMISSIONS`: the name of the permission.
    missing_permission: Option<&'static str>,
}

impl Dialect for Vox {
    const COUNTS_CALLS: bool = true;

    fn render(fault: &Fault) -> Response {
        let (status, error) = status_and_detail(fault);
        fault.with_retry_after((status, Json(ErrorBody { error })).into_response())
    }
}

/// The status, and what is under `error`.
pub(crate) fn status_and_detail(fault: &Fault) -> (StatusCode, ErrorDetail) {
    let (status, code) = status_and_code(fault);
    let message = match fault {
        Fault::Refused(refusal) => refusal.to_string(),
        Fault::TooLarge(max) => format!("the body is larger than {max} bytes"),
        Fault::Malformed(what) => what.clone(),
        Fault::NoSuch(what) => format!("{what} not found"),
    };
    let detail = ErrorDetail {
        code,
        message,
        retry_after_ms: fault.retry_after().map(|after| after.as_millis() as u64),
        missing_permission: missing_permission(fault),
    };
    (status, detail)
}

fn status_and_code(fault: &Fault) -> (StatusCode, &'static str) {
    use StatusCode as S;
    let refusal = match fault {
        Fault::Refused(refusal) => refusal,
        Fault::TooLarge(_) => return (S::PAYLOAD_TOO_LARGE, "VALIDATION_ERROR"),
        Fault::Malformed(_) => return (S::BAD_REQUEST, "VALIDATION_ERROR"),
        Fault::NoSuch(_) => return (S::NOT_FOUND, "NOT_FOUND"),
    };
    match refusal {
        Refusal::Unauthenticated | Refusal::WrongCredentials => (S::UNAUTHORIZED, "AUTH_FAILED"),
        Refusal::TokenExpired => (S::UNAUTHORIZED, "AUTH_EXPIRED"),
        Refusal::Banned => (S::FORBIDDEN, "BANNED"),
        Refusal::NameTaken | Refusal::EmailTaken => (S::CONFLICT, "USERNAME_TAKEN"),
        Refusal::Invalid(_) | Refusal::BadSdp(_) => (S::BAD_REQUEST, "VALIDATION_ERROR"),
        Refusal::Missing(_) => (S::FORBIDDEN, "MISSING_PERMISSIONS"),
        Refusal::UserNotFound | Refusal::RoleNotFound | Refusal::NoSuchCall => {
            (S::NOT_FOUND, "NOT_FOUND")
        }
        Refusal::RoleTaken => (S::CONFLICT, "ROLE_TAKEN"),
        Refusal::RateLimited(_) => (S::TOO_MANY_REQUESTS, "RATE_LIMITED"),
        Refusal::Unavailable(_) | Refusal::SpeechUnavailable(..) | Refusal::SpeechBusy(_) => {
            (S::SERVICE_UNAVAILABLE, "UNAVAILABLE")
        }
        Refusal::UnsupportedAudio(_) => (S::UNSUPPORTED_MEDIA_TYPE, "VALIDATION_ERROR"),
        Refusal::FileTooLarge(_) => (S::PAYLOAD_TOO_LARGE, "VALIDATION_ERROR"),
        Refusal::Room(refusal) => of_room(*refusal),
    }
}

fn of_room(refusal: room::Refusal) -> (StatusCode, &'static str) {
    use StatusCode as S;
    match refusal {
        room::Refusal::RoomNotFound | room::Refusal::UnknownSession => (S::NOT_FOUND, "NOT_FOUND"),
        room::Refusal::Missing(_) | room::Refusal::NotYourSession => {
            (S::FORBIDDEN, "MISSING_PERMISSIONS")
        }
        room::Refusal::RoomFull { .. } => (S::CONFLICT, "ROOM_FULL"),
        room::Refusal::TargetNotInRoom | room::Refusal::NotInRoom => (S::CONFLICT, "NOT_IN_VOICE"),
        room::Refusal::AlreadyIn => (S::CONFLICT, "ALREADY_IN_VOICE"),
        room::Refusal::NoStage => (S::BAD_REQUEST, "VALIDATION_ERROR"),
        room::Refusal::NoPendingInvite => (S::BAD_REQUEST, "NO_PENDING_INVITE"),
        room::Refusal::InvalidPassword => (S::FORBIDDEN, "INVALID_PASSWORD"),
        room::Refusal::MustWait | room::Refusal::TurnedAway | room::Refusal::CallNotAdmitted => {
            (S::FORBIDDEN, "WAITING_ROOM")
        }
        room::Refusal::TooManyRing { .. } => (S::TOO_MANY_REQUESTS, "RATE_LIMITED"),
        room::Refusal::CallTaken | room::Refusal::AlreadyDecided => (S::CONFLICT, "CONFLICT"),
        room::Refusal::NobodyWaiting => (S::NOT_FOUND, "NOT_FOUND"),
        room::Refusal::NotAParticipant => (S::FORBIDDEN, "NOT_A_PARTICIPANT"),
        room::Refusal::NotSpeaker => (S::FORBIDDEN, "NOT_SPEAKER"),
        room::Refusal::SpeakerTaken => (S::CONFLICT, "SPEAKER_TAKEN"),
    }
}

fn missing_permission(fault: &Fault) -> Option<&'static str> {
    match fault {
        Fault::Refused(
            Refusal::Missing(permission) | Refusal::Room(room::Refusal::Missing(permission)),
        ) => permission.name(),
        Fault::Refused(_) | Fault::TooLarge(_) | Fault::Malformed(_) | Fault::NoSuch(_) => None,
    }
}
