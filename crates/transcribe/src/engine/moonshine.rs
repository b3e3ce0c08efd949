//! Moonshine tiny-en through ONNX Runtime, both loaded from files at run time.
//!
//! The model is an encoder and a decoder that is run once per token and hands its attention caches
//! from step to step. The weights are in memory once: every thread's sessions read the same bytes.
//! A session takes one thread; parallel jobs scale, parallel operators of so small a model do not.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{InMemorySession, Session, SessionInputValue, SessionOutputs};
use ort::value::{DynValue, Tensor};

use super::tokens::Vocabulary;
use super::{Decoded, EngineError};
use crate::audio::SAMPLE_RATE;

/// The model's name, as stored with what it wrote.
pub const MODEL: &str = "moonshine-tiny-en";

const START_TOKEN: i64 = 1;
const END_TOKEN: i64 = 2;
/// Nobody says more; a model in a loop does.
const TOKENS_PER_SECOND: f32 = 6.5;
/// The shortest clip gets room for a word.
const TOKENS_MIN: usize = 6;
/// The encoder's first layers need this much to have anything to look at.
const SAMPLES_MIN: usize = SAMPLE_RATE as usize / 4;

/// The tiny model's shape.
const LAYERS: usize = 6;
const HEADS: usize = 8;
const HEAD_WIDTH: usize = 36;

/// Where the files are. [`fetch`](crate::fetch) makes one; a setting may name another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// `encoder_model.ort`.
    pub encoder: PathBuf,
    /// `decoder_model_merged.ort`.
    pub decoder: PathBuf,
    /// `tokenizer.bin`.
    pub tokenizer: PathBuf,
    /// The ONNX Runtime library.
    pub runtime: PathBuf,
}

/// The weights, shared by all threads.
pub struct Moonshine {
    environment: Environment,
    encoder: Vec<u8>,
    decoder: Vec<u8>,
    vocabulary: Vocabulary,
    /// Looked at before each step of a decode.
    interrupted: AtomicBool,
}

impl Moonshine {
    /// Reads the files and loads the runtime. The first runtime loaded stays the process's only
    /// one.
    pub fn load(files: &Files) -> Result<Self, EngineError> {
        let vocabulary = Vocabulary::parse(&read(&files.tokenizer)?)
            .filter(|vocabulary| vocabulary.len() > END_TOKEN as usize)
            .ok_or_else(|| broken(&files.tokenizer, "it is no vocabulary"))?;
        let (encoder, decoder) = (read(&files.encoder)?, read(&files.decoder)?);
        let environment = environment(&files.runtime)?;
        let interrupted = AtomicBool::new(false);
        Ok(Self { environment, encoder, decoder, vocabulary, interrupted })
    }

    /// Makes every decode fail at its next step, which is less than half a second away.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// A pair of sessions for one thread.
    pub fn decoder(&self) -> Result<Decoder<'_>, EngineError> {
        let decode = self.session(&self.decoder)?;
        let caches = cache_names(&decode)?;
        Ok(Decoder { model: self, encode: self.session(&self.encoder)?, decode, caches })
    }

    fn session<'model>(&self, model: &'model [u8]) -> Result<InMemorySession<'model>, EngineError> {
        let unusable = |error: ort::Error| {
            EngineError::Unavailable(format!("the speech model cannot be loaded: {error}"))
        };
        Session::builder(&self.environment)
            .map_err(unusable)?
            .with_optimization_level(GraphOptimizationLevel::Level3)
            .map_err(|error| unusable(error.into()))?
            .with_intra_threads(1)
            .map_err(|error| unusable(error.into()))?
            .with_inter_threads(1)
            .map_err(|error| unusable(error.into()))?
            .commit_from_memory_directly(model)
            .map_err(unusable)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, EngineError> {
    std::fs::read(path).map_err(|error| broken(path, &error.to_string()))
}

fn broken(path: &Path, what: &str) -> EngineError {
    EngineError::Unavailable(format!("the speech model's {} is unusable: {what}", path.display()))
}

/// ONNX Runtime allows one environment in a process, and `ort` no second attempt to make it.
fn environment(runtime: &Path) -> Result<Environment, EngineError> {
    static LOADED: Mutex<Option<(PathBuf, Environment)>> = Mutex::new(None);
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((path, environment)) = loaded.as_ref() {
        if path != runtime {
            tracing::warn!(kept = %path.display(), "another ONNX Runtime is loaded already");
        }
        return Ok(environment.clone());
    }
    let environment = ort::init_from(runtime)
        .map_err(|error| broken(runtime, &error.to_string()))?
        .with_name("parlor")
        .with_telemetry(false)
        .build()
        .map_err(|error| broken(runtime, &error.to_string()))?;
    *loaded = Some((runtime.to_owned(), environment.clone()));
    Ok(environment)
}

/// One attention cache: the decoder's input, and the output that is its next value.
struct Cache {
    input: String,
    output: String,
    /// About the audio: computed in the first step and kept.
    of_encoder: bool,
}

