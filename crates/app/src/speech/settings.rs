//! What the operator wants of speech to text.

use std::path::PathBuf;

use model::Redacted;

use super::UploadLimits;

/// Which engine, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EngineChoice {
    /// Moonshine tiny-en in this process.
    Moonshine {
        /// The package or a folder with the model's files; `None` downloads it.
        at: Option<PathBuf>,
    },
    /// A model of the Whisper family in this process.
    #[cfg(feature = "whisper")]
    Whisper {
        /// The ggml file.
        model: PathBuf,
    },
    /// A server with OpenAI's `/v1/audio/transcriptions`.
    Http {
        /// Its address.
        url: String,
        /// The bearer token for it.
        key: Option<Redacted<String>>,
        /// The model's name there.
        model: Option<String>,
    },
    /// None.
    Off,
}

/// What the operator wants.
#[derive(Clone, Debug)]
pub struct SpeechSettings {
    /// The engine.
    pub engine: EngineChoice,
    /// Where a downloaded model lies.
    pub models_dir: PathBuf,
    /// How many decodes may run at the same time, each on one core.
    pub threads: usize,
    /// What an upload may be at most.
    pub upload: UploadLimits,
}
