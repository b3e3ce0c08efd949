//! The code that the first start prints: whoever signs up with it from another machine becomes the
//! administrator.
//!
//! Kept in the data directory (0600) until there is an administrator, so that a restart prints the same.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use model::Redacted;
use subtle::ConstantTimeEq;

use crate::secrets;

const FILE: &str = "setup-code";
/// Without the letters and digits that are read as one another.
const ALPHABET: &[u8] = b"abcdefghjkmnpqrstuvwxyz23456789";
/// 31^12 is about 2^59: not to be guessed at 60 sign-ups a minute.
const LEN: usize = 12;

/// The code, while it is good for something.
#[derive(Debug)]
pub struct SetupCode {
    path: PathBuf,
    code: Mutex<Option<Redacted<String>>>,
}

impl SetupCode {
    /// Reads or makes the code; none once there is an administrator.
    pub fn open(data_dir: &Path, has_administrator: bool) -> io::Result<Self> {
        let path = data_dir.join(FILE);
        if has_administrator {
            remove(&path);
            return Ok(Self { path, code: Mutex::new(None) });
        }
        let code = secrets::read_or_create(&path, || {
            let letters = (0..LEN).map(|_| ALPHABET[rand::random_range(0..ALPHABET.len())]);
            letters.collect()
        })?;
        let code = String::from_utf8_lossy(&code).trim().to_owned();
        Ok(Self { path, code: Mutex::new(Some(Redacted::new(code))) })
    }

    /// To be printed, while it is good for something.
    pub fn get(&self) -> Option<Redacted<String>> {
        self.code.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether somebody typed it.
    pub fn fits(&self, typed: &Redacted<String>) -> bool {
        self.get().is_some_and(|code| {
            code.expose().as_bytes().ct_eq(typed.expose().trim().as_bytes()).into()
        })
    }

    /// It is good for nothing any more.
    pub fn use_up(&self) {
        *self.code.lock().unwrap_or_else(PoisonError::into_inner) = None;
        remove(&self.path);
    }
}

fn remove(path: &Path) {
    if let Err(error) = std::fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        tracing::warn!(%error, "the used set-up code could not be removed");
    }
}
