//! Debian and Ubuntu packages that the tests need and cannot bring themselves.
//!
//! A package counts as missing when the thing the tests use is missing, whatever put it there.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::speech;
use crate::place::Place;
use crate::shell::{output, run as shell, succeeds};

/// Asked before a package starts its service; 101 means "do not".
const POLICY: &str = "/usr/sbin/policy-rc.d";

/// Installs the missing packages as root; else says which line would.
pub fn install_missing() -> Result<()> {
    let missing = missing();
    if missing.is_empty() {
        return Ok(());
    }
    install_all(&missing)?;
    let still = self::missing();
    if !still.is_empty() {
        bail!("still missing after the installation: {}", still.join(" "));
    }
    Ok(())
}

/// Installs one package unless it is there.
pub fn install(package: &str, is_there: impl Fn() -> bool) -> Result<()> {
    if !is_there() {
        install_all(&[package])?;
    }
    if !is_there() {
        bail!("{package} was installed and is not there");
    }
    Ok(())
}

fn install_all(packages: &[&str]) -> Result<()> {
    let install = format!("apt-get install --yes --no-install-recommends {}", packages.join(" "));
    let debian = succeeds(Command::new("apt-get").arg("--version"));
    let root = output(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    if !debian || !root {
        bail!("test tools are missing; as root: apt-get update && {install}");
    }
    let _policy = Policy::set()?;
    let apt = |arguments: &[&str]| {
        shell(Command::new("apt-get").env("DEBIAN_FRONTEND", "noninteractive").args(arguments))
    };
    apt(&["update"])?;
    let mut arguments = vec!["install", "--yes", "--no-install-recommends"];
    arguments.extend(packages);
    apt(&arguments)
}

fn missing() -> Vec<&'static str> {
    let python_can_make_environments =
        succeeds(Command::new("python3").args(["-c", "import ensurepip, venv"]));
    let wanted = [
        ("chromium", Place::chromium().exists()),
        ("nodejs", succeeds(Command::new("node").arg("--version"))),
        ("npm", succeeds(Command::new("npm").arg("--version"))),
        ("pocketsphinx-testdata", Path::new(speech::RECORDINGS).is_dir()),
        ("python3", succeeds(Command::new("python3").arg("--version"))),
        ("python3-venv", python_can_make_environments),
    ];
    wanted.into_iter().filter(|(_, present)| !present).map(|(package, _)| package).collect()
}

/// Keeps services from starting for as long as it lives; one that is already there stays.
struct Policy {
    made: Option<PathBuf>,
}

impl Policy {
    fn set() -> Result<Policy> {
        let path = PathBuf::from(POLICY);
        if path.exists() {
            return Ok(Policy { made: None });
        }
        std::fs::write(&path, "#!/bin/sh\nexit 101\n").context(POLICY)?;
        shell(Command::new("chmod").args(["755", POLICY]))?;
        Ok(Policy { made: Some(path) })
    }
}

impl Drop for Policy {
    fn drop(&mut self) {
        if let Some(path) = &self.made
            && let Err(error) = std::fs::remove_file(path)
        {
            println!("{}: {error}", path.display());
        }
    }
}
