//! One thread of the pool.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::{Shared, Work, give_up, tell};
use crate::audio::Clip;
use crate::engine::{Decoded, Decoder, EngineError};
use crate::queue::Job;
use crate::track::{Outcome, Texts};
use crate::utterance::Action;

/// A thread, counted for as long as it may use the engine.
pub struct Presence(Arc<Shared>);

impl Presence {
    /// One thread more.
    pub fn new(shared: Arc<Shared>) -> Self {
        shared.lock().threads += 1;
        Self(shared)
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.threads -= 1;
        if state.threads == 0 {
            self.0.ended.notify_all();
        }
    }
}

/// Works until the pool stops. The thread that is given `ready` loads its decoder first and says
/// how that went.
pub fn run(presence: &Presence, ready: Option<SyncSender<Result<(), EngineError>>>) {
    let shared = &*presence.0;
    let mut decoder = None;
    if let Some(ready) = ready {
        let loaded = shared.engine.decoder().map(|loaded| decoder = Some(loaded));
        let failed = loaded.is_err();
        // Whoever started the pool waits for this; if not, there is nobody to tell.
        let _ = ready.send(loaded);
        if failed {
            return;
        }
    }
    while let Some(job) = next(shared) {
        let (source, audio_millis) = (job.source, job.audio_millis);
        let began = Instant::now();
        let took = || u32::try_from(began.elapsed().as_millis()).unwrap_or(u32::MAX);
        let done = catch_unwind(AssertUnwindSafe(|| work(shared, &mut decoder, job.work, took)));
        // The speaker's next job may start before this one's result is told, but its result must
        // not be told first: the callback comes before the job counts as done.
        match done {
            Ok(callback) => tell(callback),
            Err(_) => {
                tracing::error!("the speech engine crashed on a clip");
                decoder = None;
            }
        }
        shared.lock().queue.handle_done(source, audio_millis, took());
        // A job that was held back by this one may wait for any thread.
        shared.work.notify_one();
    }
}

/// Waits for a job; `None` at the end.
fn next(shared: &Shared) -> Option<Job<Work>> {
    let mut state = shared.lock();
    loop {
        if state.stopping {
            return None;
        }
        if let Some(job) = state.queue.start_next() {
            return Some(job);
        }
        state = shared.work.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
}

type Callback = Box<dyn FnOnce()>;

/// Does one job; what is given back tells the result.
fn work<'engine>(
    shared: &'engine Shared,
    decoder: &mut Option<Decoder<'engine>>,
    work: Work,
    took_millis: impl Fn() -> u32,
) -> Callback {
    let ready = match decoder {
        Some(ready) => ready,
        None => match shared.engine.decoder() {
            Ok(loaded) => decoder.insert(loaded),
            Err(error) => {
                tracing::error!(%error, "a speech thread cannot load the model");
                return Box::new(|| give_up(work));
            }
        },
    };
    match work {
        Work::Live { action, on_done } => {
            let texts = live(ready, &action);
            let outcome = Outcome { action, texts, took_millis: took_millis() };
            Box::new(|| on_done(outcome))
        }
        Work::Piece(piece) => {
            let decoded = caught(|| ready.decode(piece.samples()));
            Box::new(|| piece.finish(decoded))
        }
    }
}

fn live(decoder: &mut Decoder<'_>, action: &Action) -> Option<Texts> {
    let mut decode = |clip: &Clip| match caught(|| decoder.decode(&clip.samples)) {
        Ok(decoded) => Some(decoded),
        Err(error) => {
            tracing::warn!(%error, "live speech is lost");
            None
        }
    };
    match action {
        Action::Partial(utterance) => {
            decode(&utterance.clip).map(|own| Texts { own, joined: None })
        }
        Action::Final(utterance, joined) => {
            let own = decode(&utterance.clip)?;
            let joined = joined.as_ref().and_then(|joined| decode(&joined.clip));
            Some(Texts { own, joined })
        }
    }
}

/// The engine's panic is this clip's failure.
fn caught(decode: impl FnOnce() -> Result<Decoded, EngineError>) -> Result<Decoded, EngineError> {
    catch_unwind(AssertUnwindSafe(decode))
        .unwrap_or_else(|_| Err(EngineError::Failed("the speech engine crashed".to_owned())))
}
