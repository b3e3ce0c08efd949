//! Who asks: the account behind the bearer token.

use std::marker::PhantomData;

use app::{App, Identity, Refusal};
use axum::extract::{FromRef, FromRequestParts};
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::fault::{Dialect, Refused};

/// An authenticated caller, refused on behalf of a dialect.
pub(crate) struct Caller<D>(pub Identity, pub PhantomData<fn() -> D>);

impl<S, D> FromRequestParts<S> for Caller<D>
where
    S: Send + Sync,
    App: FromRef<S>,
    D: Dialect,
{
    type Rejection = Refused<D>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused<D>> {
        let token = token_of(parts).ok_or(Refusal::Unauthenticated)?;
        let app = App::from_ref(state);
        Ok(Self(app.accounts.authenticate(token).await?, PhantomData))
    }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 section 2.1; the scheme's case is free).
pub(crate) fn token_of(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
