//! A microphone: samples to the packets that a member of a room sends.

use std::error::Error;

use unsafe_libopus::{
    OPUS_APPLICATION_VOIP, OPUS_OK, opus_encode_float, opus_encoder_create, opus_encoder_destroy,
};

/// 20 ms at 16 kHz.
pub const PACKET: usize = 320;
/// The longest packet there is (RFC 6716 section 3.2).
const BYTES_MAX: usize = 1275;

/// All whole packets of a recording at 16 kHz.
pub fn encode(samples: &[f32]) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut error = 0;
    // SAFETY: 16 kHz mono is something the codec has, and `error` lives for the call.
    let encoder = unsafe { opus_encoder_create(16_000, 1, OPUS_APPLICATION_VOIP, &raw mut error) };
    if encoder.is_null() || error != OPUS_OK {
        return Err("no memory for an encoder".into());
    }
    let mut packets = Vec::new();
    for frame in samples.as_chunks::<PACKET>().0 {
        let mut packet = vec![0; BYTES_MAX];
        // SAFETY: the encoder lives until below, `frame` has PACKET samples of one channel, and
        // `packet` has as many bytes as it is said to have.
        let length = unsafe {
            opus_encode_float(
                encoder,
                frame.as_ptr(),
                PACKET as i32,
                packet.as_mut_ptr(),
                BYTES_MAX as i32,
            )
        };
        packet.truncate(usize::try_from(length).unwrap_or(0));
        packets.push(packet);
    }
    // SAFETY: made above and destroyed once, here.
    unsafe { opus_encoder_destroy(encoder) };
    Ok(packets)
}
