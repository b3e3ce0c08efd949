//! The policy, one rule at a time.

use super::*;

const LIMITS: Limits = Limits { finals: 3, live: 5, files: 2, threads: 2 };

fn queue() -> Queue<&'static str> {
    Queue::new(LIMITS)
}

fn job(source: Source, kind: Kind, work: &'static str) -> Job<&'static str> {
    Job { source, kind, audio_millis: 10_000, work }
}

fn speaker(number: u64, kind: Kind, work: &'static str) -> Job<&'static str> {
    job(Source::Speaker(number), kind, work)
}

fn piece(number: u64, work: &'static str) -> Job<&'static str> {
    job(Source::File(number), Kind::Piece, work)
}

#[track_caller]
fn push(queue: &mut Queue<&'static str>, job: Job<&'static str>, dropped: &[&str]) {
    let found: Vec<&str> = queue.push(job).unwrap().into_iter().map(|job| job.work).collect();
    assert_eq!(found, dropped);
}

/// Runs everything that may run, one after the other.
fn run_all(queue: &mut Queue<&'static str>) -> Vec<&'static str> {
    let mut order = Vec::new();
    while let Some(job) = queue.start_next() {
        order.push(job.work);
        queue.handle_done(job.source, job.audio_millis, 100);
    }
    order
}

#[test]
fn finals_first_then_guesses_and_pieces_in_turn() {
    let mut queue = queue();
    for work in ["p1", "p2", "p3"] {
        push(&mut queue, piece(1, work), &[]);
    }
    push(&mut queue, speaker(1, Kind::Partial, "g1"), &[]);
    push(&mut queue, speaker(2, Kind::Partial, "g2"), &[]);
    push(&mut queue, speaker(3, Kind::Final, "f3"), &[]);
    assert_eq!(run_all(&mut queue), ["f3", "g1", "p1", "g2", "p2", "p3"]);
    assert!(queue.is_empty());
}

#[test]
fn sources_take_turns() {
    let mut queue = queue();
    for (source, work) in [(1, "1a"), (1, "1b"), (2, "2a")] {
        push(&mut queue, speaker(source, Kind::Final, work), &[]);
    }
    for (source, work) in [(1, "p1a"), (1, "p1b"), (2, "p2a")] {
        push(&mut queue, piece(source, work), &[]);
    }
    assert_eq!(run_all(&mut queue), ["1a", "2a", "1b", "p1a", "p2a", "p1b"]);
}

#[test]
fn a_speaker_has_one_decode_at_a_time_and_a_file_may_have_many() {
    let mut queue = queue();
    push(&mut queue, speaker(1, Kind::Final, "first"), &[]);
    push(&mut queue, speaker(1, Kind::Final, "second"), &[]);
    push(&mut queue, piece(1, "p1"), &[]);
    push(&mut queue, piece(1, "p2"), &[]);
    let first = queue.start_next().unwrap();
    assert_eq!(first.work, "first");
    assert_eq!(queue.start_next().unwrap().work, "p1");
    assert_eq!(queue.start_next().unwrap().work, "p2");
    assert!(queue.start_next().is_none(), "the second waits for the first");
    queue.handle_done(first.source, first.audio_millis, 100);
    assert_eq!(queue.start_next().unwrap().work, "second");
}

#[test]
fn a_newer_guess_and_a_final_replace_a_guess() {
    let mut queue = queue();
    push(&mut queue, speaker(1, Kind::Partial, "old"), &[]);
    push(&mut queue, speaker(1, Kind::Partial, "new"), &["old"]);
    push(&mut queue, speaker(2, Kind::Partial, "other"), &[]);
    push(&mut queue, speaker(1, Kind::Final, "final"), &["new"]);
    // While a final waits, a guess would only delay it.
    push(&mut queue, speaker(1, Kind::Partial, "late"), &["late"]);
    assert_eq!(run_all(&mut queue), ["final", "other"]);
}

#[test]
fn guesses_are_dropped_before_anything_is_refused_and_finals_never() {
    let mut queue = queue();
    for (source, work) in [(1, "g1"), (2, "g2"), (3, "g3"), (4, "g4")] {
        push(&mut queue, speaker(source, Kind::Partial, work), &[]);
    }
    push(&mut queue, speaker(11, Kind::Final, "f1"), &[]);
    push(&mut queue, speaker(12, Kind::Final, "f2"), &["g1"]);
    push(&mut queue, speaker(13, Kind::Final, "f3"), &["g2"]);
    let (busy, back) = queue.push(speaker(14, Kind::Final, "f4")).unwrap_err();
    assert_eq!(back.work, "f4", "it comes back to whoever holds it");
    assert_eq!(busy.retry_after_ms, 1_000);
    push(&mut queue, speaker(5, Kind::Partial, "g5"), &["g3"]);
    assert_eq!(run_all(&mut queue), ["f1", "f2", "f3", "g4", "g5"]);
}

#[test]
fn files_are_refused_with_the_time_to_wait() {
    let mut queue = queue();
    queue.admit_file().unwrap();
    queue.admit_file().unwrap();
    assert_eq!(queue.admit_file(), Err(Busy { retry_after_ms: 1_000 }), "not less than a second");
    for _ in 0..60 {
        push(&mut queue, piece(1, "p"), &[]);
    }
    // 600 s of audio at 40 ms a second, on two threads: half of it takes 6 s.
    assert_eq!(queue.admit_file(), Err(Busy { retry_after_ms: 6_000 }));
    queue.end_file();
    assert_eq!(queue.admit_file(), Ok(()));
}

#[test]
fn the_time_to_wait_is_learnt() {
    let mut queue = queue();
    for _ in 0..200 {
        push(&mut queue, piece(1, "p"), &[]);
    }
    for _ in 0..100 {
        let job = queue.start_next().unwrap();
        queue.handle_done(job.source, job.audio_millis, 1_000);
    }
    queue.admit_file().unwrap();
    queue.admit_file().unwrap();
    // 1000 s of audio left at 100 ms a second on two threads, half of it: 25 s.
    let busy = queue.admit_file().unwrap_err();
    assert!((24_900..=25_000).contains(&busy.retry_after_ms), "{busy:?}");
}

#[test]
fn cancelling_leaves_finals() {
    let mut queue = queue();
    push(&mut queue, speaker(1, Kind::Final, "final"), &[]);
    push(&mut queue, speaker(2, Kind::Partial, "guess"), &[]);
    push(&mut queue, piece(1, "p1"), &[]);
    push(&mut queue, piece(2, "p2"), &[]);
    let works =
        |jobs: Vec<Job<&'static str>>| jobs.into_iter().map(|job| job.work).collect::<Vec<_>>();
    assert!(queue.cancel(Source::Speaker(1)).is_empty());
    assert_eq!(works(queue.cancel(Source::Speaker(2))), ["guess"]);
    assert_eq!(works(queue.cancel(Source::File(1))), ["p1"]);
    assert_eq!(queue.len(), 2);
    assert_eq!(works(queue.drain()), ["final", "p2"]);
    assert!(queue.is_empty());
}

#[test]
fn who_is_refused_keeps_their_guess() {
    let mut queue = queue();
    for number in 1..=3 {
        push(&mut queue, speaker(number, Kind::Final, "f"), &[]);
    }
    push(&mut queue, speaker(4, Kind::Partial, "g4"), &[]);
    let (_, refused) = queue.push(speaker(4, Kind::Final, "f4")).unwrap_err();
    assert_eq!(refused.work, "f4");
    assert_eq!(run_all(&mut queue), ["f", "f", "f", "g4"]);
}
