//! Speakers talking at the same time, in real time: how late their final texts come.
//!
//! `cargo run --release -p transcribe --example live_load [-- --whisper MODEL] [SPEAKERS [SECONDS
//! [THREADS]]]` prints a row of JSON. Lateness is counted from the end of speech; the pause that
//! ends an utterance is a part of it. Samples come as they do after the Opus decoder, which takes
//! about a thousandth of a core for each speaker. `live_capacity` is the same by a clock of its own.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;
#[path = "measure/engine.rs"]
mod engine;
#[path = "measure/speakers.rs"]
mod speakers;

use std::error::Error;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use speakers::{PACKET_MILLIS, Speakers};
use transcribe::pool::Pool;
use transcribe::queue::Limits;
use transcribe::utterance::Action;

/// What is still being decoded at the end counts too, if it comes within this time.
const LAST_WAIT: Duration = Duration::from_secs(60);

fn main() -> Result<(), Box<dyn Error>> {
    let (whisper, numbers) = engine::arguments()?;
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (count, seconds, threads) = (number(0, 4), number(1, 60), number(2, 1));
    let engine = engine::load(whisper.as_deref())?;
    let name = format!("{} {}", engine.name(), engine.model());
    let pool = Pool::start(engine, Limits { threads, ..Limits::default() })?;
    let mut speakers = Speakers::new(count);
    let (done, outcomes) = channel();
    let (mut asked, mut refused) = (0, 0);
    let (cpu, began) = (engine::cpu_seconds(), Instant::now());
    let since = || u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    for tick in 0..seconds as u64 * 1000 / PACKET_MILLIS {
        for (number, action) in speakers.speak(tick) {
            let done = done.clone();
            let is_final = matches!(action, Action::Final(..));
            // The run may be over when the last one comes.
            let tell = move |outcome| drop(done.send((number, outcome)));
            match pool.submit(number as u64, action, tell) {
                Ok(()) => asked += usize::from(is_final),
                Err(_) => refused += 1,
            }
        }
        while let Ok((number, outcome)) = outcomes.try_recv() {
            speakers.handle_outcome(number, outcome, since());
        }
        let next = began + Duration::from_millis((tick + 1) * PACKET_MILLIS);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    let share = (engine::cpu_seconds() - cpu) / began.elapsed().as_secs_f64();
    let until = Instant::now() + LAST_WAIT;
    while speakers.finals_told() < asked {
        let patience = until.saturating_duration_since(Instant::now());
        let Ok((number, outcome)) = outcomes.recv_timeout(patience) else { break };
        speakers.handle_outcome(number, outcome, since());
    }
    pool.stop(LAST_WAIT);
    let lost = asked - speakers.finals_told();
    let mut row = speakers.row();
    for (column, value) in [
        ("engine", json!(name)),
        ("mode", json!("live load")),
        ("seconds", json!(seconds)),
        ("threads", json!(threads)),
        ("finals_lost", json!(lost + refused)),
        ("cpu_share", json!(share)),
        ("peak_rss_mib", json!(engine::peak_rss_mib())),
    ] {
        row.insert(column.to_owned(), value);
    }
    println!("{}", Value::Object(row));
    Ok(())
}
