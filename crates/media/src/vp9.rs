//! The payload descriptor of VP9 (RFC 9628 section 4.2): which spatial layer of which picture a packet
//! is of, and what that needs.

use crate::gaps::Part;
use crate::picture::Size;

/// Spatial layers that are told apart. Browsers have at most three; those above count as the last.
pub(crate) const SPATIAL_MAX: usize = 4;

/// What a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// P: its frame needs earlier pictures.
    pub inter_picture: bool,
    /// B and E: it is the first or last packet of its layer's frame.
    pub begins: bool,
    pub ends: bool,
    /// Z: no higher spatial layer of the same picture needs its frame.
    pub spared: bool,
    /// L: the layer. `None`: the stream has none.
    pub layer: Option<Place>,
    /// V: the sizes of the layers, from the lowest.
    pub sizes: [Option<Size>; SPATIAL_MAX],
}

/// Where in its picture a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub spatial: u8,
    /// D: it needs the next lower spatial layer of the same picture.
    pub inter_layer: bool,
}

impl Descriptor {
    /// Reads one. `None`: it is cut off.
    pub fn parse(payload: &[u8]) -> Option<Self> {
        let mut bytes = payload.iter().copied();
        let head = bytes.next()?;
        let has = |bit: u8| head & bit != 0;
        // I: the picture's number in 7 or 15 bits.
        if has(0x80) && bytes.next()? & 0x80 != 0 {
            bytes.next()?;
        }
        let mut layer = None;
        if has(0x20) {
            let place = bytes.next()?;
            let spatial = (place >> 1 & 0x07).min(SPATIAL_MAX as u8 - 1);
            layer = Some(Place { spatial, inter_layer: place & 0x01 != 0 });
            // TL0PICIDX, in non-flexible mode.
            if !has(0x10) {
                bytes.next()?;
            }
        }
        // F and P: up to three references, the last of which has N = 0.
        if has(0x10) && has(0x40) {
            for _ in 0..3 {
                if bytes.next()? & 0x01 == 0 {
                    break;
                }
            }
        }
        let mut sizes = [None; SPATIAL_MAX];
        if has(0x02) {
            let structure = bytes.next()?;
            if structure & 0x10 != 0 {
                for at in 0..=usize::from(structure >> 5) {
                    let mut word = || Some(u16::from_be_bytes([bytes.next()?, bytes.next()?]));
                    let (width, height) = (word()?, word()?);
                    if let Some(size) = sizes.get_mut(at) {
                        *size = Some(Size { width, height });
                    }
                }
            }
        }
        Some(Self {
            inter_picture: has(0x40),
            begins: has(0x08),
            ends: has(0x04),
            spared: has(0x01),
            layer,
            sizes,
        })
    }

    /// Which part of the pictures with this timestamp the packet is.
    pub fn part(&self, timestamp: u32) -> Part {
        let layer = self.layer.map_or(0, |place| place.spatial);
        Part { frame: (timestamp, layer), begins: self.begins, ends: self.ends }
    }

    /// Whether decoding can begin with this packet.
    pub fn begins_keyframe(&self) -> bool {
        self.begins && !self.inter_picture && self.layer.is_none_or(|layer| layer.spatial == 0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_keyframe_of_three_layers_is_read() {
        // I L B V, picture 0x1234, T0 S0, TL0PICIDX, then three sizes.
        let packet =
            [0xaa, 0x92, 0x34, 0x00, 7, 0x50, 1, 64, 0, 180, 2, 128, 1, 104, 5, 0, 2, 208, 0xff];
        let read = Descriptor::parse(&packet).unwrap();
        let size = |width, height| Some(Size { width, height });
        assert_eq!(read.sizes[..3], [size(320, 180), size(640, 360), size(1280, 720)]);
        assert!(read.begins_keyframe() && !read.ends && !read.spared);
        assert_eq!(read.layer, Some(Place { spatial: 0, inter_layer: false }));
        assert_eq!(Descriptor::parse(&packet[..12]), None);
    }

    #[test]
    fn flexible_references_and_upper_layers_are_read() {
        // I P L F E Z, 7 bit picture, S1 with D, two references, then the structure bit is off.
        let read = Descriptor::parse(&[0xf5, 0x05, 0x03, 0x03, 0x04, 0x00]).unwrap();
        assert!(read.inter_picture && read.ends && read.spared && !read.begins);
        assert_eq!(read.layer, Some(Place { spatial: 1, inter_layer: true }));
        let upper = Descriptor::parse(&[0xa8, 0x05, 0x03, 0x00]).unwrap();
        assert!(!upper.begins_keyframe(), "it needs the layer below");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = Descriptor::parse(&bytes);
        }
    }
}
