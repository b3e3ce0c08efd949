//! Real speech through the real model: what is read, how well, and that nothing else is read.
//!
//! The recordings and the model are fetched at the first run (see [`clips`]).

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod clips;
mod errors;
mod live;
mod pooled;
mod sounds;

use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use transcribe::engine::moonshine::Moonshine;
use transcribe::engine::{Decoder, Engine};
use transcribe::track::Caption;
use transcribe::upload::{Limits, decode};

static ENGINE: LazyLock<Engine> =
    LazyLock::new(|| Engine::Moonshine(Box::new(Moonshine::load(&clips::model()).unwrap())));

/// One decode at a time: the tests share few cores with others.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn decoder() -> Decoder<'static> {
    ENGINE.decoder().unwrap()
}

/// Checks the share of wrong words over several clips.
#[track_caller]
fn check_errors(found: &[(&clips::Clip, String)], percent_max: f64) {
    let (mut wrong, mut words) = (0, 0);
    for (clip, text) in found {
        let (errors, of) = errors::count(clip.words, text);
        println!("{}: {errors} of {of}: {text}", clip.name);
        wrong += errors;
        words += of;
    }
    let percent = wrong as f64 * 100.0 / words as f64;
    assert!(percent <= percent_max, "{wrong} of {words} words are wrong: {percent:.1} %");
}

#[test]
fn recordings_are_read() {
    let _turn = turn();
    let pool = pooled::pool(2);
    let found: Vec<(&clips::Clip, String)> = clips::CLIPS
        .iter()
        .map(|clip| (clip, pooled::transcribe(&pool, clips::samples(clip)).text()))
        .collect();
    check_errors(&found, 5.0);
}

#[test]
fn a_long_recording_has_segments_in_order() {
    let _turn = turn();
    let pool = pooled::pool(2);
    let samples = clips::samples(clips::clip("two_cities"));
    let transcript = pooled::transcribe(&pool, samples);
    assert_eq!(transcript.duration_ms, 44_374);
    assert_eq!(transcript.model, "moonshine-tiny-en");
    assert_eq!(transcript.language.as_deref(), Some("en"));
    assert!(transcript.confidence().unwrap() > 0.7);
    assert!(transcript.segments.len() >= 3);
    let mut end = 0;
    for segment in &transcript.segments {
        assert!(segment.start_ms >= end && segment.end_ms > segment.start_ms, "{segment:?}");
        assert!(segment.end_ms - segment.start_ms <= 19_000, "{segment:?}");
        end = segment.end_ms;
    }
    assert!(end <= transcript.duration_ms);
    assert!(transcript.segments[0].text.contains("best of times"));
    assert!(transcript.segments.last().unwrap().text.contains("comparison"));
}

#[test]
fn every_upload_format_is_read() {
    let _turn = turn();
    let pool = pooled::pool(1);
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/uploads/files");
    let mut names = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "md") {
            continue;
        }
        let samples = decode(&std::fs::read(&path).unwrap(), Limits::default()).unwrap();
        let text = pooled::transcribe(&pool, samples).text();
        let (errors, _) = errors::count("ask what you can do for your country", &text);
        assert!(errors <= 1, "{}: {text}", path.display());
        names += 1;
    }
    assert_eq!(names, 8);
}

#[test]
fn live_speech_is_read() {
    let _turn = turn();
    let mut decoder = decoder();
    let mut found = Vec::new();
    let mut amended = Vec::new();
    for name in ["jfk", "two_cities"] {
        let clip = clips::clip(name);
        let played = live::play(&mut decoder, &clips::samples(clip), false);
        found.push((clip, live::text(&played.first)));
        amended.push((clip, live::text(&played.amended)));
    }
    check_errors(&found, 12.0);
    check_errors(&amended, 12.0);
}

#[test]
fn live_guesses_come_before_the_text() {
    let _turn = turn();
    let clip = clips::clip("jfk");
    let played = live::play(&mut decoder(), &clips::samples(clip), true);
    let first_final = played
        .captions
        .iter()
        .position(|caption| matches!(caption, Caption::Final { .. }))
        .unwrap();
    let guesses = played.captions[..first_final].iter();
    let texts: Vec<&String> = guesses
        .filter_map(|caption| match caption {
            Caption::Partial { text, .. } => Some(text),
            Caption::Final { .. } | Caption::Amended { .. } | Caption::Withdrawn { .. } => None,
        })
        .collect();
    assert!(!texts.is_empty());
    let (errors, _) = errors::count("and so my fellow americans", texts.last().unwrap());
    assert!(errors <= 2, "{texts:?}");
    check_errors(&[(clip, live::text(&played.first))], 12.0);
}

#[test]
fn silence_noise_and_tones_have_no_text() {
    let _turn = turn();
    let pool = pooled::pool(1);
    let mut decoder = decoder();
    let heard: Vec<(&str, Vec<f32>)> = sounds::sounds();
    let invented = decoder.decode(&heard[0].1).unwrap().text;
    assert!(!invented.is_empty(), "without a check the model writes words for silence");
    for (name, samples) in heard {
        let played = live::play(&mut decoder, &samples, true);
        assert_eq!(played.captions, [], "{name}");
        assert_eq!(pooled::transcribe(&pool, samples).text(), "", "{name}");
    }
}
