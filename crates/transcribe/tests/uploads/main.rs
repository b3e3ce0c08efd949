//! Uploads: every format reads as the same speech, and hostile files end in the error they should.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod wave;

use std::time::{Duration, Instant};

use transcribe::audio::level_dbfs;
use transcribe::upload::{Limits, UploadError, decode};

const FLAC: &[u8] = include_bytes!("files/speech.flac");
const MP3: &[u8] = include_bytes!("files/speech.mp3");
const VORBIS: &[u8] = include_bytes!("files/vorbis.ogg");
const OPUS: &[u8] = include_bytes!("files/opus.ogg");
const M4A: &[u8] = include_bytes!("files/speech.m4a");
const FRAGMENTED: &[u8] = include_bytes!("files/fragmented.mp4");
const WEBM: &[u8] = include_bytes!("files/recorder.webm");
const RECORDER_MP4: &[u8] = include_bytes!("files/recorder.mp4");

const FILES: [(&str, &[u8]); 8] = [
    ("speech.flac", FLAC),
    ("speech.mp3", MP3),
    ("vorbis.ogg", VORBIS),
    ("opus.ogg", OPUS),
    ("speech.m4a", M4A),
    ("fragmented.mp4", FRAGMENTED),
    ("recorder.webm", WEBM),
    ("recorder.mp4", RECORDER_MP4),
];

/// Levels of 20 ms each, the quiet all alike.
fn envelope(samples: &[f32]) -> Vec<f32> {
    samples.chunks(320).map(|part| level_dbfs(part).max(-45.0)).collect()
}

/// How alike two recordings rise and fall, at the best shift of up to 300 ms: 1 is the same.
fn likeness(a: &[f32], b: &[f32]) -> f32 {
    let (a, b) = (envelope(a), envelope(b));
    let at_shift = |shift: usize, a: &[f32], b: &[f32]| {
        let pairs: Vec<(f32, f32)> = a.iter().skip(shift).copied().zip(b.iter().copied()).collect();
        let count = pairs.len() as f32;
        let mean = |pick: fn(&(f32, f32)) -> f32| pairs.iter().map(pick).sum::<f32>() / count;
        let (mean_a, mean_b) = (mean(|one| one.0), mean(|one| one.1));
        let sum = |product: &dyn Fn(f32, f32) -> f32| -> f32 {
            pairs.iter().map(|(a, b)| product(a - mean_a, b - mean_b)).sum()
        };
        sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
    };
    (0..15)
        .flat_map(|shift| [at_shift(shift, &a, &b), at_shift(shift, &b, &a)])
        .fold(-1.0, f32::max)
}

fn reference() -> Vec<f32> {
    decode(FLAC, Limits::default()).unwrap()
}

#[track_caller]
fn reads_as_the_speech(name: &str, bytes: &[u8]) {
    let samples =
        decode(bytes, Limits::default()).unwrap_or_else(|error| panic!("{name}: {error}"));
    let wanted = reference();
    let difference = samples.len().abs_diff(wanted.len());
    assert!(difference < 16_000 * 4 / 10, "{name}: {} samples", samples.len());
    let likeness = likeness(&samples, &wanted);
    assert!(likeness > 0.95, "{name}: {likeness}");
}

#[test]
fn every_format_reads_as_the_same_speech() {
    assert!((41_000..43_000).contains(&reference().len()));
    for (name, bytes) in FILES {
        reads_as_the_speech(name, bytes);
    }
}

#[test]
fn every_kind_of_wave_file() {
    let samples = reference();
    let other: Vec<f32> = (0..samples.len()).map(|n| (n as f32 * 0.3).sin() * 0.1).collect();
    assert!(likeness(&samples, &other) < 0.3, "the measure tells speech from a tone");
    for kind in wave::KINDS {
        reads_as_the_speech(kind.name, &kind.file(&samples, wave::Length::True));
        // A writer that does not know the length yet puts the largest there is.
        reads_as_the_speech(kind.name, &kind.file(&samples, wave::Length::Unknown));
    }
}

#[test]
fn names_are_not_asked_for_but_tags_are_skipped() {
    // An ID3 tag with a picture of 40 kB; the size counts seven bits a byte.
    let mut tagged = b"ID3\x03\0\0\0\x02\x38\x40".to_vec();
    tagged.extend(vec![0xff; 2 * 128 * 128 + 0x38 * 128 + 0x40]);
    tagged.extend_from_slice(MP3);
    reads_as_the_speech("tagged", &tagged);
}

