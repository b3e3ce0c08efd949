//! The values one by one, and putting them together.

use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use app::{OutsideTurn, RoomCreation};
use model::Redacted;

use super::speech::SpeechDraft;
use super::{Config, ConfigError, Network, Relay, Source, Tls, Value};

/// An HS256 key shorter than this can be found by trying (RFC 7518 section 3.2 wants 32); platforms
/// have theirs, so it is a warning.
const SECRET_LEN_WARN: usize = 16;

/// Values as they are read, before they are put together.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) port: u16,
    pub(super) media_port: Option<u16>,
    /// `Some(None)`: off.
    pub(super) media_tcp_port: Option<Option<u16>>,
    pub(super) bind: Option<IpAddr>,
    pub(super) public_address: Option<IpAddr>,
    pub(super) data_dir: PathBuf,
    pub(super) database_url: Option<Redacted<String>>,
    pub(super) turn_port: Option<u16>,
    pub(super) turn_relay_ports: Option<RangeInclusive<u16>>,
    pub(super) turn_secret: Option<Redacted<String>>,
    pub(super) turn_url: Option<String>,
    pub(super) turn_username: Option<String>,
    pub(super) turn_password: Option<Redacted<String>>,
    pub(super) jwt_secret: Option<Redacted<String>>,
    pub(super) aura_service_key: Option<Redacted<String>>,
    pub(super) aura_members_port: Option<u16>,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    pub(super) tls_self_signed: bool,
    pub(super) log: String,
    pub(super) public_url: Option<String>,
    pub(super) trusted_proxies: Vec<Network>,
    pub(super) cors_origins: Vec<String>,
    pub(super) server_name: String,
    pub(super) media_workers: Option<usize>,
    pub(super) rate_limits: bool,
    pub(super) room_managers_only: bool,
    pub(super) speaker_ttl: Duration,
    pub(super) request_idle: Duration,
    pub(super) speech: SpeechDraft,
}

impl Draft {
    /// The configuration, if the values go together.
    pub(super) fn finish(
        self,
        values: Vec<Value>,
        mut warnings: Vec<String>,
    ) -> Result<Config, ConfigError> {
        let tls = self.tls()?;
        let turn = self.turn(&mut warnings)?;
        let relay = self.relay(&values, &mut warnings);
        let speech = self.speech.finish(&self.data_dir, &mut warnings)?;
        let secret_len = self.jwt_secret.as_ref().map(|secret| secret.expose().len());
        if secret_len.is_some_and(|len| len < SECRET_LEN_WARN) {
            warnings.push(format!(
                "JWT_SECRET is shorter than {SECRET_LEN_WARN} bytes and can be guessed"
            ));
        }
        let key_len = self.aura_service_key.as_ref().map(|key| key.expose().len());
        if key_len.is_some_and(|len| len < SECRET_LEN_WARN) {
            warnings.push(format!(
                "AURA_SERVICE_KEY is shorter than {SECRET_LEN_WARN} bytes and can be guessed"
            ));
        }
        let room_creation =
            if self.room_managers_only { RoomCreation::Managers } else { RoomCreation::Anyone };
        Ok(Config {
            port: self.port,
            media_port: self.media_port.unwrap_or(self.port),
            media_tcp_port: self.media_tcp_port.unwrap_or(Some(self.port)),
            bind: self.bind,
            public_address: self.public_address,
            data_dir: self.data_dir,
            database_url: self.database_url,
            turn,
            relay,
            jwt_secret: self.jwt_secret,
            aura_service_key: self.aura_service_key,
            aura_members_port: self.aura_members_port,
            tls,
            log: self.log,
            public_url: self.public_url,
            trusted_proxies: self.trusted_proxies,
            cors_origins: self.cors_origins,
            server_name: self.server_name,
            media_workers: self.media_workers,
            rate_limits: self.rate_limits,
            room_creation,
            speech,
            speaker_ttl: self.speaker_ttl,
            request_idle: self.request_idle,
            warnings,
            values,
        })
    }

    fn tls(&self) -> Result<Tls, ConfigError> {
        match (&self.tls_cert, &self.tls_key, self.tls_self_signed) {
            (None, None, false) => Ok(Tls::Off),
            (None, None, true) => Ok(Tls::SelfSigned),
            (Some(cert), Some(key), false) => {
                Ok(Tls::Files { cert: cert.clone(), key: key.clone() })
            }
            (Some(_), Some(_), true) => {
                Err(ConfigError::Conflict("TLS=self: remove it or TLS_CERT and TLS_KEY"))
            }
            (Some(_), None, _) => Err(ConfigError::Conflict("TLS_CERT is set, TLS_KEY is missing")),
            (None, Some(_), _) => Err(ConfigError::Conflict("TLS_KEY is set, TLS_CERT is missing")),
        }
    }

    /// The built-in TURN server.
    fn relay(&self, values: &[Value], warnings: &mut Vec<String>) -> Option<Relay> {
        let short = self.turn_secret.as_ref().is_some_and(|s| s.expose().len() < SECRET_LEN_WARN);
        if short {
            warnings.push(format!(
                "TURN_SECRET is shorter than {SECRET_LEN_WARN} bytes and can be guessed"
            ));
        }
        let chosen = |value: &Value| {
            value.setting.name == "TURN_PORT" && !matches!(value.source, Source::Default)
        };
        Some(Relay {
            port: self.turn_port?,
            chosen: values.iter().any(chosen),
            ports: self.turn_relay_ports.clone()?,
            secret: self.turn_secret.clone(),
        })
    }

    /// Browsers refuse a whole list of ICE servers for one TURN entry without credentials.
    fn turn(&self, warnings: &mut Vec<String>) -> Result<Option<OutsideTurn>, ConfigError> {
        let credentials = match (&self.turn_username, &self.turn_password) {
            (Some(username), Some(password)) => Some((username.clone(), password.clone())),
            (None, None) => None,
            (Some(_), None) => {
                return Err(ConfigError::Conflict(
                    "TURN_USERNAME is set, TURN_PASSWORD is missing",
                ));
            }
            (None, Some(_)) => {
                return Err(ConfigError::Conflict(
                    "TURN_PASSWORD is set, TURN_USERNAME is missing",
                ));
            }
        };
        let Some(url) = self.turn_url.clone() else {
            if credentials.is_some() {
                warnings.push("TURN_USERNAME is not used: TURN_URL is missing".to_owned());
            }
            return Ok(None);
        };
        match credentials {
            Some((username, password)) => Ok(Some(OutsideTurn { url, username, password })),
            None => {
                warnings.push(
                    "TURN_URL is not used: it needs TURN_USERNAME and TURN_PASSWORD".to_owned(),
                );
                Ok(None)
            }
        }
    }
}
