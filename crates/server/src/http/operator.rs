//! What operators and other programs ask of the server itself.

use app::App;
use axum::extract::State;
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use http::{StatusCode, header};
use metrics_exporter_prometheus::PrometheusHandle;
use serde_json::{Value, json};

use crate::gauges;
use crate::ready::{Part, Readiness};

#[derive(Clone)]
struct Operator {
    app: App,
    metrics: PrometheusHandle,
    readiness: Readiness,
}

pub(super) fn router(app: App, metrics: PrometheusHandle, readiness: Readiness) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/ready", get(ready))
        .route("/metrics", get(render_metrics))
        .route("/.well-known/jwks.json", get(jwks))
        .route("/asyncapi.json", get(asyncapi))
        .with_state(Operator { app, metrics, readiness })
}

/// Alive: the process answers.
async fn health() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// Takes work; says what is not ready and why, also of what it can do without.
async fn ready(State(operator): State<Operator>) -> (StatusCode, Json<Value>) {
    let parts = operator.readiness.check(&operator.app).await;
    let ready = !parts.iter().any(Part::is_in_the_way);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let parts: Vec<_> = parts
        .iter()
        .map(|part| {
            let ready = part.problem.is_none();
            json!({ "name": part.name, "ready": ready, "detail": part.problem })
        })
        .collect();
    (status, Json(json!({ "ready": ready, "parts": parts })))
}

async fn render_metrics(State(operator): State<Operator>) -> impl IntoResponse {
    gauges::refresh(&operator.app).await;
    let text = operator.metrics.render();
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
}

/// The public half of the key that signs our tokens (RFC 7517).
async fn jwks(State(operator): State<Operator>) -> impl IntoResponse {
    let keys = operator.app.accounts.jwks();
    ([(header::CONTENT_TYPE, "application/jwk-set+json")], keys)
}

/// The event streams, described (AsyncAPI 3.0); requests and replies are in `/openapi.json`.
async fn asyncapi() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], dialects::asyncapi())
}
