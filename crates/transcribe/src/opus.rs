//! Opus packets to 16 kHz mono: uploads (Ogg, WebM) and the tap on live audio.
//!
//! The one place in this crate that is not safe Rust: a wrapper around the decoder of
//! `unsafe-libopus`. The codec renders any stream at 16 kHz mono itself, so nothing is resampled
//! or mixed down after it.

use std::ptr::NonNull;

use unsafe_libopus::{
    OPUS_OK, OpusDecoder as Raw, opus_decode_float, opus_decoder_create, opus_decoder_destroy,
};

use crate::audio::{SAMPLE_RATE, samples_in};

/// The longest Opus packet is 120 ms (RFC 6716 section 3.2.5).
const PACKET_SAMPLES_MAX: usize = samples_in(120);

/// These bytes are no Opus packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Opus packet")]
pub struct NotOpus;

/// The decoder of one stream.
pub struct OpusDecoder {
    decoder: NonNull<Raw>,
    samples: Box<[f32; PACKET_SAMPLES_MAX]>,
}

// SAFETY: the decoder is a plain heap allocation without thread affinity, reachable only through
// this owner, and every use takes `&mut self`.
unsafe impl Send for OpusDecoder {}

impl OpusDecoder {
    /// `None` when there is no memory for one.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut error = 0;
        // SAFETY: 16 kHz mono is something the codec has, and `error` lives for the call.
        let decoder = unsafe { opus_decoder_create(SAMPLE_RATE as i32, 1, &raw mut error) };
        let decoder = NonNull::new(decoder).filter(|_| error == OPUS_OK)?;
        Some(Self { decoder, samples: Box::new([0.0; PACKET_SAMPLES_MAX]) })
    }

    /// The packet's audio.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], NotOpus> {
        // An empty packet would ask the decoder to invent one.
        let len = i32::try_from(packet.len()).ok().filter(|&len| len > 0).ok_or(NotOpus)?;
        // SAFETY: the decoder is alive until drop; `packet` is readable for `len` bytes and
        // `samples` writable for PACKET_SAMPLES_MAX of the one channel it was created with.
        let count = unsafe {
            opus_decode_float(
                self.decoder.as_mut(),
                packet.as_ptr(),
                len,
                self.samples.as_mut_ptr(),
                PACKET_SAMPLES_MAX as i32,
                0,
            )
        };
        let count = usize::try_from(count).map_err(|_| NotOpus)?;
        self.samples.get(..count).ok_or(NotOpus)
    }
}

impl Drop for OpusDecoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_decoder_create and destroyed once, here.
        unsafe { opus_decoder_destroy(self.decoder.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn no_bytes_are_no_packet() {
        assert_eq!(OpusDecoder::new().unwrap().decode(&[]), Err(NotOpus));
    }

    #[test]
    fn a_packet_of_silence_is_as_long_as_it_says() {
        // SILK wideband, 20 ms, one frame (RFC 6716 table 2, configuration 9).
        let samples = OpusDecoder::new().unwrap().decode(&[9 << 3]).map(<[f32]>::len);
        assert_eq!(samples, Ok(320));
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(packets in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..200), 0..20))
        {
            let mut decoder = OpusDecoder::new().unwrap();
            for packet in packets {
                let _ = decoder.decode(&packet);
            }
        }
    }
}
