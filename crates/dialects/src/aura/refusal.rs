//! Every fault as Aura says it: an error object of JSON-RPC on the socket, the same numbers as statuses in
//! REST.

use app::Refusal;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::Aura;
use crate::kit::{Dialect, Fault};

/// The seed's sentence, with its spelling.
pub(super) const WAITING: &str = "not allowed for this room, waiting to be accpeted";
/// Bad credentials, whichever.
pub(super) const CANNOT_AUTHENTICATE: &str = "Can't authenticate";

/// A JSON-RPC error object. `code` is like an HTTP status, or one of JSON-RPC's own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct RpcError {
    pub code: i32,
    pub message: String,
}

impl RpcError {
    pub(super) fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Params that are not what the method takes.
    pub(super) fn invalid_request() -> Self {
        Self::new(400, "invalid request")
    }
}

impl From<Fault> for RpcError {
    fn from(fault: Fault) -> Self {
        let (status, message) = status_and_message(&fault);
        Self::new(i32::from(status.as_u16()), message)
    }
}

impl From<Refusal> for RpcError {
    fn from(refusal: Refusal) -> Self {
        Fault::Refused(refusal).into()
    }
}

/// What REST says when it does not do what was asked.
#[derive(Serialize, ToSchema)]
#[schema(as = AuraError)]
#[serde(deny_unknown_fields)]
pub(crate) struct ErrorBody {
    error: ErrorDetail,
}

impl ErrorBody {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { error: ErrorDetail { code: status.as_u16(), message: message.into() } }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = AuraErrorDetail)]
#[serde(deny_unknown_fields)]
struct ErrorDetail {
    /// The HTTP status again.
    code: u16,
    message: String,
}

impl Dialect for Aura {
    fn render(fault: &Fault) -> Response {
        let (status, message) = status_and_message(fault);
        fault.with_retry_after((status, Json(ErrorBody::new(status, message))).into_response())
    }
}

fn status_and_message(fault: &Fault) -> (StatusCode, String) {
    use StatusCode as S;
    match fault {
        Fault::Refused(refusal) => of_refusal(refusal),
        Fault::TooLarge(max) => {
            (S::PAYLOAD_TOO_LARGE, format!("invalid request: larger than {max} bytes"))
        }
        Fault::Malformed(what) => (S::BAD_REQUEST, format!("invalid request: {what}")),
        Fault::NoSuch("room") => of_room(room::Refusal::RoomNotFound),
        Fault::NoSuch(what) => (S::NOT_FOUND, format!("{what} doesn't exist")),
    }
}

fn of_refusal(refusal: &Refusal) -> (StatusCode, String) {
    use StatusCode as S;
    let (status, text) = match refusal {
        Refusal::Unauthenticated | Refusal::TokenExpired => (S::UNAUTHORIZED, "bad auth token"),
        Refusal::WrongCredentials => (S::UNAUTHORIZED, CANNOT_AUTHENTICATE),
        Refusal::Banned => (S::FORBIDDEN, "this account is banned"),
        Refusal::NameTaken | Refusal::EmailTaken | Refusal::RoleTaken => {
            (S::CONFLICT, "already taken")
        }
        Refusal::Invalid(what) | Refusal::BadSdp(what) => {
            return (S::BAD_REQUEST, format!("invalid request: {what}"));
        }
        Refusal::UnsupportedAudio(what) => (S::UNSUPPORTED_MEDIA_TYPE, what.as_str()),
        Refusal::FileTooLarge(what) => (S::PAYLOAD_TOO_LARGE, what.as_str()),
        Refusal::Missing(_) => (S::FORBIDDEN, "not allowed"),
        Refusal::UserNotFound => (S::NOT_FOUND, "user doesn't exist"),
        Refusal::RoleNotFound => (S::NOT_FOUND, "role doesn't exist"),
        Refusal::NoSuchCall => (S::NOT_FOUND, "no such call"),
        Refusal::RateLimited(_) => (S::TOO_MANY_REQUESTS, "too many requests"),
        Refusal::Unavailable(_) | Refusal::SpeechUnavailable(..) | Refusal::SpeechBusy(_) => {
            (S::SERVICE_UNAVAILABLE, "temporarily unavailable")
        }
        Refusal::Room(refusal) => return of_room(*refusal),
    };
    (status, text.to_owned())
}

fn of_room(refusal: room::Refusal) -> (StatusCode, String) {
    use StatusCode as S;
    let (status, text) = match refusal {
        room::Refusal::RoomNotFound => (S::NOT_FOUND, "room doesn't exist"),
        room::Refusal::InvalidPassword => {
            (S::UNAUTHORIZED, "You'll need the correct password to get in the room")
        }
        room::Refusal::MustWait => (S::FORBIDDEN, WAITING),
        room::Refusal::TurnedAway => (S::FORBIDDEN, "not allowed for this room, turned away"),
        room::Refusal::CallTaken => (S::CONFLICT, "the call_id is in use"),
        room::Refusal::TooManyRing { .. } => {
            (S::TOO_MANY_REQUESTS, "too many invitations are open")
        }
        room::Refusal::CallNotAdmitted => (S::UNAUTHORIZED, "not in the room"),
        room::Refusal::NobodyWaiting => (S::NOT_FOUND, "nobody is waiting under that id"),
        room::Refusal::AlreadyDecided => (S::CONFLICT, "already decided"),
        room::Refusal::TargetNotInRoom | room::Refusal::UnknownSession => {
            (S::NOT_FOUND, "no such member in the room")
        }
        room::Refusal::Missing(_) | room::Refusal::NotYourSession => {
            (S::FORBIDDEN, "not allowed for this room")
        }
        room::Refusal::NotAParticipant | room::Refusal::NotInRoom => {
            (S::FORBIDDEN, "not in the room")
        }
        room::Refusal::RoomFull { .. } => (S::FORBIDDEN, "the room is full"),
        room::Refusal::AlreadyIn => (S::CONFLICT, "already in a room"),
        room::Refusal::NotSpeaker => (S::FORBIDDEN, "not the speaker"),
        room::Refusal::SpeakerTaken => (S::CONFLICT, "somebody else is speaking"),
        room::Refusal::NoStage => (S::BAD_REQUEST, "the room is no stage"),
        room::Refusal::NoPendingInvite => (S::BAD_REQUEST, "no invitation is open"),
    };
    (status, text.to_owned())
}
