//! Whisper on real speech, with the ggml model that `PARLOR_TEST_WHISPER` names (tiny.en will do):
//! `cargo test -p transcribe --features whisper --test whisper`. No package of a registry has such
//! a model, so it is not fetched.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

#[path = "speech/clips.rs"]
#[allow(dead_code)]
mod clips;
#[path = "speech/errors.rs"]
mod errors;
#[path = "speech/live.rs"]
mod live;
#[path = "speech/sounds.rs"]
mod sounds;

use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use transcribe::engine::whisper::Whisper;
use transcribe::engine::{Engine, EngineError};
use transcribe::pool::Pool;
use transcribe::queue::Limits;
use transcribe::transcript::Transcript;

/// Far more than anything here takes.
const WAIT: Duration = Duration::from_secs(300);

fn path() -> PathBuf {
    std::env::var_os("PARLOR_TEST_WHISPER").expect("PARLOR_TEST_WHISPER names a model").into()
}

fn engine() -> Engine {
    Engine::Whisper(Whisper::load(&path(), Some("en".to_owned())).unwrap())
}

fn pool() -> Pool {
    Pool::start(engine(), Limits { threads: 2, ..Limits::default() }).unwrap()
}

fn transcribe(pool: &Pool, samples: Vec<f32>) -> Transcript {
    let (done, result) = channel();
    pool.transcribe(pool.admit_file().unwrap(), samples, move |result| done.send(result).unwrap());
    result.recv_timeout(WAIT).unwrap().unwrap()
}

#[test]
fn recordings_are_read() {
    let pool = pool();
    let (mut wrong, mut words) = (0, 0);
    for clip in &clips::CLIPS {
        let transcript = transcribe(&pool, clips::samples(clip));
        let (errors, of) = errors::count(clip.words, &transcript.text());
        println!("{}: {errors} of {of}: {}", clip.name, transcript.text());
        assert_eq!(transcript.language.as_deref(), Some("en"));
        assert!((0.4..=1.0).contains(&transcript.confidence().unwrap()), "{transcript:?}");
        wrong += errors;
        words += of;
    }
    assert!(wrong * 100 <= words * 5, "{wrong} of {words} words are wrong");
}

#[test]
fn live_speech_is_read() {
    let engine = engine();
    let mut decoder = engine.decoder().unwrap();
    for name in ["jfk", "two_cities"] {
        let clip = clips::clip(name);
        let played = live::play(&mut decoder, &clips::samples(clip), false);
        let (wrong, words) = errors::count(clip.words, &live::text(&played.amended));
        assert!(wrong * 100 <= words * 12, "{wrong} of {words}: {}", live::text(&played.amended));
    }
}

#[test]
fn silence_noise_and_tones_have_no_text() {
    let (pool, engine) = (pool(), engine());
    let mut decoder = engine.decoder().unwrap();
    for (name, samples) in sounds::sounds() {
        let played = live::play(&mut decoder, &samples, true);
        assert_eq!((played.captions, played.decodes), (Vec::new(), 0), "{name}");
        assert_eq!(transcribe(&pool, samples).text(), "", "{name}");
    }
}

#[test]
fn any_length_is_decoded() {
    let engine = engine();
    let mut decoder = engine.decoder().unwrap();
    let speech = clips::samples(clips::clip("two_cities"));
    for millis in [0, 1, 99, 100, 3_000, 24_990, 25_010, 30_000] {
        let decoded = decoder.decode(&speech[..millis * 16]).unwrap();
        assert!(millis < 1_000 || decoded.text.starts_with("It was the"), "{millis}: {decoded:?}");
    }
    assert!(decoder.decode(&speech[..30_001 * 16]).is_err());
}

#[test]
fn part_of_a_model_is_refused() {
    let whole = std::fs::read(path()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    for part in [whole.len() / 2, whole.len() / 100, 4] {
        let half = folder.path().join("half.bin");
        std::fs::write(&half, &whole[..part]).unwrap();
        let refused = Whisper::load(&half, None).err();
        assert!(matches!(refused, Some(EngineError::Unavailable(_))), "{part}");
    }
}

#[test]
fn a_decode_is_broken_off_at_the_end() {
    let pool = pool();
    let (done, result) = channel();
    let speech = clips::samples(clips::clip("two_cities"));
    pool.transcribe(pool.admit_file().unwrap(), speech, move |result| done.send(result).unwrap());
    // Until it is being decoded.
    while pool.waiting() > 2 {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(pool.stop(WAIT));
    assert!(result.recv_timeout(WAIT).unwrap().is_err());
}

#[test]
fn one_that_is_interrupted_decodes_no_more_and_others_do() {
    let (engine, other) = (engine(), engine());
    let speech = clips::samples(clips::clip("goforward"));
    let (mut decoder, mut unharmed) = (engine.decoder().unwrap(), other.decoder().unwrap());
    assert!(decoder.decode(&speech).is_ok());
    engine.interrupt();
    assert!(matches!(decoder.decode(&speech), Err(EngineError::Failed(_))));
    assert!(unharmed.decode(&speech).is_ok());
}
