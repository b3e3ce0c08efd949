//! Keeping sockets honest: one that nobody is behind must be noticed in time.

use std::time::Duration;

/// How often a client is asked for a sign of life. With [`SILENT_MAX`] this keeps a client that vanished
/// without closing within the ten seconds after which it has left.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(4);

/// A socket that has been silent for this long when the next ping is due has nobody behind it. Less than
/// two pings apart: who vanished right after an answer is noticed at the second ping, after eight
/// seconds, and not at the third. More than one, so that an answer may take three seconds.
pub(crate) const SILENT_MAX: Duration = Duration::from_secs(7);
