//! Fetches the recordings and the model that the tests of this crate need, and says where they are.

#![allow(clippy::unwrap_used, reason = "a tool for the developer")]

#[path = "../tests/speech/clips.rs"]
#[allow(dead_code)]
mod clips;

fn main() {
    let files = clips::model();
    println!("recordings in {}", clips::folder().display());
    println!("model {}", files.encoder.display());
}
