//! What holds for every reply: no panic leaks, no token is logged, no error without a body.

use std::any::Any;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use dialects::unclaimed;
use http::{HeaderValue, StatusCode, header};
use serde_json::json;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::classify::{ServerErrorsAsFailures, SharedClassifier};
use tower_http::trace::{DefaultOnFailure, DefaultOnResponse, TraceLayer};
use tracing::{Level, Span};

/// Adds what browsers must not guess.
pub(super) async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}

pub(super) async fn method_not_allowed(request: Request) -> Response {
    unclaimed(request.uri().path(), StatusCode::METHOD_NOT_ALLOWED)
}

type Rescue = fn(Box<dyn Any + Send + 'static>) -> http::Response<Body>;

/// A handler that panics is a bug: it is logged by the panic hook, and the caller learns no detail.
pub(super) fn catch_panic() -> CatchPanicLayer<Rescue> {
    let rescue: Rescue = |_| {
        let body = json!({ "error": "Internal server error" });
        (StatusCode::INTERNAL_SERVER_ERROR, Json(body)).into_response()
    };
    CatchPanicLayer::custom(rescue)
}

type MakeSpan = fn(&http::Request<Body>) -> Span;

/// A span per request with the path alone: query strings hold tokens.
pub(super) fn trace() -> TraceLayer<SharedClassifier<ServerErrorsAsFailures>, MakeSpan> {
    let make_span: MakeSpan = |request| tracing::debug_span!("http", method = %request.method(), path = request.uri().path());
    TraceLayer::new_for_http()
        .make_span_with(make_span)
        .on_response(DefaultOnResponse::new().level(Level::DEBUG))
        .on_failure(DefaultOnFailure::new().level(Level::WARN))
}
