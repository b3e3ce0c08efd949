//! Keeping sockets honest: one that nobody is behind must be noticed in time.

use std::time::Duration;

/// How often a client is asked for a sign of life. With [`SILENT_MAX`] this keeps a client that vanished
/// without closing within the ten seconds after which it has left.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(4);

/// A socket that has been silent for this long has nobody behind it: two pings unanswered.
pub(crate) const SILENT_MAX: Duration = Duration::from_secs(8);
