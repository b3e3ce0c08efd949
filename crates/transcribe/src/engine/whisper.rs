//! Any ggml model of the Whisper family, through whisper.cpp.
//!
//! Behind the cargo feature `whisper`, as it needs cmake and a C++ compiler. One thread per job:
//! ggml's threads spin while they wait for each other, which costs most when the machine is busy.

use std::path::Path;

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
};

use super::{Decoded, EngineError};
use crate::audio::SAMPLE_RATE;

/// Whisper looks at 30 s, in 1500 frames, whatever it is given; shorter clips may do with fewer.
const FRAMES_PER_SECOND: usize = 50;
/// With much less it falls into loops.
const FRAMES_MIN: usize = 512;
const FRAMES_MAX: usize = 1500;
/// Below a second it hears nothing.
const SAMPLES_MIN: usize = SAMPLE_RATE as usize + SAMPLE_RATE as usize / 10;

/// A loaded model.
pub struct Whisper {
    context: WhisperContext,
    model: String,
    language: Option<String>,
}

impl Whisper {
    /// Loads a ggml file. `language` is what to expect (ISO 639-1), `None` to find out.
    pub fn load(path: &Path, language: Option<String>) -> Result<Self, EngineError> {
        let context = WhisperContext::new_with_params(path, WhisperContextParameters::default())
            .map_err(|error| {
                EngineError::Unavailable(format!("{} cannot be loaded: {error}", path.display()))
            })?;
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        Ok(Self { context, model: name.unwrap_or_else(|| "whisper".to_owned()), language })
    }

    /// The model file's name.
    #[must_use]
    pub fn model(&self) -> &str {
        &self.model
    }

    /// A state for one thread.
    pub fn decoder(&self) -> Result<Decoder<'_>, EngineError> {
        let state = self.context.create_state();
        let state = state.map_err(|error| EngineError::Unavailable(error.to_string()))?;
        Ok(Decoder { whisper: self, state })
    }
}

/// One thread's state.
pub struct Decoder<'model> {
    whisper: &'model Whisper,
    state: WhisperState,
}

impl Decoder<'_> {
    /// The words in `samples`.
    pub fn decode(&mut self, samples: &[f32]) -> Result<Decoded, EngineError> {
        let mut samples = samples.to_vec();
        samples.resize(samples.len().max(SAMPLES_MIN), 0.0);
        let frames = samples.len() * FRAMES_PER_SECOND / SAMPLE_RATE as usize + FRAMES_PER_SECOND;
        let mut settings = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        settings.set_n_threads(1);
        settings.set_audio_ctx(frames.clamp(FRAMES_MIN, FRAMES_MAX) as i32);
        settings.set_language(Some(self.whisper.language.as_deref().unwrap_or("auto")));
        settings.set_no_context(true);
        settings.set_suppress_nst(true);
        settings.set_print_special(false);
        settings.set_print_progress(false);
        settings.set_print_realtime(false);
        settings.set_print_timestamps(false);
        self.state
            .full(settings, &samples)
            .map_err(|error| EngineError::Failed(error.to_string()))?;
        let mut text = String::new();
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy().unwrap_or_default());
        }
        let language = whisper_rs::get_lang_str(self.state.full_lang_id_from_state());
        let language = language.map(str::to_owned);
        Ok(Decoded { text: text.trim().to_owned(), confidence: None, language })
    }
}
