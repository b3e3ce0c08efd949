//! The only place of the use cases that reads the clocks and makes ids.

use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use model::{Id, IdMaker, NodeId, Now, Timestamp};

/// Both clocks, now.
pub fn now() -> Now {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX);
    Now { mono: Instant::now(), wall: Timestamp::from_micros(micros) }
}

/// Makes this node's ids.
#[derive(Debug)]
pub struct Ids(Mutex<IdMaker>);

impl Ids {
    /// For the node with this number.
    pub fn new(node: NodeId) -> Self {
        Self(Mutex::new(IdMaker::new(node)))
    }

    /// The next id.
    pub fn next(&self) -> Id {
        // The maker is whole after every step, so a panic elsewhere has not broken it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).next_id(now().wall)
    }
}
