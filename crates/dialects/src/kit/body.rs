//! Reading a JSON body, bounded.

use std::marker::PhantomData;

use axum::body::Body as HttpBody;
use axum::extract::{FromRequest, Request};
use bytes::BytesMut;
use futures_util::StreamExt;
use serde::de::DeserializeOwned;

use super::fault::{Dialect, Fault, Refused};

/// The largest JSON body, in bytes, where no SDP is inside.
pub(crate) const JSON_BODY_MAX: usize = 64 * 1024;
/// The largest JSON body with an SDP inside.
pub(crate) const SDP_BODY_MAX: usize = 256 * 1024;
/// How much of a body that is too large is still read: a client that is cut off while it writes never
/// sees the answer. More would let it waste our time.
const DISCARD_MAX: usize = 8 * 1024 * 1024;

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
        let bytes = read(request.into_body(), MAX).await?;
        // An empty body stands for an object without keys: what is missing then is named.
        let bytes: &[u8] = if bytes.is_empty() { b"{}" } else { &bytes };
        let value = serde_json::from_slice(bytes).map_err(|error| malformed(&error))?;
        Ok(Self(value, PhantomData))
    }
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

fn malformed(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    // The position only confuses whoever wrote the request with a library.
    let what = text.split(" at line ").next().unwrap_or(&text);
    Fault::Malformed(match error.classify() {
        serde_json::error::Category::Data => what.to_owned(),
        _ => format!("the body is not JSON: {what}"),
    })
}
