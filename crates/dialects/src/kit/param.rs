//! What is in the address of a request: path parameters and the query, refused in the dialect's shape.

use std::marker::PhantomData;

use axum::extract::{FromRequestParts, Path, Query};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::fault::{Dialect, Fault, Refused};

/// The one parameter in a path as text, or all of them as a tuple of texts.
pub(crate) struct PathText<D, T = String>(pub T, pub PhantomData<fn() -> D>);

impl<S, D, T> FromRequestParts<S> for PathText<D, T>
where
    S: Send + Sync,
    D: Dialect,
    T: DeserializeOwned + Send,
{
    type Rejection = Refused<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused<D>> {
        // Percent-encoded bytes need not be text.
        let malformed = |_| Fault::Malformed("the path is not UTF-8".to_owned());
        let Path(text) = Path::from_request_parts(parts, state).await.map_err(malformed)?;
        Ok(Self(text, PhantomData))
    }
}

/// The parameters after the `?`.
pub(crate) struct QueryOf<T, D>(pub T, pub PhantomData<fn() -> D>);

impl<S, T, D> FromRequestParts<S> for QueryOf<T, D>
where
    S: Send + Sync,
    T: DeserializeOwned,
    D: Dialect,
{
    type Rejection = Refused<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused<D>> {
        let read = Query::from_request_parts(parts, state).await;
        // The library's text says which parameter and why; it repeats no value.
        let Query(value) = read.map_err(|refused| Fault::Malformed(refused.body_text()))?;
        Ok(Self(value, PhantomData))
    }
}
