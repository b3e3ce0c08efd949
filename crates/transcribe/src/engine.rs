//! The speech models: a closed set behind one enum.
//!
//! An [`Engine`] is what all threads share (weights, address); a [`Decoder`] is what one thread
//! works with. Both block: the [`pool`](crate::pool) is the only caller in a server.

pub mod http;
pub mod moonshine;
mod tokens;
#[cfg(feature = "whisper")]
pub mod whisper;

use thiserror::Error;

/// The longest audio one decode may be given, in seconds. The models were trained on at most 30.
pub const CLIP_SECONDS_MAX: u32 = 30;

/// Something that turns speech into text.
pub enum Engine {
    /// Moonshine tiny-en in this process.
    Moonshine(Box<moonshine::Moonshine>),
    /// Someone else's server.
    Http(http::Http),
    /// Any ggml model of the Whisper family in this process.
    #[cfg(feature = "whisper")]
    Whisper(whisper::Whisper),
    /// Nothing: every decode is refused.
    Off,
}

/// What one decode gave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decoded {
    /// The words as the model wrote them; see [`clean`](crate::clean).
    pub text: String,
    /// How sure the model was, 0 to 1, where it says so.
    pub confidence: Option<f32>,
    /// The language (ISO 639-1), where it is known.
    pub language: Option<String>,
}

/// Why there is no text.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EngineError {
    /// Transcription is switched off.
    #[error("speech to text is switched off")]
    Off,
    /// The model or its runtime is not there or cannot be used; says what to do.
    #[error("{0}")]
    Unavailable(String),
    /// This decode failed; another may not.
    #[error("speech could not be decoded: {0}")]
    Failed(String),
}

impl Engine {
    /// The engine's name as in settings.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Moonshine(_) => "moonshine",
            Self::Http(_) => "http",
            #[cfg(feature = "whisper")]
            Self::Whisper(_) => "whisper",
            Self::Off => "off",
        }
    }

    /// The model's name, as stored with what it wrote.
    #[must_use]
    pub fn model(&self) -> &str {
        match self {
            Self::Moonshine(_) => moonshine::MODEL,
            Self::Http(http) => http.model(),
            #[cfg(feature = "whisper")]
            Self::Whisper(whisper) => whisper.model(),
            Self::Off => "none",
        }
    }

    /// Breaks off what is being decoded, and whatever is asked of it later: the process ends.
    pub fn interrupt(&self) {
        match self {
            Self::Moonshine(model) => model.interrupt(),
            // Waiting for an answer keeps nothing from ending.
            Self::Http(_) | Self::Off => {}
            #[cfg(feature = "whisper")]
            Self::Whisper(model) => model.interrupt(),
        }
    }

    /// A decoder for one thread.
    pub fn decoder(&self) -> Result<Decoder<'_>, EngineError> {
        Ok(match self {
            Self::Moonshine(model) => Decoder::Moonshine(Box::new(model.decoder()?)),
            Self::Http(http) => Decoder::Http(http),
            #[cfg(feature = "whisper")]
            Self::Whisper(whisper) => Decoder::Whisper(Box::new(whisper.decoder()?)),
            Self::Off => return Err(EngineError::Off),
        })
    }
}

/// One thread's hold on an engine.
pub enum Decoder<'engine> {
    /// See [`Engine::Moonshine`].
    Moonshine(Box<moonshine::Decoder<'engine>>),
    /// See [`Engine::Http`].
    Http(&'engine http::Http),
    /// See [`Engine::Whisper`].
    #[cfg(feature = "whisper")]
    Whisper(Box<whisper::Decoder<'engine>>),
}

impl Decoder<'_> {
    /// The words in at most [`CLIP_SECONDS_MAX`] of 16 kHz mono audio.
    pub fn decode(&mut self, samples: &[f32]) -> Result<Decoded, EngineError> {
        let longest = CLIP_SECONDS_MAX as usize * crate::audio::SAMPLE_RATE as usize;
        if samples.len() > longest {
            return Err(EngineError::Failed("the clip is too long for one decode".to_owned()));
        }
        match self {
            Self::Moonshine(decoder) => decoder.decode(samples),
            Self::Http(http) => http.decode(samples),
            #[cfg(feature = "whisper")]
            Self::Whisper(decoder) => decoder.decode(samples),
        }
    }
}
