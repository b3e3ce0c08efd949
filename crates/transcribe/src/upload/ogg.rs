//! Ogg: one stream, not those that are chained behind it (RFC 3533, sections 4 and 6).

use super::source::Parts;

const PAGE: &[u8] = b"OggS\0";
const FIRST_PAGE: u8 = 0x02;
const PAGE_HEADER_BYTES: usize = 27;

/// The file up to where another stream begins: each has tags of its own, and none after the first
/// is decoded.
pub fn reduce(bytes: &[u8]) -> Parts<'_> {
    let mut rest = bytes;
    while let Some(next) = first_page_bytes(rest).and_then(|length| rest.get(length..)) {
        rest = next;
    }
    // Wherever it is, as the reader looks for pages after damage too.
    let chained = rest.windows(PAGE.len() + 1).position(is_first_page);
    let end = chained.map_or(bytes.len(), |next| bytes.len() - rest.len() + next);
    Parts::whole(&bytes[..end])
}

fn is_first_page(bytes: &[u8]) -> bool {
    bytes.starts_with(PAGE) && bytes[PAGE.len()] & FIRST_PAGE != 0
}

/// The length of the page that begins here, if it is the first of a stream.
fn first_page_bytes(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<PAGE_HEADER_BYTES>().filter(|it| is_first_page(&it[..]))?;
    let segments = usize::from(header[PAGE_HEADER_BYTES - 1]);
    let lacing = bytes.get(PAGE_HEADER_BYTES..PAGE_HEADER_BYTES + segments)?;
    let body: usize = lacing.iter().map(|&length| usize::from(length)).sum();
    Some(PAGE_HEADER_BYTES + segments + body)
}
