//! The size of a picture from H.264's sequence parameters (ITU-T H.264 section 7.3.2.1.1).

use crate::picture::Size;

/// The first bytes of a unit are enough: the size comes before anything long.
const BYTES_MAX: usize = 64;

/// The size, if the unit is a set of sequence parameters of a kind that browsers send.
pub(crate) fn size_of_parameters(unit: &[u8]) -> Option<Size> {
    let (&head, rest) = unit.split_first()?;
    if head & 0x1f != 7 {
        return None;
    }
    let mut bits = Bits { bytes: unescaped(rest), at: 0 };
    let profile = bits.take(8)?;
    bits.take(16)?;
    bits.number()?;
    let mut chroma = 1;
    if matches!(profile, 100 | 110 | 122 | 244 | 44 | 83 | 86 | 118 | 128) {
        chroma = bits.number()?;
        if chroma == 3 {
            bits.take(1)?;
        }
        bits.number()?;
        bits.number()?;
        bits.take(1)?;
        // Scaling lists of their own: nobody sends them.
        if bits.take(1)? == 1 {
            return None;
        }
    }
    bits.number()?;
    match bits.number()? {
        0 => {
            bits.number()?;
        }
        1 => {
            bits.take(1)?;
            bits.number()?;
            bits.number()?;
            for _ in 0..bits.number()?.min(255) {
                bits.number()?;
            }
        }
        _ => {}
    }
    bits.number()?;
    bits.take(1)?;
    let (across, down) = (bits.number()? + 1, bits.number()? + 1);
    let fields = 2 - bits.take(1)?;
    if fields == 2 {
        bits.take(1)?;
    }
    bits.take(1)?;
    let mut cropped = (0, 0);
    if bits.take(1)? == 1 {
        let (step_x, step_y) =
            (if matches!(chroma, 1 | 2) { 2 } else { 1 }, if chroma == 1 { 2 } else { 1 });
        let (left, right, top, bottom) =
            (bits.number()?, bits.number()?, bits.number()?, bits.number()?);
        cropped.0 = left.checked_add(right)?.checked_mul(step_x)?;
        cropped.1 = top.checked_add(bottom)?.checked_mul(step_y * fields)?;
    }
    let width = across.checked_mul(16)?.checked_sub(cropped.0)?;
    let height = down.checked_mul(16 * fields)?.checked_sub(cropped.1)?;
    Some(Size { width: width.try_into().ok()?, height: height.try_into().ok()? })
}

/// Without the bytes that keep start codes out (section 7.4.1.1).
fn unescaped(bytes: &[u8]) -> Vec<u8> {
    let mut plain: Vec<u8> = Vec::with_capacity(BYTES_MAX);
    for &byte in bytes.iter().take(BYTES_MAX) {
        if byte != 3 || !plain.ends_with(&[0, 0]) {
            plain.push(byte);
        }
    }
    plain
}

struct Bits {
    bytes: Vec<u8>,
    at: usize,
}

impl Bits {
    fn take(&mut self, count: usize) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// An exponential Golomb code (section 9.1).
    fn number(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while self.take(1)? == 0 {
            zeros += 1;
            if zeros > 16 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.take(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sizes_are_read() {
        // Constrained baseline as a browser writes it, 1280x720; high profile, 1920x1080 with cropping.
        let baseline = [0x67, 0x42, 0xc0, 0x1f, 0x8c, 0x8d, 0x40, 0x28, 0x02, 0xdc, 0x80];
        let size = |width, height| Some(Size { width, height });
        assert_eq!(size_of_parameters(&baseline), size(1280, 720));
        let high =
            [0x67, 0x64, 0x00, 0x28, 0xac, 0xd9, 0x40, 0x78, 0x02, 0x27, 0xe5, 0xc0, 0x44, 0x00];
        assert_eq!(size_of_parameters(&high), size(1920, 1080));
        assert_eq!(size_of_parameters(&[0x68, 1, 2, 3]), None);
        assert_eq!(size_of_parameters(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = size_of_parameters(&[&[0x67], &bytes[..]].concat());
        }
    }
}
