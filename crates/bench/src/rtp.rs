//! RTP and RTCP as far as the light path reads and writes them (RFC 3550).

/// What is read of an RTP header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the header, extensions included.
    pub len: usize,
    /// The last packet of a frame, or the first of a talk spurt.
    pub marker: bool,
    /// What is in it.
    pub payload_type: u8,
    /// Its number.
    pub seq: u16,
    /// Media time.
    pub timestamp: u32,
    /// Whose it is.
    pub ssrc: u32,
}

/// What a datagram is, by its first bytes (RFC 7983 section 7, RFC 5761 section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Sound or picture.
    Rtp,
    /// Reports.
    Rtcp,
    /// STUN, DTLS, or nothing known.
    Other,
}

/// Tells RTP, RTCP and the rest apart.
pub fn kind(bytes: &[u8]) -> Kind {
    match bytes {
        [128..=191, 192..=223, ..] => Kind::Rtcp,
        [128..=191, _, ..] => Kind::Rtp,
        _ => Kind::Other,
    }
}

/// Reads a header; `None` when it is cut off.
pub fn parse(bytes: &[u8]) -> Option<Header> {
    let fixed: &[u8; 12] = bytes.first_chunk()?;
    let mut len = 12 + 4 * usize::from(fixed[0] & 0x0f);
    if fixed[0] & 0x10 != 0 {
        let words = bytes.get(len + 2..len + 4)?;
        len += 4 + 4 * usize::from(u16::from_be_bytes([words[0], words[1]]));
    }
    (bytes.len() >= len).then_some(Header {
        len,
        marker: fixed[1] & 0x80 != 0,
        payload_type: fixed[1] & 0x7f,
        seq: u16::from_be_bytes([fixed[2], fixed[3]]),
        timestamp: u32::from_be_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
        ssrc: u32::from_be_bytes([fixed[8], fixed[9], fixed[10], fixed[11]]),
    })
}

/// Writes a header; `level`: the extension's id and the byte of RFC 6464 section 3.
pub fn write(header: &Header, level: Option<(u8, u8)>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(20);
    bytes.push(if level.is_some() { 0x90 } else { 0x80 });
    bytes.push(header.payload_type | u8::from(header.marker) << 7);
    bytes.extend(header.seq.to_be_bytes());
    bytes.extend(header.timestamp.to_be_bytes());
    bytes.extend(header.ssrc.to_be_bytes());
    if let Some((id, level)) = level {
        // RFC 8285 section 4.2: one word of the one-byte form.
        bytes.extend([0xbe, 0xde, 0, 1, id << 4, level, 0, 0]);
    }
    bytes
}

/// A number without its wrap: the one nearest to the newest so far.
pub fn extend(newest: u64, seq: u16) -> u64 {
    let distance = seq.wrapping_sub(newest as u16) as i16;
    newest.saturating_add_signed(i64::from(distance))
}

/// What a receiver reports of a stream (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Of which stream.
    pub ssrc: u32,
    /// Share lost since the last report, in 256ths.
    pub fraction: u8,
    /// Lost in all.
    pub lost: u32,
    /// The newest number without its wrap.
    pub newest: u32,
    /// Jitter in the stream's clock.
    pub jitter: u32,
}

/// Blocks in one packet: a field of five bits.
const BLOCKS_MAX: usize = 31;

/// A receiver report from `ssrc`.
pub fn receiver_report(ssrc: u32, reports: &[Report]) -> Vec<u8> {
    let reports = &reports[..reports.len().min(BLOCKS_MAX)];
    let mut bytes = vec![0x80 | reports.len() as u8, 201, 0, 1 + 6 * reports.len() as u8];
    bytes.extend(ssrc.to_be_bytes());
    for report in reports {
        bytes.extend(report.ssrc.to_be_bytes());
        bytes.push(report.fraction);
        bytes.extend(&report.lost.min(0x7f_ffff).to_be_bytes()[1..]);
        bytes.extend(report.newest.to_be_bytes());
        bytes.extend(report.jitter.to_be_bytes());
        // No sender report was looked at.
        bytes.extend([0; 8]);
    }
    bytes
}

/// A sender report: when a packet of media time `timestamp` is due, and what was sent so far.
pub fn sender_report(
    ssrc: u32,
    unix_ns: u64,
    timestamp: u32,
    packets: u32,
    bytes_sent: u32,
) -> Vec<u8> {
    const EPOCH_1900_TO_1970_SECS: u64 = 2_208_988_800;
    let secs = unix_ns / 1_000_000_000 + EPOCH_1900_TO_1970_SECS;
    let fraction = ((unix_ns % 1_000_000_000) << 32) / 1_000_000_000;
    let mut bytes = vec![0x80, 200, 0, 6];
    for field in [ssrc, secs as u32, fraction as u32, timestamp, packets, bytes_sent] {
        bytes.extend(field.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: Header =
        Header { len: 12, marker: true, payload_type: 111, seq: 65_535, timestamp: 7, ssrc: 9 };

    #[test]
    fn what_is_written_is_read() {
        let plain = write(&HEADER, None);
        assert_eq!((kind(&plain), parse(&plain)), (Kind::Rtp, Some(HEADER)));
        let levelled = write(&HEADER, Some((1, 30)));
        assert_eq!(parse(&levelled), Some(Header { len: 20, ..HEADER }));
        assert_eq!(parse(&levelled[..19]), None, "cut in the extension");
        assert_eq!(parse(&plain[..11]), None);
        assert_eq!(parse(&[0x8f; 12]), None, "fifteen sources that are not there");
    }

    #[test]
    fn reports_are_told_from_media() {
        assert_eq!(kind(&receiver_report(1, &[])), Kind::Rtcp);
        assert_eq!(kind(&[0, 1, 0, 0]), Kind::Other);
        assert_eq!(kind(&[]), Kind::Other);
        let report = Report { ssrc: 9, fraction: 1, lost: 2, newest: 3, jitter: 4 };
        let bytes = receiver_report(1, &[report; 2]);
        assert_eq!(bytes.len(), 4 * (usize::from(bytes[3]) + 1), "length in words, less one");
        assert_eq!(receiver_report(1, &[report; 99])[0] & 0x1f, 31);
        let bytes = sender_report(1, 1_500_000_000, 2, 3, 4);
        assert_eq!(bytes.len(), 4 * (usize::from(bytes[3]) + 1));
        assert_eq!(bytes[12..16], 0x8000_0000_u32.to_be_bytes(), "half a second");
    }

    #[test]
    fn numbers_go_on_over_the_wrap_and_back() {
        assert_eq!(extend(65_534, 1), 65_537);
        assert_eq!(extend(65_537, 65_535), 65_535);
        assert_eq!(extend(5, 6), 6);
        assert_eq!(extend(2, 65_535), 0, "from before the first");
    }
}
