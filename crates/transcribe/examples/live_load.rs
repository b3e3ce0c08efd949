//! Speakers talking at the same time, in real time: how late their final texts come.
//!
//! `cargo run --release -p transcribe --example live_load [SPEAKERS [SECONDS [THREADS]]]`. Each
//! speaker plays the test clips with as much silence after each as it is long, from another place.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;

use std::error::Error;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use transcribe::audio::{Position, millis_of};
use transcribe::engine::Engine;
use transcribe::engine::moonshine::Moonshine;
use transcribe::pool::Pool;
use transcribe::queue::Limits;
use transcribe::track::{Caption, Outcome, Track};
use transcribe::utterance::{Action, Tuning};

/// 20 ms.
const PACKET: usize = 320;

struct Speaker {
    track: Track,
    sound: Vec<f32>,
    offset: usize,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let speakers = arguments.next().transpose()?.unwrap_or(4);
    let seconds = arguments.next().transpose()?.unwrap_or(60);
    let threads = usize::try_from(arguments.next().transpose()?.unwrap_or(1))?;
    let model = Engine::Moonshine(Box::new(Moonshine::load(&clips::model())?));
    let pool = Pool::start(model, Limits { threads, ..Limits::default() })?;
    let sound = half_silent();
    let mut all: Vec<Speaker> = (0..speakers as usize)
        .map(|number| Speaker {
            track: Track::new(Tuning::default()),
            sound: sound.clone(),
            offset: number * sound.len() / speakers as usize / PACKET * PACKET,
        })
        .collect();
    let (done, outcomes) = channel();
    let began = Instant::now();
    let (mut late_ms, mut partials, mut refused) = (Vec::new(), 0, 0);
    for tick in 0..seconds * 50 {
        let at = Position::from_millis(tick * 20);
        for (number, speaker) in all.iter_mut().enumerate() {
            let from =
                (speaker.offset + tick as usize * PACKET) % (speaker.sound.len() / PACKET * PACKET);
            let packet = speaker.sound[from..from + PACKET].to_vec();
            for action in speaker.track.push(at, &packet) {
                refused += usize::from(!submit(&pool, &done, number, action));
            }
        }
        while let Ok((number, outcome)) = outcomes.try_recv() {
            let speaker: &mut Speaker = &mut all[number];
            for caption in speaker.track.handle_outcome(outcome) {
                match caption {
                    Caption::Final { segment, .. } => {
                        // The tail is kept silence: speech ended before it.
                        let ended =
                            segment.end_ms.saturating_sub(u64::from(Tuning::default().tail));
                        late_ms.push(began.elapsed().as_millis() as u64 - ended);
                    }
                    Caption::Partial { .. } => partials += 1,
                    Caption::Amended { .. } | Caption::Withdrawn { .. } => {}
                }
            }
        }
        let next = began + Duration::from_millis((tick + 1) * 20);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    println!(
        "{speakers} speakers, half of the time, {threads} thread(s), {seconds} s: {} after the end of \
         speech; {partials} partials, {refused} refused",
        summary(late_ms)
    );
    Ok(())
}

fn summary(mut late_ms: Vec<u64>) -> String {
    late_ms.sort_unstable();
    let last = late_ms.len().saturating_sub(1);
    let at = |part: usize| late_ms.get((late_ms.len() * part / 100).min(last)).unwrap_or(&0);
    format!("{} finals, p50 {} p95 {} max {} ms", late_ms.len(), at(50), at(95), at(100))
}

fn submit(pool: &Pool, done: &Sender<(usize, Outcome)>, number: usize, action: Action) -> bool {
    let done = done.clone();
    // The loop may be over when the last one comes.
    pool.submit(number as u64, action, move |outcome| drop(done.send((number, outcome)))).is_ok()
}

/// The clips, each followed by silence of its length.
fn half_silent() -> Vec<f32> {
    let mut sound = Vec::new();
    for clip in &clips::CLIPS {
        let mut samples = clips::samples(clip);
        // At most 12 s at once: people take turns.
        samples.truncate(12 * 16_000);
        sound.extend_from_slice(&samples);
        sound.resize(sound.len() + samples.len(), 0.0);
    }
    println!("{} s of sound", millis_of(sound.len()) / 1000);
    sound
}
