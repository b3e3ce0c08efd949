//! Matroska and WebM: only what the tracks are, and the clusters (RFC 9559, section 5.1).

use super::source::Parts;

const HEADER: u32 = 0x1a45_dfa3;
const SEGMENT: u32 = 0x1853_8067;
const INFO: u32 = 0x1549_a966;
const TRACKS: u32 = 0x1654_ae6b;
const CLUSTER: u32 = 0x1f43_b675;
/// A segment whose end is not known.
const ENDLESS_SEGMENT: [u8; 12] =
    [0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
/// What describes the tracks takes a few kilobytes with the tables of Vorbis; the reader makes up
/// to fifty bytes of each.
const DESCRIPTION_BYTES_MAX: usize = 256 * 1024;

/// The file without tags, attachments, chapters and indexes, wherever they are before the sound.
pub fn reduce(bytes: &[u8]) -> Option<Parts<'_>> {
    let header = Element::first(bytes).filter(|it| it.id == HEADER)?.whole(bytes)?;
    if header.len() > DESCRIPTION_BYTES_MAX {
        return None;
    }
    let mut head = [header, &ENDLESS_SEGMENT].concat();
    let mut rest = bytes.get(header.len()..)?;
    loop {
        let element = Element::first(rest)?;
        match element.id {
            SEGMENT => {
                let body = rest.get(element.header_bytes..)?;
                let end = element.body_bytes.unwrap_or(body.len()).min(body.len());
                rest = &body[..end];
                continue;
            }
            CLUSTER => return Some(Parts::spliced(head, rest)),
            INFO | TRACKS => {
                let element = element.whole(rest)?;
                if head.len() + element.len() > DESCRIPTION_BYTES_MAX {
                    return None;
                }
                head.extend_from_slice(element);
            }
            _ => {}
        }
        rest = rest.get(element.whole(rest)?.len()..)?;
    }
}

/// The beginning of an element (RFC 8794, sections 4 to 6).
struct Element {
    id: u32,
    header_bytes: usize,
    /// `None` when it goes on until something else begins.
    body_bytes: Option<usize>,
}

impl Element {
    fn first(bytes: &[u8]) -> Option<Self> {
        let id_bytes = bytes.first()?.leading_zeros() as usize + 1;
        if id_bytes > 4 {
            return None;
        }
        let id = bytes.get(..id_bytes)?.iter().fold(0, |id, &byte| id << 8 | u32::from(byte));
        let size = bytes.get(id_bytes..)?;
        let size_bytes = size.first()?.leading_zeros() as usize + 1;
        let size = size.get(..size_bytes)?.iter().fold(0, |all, &byte| all << 8 | u64::from(byte));
        let largest = 1_u64.checked_shl(7 * size_bytes as u32)?.checked_sub(1)?;
        let body_bytes = match size & largest {
            size if size == largest => None,
            size => Some(usize::try_from(size).ok()?),
        };
        Some(Self { id, header_bytes: id_bytes + size_bytes, body_bytes })
    }

    fn whole<'a>(&self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        bytes.get(..self.header_bytes.checked_add(self.body_bytes?)?)
    }
}
