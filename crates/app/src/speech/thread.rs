//! The thread that brings the model: tries, pauses, tries again.

use std::convert::Infallible;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use tokio::sync::watch;
use transcribe::pool::Pool;

use super::open::{SpeechError, SpeechStep};
use super::{SpeechState, Standing};

/// Between attempts.
#[derive(Clone, Copy)]
pub(super) struct Pauses {
    /// Before the second attempt; then each is twice the one before.
    pub first: Duration,
    /// But not longer.
    pub longest: Duration,
}

/// A network that was away is back in a minute or in hours: less would only fill the log, more would keep
/// who has just installed pip waiting.
pub(super) const PAUSES: Pauses =
    Pauses { first: Duration::from_secs(30), longest: Duration::from_secs(600) };

impl Pauses {
    pub fn after(self, pause: Duration) -> Duration {
        (pause * 2).min(self.longest)
    }
}

/// Runs until there is a pool, there never will be one, or the other end of `stopped` is gone.
pub(super) fn run(
    standing: &watch::Sender<Standing>,
    stopped: &Receiver<Infallible>,
    pauses: Pauses,
    mut open: impl FnMut(&mut dyn FnMut(SpeechStep)) -> Result<Pool, SpeechError>,
) {
    let mut pause = pauses.first;
    loop {
        let error = match attempt(standing, &mut open) {
            Ok(pool) => {
                let (engine, model) = (pool.engine().name(), pool.engine().model().to_owned());
                if set(standing, Standing::Ready(Arc::new(pool))) {
                    tracing::info!(engine, model, "speech to text is ready");
                }
                return;
            }
            Err(error) => error,
        };
        if !set(standing, Standing::NotReady(SpeechState::Failed(error.line.clone()))) {
            return;
        }
        if !error.again {
            tracing::error!("no captions and no transcripts: {error}");
            return;
        }
        tracing::warn!(again_in_secs = pause.as_secs(), "no captions and no transcripts: {error}");
        if stopped.recv_timeout(pause) != Err(RecvTimeoutError::Timeout) {
            return;
        }
        pause = pauses.after(pause);
    }
}

/// A panic of the runtime library is a failure like others, and not one that goes away.
fn attempt(
    standing: &watch::Sender<Standing>,
    open: &mut impl FnMut(&mut dyn FnMut(SpeechStep)) -> Result<Pool, SpeechError>,
) -> Result<Pool, SpeechError> {
    let mut report = |step| {
        let state = match step {
            SpeechStep::Fetching(progress) => {
                SpeechState::Fetching { bytes: progress.bytes, total: progress.total }
            }
            SpeechStep::Loading => SpeechState::Loading,
        };
        set(standing, Standing::NotReady(state));
    };
    catch_unwind(AssertUnwindSafe(|| open(&mut report))).unwrap_or_else(|_| {
        let line = "the speech engine crashed while loading: set STT_ENGINE to http or off";
        Err(SpeechError { line: line.to_owned(), again: false })
    })
}

/// Shows how it stands; false once it is stopped, when nobody wants to know.
fn set(standing: &watch::Sender<Standing>, next: Standing) -> bool {
    let mut next = Some(next);
    standing.send_if_modified(|now| match (&*now, next.take()) {
        (Standing::NotReady(_) | Standing::Ready(_), Some(next)) => {
            *now = next;
            true
        }
        (Standing::Stopped, _) | (_, None) => false,
    })
}
