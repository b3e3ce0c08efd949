//! What a reader of containers is let to read: a small head made here, then the file's own bytes.
//!
//! The readers keep whatever a file says of itself, at up to fifty times its size, and their own
//! limits on that are not honoured. So each container is first reduced to what decoding needs, in
//! a module of its own beside this one, and what may be read before the first packet is counted
//! here, so that a file that the two understand differently ends there.

use std::borrow::Cow;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use symphonia::core::io::MediaSource;

/// A file takes a second or two; ten times that on a machine that has much else to do. What takes
/// longer was made to.
const DECODING_MAX: Duration = Duration::from_secs(30);

/// The parts of a file that a reader sees, in order.
pub struct Parts<'a>(pub Vec<Cow<'a, [u8]>>);

impl<'a> Parts<'a> {
    /// All of it, as it is.
    pub fn whole(bytes: &'a [u8]) -> Self {
        Self(vec![Cow::Borrowed(bytes)])
    }

    /// What was made here, and what follows it in the file.
    pub fn spliced(head: Vec<u8>, rest: &'a [u8]) -> Self {
        Self(vec![Cow::Owned(head), Cow::Borrowed(rest)])
    }

    /// How long they are together.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|part| part.len() as u64).sum()
    }
}

/// How much may be read still, shared with a [`Source`].
#[derive(Clone)]
pub struct Allowance {
    bytes: Arc<AtomicU64>,
    until: Instant,
}

impl Allowance {
    /// This much, and not too slowly.
    pub fn new(bytes: u64) -> Self {
        Self { bytes: Arc::new(AtomicU64::new(bytes)), until: Instant::now() + DECODING_MAX }
    }

    /// All there is from now on.
    pub fn lift(&self) {
        self.bytes.store(u64::MAX, Ordering::Relaxed);
    }

    /// Whether decoding has taken too long.
    pub fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn take(&self, wanted: usize) -> io::Result<usize> {
        let left = self.bytes.load(Ordering::Relaxed);
        let taken = wanted.min(usize::try_from(left).unwrap_or(usize::MAX));
        if (taken == 0 && wanted > 0) || self.is_over() {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bytes.store(left - taken as u64, Ordering::Relaxed);
        Ok(taken)
    }
}

/// [`Parts`] as one file.
pub struct Source<'a> {
    parts: Parts<'a>,
    allowance: Allowance,
    at: u64,
}

impl<'a> Source<'a> {
    /// At the beginning.
    pub fn new(parts: Parts<'a>, allowance: Allowance) -> Self {
        Self { parts, allowance, at: 0 }
    }
}

impl Read for Source<'_> {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let mut start = 0;
        for part in &self.parts.0 {
            let end = start + part.len() as u64;
            if self.at < end {
                let from = &part[(self.at - start) as usize..];
                let count = self.allowance.take(to.len().min(from.len()))?;
                to[..count].copy_from_slice(&from[..count]);
                self.at += count as u64;
                return Ok(count);
            }
            start = end;
        }
        Ok(0)
    }
}

impl Seek for Source<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
            SeekFrom::End(by) => self.parts.len().checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

impl MediaSource for Source<'_> {
    fn is_seekable(&self) -> bool {
        true
    }

    fn byte_len(&self) -> Option<u64> {
        Some(self.parts.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_read_as_one_file_until_the_allowance_ends() {
        let allowance = Allowance::new(5);
        let parts = Parts::spliced(b"head".to_vec(), b"rest");
        let mut source = Source::new(parts, allowance.clone());
        let mut some = [0; 3];
        assert_eq!((source.read(&mut some).unwrap(), &some), (3, b"hea"));
        assert_eq!((source.read(&mut some).unwrap(), some[0]), (1, b'd'));
        assert_eq!((source.read(&mut some).unwrap(), some[0]), (1, b'r'));
        assert_eq!(source.read(&mut some).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        allowance.lift();
        assert_eq!((source.read(&mut some).unwrap(), &some), (3, b"est"));
        assert_eq!(source.read(&mut some).unwrap(), 0);
        assert_eq!(source.seek(SeekFrom::End(-6)).unwrap(), 2);
        let mut all = String::new();
        source.read_to_string(&mut all).unwrap();
        assert_eq!(all, "adrest");
        assert_eq!(source.seek(SeekFrom::Start(99)).unwrap(), 99);
        assert_eq!(source.read(&mut some).unwrap(), 0);
    }
}
