//! A mixer's thread, beside the worker thread that it mixes for.
//!
//! Neither waits for the other: what finds no place in a queue is given up and counted, as the mixer bears.
//! The thread sleeps while nothing is to be mixed, and ends with its worker. A panic in it, which could
//! only be the codec's, costs what was being mixed.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Instant;

use media::{Mix, Mixed, Mixer};

use crate::wake::Waker;

/// Packets that wait for the mixer: 20 ms of fifty rooms with several voices. With more waiting it does not
/// keep up, and they would only be late.
const MIXES_MAX: usize = 512;
/// Mixes of rooms that wait for the worker, some tens of milliseconds of as many rooms.
const MIXED_MAX: usize = 256;

/// A worker's end.
pub(crate) struct Mixing {
    /// `None`: it is ending.
    mixes: Option<SyncSender<Mix>>,
    mixed: Receiver<Mixed>,
    given_up: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl Mixing {
    /// Starts the thread. `waker` is its worker's.
    pub fn start(number: u8, waker: Waker) -> io::Result<Self> {
        let (mixes, receiver) = sync_channel(MIXES_MAX);
        let (sender, mixed) = sync_channel(MIXED_MAX);
        let given_up = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&given_up);
        let body = move || {
            let run = || run(&receiver, &sender, &waker, &counted);
            while catch_unwind(AssertUnwindSafe(run)).is_err() {
                tracing::error!(worker = number, "a mixer died and is replaced");
            }
        };
        let thread = std::thread::Builder::new().name(format!("mixer-{number}")).spawn(body)?;
        Ok(Self { mixes: Some(mixes), mixed, given_up, thread: Some(thread) })
    }

    /// Hands the mixer something, or gives it up.
    pub fn push(&self, mix: Mix) {
        let taken = self.mixes.as_ref().is_some_and(|mixes| mixes.try_send(mix).is_ok());
        if !taken {
            self.given_up.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// What has been mixed.
    pub fn take(&self) -> impl Iterator<Item = Mixed> {
        self.mixed.try_iter().take(MIXED_MAX)
    }

    /// Packets and mixes given up so far.
    pub fn given_up(&self) -> u64 {
        self.given_up.load(Ordering::Relaxed)
    }
}

impl Drop for Mixing {
    fn drop(&mut self) {
        self.mixes = None;
        if let Some(thread) = self.thread.take() {
            // Its panics were caught.
            let _ = thread.join();
        }
    }
}

/// Mixes until the worker is gone.
fn run(mixes: &Receiver<Mix>, mixed: &SyncSender<Mixed>, waker: &Waker, given_up: &AtomicU64) {
    let mut mixer = Mixer::default();
    let mut left_out = 0;
    loop {
        let next = match mixer.poll_timeout() {
            None => mixes.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(at) => mixes.recv_timeout(at.saturating_duration_since(Instant::now())),
        };
        let now = Instant::now();
        match next {
            Ok(mix) => {
                mixer.handle_mix(now, mix);
                mixes.try_iter().take(MIXES_MAX).for_each(|mix| mixer.handle_mix(now, mix));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        mixer.handle_timeout(now);
        let mut any = false;
        while let Some(sound) = mixer.poll_output() {
            any = true;
            if mixed.try_send(sound).is_err() {
                given_up.fetch_add(1, Ordering::Relaxed);
            }
        }
        if any {
            waker.wake();
        }
        given_up.fetch_add(mixer.left_out() - left_out, Ordering::Relaxed);
        left_out = mixer.left_out();
    }
}
