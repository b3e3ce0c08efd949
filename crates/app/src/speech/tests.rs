//! Attempts that are told how to end, and settings that need no network.

use std::sync::Mutex;
use std::time::Instant;

use transcribe::engine::Engine;
use transcribe::engine::http::{Http, Settings};
use transcribe::fetch::Progress;
use transcribe::queue::Limits;

use super::*;

const SHORT: thread::Pauses =
    thread::Pauses { first: Duration::from_millis(1), longest: Duration::from_millis(2) };
const FOR_EVER: thread::Pauses =
    thread::Pauses { first: Duration::from_secs(600), longest: Duration::from_secs(600) };

fn pool() -> Pool {
    let (url, model) = ("http://localhost:1".to_owned(), "elsewhere".to_owned());
    let http = Http::new(Settings { url, key: None, model, language: None }).unwrap();
    Pool::start(Engine::Http(http), Limits::default()).unwrap()
}

fn failure(line: &str, again: bool) -> Result<Pool, SpeechError> {
    Err(SpeechError { line: line.to_owned(), again })
}

fn failed(line: &str) -> SpeechState {
    SpeechState::Failed(line.to_owned())
}

/// Speech whose attempts end as `open` says, and the thread that makes them.
fn scripted(
    pauses: thread::Pauses,
    open: impl FnMut(&mut dyn FnMut(SpeechStep)) -> Result<Pool, SpeechError> + Send + 'static,
) -> (Speech, std::thread::JoinHandle<()>) {
    let (going, stopped) = mpsc::channel();
    let handle = Handle::new(SpeechState::Loading, UploadLimits::default(), Some(going));
    let standing = handle.standing.clone();
    let running = std::thread::spawn(move || thread::run(&standing, &stopped, pauses, open));
    (Speech(Arc::new(handle)), running)
}

/// The lines of the scripted attempts, one by one.
fn attempts(
    lines: &'static [&'static str],
) -> impl FnMut(&mut dyn FnMut(SpeechStep)) -> Result<Pool, SpeechError> {
    let mut lines = lines.iter();
    move |_| lines.next().map_or_else(|| Ok(pool()), |line| failure(line, true))
}

fn settings(engine: EngineChoice, models_dir: &std::path::Path) -> SpeechSettings {
    let upload = UploadLimits { bytes: 1, seconds: 2 };
    SpeechSettings { engine, models_dir: models_dir.to_owned(), threads: 1, upload }
}

#[tokio::test]
async fn a_failed_download_is_tried_until_it_goes_well() {
    let (speech, running) = scripted(SHORT, attempts(&["no pip", "no pip", "no network"]));
    running.join().unwrap();
    let ready = SpeechState::Ready { model: "elsewhere".to_owned() };
    assert_eq!(speech.state(), ready);
    assert_eq!(speech.pool().ok().map(|pool| pool.waiting()), Some(0));
    assert_eq!(speech.changed(&SpeechState::Loading).await, ready);
}

#[test]
fn what_cannot_go_well_is_tried_once() {
    let (speech, running) = scripted(FOR_EVER, |_| failure("no such system", false));
    running.join().unwrap();
    assert_eq!(speech.pool().err(), Some(failed("no such system")));
    assert_eq!(speech.state().problem().as_deref(), Some("no such system"));
    let (speech, running) = scripted(FOR_EVER, |_| panic!("the library"));
    running.join().unwrap();
    assert!(matches!(speech.state(), SpeechState::Failed(_)));
}

#[test]
fn every_step_is_seen() {
    let (reached, seen) = mpsc::channel();
    let (go_on, may_go) = mpsc::channel::<()>();
    let (speech, running) = scripted(FOR_EVER, move |report| {
        for step in [SpeechStep::Fetching(Progress { bytes: 1, total: 4 }), SpeechStep::Loading] {
            report(step);
            reached.send(()).unwrap();
            may_go.recv().unwrap();
        }
        Ok(pool())
    });
    let states = [SpeechState::Fetching { bytes: 1, total: 4 }, SpeechState::Loading];
    for state in states {
        seen.recv().unwrap();
        assert_eq!(speech.pool().err(), Some(state));
        go_on.send(()).unwrap();
    }
    running.join().unwrap();
    assert!(speech.pool().is_ok());
}

