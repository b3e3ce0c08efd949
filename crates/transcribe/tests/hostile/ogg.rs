//! Ogg: tags, chained streams, the tables of Vorbis.

use transcribe::upload::{Limits, decode};

use super::{MB, OPUS, VORBIS, comments, stays_small};

const FIRST: u8 = 2;
const CONTINUED: u8 = 1;

/// Pages of one packet, as many as it takes (RFC 3533, section 6).
fn pages(kind: u8, serial: u32, packet: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    let mut lacing = vec![255; packet.len() / 255];
    lacing.push((packet.len() % 255) as u8);
    let mut rest = packet;
    for (number, lengths) in lacing.chunks(255).enumerate() {
        let (body, next) =
            rest.split_at(lengths.iter().map(|&length: &u8| usize::from(length)).sum());
        rest = next;
        let mut page = b"OggS\0".to_vec();
        page.push(if number == 0 { kind } else { CONTINUED });
        page.extend([0; 8]);
        page.extend(serial.to_le_bytes());
        page.extend([0; 8]);
        page.push(lengths.len() as u8);
        page.extend(lengths);
        page.extend(body);
        let sum = checksum(&page).to_le_bytes();
        page[22..26].copy_from_slice(&sum);
        all.extend(page);
    }
    all
}

fn checksum(bytes: &[u8]) -> u32 {
    let table: Vec<u32> = (0..256_u32)
        .map(|byte| {
            (0..8)
                .fold(byte << 24, |sum, _| sum << 1 ^ if sum >> 31 == 1 { 0x04c1_1db7 } else { 0 })
        })
        .collect();
    bytes.iter().fold(0, |sum, &byte| sum << 8 ^ table[(sum >> 24) as usize ^ usize::from(byte)])
}

fn serial_of(file: &[u8]) -> u32 {
    u32::from_le_bytes(*file[14..].first_chunk().unwrap())
}

/// The first page, and what follows the page after it.
fn around_tags(file: &[u8]) -> (&[u8], &[u8]) {
    let second = file[1..].windows(4).position(|it| it == b"OggS").unwrap() + 1;
    let third = file[second + 1..].windows(4).position(|it| it == b"OggS").unwrap() + second + 1;
    (&file[..second], &file[third..])
}

fn tags(count: u32, each: &[u8]) -> Vec<u8> {
    [b"OpusTags".to_vec(), comments(count, each)].concat()
}

#[test]
fn tags_of_opus() {
    let _alone = super::alone();
    let wanted = decode(OPUS, Limits::default()).unwrap().len();
    let (first, rest) = around_tags(OPUS);
    let with = |tags: &[u8]| [first, &pages(0, serial_of(OPUS), tags), rest].concat();
    assert_eq!(stays_small("some tags", &with(&tags(100, b"TITLE=speech")), MB), Ok(wanted));
    let picture = [&b"METADATA_BLOCK_PICTURE="[..], &[b'A'; 1_400_000]].concat();
    assert_eq!(stays_small("picture", &with(&tags(1, &picture)), 10 * MB), Ok(wanted));
    assert!(stays_small("many tags", &with(&tags(2_000_000, b"a=b")), 100 * MB).is_err());
    let _ = stays_small("tags as long as may be", &with(&tags(370_000, b"a=b")), 100 * MB);
    let _ = stays_small("chapters", &with(&tags(200_000, b"CHAPTER1=")), 100 * MB);
}

#[test]
fn chained_streams_and_many_at_once() {
    let _alone = super::alone();
    let wanted = decode(OPUS, Limits::default()).unwrap().len();
    let (first, _) = around_tags(OPUS);
    let chained = [OPUS, first, &pages(0, serial_of(OPUS), &tags(2_000_000, b"a=b"))].concat();
    assert_eq!(stays_small("chained", &chained, 2 * MB), Ok(wanted));
    let head = &first[first.len() - 19..];
    let many: Vec<u8> = (1..200_000).flat_map(|serial| pages(FIRST, serial, head)).collect();
    assert!(stays_small("many streams", &[&many, OPUS].concat(), 100 * MB).is_err());
}

/// Puts bits together, the lowest first.
#[derive(Default)]
struct Bits(Vec<u8>, usize);

impl Bits {
    fn put(&mut self, value: u64, count: usize) {
        for bit in 0..count {
            if self.1.is_multiple_of(8) {
                self.0.push(0);
            }
            *self.0.last_mut().unwrap() |= ((value >> bit & 1) as u8) << (self.1 % 8);
            self.1 += 1;
        }
    }
}

/// Codebooks that take thirty bytes each here, and 8 MB when they are unpacked.
fn codebooks(count: u64) -> Vec<u8> {
    const ENTRIES: u64 = 128 * 1024;
    let mut bits = Bits::default();
    bits.put(count - 1, 8);
    for _ in 0..count {
        let (mark, dimensions) = ((0x56_4342, 24), (16, 16));
        let ordered = [(1, 1), (16, 5), (ENTRIES, 18)];
        let lookup = [(1, 4), (0, 32), (0, 32), (15, 4), (0, 1), (1, 32)];
        for (value, count) in
            [mark, dimensions, (ENTRIES, 24)].into_iter().chain(ordered).chain(lookup)
        {
            bits.put(value, count);
        }
    }
    bits.0
}

#[test]
fn tables_of_vorbis() {
    let _alone = super::alone();
    let serial = serial_of(VORBIS);
    let (first, _) = around_tags(VORBIS);
    let tags = [&b"\x03vorbis"[..], &comments(0, b""), b"\x01"].concat();
    let setup = [&b"\x05vorbis"[..], &codebooks(200)].concat();
    let sound = pages(0, serial, &[0; 300]);
    let file = [first, &pages(0, serial, &tags), &pages(0, serial, &setup), &sound].concat();
    assert!(stays_small("codebooks", &file, MB).is_err());
}
