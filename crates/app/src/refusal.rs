//! Every "no" of the use cases, for the dialects to render.

use std::error::Error;
use std::time::Duration;

use model::Permissions;
use transcribe::engine::EngineError;
use transcribe::pool::FileError;
use transcribe::upload::UploadError;

use crate::speech::SpeechState;

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
    /// The e-mail address belongs to somebody.
    #[error("that e-mail address is already taken")]
    EmailTaken,
    /// The name of a role belongs to another.
    #[error("that role already exists")]
    RoleTaken,
    /// No such role.
    #[error("role not found")]
    RoleNotFound,
    /// No telephone call of that id is under way.
    #[error("no such call")]
    NoSuchCall,
    /// Speech to text is off or not ready; the text says why, and when to try again if that helps.
    #[error("speech to text is not available: {0}")]
    SpeechUnavailable(String, Option<Duration>),
    /// Too much speech waits to be transcribed; try again after this.
    #[error("too much speech is waiting to be transcribed")]
    SpeechBusy(Duration),
    /// What was uploaded is no audio that can be read; the text says why.
    #[error("{0}")]
    UnsupportedAudio(String),
    /// What was uploaded is too large or too long; the text says the limit.
    #[error("{0}")]
    FileTooLarge(String),
}

/// When a model that is being fetched or loaded is asked for again.
const SPEECH_RETRY_AFTER: Duration = Duration::from_secs(10);

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

impl From<SpeechState> for Refusal {
    fn from(state: SpeechState) -> Self {
        let later = Some(SPEECH_RETRY_AFTER);
        match state {
            SpeechState::Off => Self::SpeechUnavailable("it is switched off".to_owned(), None),
            SpeechState::Fetching { .. } => {
                Self::SpeechUnavailable("its model is being downloaded".to_owned(), later)
            }
            SpeechState::Loading | SpeechState::Ready { .. } => {
                Self::SpeechUnavailable("its model is being loaded".to_owned(), later)
            }
            SpeechState::Failed(why) => Self::SpeechUnavailable(why, None),
        }
    }
}

impl From<transcribe::queue::Busy> for Refusal {
    fn from(busy: transcribe::queue::Busy) -> Self {
        Self::SpeechBusy(Duration::from_millis(busy.retry_after_ms))
    }
}

impl From<UploadError> for Refusal {
    fn from(error: UploadError) -> Self {
        match error {
            UploadError::Undecodable(_) => Self::UnsupportedAudio(error.to_string()),
            UploadError::TooLong { .. } | UploadError::TooLarge { .. } => {
                Self::FileTooLarge(error.to_string())
            }
        }
    }
}

impl From<FileError> for Refusal {
    fn from(error: FileError) -> Self {
        match error {
            FileError::Engine(EngineError::Off) => SpeechState::Off.into(),
            FileError::Engine(EngineError::Unavailable(why)) => {
                Self::SpeechUnavailable(why, Some(SPEECH_RETRY_AFTER))
            }
            FileError::Engine(EngineError::Failed(_)) => {
                tracing::error!(%error, "an upload could not be transcribed");
                let what = "it failed on this recording".to_owned();
                Self::SpeechUnavailable(what, Some(SPEECH_RETRY_AFTER))
            }
            // The server stops.
            FileError::GivenUp => Self::unavailable(),
        }
    }
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

impl From<crate::tokens::TokenRefusal> for Refusal {
    fn from(refusal: crate::tokens::TokenRefusal) -> Self {
        match refusal {
            crate::tokens::TokenRefusal::Expired => Self::TokenExpired,
            crate::tokens::TokenRefusal::Invalid => Self::Unauthenticated,
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
