//! The built-in TURN server: its ports, and what clients are told of it.

use std::io;

use anyhow::{Context, bail};
use app::host_and_port;
use model::Redacted;
use net::{Media, Turn, TurnConfig};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::config::{Config, Relay};
use crate::listener;

/// The registered port for TLS (RFC 8656 section 15): opened beside the registered one for the rest.
const REGISTERED: u16 = 3478;
const REGISTERED_TLS: u16 = 5349;

/// It, as far as it runs.
#[derive(Default)]
pub struct Started {
    /// Ends it when dropped.
    pub _turn: Option<Turn>,
    /// `turn:` and `turns:` addresses for clients.
    pub urls: Vec<String>,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// Where clients are sent.
pub struct Hosts {
    /// The address of media.
    pub media: String,
    /// A name that the certificate may have; else the address.
    pub tls: String,
}

/// Starts it. A port that is taken is a problem to tell, and an error where somebody chose it.
pub fn start(
    config: &Config,
    media: &Media,
    tls: Option<TlsAcceptor>,
    secret: Redacted<Vec<u8>>,
    hosts: &Hosts,
) -> anyhow::Result<Started> {
    let Some(relay) = &config.relay else { return Ok(Started::default()) };
    let mut ports = Ports::new(relay);
    let tcp = ports.tcp(config, relay.port);
    let wants_second = tls.is_some() && relay.port == REGISTERED;
    let tls_tcp = wants_second.then(|| ports.tcp(config, REGISTERED_TLS)).flatten();
    let tls_port = match (&tls, &tls_tcp, &tcp) {
        (None, ..) | (_, None, None) => None,
        (Some(_), Some(_), _) => Some(REGISTERED_TLS),
        (Some(_), None, Some(_)) => Some(relay.port),
    };
    let has_tcp = tcp.is_some();
    let turn_config = TurnConfig {
        bind: config.bind,
        port: relay.port,
        relay_ports: relay.ports.clone(),
        public_address: config.public_address,
        secret,
        tcp: [tcp, tls_tcp].into_iter().flatten().collect(),
        tls,
    };
    let turn = Turn::start(turn_config, media);
    if let Err(error) = &turn.udp {
        ports.failed("UDP", relay.port, error);
    }
    let address = |scheme: &str, host: &str, port, transport: &str| {
        format!("{scheme}:{}?transport={transport}", host_and_port(host, port))
    };
    let udp = turn.udp.is_ok().then(|| address("turn", &hosts.media, relay.port, "udp"));
    let tcp = has_tcp.then(|| address("turn", &hosts.media, relay.port, "tcp"));
    let tls = tls_port.map(|port| address("turns", &hosts.tls, port, "tcp"));
    let urls = [udp, tcp, tls].into_iter().flatten().collect();
    let problem = ports.problem()?;
    if let Some(problem) = &problem {
        tracing::warn!(
            "the TURN server lacks a port: {problem}; set TURN_PORT to a free one, or off"
        );
    }
    Ok(Started { _turn: Some(turn), urls, problem })
}

/// The secret of its credentials.
pub fn secret(config: &Config) -> anyhow::Result<Redacted<Vec<u8>>> {
    let chosen = config.relay.as_ref().and_then(|relay| relay.secret.as_ref());
    match chosen {
        Some(secret) => Ok(Redacted::new(secret.expose().clone().into_bytes())),
        None => app::secrets::media_secret(&config.data_dir).context("cannot keep the TURN secret"),
    }
}

/// What went wrong while its ports were opened.
struct Ports<'a> {
    relay: &'a Relay,
    failures: Vec<String>,
}

impl<'a> Ports<'a> {
    fn new(relay: &'a Relay) -> Self {
        Self { relay, failures: Vec::new() }
    }

    fn tcp(&mut self, config: &Config, port: u16) -> Option<TcpListener> {
        match listener::bind(config.bind, port) {
            Ok(tcp) => Some(tcp),
            Err(error) => {
                self.failed("TCP", port, &error);
                None
            }
        }
    }

    fn failed(&mut self, protocol: &str, port: u16, error: &io::Error) {
        self.failures.push(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("{protocol} port {port} is taken by another program")
            }
            _ => format!("cannot listen on {protocol} port {port}: {error}"),
        });
    }

    fn problem(self) -> anyhow::Result<Option<String>> {
        if self.failures.is_empty() {
            return Ok(None);
        }
        let problem = self.failures.join("; ");
        if self.relay.chosen {
            bail!("TURN: {problem} (set TURN_PORT to a free one, or off)");
        }
        Ok(Some(problem))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(chosen: bool, failures: &[(&str, io::ErrorKind)]) -> anyhow::Result<Option<String>> {
        let relay = Relay { port: 3478, chosen, ports: 1..=2, secret: None };
        let mut ports = Ports::new(&relay);
        for (protocol, kind) in failures {
            ports.failed(protocol, 3478, &(*kind).into());
        }
        ports.problem()
    }

    #[test]
    fn a_port_that_is_taken_is_told_or_where_it_was_chosen_an_error() {
        let taken = [("UDP", io::ErrorKind::AddrInUse), ("TCP", io::ErrorKind::AddrInUse)];
        let line = "UDP port 3478 is taken by another program; \
                    TCP port 3478 is taken by another program";
        assert_eq!(problem(false, &taken).unwrap().as_deref(), Some(line));
        let error = problem(true, &taken).unwrap_err().to_string();
        assert_eq!(error, format!("TURN: {line} (set TURN_PORT to a free one, or off)"));
        assert_eq!(problem(true, &[]).unwrap(), None);
    }
}
