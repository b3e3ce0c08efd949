//! The built-in STUN and TURN server (RFC 8489, RFC 8656): for clients that reach neither media over UDP nor its TCP
//! candidates, and for calls between clients that cannot reach each other.
//!
//! It stands beside the media threads and shares nothing with them: a thread reads its UDP port (`udp`), a
//! task each of its TCP connections (`tcp`), and a task of its own has each allocation (`relay`), which
//! sends to our media through the same port as everybody. The parts that decide know no sockets and no clock: what a client
//! without an allocation is told (`desk`), an allocation (`allocation`), where a relay sends (`policy`), who somebody is
//! (`credential`). The wire format is a library's (`request`).
//!
//! What must hold: nothing is kept of a client that has not shown a password; a relay sends to nothing that only this
//! machine reaches but our own media; every queue and list is bounded, and nobody waits for a slow client.
//!
//! Deliberately absent: TCP to peers (RFC 6062), relaying between allocations of this server, reserved ports,
//! DONT-FRAGMENT: no WebRTC client needs them.

mod allocation;
mod budget;
mod chunk;
mod credential;
mod desk;
mod policy;
mod relay;
mod request;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use std::io;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use model::Redacted;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::address::interface_addresses;
use crate::handle::Media;
use crate::socket::{self, Socket};
use crate::stream::Places;
use crate::wake::Waker;
use credential::Secrets;
use policy::Policy;
use relay::{Counts, Shared};

/// Allocations at once: more than there are ports by default.
const ALLOCATIONS_MAX: usize = 4096;
/// Allocations of one account. A browser makes one for each network interface and each address it is given, so a
/// page has up to a dozen, and those of a page that crashed live on for minutes.
const ALLOCATIONS_PER_ACCOUNT_MAX: usize = 48;

/// How to start.
pub struct TurnConfig {
    /// Listen on this address only. `None`: all.
    pub bind: Option<IpAddr>,
    /// The UDP port; 0 is any free one.
    pub port: u16,
    /// Relayed addresses have these ports.
    pub relay_ports: RangeInclusive<u16>,
    /// An address under which this machine is reached but which no interface of it may have.
    pub public_address: Option<IpAddr>,
    /// Keys the credentials, see [`crate`]'s callers.
    pub secret: Redacted<Vec<u8>>,
    /// TCP ports that clients connect to, open.
    pub tcp: Vec<TcpListener>,
    /// For connections that begin with a TLS handshake.
    pub tls: Option<TlsAcceptor>,
}

/// The running server. It ends when this is dropped; allocations end with their clients' connections, or their time.
pub struct Turn {
    /// The UDP port, or why there is none.
    pub udp: Result<u16, io::Error>,
    waker: Option<Waker>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Turn {
    /// Starts it beside running media. A UDP port that cannot be had leaves the TCP ports.
    pub fn start(config: TurnConfig, media: &Media) -> Self {
        let told = media.addresses();
        let shared = Arc::new(Shared {
            secrets: Secrets::new(&config.secret, rand::random()),
            policy: Policy::new(
                told.clone(),
                media.local_port(),
                config.public_address,
                config.bind,
                interface_addresses,
            ),
            ports: config.relay_ports,
            bind: config.bind,
            told,
            places: Places::new(ALLOCATIONS_MAX, ALLOCATIONS_PER_ACCOUNT_MAX),
            counts: Counts::new(),
        });
        let stop = Arc::new(AtomicBool::new(false));
        let udp = socket::bind_any(config.bind, config.port, false).and_then(Socket::new);
        let (udp, waker) = match udp.and_then(|socket| {
            let port = socket.local.port();
            Ok((port, udp::start(socket, Arc::clone(&shared), Arc::clone(&stop))?))
        }) {
            Ok((port, waker)) => (Ok(port), Some(waker)),
            Err(error) => (Err(error), None),
        };
        let places = tcp::places();
        let serve = |tcp| {
            let (shared, places) = (Arc::clone(&shared), Arc::clone(&places));
            tokio::spawn(tcp::serve(tcp, config.tls.clone(), shared, places))
        };
        let tasks = config.tcp.into_iter().map(serve).collect();
        Self { udp, waker, stop, tasks }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
        if let Some(waker) = &self.waker {
            waker.wake();
        }
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}
