//! Puts the parts together.

use std::fs::{self, File, TryLockError};
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use app::{
    Accounts, App, AppSettings, EngineChoice, Ids, MediaAddress, MediaSide, MediaTokenTimes,
    SetupCode, Speech, Tokens, only_node,
};
use net::{Media, MediaConfig};
use room::Timing;
use rustls::ServerConfig;
use store::{Database, Store};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::addresses;
use crate::config::{Config, Tls};
use crate::listener;
use crate::relay::{self, Hosts};
use crate::tls;

/// Opens the database in the data directory. Commands do this beside a running server.
pub async fn open_store(config: &Config) -> anyhow::Result<Store> {
    let dir = &config.data_dir;
    make_data_dir(dir)?;
    let url = config.database_url.as_ref().map(|url| url.expose().as_str());
    Ok(Store::open(&Database::new(dir, url)?).await?)
}

/// Makes the data directory for this user alone, if it is missing.
pub fn make_data_dir(dir: &Path) -> anyhow::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir).with_context(|| format!("cannot use DATA_DIR {}", dir.display()))
}

/// The accounts over an open store.
pub async fn accounts(config: &Config, store: &Store) -> anyhow::Result<Accounts> {
    let tokens = Tokens::open(&config.data_dir, config.jwt_secret.clone())?;
    let setup_code = SetupCode::open(&config.data_dir, store.has_administrator().await?)?;
    let ids = Arc::new(Ids::new(only_node()));
    Ok(Accounts::new(store.clone(), tokens, ids, setup_code, config.rate_limits))
}

/// Held while a server runs on a data directory.
const LOCK_FILE: &str = "server.lock";

/// Keeps a second server off the data directory: it would end the first one's sessions, and a newer one
/// would change the tables under the running one.
fn lock(config: &Config) -> anyhow::Result<File> {
    make_data_dir(&config.data_dir)?;
    let path = config.data_dir.join(LOCK_FILE);
    let file = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!("another server runs on the data directory {}", config.data_dir.display())
        }
        Err(TryLockError::Error(error)) => Err(error).context("cannot lock the data directory"),
    }
}

/// Everything but HTTP, running.
pub struct Running {
    /// Released with the process.
    pub lock: File,
    /// The use cases.
    pub app: App,
    /// The TCP port, open.
    pub tcp: TcpListener,
    /// The listening HTTP port that the members of conferences have for themselves.
    pub members: Option<TcpListener>,
    /// For connections with TLS.
    pub tls: Option<TlsAcceptor>,
    /// The TURN server; it ends with this.
    pub relay: relay::Started,
}

/// Opens the ports and starts the parts.
pub async fn start(config: &Config) -> anyhow::Result<Running> {
    let lock = lock(config)?;
    let store = open_store(config).await?;
    let accounts = accounts(config, &store).await?;
    let tcp = listener::bind(config.bind, config.port).with_context(|| {
        format!("cannot listen on port {} (set PORT to a free one)", config.port)
    })?;
    let members = config.aura_members_port.map(|port| {
        listener::bind(config.bind, port).with_context(|| {
            format!("cannot listen on port {port} (set AURA_MEMBERS_PORT to a free one, or off)")
        })
    });
    let members = members.transpose()?;
    let tcp_port = tcp.local_addr()?.port();
    let media_tcp = match config.media_tcp_port {
        Some(port) if port != config.port => {
            Some(listener::bind(config.bind, port).with_context(|| {
                format!("cannot listen on port {port} (set MEDIA_TCP_PORT to a free one, or off)")
            })?)
        }
        Some(_) | None => None,
    };
    let (tap, voices) = app::tap();
    let hears = !matches!(config.speech.engine, EngineChoice::Off);
    let (media, events) = Media::start(MediaConfig {
        bind: config.bind,
        port: config.media_port,
        tcp_port: config
            .media_tcp_port
            .map(|port| if port == config.port { tcp_port } else { port }),
        public_address: config.public_address,
        workers: config.media_workers.unwrap_or(0),
        tap: hears.then_some(tap),
    })?;
    if let Some(media_tcp) = media_tcp {
        tokio::spawn(listener::media::serve(media_tcp, media.clone()));
    }
    let tls = server_tls(config, &media.addresses())?;
    let host = addresses::media_host(config, &media.addresses());
    let hosts =
        Hosts { tls: addresses::tls_host(config).unwrap_or(host.clone()), media: host.clone() };
    let secret = relay::secret(config)?;
    let turn_tls = tls.clone().map(tls::for_turn);
    let relay = relay::start(config, &media, turn_tls, secret.clone(), &hosts)?;
    let address = MediaAddress {
        host,
        port: media.local_port(),
        secret,
        own_turn: relay.urls.clone(),
        turn: config.turn.clone(),
    };
    let settings = AppSettings {
        media: address,
        room_creation: config.room_creation,
        limited: config.rate_limits,
        timing: Timing {
            speaker_ttl: config.speaker_ttl,
            request_idle: config.request_idle,
            ..Timing::default()
        },
        media_tokens: MediaTokenTimes::default(),
    };
    let media = MediaSide { media, events, voices };
    let speech = Speech::start(config.speech.clone());
    let app = App::start(settings, store, accounts, media, speech).await?;
    Ok(Running { lock, app, tcp, members, tls: tls.map(tls::for_http), relay })
}

fn server_tls(config: &Config, found: &[IpAddr]) -> anyhow::Result<Option<ServerConfig>> {
    match &config.tls {
        Tls::Off => Ok(None),
        Tls::SelfSigned => tls::self_signed(&config.data_dir, found).map(Some),
        Tls::Files { cert, key } => tls::from_files(cert, key).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_server_is_kept_off_before_it_touches_anything() {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data").display().to_string();
        let config =
            || Config::load(None, &|name| (name == "DATA_DIR").then(|| data_dir.clone())).unwrap();
        let first = lock(&config()).unwrap();
        let second = lock(&config()).map(|_| ()).unwrap_err();
        assert!(second.to_string().starts_with("another server runs"), "{second}");
        drop(first);
        assert!(lock(&config()).is_ok());
    }
}
