//! The binary from outside: commands, and what a running server says of its speech to text.
//!
//! The model is where the tests of `transcribe` keep it (see `crates/transcribe/tests/speech/clips.rs`)
//! and is fetched there if it is missing.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod house;
mod models;
mod serving;
mod transcripts;
