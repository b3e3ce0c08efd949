//! Counting calls where a dialect does, and what its replies say of it.
//!
//! A layer over the routes puts a meter into each request and turns what it shows into headers. Whoever
//! learns who asks takes the call: [`Caller`](super::Caller) where the dialect is known by the path, the
//! handlers of shared paths once they know it. Nobody looks an account up for it.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use app::{App, CallKind, Quoted, Refusal};
use axum::extract::FromRequestParts;
use http::request::Parts;
use model::AccountId;

/// Counts the calls of one request, of which there is one at most.
#[derive(Clone, Debug)]
pub(crate) struct Meter {
    kind: CallKind,
    shown: Arc<OnceLock<Option<Quoted>>>,
}

impl Meter {
    /// For a request of which nobody is known yet.
    pub(crate) fn new(kind: CallKind) -> Self {
        Self { kind, shown: Arc::default() }
    }

    /// Counts a call of this account's, or refuses it.
    pub(crate) fn take(&self, app: &App, account: AccountId) -> Result<(), Refusal> {
        let quoted = app.take_call(self.kind, account);
        let refused = quoted.refused;
        // Whoever came first has taken the one call.
        let _ = self.shown.set(Some(quoted));
        refused.map_or(Ok(()), |after| Err(Refusal::RateLimited(after)))
    }

    /// The request speaks a dialect that does not count.
    pub(crate) fn hide(&self) {
        let _ = self.shown.set(None);
    }

    /// What the reply says: of an account that is not known, a full bucket.
    pub(crate) fn shown(&self, app: &App) -> Option<Quoted> {
        self.shown.get().copied().unwrap_or_else(|| Some(app.peek_call(self.kind, None)))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Meter {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let layered = parts.extensions.get::<Self>().cloned();
        // Nobody sees what a meter shows that no layer has put there.
        Ok(layered.unwrap_or_else(|| Self::new(CallKind::Other)))
    }
}
