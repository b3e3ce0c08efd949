//! Threads that decode what waits in the [`queue`](crate::queue), on one shared model.
//!
//! The caller is never blocked by a decode: results come by a callback on a pool thread, which
//! should only pass them on. Every job taken ends in exactly one call, also when it is dropped,
//! fails, or the pool stops.

mod file;
mod worker;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::engine::{Engine, EngineError};
use crate::queue::{Busy, Job, Kind, Limits, Queue, Source};
use crate::track::Outcome;
use crate::utterance::Action;
pub use file::{FileError, FileSlot};

/// The pool; its threads end soon after it is dropped.
pub struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    engine: Engine,
    state: Mutex<State>,
    work: Condvar,
    /// Told when the last thread ends.
    ended: Condvar,
}

struct State {
    queue: Queue<Work>,
    stopping: bool,
    threads: usize,
    next_file: u64,
}

/// What a job is to do and whom to tell.
enum Work {
    Live { action: Action, on_done: Box<dyn FnOnce(Outcome) + Send> },
    Piece(file::Work),
}

impl Shared {
    /// A panic cannot happen under this lock; if it did, the queue would still be whole.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pool {
    /// Starts `limits.threads` threads. The first loads its part of the model before this returns,
    /// so that a broken model is an error here; the others do with their first job.
    pub fn start(engine: Engine, limits: Limits) -> Result<Self, EngineError> {
        let queue = Queue::new(limits);
        let state = State { queue, stopping: false, threads: 0, next_file: 0 };
        let (state, work, ended) = (Mutex::new(state), Condvar::new(), Condvar::new());
        let pool = Self { shared: Arc::new(Shared { engine, state, work, ended }) };
        let (ready, loaded) = std::sync::mpsc::sync_channel(1);
        for number in 0..limits.threads.max(1) {
            let presence = worker::Presence::new(Arc::clone(&pool.shared));
            let ready = (number == 0).then(|| ready.clone());
            std::thread::Builder::new()
                .name(format!("speech-{number}"))
                .spawn(move || worker::run(&presence, ready))
                .map_err(|error| EngineError::Unavailable(error.to_string()))?;
        }
        let gone = EngineError::Unavailable("the speech engine crashed while loading".to_owned());
        drop(ready);
        loaded.recv().unwrap_or(Err(gone))?;
        Ok(pool)
    }

    /// The engine in use.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    /// Asks for a live decode of `speaker`. A guess is always taken (and may be given up); a final
    /// is refused when too many wait, and comes back: keep it and submit it again a little later,
    /// and hold back that speaker's later ones until it is taken, as their order is this one's.
    pub fn submit(
        &self,
        speaker: u64,
        action: Action,
        on_done: impl FnOnce(Outcome) + Send + 'static,
    ) -> Result<(), (Busy, Action)> {
        let (kind, audio_millis) = match &action {
            Action::Partial(utterance) => (Kind::Partial, utterance.clip.millis()),
            Action::Final(utterance, joined) => {
                let joined = joined.as_ref().map_or(0, |joined| joined.clip.millis());
                (Kind::Final, utterance.clip.millis() + joined)
            }
        };
        let work = Work::Live { action, on_done: Box::new(on_done) };
        let source = Source::Speaker(speaker);
        let mut state = self.shared.lock();
        if state.stopping {
            drop(state);
            give_up(work);
            return Ok(());
        }
        let pushed = state.queue.push(Job { source, kind, audio_millis, work });
        drop(state);
        match pushed {
            Ok(dropped) => {
                self.shared.work.notify_one();
                dropped.into_iter().for_each(|job| give_up(job.work));
                Ok(())
            }
            Err((busy, job)) => match job.work {
                Work::Live { action, .. } => Err((busy, action)),
                Work::Piece(_) => Ok(()),
            },
        }
    }

    /// Drops the guesses of `speaker` that wait: nobody wants them any more.
    pub fn cancel(&self, speaker: u64) {
        let dropped = self.shared.lock().queue.cancel(Source::Speaker(speaker));
        dropped.into_iter().for_each(|job| give_up(job.work));
    }

    /// How many jobs wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.shared.lock().queue.len()
    }

    /// Gives up what waits, breaks off what is being decoded where the engine can, and waits for
    /// the threads, but no longer than `within`. Whether they have ended. A process that leaves
    /// `main` while one still decodes may crash: the runtime library is taken down under it.
    pub fn stop(&self, within: Duration) -> bool {
        self.close();
        let running = |state: &mut State| state.threads > 0;
        let ended = self.shared.ended.wait_timeout_while(self.shared.lock(), within, running);
        let (state, _) = ended.unwrap_or_else(PoisonError::into_inner);
        state.threads == 0
    }

    fn close(&self) {
        let waiting = {
            let mut state = self.shared.lock();
            state.stopping = true;
            state.queue.drain()
        };
        self.shared.engine.interrupt();
        self.shared.work.notify_all();
        waiting.into_iter().for_each(|job| give_up(job.work));
    }
}

/// Waits for nothing: the last owner may be a callback on a thread of the pool.
impl Drop for Pool {
    fn drop(&mut self) {
        self.close();
    }
}

/// Tells whoever waits that there will be no text.
fn give_up(work: Work) {
    match work {
        Work::Live { action, on_done } => {
            tell(|| on_done(Outcome { action, texts: None, took_millis: 0 }));
        }
        Work::Piece(work) => tell(|| work.give_up()),
    }
}

/// A callback's panic is not the pool's end.
fn tell(callback: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(callback)).is_err() {
        tracing::error!("a listener for speech results panicked");
    }
}
