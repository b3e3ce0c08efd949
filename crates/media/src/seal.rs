//! What becomes of SRTP: the library drops what it cannot open without a word, and does not look for
//! replayed SRTCP at all. So its ciphers are watched, one layer deep, and each connection keeps what
//! RFC 3711 section 3.3.2 wants kept.
//!
//! The ciphers tell through a cell of their thread: a connection empties it before the library is given
//! a datagram and reads it right after, on the same thread.

mod watch;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, OnceLock};

use str0m::config::CryptoProvider;

pub(crate) use self::watch::{Tally, listen};
use crate::limit::SSRCS_MAX;
use crate::srtp::tapped;

/// The process's provider, with ciphers that are watched and keys that can be taken. `None`: there is none
/// yet.
pub(crate) fn provider() -> Option<Arc<CryptoProvider>> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let real = CryptoProvider::get_default()?;
    let watched = || CryptoProvider { srtp_provider: &watch::WATCHED, ..real.clone() };
    Some(Arc::clone(PROVIDER.get_or_init(|| Arc::new(tapped(watched())))))
}

/// Why nothing came of a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dropped {
    /// Not a readable datagram.
    Garbage,
    /// A key of somebody else, or changed on its way.
    Undecryptable,
    /// It has been here, or is too old to tell.
    Replayed,
    /// Of a stream that no section has, or of one stream too many.
    Unmapped,
}

/// What a connection has received of SRTP.
#[derive(Default)]
pub(crate) struct Seal {
    /// Bytes behind the index of an SRTCP packet; `None`: there are no keys yet.
    behind_index: Option<usize>,
    /// Streams of RTP that had a packet with the right key.
    heard: HashSet<u32>,
    /// The same of RTCP, with its indexes.
    controls: HashMap<u32, Window>,
}

impl Seal {
    /// Looks at a datagram before the library does.
    pub fn check(&self, bytes: &[u8]) -> Result<(), Dropped> {
        match Kind::of(bytes) {
            Kind::Rtp(ssrc) if self.heard.contains(&ssrc) => Ok(()),
            // Each would have a place of its own in the library for as long as the connection lives.
            Kind::Rtp(_) if self.heard.len() >= SSRCS_MAX => Err(Dropped::Unmapped),
            Kind::Rtcp(ssrc) => {
                let Some(index) = self.index(bytes) else { return Ok(()) };
                match self.controls.get(&ssrc) {
                    Some(window) if !window.accepts(index) => Err(Dropped::Replayed),
                    None if self.controls.len() >= SSRCS_MAX => Err(Dropped::Unmapped),
                    _ => Ok(()),
                }
            }
            Kind::Rtp(_) | Kind::Other => Ok(()),
        }
    }

    /// Takes note of ciphers that were made.
    pub fn learn(&mut self, tally: Tally) {
        self.behind_index = tally.behind_index.or(self.behind_index);
    }

    /// The stream of a datagram of RTP, if nothing of it was ever opened.
    pub fn unheard(&self, bytes: &[u8]) -> Option<u32> {
        match Kind::of(bytes) {
            Kind::Rtp(ssrc) if !self.heard.contains(&ssrc) => Some(ssrc),
            Kind::Rtp(_) | Kind::Rtcp(_) | Kind::Other => None,
        }
    }

    /// Takes note of what the library made of it.
    pub fn note(&mut self, bytes: &[u8], tally: Tally) -> Result<(), Dropped> {
        self.learn(tally);
        let kind = Kind::of(bytes);
        if tally.opened {
            match kind {
                Kind::Rtp(ssrc) => {
                    self.heard.insert(ssrc);
                }
                Kind::Rtcp(ssrc) => {
                    if let Some(index) = self.index(bytes) {
                        self.controls.entry(ssrc).or_default().update(index);
                    }
                }
                Kind::Other => {}
            }
            return Ok(());
        }
        match kind {
            Kind::Other => Ok(()),
            _ if tally.refused || self.behind_index.is_none() => Err(Dropped::Undecryptable),
            // It knew the number, or nobody announced the stream, without a look at the contents.
            Kind::Rtp(ssrc) if self.heard.contains(&ssrc) => Err(Dropped::Replayed),
            Kind::Rtp(_) => Err(Dropped::Unmapped),
            Kind::Rtcp(_) => Err(Dropped::Undecryptable),
        }
    }

