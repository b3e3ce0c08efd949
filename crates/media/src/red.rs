//! Audio with redundancy (RED, RFC 2198): each packet repeats what the ones before it said. It goes on as it
//! is to receivers that take it, and as its primary block to the others, and to whoever listens here.

use std::ops::Range;

use crate::offer::Offer;

/// Blocks of one packet. Browsers send two; more is only work.
const BLOCKS_MAX: usize = 8;

/// Where the primary block is, and its payload type (section 3). `None`: malformed.
pub(crate) fn primary(payload: &[u8]) -> Option<(u8, Range<usize>)> {
    let (mut at, mut before) = (0, 0);
    for _ in 0..BLOCKS_MAX {
        let head = *payload.get(at)?;
        if head & 0x80 == 0 {
            let from = at + 1 + before;
            return (from < payload.len()).then_some((head, from..payload.len()));
        }
        let length = u16::from_be_bytes([*payload.get(at + 2)?, *payload.get(at + 3)?]);
        before += usize::from(length & 0x03ff);
        at += 4;
    }
    None
}

/// Puts the payload types of an answer's audio sections into the order of the offer. The library names
/// RED first whenever both sides have it, and a browser sends what is named first: it is the offer's
/// to say whether it wants to.
pub(crate) fn in_offered_order(answer: &str, offer: &Offer) -> String {
    let mut sections = offer.sections.iter();
    let mut text = String::with_capacity(answer.len());
    for line in answer.lines() {
        let section = line.strip_prefix("m=").and_then(|media| Some((media, sections.next()?)));
        match section.filter(|(media, _)| media.starts_with("audio ")) {
            Some((media, section)) => {
                let mut words: Vec<&str> = media.split(' ').collect();
                let formats = words.len().min(3);
                let place = |word: &&str| {
                    let offered = section.payload_types.iter();
                    offered.clone().position(|known| known == word).unwrap_or(usize::MAX)
                };
                words[formats..].sort_by_key(place);
                text.push_str("m=");
                text.push_str(&words.join(" "));
            }
            None => text.push_str(line),
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_primary_block_is_found() {
        let two = [0xef, 0x0f, 0x00, 0x02, 0x6f, 1, 2, 7, 8, 9];
        assert_eq!(primary(&two), Some((111, 7..10)));
        assert_eq!(primary(&[0x6f, 5]), Some((111, 1..2)));
        for bad in [&two[..7], &two[..3], &[0x6f], &[], &[0xff; 100]] {
            assert_eq!(primary(bad), None, "{bad:02x?}");
        }
    }

    #[test]
    fn audio_is_answered_in_the_order_of_the_offer() {
        let offer = "v=0\r\no=- 7 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=ice-ufrag:abcd\r\n\
            a=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA:BB\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9\r\na=mid:0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\na=mid:1\r\n\
            m=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:2\r\n";
        let offer = Offer::parse(offer).unwrap();
        let answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\na=mid:0\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 97 96\r\nm=audio 9 UDP/TLS/RTP/SAVPF 63 111\r\n";
        let expect = answer.replacen("63 111", "111 63", 1);
        assert_eq!(in_offered_order(answer, &offer), expect);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            if let Some((_, range)) = primary(&bytes) {
                prop_assert!(!bytes[range].is_empty());
            }
        }
    }
}
