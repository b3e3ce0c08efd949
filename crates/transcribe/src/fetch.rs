//! The speech model's files: from a folder or a wheel that a setting names, or fetched by pip.
//!
//! Model and ONNX Runtime come in one package of the model's makers. It is downloaded by pip, as
//! that knows this machine's index, proxies and certificates; it is never installed, and nothing
//! in it is run but the runtime library. Its hash is checked by pip, the hashes of the files in
//! it here.

mod pip;
mod wheel;

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::engine::moonshine::Files;

/// The folder's name says what is in it, so that another version can lie beside it.
const FOLDER: &str = "moonshine-tiny-en-0.1.0";
const LOCK: &str = "fetch.lock";

/// How far a download is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What has come.
    pub bytes: u64,
    /// What will come.
    pub total: u64,
}

/// Why there is no model.
#[derive(Debug, Error)]
pub enum FetchError {
    /// There is no pip. The text is one line and holds the command that helps.
    #[error(
        "the speech model is downloaded with Python's pip, which is not there: \
         apt install python3-pip"
    )]
    NoPip,
    /// The package does not exist for this system.
    #[error(
        "the speech model's package does not exist for this system: set STT_MODEL to a folder \
         with it, or STT_ENGINE to http"
    )]
    NoPackage,
    /// pip tried and failed; its last line.
    #[error("pip could not download the speech model: {0}")]
    Pip(String),
    /// A file is not what it must be.
    #[error("the speech model is damaged: {0}")]
    Damaged(String),
    /// Reading or writing failed.
    #[error("the speech model's files: {0}")]
    Io(#[from] std::io::Error),
}

/// The files in `dir` if they were fetched before; does not go to the network. A folder half
/// written does not have this name, and one that has lost something since counts as not there.
#[must_use]
pub fn fetched(dir: &Path) -> Option<Files> {
    let folder = dir.join(FOLDER);
    files_in(&folder, None).filter(|_| wheel::is_whole(&folder))
}

/// The model in `dir`, downloaded there if it is not yet. Several processes may ask at the same
/// time: one downloads, the others wait for it. Blocks; `progress` is called a few times a second.
pub fn fetch_model(dir: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Files, FetchError> {
    if let Some(files) = fetched(dir) {
        return Ok(files);
    }
    fs::create_dir_all(dir)?;
    let lock = File::create(dir.join(LOCK))?;
    lock.lock()?;
    if let Some(files) = fetched(dir) {
        return Ok(files);
    }
    // What a killed process left behind is in the way, and nobody else holds the lock.
    remove_leftovers(dir)?;
    let package = wheel::package().ok_or(FetchError::NoPackage)?;
    let temporary = tempfile_dir(dir)?;
    let files = pip::download(&temporary, &package, progress)
        .and_then(|wheel| wheel::check_whole(&wheel, &package).map(|()| wheel))
        .and_then(|wheel| install(&wheel, dir));
    fs::remove_dir_all(&temporary)?;
    files
}

/// The model at a path that the operator names: a wheel of the same package, or a folder with its
/// files, which is used as it is. `runtime` names another ONNX Runtime library than the one there.
pub fn model_at(path: &Path, dir: &Path, runtime: Option<&Path>) -> Result<Files, FetchError> {
    let mut files = if path.is_dir() {
        files_in(path, runtime).ok_or_else(|| {
            FetchError::Damaged(format!(
                "{} must hold encoder_model.ort, decoder_model_merged.ort, tokenizer.bin and \
                 libonnxruntime.so",
                path.display()
            ))
        })?
    } else if let Some(files) = fetched(dir) {
        files
    } else {
        fs::create_dir_all(dir)?;
        let lock = File::create(dir.join(LOCK))?;
        lock.lock()?;
        remove_leftovers(dir)?;
        install(path, dir)?
    };
    if let Some(runtime) = runtime {
        files.runtime = runtime.to_owned();
    }
    Ok(files)
}

/// Unpacks beside the folder and renames: the folder exists only when it is whole.
fn install(wheel: &Path, dir: &Path) -> Result<Files, FetchError> {
    let half = dir.join(format!("{FOLDER}.part"));
    fs::create_dir_all(&half)?;
    wheel::unpack(wheel, &half)?;
    let whole = dir.join(FOLDER);
    fs::rename(&half, &whole)?;
    files_in(&whole, None)
        .ok_or_else(|| FetchError::Damaged("files are missing in its package".to_owned()))
}

fn files_in(folder: &Path, runtime: Option<&Path>) -> Option<Files> {
    let there = |name: &str| Some(folder.join(name)).filter(|path| path.is_file());
    let runtime = match runtime {
        Some(runtime) => runtime.to_owned(),
        None => runtime_in(folder)?,
    };
    Some(Files {
        encoder: there("encoder_model.ort")?,
        decoder: there("decoder_model_merged.ort")?,
        tokenizer: there("tokenizer.bin")?,
        runtime,
    })
}

fn runtime_in(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder)
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| {
            path.file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.starts_with("libonnxruntime"))
        })
        .collect();
    found.sort();
    found.into_iter().next()
}

const TEMPORARY: &str = "download.part";

fn tempfile_dir(dir: &Path) -> Result<PathBuf, FetchError> {
    let temporary = dir.join(TEMPORARY);
    fs::create_dir_all(&temporary)?;
    Ok(temporary)
}

fn remove_leftovers(dir: &Path) -> Result<(), FetchError> {
    for name in [TEMPORARY.to_owned(), format!("{FOLDER}.part"), FOLDER.to_owned()] {
        match fs::remove_dir_all(dir.join(name)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
