//! A data directory, the binary on it, and what they need.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;
use transcribe::fetch::fetch_model;

/// A place of its own for each test.
pub struct House {
    folder: TempDir,
}

/// What a command came to.
#[derive(Debug)]
pub struct Ended {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: String,
}

impl House {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// A folder for PATH with nothing but this `python3`, or nothing at all.
    pub fn only_python(&self, script: Option<&str>) -> PathBuf {
        let folder = self.path("bin");
        fs::create_dir(&folder).unwrap();
        if let Some(script) = script {
            let python = folder.join("python3");
            fs::write(&python, format!("#!/bin/sh\n{script}\n")).unwrap();
            let runs: fs::Permissions = std::os::unix::fs::PermissionsExt::from_mode(0o755);
            fs::set_permissions(&python, runs).unwrap();
        }
        folder
    }

    /// The binary in this house: no setting of the one who tests reaches it.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_voice-service"));
        command.args(arguments).current_dir(self.folder.path()).stdin(Stdio::null());
        for (name, _) in std::env::vars_os() {
            if name.to_str().is_some_and(|name| name.starts_with("STT_")) {
                command.env_remove(name);
            }
        }
        command.env("DATA_DIR", self.path("data")).env("LOG", "warn").env("TURN_PORT", "off");
        command
    }
}

/// Runs a command to its end.
pub fn run(command: &mut Command) -> Ended {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended { succeeded: status.success(), stdout: text(stdout), stderr: text(stderr) }
}

impl Ended {
    /// Not well, and why in one line.
    #[track_caller]
    pub fn check_refused(&self, expect: &str) {
        assert!(!self.succeeded && self.stdout.is_empty(), "{self:?}");
        assert!(self.stderr.starts_with("voice-service: "), "{self:?}");
        assert!(self.stderr.lines().count() == 1 && self.stderr.contains(expect), "{self:?}");
    }
}

/// The folder that the model is kept in for all tests.
pub fn models() -> PathBuf {
    let folder = std::env::var_os("PARLOR_TEST_SPEECH").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/test-speech"),
        PathBuf::from,
    );
    let models = folder.join("model");
    fetch_model(&models, &mut |_| {}).unwrap();
    fs::canonicalize(models).unwrap()
}

/// The folder with the model's files themselves.
pub fn model() -> PathBuf {
    let files = fetch_model(&models(), &mut |_| {}).unwrap();
    files.encoder.parent().unwrap().to_owned()
}

/// A recording of "ask what you can do for your country".
pub fn recording(name: &str) -> PathBuf {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcribe/tests/uploads/files");
    fs::canonicalize(files.join(name)).unwrap()
}
