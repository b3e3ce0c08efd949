//! Other systems: one socket, one call per datagram, and the local address is a guess: the socket's
//! own, else loopback for loopback peers, else unknown.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use media::Transmit;

use super::{Socket, plain};
use crate::wake::Waker;

/// Datagrams taken per turn.
const RECEIVE_BATCH: usize = 64;
/// Bytes per datagram; longer ones are refused by the media core.
const RECEIVE_BYTES: usize = 2048;
/// The shortest wait the system is asked for: zero would mean forever.
const WAIT_MIN: Duration = Duration::from_millis(1);

/// The buffer for what comes in.
pub(crate) struct Ingress {
    buffer: Box<[u8; RECEIVE_BYTES]>,
}

impl Ingress {
    pub fn new() -> Self {
        Self { buffer: Box::new([0; RECEIVE_BYTES]) }
    }

    /// Takes one batch without waiting: source, local destination, bytes.
    pub fn receive(
        &mut self,
        socket: &Socket,
        mut take: impl FnMut(SocketAddr, SocketAddr, &[u8]),
    ) {
        for _ in 0..RECEIVE_BATCH {
            let Ok((len, source)) = socket.inner.recv_from(&mut self.buffer[..]) else { return };
            let source = plain(source);
            let destination = SocketAddr::new(local_for(socket, source), socket.local.port());
            // Empty ones are the thread's own wake-up.
            if len > 0 {
                take(source, destination, &self.buffer[..len]);
            }
        }
    }
}

/// Stands for the address that the peer sent to, which this system does not tell.
fn local_for(socket: &Socket, source: SocketAddr) -> IpAddr {
    match (socket.local.ip(), source.ip()) {
        (local, _) if !local.is_unspecified() => local,
        (_, IpAddr::V4(_)) => Ipv4Addr::LOCALHOST.into(),
        (_, IpAddr::V6(_)) => Ipv6Addr::LOCALHOST.into(),
    }
}

/// Sends at once; there is nothing to keep.
pub(crate) struct Egress {
    dual: bool,
    /// Datagrams that the kernel would not take.
    pub dropped: u64,
}

impl Egress {
    pub fn new(socket: &Socket) -> Self {
        Self { dual: socket.is_dual(), dropped: 0 }
    }

    /// Sends a datagram.
    pub fn push(&mut self, socket: &Socket, transmit: Transmit) {
        let destination = match transmit.destination {
            SocketAddr::V4(v4) if self.dual => {
                SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())
            }
            other => other,
        };
        if socket.inner.send_to(&transmit.contents, destination).is_err() {
            self.dropped += 1;
        }
    }

    /// Nothing is ever queued.
    pub fn flush(&mut self, _socket: &Socket) {}
}

/// Waits until the socket has something (a wake-up is a datagram too) or the time is over.
pub(crate) fn wait(socket: &Socket, _waker: &Waker, limit: Duration) {
    let limit = limit.max(WAIT_MIN);
    let waited = socket.inner.set_nonblocking(false).and_then(|()| {
        socket.inner.set_read_timeout(Some(limit))?;
        socket.inner.peek_from(&mut [0; 1])
    });
    // Time over, an empty wake-up, a cut peek: in every case the next turn looks.
    drop(waited);
    if let Err(error) = socket.inner.set_nonblocking(true) {
        tracing::warn!(%error, "the media socket cannot be polled");
    }
}
