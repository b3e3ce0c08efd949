//! STUN messages and ChannelData out of a TCP connection (RFC 8656 section 12.5): both say how long they are, and
//! the first two bits tell which is which (RFC 8656 section 12.4).

/// The longest message that is taken: a Send indication with a full datagram, and some.
pub(super) const MESSAGE_BYTES_MAX: usize = 2048;
const CHANNEL_HEADER_LEN: usize = 4;
const STUN_HEADER_LEN: usize = 20;

/// What comes is neither, or too long: nothing after it can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken;

/// Puts messages together. Holds at most what one `push` brought and one message.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    bytes: Vec<u8>,
    read: usize,
}

impl Chunks {
    /// More bytes. The caller takes all messages before the next call.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.read);
        self.read = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// Whether nothing is left that has not been handed out.
    pub fn is_empty(&self) -> bool {
        self.read == self.bytes.len()
    }

    /// The next whole message, without padding.
    pub fn next(&mut self) -> Result<Option<&[u8]>, Broken> {
        let rest = &self.bytes[self.read..];
        let Some(&[first, _, high, low]) = rest.first_chunk() else { return Ok(None) };
        let value_len = usize::from(u16::from_be_bytes([high, low]));
        let (len, padded) = match first >> 6 {
            0 => (STUN_HEADER_LEN + value_len, STUN_HEADER_LEN + value_len),
            1 => {
                let len = CHANNEL_HEADER_LEN + value_len;
                (len, len.next_multiple_of(4))
            }
            _ => return Err(Broken),
        };
        if padded > MESSAGE_BYTES_MAX {
            return Err(Broken);
        }
        if rest.len() < padded {
            return Ok(None);
        }
        let start = self.read;
        self.read += padded;
        Ok(Some(&self.bytes[start..start + len]))
    }
}

/// A message as it goes into a TCP connection: ChannelData is padded to four bytes.
pub(super) fn pad(mut message: Vec<u8>) -> Vec<u8> {
    message.resize(message.len().next_multiple_of(4), 0);
    message
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;

    fn message() -> impl Strategy<Value = Vec<u8>> {
        let channel = vec(any::<u8>(), 0..1500).prop_map(|data| {
            let mut message = vec![0x40, 0x01];
            message.extend((data.len() as u16).to_be_bytes());
            message.extend(data);
            message
        });
        let stun = vec(any::<[u8; 4]>(), 0..300).prop_map(|words| {
            let mut message = vec![0, 1];
            message.extend((words.len() as u16 * 4).to_be_bytes());
            message.extend([0; 16]);
            message.extend(words.concat());
            message
        });
        prop_oneof![channel, stun]
    }

    #[test]
    fn what_is_no_message_ends_it() {
        for bytes in [&[0x80, 0, 0, 0][..], &[0xff; 40], &[0x40, 0, 0xff, 0xff], &[0, 1, 8, 0]] {
            let mut chunks = Chunks::default();
            chunks.push(bytes);
            assert_eq!(chunks.next(), Err(Broken), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn messages_come_out_however_they_are_cut(
            sent in vec(message(), 0..8), cuts in vec(1_usize..2000, 1..30),
        ) {
            let bytes: Vec<u8> = sent.iter().cloned().flat_map(pad).collect();
            let (mut chunks, mut got) = (Chunks::default(), Vec::new());
            let (mut rest, mut cuts) = (&bytes[..], cuts.iter().cycle());
            while !rest.is_empty() {
                let (piece, later) = rest.split_at((*cuts.next().unwrap()).min(rest.len()));
                chunks.push(piece);
                while let Some(message) = chunks.next().unwrap() {
                    got.push(message.to_vec());
                }
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
            let mut chunks = Chunks::default();
            for piece in pieces {
                chunks.push(piece);
                while let Ok(Some(message)) = chunks.next() {
                    assert!(message.len() <= MESSAGE_BYTES_MAX);
                }
            }
        });
    }
}
