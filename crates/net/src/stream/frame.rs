//! Frames of RFC 4571 section 2: two bytes of length, then as many bytes. Bytes in, frames out.

/// The longest frame: what the media core looks at (`DATAGRAM_BYTES_MAX` there). A longer one is no media of
/// anybody's, and to skip it would be to wait for as much as its sender likes.
pub(super) const FRAME_BYTES_MAX: usize = 1500;
const HEADER_LEN: usize = 2;

/// A frame is longer than [`FRAME_BYTES_MAX`]. What follows it cannot be read any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// Puts frames together. Never holds more than what one call of `push` brought and one frame.
#[derive(Debug, Default)]
pub(super) struct Frames {
    bytes: Vec<u8>,
    /// Up to here they have been handed out.
    read: usize,
}

impl Frames {
    /// More bytes of the connection. The caller takes all frames before the next call.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole frame, `None` until more bytes come. Empty frames are passed over.
    pub fn next(&mut self) -> Result<Option<&[u8]>, TooLong> {
        loop {
            let Some(&[high, low]) = self.bytes[self.read..].first_chunk() else { return Ok(None) };
            let len = usize::from(u16::from_be_bytes([high, low]));
            if len > FRAME_BYTES_MAX {
                return Err(TooLong);
            }
            let start = self.read + HEADER_LEN;
            if self.bytes.len() < start + len {
                return Ok(None);
            }
            self.read = start + len;
            if len > 0 {
                return Ok(Some(&self.bytes[start..start + len]));
            }
        }
    }
}

/// Appends a datagram as a frame; one that is too long for a frame is left out.
pub(super) fn write(bytes: &mut Vec<u8>, contents: &[u8]) {
    let Ok(len) = u16::try_from(contents.len()) else { return };
    bytes.extend_from_slice(&len.to_be_bytes());
    bytes.extend_from_slice(contents);
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn all(frames: &mut Frames) -> Result<Vec<Vec<u8>>, TooLong> {
        let mut got = Vec::new();
        while let Some(frame) = frames.next()? {
            got.push(frame.to_vec());
        }
        Ok(got)
    }

    #[test]
    fn a_frame_that_is_too_long_ends_it() {
        let mut frames = Frames::default();
        frames.push(&[0, 1, 7, 0x05, 0xdd]);
        assert_eq!(frames.next(), Ok(Some(&[7][..])));
        assert_eq!(frames.next(), Err(TooLong));
        frames.push(&[0; 10]);
        assert_eq!(frames.next(), Err(TooLong));
    }

    #[test]
    fn half_a_frame_waits() {
        let mut frames = Frames::default();
        for byte in [0, 2, 8] {
            frames.push(&[byte]);
            assert_eq!(frames.next(), Ok(None));
        }
        frames.push(&[9, 0, 0, 0]);
        assert_eq!(frames.next(), Ok(Some(&[8, 9][..])));
        assert_eq!(frames.next(), Ok(None), "an empty frame, and half a header");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_however_it_is_cut(
            sent in vec(vec(any::<u8>(), 1..=FRAME_BYTES_MAX), 0..12),
            cuts in vec(1_usize..3000, 1..40),
        ) {
            let mut bytes = Vec::new();
            for contents in &sent {
                write(&mut bytes, contents);
            }
            let (mut frames, mut got) = (Frames::default(), Vec::new());
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                frames.push(piece);
                got.extend(all(&mut frames).unwrap());
                prop_assert!(frames.bytes.len() - frames.read <= HEADER_LEN + FRAME_BYTES_MAX);
                rest = later;
            }
            prop_assert_eq!(got, sent);
        }
    }

    /// A target for a fuzzer, and a short run of it with every test run.
    #[test]
    fn any_pieces_are_read_without_panic() {
        let target = bolero::check!().with_type::<Vec<Vec<u8>>>();
        target.with_iterations(1000).for_each(|pieces| {
            let mut frames = Frames::default();
            for piece in pieces {
                frames.push(piece);
                if all(&mut frames).is_err() {
                    break;
                }
            }
        });
    }
}
