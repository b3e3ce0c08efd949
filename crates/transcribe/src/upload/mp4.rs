//! MP4: the index without what is said about the file, and not too much of it (ISO 14496-12,
//! section 4.2 and chapter 8).

use std::borrow::Cow;
use std::ops::Range;

use super::source::Parts;

/// What an index may take, over all of the file: ten minutes of AAC take 0.1 MB, in fragments of
/// a few frames each 1 MB. The reader makes up to thirty bytes of each.
const INDEX_BYTES_MAX: usize = 2 * 1024 * 1024;
/// Frames in one run of a fragment; the reader counts them one by one even if none is described.
const RUN_MAX: u32 = 100_000;
/// Pieces that a file is cut into where its index is changed; real ones are in three.
const PARTS_MAX: usize = 64;
/// How deep what is looked at here is nested: `moov`, `trak`, `mdia`, `minf`, `stbl`.
const DEPTH_MAX: usize = 6;

/// The file with the boxes that only say something about it marked as free space, so that every
/// position in it stays true.
pub fn reduce(bytes: &[u8]) -> Option<Parts<'_>> {
    let mut parts = Vec::new();
    let mut index_bytes = 0;
    let (mut at, mut taken) = (0, 0);
    while let Some(atom) = Atom::at(bytes, at..bytes.len()) {
        let range = at..atom.end;
        at = atom.end;
        match &atom.kind {
            b"mdat" | b"free" | b"skip" => {}
            b"moov" | b"moof" | b"meta" => {
                let mut index = bytes[range.clone()].to_vec();
                let freed = free_what_is_said(&mut index, &(0..range.len()), 0)?;
                index_bytes += range.len() - freed;
                // Nothing is to be replaced in fragments, of which there are many.
                if freed > 0 {
                    parts.push(Cow::Borrowed(&bytes[taken..range.start]));
                    parts.push(Cow::Owned(index));
                    taken = range.end;
                }
            }
            b"ftyp" | b"sidx" => index_bytes += range.len(),
            _ => {}
        }
        if index_bytes > INDEX_BYTES_MAX || parts.len() > PARTS_MAX {
            return None;
        }
    }
    parts.push(Cow::Borrowed(&bytes[taken..]));
    Some(Parts(parts))
}

/// Marks what is in `range` of `bytes`; how many bytes that were.
fn free_what_is_said(bytes: &mut [u8], range: &Range<usize>, depth: usize) -> Option<usize> {
    let mut freed = 0;
    let mut at = range.start;
    while let Some(atom) = Atom::at(bytes, at..range.end) {
        let kind = atom.kind_at..atom.kind_at + 4;
        match &atom.kind {
            b"udta" | b"meta" | b"uuid" => {
                bytes[kind].copy_from_slice(b"free");
                freed += atom.end - at;
            }
            b"trun" => {
                let count = bytes.get(atom.body_at + 4..)?.first_chunk::<4>()?;
                if u32::from_be_bytes(*count) > RUN_MAX {
                    return None;
                }
            }
            b"moov" | b"trak" | b"mdia" | b"minf" | b"moof" | b"traf" if depth < DEPTH_MAX => {
                freed += free_what_is_said(bytes, &(atom.body_at..atom.end), depth + 1)?;
            }
            _ => {}
        }
        at = atom.end;
    }
    Some(freed)
}

/// A box.
struct Atom {
    kind: [u8; 4],
    kind_at: usize,
    body_at: usize,
    end: usize,
}

impl Atom {
    /// The one that begins where `range` does and does not go beyond it.
    fn at(bytes: &[u8], range: Range<usize>) -> Option<Self> {
        let inside = bytes.get(range.clone())?;
        let (size, after) = inside.split_first_chunk::<4>()?;
        let (&kind, long) = after.split_first_chunk::<4>()?;
        let (header_bytes, size) = match u32::from_be_bytes(*size) {
            0 => (8, inside.len()),
            1 => (16, usize::try_from(u64::from_be_bytes(*long.first_chunk()?)).ok()?),
            size => (8, size as usize),
        };
        // What is cut off is there as far as it goes, as the reader takes it.
        let size = size.min(inside.len());
        (size >= header_bytes).then_some(Self {
            kind,
            kind_at: range.start + 4,
            body_at: range.start + header_bytes,
            end: range.start + size,
        })
    }
}
