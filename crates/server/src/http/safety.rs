//! What holds for every reply: no panic leaks, no token is logged, no error without a body.

use std::panic::AssertUnwindSafe;

use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use dialects::unclaimed;
use futures_util::FutureExt;
use http::{HeaderValue, StatusCode, header};
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

/// A handler that panics is a bug: it is logged by the panic hook, and the caller learns no detail.
pub(super) async fn catch_panic(request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    // What the handler held is dropped with it; what it shares is behind locks that bear it.
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| unclaimed(&path, StatusCode::INTERNAL_SERVER_ERROR))
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
