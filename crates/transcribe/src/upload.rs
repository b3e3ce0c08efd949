//! An uploaded file's bytes to 16 kHz mono, in bounded memory and time.
//!
//! Called on a blocking thread with bytes already in memory. What the file is, is read from its
//! content ([`Container::sniff`]); its name and its media type are not even asked for. Everything
//! in it is hostile: what it says of itself is taken out before a reader sees it, the length it
//! announces is checked before decoding and again after, decoding stops at the limit, and a fault
//! of a decoder ends this file only. Beside the file and its samples, a decode takes up to 100 MB
//! of a file made for it, and 1 MB of any other.

mod demux;
mod flac;
mod matroska;
mod mp4;
mod ogg;
mod sniff;
mod source;
mod vorbis;
mod wave;

use std::panic::{AssertUnwindSafe, catch_unwind};

use thiserror::Error;

use crate::audio::SAMPLE_RATE;
pub use sniff::Container;

/// What an upload may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The file's size. The default of 25 MB is ten minutes of CD quality FLAC, or hours of speech.
    pub bytes: usize,
    /// The audio's length. A second costs 64 kB of memory and about 0.04 s of one core.
    pub seconds: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 25 * 1024 * 1024, seconds: 600 }
    }
}

impl Limits {
    fn samples(self) -> usize {
        self.seconds as usize * SAMPLE_RATE as usize
    }
}

/// Why an upload is not taken. The texts are safe to show.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UploadError {
    /// Not audio that can be read; says what is wrong.
    #[error("this file cannot be read as audio: {0}")]
    Undecodable(&'static str),
    /// More audio than [`Limits::seconds`], announced or found.
    #[error("the audio is longer than {limit_seconds} seconds")]
    TooLong {
        /// The limit it went over.
        limit_seconds: u32,
    },
    /// More bytes than [`Limits::bytes`].
    #[error("the file is larger than {limit_bytes} bytes")]
    TooLarge {
        /// The limit it went over.
        limit_bytes: usize,
    },
}

/// Decodes the whole file to mono samples at 16 kHz.
pub fn decode(bytes: &[u8], limits: Limits) -> Result<Vec<f32>, UploadError> {
    if bytes.len() > limits.bytes {
        return Err(UploadError::TooLarge { limit_bytes: limits.bytes });
    }
    if bytes.is_empty() {
        return Err(UploadError::Undecodable("it is empty"));
    }
    let (container, audio) =
        Container::sniff(bytes).ok_or(UploadError::Undecodable("its format is not known"))?;
    // A decoder's panic is this file's fault, not the server's.
    catch_unwind(AssertUnwindSafe(|| demux::decode(container, audio, limits)))
        .unwrap_or(Err(UploadError::Undecodable("its content is damaged")))
}
