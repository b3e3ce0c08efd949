//! Packets to samples.

use std::ptr::NonNull;

use unsafe_libopus::{
    OPUS_OK, OpusDecoder, opus_decode_float, opus_decoder_create, opus_decoder_destroy,
    opus_packet_get_nb_samples,
};

use super::{NotOpus, PACKET_MS_MAX, Rate};

/// The decoder of one stream.
pub struct Decoder {
    decoder: NonNull<OpusDecoder>,
    rate: Rate,
    samples: Box<[f32]>,
}

// SAFETY: the decoder is a plain heap allocation without thread affinity, reachable only through
// this owner, and every use takes `&mut self`.
unsafe impl Send for Decoder {}

impl Decoder {
    /// `None` when there is no memory for one.
    #[must_use]
    pub fn new(rate: Rate) -> Option<Self> {
        let mut error = 0;
        // SAFETY: rate and channel count are values the codec has, and `error` lives for the call.
        let decoder = unsafe { opus_decoder_create(rate.hz() as i32, 1, &raw mut error) };
        let decoder = NonNull::new(decoder).filter(|_| error == OPUS_OK)?;
        let samples = vec![0.0; rate.samples_in(PACKET_MS_MAX)].into_boxed_slice();
        Some(Self { decoder, rate, samples })
    }

    /// A packet's audio, between -1 and 1.
    pub fn decode(&mut self, packet: &[u8]) -> Result<&[f32], NotOpus> {
        // An empty packet would ask the decoder to invent one.
        if packet.is_empty() {
            return Err(NotOpus);
        }
        self.run(packet, self.samples.len(), false)
    }

    /// Something in place of a packet that is lost, so many samples of it: what went before, fading. Opus has
    /// frames of multiples of 2.5 ms only; other lengths are none.
    pub fn conceal(&mut self, samples: usize) -> Result<&[f32], NotOpus> {
        self.run(&[], samples.min(self.samples.len()), false)
    }

    /// The same out of the packet after the lost one, which may have a coarse copy of it (RFC 6716 section
    /// 2.1.7); it is decoded itself afterwards.
    pub fn recover(&mut self, after: &[u8], samples: usize) -> Result<&[f32], NotOpus> {
        if after.is_empty() {
            return Err(NotOpus);
        }
        self.run(after, samples.min(self.samples.len()), true)
    }

    /// `packet` empty: the packet is lost. `most`: how many samples there may be; exactly as many there are of what
    /// is concealed or recovered.
    fn run(&mut self, packet: &[u8], most: usize, recover: bool) -> Result<&[f32], NotOpus> {
        let len = i32::try_from(packet.len()).map_err(|_| NotOpus)?;
        let data = if packet.is_empty() { std::ptr::null() } else { packet.as_ptr() };
        // SAFETY: the decoder is alive until drop; `data` is null with a length of 0, which asks for
        // concealment, or readable for `len` bytes; `samples` is writable for `most` samples, at most its
        // length, of the one channel that the decoder was created with.
        let count = unsafe {
            opus_decode_float(
                self.decoder.as_mut(),
                data,
                len,
                self.samples.as_mut_ptr(),
                most as i32,
                i32::from(recover),
            )
        };
        let count = usize::try_from(count).map_err(|_| NotOpus)?;
        self.samples.get(..count).ok_or(NotOpus)
    }

    /// How many samples a packet has, without decoding it.
    pub fn length(&self, packet: &[u8]) -> Result<usize, NotOpus> {
        let len = i32::try_from(packet.len()).ok().filter(|len| *len > 0).ok_or(NotOpus)?;
        // SAFETY: `packet` is readable for `len` bytes, at least one.
        let count =
            unsafe { opus_packet_get_nb_samples(packet.as_ptr(), len, self.rate.hz() as i32) };
        usize::try_from(count).map_err(|_| NotOpus)
    }
}

impl Drop for Decoder {
    fn drop(&mut self) {
        // SAFETY: made by opus_decoder_create and destroyed once, here.
        unsafe { opus_decoder_destroy(self.decoder.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// SILK wideband, 20 ms, one frame (RFC 6716 table 2, configuration 9).
    const SILENCE: [u8; 1] = [9 << 3];

    #[test]
    fn no_bytes_are_no_packet() {
        let mut decoder = Decoder::new(Rate::Wide).unwrap();
        assert_eq!(decoder.decode(&[]), Err(NotOpus));
        assert_eq!(decoder.recover(&[], 320), Err(NotOpus));
        assert_eq!(decoder.length(&[]), Err(NotOpus));
    }

    #[test]
    fn a_packet_is_as_long_as_it_says_at_every_rate() {
        for (rate, samples) in [(Rate::Narrow, 160), (Rate::Wide, 320), (Rate::Full, 960)] {
            let mut decoder = Decoder::new(rate).unwrap();
            assert_eq!(decoder.length(&SILENCE), Ok(samples));
            assert_eq!(decoder.decode(&SILENCE).map(<[f32]>::len), Ok(samples));
            assert_eq!(decoder.conceal(samples).map(<[f32]>::len), Ok(samples));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_decoded_or_refused(packets in proptest::collection::vec(
            (0..3, 0..6000_usize, proptest::collection::vec(any::<u8>(), 0..200)), 0..20))
        {
            let mut decoder = Decoder::new(Rate::Full).unwrap();
            for (way, samples, packet) in packets {
                let _ = decoder.length(&packet);
                let _ = match way {
                    0 => decoder.decode(&packet).map(<[f32]>::len),
                    1 => decoder.recover(&packet, samples).map(<[f32]>::len),
                    _ => decoder.conceal(samples).map(<[f32]>::len),
                };
            }
        }
    }
}
