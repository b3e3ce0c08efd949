//! Which engine is measured, and what it uses of the machine (Linux).

use std::error::Error;
use std::path::{Path, PathBuf};

use transcribe::engine::Engine;
use transcribe::engine::moonshine::Moonshine;

use crate::clips;

/// `[--whisper MODEL] [NUMBER ...]`.
#[allow(dead_code, reason = "one of the programs takes files")]
pub fn arguments() -> Result<(Option<PathBuf>, Vec<usize>), Box<dyn Error>> {
    let (mut whisper, mut numbers) = (None, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        if argument == "--whisper" {
            whisper = arguments.next().map(PathBuf::from);
        } else {
            numbers.push(argument.parse()?);
        }
    }
    Ok((whisper, numbers))
}

/// Moonshine, or with a path the ggml model there.
pub fn load(whisper: Option<&Path>) -> Result<Engine, Box<dyn Error>> {
    match whisper {
        None => Ok(Engine::Moonshine(Box::new(Moonshine::load(&clips::model())?))),
        Some(path) => load_whisper(path),
    }
}

#[cfg(feature = "whisper")]
fn load_whisper(path: &Path) -> Result<Engine, Box<dyn Error>> {
    Ok(Engine::Whisper(transcribe::engine::whisper::Whisper::load(path, None)?))
}

#[cfg(not(feature = "whisper"))]
fn load_whisper(_: &Path) -> Result<Engine, Box<dyn Error>> {
    Err("build with --features whisper".into())
}

/// What all threads of this process that still run have used of processors, in seconds.
pub fn cpu_seconds() -> f64 {
    let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
    let nanoseconds = threads.filter_map(|thread| {
        let text = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split_whitespace().next()?.parse::<u64>().ok()
    });
    nanoseconds.sum::<u64>() as f64 / 1e9
}

/// The most memory this process has had, in MiB.
pub fn peak_rss_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    let kib = line.split_whitespace().next().and_then(|text| text.parse::<u64>().ok());
    kib.unwrap_or(0) / 1024
}
