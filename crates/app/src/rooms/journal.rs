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
use crate::clock::now;
use crate::refusal::causes;

/// Rows that may wait. A room of 1000 that empties owes 1000; beyond this, moderators are refused rather
/// than their decisions forgotten. Leaving is never refused: there are no more sessions than came in.
const PENDING_MAX: usize = 10_000;

/// How long a room waits for the store before a change that must hold at once does so without it.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often a room that ends tries to write what it owes before it gives up.
const LAST_TRIES: usize = 20;

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

    /// Writes what of the events is kept. Refuses only what must not be without the store: joins, what
    /// describes the room, and more than may wait.
    pub(super) async fn append(&mut self, events: &[Event], now: Instant) -> Result<(), Refusal> {
        if !events.iter().any(store::is_stored) {
            return Ok(());
        }
        let joins = events.iter().any(waits_for_the_store);
        if self.pending.is_empty() {
            // Who comes in waits for the store as long as it takes; who is muted does not.
            let patience = if joins { Duration::MAX } else { PATIENCE };
            if self.write(events, patience).await {
                return Ok(());
            }
        }
        let chosen = |event: &Event| {
            matches!(
                event,
                Event::Moderated { .. }
                    | Event::CaptionsSwitched { .. }
                    | Event::SpeakerMade { .. }
                    | Event::SpeakerRevoked { .. }
            )
        };
        // Leaving, too, may end a speaker's role.
        let leaves = events.iter().any(|event| matches!(event, Event::SessionEnded { .. }));
        let refusable = !leaves && events.iter().any(chosen);
        let full = self.pending.len() + events.len() > PENDING_MAX;
        if joins || full && refusable {
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
        let owed: Vec<Event> = self.pending.iter().cloned().collect();
        if self.write(&owed, PATIENCE).await {
            self.pending.clear();
            self.retry_at = None;
        } else {
            self.retry_at = Some(now + RETRY_AFTER);
        }
    }

    /// The room ends: what it owes is written now or never.
    pub(super) async fn settle(&mut self) {
        for _ in 0..LAST_TRIES {
            if self.pending.is_empty() {
                return;
            }
            tokio::time::sleep(RETRY_AFTER).await;
            self.retry(now().mono).await;
        }
        tracing::error!(rows = self.pending.len(), "a room ended with rows unwritten");
    }

    /// Rows may be written twice when the patience ends just before they are in: ends and marks come
    /// out the same.
    async fn write(&self, events: &[Event], patience: Duration) -> bool {
        let appended = self.store.append(self.room, events);
        match tokio::time::timeout(patience, appended).await {
            Ok(Ok(())) => true,
            Ok(Err(error)) => {
                tracing::error!(error = causes(&error), "the store failed; rows wait");
                false
            }
            Err(_) => {
                tracing::warn!("the store is slow; rows wait");
                false
            }
        }
    }
}

/// Whether it must be in the store before it is so: nobody comes in that is not on record, and nothing is
/// said of the room that a restart would take back.
fn waits_for_the_store(event: &Event) -> bool {
    matches!(
        event,
        Event::SessionStarted { .. }
            | Event::SessionArrived { .. }
            | Event::TopicChanged { .. }
            | Event::SettingsChanged { .. }
    )
}
