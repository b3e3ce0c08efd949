//! Events on their way from a worker thread to the application.
//!
//! The thread must not wait for the application, and the application must not miss an event. So what
//! does not fit into the channel waits here, where a newer list of slots replaces an older one.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use media::Event;
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;

/// Events that wait at most. Only an application that has stopped reads so slowly; after that the
/// oldest go and are counted.
const WAITING_MAX: usize = 65_536;

/// Between two tries of a thread that has nothing else left to do.
const RETRY_AFTER: Duration = Duration::from_millis(5);

/// Tells the application from a thread that ends: waits for it, unless it stops as well.
pub(crate) fn tell(sender: &mpsc::Sender<Event>, mut event: Event, stop: &AtomicBool) {
    while let Err(TrySendError::Full(unsent)) = sender.try_send(event) {
        if stop.load(Ordering::Acquire) {
            return;
        }
        event = unsent;
        std::thread::sleep(RETRY_AFTER);
    }
}

/// One worker's way to the application.
pub(crate) struct Outlet {
    sender: mpsc::Sender<Event>,
    waiting: VecDeque<Event>,
    pub dropped: u64,
}

impl Outlet {
    pub fn new(sender: mpsc::Sender<Event>) -> Self {
        Self { sender, waiting: VecDeque::new(), dropped: 0 }
    }

    /// Sends an event, now or later.
    pub fn push(&mut self, event: Event) {
        if !self.waiting.is_empty() {
            self.wait(event);
            return;
        }
        if let Err(TrySendError::Full(event)) = self.sender.try_send(event) {
            self.wait(event);
        }
    }

    /// Sends what waited. `true`: some still waits.
    pub fn flush(&mut self) -> bool {
        while let Some(event) = self.waiting.pop_front() {
            if let Err(TrySendError::Full(event)) = self.sender.try_send(event) {
                self.waiting.push_front(event);
                return true;
            }
        }
        false
    }

    fn wait(&mut self, event: Event) {
        if let Event::Slots { session, .. } = &event {
            let same =
                |other: &Event| matches!(other, Event::Slots { session: s, .. } if s == session);
            self.waiting.retain(|other| !same(other));
        }
        if self.waiting.len() >= WAITING_MAX {
            self.waiting.pop_front();
            self.dropped += 1;
        }
        self.waiting.push_back(event);
    }
}

#[cfg(test)]
mod tests {
    use model::SessionId;

    use super::*;

    fn session(n: i64) -> SessionId {
        SessionId::from_i64(n).unwrap()
    }

    #[test]
    fn nothing_is_lost_and_order_holds() {
        let (sender, mut receiver) = mpsc::channel(2);
        let mut outlet = Outlet::new(sender);
        for n in 0..10 {
            outlet.push(Event::Connected { session: session(n) });
        }
        for n in 0..10 {
            assert_eq!(receiver.try_recv(), Ok(Event::Connected { session: session(n) }));
            outlet.flush();
        }
        assert!(!outlet.flush());
    }

    #[test]
    fn only_the_newest_slots_wait() {
        let (sender, mut receiver) = mpsc::channel(1);
        let mut outlet = Outlet::new(sender);
        outlet.push(Event::Connected { session: session(1) });
        for _ in 0..5 {
            outlet.push(Event::Slots { session: session(1), slots: Vec::new() });
        }
        assert_eq!(outlet.waiting.len(), 1);
        receiver.try_recv().unwrap();
        outlet.flush();
        assert!(matches!(receiver.try_recv(), Ok(Event::Slots { .. })));
    }
}
