//! What a connection is, by its first byte. HTTP, TLS and media share one port, so that media gets through where
//! nothing else does.

use std::time::Duration;

use tokio::net::TcpStream;

/// A client that has not said anything by then is dropped. Browsers open connections that they may never
/// use, and open another when they need one.
const FIRST_BYTE_WITHIN: Duration = Duration::from_secs(2);

/// What a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A framed ICE check: the upper byte of a length below 1024 (RFC 4571 section 2).
    Media,
    /// A TLS record with a handshake (RFC 8446 section 5.1).
    Tls,
    /// A method (RFC 9110 section 9.1).
    Http,
    /// None of them.
    Other,
}

impl Kind {
    pub(super) fn of(first: u8) -> Self {
        match first {
            0x00..=0x03 => Self::Media,
            0x16 => Self::Tls,
            b'A'..=b'Z' | b'a'..=b'z' => Self::Http,
            _ => Self::Other,
        }
    }
}

/// Waits for the first byte and leaves it where it is. `None`: it does not come.
pub(super) async fn kind(stream: &TcpStream) -> Option<Kind> {
    let mut first = [0];
    let peeked = tokio::time::timeout(FIRST_BYTE_WITHIN, stream.peek(&mut first)).await;
    matches!(peeked, Ok(Ok(1))).then(|| Kind::of(first[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_one_thing() {
        let of = |kind| (0..=u8::MAX).filter(|byte| Kind::of(*byte) == kind).collect::<Vec<_>>();
        assert_eq!(of(Kind::Media), [0, 1, 2, 3]);
        assert_eq!(of(Kind::Tls), [0x16]);
        assert_eq!(of(Kind::Http).len(), 52);
        assert!(b"GETPOSTgetPRI".iter().all(|byte| Kind::of(*byte) == Kind::Http));
    }
}
