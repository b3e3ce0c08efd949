//! The media worker at its boundary, with real WebRTC clients, in simulated time and without sockets.
//! One file per feature; all go through `harness`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod audio;
mod client;
mod connection;
mod harness;
mod hostile;
mod sdp;
mod speaking;
mod tap;
mod video;
