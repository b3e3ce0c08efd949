//! Who asks by REST: an account by its token, or the service by the operator's key.

use app::{Operator, Refusal, secrets};
use axum::extract::FromRequestParts;
use http::request::Parts;

use super::Aura;
use crate::Doors;
use crate::kit::{Caller, Refused, token_of};

/// Somebody who may ask about conferences.
pub(crate) struct RestCaller(pub Operator);

impl FromRequestParts<Doors> for RestCaller {
    type Rejection = Refused<Aura>;

    async fn from_request_parts(parts: &mut Parts, doors: &Doors) -> Result<Self, Refused<Aura>> {
        let token = token_of(parts).ok_or(Refusal::Unauthenticated)?;
        let key = doors.aura_service_key.as_ref();
        if key.is_some_and(|key| secrets::is_same(key.expose(), token)) {
            return Ok(Self(Operator::Service));
        }
        let Caller(caller, _) = Caller::<Aura>::from_request_parts(parts, doors).await?;
        Ok(Self(Operator::Account(caller)))
    }
}
