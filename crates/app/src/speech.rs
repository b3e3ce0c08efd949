//! Speech to text: from the settings to a pool that decodes.
//!
//! `server` starts it once; captions and uploads ask for the pool each time they need it, and get
//! the reason instead while there is none. A model may have to be downloaded first, which takes from
//! seconds to for ever: a thread of its own does that, and the rest of the server works meanwhile.
//! What must hold: nobody waits for this thread, the end of the server least of all, and whatever keeps the
//! model away is one line that says what helps.

mod open;
mod settings;
#[cfg(test)]
mod tests;
mod thread;

use std::convert::Infallible;
use std::fmt;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use transcribe::pool::Pool;
pub use transcribe::upload::Limits as UploadLimits;

pub use open::{SpeechError, SpeechStep};
pub use settings::{EngineChoice, SpeechSettings};

/// How long the end waits for the threads. One notices within the step of the model that it is at,
/// less than half of this on a busy machine.
const STOP_WITHIN: Duration = Duration::from_secs(1);

/// Speech to text as it stands. Cheap to clone; the last one to go stops it.
#[derive(Clone)]
pub struct Speech(Arc<Handle>);

struct Handle {
    standing: watch::Sender<Standing>,
    upload: UploadLimits,
    /// Dropped, it ends the thread's pause between two attempts.
    going: Mutex<Option<Sender<Infallible>>>,
}

/// What there is, for everybody to see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SpeechState {
    /// Nobody wants it, or the server stops.
    Off,
    /// The model is being downloaded. Both are 0 before the first byte.
    Fetching {
        /// What has come.
        bytes: u64,
        /// What will come.
        total: u64,
    },
    /// The model is there and is being read.
    Loading,
    /// It works.
    Ready {
        /// The model's name.
        model: String,
    },
    /// It does not work: one line with what helps. A failed download is tried again.
    Failed(String),
}

/// The same, with what only this module hands out.
enum Standing {
    NotReady(SpeechState),
    Ready(Arc<Pool>),
    /// For good: what the thread brings after this is thrown away.
    Stopped,
}

impl Speech {
    /// Returns at once; a thread brings the model.
    #[must_use]
    pub fn start(settings: SpeechSettings) -> Self {
        if matches!(settings.engine, EngineChoice::Off) {
            return Self(Arc::new(Handle::new(SpeechState::Off, settings.upload, None)));
        }
        let (going, stopped) = mpsc::channel();
        let handle = Handle::new(SpeechState::Loading, settings.upload, Some(going));
        let standing = handle.standing.clone();
        let started = std::thread::Builder::new().name("speech".to_owned()).spawn(move || {
            thread::run(&standing, &stopped, thread::PAUSES, |report| settings.open(report));
        });
        if let Err(error) = started {
            let line = format!("the thread that loads the speech model cannot start: {error}");
            handle.standing.send_replace(Standing::NotReady(SpeechState::Failed(line)));
        }
        Self(Arc::new(handle))
    }

    /// None at all.
    #[must_use]
    pub fn off() -> Self {
        Self(Arc::new(Handle::new(SpeechState::Off, UploadLimits::default(), None)))
    }

    /// What decodes, or why there is nothing that does.
    pub fn pool(&self) -> Result<Arc<Pool>, SpeechState> {
        match &*self.0.standing.borrow() {
            Standing::Ready(pool) => Ok(Arc::clone(pool)),
            Standing::NotReady(state) => Err(state.clone()),
            Standing::Stopped => Err(SpeechState::Off),
        }
    }

    /// How it stands.
    #[must_use]
    pub fn state(&self) -> SpeechState {
        self.0.standing.borrow().state()
    }

    /// Waits until it stands otherwise than `known`.
    pub async fn changed(&self, known: &SpeechState) -> SpeechState {
        let mut standing = self.0.standing.subscribe();
        match standing.wait_for(|standing| standing.state() != *known).await {
            Ok(standing) => standing.state(),
            // It cannot go while somebody borrows it.
            Err(_) => SpeechState::Off,
        }
    }

    /// What an upload may be at most.
    #[must_use]
    pub fn upload_limits(&self) -> UploadLimits {
        self.0.upload
    }

    /// Ends it for all clones. What waits to be decoded is given up, and so is a download: its half is
    /// thrown away by the next one. Blocks for a second at most, mostly not at all.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl Handle {
    fn new(state: SpeechState, upload: UploadLimits, going: Option<Sender<Infallible>>) -> Self {
        let (standing, _) = watch::channel(Standing::NotReady(state));
        Self { standing, upload, going: Mutex::new(going) }
    }

    fn stop(&self) {
        drop(self.going.lock().unwrap_or_else(PoisonError::into_inner).take());
        // Others may hold the pool, an upload for as long as it takes: it is stopped under them.
        if let Standing::Ready(pool) = self.standing.send_replace(Standing::Stopped)
            && !pool.stop(STOP_WITHIN)
        {
            tracing::warn!("speech is still being decoded");
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Standing {
    fn state(&self) -> SpeechState {
        match self {
            Self::NotReady(state) => state.clone(),
            Self::Ready(pool) => SpeechState::Ready { model: pool.engine().model().to_owned() },
            Self::Stopped => SpeechState::Off,
        }
    }
}

impl SpeechState {
    /// Why it does not work, if it should.
    #[must_use]
    pub fn problem(&self) -> Option<String> {
        match self {
            Self::Off | Self::Ready { .. } => None,
            Self::Fetching { .. } | Self::Loading | Self::Failed(_) => Some(self.to_string()),
        }
    }

    /// All that [`SpeechState::word`] can be.
    pub const WORDS: [&str; 5] = ["off", "fetching", "loading", "ready", "failed"];

    /// It in one word, as metrics have it.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Fetching { .. } => "fetching",
            Self::Loading => "loading",
            Self::Ready { .. } => "ready",
            Self::Failed(_) => "failed",
        }
    }
}

impl fmt::Display for SpeechState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Off => f.write_str("speech to text is switched off"),
            Self::Fetching { bytes, total } => {
                let percent = (bytes * 100).checked_div(*total).unwrap_or(0);
                write!(f, "the speech model is being downloaded ({percent} %)")
            }
            Self::Loading => f.write_str("the speech model is being loaded"),
            Self::Ready { model } => write!(f, "speech to text works with {model}"),
            Self::Failed(why) => f.write_str(why),
        }
    }
}
