//! Any ggml model of the Whisper family, through whisper.cpp.
//!
//! Behind the cargo feature `whisper`, as its build needs cmake and a C++ compiler, and libclang
//! too unless `WHISPER_DONT_GENERATE_BINDINGS=1` takes the bindings that come with it. It is built
//! for the processor it is built on; `GGML_NATIVE=OFF` (with `GGML_AVX2=ON` and the like) makes one
//! for others. The file is the operator's: whisper.cpp trusts it.
//!
//! One thread per job: ggml's threads spin while they wait for each other, which costs most when
//! the machine is busy.

use std::cell::RefCell;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState,
    get_lang_id, get_lang_str, install_logging_hooks,
};

use super::{Decoded, EngineError};
use crate::audio::SAMPLE_RATE;

/// How a ggml file begins.
const MAGIC: [u8; 4] = 0x6767_6d6c_u32.to_le_bytes();
/// The smallest model, tiny with four bits a weight, has 24 MB. whisper.cpp takes a file that ends
/// before the weights for a test of itself, and then reads nothing in any speech.
const FILE_BYTES_MIN: u64 = 16 * 1024 * 1024;
/// Whisper looks at 30 s, in 1500 frames, whatever it is given; shorter clips may do with fewer.
const FRAMES_PER_SECOND: usize = 50;
/// With much less it falls into loops.
const FRAMES_MIN: usize = 512;
/// Longer clips get all frames: there is little to save, and the end of a clip is lost first.
const SHORT_SAMPLES_MAX: usize = 25 * SAMPLE_RATE as usize;
/// Padded to a second and a bit: in less it hears nothing.
const SAMPLES_MIN: usize = SAMPLE_RATE as usize + SAMPLE_RATE as usize / 10;
/// English takes four tokens a second, languages of other scripts three times that; a model in a
/// loop takes all there are.
const TOKENS_PER_SECOND: usize = 14;
/// The shortest clip gets room for a word and the marks around it.
const TOKENS_MIN: usize = 16;
/// A text that the model doubts is read again, each time more freely: at most twice more, as live
/// speech waits behind it.
const TEMPERATURE_STEP: f32 = 0.4;

/// A loaded model.
pub struct Whisper {
    context: WhisperContext,
    model: String,
    language: Option<&'static str>,
    /// Looked at after the encoder and after each token.
    interrupted: Arc<AtomicBool>,
}

impl Whisper {
    /// Loads a ggml file. `language` is what to expect (ISO 639-1), `None` to find out with each
    /// clip, which doubles the cost. Models for English only take everything for English.
    pub fn load(path: &Path, language: Option<String>) -> Result<Self, EngineError> {
        // Without this it writes its tables to standard error, and whatever else it thinks.
        install_logging_hooks();
        let broken = |what: &dyn std::fmt::Display| {
            EngineError::Unavailable(format!("{} cannot be loaded: {what}", path.display()))
        };
        let (magic, bytes) = beginning(path).map_err(|error| broken(&error))?;
        if magic != MAGIC || bytes < FILE_BYTES_MIN {
            return Err(broken(&"it is no whole ggml model of whisper.cpp"));
        }
        let context = WhisperContext::new_with_params(path, WhisperContextParameters::default())
            .map_err(|error| broken(&error))?;
        let language = match language {
            _ if !context.is_multilingual() => Some("en"),
            None => None,
            Some(code) => Some(known(&code)?),
        };
        let name = path.file_stem().map(|name| name.to_string_lossy().into_owned());
        let model = name.unwrap_or_else(|| "whisper".to_owned());
        Ok(Self { context, model, language, interrupted: Arc::default() })
    }

    /// Makes every decode fail at its next step: a fraction of a second for the small models, as
    /// long as their encoder takes for the large ones.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
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
        let settings = settings(self.language);
        Ok(Decoder { whisper: self, state, settings })
    }
}

thread_local! {
    /// The flag of the model that this thread decodes with.
    static INTERRUPTED: RefCell<Arc<AtomicBool>> = RefCell::default();
}

/// Has whisper.cpp ask, on the thread that decodes, whether to break off.
fn break_off_when<Asked: FnMut() -> bool + 'static>(settings: &mut FullParams, asked: Asked) {
    // The wrapper hands the closure's box to code that takes it for the closure (whisper-rs 0.16):
    // right only for one that holds nothing. Hence the flag by thread.
    const { assert!(size_of::<Asked>() == 0) };
    settings.set_abort_callback_safe::<Asked, Asked>(asked);
}

/// A file's first bytes, and how many there are.
fn beginning(path: &Path) -> std::io::Result<([u8; 4], u64)> {
    let mut file = File::open(path)?;
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes)?;
    Ok((bytes, file.metadata()?.len()))
}

