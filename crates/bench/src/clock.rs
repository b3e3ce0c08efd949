//! The clock of packets: nanoseconds since 1970, as the kernel stamps arrivals.

use std::time::{SystemTime, UNIX_EPOCH};

/// Now.
pub fn unix_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
