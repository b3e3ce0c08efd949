//! Small files that would be large in memory: each allocates no more than is said, measured by
//! this binary's allocator.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod mp4;
mod ogg;
#[allow(dead_code, reason = "the tests of uploads use all of it")]
#[path = "../uploads/wave.rs"]
mod wave;

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use peak_alloc::PeakAlloc;
use transcribe::upload::{Limits, UploadError, decode};

const FLAC: &[u8] = include_bytes!("../uploads/files/speech.flac");
const WEBM: &[u8] = include_bytes!("../uploads/files/recorder.webm");
const FRAGMENTED: &[u8] = include_bytes!("../uploads/files/fragmented.mp4");
const M4A: &[u8] = include_bytes!("../uploads/files/speech.m4a");
const RECORDER_MP4: &[u8] = include_bytes!("../uploads/files/recorder.mp4");
const OPUS: &[u8] = include_bytes!("../uploads/files/opus.ogg");
const VORBIS: &[u8] = include_bytes!("../uploads/files/vorbis.ogg");

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// One file at a time: the allocator counts for all threads.
static ALONE: Mutex<()> = Mutex::new(());

const MB: usize = 1024 * 1024;

fn alone() -> std::sync::MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The most that decoding held at once.
fn peak_of(bytes: &[u8]) -> (usize, Result<usize, UploadError>) {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let decoded = decode(bytes, Limits::default()).map(|samples| samples.len());
    (MEMORY.peak_usage().saturating_sub(before), decoded)
}

#[track_caller]
fn stays_small(name: &str, bytes: &[u8], max: usize) -> Result<usize, UploadError> {
    let began = Instant::now();
    let (peak, decoded) = peak_of(bytes);
    println!(
        "{name}: {} kB in, {} kB held, {:?}, {decoded:?}",
        bytes.len() / 1024,
        peak / 1024,
        began.elapsed()
    );
    assert!(peak < max, "{name}: {} kB", peak / 1024);
    assert!(began.elapsed() < Duration::from_secs(20), "{name}: {:?}", began.elapsed());
    decoded
}

fn second_of_wav() -> Vec<u8> {
    wave::KINDS[0].file(&vec![0.1; 16_000], wave::Length::True)
}

#[test]
fn wave_lists_and_unknown_chunks() {
    let _alone = alone();
    let wav = second_of_wav();
    let comments = b"ICMT\0\0\0\0".repeat(2_500_000);
    let mut list = b"LIST".to_vec();
    list.extend((comments.len() as u32 + 4).to_le_bytes());
    list.extend(b"INFO");
    list.extend(&comments);
    let unknown = b"evil\0\0\0\0".repeat(2_500_000);
    for (name, between) in [("LIST INFO", list), ("unknown chunks", unknown)] {
        let file = [&wav[..12], &between, &wav[12..]].concat();
        assert_eq!(stays_small(name, &file, MB), Ok(16_000));
    }
}

fn flac_block(kind: u8, content: &[u8]) -> Vec<u8> {
    let length = (content.len() as u32).to_be_bytes();
    [&[kind, length[1], length[2], length[3]], content].concat()
}

/// Comments as FLAC and Ogg have them.
fn comments(count: u32, each: &[u8]) -> Vec<u8> {
    let mut block = 0_u32.to_le_bytes().to_vec();
    block.extend(count.to_le_bytes());
    block.extend(
        (each.len() as u32)
            .to_le_bytes()
            .iter()
            .chain(each)
            .copied()
            .collect::<Vec<_>>()
            .repeat(count as usize),
    );
    block
}

#[test]
fn flac_blocks() {
    let _alone = alone();
    let flac = FLAC;
    let wanted = decode(flac, Limits::default()).unwrap().len();
    let (start, rest) = (&flac[..42], &flac[42..]);
    assert_eq!(start[4] & 0x80, 0, "the parameters are not the last block");
    let cases = [
        ("empty comments", flac_block(4, &comments(4_000_000, b""))),
        ("short comments", flac_block(4, &comments(2_200_000, b"a=b"))),
        ("seek points", flac_block(3, &[1; 18 * 900_000])),
        ("vendor blocks", flac_block(2, b"evil").repeat(2_500_000)),
        ("pictures", flac_block(6, &[0; 32]).repeat(500_000)),
    ];
    for (name, block) in cases {
        let file = [start, &block, rest].concat();
        assert_eq!(stays_small(name, &file, MB), Ok(wanted), "{name}");
    }
}

/// An element of Matroska with a length of eight bytes.
fn element(id: &[u8], content: &[u8]) -> Vec<u8> {
    let mut length = (content.len() as u64).to_be_bytes();
    length[0] = 1;
    [id, &length, content].concat()
}

#[test]
fn matroska_tags_and_indexes() {
    let _alone = alone();
    let webm = WEBM;
    let at = |id: &[u8]| webm.windows(id.len()).position(|bytes| bytes == id).unwrap();
    let wanted = decode(webm, Limits::default()).unwrap().len();
    let info = at(b"\x15\x49\xa9\x66");
    let simple_tags = element(b"\x73\x73", &b"\x67\xc8\x80".repeat(6_000_000));
    let cases = [
        ("Tags", element(b"\x12\x54\xc3\x67", &b"\x73\x73\x80".repeat(6_000_000))),
        ("SimpleTags", element(b"\x12\x54\xc3\x67", &simple_tags)),
        ("many Tags", b"\x12\x54\xc3\x67\x80".repeat(4_000_000)),
        (
            "Cues",
            element(
                b"\x1c\x53\xbb\x6b",
                &b"\xbb\x8b\xb3\x81\x00\xb7\x86\xf7\x81\x01\xf1\x81\x00".repeat(1_500_000),
            ),
        ),
        (
            "SeekHead",
            element(
                b"\x11\x4d\x9b\x74",
                &b"\x4d\xbb\x8b\x53\xab\x84\x12\x54\xc3\x67\x53\xac\x81\x00".repeat(1_400_000),
            ),
        ),
        ("Attachments", element(b"\x19\x41\xa4\x69", &b"\x61\xa7\x80".repeat(6_000_000))),
        ("Chapters", element(b"\x10\x43\xa7\x70", &b"\x45\xb9\x80".repeat(6_000_000))),
    ];
    for (name, between) in cases {
        let file = [&webm[..info], &between, &webm[info..]].concat();
        assert_eq!(stays_small(name, &file, MB), Ok(wanted), "{name}");
    }
    let tracks = element(b"\x16\x54\xae\x6b", &b"\xae\x83\xd7\x81\x01".repeat(4_000_000));
    let file = [&webm[..info], &tracks, &webm[info..]].concat();
    assert!(stays_small("TrackEntries", &file, MB).is_err());
}
