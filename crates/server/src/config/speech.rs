//! The settings of speech to text: which go with which engine.

use std::path::Path;
use std::thread::available_parallelism;

use app::{EngineChoice, SpeechSettings, UploadLimits};
use model::Redacted;

use super::{ConfigError, parse};

/// The words for the engines, in the order of [`Engine::ALL`].
pub(super) const ENGINES: [&str; 4] = ["moonshine", "whisper", "http", "off"];

/// Which engine, before its own settings are known.
#[derive(Clone, Copy, Default)]
pub(super) enum Engine {
    #[default]
    Moonshine,
    Whisper,
    Http,
    Off,
}

impl Engine {
    const ALL: [Self; 4] = [Self::Moonshine, Self::Whisper, Self::Http, Self::Off];

    /// The one of that word.
    pub(super) fn parse(text: &str) -> Option<Self> {
        Self::ALL.get(parse::choice(text, &ENGINES)?).copied()
    }
}

/// Where models are kept, in the data directory.
const MODELS_DIR: &str = "models";
const BYTES_PER_MB: usize = 1024 * 1024;

/// Values as they are read.
#[derive(Default)]
pub(super) struct SpeechDraft {
    pub(super) engine: Engine,
    pub(super) model: Option<String>,
    pub(super) threads: Option<usize>,
    pub(super) http_url: Option<String>,
    pub(super) http_key: Option<Redacted<String>>,
    pub(super) upload_mb: usize,
    pub(super) upload_seconds: u32,
}

impl SpeechDraft {
    /// The settings, if the values go together.
    pub(super) fn finish(
        &self,
        data_dir: &Path,
        warnings: &mut Vec<String>,
    ) -> Result<SpeechSettings, ConfigError> {
        let engine = self.engine()?;
        self.warn_of_unused(warnings);
        let upload =
            UploadLimits { bytes: self.upload_mb * BYTES_PER_MB, seconds: self.upload_seconds };
        Ok(SpeechSettings {
            engine,
            models_dir: data_dir.join(MODELS_DIR),
            threads: self.threads.unwrap_or_else(half_of_the_cores),
            upload,
        })
    }

    fn engine(&self) -> Result<EngineChoice, ConfigError> {
        let model = self.model.clone();
        match self.engine {
            Engine::Moonshine => Ok(EngineChoice::Moonshine { at: model.map(Into::into) }),
            Engine::Whisper => whisper(model),
            Engine::Http => {
                let url = self.http_url.clone();
                let url = url.ok_or(ConfigError::Conflict("STT_ENGINE=http needs STT_HTTP_URL"))?;
                Ok(EngineChoice::Http { url, key: self.http_key.clone(), model })
            }
            Engine::Off => Ok(EngineChoice::Off),
        }
    }

    fn warn_of_unused(&self, warnings: &mut Vec<String>) {
        let (takes_model, takes_server, engine) = match self.engine {
            Engine::Moonshine => (true, false, "moonshine"),
            Engine::Whisper => (true, false, "whisper"),
            Engine::Http => (true, true, "http"),
            Engine::Off => (false, false, "off"),
        };
        for (name, is_set, is_used) in [
            ("STT_MODEL", self.model.is_some(), takes_model),
            ("STT_HTTP_URL", self.http_url.is_some(), takes_server),
            ("STT_HTTP_KEY", self.http_key.is_some(), takes_server),
        ] {
            if is_set && !is_used {
                warnings.push(format!("{name} is not used: STT_ENGINE is {engine}"));
            }
        }
    }
}

#[cfg(feature = "whisper")]
fn whisper(model: Option<String>) -> Result<EngineChoice, ConfigError> {
    let model = model.ok_or(ConfigError::Conflict(
        "STT_ENGINE=whisper needs STT_MODEL, the path of a ggml model",
    ))?;
    Ok(EngineChoice::Whisper { model: model.into() })
}

#[cfg(not(feature = "whisper"))]
fn whisper(_: Option<String>) -> Result<EngineChoice, ConfigError> {
    Err(ConfigError::Conflict(
        "STT_ENGINE=whisper is not in this build: build with --features whisper, or take \
         moonshine or http",
    ))
}

/// The other half is for media and rooms: captions that come late are better than voices that do.
fn half_of_the_cores() -> usize {
    available_parallelism().map_or(1, |cores| cores.get() / 2).max(1)
}
