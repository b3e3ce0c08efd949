//! Times on the wire.

use model::Timestamp;

/// RFC 3339 in UTC with milliseconds and `Z`.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    format!("{:.3}", civil(at))
}

/// The same with microseconds, where what came later must be seen to.
pub(crate) fn rfc3339_exact(at: Timestamp) -> String {
    format!("{:.6}", civil(at))
}

fn civil(at: Timestamp) -> jiff::Timestamp {
    // The range of jiff's timestamps is far wider than any clock's.
    jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn utc_with_z() {
        let at = Timestamp::from_micros(1_769_644_800_123_456);
        assert_eq!(rfc3339(at), "2026-01-29T00:00:00.123Z");
        assert_eq!(rfc3339_exact(at), "2026-01-29T00:00:00.123456Z");
    }
}
