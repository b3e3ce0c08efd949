//! What transcription costs here and how well it reads: the test clips as files and live.
//!
//! `cargo run --release -p transcribe --example rtf [-- --whisper MODEL] [FILE...]` prints a row of
//! JSON for each clip, or each file; what is missing is fetched. For the benchmark, which holds
//! another program against it: `--samples FOLDER` writes the clips as that program gets them (raw
//! `f32` at 16 kHz), and `--count` counts the errors in lines of clip, tab, text from standard input.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;
#[path = "measure/engine.rs"]
mod engine;
#[path = "../tests/speech/errors.rs"]
mod errors;
#[path = "../tests/speech/live.rs"]
#[allow(dead_code)]
mod live;

use std::error::Error;
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;
use std::time::Instant;

use serde_json::{Map, Value, json};
use transcribe::audio::SAMPLE_RATE;
use transcribe::engine::{Decoder, Engine};
use transcribe::pool::Pool;
use transcribe::queue::Limits;
use transcribe::upload;

/// Those that are long enough to be cut by a live speaker's pauses.
const LIVE: [&str; 2] = ["jfk", "two_cities"];

struct Input {
    name: String,
    words: &'static str,
    samples: Vec<f32>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut whisper, mut files) = (None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--whisper" => whisper = arguments.next().map(PathBuf::from),
            "--samples" => return write_samples(Path::new(&arguments.next().unwrap_or_default())),
            "--count" => return count(),
            _ => files.push(argument),
        }
    }
    let inputs: Vec<Input> = if files.is_empty() {
        clips::CLIPS.iter().map(input).collect()
    } else {
        files.into_iter().map(file).collect::<Result<_, _>>()?
    };
    let pool = Pool::start(engine::load(whisper.as_deref())?, Limits::default())?;
    // The first decode of a process does what no other has to.
    if let Some(first) = inputs.first() {
        as_file(&pool, &first.samples)?;
    }
    for input in &inputs {
        print(pool.engine(), "file", input, || as_file(&pool, &input.samples))?;
    }
    let mut decoder = pool.engine().decoder()?;
    for input in inputs.iter().filter(|one| one.words.is_empty() || LIVE.contains(&&*one.name)) {
        print(pool.engine(), "live", input, || Ok(as_live(&mut decoder, &input.samples)))?;
    }
    Ok(())
}

fn input(clip: &clips::Clip) -> Input {
    Input { name: clip.name.to_owned(), words: clip.words, samples: clips::samples(clip) }
}

fn file(path: String) -> Result<Input, Box<dyn Error>> {
    let samples = upload::decode(&std::fs::read(&path)?, upload::Limits::default())?;
    Ok(Input { name: path, words: "", samples })
}

/// The text as it was first told, and as it is in the end.
struct Texts {
    first: String,
    last: String,
}

fn as_file(pool: &Pool, samples: &[f32]) -> Result<Texts, Box<dyn Error>> {
    let (done, result) = channel();
    let slot = pool.admit_file()?;
    pool.transcribe(slot, samples.to_vec(), move |transcript| drop(done.send(transcript)));
    let text = result.recv()??.text();
    Ok(Texts { first: text.clone(), last: text })
}

/// As somebody says it, with guesses.
fn as_live(decoder: &mut Decoder<'_>, samples: &[f32]) -> Texts {
    let played = live::play(decoder, samples, true);
    Texts { first: live::text(&played.first), last: live::text(&played.amended) }
}

fn print(
    engine: &Engine,
    mode: &str,
    input: &Input,
    read: impl FnOnce() -> Result<Texts, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let (cpu, wall) = (engine::cpu_seconds(), Instant::now());
    let texts = read()?;
    let (cpu, wall) = (engine::cpu_seconds() - cpu, wall.elapsed().as_secs_f64());
    let (wrong, words) = errors::count(input.words, &texts.last);
    let (wrong_at_first, _) = errors::count(input.words, &texts.first);
    let mut row = Map::new();
    let mut put = |name: &str, value: Value| row.insert(name.to_owned(), value);
    put("engine", json!(format!("{} {}", engine.name(), engine.model())));
    put("mode", json!(mode));
    put("clip", json!(input.name));
    put("audio_s", json!(input.samples.len() as f64 / f64::from(SAMPLE_RATE)));
    put("cpu_s", json!(cpu));
    put("wall_s", json!(wall));
    put("peak_rss_mib", json!(engine::peak_rss_mib()));
    if words > 0 {
        put("words", json!(words));
        put("wrong", json!(wrong));
        put("wrong_at_first", json!(wrong_at_first));
    }
    put("text", json!(texts.last));
    println!("{}", Value::Object(row));
    Ok(())
}

fn write_samples(folder: &Path) -> Result<(), Box<dyn Error>> {
    std::fs::create_dir_all(folder)?;
    for clip in &clips::CLIPS {
        let bytes: Vec<u8> =
            clips::samples(clip).iter().flat_map(|sample| sample.to_le_bytes()).collect();
        std::fs::write(folder.join(format!("{}.f32", clip.name)), bytes)?;
    }
    Ok(())
}

fn count() -> Result<(), Box<dyn Error>> {
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let (name, text) = line.split_once('\t').ok_or("a line is clip, tab, text")?;
        let clip = clips::CLIPS.iter().find(|clip| clip.name == name).ok_or("no such clip")?;
        let (wrong, words) = errors::count(clip.words, text);
        println!("{}", json!({ "clip": name, "words": words, "wrong": wrong }));
    }
    Ok(())
}
