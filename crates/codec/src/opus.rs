//! Opus (RFC 6716), mono. Any stream is rendered at the rate that is asked for, whatever it was made at, and
//! stereo is mixed down by the codec.

mod decoder;
mod encoder;

pub use decoder::Decoder;
pub use encoder::Encoder;

/// The longest packet is 120 ms (RFC 6716 section 3.2.5).
pub const PACKET_MS_MAX: usize = 120;
/// Bytes of the longest frame (RFC 6716 section 3.4, R2).
pub const FRAME_BYTES_MAX: usize = 1275;

/// These bytes are no Opus packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Opus packet")]
pub struct NotOpus;

/// Samples a second, as far as Opus has them (RFC 6716 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rate {
    /// 8000: enough for a level, and the cheapest.
    Narrow,
    /// 16,000: what speech models want.
    Wide,
    /// 48,000: all that there is.
    Full,
}

impl Rate {
    /// Samples a second.
    pub const fn hz(self) -> usize {
        match self {
            Self::Narrow => 8000,
            Self::Wide => 16_000,
            Self::Full => 48_000,
        }
    }

    /// Samples in so many milliseconds.
    pub const fn samples_in(self, ms: usize) -> usize {
        self.hz() / 1000 * ms
    }
}
