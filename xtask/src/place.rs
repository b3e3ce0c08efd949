//! Where things are: the root of the workspace, the target folder, the test tools in it.
//!
//! Every command gets its paths from here, so that `CARGO_TARGET_DIR` holds for all of them.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use cargo_metadata::{Metadata, MetadataCommand};

/// The folders that all commands work in.
pub struct Place {
    root: PathBuf,
    target: PathBuf,
    metadata: Metadata,
}

impl Place {
    /// Asks cargo, which knows about `CARGO_TARGET_DIR` and its own configuration.
    pub fn find() -> Result<Place> {
        let metadata = MetadataCommand::new()
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
            .exec()
            .context("cargo metadata")?;
        Ok(Place {
            root: metadata.workspace_root.clone().into_std_path_buf(),
            target: metadata.target_directory.clone().into_std_path_buf(),
            metadata,
        })
    }

    /// The folder that holds the workspace's `Cargo.toml`.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What cargo says about the workspace and all its dependencies.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// The browser and Python suites need these; nothing outside of it is written by the set-up
    /// but system packages and `node_modules`.
    pub fn tools(&self) -> PathBuf {
        self.target.join("test-tools")
    }

    /// The interpreter of the tests' own virtual environment.
    pub fn python(&self) -> PathBuf {
        self.tools().join("venv/bin/python")
    }

    /// 48 kHz recordings for fake microphones.
    pub fn speech(&self) -> PathBuf {
        self.tools().join("speech")
    }

    /// Rows of past benchmark runs.
    pub fn bench(&self) -> PathBuf {
        self.target.join("bench")
    }

    /// The server as built by `cargo build` (`debug`) or `cargo build --release` (`release`).
    pub fn server(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join("voice-service")
    }

    /// The load client, built like the server.
    pub fn load(&self, profile: &str) -> PathBuf {
        self.target.join(profile).join("load")
    }

    /// The examples as built by `cargo build --release --examples`.
    pub fn examples(&self) -> PathBuf {
        self.target.join("release/examples")
    }

    /// `$CHROMIUM`, else where Debian puts it.
    pub fn chromium() -> PathBuf {
        std::env::var_os("CHROMIUM").map_or_else(|| "/usr/bin/chromium".into(), PathBuf::from)
    }
}
