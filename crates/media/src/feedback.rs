//! What a receiver tells about which packets came when: transport-wide feedback
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1), read from a compound RTCP packet.
//! The WebRTC library reads it as well, and keeps what it sees to itself.

/// RTPFB (RFC 4585 section 6.1) with the format of this feedback.
const PACKET_TYPE: u8 = 205;
const FORMAT: u8 = 15;
/// Packets of one report that are looked at. Two seconds of a large picture; one that claims more is not
/// believed further.
const REPORTED_MAX: usize = 1024;
/// Reports of one compound packet that are looked at. Receivers send one; 1500 bytes could claim the fate of
/// millions.
const REPORTS_MAX: usize = 8;
/// The reference time counts in these, in 24 bits.
const REFERENCE_MICROS: i64 = 64_000;
/// A delta counts in these.
const DELTA_MICROS: i64 = 250;

/// One report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    /// The transport-wide number of the first packet.
    pub first: u16,
    /// When each packet from there on came, in microseconds of the receiver's clock; `None`: it has not.
    pub arrivals: Vec<Option<i64>>,
}

/// The reports in a compound packet, in order. What cannot be read is left out, with what follows it.
pub(crate) fn reports(compound: &[u8]) -> Vec<Report> {
    let mut reports = Vec::new();
    let mut rest = compound;
    while let [first, kind, high, low, ..] = *rest
        && reports.len() < REPORTS_MAX
    {
        let bytes = 4 + 4 * usize::from(u16::from_be_bytes([high, low]));
        let Some((packet, behind)) = rest.split_at_checked(bytes) else { break };
        if kind == PACKET_TYPE && first & 0x1f == FORMAT {
            // Behind the header are the two SSRCs.
            reports.extend(packet.get(12..).and_then(read));
        }
        rest = behind;
    }
    reports
}

fn read(body: &[u8]) -> Option<Report> {
    let [a, b, c, d, e, f, g, _, ..] = *body else { return None };
    let first = u16::from_be_bytes([a, b]);
    let count = usize::from(u16::from_be_bytes([c, d])).min(REPORTED_MAX);
    let mut rest = body.get(8..)?;
    // Bytes of the delta of each packet.
    let mut deltas: Vec<u8> = Vec::with_capacity(count);
    while deltas.len() < count {
        let chunk = u16::from_be_bytes(*rest.first_chunk()?);
        rest = rest.get(2..)?;
        match chunk >> 14 {
            // A run of equal ones,
            0 | 1 => {
                let run = usize::from(chunk & 0x1fff).min(count - deltas.len());
                if run == 0 {
                    return None;
                }
                deltas.extend(std::iter::repeat_n((chunk >> 13 & 3) as u8, run));
            }
            // fourteen of one bit each,
            2 => deltas.extend((0..14).rev().map(|bit| (chunk >> bit & 1) as u8)),
            // or seven of two.
            _ => deltas.extend((0..7).rev().map(|pair| (chunk >> (2 * pair) & 3) as u8)),
        }
    }
    deltas.truncate(count);
    let reference = i32::from_be_bytes([e, f, g, 0]) >> 8;
    let mut at = i64::from(reference) * REFERENCE_MICROS;
    let mut arrivals = Vec::with_capacity(count);
    for delta in deltas {
        let (steps, bytes) = match delta {
            0 => {
                arrivals.push(None);
                continue;
            }
            1 => (i64::from(*rest.first()?), 1),
            2 => (i64::from(i16::from_be_bytes(*rest.first_chunk()?)), 2),
            // Reserved.
            _ => return None,
        };
        rest = rest.get(bytes..)?;
        at += steps * DELTA_MICROS;
        arrivals.push(Some(at));
    }
    Some(Report { first, arrivals })
}