/// The caches in the order of the decoder's outputs, which follow the logits.
fn cache_names(decode: &Session) -> Result<Vec<Cache>, EngineError> {
    let outputs: Vec<&str> = decode.outputs().iter().skip(1).map(|output| output.name()).collect();
    if outputs.len() != LAYERS * 4 {
        return Err(EngineError::Unavailable("the speech model has another shape".to_owned()));
    }
    let mut outputs = outputs.into_iter();
    let mut caches = Vec::with_capacity(LAYERS * 4);
    for layer in 0..LAYERS {
        for side in ["decoder", "encoder"] {
            for part in ["key", "value"] {
                let input = format!("past_key_values.{layer}.{side}.{part}");
                let output = outputs.next().unwrap_or_default().to_owned();
                caches.push(Cache { input, output, of_encoder: side == "encoder" });
            }
        }
    }
    Ok(caches)
}

/// One thread's sessions.
pub struct Decoder<'model> {
    model: &'model Moonshine,
    encode: InMemorySession<'model>,
    decode: InMemorySession<'model>,
    caches: Vec<Cache>,
}

impl Decoder<'_> {
    /// The words in `samples`. Without speech in them the model invents some: the caller looks
    /// for speech first.
    pub fn decode(&mut self, samples: &[f32]) -> Result<Decoded, EngineError> {
        self.run(samples).map_err(|error| EngineError::Failed(error.to_string()))
    }

    fn run(&mut self, samples: &[f32]) -> ort::Result<Decoded> {
        let mut samples = samples.to_vec();
        samples.resize(samples.len().max(SAMPLES_MIN), 0.0);
        let length = samples.len();
        let seconds = length as f32 / SAMPLE_RATE as f32;
        let tokens_max = TOKENS_MIN + (seconds * TOKENS_PER_SECOND).ceil() as usize;
        // The decoder's mask counts samples too, not the encoder's frames.
        let mask = Tensor::from_array(([1, length], vec![1_i64; length]))?.into_dyn();
        let hidden = {
            let input = Tensor::from_array(([1, length], samples))?;
            let inputs = ort::inputs!["input_values" => input, "attention_mask" => mask.view()];
            let mut outputs = self.encode.run(inputs)?;
            take(&mut outputs, "last_hidden_state")?
        };
        let mut tokens = vec![START_TOKEN];
        let mut certainty = 0.0;
        let mut past = empty_caches(self.caches.len())?;
        while tokens.len() <= tokens_max {
            if self.model.interrupted.load(Ordering::Relaxed) {
                return Err(ort::Error::new("it was interrupted"));
            }
            let first = tokens.len() == 1;
            let last = tokens.last().copied().unwrap_or(START_TOKEN);
            let mut inputs: Vec<(Cow<'_, str>, SessionInputValue<'_>)> = vec![
                ("input_ids".into(), Tensor::from_array(([1_usize, 1], vec![last]))?.into()),
                ("encoder_attention_mask".into(), mask.view().into()),
                ("encoder_hidden_states".into(), hidden.view().into()),
                ("use_cache_branch".into(), Tensor::from_array(([1_usize], vec![!first]))?.into()),
            ];
            for (cache, value) in self.caches.iter().zip(&past) {
                inputs.push((cache.input.as_str().into(), value.view().into()));
            }
            let mut outputs = self.decode.run(inputs)?;
            let (next, log_probability) = best_token(&outputs)?;
            for (cache, value) in self.caches.iter().zip(&mut past) {
                if first || !cache.of_encoder {
                    *value = take(&mut outputs, &cache.output)?;
                }
            }
            certainty += log_probability;
            tokens.push(next);
            if next == END_TOKEN {
                break;
            }
        }
        let confidence = Some((certainty / (tokens.len() - 1) as f32).exp());
        let text = self.model.vocabulary.text(&tokens);
        Ok(Decoded { text, confidence, language: Some("en".to_owned()) })
    }
}

fn take(outputs: &mut SessionOutputs<'_>, name: &str) -> ort::Result<DynValue> {
    outputs.remove(name).ok_or_else(|| ort::Error::new(format!("there is no output {name}")))
}

/// What the caches are before the first step: no tokens long.
fn empty_caches(count: usize) -> ort::Result<Vec<DynValue>> {
    let allocator = ort::memory::Allocator::default();
    let shape = [0, HEADS, 1, HEAD_WIDTH];
    (0..count).map(|_| Ok(Tensor::<f32>::new(&allocator, shape)?.into_dyn())).collect()
}

/// The likeliest token and the logarithm of its probability.
fn best_token(outputs: &SessionOutputs<'_>) -> ort::Result<(i64, f32)> {
    let (_, logits) = outputs["logits"].try_extract_tensor::<f32>()?;
    let best = logits.iter().copied().enumerate().max_by(|a, b| a.1.total_cmp(&b.1));
    let (token, highest) = best.ok_or_else(|| ort::Error::new("the model gave no logits"))?;
    let sum: f32 = logits.iter().map(|logit| (logit - highest).exp()).sum();
    Ok((token as i64, -sum.ln()))
}
