//! Samples to packets: speech of one channel at 48 kHz, in frames of 20 ms.

use std::ptr::NonNull;

use unsafe_libopus::varargs::{IntoVarArg, VarArgs};
use unsafe_libopus::{
    OPUS_APPLICATION_VOIP, OPUS_OK, OPUS_RESET_STATE, OPUS_SET_BITRATE_REQUEST,
    OPUS_SET_COMPLEXITY_REQUEST, OPUS_SET_INBAND_FEC_REQUEST, OPUS_SET_PACKET_LOSS_PERC_REQUEST,
    OpusEncoder, opus_encode_float, opus_encoder_create, opus_encoder_ctl_impl,
    opus_encoder_destroy,
};

use super::{FRAME_BYTES_MAX, Rate};

/// Wide enough for several voices at once; half as much is what browsers send for one.
const BITRATE_BPS: i32 = 40_000;
/// Of 0 to 10: more costs more time than is heard in speech.
const COMPLEXITY: i32 = 5;
/// What the copies of lost frames are made for.
const LOSS_PERCENT: i32 = 5;

/// The encoder of one stream.
pub struct Encoder {
    encoder: NonNull<OpusEncoder>,
    packet: Box<[u8; FRAME_BYTES_MAX]>,
}

// SAFETY: the encoder is a plain heap allocation without thread affinity, reachable only through
// this owner, and every use takes `&mut self`.
unsafe impl Send for Encoder {}

impl Encoder {
    /// Samples of a frame.
    pub const FRAME: usize = Rate::Full.samples_in(20);

    /// `None` when there is no memory for one.
    #[must_use]
    pub fn new() -> Option<Self> {
        let mut error = 0;
        // SAFETY: rate, channel count and application are values the codec has; `error` lives for the call.
        let encoder = unsafe {
            let hz = Rate::Full.hz() as i32;
            opus_encoder_create(hz, 1, OPUS_APPLICATION_VOIP, &raw mut error)
        };
        let encoder = NonNull::new(encoder).filter(|_| error == OPUS_OK)?;
        let mut made = Self { encoder, packet: Box::new([0; FRAME_BYTES_MAX]) };
        made.set(OPUS_SET_BITRATE_REQUEST, BITRATE_BPS);
        made.set(OPUS_SET_COMPLEXITY_REQUEST, COMPLEXITY);
        made.set(OPUS_SET_INBAND_FEC_REQUEST, 1);
        made.set(OPUS_SET_PACKET_LOSS_PERC_REQUEST, LOSS_PERCENT);
        Some(made)
    }

    /// One frame as a packet. `None` is a fault of the codec, and leaves the frame out.
    pub fn encode(&mut self, frame: &[f32; Self::FRAME]) -> Option<&[u8]> {
        // SAFETY: the encoder is alive until drop; `frame` has as many samples as are said, which is a length the
        // codec has, and `packet` is writable for its length.
        let len = unsafe {
            opus_encode_float(
                self.encoder.as_mut(),
                frame.as_ptr(),
                Self::FRAME as i32,
                self.packet.as_mut_ptr(),
                FRAME_BYTES_MAX as i32,
            )
        };
        let len = usize::try_from(len).ok().filter(|len| *len > 0)?;
        self.packet.get(..len)
    }

    /// Forgets all sound so far: of what was encoded before, nothing is in the next packet.
    pub fn reset(&mut self) {
        // SAFETY: the encoder is alive until drop, and this request takes no argument.
        unsafe {
            opus_encoder_ctl_impl(self.encoder.as_mut(), OPUS_RESET_STATE, VarArgs::new(vec![]));
        }
    }

    fn set(&mut self, request: i32, value: i32) {
        let value = VarArgs::new(vec![value.into_vararg()]);
        // SAFETY: the encoder is alive until drop, and each of our requests takes one i32. What it refuses
        // stays as it was, which is a working encoder too.
        unsafe { opus_encoder_ctl_impl(self.encoder.as_mut(), request, value) };
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_encoder_create and destroyed once, here.
        unsafe { opus_encoder_destroy(self.encoder.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::opus::Decoder;

    fn tone(frame: usize, hz: f32) -> [f32; Encoder::FRAME] {
        std::array::from_fn(|at| {
            let t = (frame * Encoder::FRAME + at) as f32 / Rate::Full.hz() as f32;
            0.5 * (t * hz * std::f32::consts::TAU).sin()
        })
    }

    fn rms(samples: &[f32]) -> f32 {
        (samples.iter().map(|one| one * one).sum::<f32>() / samples.len() as f32).sqrt()
    }

    #[test]
    fn a_tone_comes_out_as_loud_as_it_went_in() {
        let (mut encoder, mut decoder) =
            (Encoder::new().unwrap(), Decoder::new(Rate::Full).unwrap());
        let mut last = 0.0;
        for frame in 0..20 {
            let packet = encoder.encode(&tone(frame, 440.0)).unwrap();
            let samples = decoder.decode(packet).unwrap();
            assert_eq!(samples.len(), Encoder::FRAME);
            last = rms(samples);
        }
        assert!((0.3..0.4).contains(&last), "{last}, of 0.354");
    }

    #[test]
    fn nothing_is_left_after_a_reset() {
        let mut encoder = Encoder::new().unwrap();
        for frame in 0..20 {
            encoder.encode(&tone(frame, 440.0)).unwrap();
        }
        encoder.reset();
        let mut decoder = Decoder::new(Rate::Full).unwrap();
        let packet = encoder.encode(&[0.0; Encoder::FRAME]).unwrap();
        assert!(rms(decoder.decode(packet).unwrap()) < 1e-4);
    }

    #[test]
    fn a_lost_packet_is_recovered_from_the_next() {
        let mut encoder = Encoder::new().unwrap();
        let packets: Vec<Vec<u8>> =
            (0..20).map(|frame| encoder.encode(&tone(frame, 300.0)).unwrap().to_vec()).collect();
        let mut decoder = Decoder::new(Rate::Full).unwrap();
        for packet in &packets[..15] {
            decoder.decode(packet).unwrap();
        }
        let recovered = rms(decoder.recover(&packets[16], Encoder::FRAME).unwrap());
        assert!((0.2..0.5).contains(&recovered), "{recovered}");
    }
}
