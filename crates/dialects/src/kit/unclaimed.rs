//! Errors of requests that no route has claimed: nobody knows which dialect they speak.

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// An error body that every dialect's clients can read: under `/voice/` it is Voice Service's, elsewhere
/// it has the keys of all the others.
pub fn unclaimed(path: &str, status: StatusCode) -> Response {
    let message = status.canonical_reason().unwrap_or("error");
    let body = if path.starts_with("/voice/") {
        json!({ "error": message })
    } else {
        let code = message.to_uppercase().replace(' ', "_");
        json!({
            "error": { "code": code, "message": message, "retry_after_ms": null,
                       "missing_permission": null },
            "detail": message, "message": message, "code": code,
        })
    };
    (status, Json(body)).into_response()
}
