//! Pictures that are none: packets with VP8's headers in front, so that a server which looks for
//! keyframes finds them (RFC 7741 section 4, RFC 6386 section 9.1), and a stamp behind.

use crate::stamp::Stamp;

/// About 1 Mbit/s at 30 pictures a second.
const FRAME_BYTES: usize = 4_160;
/// A keyframe is larger.
const KEYFRAME_BYTES: usize = 12_480;
/// Payload of a packet: with all headers and SRTP less than any path's limit.
const PACKET_BYTES: usize = 1_040;
/// 90 kHz, 30 pictures a second.
const TICKS_PER_FRAME: u32 = 3_000;
/// Required bytes, extension with a picture number of 15 bits.
const DESCRIPTOR_LEN: usize = 4;
/// Frame tag, start code, width and height.
const KEYFRAME_HEAD_LEN: usize = 10;

/// A source of pictures.
pub struct Camera {
    speaker: u32,
    frames: u32,
    count: u64,
    keyframe_wanted: bool,
}

impl Camera {
    /// That begins with a keyframe.
    pub fn new(speaker: u32) -> Self {
        Self { speaker, frames: 0, count: 0, keyframe_wanted: true }
    }

    /// Packets so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The next picture is a keyframe.
    pub fn want_keyframe(&mut self) {
        self.keyframe_wanted = true;
    }

    /// The next picture's media time and packets.
    pub fn frame(&mut self, sent_ns: u64) -> (u32, Vec<Vec<u8>>) {
        let keyframe = std::mem::take(&mut self.keyframe_wanted);
        let bytes = if keyframe { KEYFRAME_BYTES } else { FRAME_BYTES };
        self.frames = self.frames.wrapping_add(1);
        let packets = (0..bytes / PACKET_BYTES).map(|at| self.packet(at == 0, keyframe, sent_ns));
        let packets = packets.collect();
        (self.frames.wrapping_mul(TICKS_PER_FRAME), packets)
    }

    fn packet(&mut self, first: bool, keyframe: bool, sent_ns: u64) -> Vec<u8> {
        self.count += 1;
        let [high, low] = (self.frames as u16 | 0x8000).to_be_bytes();
        // X; S on a frame's first packet; then I and the number.
        let mut packet = vec![if first { 0x90 } else { 0x80 }, 0x80, high, low];
        // The lowest bit of a frame is clear in a keyframe; 0x10 shows it.
        let tag: u8 = if keyframe { 0x10 } else { 0x11 };
        let head = [tag, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01];
        packet.extend(if first { head } else { [0x11; KEYFRAME_HEAD_LEN] });
        let stamp = Stamp { speaker: self.speaker, count: self.count, sent_ns };
        packet.extend(stamp.payload(PACKET_BYTES - packet.len()));
        packet
    }

    /// The part of a payload that is a stamp. A server may have taken the descriptor apart.
    pub fn stamp(payload: &[u8]) -> Option<&[u8]> {
        payload.get(DESCRIPTOR_LEN + KEYFRAME_HEAD_LEN..)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyframe_comes_first_and_when_wanted() {
        let mut camera = Camera::new(3);
        let is_keyframe = |packets: &[Vec<u8>]| packets[0][DESCRIPTOR_LEN] & 1 == 0;
        let (_, first) = camera.frame(5);
        assert!(is_keyframe(&first) && first.len() == 12);
        let (timestamp, second) = camera.frame(6);
        assert!(!is_keyframe(&second) && timestamp == 6_000);
        camera.want_keyframe();
        assert!(is_keyframe(&camera.frame(7).1));
        for (at, packet) in first.iter().chain(&second).enumerate() {
            assert_eq!(packet.len(), PACKET_BYTES);
            let stamp = Camera::stamp(packet).and_then(Stamp::read).unwrap();
            assert_eq!((stamp.speaker, stamp.count), (3, at as u64 + 1));
            assert_eq!(packet[0] & 0x10 != 0, at == 0 || at == 12, "begins a frame");
        }
    }
}
