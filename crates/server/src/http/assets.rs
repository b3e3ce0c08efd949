//! The web client: its page at every address that is a room or a screen, its files under `/assets`.

use axum::extract::{Path, Request};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use dialects::Doors;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use web::Asset;

/// The page may load only what this server serves, and talk only to it; `blob:` is for previews.
const PAGE_POLICY: &str = "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; \
                           connect-src 'self' ws: wss:; object-src 'none'; base-uri 'none'; \
                           frame-ancestors 'none'";

/// First parts of addresses that are for programs, today or in a dialect to come: what is missing there
/// is an error for a browser, too.
const FOR_PROGRAMS: [&str; 15] = [
    ".well-known",
    "api",
    "assets",
    "asyncapi.json",
    "docs",
    "gateway",
    "health",
    "media",
    "metrics",
    "openapi.json",
    "peerjs",
    "ready",
    "v1",
    "voice",
    "ws",
];

/// `sockets` is what some sockets at `/` are for.
pub(super) fn router(sockets: Doors) -> Router {
    let sockets = middleware::from_fn_with_state(sockets, dialects::sockets_at_root);
    Router::new()
        .route("/assets/{*path}", get(file))
        .route("/", get(page).layer(sockets))
        .route("/r/{*room}", get(page))
        .route("/settings", get(page))
        .route("/admin", get(page))
}

async fn page(headers: HeaderMap) -> Response {
    let mut response = respond(web::index(), &headers);
    let policy = HeaderValue::from_static(PAGE_POLICY);
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

async fn file(Path(path): Path<String>, uri: Uri, headers: HeaderMap) -> Response {
    match web::asset(&path) {
        Some(asset) => respond(asset, &headers),
        None => dialects::unclaimed(uri.path(), StatusCode::NOT_FOUND),
    }
}

fn respond(asset: Asset, headers: &HeaderMap) -> Response {
    let etag = HeaderValue::from_str(&asset.etag).ok();
    let caching = [(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if etag.is_some() && headers.get(header::IF_NONE_MATCH) == etag.as_ref() {
        return (StatusCode::NOT_MODIFIED, caching).into_response();
    }
    let mut response = (caching, asset.bytes.into_owned()).into_response();
    let mime = HeaderValue::from_str(&asset.mime);
    let mime = mime.unwrap_or(HeaderValue::from_static("application/octet-stream"));
    response.headers_mut().insert(header::CONTENT_TYPE, mime);
    if let Some(etag) = etag {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

/// A browser that opens an unknown address gets the page, which says so; a program gets an error.
pub(super) async fn fallback(request: Request) -> Response {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let browser = accept.is_some_and(|accept| accept.contains("text/html"));
    let path = request.uri().path();
    if request.method() == Method::GET && browser && !is_for_programs(path) {
        return page(request.headers().clone()).await;
    }
    dialects::unclaimed(path, StatusCode::NOT_FOUND)
}

fn is_for_programs(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    FOR_PROGRAMS.contains(&first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_browser_gets_the_page_but_not_in_place_of_an_api() {
        let status = async |path: &str, accept: &str| {
            let request = http::Request::get(path).header(header::ACCEPT, accept);
            let request = request.body(axum::body::Body::empty()).unwrap();
            fallback(request).await.status()
        };
        for path in ["/somewhere", "/apis", "/metric"] {
            assert_eq!(status(path, "text/html,*/*").await, StatusCode::OK, "{path}");
            assert_eq!(status(path, "*/*").await, StatusCode::NOT_FOUND, "{path}");
        }
        for path in ["/api/v1/nothing", "/voice/x", "/gateway", "/peerjs", "/metrics/x", "/assets"]
        {
            assert_eq!(status(path, "text/html").await, StatusCode::NOT_FOUND, "{path}");
        }
    }
}
