//! What a packet of a picture says about itself, read once, however many receivers it goes to: whether
//! decoding can begin with it, how large the picture is, and what is to be known to number it anew or to
//! leave a layer out.

use str0m::format::Codec;
use str0m::rtp::Vp8Descriptor;

use crate::vp9::{self, SPATIAL_MAX};

/// Pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Size {
    pub width: u16,
    pub height: u16,
}

impl Size {
    pub fn area(self) -> u32 {
        u32::from(self.width) * u32::from(self.height)
    }

    /// Whether it fills so much without being enlarged.
    pub fn covers(self, wanted: Self) -> bool {
        self.width >= wanted.width && self.height >= wanted.height
    }
}

/// A packet of a picture, as its source's layers place it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Picture {
    /// The stream that it came in, as a place in the source's table of layers: that of its lowest layer.
    pub stream: u8,
    /// The layer that it is of.
    pub layer: u8,
    /// Decoding can begin with it, and nothing that follows it has come before it.
    pub begins: bool,
    pub vp8: Option<Vp8Descriptor>,
    /// It is of a stream with spatial layers.
    pub svc: Option<vp9::Descriptor>,
}

/// What the payload alone tells.
#[derive(Debug)]
pub(crate) struct Description {
    pub begins_keyframe: bool,
    /// Of each spatial layer, from the lowest.
    pub sizes: [Option<Size>; SPATIAL_MAX],
    pub vp8: Option<Vp8Descriptor>,
    pub svc: Option<vp9::Descriptor>,
}

impl Description {
    /// Reads a payload. Whatever it is, there is something to say about it.
    pub fn of(codec: Codec, payload: &[u8]) -> Self {
        let mut said =
            Self { begins_keyframe: false, sizes: [None; SPATIAL_MAX], vp8: None, svc: None };
        match codec {
            Codec::Vp8 => {
                said.vp8 = Vp8Descriptor::parse(payload).ok();
                said.begins_keyframe = said.vp8.is_some_and(|vp8| vp8.starts_keyframe(payload));
                said.sizes[0] = payload_of_vp8(payload).and_then(size_of_vp8);
            }
            Codec::Vp9 => {
                let descriptor = vp9::Descriptor::parse(payload);
                said.begins_keyframe = descriptor.is_some_and(|it| it.begins_keyframe());
                said.sizes = descriptor.map_or(said.sizes, |it| it.sizes);
                said.svc = descriptor.filter(|it| it.layer.is_some());
            }
            Codec::H264 => {
                said.begins_keyframe = units_of_h264(payload).any(|unit| unit.begins);
                said.sizes[0] = units_of_h264(payload).find_map(|unit| unit.size());
            }
            // AV1 RTP payload format section 4.4: N, a new coded video sequence.
            Codec::Av1 => {
                said.begins_keyframe = payload.first().is_some_and(|head| head & 0x08 != 0);
            }
            // What is not known here passes.
            _ => said.begins_keyframe = true,
        }
        said
    }
}

/// What follows the descriptor (RFC 7741 section 4.2) of the first packet of a frame.
fn payload_of_vp8(payload: &[u8]) -> Option<&[u8]> {
    let head = *payload.first()?;
    if head & 0x17 != 0x10 {
        return None;
    }
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
    payload.get(at..)
}

/// The size in the header of a keyframe (RFC 6386 section 9.1).
fn size_of_vp8(frame: &[u8]) -> Option<Size> {
    let &[tag, _, _, 0x9d, 0x01, 0x2a, width_low, width_high, height_low, height_high, ..] = frame
    else {
        return None;
    };
    let pixels = |low, high: u8| u16::from_le_bytes([low, high & 0x3f]);
    let size =
        Size { width: pixels(width_low, width_high), height: pixels(height_low, height_high) };
    (tag & 0x01 == 0).then_some(size)
}

/// A unit of a packet, as far as it is in it.
struct Unit<'a> {
    bytes: &'a [u8],
    /// Parameters or an IDR slice begin here.
    begins: bool,
}

impl Unit<'_> {
    fn size(&self) -> Option<Size> {
        crate::h264::size_of_parameters(self.bytes)
    }
}

/// RFC 6184 section 5.2: a unit alone, several in an aggregate, or a fragment of one.
fn units_of_h264(payload: &[u8]) -> impl Iterator<Item = Unit<'_>> {
    let kind = payload.first().map_or(0, |head| head & 0x1f);
    let begins = |unit: u8| matches!(unit & 0x1f, 5 | 7);
    let mut rest = match kind {
        24 => payload.get(1..).unwrap_or_default(),
        _ => &[],
    };
    let fragment = payload.get(1).filter(|_| kind == 28);
    let alone = match (kind, fragment) {
        (24, _) => None,
        (28, Some(&head)) => Some(Unit { bytes: &[], begins: head & 0x80 != 0 && begins(head) }),
        (unit, _) => Some(Unit { bytes: payload, begins: begins(unit) }),
    };
    let aggregated = std::iter::from_fn(move || {
        let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
        let bytes = rest.get(2..2 + length)?;
        rest = &rest[2 + length..];
        Some(Unit { bytes, begins: begins(*bytes.first()?) })
    });
    alone.into_iter().chain(aggregated)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
            (Codec::Vp9, &[0x88, 1], true),
            (Codec::Vp9, &[0xc8, 1], false),
            (Codec::Vp9, &[0x80, 1], false),
            (Codec::H264, &[0x65, 1], true),
            (Codec::H264, &[0x67, 1], true),
            (Codec::H264, &[0x41, 1], false),
            (Codec::H264, &[0x78, 0, 1, 0x67], true),
            (Codec::H264, &[0x78, 0, 1, 0x09, 0, 1, 0x67], true),
            (Codec::H264, &[0x78, 0, 1, 0x41], false),
            (Codec::H264, &[0x7c, 0x85], true),
            (Codec::H264, &[0x7c, 0x05], false),
            (Codec::Av1, &[0x18], true),
            (Codec::Av1, &[0x10], false),
            (Codec::Opus, &[1], true),
        ] {
            let said = Description::of(codec, payload);
            assert_eq!(said.begins_keyframe, key, "{codec:?} {payload:02x?}");
            assert!(!codec.is_video() || !Description::of(codec, &[]).begins_keyframe);
        }
    }

    #[test]
    fn a_keyframe_tells_its_size() {
        let vp8 = [0x90, 0x80, 0x81, 0x22, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x41];
        let size = Description::of(Codec::Vp8, &vp8).sizes[0];
        assert_eq!(size, Some(Size { width: 640, height: 360 }));
        assert_eq!(Description::of(Codec::Vp8, &vp8[..13]).sizes[0], None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_described(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
                let _ = Description::of(codec, &bytes);
            }
        }
    }
}
