//! Which container some bytes are, by their first bytes.

/// The containers that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Container {
    /// RIFF WAVE: PCM, float, A-law, mu-law.
    Wav,
    /// MPEG audio layer III, with or without an ID3 tag before it.
    Mp3,
    /// Ogg with Vorbis, Opus or FLAC.
    Ogg,
    /// WebM and Matroska.
    Matroska,
    /// MP4 and M4A with AAC, also fragmented.
    Mp4,
    /// FLAC.
    Flac,
    /// A bare AAC stream with ADTS headers.
    Adts,
}

/// An ID3v2 header (id3.org, section 3.1 of version 2.4.0).
const ID3_HEADER_BYTES: usize = 10;

impl Container {
    /// The container, and the bytes from where it begins; `None` for anything else.
    #[must_use]
    pub fn sniff(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let bytes = after_id3(bytes)?;
        let at = |offset: usize, magic: &[u8]| bytes.get(offset..)?.strip_prefix(magic);
        let container = if at(0, b"RIFF").is_some() && at(8, b"WAVE").is_some() {
            Self::Wav
        } else if at(0, b"fLaC").is_some() {
            Self::Flac
        } else if at(0, b"OggS").is_some() {
            Self::Ogg
        } else if at(0, &[0x1a, 0x45, 0xdf, 0xa3]).is_some() {
            Self::Matroska
        } else if at(4, b"ftyp").is_some() {
            Self::Mp4
        } else if frames_follow(bytes, adts_frame_bytes) {
            Self::Adts
        } else if frames_follow(bytes, mp3_frame_bytes) {
            Self::Mp3
        } else {
            return None;
        };
        Some((container, bytes))
    }
}

/// Skips a tag, which may hold megabytes of pictures that nothing here needs.
fn after_id3(bytes: &[u8]) -> Option<&[u8]> {
    if !bytes.starts_with(b"ID3") {
        return Some(bytes);
    }
    let size = bytes.get(6..ID3_HEADER_BYTES)?;
    let size = size.iter().fold(0, |size, &byte| size << 7 | usize::from(byte & 0x7f));
    let footer = if bytes.get(5)? & 0x10 == 0 { 0 } else { ID3_HEADER_BYTES };
    let rest = bytes.get(ID3_HEADER_BYTES + size + footer..)?;
    // Some writers pad the tag with zeros that they do not count.
    let start = rest.iter().position(|&byte| byte != 0)?;
    rest.get(start..)
}

/// One header proves little, as eleven set bits are common; two in the right distance do.
fn frames_follow(bytes: &[u8], frame_bytes: fn(&[u8]) -> Option<usize>) -> bool {
    let Some(first) = frame_bytes(bytes) else { return false };
    bytes.get(first..).is_some_and(|next| next.is_empty() || frame_bytes(next).is_some())
}

/// The length of the ADTS frame that starts here (ISO 13818-7 section 6.2).
fn adts_frame_bytes(bytes: &[u8]) -> Option<usize> {
    let header = bytes.first_chunk::<7>()?;
    if header[0] != 0xff || header[1] & 0xf6 != 0xf0 || header[2] >> 2 & 0x0f > 12 {
        return None;
    }
    let [.., third, fourth, fifth, _] = header;
    let length =
        usize::from(third & 0x03) << 11 | usize::from(*fourth) << 3 | usize::from(fifth >> 5);
    (length > 7).then_some(length)
}

/// The length of the MPEG audio layer III frame that starts here (ISO 11172-3 section 2.4.2.3).
fn mp3_frame_bytes(bytes: &[u8]) -> Option<usize> {
    const KBITS_MPEG1: [usize; 16] =
        [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0];
    const KBITS_MPEG2: [usize; 16] =
        [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0];
    const RATES_HZ: [usize; 4] = [44_100, 48_000, 32_000, 0];
    let header = bytes.first_chunk::<4>()?;
    let (version, layer) = (header[1] >> 3 & 3, header[1] >> 1 & 3);
    if header[0] != 0xff || header[1] & 0xe0 != 0xe0 || version == 1 || layer != 1 {
        return None;
    }
    let mpeg1 = version == 3;
    let kbits = if mpeg1 { KBITS_MPEG1 } else { KBITS_MPEG2 }[usize::from(header[2] >> 4)];
    let slower = match version {
        0 => 4,
        2 => 2,
        _ => 1,
    };
    let rate_hz = RATES_HZ[usize::from(header[2] >> 2 & 3)] / slower;
    if kbits == 0 || rate_hz == 0 {
        return None;
    }
    let bytes_per_kbit = if mpeg1 { 144_000 } else { 72_000 };
    Some(bytes_per_kbit * kbits / rate_hz + usize::from(header[2] >> 1 & 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_by_their_first_bytes() {
        let mp3 = [&[0xff, 0xfb, 0x90, 0x00][..], &[0; 413], &[0xff, 0xfb, 0x90, 0x00]].concat();
        let tagged = [&b"ID3\x04\0\0\0\0\0\x02xx"[..], &mp3].concat();
        let flac_tagged = b"ID3\x04\0\0\0\0\0\x02xxfLaC";
        let cases: [(&[u8], Option<Container>); 12] = [
            (b"RIFF\0\0\0\0WAVEfmt ", Some(Container::Wav)),
            (b"RIFF\0\0\0\0AVI ", None),
            (b"fLaC\0", Some(Container::Flac)),
            (b"OggS\0", Some(Container::Ogg)),
            (b"\x1a\x45\xdf\xa3\x01", Some(Container::Matroska)),
            (b"\0\0\0\x20ftypM4A ", Some(Container::Mp4)),
            (&mp3, Some(Container::Mp3)),
            (&tagged, Some(Container::Mp3)),
            (flac_tagged, Some(Container::Flac)),
            (&mp3[..100], None),
            (b"PK\x03\x04", None),
            (b"ID3\x04\0\0\x7f\x7f\x7f\x7f", None),
        ];
        for (bytes, wanted) in cases {
            assert_eq!(Container::sniff(bytes).map(|(one, _)| one), wanted, "{bytes:x?}");
        }
    }

    #[test]
    fn short_files_are_nothing() {
        for len in 0..16 {
            assert_eq!(Container::sniff(&vec![0xff; len]), None);
            assert_eq!(Container::sniff(&b"ID3\x04\0\0\0\0\0\x02xxffff"[..len]), None);
        }
    }
}
