//! The captions benchmark: our examples, and faster-whisper beside them.
//!
//! faster-whisper has an environment of its own, made at the first run: neither the tests nor
//! continuous integration need it. Its model is fetched by the script.

use std::process::Command;

use anyhow::Result;

use super::build;
use crate::place::Place;
use crate::setup::python_environment;

/// Builds both sides and gives the command that compares them.
pub fn ready(place: &Place) -> Result<Command> {
    build(place, &["--package", "transcribe", "--examples"])?;
    let folder = place.tools().join("faster-whisper");
    let requirements = place.root().join("tests/bench/captions.txt");
    python_environment(&folder, "faster-whisper.stamp", &requirements)?;
    let mut command = Command::new(folder.join("bin/python"));
    command
        .arg("captions.py")
        .env("PARLOR_EXAMPLES", place.examples())
        .env("PARLOR_PEER_MODEL", place.tools().join("whisper-tiny.en"));
    Ok(command)
}
