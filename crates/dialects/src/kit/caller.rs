//! Who asks: the account behind the bearer token.

use std::marker::PhantomData;

use app::{App, Identity, Refusal};
use axum::extract::{FromRef, FromRequestParts};
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::fault::{Dialect, Refused};
use super::meter::Meter;

/// An authenticated caller, refused on behalf of a dialect, whose call is counted if it counts calls.
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
        let caller = app.accounts.authenticate(token).await?;
        parts.extensions.insert(Seen { app: app.clone(), caller: caller.clone() });
        if D::COUNTS_CALLS
            && let Some(meter) = parts.extensions.get::<Meter>()
        {
            meter.take(&app, caller.account.id)?;
        }
        Ok(Self(caller, PhantomData))
    }
}

/// Who a request was from when its headers came.
#[derive(Clone)]
struct Seen {
    app: App,
    caller: Identity,
}

/// Refuses a request whose sender has lost rights while the rest of it came: what was allowed to somebody
/// then is not allowed for as long as they take to send it.
pub(super) async fn check_still(parts: &Parts) -> Result<(), Refusal> {
    let (Some(seen), Some(token)) = (parts.extensions.get::<Seen>(), token_of(parts)) else {
        return Ok(());
    };
    let now = seen.app.accounts.authenticate(token).await?;
    // Asked again it is answered by what holds now.
    if now.roles == seen.caller.roles { Ok(()) } else { Err(Refusal::unavailable()) }
}

/// The token of an `Authorization: Bearer` header (RFC 6750 section 2.1; the scheme's case is free).
pub(crate) fn token_of(parts: &Parts) -> Option<&str> {
    let value = parts.headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
