//! `cargo xtask setup`: makes the tools of the outside-in tests present.
//!
//! Run by `cargo xtask test` before anything else, so it is quick when all is there: each part is
//! keyed by a hash of what it was made from. System packages are installed only as root on a
//! Debian-like system; otherwise the one line that installs them is printed and the run fails.

mod apt;
mod speech;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

pub use apt::install;

use crate::place::Place;
use crate::shell::{output, run as shell};

/// Installs what is missing.
pub fn run(place: &Place) -> Result<()> {
    apt::install_missing()?;
    std::fs::create_dir_all(place.tools())?;
    python_packages(place)?;
    node_packages(place, "tests/browser")?;
    node_packages(place, "crates/web")?;
    speech::convert(&place.speech())
}

fn python_packages(place: &Place) -> Result<()> {
    let requirements = place.root().join("tests/aiortc/requirements.txt");
    python_environment(&place.tools().join("venv"), "python.stamp", &requirements)
}

/// A virtual environment with these packages, made anew when they or Python change. The stamp lies
/// beside its folder.
pub fn python_environment(folder: &Path, stamp: &str, requirements: &Path) -> Result<()> {
    let version = output(Command::new("python3").arg("--version"))?;
    let made_from = format!("{version}{}", read(requirements)?);
    let stamp = Stamp { path: folder.with_file_name(stamp), hash: hash(&made_from) };
    let python = folder.join("bin/python");
    if python.exists() && stamp.holds() {
        return Ok(());
    }
    shell(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    shell(
        Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"])
            .args(["--no-deps", "--only-binary", ":all:", "--requirement"])
            .arg(requirements),
    )?;
    stamp.write()
}

/// `npm ci` in one folder, unless its lock file is the one last installed.
pub fn node_packages(place: &Place, folder: &str) -> Result<()> {
    let path = place.root().join(folder);
    let made_from = read(&path.join("package-lock.json"))?;
    let name = format!("{}.stamp", folder.replace('/', "-"));
    let stamp = Stamp { path: path.join("node_modules").join(name), hash: hash(&made_from) };
    if stamp.holds() {
        return Ok(());
    }
    shell(Command::new("npm").current_dir(&path).args(["ci", "--no-audit", "--no-fund"]))?;
    // A lock file without packages makes no folder.
    std::fs::create_dir_all(path.join("node_modules"))?;
    stamp.write()
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| path.display().to_string())
}

fn hash(text: &str) -> String {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// What a folder was last made from.
struct Stamp {
    path: std::path::PathBuf,
    hash: String,
}

impl Stamp {
    fn holds(&self) -> bool {
        std::fs::read_to_string(&self.path).is_ok_and(|text| text == self.hash)
    }

    fn write(&self) -> Result<()> {
        if let Err(error) = std::fs::write(&self.path, &self.hash) {
            bail!("{}: {error}", self.path.display());
        }
        Ok(())
    }
}
