//! What the load client's packets carry: who sent them, when, and which of theirs it is, in bytes whose
//! rest is known, so that a packet that arrives can be held against what was sent.

/// What a packet says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Number of the speaker.
    pub speaker: u32,
    /// Number of the packet, from 1, without gaps.
    pub count: u64,
    /// When it was sent, in nanoseconds since 1970.
    pub sent_ns: u64,
}

/// An Opus packet's first byte: CELT, 20 ms, one frame (RFC 6716 section 3.1).
const OPUS_HEAD: u8 = 0xf8;
const MAGIC: [u8; 4] = *b"load";
/// Head, magic, speaker, count, time.
pub const LEN_MIN: usize = 1 + 4 + 4 + 8 + 8;

impl Stamp {
    /// A payload of `len` bytes, at least [`LEN_MIN`].
    pub fn payload(&self, len: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(len.max(LEN_MIN));
        bytes.push(OPUS_HEAD);
        bytes.extend(MAGIC);
        bytes.extend(self.speaker.to_be_bytes());
        bytes.extend(self.count.to_be_bytes());
        bytes.extend(self.sent_ns.to_be_bytes());
        bytes.resize(len.max(LEN_MIN), self.filler());
        bytes
    }

    /// Reads a payload; `None`: it is not what was sent.
    pub fn read(payload: &[u8]) -> Option<Self> {
        let (head, rest) = payload.split_at_checked(LEN_MIN)?;
        let stamp = Self {
            speaker: u32::from_be_bytes(head[5..9].try_into().ok()?),
            count: u64::from_be_bytes(head[9..17].try_into().ok()?),
            sent_ns: u64::from_be_bytes(head[17..25].try_into().ok()?),
        };
        let whole = head[1..5] == MAGIC && rest.iter().all(|byte| *byte == stamp.filler());
        whole.then_some(stamp)
    }

    fn filler(&self) -> u8 {
        self.count as u8 ^ self.speaker as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_payload_is_noticed() {
        let stamp = Stamp { speaker: 3, count: 1_000, sent_ns: 5 };
        let mut payload = stamp.payload(80);
        assert_eq!((payload.len(), Stamp::read(&payload)), (80, Some(stamp)));
        payload[70] ^= 1;
        assert_eq!(Stamp::read(&payload), None);
        assert_eq!(Stamp::read(&payload[..20]), None);
        assert_eq!(stamp.payload(0).len(), LEN_MIN);
    }
}
