//! The loudness of an Opus packet, for senders that do not write it into a header extension. Decoding at
//! 8 kHz is the cheapest the codec has, and enough for a level.

use codec::opus::{Decoder, Rate};

/// What a silent packet measures.
const SILENCE_DBOV: i8 = -127;

/// A decoder that only tells how loud it is.
pub(crate) struct LevelDecoder(Decoder);

impl LevelDecoder {
    /// `None` when there is no memory for one.
    pub fn new() -> Option<Self> {
        Decoder::new(Rate::Narrow).map(Self)
    }

    /// The level of a packet in dBov (0 loudest, -127 silence); `None` if it is no Opus packet.
    pub fn level(&mut self, packet: &[u8]) -> Option<i8> {
        let samples = self.0.decode(packet).ok()?;
        (!samples.is_empty()).then(|| level_of(samples))
    }
}

/// Root mean square, relative to full scale (RFC 6465 appendix A).
pub(crate) fn level_of(samples: &[f32]) -> i8 {
    let sum: f32 = samples.iter().map(|sample| sample * sample).sum();
    let rms = (sum / samples.len() as f32).sqrt();
    let dbov = if rms > 0.0 { 20.0 * rms.log10() } else { f32::from(SILENCE_DBOV) };
    dbov.round().clamp(f32::from(SILENCE_DBOV), 0.0) as i8
}

#[cfg(test)]
mod tests {
    use codec::opus::Encoder;

    use super::*;

    /// The level of the tenth packet of a 440 Hz tone of this amplitude (0 to 1).
    fn measured(amplitude: f32) -> i8 {
        let (mut encoder, mut decoder) = (Encoder::new().unwrap(), LevelDecoder::new().unwrap());
        let mut level = 0;
        for n in 0..10 {
            let frame: [f32; Encoder::FRAME] = std::array::from_fn(|at| {
                let t = (n * Encoder::FRAME + at) as f32 / 48_000.0;
                amplitude * (t * 440.0 * std::f32::consts::TAU).sin()
            });
            level = decoder.level(encoder.encode(&frame).unwrap()).unwrap();
        }
        level
    }

    #[test]
    fn a_tone_is_loud_and_silence_is_not() {
        assert!((-14..=-6).contains(&measured(0.5)));
        assert!(measured(0.0) < -80);
    }

    #[test]
    fn what_is_no_packet_has_no_level() {
        assert_eq!(LevelDecoder::new().unwrap().level(&[]), None);
        assert_eq!(level_of(&[0.0; 8]), SILENCE_DBOV);
        assert_eq!(level_of(&[2.0; 8]), 0);
    }
}
