//! Speakers talking at the same time, in real time: how late their final texts come.
//!
//! `cargo run --release -p transcribe --example live_load [-- --whisper MODEL] [SPEAKERS [SECONDS
//! [THREADS]]]` prints a row of JSON. Each speaker says the test clips, with as much silence after
//! each as it is long, from another place. Lateness is counted from the end of speech; the pause
//! that ends an utterance is a part of it. Samples come as they do after the Opus decoder, which
//! takes about a thousandth of a core for each speaker.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;
#[path = "measure/engine.rs"]
mod engine;

use std::error::Error;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use serde_json::json;
use transcribe::audio::Position;
use transcribe::pool::Pool;
use transcribe::queue::Limits;
use transcribe::track::{Caption, Outcome, Track};
use transcribe::utterance::{Action, Tuning};

/// 20 ms.
const PACKET: usize = 320;
/// People take turns: nobody speaks longer at once.
const TURN_SAMPLES: usize = 12 * 16_000;
/// What is still being decoded at the end counts too, if it comes within this time.
const LAST_WAIT: Duration = Duration::from_secs(60);

struct Speaker {
    track: Track,
    next_packet: usize,
}

/// What came of it.
#[derive(Default)]
struct Tally {
    asked: usize,
    told: usize,
    refused: usize,
    partials: usize,
    late_ms: Vec<u64>,
}

struct Run {
    pool: Pool,
    speakers: Vec<Speaker>,
    done: Sender<(usize, Outcome)>,
    outcomes: Receiver<(usize, Outcome)>,
    began: Instant,
    tally: Tally,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut whisper, mut numbers) = (None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--whisper" {
            whisper = arguments.next().map(PathBuf::from);
        } else {
            numbers.push(argument.parse::<usize>()?);
        }
    }
    let number = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (speakers, seconds, threads) = (number(0, 4), number(1, 60), number(2, 1));
    let sound = half_silent();
    let packets = sound.as_chunks::<PACKET>().0;
    let engine = engine::load(whisper.as_deref())?;
    let name = format!("{} {}", engine.name(), engine.model());
    let speaker = |place: usize| Speaker {
        track: Track::new(Tuning::default()),
        next_packet: place * packets.len() / speakers,
    };
    let (done, outcomes) = channel();
    let mut run = Run {
        pool: Pool::start(engine, Limits { threads, ..Limits::default() })?,
        speakers: (0..speakers).map(speaker).collect(),
        done,
        outcomes,
        began: Instant::now(),
        tally: Tally::default(),
    };
    let cpu = engine::cpu_seconds();
    run.play(packets, seconds);
    let cpu = (engine::cpu_seconds() - cpu) / run.began.elapsed().as_secs_f64();
    run.wait();
    run.pool.stop(LAST_WAIT);
    let tally = run.tally;
    let late = tally.late_ms.len();
    let [p50, p95, max] = spread(tally.late_ms);
    println!(
        "{}",
        json!({
            "engine": name, "mode": "live load", "speakers": speakers, "seconds": seconds,
            "threads": threads, "finals": late, "finals_lost": tally.asked - tally.told,
            "finals_refused": tally.refused, "partials": tally.partials, "final_p50_ms": p50,
            "final_p95_ms": p95, "final_max_ms": max, "cpu_share": cpu,
            "peak_rss_mib": engine::peak_rss_mib(),
        })
    );
    Ok(())
}

impl Run {
    fn play(&mut self, packets: &[[f32; PACKET]], seconds: usize) {
        for tick in 0..seconds * 50 {
            let at = Position::from_millis(tick as u64 * 20);
            for number in 0..self.speakers.len() {
                let speaker = &mut self.speakers[number];
                let packet = &packets[speaker.next_packet % packets.len()];
                speaker.next_packet += 1;
                for action in speaker.track.push(at, packet) {
                    self.submit(number, action);
                }
            }
            while let Ok((number, outcome)) = self.outcomes.try_recv() {
                self.handle_outcome(number, outcome);
            }
            let next = self.began + Duration::from_millis((tick as u64 + 1) * 20);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    /// For the finals that are still being decoded.
    fn wait(&mut self) {
        let until = Instant::now() + LAST_WAIT;
        while self.tally.told < self.tally.asked {
            let patience = until.saturating_duration_since(Instant::now());
            let Ok((number, outcome)) = self.outcomes.recv_timeout(patience) else { return };
            self.handle_outcome(number, outcome);
        }
    }

    fn submit(&mut self, number: usize, action: Action) {
        let done = self.done.clone();
        let is_final = matches!(action, Action::Final(..));
        // The run may be over when the last one comes.
        let tell = move |outcome| drop(done.send((number, outcome)));
        match self.pool.submit(number as u64, action, tell) {
            Ok(()) => self.tally.asked += usize::from(is_final),
            Err(_) => self.tally.refused += 1,
        }
    }

    fn handle_outcome(&mut self, number: usize, outcome: Outcome) {
        self.tally.told += usize::from(matches!(outcome.action, Action::Final(..)));
        for caption in self.speakers[number].track.handle_outcome(outcome) {
            match caption {
                Caption::Final { segment, .. } => {
                    // The tail is kept silence: speech ended before it.
                    let ended = segment.end_ms.saturating_sub(u64::from(Tuning::default().tail));
                    let now = self.began.elapsed().as_millis() as u64;
                    self.tally.late_ms.push(now.saturating_sub(ended));
                }
                Caption::Partial { .. } => self.tally.partials += 1,
                Caption::Amended { .. } | Caption::Withdrawn { .. } => {}
            }
        }
    }
}

/// The middle, the slow end, and the slowest.
fn spread(mut late_ms: Vec<u64>) -> [u64; 3] {
    late_ms.sort_unstable();
    let last = late_ms.len().saturating_sub(1);
    [50, 95, 100].map(|part| {
        late_ms.get((late_ms.len() * part / 100).min(last)).copied().unwrap_or_default()
    })
}

/// The clips, each followed by silence of its length.
fn half_silent() -> Vec<f32> {
    let mut sound = Vec::new();
    for clip in &clips::CLIPS {
        let mut samples = clips::samples(clip);
        samples.truncate(TURN_SAMPLES);
        sound.extend_from_slice(&samples);
        sound.resize(sound.len() + samples.len(), 0.0);
    }
    sound
}
