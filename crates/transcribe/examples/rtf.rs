//! What transcription costs here: processor seconds for each second of audio, as files and live.
//!
//! `cargo run --release -p transcribe --example rtf [FILE...]`; without files it takes the test
//! clips, counts their word errors, and fetches what is missing.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;
#[path = "../tests/speech/errors.rs"]
mod errors;
#[path = "../tests/speech/live.rs"]
#[allow(dead_code)]
mod live;

use std::error::Error;
use std::time::Instant;

use transcribe::audio::SAMPLE_RATE;
use transcribe::engine::moonshine::Moonshine;
use transcribe::engine::{Decoder, Engine};
use transcribe::pieces::pieces;
use transcribe::upload;

fn main() -> Result<(), Box<dyn Error>> {
    let began = Instant::now();
    let model = Moonshine::load(&clips::model())?;
    let engine = Engine::Moonshine(Box::new(model));
    let mut decoder = engine.decoder()?;
    println!("load {:.2} s, memory {}", began.elapsed().as_secs_f64(), memory());

    let files: Vec<String> = std::env::args().skip(1).collect();
    let inputs: Vec<(String, &str, Vec<f32>)> = if files.is_empty() {
        let input = |clip| (String::from(clip_name(clip)), clip.words, clips::samples(clip));
        clips::CLIPS.iter().map(input).collect()
    } else {
        let input = |path: String| -> Result<_, Box<dyn Error>> {
            let samples = upload::decode(&std::fs::read(&path)?, upload::Limits::default())?;
            Ok((path, "", samples))
        };
        files.into_iter().map(input).collect::<Result<_, _>>()?
    };
    for partials in [None, Some(false), Some(true)] {
        run(&mut decoder, &inputs, partials)?;
    }
    println!("memory {}", memory());
    let mut more = Vec::new();
    for threads in 2..=4 {
        more.push(engine.decoder()?);
        if let Some(decoder) = more.last_mut() {
            let _ = decoder.decode(&inputs[0].2[..SAMPLE_RATE as usize]);
        }
        println!("memory with {threads} decoders {}", memory());
    }
    Ok(())
}

fn clip_name(clip: &clips::Clip) -> &'static str {
    clip.name
}

/// As files, or live without and with partial texts.
fn run(
    decoder: &mut Decoder<'_>,
    inputs: &[(String, &str, Vec<f32>)],
    partials: Option<bool>,
) -> Result<(), Box<dyn Error>> {
    let (mut wrong, mut wrong_amended, mut words, mut audio) = (0, 0, 0, 0.0);
    let (cpu, wall) = (cpu_seconds(), Instant::now());
    for (name, wanted, samples) in inputs {
        audio += samples.len() as f64 / f64::from(SAMPLE_RATE);
        let (found, amended) = match partials {
            None => {
                let mut text = Vec::new();
                for piece in pieces(samples) {
                    text.push(decoder.decode(&samples[piece.samples])?.text);
                }
                (text.join(" | "), text.join(" "))
            }
            Some(partials) => {
                let played = live::play(decoder, samples, partials);
                let first: Vec<String> = played.first.into_values().collect();
                (first.join(" | "), live::text(&played.amended))
            }
        };
        let (errors, of) = errors::count(wanted, &found);
        let (after, _) = errors::count(wanted, &amended);
        println!("{name}: {errors} ({after} amended) of {of} wrong: {found}");
        wrong += errors;
        wrong_amended += after;
        words += of;
    }
    let (cpu, wall) = (cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    println!(
        "== {}: {:.3} cpu s per audio s, {:.3} wall; {wrong} ({wrong_amended} amended) of {words} words wrong",
        match partials {
            None => "files",
            Some(false) => "live, finals only",
            Some(true) => "live with partials",
        },
        cpu / audio,
        wall / audio,
    );
    Ok(())
}

/// User and system time of this process (Linux).
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let ticks = |at: usize| -> f64 {
        fields.split_whitespace().nth(at).and_then(|text| text.parse().ok()).unwrap_or(0.0)
    };
    (ticks(11) + ticks(12)) / 100.0
}

/// Now and at most (Linux).
fn memory() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let lines =
        status.lines().filter(|line| line.starts_with("VmRSS") || line.starts_with("VmHWM"));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect::<Vec<_>>()
        .join(", ")
}
