//! Voice codecs: packets to samples and back, mono.
//!
//! Pure: no clock, no threads, no I/O. The one place besides `net` that is not safe Rust, and only in the
//! wrapper around the Opus library (RFC 6716). `media` mixes and measures with it, `transcribe` listens.

pub mod opus;
