//! WAVE files: only the format and the data, and kindness to files that are nearly right, as those
//! of telephones and pipes are.

use super::source::Parts;

/// Where the first chunk is.
const CHUNKS_AT: usize = 12;
/// The format in its short form, and in the longest that is read (WAVEFORMATEXTENSIBLE).
const FORMAT_BYTES: std::ops::RangeInclusive<usize> = 16..=40;
/// A-law and mu-law.
const TELEPHONE_FORMATS: [u8; 2] = [6, 7];

/// The file without what is said about it, and with what the reader insists on and many writers
/// get wrong put right: the length of the whole (now: not known, as the length of the data is
/// what counts), and the empty extension that the format chunk of a telephone codec must have.
pub fn reduce(bytes: &[u8]) -> Option<Parts<'_>> {
    let mut head = b"RIFF\xff\xff\xff\xffWAVE".to_vec();
    let mut rest = bytes.get(CHUNKS_AT..)?;
    let mut format = None;
    loop {
        let (&id, after) = rest.split_first_chunk::<4>()?;
        let (&length, body) = after.split_first_chunk::<4>()?;
        let bytes = u32::from_le_bytes(length) as usize;
        match &id {
            b"data" => {
                head.extend_from_slice(&format_chunk(format?));
                head.extend_from_slice(b"data");
                head.extend_from_slice(&length);
                return Some(Parts::spliced(head, body));
            }
            b"fmt " if FORMAT_BYTES.contains(&bytes) => format = Some(body.get(..bytes)?),
            _ => {}
        }
        // Chunks begin at even places.
        rest = body.get(bytes.checked_add(bytes & 1)?..)?;
    }
}

fn format_chunk(format: &[u8]) -> Vec<u8> {
    let short = format.len() == *FORMAT_BYTES.start();
    let is_telephone = format.first().is_some_and(|code| TELEPHONE_FORMATS.contains(code));
    let extension: &[u8] = if short && is_telephone { &[0, 0] } else { &[] };
    let length = (format.len() + extension.len()) as u32;
    let even: &[u8] = if length % 2 == 1 { &[0] } else { &[] };
    [b"fmt ", &length.to_le_bytes()[..], format, extension, even].concat()
}
