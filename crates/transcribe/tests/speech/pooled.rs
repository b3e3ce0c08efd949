//! The pool with the real model: files at once, live beside them, limits, and the end.

use std::sync::mpsc::channel;
use std::time::Duration;

use transcribe::audio::{Clip, Position};
use transcribe::engine::moonshine::Moonshine;
use transcribe::engine::{Engine, EngineError};
use transcribe::pool::{FileError, Pool};
use transcribe::queue::Limits;
use transcribe::transcript::Transcript;
use transcribe::utterance::{Action, Utterance, UtteranceId};

use crate::clips;

/// Far more than anything here takes.
const WAIT: Duration = Duration::from_secs(120);

/// A pool of so many threads.
pub fn pool(threads: usize) -> Pool {
    let model = Moonshine::load(&clips::model()).unwrap();
    Pool::start(Engine::Moonshine(Box::new(model)), Limits { threads, ..Limits::default() })
        .unwrap()
}

/// The transcript of a recording.
pub fn transcribe(pool: &Pool, samples: Vec<f32>) -> Transcript {
    let (done, result) = channel();
    pool.transcribe(pool.admit_file().unwrap(), samples, move |result| done.send(result).unwrap());
    result.recv_timeout(WAIT).unwrap().unwrap()
}

fn utterance(number: u64, samples: &[f32]) -> Utterance {
    let range = Position::ZERO..Position::ZERO.after(samples.len());
    let clip = Clip { range, samples: samples.into() };
    Utterance { id: UtteranceId(number), clip, speech_millis: 2_000 }
}

#[test]
fn finals_of_a_speaker_come_in_order_and_before_files() {
    let _turn = crate::turn();
    let pool = pool(2);
    let samples = clips::samples(clips::clip("goforward"));
    let (done, results) = channel();
    let file_done = done.clone();
    let long = clips::samples(clips::clip("two_cities"));
    pool.transcribe(pool.admit_file().unwrap(), long, move |result| {
        file_done.send((9, 0, result.unwrap().text())).unwrap();
    });
    for number in 0..4 {
        for speaker in [1, 2] {
            let done = done.clone();
            let action = Action::Final(utterance(number, &samples), None);
            pool.submit(speaker, action, move |outcome| {
                done.send((speaker, number, outcome.texts.unwrap().own.text)).unwrap();
            })
            .unwrap();
        }
    }
    let all: Vec<(u64, u64, String)> =
        (0..9).map(|_| results.recv_timeout(WAIT).unwrap()).collect();
    for speaker in [1, 2] {
        let order: Vec<u64> = all.iter().filter(|one| one.0 == speaker).map(|one| one.1).collect();
        assert_eq!(order, [0, 1, 2, 3]);
    }
    assert!(
        all.iter().filter(|one| one.0 != 9).all(|one| one.2.starts_with("Go forward")),
        "{all:?}"
    );
    assert_eq!(all[8].0, 9, "the file had to wait for them: {all:?}");
}

#[test]
fn rooms_for_files_are_counted_and_given_back() {
    let _turn = crate::turn();
    let pool = pool(1);
    let slots: Vec<_> = (0..4).map(|_| pool.admit_file().unwrap()).collect();
    assert!(pool.admit_file().err().unwrap().retry_after_ms >= 1_000);
    drop(slots);
    assert_eq!(transcribe(&pool, vec![0.0; 16_000]).text(), "");
    assert_eq!(transcribe(&pool, Vec::new()).duration_ms, 0);
    let slots: Vec<_> = (0..4).map(|_| pool.admit_file().unwrap()).collect();
    assert_eq!(slots.len(), 4);
}

#[test]
fn what_waits_at_the_end_is_told_so() {
    let _turn = crate::turn();
    let pool = pool(1);
    let (done, results) = channel();
    let long = clips::samples(clips::clip("two_cities"));
    let slots: Vec<_> = (0..3).map(|_| pool.admit_file().unwrap()).collect();
    let cancelled = slots[1].id();
    for slot in slots {
        let (id, done) = (slot.id(), done.clone());
        pool.transcribe(slot, long.clone(), move |result| done.send((id, result)).unwrap());
    }
    pool.cancel_file(cancelled);
    assert_eq!(results.recv_timeout(WAIT).unwrap(), (cancelled, Err(FileError::GivenUp)));
    assert!(pool.stop(WAIT), "its threads must end");
    let mut others: Vec<_> = (0..2).map(|_| results.recv_timeout(WAIT).unwrap()).collect();
    others.sort_by_key(|(id, _)| *id);
    assert_eq!(others, [(0, Err(FileError::GivenUp)), (2, Err(FileError::GivenUp))]);
    let late = done.clone();
    pool.submit(1, Action::Partial(utterance(0, &long[..16_000])), move |outcome| {
        assert!(outcome.texts.is_none());
        late.send((7, Err(FileError::GivenUp))).unwrap();
    })
    .unwrap();
    assert_eq!(results.recv_timeout(WAIT).unwrap().0, 7);
}

#[test]
fn an_engine_that_is_off_or_broken_does_not_start() {
    let started = Pool::start(Engine::Off, Limits::default());
    assert_eq!(started.err(), Some(EngineError::Off));
    let mut files = clips::model();
    files.tokenizer = files.encoder.clone();
    assert!(matches!(Moonshine::load(&files).err(), Some(EngineError::Unavailable(_))));
    let mut files = clips::model();
    files.encoder = files.tokenizer.clone();
    let model = Moonshine::load(&files).unwrap();
    let started = Pool::start(Engine::Moonshine(Box::new(model)), Limits::default());
    assert!(matches!(started.err(), Some(EngineError::Unavailable(_))));
}
