//! The load client end to end, against the server as `cargo build --package server` has made it: a few
//! members, a second or two. So that the tool does not rot between two benchmarks. What `load member` sees, the
//! browser tests ask.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

const LOAD: &str = env!("CARGO_BIN_EXE_load");

/// Beside the load client.
fn server() -> PathBuf {
    let path = PathBuf::from(LOAD).with_file_name("voice-service");
    assert!(path.exists(), "{} is not there: cargo build --package server", path.display());
    path
}

fn rows(output: &Output) -> serde_json::Result<Vec<Value>> {
    let text = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    text.lines().map(serde_json::from_str).collect()
}

#[test]
fn sound_and_pictures_arrive_whole() {
    for scene in ["1-20", "video-1-30"] {
        let mut load = Command::new(LOAD);
        load.args(["run", "--scene", scene, "--workers", "1", "--parlor"]).arg(server());
        load.args(["--warm-up", "0.3", "--window", "2"]);
        let rows = rows(&load.output().unwrap()).unwrap();
        let row = &rows[0];
        assert_eq!(
            (row["streams_missing"].as_u64(), row["bad"].as_u64()),
            (Some(0), Some(0)),
            "{row}"
        );
        assert!(row["packets"].as_u64() > Some(100), "{row}");
        assert!(row["cpu_us_per_packet"].as_f64() > Some(0.0), "{row}");
    }
}