    /// The index of an SRTCP packet (RFC 3711 section 3.4, RFC 7714 section 17).
    fn index(&self, bytes: &[u8]) -> Option<u32> {
        let end = bytes.len().checked_sub(self.behind_index?)?;
        let index = bytes.get(..end)?.last_chunk()?;
        Some(u32::from_be_bytes(*index) & 0x7fff_ffff)
    }
}

/// Whether a datagram is SRTCP, by its first bytes.
pub(crate) fn is_control(bytes: &[u8]) -> bool {
    matches!(Kind::of(bytes), Kind::Rtcp(_))
}

/// RFC 5761 section 4: the second byte tells RTCP from RTP.
enum Kind {
    Rtp(u32),
    Rtcp(u32),
    Other,
}

impl Kind {
    fn of(bytes: &[u8]) -> Self {
        let ssrc = |at: usize| bytes.get(at..)?.first_chunk().map(|ssrc| u32::from_be_bytes(*ssrc));
        match bytes {
            [128..=191, 192..=223, ..] => ssrc(4).map_or(Self::Other, Self::Rtcp),
            [128..=191, ..] => ssrc(8).map_or(Self::Other, Self::Rtp),
            _ => Self::Other,
        }
    }
}

/// Which of the newest numbers have been here. Older ones count as if they had.
#[derive(Default)]
pub(crate) struct Window {
    newest: u32,
    /// Bit n: the newest but n.
    seen: u128,
}

impl Window {
    pub fn accepts(&self, index: u32) -> bool {
        match self.newest.checked_sub(index) {
            None => true,
            Some(age) => age < u128::BITS && self.seen >> age & 1 == 0,
        }
    }

    pub fn update(&mut self, index: u32) {
        if let Some(ahead) = index.checked_sub(self.newest).filter(|ahead| *ahead > 0) {
            self.seen = self.seen.checked_shl(ahead).unwrap_or(0);
            self.newest = index;
        }
        self.seen |= 1_u128.checked_shl(self.newest - index).unwrap_or(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn control(ssrc: u8, index: u32) -> Vec<u8> {
        [&[0x80, 201, 0, 1, 0, 0, 0, ssrc, 7, 7][..], &(index | 1 << 31).to_be_bytes()].concat()
    }

    fn media(ssrc: u32) -> Vec<u8> {
        [&[0x80, 111, 0, 1, 0, 0, 0, 0][..], &ssrc.to_be_bytes(), &[7; 20]].concat()
    }

    const OPENED: Tally = Tally { opened: true, refused: false, behind_index: Some(0) };
    const REFUSED: Tally = Tally { opened: false, refused: true, behind_index: None };

    #[test]
    fn a_control_packet_counts_once_and_forged_ones_move_nothing() {
        let mut seal = Seal::default();
        for index in [5, 3, 9, 4] {
            assert_eq!(seal.check(&control(1, index)), Ok(()));
            assert_eq!(seal.note(&control(1, index), OPENED), Ok(()));
            assert_eq!(seal.check(&control(1, index)), Err(Dropped::Replayed));
        }
        assert_eq!(seal.note(&control(1, 50_000), REFUSED), Err(Dropped::Undecryptable));
        assert_eq!(seal.check(&control(1, 8)), Ok(()));
        assert_eq!(seal.check(&control(2, 9)), Ok(()), "another stream");
        seal.note(&control(1, 1000), OPENED).unwrap();
        assert_eq!(seal.check(&control(1, 1000 - 128)), Err(Dropped::Replayed), "too old to tell");
        assert_eq!(seal.check(&control(1, 1000 - 127)), Ok(()));
    }

    #[test]
    fn streams_are_bounded_and_known_ones_stay() {
        let mut seal = Seal::default();
        for ssrc in 0..SSRCS_MAX as u32 {
            assert_eq!(seal.check(&media(ssrc)), Ok(()));
            seal.note(&media(ssrc), OPENED).unwrap();
        }
        assert_eq!(seal.check(&media(70_000)), Err(Dropped::Unmapped));
        assert_eq!(seal.check(&media(7)), Ok(()));
        assert_eq!(seal.note(&media(7), Tally::default()), Err(Dropped::Replayed));
        assert_eq!(seal.note(&media(70_000), Tally::default()), Err(Dropped::Unmapped));
    }

    #[test]
    fn short_datagrams_are_nothing() {
        let mut seal = Seal::default();
        seal.note(&control(1, 1), OPENED).unwrap();
        for whole in [control(1, 2), media(1)] {
            for len in 0..8 {
                assert_eq!(seal.check(&whole[..len]), Ok(()));
                assert_eq!(seal.note(&whole[..len], Tally::default()), Ok(()));
            }
        }
    }
}
