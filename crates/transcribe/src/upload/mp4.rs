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
/// Places that only say something; real files have one to each track, and two.
const SAID_MAX: usize = 64;
/// What is nested is counted with this at least.
const CONTAINER_BYTES: usize = 24;
/// How deep what is looked at here is nested: `moov`, `trak`, `mdia`, `minf`.
const DEPTH_MAX: usize = 4;

/// The file with the boxes that only say something about it marked as free space, so that every
/// position in it stays true.
pub fn reduce(bytes: &[u8]) -> Option<Parts<'_>> {
    let mut index = Index::default();
    index.add(bytes, 0..bytes.len(), 0)?;
    let mut parts = Vec::new();
    let mut taken = 0;
    for kind_at in index.said {
        parts.push(Cow::Borrowed(&bytes[taken..kind_at]));
        parts.push(Cow::Borrowed(&b"free"[..]));
        taken = kind_at + 4;
    }
    parts.push(Cow::Borrowed(&bytes[taken..]));
    Some(Parts(parts))
}

#[derive(Default)]
struct Index {
    /// Where the names of boxes are that only say something.
    said: Vec<usize>,
    /// How large the rest is.
    bytes: usize,
}

impl Index {
    /// Counts what is in this range; `None` when it is too much.
    fn add(&mut self, bytes: &[u8], range: Range<usize>, depth: usize) -> Option<()> {
        let mut at = range.start;
        while let Some(atom) = Atom::at(bytes, at..range.end) {
            match &atom.kind {
                b"udta" | b"meta" | b"uuid" => self.said.push(atom.kind_at),
                b"moov" | b"trak" | b"mdia" | b"minf" | b"moof" | b"traf" if depth < DEPTH_MAX => {
                    self.bytes += CONTAINER_BYTES;
                    self.add(bytes, atom.body_at..atom.end, depth + 1)?;
                }
                b"trun" => {
                    let count = bytes.get(atom.body_at + 4..)?.first_chunk::<4>()?;
                    if u32::from_be_bytes(*count) > RUN_MAX {
                        return None;
                    }
                    self.bytes += atom.end - at;
                }
                b"mdat" | b"free" | b"skip" => {}
                b"ftyp" | b"sidx" => self.bytes += atom.end - at,
                // Unknown ones between the others are not read.
                _ if depth > 0 => self.bytes += atom.end - at,
                _ => {}
            }
            if self.bytes > INDEX_BYTES_MAX || self.said.len() > SAID_MAX {
                return None;
            }
            at = atom.end;
        }
        Some(())
    }
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