/// The transport-wide number of an RTP packet as it is sent, whose header extension has this id (RFC 8285).
/// `None`: it has none.
pub(crate) fn number_of(datagram: &[u8], id: u8) -> Option<u16> {
    let [first, ..] = *datagram else { return None };
    let extension = 12 + 4 * usize::from(first & 0x0f);
    let [high, low, len_high, len_low, ..] = *datagram.get(extension..)? else { return None };
    if first & 0x10 == 0 {
        return None;
    }
    let words = usize::from(u16::from_be_bytes([len_high, len_low]));
    let mut rest = datagram.get(extension + 4..)?.get(..4 * words)?;
    // Section 4.2 and 4.3: one byte before each element, or two.
    let short = match [high, low] {
        [0xbe, 0xde] => true,
        [0x10, 0x00..=0x0f] => false,
        _ => return None,
    };
    while let Some((&head, behind)) = rest.split_first() {
        if head == 0 {
            rest = behind;
            continue;
        }
        let (is, len, behind) = match short {
            true => (head >> 4, usize::from(head & 0x0f) + 1, behind),
            false => (head, usize::from(*behind.first()?), behind.get(1..)?),
        };
        if is == id {
            return behind.get(..len)?.first_chunk().map(|number| u16::from_be_bytes(*number));
        }
        rest = behind.get(len..)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A compound packet with a receiver report and a feedback with this body.
    fn compound(body: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0x80, 201, 0, 1, 0, 0, 0, 1];
        let padded = body.len().next_multiple_of(4);
        let words = (8 + padded) / 4;
        bytes.extend([0x8f, 205, 0, words as u8, 0, 0, 0, 1, 0, 0, 0, 2]);
        bytes.extend(body);
        bytes.resize(bytes.len() + padded - body.len(), 0);
        bytes
    }

    #[test]
    fn reports_are_read_as_the_draft_has_them() {
        // From 7, eight packets, from 2 * 64 ms on: two came, three did not; one late, one early, and one.
        let body = [
            [0, 7, 0, 8, 0, 0, 2, 9].as_slice(),
            &[0x20, 2],
            &[0x00, 3],
            &[0b1101_1001, 0b0000_0000],
            &[4, 8, 40, 0xff, 0xfc, 4],
        ];
        let report = &reports(&compound(&body.concat()))[0];
        let ms = |ms: f64| Some((ms * 1000.0) as i64);
        let came = [ms(129.0), ms(131.0), None, None, None, ms(141.0), ms(140.0), ms(141.0)];
        assert_eq!((report.first, &report.arrivals[..]), (7, &came[..]));
    }

    #[test]
    fn a_vector_of_single_bits_is_read_and_what_is_short_is_not() {
        let body = [0xff, 0xff, 0, 3, 0xff, 0xff, 0xff, 0, 0b1001_0100, 0, 0];
        let arrivals = vec![None, Some(-64_000), None];
        // The fourth bit is of no packet.
        assert_eq!(reports(&compound(&body)), [Report { first: 0xffff, arrivals }]);
        for len in 0..9 {
            assert_eq!(reports(&compound(&body[..len])), [], "{len} bytes");
        }
        assert_eq!(reports(&[0x80, 201, 0, 9]), []);
    }

    #[test]
    fn the_number_is_found_in_both_forms() {
        let packet =
            |extensions: &[u8]| [[0x90].as_slice(), &[0; 11], extensions, &[9; 20]].concat();
        let short = packet(&[0xbe, 0xde, 0, 2, 0x12, 1, 2, 3, 0, 0x31, 0x12, 0x34]);
        assert_eq!(number_of(&short, 3), Some(0x1234));
        assert_eq!(number_of(&short, 4), None);
        let long = packet(&[0x10, 0, 0, 2, 20, 1, 9, 17, 2, 0x12, 0x34, 0]);
        assert_eq!(number_of(&long, 17), Some(0x1234));
        assert_eq!(number_of(&[0x80; 40], 3), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80), id in 1..15_u8) {
            reports(&bytes);
            reports(&compound(&bytes));
            number_of(&bytes, id);
            let reported = reports(&compound(&bytes));
            prop_assert!(reported.iter().all(|report| report.arrivals.len() <= REPORTED_MAX));
        }
    }
}
