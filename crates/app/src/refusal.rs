//! Every "no" of the use cases, for the dialects to render.

use std::error::Error;
use std::time::Duration;

use model::Permissions;

/// Why a request was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No token, or one that is not valid (any more).
    #[error("authentication required")]
    Unauthenticated,
    /// The token was valid once.
    #[error("token has expired")]
    TokenExpired,
    /// Unknown name or wrong password: never told apart.
    #[error("wrong username or password")]
    WrongCredentials,
    /// The account is banned.
    #[error("this account is banned")]
    Banned,
    /// The username or e-mail belongs to somebody.
    #[error("that name is already taken")]
    NameTaken,
    /// Something in the request is not as it must be; the text says what.
    #[error("{0}")]
    Invalid(String),
    /// The SDP or candidate cannot be used; the text says why.
    #[error("{0}")]
    BadSdp(String),
    /// The account may not do this on the server.
    #[error("missing permission")]
    Missing(Permissions),
    /// No such account.
    #[error("user not found")]
    UserNotFound,
    /// A room's own refusal.
    #[error(transparent)]
    Room(#[from] room::Refusal),
    /// Too many requests; try again after this.
    #[error("too many requests")]
    RateLimited(Duration),
    /// A part of the server is away or full; try again after this.
    #[error("temporarily unavailable")]
    Unavailable(Duration),
}

/// What is answered while the store or the media plane is away: they are retried about as often.
const RETRY_AFTER: Duration = Duration::from_secs(2);

impl Refusal {
    /// A part is away or overloaded.
    pub fn unavailable() -> Self {
        Self::Unavailable(RETRY_AFTER)
    }
}

/// An error with all that is behind it in one line. For the log alone: causes name tables and files.
pub(crate) fn causes(error: &(dyn Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    chain.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

impl From<store::StoreError> for Refusal {
    fn from(error: store::StoreError) -> Self {
        match error {
            store::StoreError::Taken => Self::NameTaken,
            error => {
                tracing::error!(error = causes(&error), "the store failed");
                Self::unavailable()
            }
        }
    }
}

impl From<media::MediaRefusal> for Refusal {
    fn from(refusal: media::MediaRefusal) -> Self {
        match refusal {
            media::MediaRefusal::BadSdp(why) => Self::BadSdp(why),
            media::MediaRefusal::UnknownSession => Self::Room(room::Refusal::UnknownSession),
            media::MediaRefusal::Overloaded | media::MediaRefusal::WorkerGone => {
                Self::unavailable()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_in_order() {
        let disk = std::io::Error::other("disk full");
        let error = store::StoreError::Unavailable(Box::new(disk));
        assert_eq!(causes(&error), "the database is unavailable: disk full");
    }
}
