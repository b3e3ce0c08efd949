//! Who asks in this dialect: each request shows that its sender is still there.

use std::marker::PhantomData;

use app::{App, Identity};
use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;

use super::SttRoom;
use crate::kit::{Caller, Refused};

/// An authenticated caller, whose presence in talk rooms goes on by this request.
pub(crate) struct Heard(pub Identity);

impl<S> FromRequestParts<S> for Heard
where
    S: Send + Sync,
    App: FromRef<S>,
{
    type Rejection = Refused<SttRoom>;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refused<SttRoom>> {
        let Caller(caller, PhantomData) =
            Caller::<SttRoom>::from_request_parts(parts, state).await?;
        App::from_ref(state).note_request(&caller).await;
        Ok(Self(caller))
    }
}
