//! Every fault in this dialect's shape: `{"error": "text"}`.

use app::Refusal;
use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
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
        let mut response = (status, Json(ErrorBody { error })).into_response();
        if let Fault::Refused(Refusal::RateLimited(after) | Refusal::Unavailable(after)) = fault {
            let seconds = HeaderValue::from(after.as_secs().max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
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
        Refusal::NameTaken => (S::CONFLICT, "That name is already taken"),
        Refusal::Invalid(what) | Refusal::BadSdp(what) => {
            return (S::BAD_REQUEST, what.clone());
        }
        Refusal::Missing(permission) => return missing(*permission),
        Refusal::UserNotFound => (S::NOT_FOUND, "Unknown user"),
        Refusal::RateLimited(_) => (S::TOO_MANY_REQUESTS, "Too many requests"),
        Refusal::Unavailable(_) => (S::SERVICE_UNAVAILABLE, "Temporarily unavailable"),
        Refusal::Room(refusal) => match refusal {
            room::Refusal::RoomNotFound => (S::NOT_FOUND, "Unknown channel"),
            room::Refusal::UnknownSession => (S::NOT_FOUND, "Unknown session"),
            room::Refusal::Missing(permission) => return missing(*permission),
            room::Refusal::RoomFull { limit } => {
                return (S::CONFLICT, format!("Channel is full ({limit} of {limit})"));
            }
            room::Refusal::NotYourSession => (S::FORBIDDEN, "The session belongs to somebody else"),
            room::Refusal::TargetNotInRoom => (S::CONFLICT, "That user is not in the channel"),
        },
    };
    (status, text.to_owned())
}

fn missing(permission: model::Permissions) -> (StatusCode, String) {
    let name = permission.name().unwrap_or("more");
    (StatusCode::FORBIDDEN, format!("Missing permission: {name}"))
}
