//! What a video packet says of its picture: whether a keyframe begins with it, how large that is, and of
//! which spatial layer it is (RFC 7741 section 4 with RFC 6386 section 9.1; RFC 9628 section 4).

/// What is read of one packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// A keyframe begins here.
    pub keyframe: bool,
    /// Width and height, where the packet tells them; of VP9 those of its highest layer.
    pub size: Option<(u16, u16)>,
    /// Spatial layer; VP8 has none.
    pub layer: Option<u8>,
    /// How many spatial layers there are, where the packet tells.
    pub layers: Option<u8>,
}

/// Reads a payload of this codec; `None` when it is cut off or the codec is another.
pub fn read(codec: &str, payload: &[u8]) -> Option<Picture> {
    match codec {
        "VP8" => vp8(payload),
        "VP9" => vp9(payload),
        _ => None,
    }
}

fn vp8(payload: &[u8]) -> Option<Picture> {
    let first = *payload.first()?;
    let mut at = 1;
    if first & 0x80 != 0 {
        let more = *payload.get(at)?;
        at += 1;
        if more & 0x80 != 0 {
            at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
        }
        at += usize::from(more & 0x40 != 0) + usize::from(more & 0x30 != 0);
    }
    // The first packet of a frame's first partition.
    if first & 0x17 != 0x10 {
        return Some(Picture::default());
    }
    let frame = payload.get(at..)?;
    if frame.first()? & 1 != 0 {
        return Some(Picture::default());
    }
    let side =
        |at: usize| Some(u16::from_le_bytes([*frame.get(at)?, *frame.get(at + 1)?]) & 0x3fff);
    Some(Picture { keyframe: true, size: side(6).zip(side(8)), ..Picture::default() })
}

fn vp9(payload: &[u8]) -> Option<Picture> {
    let first = *payload.first()?;
    let has = |bit: u8| first & bit != 0;
    let mut at = 1;
    if has(0x80) {
        at += if payload.get(at)? & 0x80 != 0 { 2 } else { 1 };
    }
    let mut picture = Picture::default();
    let mut above_base = false;
    if has(0x20) {
        let layers = *payload.get(at)?;
        let spatial = layers >> 1 & 0x07;
        picture.layer = Some(spatial);
        above_base = spatial > 0;
        at += if has(0x10) { 1 } else { 2 };
    }
    // Not predicted from an earlier picture, and the beginning of a frame.
    picture.keyframe = !has(0x40) && has(0x08) && !above_base;
    if has(0x10) && has(0x40) {
        while payload.get(at)? & 1 != 0 {
            at += 1;
        }
        at += 1;
    }
    if has(0x02) {
        let structure = *payload.get(at)?;
        let layers = (structure >> 5) + 1;
        picture.layers = Some(layers);
        if structure & 0x10 != 0 {
            let from = at + 1 + 4 * usize::from(layers - 1);
            let side =
                |at: usize| Some(u16::from_be_bytes([*payload.get(at)?, *payload.get(at + 1)?]));
            picture.size = side(from).zip(side(from + 2));
        }
    }
    Some(picture)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vp8_keyframes_tell_their_size() {
        let keyframe =
            [0x90, 0x80, 0x81, 0x02, 0x10, 0, 0, 0x9d, 0x01, 0x2a, 0x40, 0x01, 0xb4, 0x00];
        let expected = Picture { keyframe: true, size: Some((320, 180)), ..Picture::default() };
        assert_eq!(read("VP8", &keyframe), Some(expected));
        let mut other = keyframe;
        other[4] |= 1;
        assert_eq!(read("VP8", &other), Some(Picture::default()));
        other[0] &= !0x10;
        assert_eq!(read("VP8", &other), Some(Picture::default()), "not the first packet");
        assert_eq!(read("VP8", &keyframe[..3]), None);
        assert_eq!(read("H264", &keyframe), None);
    }

    #[test]
    fn vp9_tells_layers_and_sizes() {
        // I, L, B, V; a number of 15 bits, layer 0, TL0PICIDX; two layers with sizes.
        let base = [0xaa, 0x81, 0x02, 0x00, 0x07, 0x30, 0, 160, 0, 90, 1, 64, 0, 180];
        let expected =
            Picture { keyframe: true, size: Some((320, 180)), layer: Some(0), layers: Some(2) };
        assert_eq!(read("VP9", &base), Some(expected));
        // I, P, L, B: an upper layer of a later picture.
        let upper = [0xe8, 0x05, 0x04, 0x07];
        let expected = Picture { layer: Some(2), ..Picture::default() };
        assert_eq!(read("VP9", &upper), Some(expected));
        assert_eq!(read("VP9", &base[..6]).map(|picture| picture.size), Some(None));
    }
}
