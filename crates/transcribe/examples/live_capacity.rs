//! How late final texts come with so many speakers on one core, whatever else the machine does.
//!
//! `cargo run --release -p transcribe --example live_capacity [-- --whisper MODEL] [SPEAKERS
//! [SECONDS]]` prints a row of JSON, as `live_load` does. The policy, the tracks and the decodes
//! are the real ones; the clock is this program's own: a decode takes as long as the processor time
//! it used, one at a time, and listening to the speakers holds it up. So a decode that other
//! programs interrupted is not late for that.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;
#[path = "measure/engine.rs"]
mod engine;
#[path = "measure/speakers.rs"]
#[allow(dead_code)]
mod speakers;

use std::error::Error;

use serde_json::{Value, json};
use speakers::{PACKET_MILLIS, Speakers};
use transcribe::engine::{Decoder, EngineError};
use transcribe::queue::{Job, Kind, Limits, Queue, Source};
use transcribe::track::{Outcome, Texts};
use transcribe::utterance::Action;

/// A decode on the one core.
struct Running {
    number: usize,
    outcome: Outcome,
    audio_millis: u64,
    /// Seconds since the beginning.
    over_at: f64,
}

struct Core<'engine> {
    decoder: Decoder<'engine>,
    queue: Queue<(usize, Action)>,
    running: Option<Running>,
    /// When it did nothing more for the last decode.
    free_at: f64,
    used: f64,
    finals_lost: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (whisper, numbers) = engine::arguments()?;
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (count, seconds) = (number(0, 4), number(1, 60));
    let engine = engine::load(whisper.as_deref())?;
    let mut decoder = engine.decoder()?;
    // The first decode does what no other has to.
    decoder.decode(&[0.0; 16_000])?;
    let mut core = Core {
        decoder,
        queue: Queue::new(Limits::default()),
        running: None,
        free_at: 0.0,
        used: 0.0,
        finals_lost: 0,
    };
    let mut speakers = Speakers::new(count);
    for tick in 0..seconds as u64 * 1000 / PACKET_MILLIS {
        let now = seconds_at(tick);
        let began = engine::cpu_seconds();
        let asked = speakers.speak(tick);
        core.hold_up(engine::cpu_seconds() - began);
        asked.into_iter().for_each(|(number, action)| core.ask(number, action, &mut speakers, now));
        core.work(now, seconds_at(tick + 1), &mut speakers)?;
    }
    let share = core.used / seconds as f64;
    core.work(seconds as f64, f64::INFINITY, &mut speakers)?;
    let lost = core.finals_lost;
    let mut row = speakers.row();
    for (column, value) in [
        ("engine", json!(format!("{} {}", engine.name(), engine.model()))),
        ("mode", json!("live capacity")),
        ("seconds", json!(seconds)),
        ("threads", json!(1)),
        ("finals_lost", json!(lost)),
        ("cpu_share", json!(share)),
        ("peak_rss_mib", json!(engine::peak_rss_mib())),
    ] {
        row.insert(column.to_owned(), value);
    }
    println!("{}", Value::Object(row));
    Ok(())
}

fn seconds_at(tick: u64) -> f64 {
    (tick * PACKET_MILLIS) as f64 / 1000.0
}

impl Core<'_> {
    /// Something more urgent took so many seconds.
    fn hold_up(&mut self, cost: f64) {
        self.used += cost;
        if let Some(running) = &mut self.running {
            running.over_at += cost;
        }
    }

    fn ask(&mut self, number: usize, action: Action, speakers: &mut Speakers, now: f64) {
        let (kind, audio_millis) = match &action {
            Action::Partial(utterance) => (Kind::Partial, utterance.clip.millis()),
            Action::Final(utterance, joined) => {
                let joined = joined.as_ref().map_or(0, |joined| joined.clip.millis());
                (Kind::Final, utterance.clip.millis() + joined)
            }
        };
        let source = Source::Speaker(number as u64);
        let dropped =
            match self.queue.push(Job { source, kind, audio_millis, work: (number, action) }) {
                Ok(dropped) => dropped,
                Err((_, refused)) => {
                    self.finals_lost += 1;
                    vec![refused]
                }
            };
        for Job { work: (number, action), .. } in dropped {
            let outcome = Outcome { action, texts: None, took_millis: 0 };
            speakers.handle_outcome(number, outcome, millis(now));
        }
    }

    /// What is over by `until` is told; the next begins `now`, or when the last was over.
    fn work(&mut self, now: f64, until: f64, speakers: &mut Speakers) -> Result<(), EngineError> {
        loop {
            if let Some(running) = self.running.take_if(|running| running.over_at <= until) {
                let Running { number, outcome, audio_millis, over_at } = running;
                self.free_at = over_at;
                let took = outcome.took_millis;
                speakers.handle_outcome(number, outcome, millis(over_at));
                self.queue.handle_done(Source::Speaker(number as u64), audio_millis, took);
            }
            if self.running.is_some() {
                return Ok(());
            }
            let Some(job) = self.queue.start_next() else { return Ok(()) };
            let (number, action) = job.work;
            let began = engine::cpu_seconds();
            let texts = Some(self.read(&action)?);
            let cost = engine::cpu_seconds() - began;
            self.used += cost;
            let outcome = Outcome { action, texts, took_millis: (cost * 1000.0) as u32 };
            let over_at = self.free_at.max(now) + cost;
            self.running =
                Some(Running { number, outcome, audio_millis: job.audio_millis, over_at });
        }
    }

    fn read(&mut self, action: &Action) -> Result<Texts, EngineError> {
        match action {
            Action::Partial(utterance) => {
                Ok(Texts { own: self.decoder.decode(&utterance.clip.samples)?, joined: None })
            }
            Action::Final(utterance, joined) => {
                let own = self.decoder.decode(&utterance.clip.samples)?;
                let joined = joined.as_ref().map(|one| self.decoder.decode(&one.clip.samples));
                Ok(Texts { own, joined: joined.transpose()? })
            }
        }
    }
}

fn millis(seconds: f64) -> u64 {
    (seconds * 1000.0) as u64
}
