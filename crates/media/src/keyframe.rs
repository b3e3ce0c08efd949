//! Whether a packet begins a keyframe, from the first bytes of its payload. `leg` asks before it begins
//! a run with a picture: what follows from a frame that the receiver does not have only shows rubbish.

use str0m::format::Codec;

/// Whether decoding can begin with this packet. `true` for a codec that is not known here.
pub(crate) fn begins_keyframe(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::Vp8 => vp8(payload).unwrap_or(false),
        Codec::Vp9 => vp9(payload),
        Codec::H264 => h264(payload).unwrap_or(false),
        // AV1 RTP payload format section 4.4: N, a new coded video sequence.
        Codec::Av1 => payload.first().is_some_and(|head| head & 0x08 != 0),
        _ => true,
    }
}

/// RFC 7741 sections 4.2 and 4.3: the start of partition 0 whose frame has P = 0.
fn vp8(payload: &[u8]) -> Option<bool> {
    let head = *payload.first()?;
    let mut at = 1;
    if head & 0x80 != 0 {
        let extension = *payload.get(at)?;
        at += 1;
        if extension & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(extension & 0x40 != 0);
        at += usize::from(extension & 0x30 != 0);
    }
    let starts = head & 0x17 == 0x10;
    Some(starts && payload.get(at)? & 0x01 == 0)
}

/// RFC 9628 section 4.2: B (start of a frame) and not P (predicted from others).
fn vp9(payload: &[u8]) -> bool {
    payload.first().is_some_and(|head| head & 0x48 == 0x08)
}

/// RFC 6184 section 5.2: parameters or an IDR slice, alone, first in an aggregate or begun in a fragment.
fn h264(payload: &[u8]) -> Option<bool> {
    let begins = |unit: u8| matches!(unit & 0x1f, 5 | 7);
    match payload.first()? & 0x1f {
        24 => Some(begins(*payload.get(3)?)),
        28 => {
            let fragment = *payload.get(1)?;
            Some(fragment & 0x80 != 0 && begins(fragment))
        }
        unit => Some(begins(unit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframes_are_told_from_other_packets() {
        for (codec, payload, key) in [
            (Codec::Vp8, &[0x10, 0x50][..], true),
            (Codec::Vp8, &[0x10, 0x51], false),
            (Codec::Vp8, &[0x00, 0x50], false),
            (Codec::Vp8, &[0x90, 0xf0, 0x81, 0x22, 1, 2, 0x50], true),
            (Codec::Vp8, &[0x90, 0xf0, 0x81, 0x22, 1, 2, 0x51], false),
            (Codec::Vp8, &[0x90, 0x80, 0x81], false),
            (Codec::Vp9, &[0x88], true),
            (Codec::Vp9, &[0xc8], false),
            (Codec::Vp9, &[0x80], false),
            (Codec::H264, &[0x65, 1], true),
            (Codec::H264, &[0x67, 1], true),
            (Codec::H264, &[0x41, 1], false),
            (Codec::H264, &[0x78, 0, 9, 0x67], true),
            (Codec::H264, &[0x78, 0, 9, 0x41], false),
            (Codec::H264, &[0x7c, 0x85], true),
            (Codec::H264, &[0x7c, 0x05], false),
            (Codec::Av1, &[0x18], true),
            (Codec::Av1, &[0x10], false),
            (Codec::Opus, &[1], true),
        ] {
            assert_eq!(begins_keyframe(codec, payload), key, "{codec:?} {payload:02x?}");
            assert!(!codec.is_video() || !begins_keyframe(codec, &[]));
        }
    }
}
