//! Speech to text: live speakers and uploaded files, on one shared model.
//!
//! Called by `app`, which owns rooms and messages; nothing here knows of either. The core is
//! pure, with time counted in samples: [`vad`], [`utterance`], [`track`], [`merge`], [`clean`],
//! [`pieces`], [`queue`], [`resample`], [`transcript`], [`export`]. Around it: [`upload`] (bytes to samples),
//! [`engine`] (samples to text), [`fetch`] (the model's files) and [`pool`] (the threads).
//!
//! Live: samples -> [`track::Track`] -> [`utterance::Action`] -> [`pool::Pool::submit`] ->
//! [`track::Outcome`] -> the same track -> [`track::Caption`].
//! File: [`pool::Pool::admit_file`] -> [`upload::decode`] -> [`pool::Pool::transcribe`] ->
//! [`transcript::Transcript`].

pub mod audio;
pub mod clean;
pub mod engine;
pub mod export;
pub mod fetch;
pub mod merge;
pub mod pieces;
pub mod pool;
pub mod queue;
pub mod resample;
pub mod track;
pub mod transcript;
pub mod upload;
pub mod utterance;
pub mod vad;
