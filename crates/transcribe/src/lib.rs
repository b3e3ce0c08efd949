//! Speech to text.

pub mod audio;
pub mod engine;
pub mod opus;
pub mod resample;
pub mod upload;
