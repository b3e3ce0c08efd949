//! The one HTTP service: the dialects' routes, the operator's pages, the web client.

mod assets;
mod cors;
mod operator;
mod safety;

use axum::{Router, middleware};
use dialects::Doors;
use metrics_exporter_prometheus::PrometheusHandle;
use utoipa::openapi::{InfoBuilder, OpenApi};
use utoipa_swagger_ui::SwaggerUi;

use crate::ready::Readiness;

/// What the service is made of.
pub struct Service {
    /// The use cases and whose word counts about addresses.
    pub doors: Doors,
    /// Renders the metrics.
    pub metrics: PrometheusHandle,
    /// Knows what is ready.
    pub readiness: Readiness,
    /// Other sites whose pages may call the API.
    pub cors_origins: Vec<String>,
    /// The name that clients show.
    pub server_name: String,
}

impl Service {
    /// All routes.
    pub fn into_router(self) -> Router {
        let app = self.doors.app.clone();
        let sockets = self.doors.clone();
        let (dialects, mut api) = dialects::router(self.doors).split_for_parts();
        describe(&mut api, &self.server_name);
        let operator = operator::router(app, self.metrics, self.readiness);
        let docs = SwaggerUi::new("/docs").url("/openapi.json", api);
        Router::new()
            .merge(dialects)
            .merge(operator)
            .merge(docs)
            .merge(assets::router(sockets))
            .fallback(assets::fallback)
            .method_not_allowed_fallback(safety::method_not_allowed)
            .layer(middleware::from_fn(safety::catch_panic))
            .layer(middleware::from_fn(safety::headers))
            .layer(cors::layer(&self.cors_origins))
            .layer(safety::trace())
    }
}

/// The members of conferences and nothing else, for the port that is theirs alone.
pub fn members_router(doors: Doors) -> Router {
    dialects::aura_members_router(doors)
        .fallback(assets::fallback)
        .method_not_allowed_fallback(safety::method_not_allowed)
        .layer(middleware::from_fn(safety::catch_panic))
        .layer(middleware::from_fn(safety::headers))
        .layer(safety::trace())
}

fn describe(api: &mut OpenApi, server_name: &str) {
    api.info = InfoBuilder::new()
        .title(server_name)
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("One voice-room server, five wire APIs over one set of rooms."))
        .build();
    let bearer = utoipa::openapi::security::HttpBuilder::new()
        .scheme(utoipa::openapi::security::HttpAuthScheme::Bearer)
        .bearer_format("JWT");
    let scheme = utoipa::openapi::security::SecurityScheme::Http(bearer.build());
    api.components.get_or_insert_default().add_security_scheme("bearer", scheme);
}
