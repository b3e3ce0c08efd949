//! Reading a JSON body, bounded in size and time.

use std::marker::PhantomData;
use std::time::{Duration, Instant};

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, Request};
use bytes::BytesMut;
use futures_util::StreamExt;
use http::{HeaderMap, header};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::caller::check_still;
use super::fault::{Dialect, Fault, Refused};
use super::origin::from_another_site;

/// The largest JSON body, in bytes, where no SDP is inside.
pub(crate) const JSON_BODY_MAX: usize = 64 * 1024;
/// The largest JSON body with an SDP inside.
pub(crate) const SDP_BODY_MAX: usize = 256 * 1024;
/// How much of a body that is too large is still read: a client that is cut off while it writes never
/// sees the answer. More would let it waste our time.
const DISCARD_MAX: usize = 8 * 1024 * 1024;
/// A body that is not there by then holds a connection for nothing: the largest takes this long at
/// 70 kbit/s.
const BODY_WITHIN: Duration = Duration::from_secs(30);
/// A body that took this long is from somebody who may do other things by now. One that comes at once is as
/// old as its headers.
const SLOW: Duration = Duration::from_millis(250);
/// What pages may send to other sites without asking first (Fetch: CORS-safelisted request headers).
const UNASKED_TYPES: [&str; 3] =
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"];

/// A JSON body of at most `MAX` bytes, read on behalf of a dialect.
pub(crate) struct Body<T, D, const MAX: usize = JSON_BODY_MAX>(pub T, pub PhantomData<fn() -> D>);

impl<S, T, D, const MAX: usize> FromRequest<S> for Body<T, D, MAX>
where
    S: Sync,
    T: DeserializeOwned,
    D: Dialect,
{
    type Rejection = Refused<D>;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refused<D>> {
        if from_another_site(request.headers()) && is_unasked(request.headers()) {
            let what = "a page of another site must send its JSON as application/json";
            return Err(Fault::Malformed(what.to_owned()).into());
        }
        let (began, (parts, body)) = (Instant::now(), request.into_parts());
        let bytes = read_within(BODY_WITHIN, body, MAX).await?;
        if began.elapsed() >= SLOW {
            check_still(&parts).await?;
        }
        // An empty body stands for an object without keys: what is missing then is named.
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        Ok(Self(value, PhantomData))
    }
}

/// The typed form of an object that was read to see which dialect it speaks.
pub(crate) fn typed<T: DeserializeOwned>(object: Map<String, Value>) -> Result<T, Fault> {
    serde_json::from_value(Value::Object(object)).map_err(|error| malformed(&error))
}

async fn read_within(limit: Duration, body: HttpBody, max: usize) -> Result<BytesMut, Fault> {
    let late = |_| Fault::Malformed("the body did not come in time".to_owned());
    tokio::time::timeout(limit, read(body, max)).await.map_err(late)?
}

async fn read(body: HttpBody, max: usize) -> Result<BytesMut, Fault> {
    let (mut kept, mut seen) = (BytesMut::new(), 0);
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Fault::Malformed("the body was cut off".to_owned()))?;
        seen += chunk.len();
        if seen <= max {
            kept.extend_from_slice(&chunk);
        } else if seen > DISCARD_MAX {
            break;
        }
    }
    if seen > max { Err(Fault::TooLarge(max)) } else { Ok(kept) }
}

/// Whether a browser sends this without asking the server whether the page may: then nobody has agreed
/// to it.
fn is_unasked(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or_default());
    let kind = kind.map(|kind| kind.split(';').next().unwrap_or(kind).trim());
    let simple = kind
        .is_none_or(|kind| UNASKED_TYPES.iter().any(|simple| simple.eq_ignore_ascii_case(kind)));
    simple && !headers.contains_key(header::AUTHORIZATION)
}

fn malformed(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    // The position only confuses whoever wrote the request with a library.
    let what = text.split(" at line ").next().unwrap_or(&text);
    Fault::Malformed(match error.classify() {
        serde_json::error::Category::Data => what.to_owned(),
        _ => format!("the body is not JSON: {what}"),
    })
}

#[cfg(test)]
mod tests {
    use axum::response::{IntoResponse, Response};
    use http::StatusCode;

    use super::*;

    #[derive(Debug)]
    struct Plain;

    impl Dialect for Plain {
        fn render(_: &Fault) -> Response {
            StatusCode::BAD_REQUEST.into_response()
        }
    }

    async fn is_taken(headers: &[(&str, &str)], body: HttpBody) -> bool {
        let mut request = http::Request::post("http://localhost/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.header("host", "localhost:8085").body(body).unwrap();
        Body::<Value, Plain>::from_request(request, &()).await.is_ok()
    }

    #[tokio::test]
    async fn another_sites_page_must_ask_first() {
        let cases = [
            (&[][..], true),
            (&[("content-type", "text/plain")], true),
            (&[("origin", "http://localhost:8085"), ("content-type", "text/plain")], true),
            (&[("origin", "https://evil.example"), ("content-type", "application/json")], true),
            (&[("origin", "https://evil.example"), ("authorization", "Bearer x")], true),
            (&[("origin", "https://evil.example"), ("content-type", "Text/Plain; a=b")], false),
            (&[("origin", "https://evil.example"), ("content-type", "multipart/form-data")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "null")], false),
        ];
        for (headers, expect) in cases {
            assert_eq!(is_taken(headers, HttpBody::from("{}")).await, expect, "{headers:?}");
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_come_is_given_up() {
        let never = futures_util::stream::pending::<Result<bytes::Bytes, std::io::Error>>();
        let given_up = read_within(Duration::from_millis(1), HttpBody::from_stream(never), 9).await;
        assert!(matches!(given_up, Err(Fault::Malformed(_))), "{given_up:?}");
    }
}
