//! What a room writes to the store, and what it still owes it.
//!
//! While the store is away nobody comes in, but leaving, muting and timeouts hold at once: their rows
//! wait here and are written in order when it is back.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use model::RoomId;
use room::Event;
use store::Store;

use crate::Refusal;

/// Rows that may wait. A room of 1000 that empties owes 1000; beyond this, changes are refused rather
/// than forgotten.
const PENDING_MAX: usize = 10_000;

/// How long to wait before the store is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(1);

pub(super) struct Journal {
    store: Store,
    room: RoomId,
    pending: VecDeque<Event>,
    retry_at: Option<Instant>,
}

impl Journal {
    pub(super) fn new(store: Store, room: RoomId) -> Self {
        Self { store, room, pending: VecDeque::new(), retry_at: None }
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// When [`Journal::retry`] has something to do.
    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// Writes what of the events is kept. Refuses only what must not be without the store: joins, and
    /// more than may wait.
    pub(super) async fn append(&mut self, events: &[Event], now: Instant) -> Result<(), Refusal> {
        if !events.iter().any(store::is_stored) {
            return Ok(());
        }
        if self.pending.is_empty() {
            match self.store.append(self.room, events).await {
                Ok(()) => return Ok(()),
                Err(error) => tracing::error!(%error, "the store failed; rows wait"),
            }
        }
        let joins = events.iter().any(|event| matches!(event, Event::SessionStarted { .. }));
        if joins || self.pending.len() + events.len() > PENDING_MAX {
            return Err(Refusal::unavailable());
        }
        self.pending.extend(events.iter().filter(|event| store::is_stored(event)).cloned());
        self.retry_at = Some(now + RETRY_AFTER);
        Ok(())
    }

    /// Tries to write what waits, when it is time.
    pub(super) async fn retry(&mut self, now: Instant) {
        if self.retry_at.is_none_or(|at| at > now) {
            return;
        }
        let written = self.store.append(self.room, self.pending.make_contiguous()).await;
        match written {
            Ok(()) => {
                self.pending.clear();
                self.retry_at = None;
            }
            Err(_) => self.retry_at = Some(now + RETRY_AFTER),
        }
    }
}
