//! Payload descriptors and the first bytes of frames: VP8 by RFC 7741, VP9 by RFC 9628.

use super::{Mark, PATTERN, Rung};

/// One frame of one layer.
pub struct Frame {
    pub layer: u8,
    pub temporal: u8,
    pub key: bool,
    pub on_lower: bool,
    /// A layer above needs it.
    pub for_upper: bool,
    pub number: u32,
    pub needs: u32,
    pub tl0: u8,
    pub since_key: u32,
    pub weight: f64,
}

impl Frame {
    pub fn bytes(&self, bps: u64, fps: u32) -> usize {
        (bps as f64 / 8.0 / f64::from(fps) * self.weight) as usize
    }

    pub fn mark(&self, part: u16, parts: u16) -> Mark {
        Mark {
            layer: self.layer,
            temporal: self.temporal,
            key: self.key,
            on_lower: self.on_lower,
            frame: self.number,
            needs: self.needs,
            part,
            parts,
        }
    }

    /// Fifteen bits with the bit that says so; each layer begins elsewhere.
    fn picture_id(&self) -> [u8; 2] {
        (0x8000 | (self.number + 32_700) as u16 & 0x7fff).to_be_bytes()
    }

    /// It could be switched up to here: what follows in its layer needs nothing of it from before.
    fn syncs(&self) -> bool {
        self.temporal > 0 && self.since_key % 4 < 3
    }
}

/// RFC 7741 sections 4.2 and 4.3; the frame header of RFC 6386 section 9.1.
pub fn vp8(frame: &Frame, rung: &Rung, begins: bool) -> Vec<u8> {
    let unneeded = u8::from(frame.temporal == 2) << 5;
    // X; I, L, T and K.
    let mut bytes = vec![0x80 | unneeded | u8::from(begins) << 4, 0xf0];
    bytes.extend(frame.picture_id());
    let key_index = frame.number.wrapping_sub(frame.since_key) as u8 & 0x1f;
    bytes.extend([frame.tl0, frame.temporal << 6 | u8::from(frame.syncs()) << 5 | key_index]);
    if begins {
        // Version 0, shown, a first partition of 1000 bytes.
        let tag = u32::from(!frame.key) | 1 << 4 | 1000 << 5;
        bytes.extend(&tag.to_le_bytes()[..3]);
        if frame.key {
            bytes.extend([0x9d, 0x01, 0x2a]);
            bytes.extend(rung.width.to_le_bytes());
            bytes.extend(rung.height.to_le_bytes());
        }
    }
    bytes
}

/// RFC 9628 section 4.2; the frame header of the VP9 bitstream specification, section 6.2.
pub fn vp9(frame: &Frame, rungs: &[Rung], begins: bool, ends: bool, flexible: bool) -> Vec<u8> {
    let predicted = !frame.key;
    let structure = frame.key && frame.layer == 0 && begins;
    // I, P, L, F, B, E, V, Z.
    let bits = [true, predicted, true, flexible, begins, ends, structure, !frame.for_upper];
    let mut bytes = vec![bits.into_iter().fold(0, |byte, bit| byte << 1 | u8::from(bit))];
    bytes.extend(frame.picture_id());
    let (syncs, on_lower) = (u8::from(frame.syncs()), u8::from(frame.on_lower));
    bytes.push(frame.temporal << 5 | syncs << 4 | frame.layer << 1 | on_lower);
    if !flexible {
        bytes.push(frame.tl0);
    } else if predicted {
        bytes.push(((frame.number - frame.needs) as u8) << 1);
    }
    if structure {
        bytes.extend(scalability(rungs, !flexible));
    }
    if begins {
        // Frame marker, profile 0, shown; a keyframe begins with its sync code, colours and size.
        bytes.push(if frame.key && frame.layer == 0 { 0x82 } else { 0x86 });
        if frame.key && frame.layer == 0 {
            bytes.extend([0x49, 0x83, 0x42]);
            let rung = &rungs[0];
            let size = u64::from(rung.width - 1) << 16 | u64::from(rung.height - 1);
            // Colour space and range are four bits.
            bytes.extend(&((2 << 32 | size) << 28).to_be_bytes()[..5]);
        }
    }
    bytes
}

/// The scalability structure: sizes, and if `pattern`, which frames of four need which.
fn scalability(rungs: &[Rung], pattern: bool) -> Vec<u8> {
    let count = rungs.len() as u8 - 1;
    let mut bytes = vec![count << 5 | 1 << 4 | u8::from(pattern) << 3];
    for rung in rungs {
        bytes.extend(rung.width.to_be_bytes());
        bytes.extend(rung.height.to_be_bytes());
    }
    if pattern {
        bytes.push(PATTERN.len() as u8);
        for (at, (temporal, _, back)) in PATTERN.into_iter().enumerate() {
            let syncs = u8::from(temporal > 0 && at < 3);
            bytes.extend([temporal << 5 | syncs << 4 | 1 << 2, back as u8]);
        }
    }
    bytes
}