fn undecodable(bytes: &[u8]) -> &'static str {
    match decode(bytes, Limits::default()) {
        Err(UploadError::Undecodable(why)) => why,
        other => panic!("{:?}", other.map(|samples| samples.len())),
    }
}

#[test]
fn hostile_files_end_in_the_stated_error() {
    let pcm = wave::KINDS[0];
    let samples = reference();
    let wav = pcm.file(&samples, wave::Length::True);
    let mut zip = vec![0; 60_000];
    zip[..4].copy_from_slice(b"PK\x03\x04");
    let noise: Vec<u8> =
        (0..50_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let after = |magic: &[u8]| [magic, &noise].concat();
    let cases: [(&str, Vec<u8>); 16] = [
        ("empty", Vec::new()),
        ("one byte", vec![0]),
        ("zip", zip),
        ("text", b"<!doctype html><title>not audio</title>".repeat(50)),
        ("noise", noise.clone()),
        ("wav header only", wav[..44].to_vec()),
        ("half a wav header", wav[..20].to_vec()),
        ("truncated wav", wav[..wav.len() / 2].to_vec()),
        ("truncated flac", FLAC[..FLAC.len() / 2].to_vec()),
        ("truncated m4a", M4A[..M4A.len() / 2].to_vec()),
        ("wav of noise", after(b"RIFF\0\0\x10\0WAVEfmt ")),
        ("flac of noise", after(b"fLaC")),
        ("ogg of noise", after(b"OggS")),
        ("webm of noise", after(b"\x1a\x45\xdf\xa3")),
        ("mp4 of noise", after(b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42isom\0\0\0\0")),
        ("an index without sound", M4A.iter().map(|byte| byte ^ 0x55).collect()),
    ];
    for (name, bytes) in cases {
        let began = Instant::now();
        let why = undecodable(&bytes);
        assert!(!why.is_empty() && began.elapsed() < Duration::from_secs(5), "{name}");
    }
}

#[test]
fn limits_hold_for_what_is_announced_and_for_what_is_there() {
    let pcm = wave::KINDS[0];
    let limits = Limits { bytes: 1_000_000, seconds: 5 };
    let too_long = Err(UploadError::TooLong { limit_seconds: 5 });
    let seconds = |count: usize| vec![0.1; count * 16_000];

    let ten_hours = pcm.file(&seconds(1), wave::Length::Seconds(36_000));
    assert_eq!(
        decode(&ten_hours, Limits::default()),
        Err(UploadError::TooLong { limit_seconds: 600 })
    );
    assert_eq!(decode(&pcm.file(&seconds(6), wave::Length::True), limits), too_long);
    assert_eq!(decode(&pcm.file(&seconds(6), wave::Length::Unknown), limits), too_long);
    assert_eq!(decode(&pcm.file(&seconds(5), wave::Length::True), limits).unwrap().len(), 80_000);
    // Announced in the container's own way.
    assert_eq!(
        decode(M4A, Limits { seconds: 2, ..limits }),
        Err(UploadError::TooLong { limit_seconds: 2 })
    );
    assert_eq!(
        decode(WEBM, Limits { seconds: 2, ..limits }),
        Err(UploadError::TooLong { limit_seconds: 2 })
    );
    assert_eq!(
        decode(&[0; 1_000_001], limits),
        Err(UploadError::TooLarge { limit_bytes: 1_000_000 })
    );
    assert_eq!(
        decode(&vec![0; 100_000_000], Limits::default()),
        Err(UploadError::TooLarge { limit_bytes: 25 * 1024 * 1024 })
    );
}

/// Each byte of a file's beginning and some later ones broken in turn: an answer comes, of any
/// kind, soon, and never longer than the limit.
#[test]
fn damaged_files_are_answered() {
    let limits = Limits { seconds: 30, ..Limits::default() };
    for (name, bytes) in FILES {
        let positions = (0..bytes.len().min(300)).chain((300..bytes.len()).step_by(397));
        for at in positions {
            for value in [0, 0xff] {
                let mut damaged = bytes.to_vec();
                damaged[at] = value;
                let began = Instant::now();
                if let Ok(samples) = decode(&damaged, limits) {
                    assert!(samples.len() <= 30 * 16_000, "{name} at {at}");
                    assert!(samples.iter().all(|sample| sample.abs() <= 1.0), "{name} at {at}");
                }
                assert!(began.elapsed() < Duration::from_secs(5), "{name} at {at}");
            }
        }
        for length in (0..bytes.len()).step_by(211) {
            let _ = decode(&bytes[..length], limits);
        }
    }
}
