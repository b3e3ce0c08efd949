//! Voices on their way from a worker thread to whoever writes captions.
//!
//! The thread must not wait for the listener, so a packet that does not fit is given up and counted;
//! sound that is late is of no use to a caption. A beginning or an end is never given up: it waits here,
//! and while one waits no packet passes it, so that for each session what the listener gets is always
//! `Began`, its packets, `Ended`.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use media::Voice;
use model::SessionId;

/// Between two tries of a thread that has nothing else left to do.
const RETRY_AFTER: Duration = Duration::from_millis(5);
/// How long a thread that died tries to hand in the ends of its voices. They come before its sessions
/// are reported and opened elsewhere; more would keep people waiting for a listener that is stuck.
const ENDING_WITHIN: Duration = Duration::from_secs(2);

/// Where voices go. Clones are the same one; all worker threads call it, each for its own sessions.
#[derive(Clone)]
pub struct Tap(Arc<Take>);

type Take = dyn Fn(Voice) -> Result<(), Voice> + Send + Sync;

impl Tap {
    /// `take` is called on the media threads: it must not block, and what it panics over ends the
    /// thread. `Err` gives back what does not fit now. A listener that is gone for good should
    /// rather say `Ok`.
    pub fn new(take: impl Fn(Voice) -> Result<(), Voice> + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Tap")
    }
}

/// One worker's way to the tap.
pub(crate) struct Voices {
    /// `None`: nobody listens.
    tap: Option<Tap>,
    /// Beginnings and ends that did not fit, oldest first. For a session at most an end and the
    /// beginning after it, so never more than twice the sessions of the worker.
    waiting: VecDeque<Voice>,
    /// Sessions that have begun and not ended.
    begun: HashSet<SessionId>,
    /// Packets that did not fit.
    pub dropped: u64,
}

impl Voices {
    pub fn new(tap: Option<Tap>) -> Self {
        Self { tap, waiting: VecDeque::new(), begun: HashSet::new(), dropped: 0 }
    }

    /// Hands in a piece of a voice, now, later, or, if it is a packet, perhaps never.
    pub fn push(&mut self, voice: Voice) {
        if self.tap.is_none() {
            return;
        }
        let waits = self.flush();
        match voice {
            Voice::Packet { .. } => {
                if waits || self.offer(voice).is_err() {
                    self.dropped += 1;
                }
            }
            Voice::Began { session, .. } => {
                self.begun.insert(session);
                self.waiting.push_back(voice);
                self.flush();
            }
            Voice::Ended { session } => {
                self.begun.remove(&session);
                if !self.take_back_beginning(session) {
                    self.waiting.push_back(voice);
                    self.flush();
                }
            }
        }
    }

    /// Hands in what waited. `true`: some still waits.
    pub fn flush(&mut self) -> bool {
        while let Some(voice) = self.waiting.pop_front() {
            if let Err(voice) = self.offer(voice) {
                self.waiting.push_front(voice);
                return true;
            }
        }
        false
    }

    fn offer(&self, voice: Voice) -> Result<(), Voice> {
        self.tap.as_ref().map_or(Ok(()), |tap| (tap.0)(voice))
    }

    /// A beginning that nobody has been told of needs no end: somebody who mutes and unmutes while
    /// the tap is full must not make the queue grow.
    fn take_back_beginning(&mut self, session: SessionId) -> bool {
        let began =
            |voice: &Voice| matches!(voice, Voice::Began { session: s, .. } if *s == session);
        let found = self.waiting.iter().rposition(began);
        found.is_some_and(|at| self.waiting.remove(at).is_some())
    }

    /// The thread ends: so does every voice on it. Waits for the tap a while, unless the whole media
    /// side stops.
    pub fn end_all(&mut self, stop: &AtomicBool) {
        for session in std::mem::take(&mut self.begun) {
            self.push(Voice::Ended { session });
        }
        let give_up_at = Instant::now() + ENDING_WITHIN;
        while self.flush() && !stop.load(Ordering::Acquire) {
            if Instant::now() >= give_up_at {
                tracing::error!(ends = self.waiting.len(), "nobody takes the ends of voices");
                return;
            }
            std::thread::sleep(RETRY_AFTER);
        }
    }
}

#[cfg(test)]
mod tests;
