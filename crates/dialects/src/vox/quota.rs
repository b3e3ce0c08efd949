//! How many calls one has left, on every reply of Vox: `X-RateLimit-Limit`, `-Remaining`, `-Reset`.

use app::{CallKind, Quoted, now};
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{self, Next};
use axum::response::Response;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use utoipa::openapi::header::Header;
use utoipa::openapi::path::Operation;
use utoipa::openapi::{Object, OpenApi, RefOr, Type};
use utoipa_axum::router::OpenApiRouter;

use crate::Doors;
use crate::kit::{Meter, unclaimed};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What the document says of the headers.
const HEADERS: [(&str, &str); 3] = [
    ("X-RateLimit-Limit", "Calls at once."),
    ("X-RateLimit-Remaining", "Calls left."),
    ("X-RateLimit-Reset", "Unix seconds: when all calls are there again."),
];

/// Routes that Vox has for itself: their calls are of this kind, and another method is refused with the
/// same headers.
pub(super) fn counted(
    routes: OpenApiRouter<Doors>,
    kind: CallKind,
    doors: &Doors,
) -> OpenApiRouter<Doors> {
    let (routes, document) = routes.split_for_parts();
    let routes = routes.method_not_allowed_fallback(method_not_allowed);
    metered(routes, document, kind, doors)
}

/// Routes that Vox shares: only what speaks Vox is counted and gets the headers.
pub(crate) fn shared(
    routes: OpenApiRouter<Doors>,
    kind: CallKind,
    doors: &Doors,
) -> OpenApiRouter<Doors> {
    let (routes, document) = routes.split_for_parts();
    metered(routes, document, kind, doors)
}

fn metered(
    routes: Router<Doors>,
    mut document: OpenApi,
    kind: CallKind,
    doors: &Doors,
) -> OpenApiRouter<Doors> {
    let layer = middleware::from_fn_with_state((doors.clone(), kind), show);
    describe(&mut document);
    OpenApiRouter::with_openapi(document).merge(OpenApiRouter::from(routes.layer(layer)))
}

async fn method_not_allowed(request: Request) -> Response {
    unclaimed(request.uri().path(), StatusCode::METHOD_NOT_ALLOWED)
}

async fn show(
    State((doors, kind)): State<(Doors, CallKind)>,
    mut request: Request,
    next: Next,
) -> Response {
    let meter = Meter::new(kind);
    request.extensions_mut().insert(meter.clone());
    let mut response = next.run(request).await;
    if let Some(quoted) = meter.shown(&doors.app) {
        let refused = response.status() == StatusCode::TOO_MANY_REQUESTS;
        write(quoted, refused, response.headers_mut());
    }
    response
}

/// Writes the headers. Whatever refused, a client that goes by them waits as long as it was told to.
fn write(quoted: Quoted, refused: bool, headers: &mut HeaderMap) {
    let mut remaining = quoted.remaining;
    // Up to the next whole second: a moment earlier it would not be full.
    let mut reset = (quoted.reset.as_micros() + 999_999) / 1_000_000;
    if refused {
        let after = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        remaining = 0;
        reset = reset.max(now().wall.as_secs() + after.unwrap_or(0_i64));
    }
    headers.insert(LIMIT, HeaderValue::from(quoted.limit));
    headers.insert(REMAINING, HeaderValue::from(remaining));
    headers.insert(RESET, HeaderValue::from(reset));
}

/// Adds to the document what the layer adds to the replies.
fn describe(document: &mut OpenApi) {
    let of_path = document.paths.paths.values_mut();
    let operations = of_path.flat_map(|item| {
        let with_body = [&mut item.post, &mut item.put, &mut item.patch];
        [&mut item.get, &mut item.delete].into_iter().chain(with_body).flatten()
    });
    for operation in operations {
        describe_operation(operation);
    }
}

fn describe_operation(operation: &mut Operation) {
    let responses = &mut operation.responses.responses;
    // Who is known is counted.
    if operation.security.is_some() && !responses.contains_key("429") {
        let refused = responses.get("401").cloned();
        responses.extend(refused.map(|shape| ("429".to_owned(), shape)));
    }
    for response in responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for (name, what) in HEADERS {
            let mut header = Header::new(Object::with_type(Type::Integer));
            header.description = Some(what.to_owned());
            response.headers.insert(name.to_owned(), header.into());
        }
    }
}
