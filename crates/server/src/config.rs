//! The configuration: one struct from `voice-service.toml` and the environment.
//!
//! `main` calls it once. Every name is a row of one table ([`SETTINGS`]): reading, the `config` command
//! and the table in the operator's page come from it, so that they cannot disagree. The environment
//! wins over the file. What must hold: a wrong value or an unknown name in the file is one clear line and
//! no start, and no secret is ever part of a message or of what `config` prints.

mod draft;
mod error;
mod file;
mod network;
mod parse;
mod setting;
mod show;
mod speech;
mod table;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use app::{OutsideTurn, RoomCreation, SpeechSettings};
use model::Redacted;

use draft::Draft;
pub use error::ConfigError;
pub use network::Network;
use setting::Setting;
#[cfg(test)]
use show::markdown_table;
pub use table::{NOT_SERVED, SETTINGS};

/// The file that is read in the working directory if it is there.
const FILE_NAME: &str = "voice-service.toml";

/// What the server runs with.
#[derive(Clone, Debug)]
pub struct Config {
    /// HTTP.
    pub port: u16,
    /// Media, UDP.
    pub media_port: u16,
    /// Media, TCP; `None` is off.
    pub media_tcp_port: Option<u16>,
    /// The one address to listen on; `None` is all.
    pub bind: Option<IpAddr>,
    /// An address of this machine that it does not know itself (NAT).
    pub public_address: Option<IpAddr>,
    /// Where everything is kept.
    pub data_dir: PathBuf,
    /// Where the database is, unless in the data directory.
    pub database_url: Option<Redacted<String>>,
    /// A TURN server that somebody else runs.
    pub turn: Option<OutsideTurn>,
    /// The built-in one; `None` is off.
    pub relay: Option<Relay>,
    /// Shared with the surrounding platform, whose tokens are trusted.
    pub jwt_secret: Option<Redacted<String>>,
    /// Who shows it may do everything with conferences.
    pub aura_service_key: Option<Redacted<String>>,
    /// Where the members of conferences are served as well; `None` is off.
    pub aura_members_port: Option<u16>,
    /// Whether HTTP is encrypted.
    pub tls: Tls,
    /// What is logged, in the form of `tracing_subscriber::EnvFilter`.
    pub log: String,
    /// How the outside reaches this server, without a slash at the end.
    pub public_url: Option<String>,
    /// Whose word about a client's address is taken.
    pub trusted_proxies: Vec<Network>,
    /// Other sites whose pages may call the API; `*` is all.
    pub cors_origins: Vec<String>,
    /// The name that clients show.
    pub server_name: String,
    /// Media threads; `None` is one per core.
    pub media_workers: Option<usize>,
    /// Whether calls are limited per account.
    pub rate_limits: bool,
    /// Who may make rooms.
    pub room_creation: RoomCreation,
    /// Speech to text.
    pub speech: SpeechSettings,
    /// How long a turn of push to talk lasts when it is not renewed.
    pub speaker_ttl: Duration,
    /// After how long without a request a member who lives by requests has left.
    pub request_idle: Duration,
    /// What the operator should be told at the start, a line each.
    pub warnings: Vec<String>,
    /// All settings in the order of the table, for showing.
    values: Vec<Value>,
}

/// The built-in TURN server.
#[derive(Clone, Debug)]
pub struct Relay {
    /// UDP and TCP.
    pub port: u16,
    /// Whether somebody chose it: then it must be had.
    pub chosen: bool,
    /// What it relays through.
    pub ports: RangeInclusive<u16>,
    /// Keys the credentials; `None`: the one in the data directory.
    pub secret: Option<Redacted<String>>,
}

/// How HTTP is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Not at all; a proxy may do it.
    Off,
    /// With a certificate made here, which browsers ask about.
    SelfSigned,
    /// With these PEM files.
    Files {
        /// The certificate chain.
        cert: PathBuf,
        /// Its private key.
        key: PathBuf,
    },
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The environment.
    Environment,
    /// The file.
    File,
    /// Nobody set it.
    Default,
}

/// A setting as it holds.
#[derive(Clone)]
struct Value {
    setting: &'static Setting,
    /// `None`: not set, and there is no default.
    text: Option<String>,
    source: Source,
}

impl Config {
    /// Whether requests are said to come through a proxy. Then a connection from this machine does not
    /// mean that its sender is here.
    pub fn is_behind_proxy(&self) -> bool {
        self.public_url.is_some() || !self.trusted_proxies.is_empty()
    }

    /// Reads the file and the environment of this process. A file that is named must be there.
    pub fn read(path: Option<&Path>) -> Result<Self, ConfigError> {
        let file = match std::fs::read_to_string(path.unwrap_or(Path::new(FILE_NAME))) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound && path.is_none() => None,
            Err(error) => {
                let path = path.unwrap_or(Path::new(FILE_NAME));
                return Err(ConfigError::Unreadable(path.to_owned(), error));
            }
        };
        Self::load(file.as_deref(), &|name| {
            std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
        })
    }

    /// From the text of a file and the values of an environment. An empty variable counts as unset.
    pub fn load(
        file: Option<&str>,
        env: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, ConfigError> {
        let written = file.map(file::read).transpose()?.unwrap_or_default();
        let from_env = |name: &str| env(name).filter(|text| !text.trim().is_empty());
        let mut draft = Draft::default();
        let mut values = Vec::new();
        for setting in SETTINGS {
            let value = if let Some(text) = from_env(setting.name) {
                Value { setting, text: Some(text), source: Source::Environment }
            } else if let Some(text) = written.get(setting.name) {
                Value { setting, text: Some(text.clone()), source: Source::File }
            } else {
                Value { setting, text: setting.default_text(), source: Source::Default }
            };
            value.apply(&mut draft)?;
            values.push(value);
        }
        let unused = NOT_SERVED
            .iter()
            .filter(|name| from_env(name).is_some() || written.contains_key(**name));
        let warnings =
            unused.map(|name| format!("{name} is set but this version does not use it")).collect();
        draft.finish(values, warnings)
    }
}

impl Value {
    fn apply(&self, draft: &mut Draft) -> Result<(), ConfigError> {
        let Some(text) = &self.text else { return Ok(()) };
        (self.setting.apply)(draft, text.trim()).ok_or_else(|| ConfigError::BadValue {
            name: self.setting.name,
            expected: self.setting.kind.to_string(),
            got: self.setting.shown(text.trim()),
            source: self.source,
        })
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "environment",
            Self::File => FILE_NAME,
            Self::Default => "default",
        })
    }
}

/// A value may be a secret: only its setting and source are shown.
impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {}", self.setting.name, self.source)
    }
}