#[test]
fn the_end_waits_for_no_pause() {
    let (speech, running) = scripted(FOR_EVER, attempts(&["no network"]));
    while speech.state() == SpeechState::Loading {
        std::thread::yield_now();
    }
    assert_eq!(speech.state(), failed("no network"));
    speech.stop();
    running.join().unwrap();
    assert_eq!(speech.pool().err(), Some(SpeechState::Off));
}

#[test]
fn the_end_waits_for_no_download() {
    let (go_on, may_go) = mpsc::channel::<()>();
    let may_go = Mutex::new(may_go);
    let (speech, running) = scripted(FOR_EVER, move |report| {
        may_go.lock().unwrap().recv().unwrap();
        report(SpeechStep::Loading);
        Ok(pool())
    });
    let began = Instant::now();
    speech.stop();
    assert!(began.elapsed() < STOP_WITHIN);
    // What comes after the end is thrown away.
    go_on.send(()).unwrap();
    running.join().unwrap();
    assert_eq!(speech.state(), SpeechState::Off);
}

#[test]
fn a_pool_that_somebody_holds_is_stopped_too() {
    let (speech, running) = scripted(FOR_EVER, attempts(&[]));
    running.join().unwrap();
    let held = speech.pool().unwrap();
    drop(speech);
    let (told, result) = mpsc::channel();
    let slot = held.admit_file().unwrap();
    held.transcribe(slot, vec![0.0; 16_000], move |result| told.send(result).unwrap());
    // Silence has no pieces; there is nothing to give up. Its threads are gone all the same.
    assert_eq!(result.recv().unwrap().map(|transcript| transcript.segments.len()), Ok(0));
    assert!(held.stop(Duration::ZERO));
}

#[test]
fn pauses_grow() {
    let mut pause = thread::PAUSES.first;
    let mut minutes = Vec::new();
    for _ in 0..7 {
        minutes.push(pause.as_secs_f32() / 60.0);
        pause = thread::PAUSES.after(pause);
    }
    assert_eq!(minutes, [0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]);
}

#[test]
fn off_and_a_server_elsewhere_need_no_model() {
    let folder = tempfile::tempdir().unwrap();
    let speech = Speech::start(settings(EngineChoice::Off, folder.path()));
    assert_eq!((speech.state(), speech.state().problem()), (SpeechState::Off, None));
    assert_eq!(speech.upload_limits(), UploadLimits { bytes: 1, seconds: 2 });
    assert_eq!(Speech::off().pool().err(), Some(SpeechState::Off));
    let http = |url: &str| EngineChoice::Http { url: url.to_owned(), key: None, model: None };
    let opened = settings(http("http://localhost:1/v1"), folder.path()).open(&mut |_| {});
    assert_eq!(opened.ok().map(|pool| pool.engine().model().to_owned()).as_deref(), Some(HTTP));
    let refused = settings(http("localhost"), folder.path()).open(&mut |_| {}).err().unwrap();
    assert!(refused.line.contains("STT_HTTP_URL") && !refused.again, "{refused:?}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// The model's name when nobody gives one.
const HTTP: &str = "whisper-1";

#[test]
fn a_model_that_is_named_and_no_model_is_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let models = folder.path().join("models");
    let text = folder.path().join("model.txt");
    std::fs::write(&text, "no model\nat all\n").unwrap();
    for at in [folder.path().join("missing"), folder.path().to_owned(), text] {
        let engine = EngineChoice::Moonshine { at: Some(at.clone()) };
        let error = settings(engine, &models).open(&mut |_| {}).err().unwrap();
        assert!(error.line.starts_with("STT_MODEL: "), "{error:?}");
        assert!(error.line.contains(&at.display().to_string()), "{error:?}");
        assert!(!error.line.contains('\n') && !error.again, "{error:?}");
    }
}

#[test]
fn states_in_words() {
    let fetching = |bytes, total| SpeechState::Fetching { bytes, total };
    for (state, word, line) in [
        (SpeechState::Off, "off", "speech to text is switched off"),
        (fetching(0, 0), "fetching", "the speech model is being downloaded (0 %)"),
        (fetching(1, 4), "fetching", "the speech model is being downloaded (25 %)"),
        (SpeechState::Loading, "loading", "the speech model is being loaded"),
        (SpeechState::Ready { model: "m".into() }, "ready", "speech to text works with m"),
        (failed("why"), "failed", "why"),
    ] {
        assert_eq!((state.word(), state.to_string().as_str()), (word, line));
        assert!(SpeechState::WORDS.contains(&word));
    }
}