/// The code as whisper.cpp has it.
fn known(code: &str) -> Result<&'static str, EngineError> {
    // A zero byte in it would be a panic there.
    let plain = code.bytes().all(|byte| byte.is_ascii_lowercase());
    let known = plain.then(|| get_lang_id(code).and_then(get_lang_str)).flatten();
    known.ok_or_else(|| EngineError::Unavailable(format!("the model knows no language {code}")))
}

/// What holds for every clip. Made once for each thread, as each setting of a language leaks its
/// name.
fn settings(language: Option<&'static str>) -> FullParams<'static, 'static> {
    let mut settings = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    settings.set_language(language);
    settings.set_n_threads(1);
    settings.set_no_context(true);
    settings.set_single_segment(true);
    settings.set_suppress_nst(true);
    settings.set_temperature_inc(TEMPERATURE_STEP);
    settings.set_print_special(false);
    settings.set_print_progress(false);
    settings.set_print_realtime(false);
    settings.set_print_timestamps(false);
    break_off_when(&mut settings, || {
        INTERRUPTED.try_with(|flag| flag.borrow().load(Ordering::Relaxed)).unwrap_or(true)
    });
    settings
}

/// One thread's state.
pub struct Decoder<'model> {
    whisper: &'model Whisper,
    state: WhisperState,
    settings: FullParams<'static, 'static>,
}

impl Decoder<'_> {
    /// The words in `samples`. Without speech in them the model may invent some: the caller looks
    /// for speech first.
    pub fn decode(&mut self, samples: &[f32]) -> Result<Decoded, EngineError> {
        let mut samples = samples.to_vec();
        samples.resize(samples.len().max(SAMPLES_MIN), 0.0);
        let context = &self.whisper.context;
        let mut settings = self.settings.clone();
        settings.set_audio_ctx(frames(samples.len(), context.n_audio_ctx()));
        settings.set_max_tokens(tokens(samples.len()));
        INTERRUPTED.replace(Arc::clone(&self.whisper.interrupted));
        self.state
            .full(settings, &samples)
            .map_err(|error| EngineError::Failed(error.to_string()))?;
        let mut text = String::new();
        let (mut certainty, mut count) = (0.0, 0);
        for segment in self.state.as_iter() {
            text.push_str(&segment.to_str_lossy().unwrap_or_default());
            let tokens = (0..segment.n_tokens()).filter_map(|at| segment.get_token(at));
            // From the end of text on tokens are marks, not words.
            for token in tokens.filter(|token| token.token_id() < context.token_eot()) {
                certainty += token.token_data().plog;
                count += 1;
            }
        }
        let confidence = (count > 0).then(|| (certainty / count as f32).exp());
        let found = || get_lang_str(self.state.full_lang_id_from_state());
        let language = self.whisper.language.or_else(found).map(str::to_owned);
        Ok(Decoded { text: text.trim().to_owned(), confidence, language })
    }
}

/// How many frames the encoder looks at for so many samples: a second more than they are.
fn frames(samples: usize, all: i32) -> i32 {
    if samples >= SHORT_SAMPLES_MAX {
        return all;
    }
    let wanted = samples * FRAMES_PER_SECOND / SAMPLE_RATE as usize + FRAMES_PER_SECOND;
    i32::try_from(wanted.max(FRAMES_MIN)).map_or(all, |wanted| wanted.min(all))
}

/// The most tokens that so many samples can be.
fn tokens(samples: usize) -> i32 {
    let wanted = TOKENS_MIN + samples * TOKENS_PER_SECOND / SAMPLE_RATE as usize;
    i32::try_from(wanted).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_clips_are_looked_at_in_short() {
        let seconds = |seconds: usize| seconds * SAMPLE_RATE as usize;
        let found: Vec<i32> =
            [1, 5, 10, 13, 24, 25, 30].map(|length| frames(seconds(length), 1500)).into();
        assert_eq!(found, [512, 512, 550, 700, 1250, 1500, 1500]);
        assert_eq!(frames(seconds(24), 1000), 1000, "no more than the model has");
        assert_eq!((tokens(seconds(1)), tokens(seconds(30))), (30, 436));
    }

    #[test]
    fn languages_are_known_or_refused() {
        assert_eq!(known("de"), Ok("de"));
        for code in ["", "xx", "EN", "d\0", "en; "] {
            assert!(matches!(known(code), Err(EngineError::Unavailable(_))), "{code}");
        }
    }

    #[test]
    fn what_is_no_model_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.bin");
        for content in [None, Some(&b"gg"[..]), Some(b"RIFF and so on"), Some(b"lmgg")] {
            if let Some(content) = content {
                std::fs::write(&path, content).unwrap();
            }
            let refused = Whisper::load(&path, None).err();
            assert!(matches!(refused, Some(EngineError::Unavailable(_))), "{content:?}");
        }
    }
}
