//! `voice-service transcribe`: what is said in a file, with the engine of the server's settings.

use std::fs::File;
use std::io::{Read, Write, stdin, stdout};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use transcribe::export::{self, Document};
use transcribe::pool::Pool;
use transcribe::transcript::Transcript;
use transcribe::upload::{self, Limits};

use crate::cli::Format;
use crate::compose;
use crate::config::Config;
use crate::progress::Download;

/// What uploads are limited to protects a server from strangers; this is the operator's own file, and as
/// long as a working day. Its samples have 1.8 GB.
const LIMITS: Limits = Limits { bytes: 2 * 1024 * 1024 * 1024, seconds: 8 * 60 * 60 };
/// Once there is a transcript or none, threads have nothing left to do.
const STOP_WITHIN: Duration = Duration::from_secs(5);

/// Reads the file (`-` is standard input), transcribes it and prints the transcript.
pub fn run(config: &Config, file: &Path, format: Format) -> anyhow::Result<()> {
    let shown =
        if is_stdin(file) { "standard input".to_owned() } else { file.display().to_string() };
    let bytes = read(file).with_context(|| format!("cannot read {shown}"))?;
    // Before the model, which may have to be downloaded: most mistakes are about the file.
    let samples = upload::decode(&bytes, LIMITS).with_context(|| shown.clone())?;
    drop(bytes);
    compose::make_data_dir(&config.data_dir)?;
    let mut download = Download::default();
    let pool = config.speech.open(&mut |step| download.step(step))?;
    drop(download);
    let transcript = transcribe(&pool, samples);
    pool.stop(STOP_WITHIN);
    let transcript = transcript.with_context(|| shown.clone())?;
    if transcript.segments.is_empty() {
        tracing::warn!("no speech was found in {shown}");
    }
    let text = written(&transcript, format)?;
    stdout().write_all(text.as_bytes()).context("cannot write the transcript")
}

fn is_stdin(file: &Path) -> bool {
    file == Path::new("-")
}

/// One byte more than the limit is enough to be refused for it.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    let most = LIMITS.bytes as u64 + 1;
    let mut bytes = Vec::new();
    if is_stdin(file) {
        stdin().lock().take(most).read_to_end(&mut bytes)?;
    } else {
        File::open(file)?.take(most).read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

fn transcribe(pool: &Pool, samples: Vec<f32>) -> anyhow::Result<Transcript> {
    let (told, result) = mpsc::channel();
    // Nobody waits for the result once this function is left.
    pool.transcribe(pool.admit_file()?, samples, move |result| drop(told.send(result)));
    result.recv().map_err(|_| anyhow!("the speech engine crashed"))?.map_err(Into::into)
}

fn written(transcript: &Transcript, format: Format) -> anyhow::Result<String> {
    Ok(match format {
        Format::Txt => export::txt(&transcript.segments),
        Format::Srt => export::srt(&transcript.segments),
        Format::Vtt => export::vtt(&transcript.segments),
        Format::Json => serde_json::to_string_pretty(&Document::from(transcript))? + "\n",
    })
}
