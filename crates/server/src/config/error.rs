//! Why the server does not start, each in one line.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::{FILE_NAME, Source};

/// Why the server does not start.
#[derive(Debug)]
pub enum ConfigError {
    /// A value that its setting cannot have. `got` has no secrets any more.
    BadValue {
        /// The setting.
        name: &'static str,
        /// What it can be.
        expected: String,
        /// What it was.
        got: String,
        /// Who said so.
        source: Source,
    },
    /// A name in the file that means nothing.
    UnknownName {
        /// As written.
        name: String,
        /// The known name that looks most like it.
        nearest: &'static str,
    },
    /// The file is not what it should be; says where and why.
    File(String),
    /// Settings that do not go together.
    Conflict(&'static str),
    /// A file that was asked for cannot be read.
    Unreadable(PathBuf, io::Error),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadValue { name, expected, got, source } => {
                write!(f, "{name}: expected {expected}, got {got:?}")?;
                match source {
                    Source::File => write!(f, " in {FILE_NAME}"),
                    Source::Environment | Source::Default => Ok(()),
                }
            }
            Self::UnknownName { name, nearest } => {
                write!(f, "{FILE_NAME}: there is no setting {name:?}; did you mean {nearest}?")
            }
            Self::File(why) => write!(f, "{FILE_NAME}: {why}"),
            Self::Conflict(why) => f.write_str(why),
            Self::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
        }
    }
}

impl std::error::Error for ConfigError {}
