//! What can go wrong with a request, before each dialect gives it a status and a shape.

use std::marker::PhantomData;
use std::time::Duration;

use app::Refusal;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

/// When to ask again for a transcription that nobody knows the time of: a download may have got on by
/// then, and a server without speech to text is not asked in a loop.
const SPEECH_RETRY_AFTER: Duration = Duration::from_secs(30);

/// Why a request is not answered with what it asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The use case said no.
    Refused(Refusal),
    /// The body is larger than the route takes, in bytes.
    TooLarge(usize),
    /// The body is not JSON of the right shape, or an id or parameter is malformed; says what.
    Malformed(String),
    /// Well-formed, but names nothing that could be ours; says what kind of thing.
    NoSuch(&'static str),
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl Fault {
    /// When it may be worth trying again, where time alone can help.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        let Self::Refused(refusal) = self else { return None };
        match refusal {
            Refusal::RateLimited(after)
            | Refusal::Unavailable(after)
            | Refusal::SpeechBusy(after) => Some(*after),
            Refusal::SpeechUnavailable(_, after) => Some(after.unwrap_or(SPEECH_RETRY_AFTER)),
            Refusal::Unauthenticated
            | Refusal::TokenExpired
            | Refusal::WrongCredentials
            | Refusal::Banned
            | Refusal::NameTaken
            | Refusal::EmailTaken
            | Refusal::RoleTaken
            | Refusal::RoleNotFound
            | Refusal::NoSuchCall
            | Refusal::Invalid(_)
            | Refusal::BadSdp(_)
            | Refusal::Missing(_)
            | Refusal::UserNotFound
            | Refusal::UnsupportedAudio(_)
            | Refusal::FileTooLarge(_)
            | Refusal::Room(_) => None,
        }
    }

    /// Adds `Retry-After` in whole seconds, rounded up (RFC 9110 section 10.2.3).
    pub(crate) fn with_retry_after(&self, mut response: Response) -> Response {
        if let Some(after) = self.retry_after() {
            let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
            let seconds = HeaderValue::from(seconds.max(1));
            response.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        response
    }
}

/// A wire API: how it says no. The five are known here; outsiders do not plug in, but the extractors
/// need to know on whose behalf they refuse.
pub(crate) trait Dialect: Send + Sync + 'static {
    /// Whether calls of those who are known are counted, where a layer has put a meter.
    const COUNTS_CALLS: bool = false;

    /// Gives a fault this dialect's status and shape.
    fn render(fault: &Fault) -> Response;
}

/// A fault on its way out through a dialect.
#[derive(Debug)]
pub(crate) struct Refused<D> {
    fault: Fault,
    dialect: PhantomData<fn() -> D>,
}

impl<D> From<Fault> for Refused<D> {
    fn from(fault: Fault) -> Self {
        Self { fault, dialect: PhantomData }
    }
}

impl<D> From<Refusal> for Refused<D> {
    fn from(refusal: Refusal) -> Self {
        Fault::Refused(refusal).into()
    }
}

impl<D: Dialect> IntoResponse for Refused<D> {
    fn into_response(self) -> Response {
        D::render(&self.fault)
    }
}
