//! The media worker at its boundary, with real WebRTC clients, in simulated time and without sockets.
//! One file per feature; all go through `harness`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod arbitrary;
mod audio;
mod carry;
mod client;
mod connection;
mod film;
mod forger;
mod harness;
mod hostile;
mod hostile_crowd;
mod hostile_media;
mod layers;
mod mix;
mod network;
mod reach;
mod red;
mod same;
mod sdp;
mod simulator;
mod spanning;
mod speaking;
mod tap;
mod video;
mod wire;
