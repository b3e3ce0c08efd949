//! Kindness to WAVE files that are nearly right, as those of telephones and pipes are.

/// Where the format chunk of nearly every file is, and how long it is in its short form.
const FORMAT_CHUNK: &[u8] = b"fmt \x10\0\0\0";
const FORMAT_AT: usize = 12;
const FORMAT_END: usize = FORMAT_AT + FORMAT_CHUNK.len() + 16;
/// A-law and mu-law.
const TELEPHONE_FORMATS: [u8; 2] = [6, 7];

/// The file with what the reader insists on and many writers get wrong put right: the length of
/// the whole (now: not known, as the length of the data is what counts), and the empty extension
/// that the format chunk of a telephone codec must have.
pub fn put_right(bytes: &[u8]) -> Vec<u8> {
    let format = bytes.get(FORMAT_AT..FORMAT_END).and_then(|it| it.strip_prefix(FORMAT_CHUNK));
    let short =
        format.and_then(<[u8]>::first).is_some_and(|format| TELEPHONE_FORMATS.contains(format));
    let mut right = Vec::with_capacity(bytes.len() + 2);
    let (head, rest) = bytes.split_at(if short { FORMAT_END } else { bytes.len() });
    right.extend_from_slice(head);
    if short {
        right.extend_from_slice(&[0, 0]);
        right[FORMAT_AT + 4] = 18;
    }
    right.extend_from_slice(rest);
    if let Some(length) = right.get_mut(4..8) {
        length.fill(0xff);
    }
    right
}
