//! An event as it is kept and shared: its kind, and its data as JSON text, which is the same in both
//! envelopes and for everyone who is told. The number is each session's own and put around it later.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde::Serialize;

/// One event.
pub(super) struct Dispatch {
    kind: &'static str,
    data: Box<str>,
    held: Held,
}

impl Dispatch {
    /// Its kind on the wire.
    pub(super) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Its data: JSON.
    pub(super) fn data(&self) -> &str {
        &self.data
    }
}

impl fmt::Debug for Dispatch {
    // The data may be a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dispatch").field("kind", &self.kind).finish_non_exhaustive()
    }
}

impl Drop for Dispatch {
    fn drop(&mut self) {
        self.held.0.fetch_sub(self.data.len(), Ordering::Relaxed);
    }
}

/// Counts the bytes of all events that somebody still holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Held(Arc<AtomicUsize>);

impl Held {
    /// Makes an event of data that is serialized now.
    pub(super) fn dispatch(&self, kind: &'static str, data: &impl Serialize) -> Arc<Dispatch> {
        // Our own types, with texts as keys, cannot fail to be JSON.
        let data = serde_json::to_string(data).unwrap_or_else(|_| "{}".to_owned());
        self.0.fetch_add(data.len(), Ordering::Relaxed);
        Arc::new(Dispatch { kind, data: data.into(), held: self.clone() })
    }

    /// How many bytes are held.
    pub(super) fn bytes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nobody_holds_does_not_count_and_nothing_of_it_prints() {
        let held = Held::default();
        let one = held.dispatch("media_token_refresh", &["secret"]);
        let other = held.dispatch("ready", &1);
        assert_eq!((one.data(), held.bytes()), ("[\"secret\"]", 11));
        assert!(!format!("{one:?}").contains("secret"));
        drop(one);
        assert_eq!(held.bytes(), 1);
        drop(other);
        assert_eq!(held.bytes(), 0);
    }
}
