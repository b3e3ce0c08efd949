//! What the media side is started with, and why it may not start.

use std::io;
use std::net::IpAddr;

use crate::tap::Tap;

/// How to start.
#[derive(Clone, Debug, Default)]
pub struct MediaConfig {
    /// Listen on this address only. `None`: all, IPv6 and IPv4.
    pub bind: Option<IpAddr>,
    /// UDP port. 0: any free one, see [`crate::Media::local_port`].
    pub port: u16,
    /// TCP port on which clients reach [`crate::Media::take_stream`], which answers offer after all UDP
    /// addresses. `None`: answers offer UDP alone.
    pub tcp_port: Option<u16>,
    /// An address under which this machine is reached but which no interface of it has (1:1 NAT).
    pub public_address: Option<IpAddr>,
    /// Worker threads. 0: one per core.
    pub workers: usize,
    /// Where the voices of sessions with captions go. `None`: nowhere.
    pub tap: Option<Tap>,
}

/// Why media cannot start: each is one sentence for the person at the terminal.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Another program listens there.
    #[error("UDP port {0} is taken by another program; set MEDIA_PORT (or PORT) to a free one")]
    PortTaken(u16),
    /// The operating system refused the socket.
    #[error("cannot listen for media on UDP port {port}: {cause}")]
    Socket {
        /// The wanted port.
        port: u16,
        /// What the system said.
        cause: io::Error,
    },
    /// No certificate for DTLS could be made.
    #[error("cannot make a certificate for encrypted media")]
    Certificate,
    /// A thread or its wake-up could not be made.
    #[error("cannot start a media thread: {0}")]
    Thread(io::Error),
}

impl StartError {
    pub(crate) fn socket(port: u16, cause: io::Error) -> Self {
        match cause.kind() {
            io::ErrorKind::AddrInUse => Self::PortTaken(port),
            _ => Self::Socket { port, cause },
        }
    }
}
