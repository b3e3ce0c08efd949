//! The loudness of an Opus packet, for senders that do not write it into a header extension.
//!
//! The one place in the media core that is not safe Rust: a wrapper around the decoder of
//! `unsafe-libopus`. Decoding at 8 kHz mono is the cheapest the codec has, and enough for a level.

use std::ptr::NonNull;

use unsafe_libopus::{
    OPUS_OK, OpusDecoder, opus_decode, opus_decoder_create, opus_decoder_destroy,
};

const SAMPLE_RATE_HZ: i32 = 8000;
/// The longest Opus packet is 120 ms (RFC 6716 section 3.2.5).
const SAMPLES_MAX: usize = 8000 * 120 / 1000;
/// What a silent packet measures.
const SILENCE_DBOV: i8 = -127;

/// A decoder that only tells how loud it is.
pub(crate) struct LevelDecoder {
    decoder: NonNull<OpusDecoder>,
    samples: Box<[i16; SAMPLES_MAX]>,
}

// SAFETY: the decoder is a plain heap allocation without thread affinity, reachable only through
// this owner, and every use takes `&mut self`.
unsafe impl Send for LevelDecoder {}

impl LevelDecoder {
    /// `None` when there is no memory for one.
    pub fn new() -> Option<Self> {
        let mut error = 0;
        // SAFETY: rate and channel count are values the codec has, and `error` lives for the call.
        let decoder = unsafe { opus_decoder_create(SAMPLE_RATE_HZ, 1, &raw mut error) };
        let decoder = NonNull::new(decoder).filter(|_| error == OPUS_OK)?;
        Some(Self { decoder, samples: Box::new([0; SAMPLES_MAX]) })
    }

    /// The level of a packet in dBov (0 loudest, -127 silence); `None` if it is no Opus packet.
    pub fn level(&mut self, packet: &[u8]) -> Option<i8> {
        // An empty packet would ask the decoder to invent one.
        let len = i32::try_from(packet.len()).ok().filter(|&len| len > 0)?;
        // SAFETY: the decoder is alive until drop; `packet` is readable for `len` bytes and `samples`
        // writable for SAMPLES_MAX of the one channel it was created with.
        let decoded = unsafe {
            opus_decode(
                self.decoder.as_ptr(),
                packet.as_ptr(),
                len,
                self.samples.as_mut_ptr(),
                SAMPLES_MAX as i32,
                0,
            )
        };
        let count = usize::try_from(decoded).ok().filter(|&count| count > 0)?;
        self.samples.get(..count).map(level_of)
    }
}

impl Drop for LevelDecoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_decoder_create and destroyed once, here.
        unsafe { opus_decoder_destroy(self.decoder.as_ptr()) }
    }
}

/// Root mean square, relative to full scale (RFC 6465 appendix A).
fn level_of(samples: &[i16]) -> i8 {
    let sum: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let rms = (sum / samples.len() as f64).sqrt() / f64::from(i16::MAX);
    let dbov = if rms > 0.0 { 20.0 * rms.log10() } else { f64::from(SILENCE_DBOV) };
    dbov.round().clamp(f64::from(SILENCE_DBOV), 0.0) as i8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use unsafe_libopus::{
        OPUS_APPLICATION_VOIP, opus_encode, opus_encoder_create, opus_encoder_destroy,
    };

    use super::*;

    /// `count` packets of 20 ms with a 440 Hz tone of this amplitude (0 to 1).
    fn tone(amplitude: f64, count: usize) -> Vec<Vec<u8>> {
        let mut error = 0;
        // SAFETY: valid rate, channels and application; `error` lives for the call.
        let encoder =
            unsafe { opus_encoder_create(48_000, 1, OPUS_APPLICATION_VOIP, &raw mut error) };
        assert!(!encoder.is_null());
        let mut packets = Vec::new();
        for n in 0..count {
            let samples: Vec<i16> = (n * 960..(n + 1) * 960)
                .map(|i| {
                    let phase = i as f64 * 440.0 * std::f64::consts::TAU / 48_000.0;
                    (phase.sin() * amplitude * f64::from(i16::MAX)) as i16
                })
                .collect();
            let mut packet = vec![0; 1275];
            // SAFETY: 960 samples are 20 ms at 48 kHz mono, `packet` is writable for its length.
            let len =
                unsafe { opus_encode(encoder, samples.as_ptr(), 960, packet.as_mut_ptr(), 1275) };
            packet.truncate(usize::try_from(len).unwrap());
            packets.push(packet);
        }
        // SAFETY: made above, destroyed once.
        unsafe { opus_encoder_destroy(encoder) };
        packets
    }

    #[test]
    fn a_tone_is_loud_and_silence_is_not() {
        let mut decoder = LevelDecoder::new().unwrap();
        let loud: Vec<_> = tone(0.5, 10).iter().filter_map(|p| decoder.level(p)).collect();
        assert!((-14..=-6).contains(&loud[9]), "{loud:?}");
        let mut decoder = LevelDecoder::new().unwrap();
        let silent: Vec<_> = tone(0.0, 10).iter().filter_map(|p| decoder.level(p)).collect();
        assert!(silent[9] < -80, "{silent:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(packets in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..200), 0..20))
        {
            let mut decoder = LevelDecoder::new().unwrap();
            for packet in packets {
                let _ = decoder.level(&packet);
            }
        }
    }
}
