//! FLAC files: only the stream's parameters and its frames (RFC 9639, section 8).

use super::source::Parts;

const MARKER: &[u8] = b"fLaC";
/// The type of the block with the parameters, marked as the last, and its length.
const ONLY_STREAMINFO: [u8; 4] = [0x80, 0, 0, 34];
const LAST: u8 = 0x80;

/// The file without tags, pictures, cue sheets, seek points and padding.
pub fn reduce(bytes: &[u8]) -> Option<Parts<'_>> {
    let mut rest = bytes.strip_prefix(MARKER)?;
    let mut parameters = None;
    loop {
        let (&[kind, high, middle, low], after) = rest.split_first_chunk::<4>()?;
        let length = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        let (block, next) = after.split_at_checked(length)?;
        if kind & !LAST == 0 && length == usize::from(ONLY_STREAMINFO[3]) {
            parameters = Some(block);
        }
        if kind & LAST != 0 {
            let head = [MARKER, &ONLY_STREAMINFO[..], parameters?].concat();
            return Some(Parts::spliced(head, next));
        }
        rest = next;
    }
}
