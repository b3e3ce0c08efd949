//! One UDP port, one socket per worker.
//!
//! On Linux (`socket/linux.rs`) batches are received and sent with one system call each, every socket
//! is bound to the same port with SO_REUSEPORT, and the local address of each datagram is known, so
//! that a reply leaves from where the peer expects it. Elsewhere (`socket/portable.rs`) there is one
//! socket and plain calls.
//!
//! IPv4 peers on a dual-stack socket are shown to the media core as IPv4, never as `::ffff:`.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
mod portable;
#[cfg(target_os = "linux")]
mod sys;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use socket2::{Domain, Protocol, Type};

use crate::config::{MediaConfig, StartError};

#[cfg(target_os = "linux")]
pub(crate) use linux::{Egress, Ingress, wait};
#[cfg(not(target_os = "linux"))]
pub(crate) use portable::{Egress, Ingress, wait};

/// Wanted kernel buffers, each way: about a second of a room with video. The system may give less.
const KERNEL_BUFFER_BYTES: usize = 4 * 1024 * 1024;

/// A bound socket.
pub(crate) struct Socket {
    pub inner: UdpSocket,
    pub local: SocketAddr,
}

impl Socket {
    pub fn new(inner: UdpSocket) -> io::Result<Self> {
        Ok(Self { local: inner.local_addr()?, inner })
    }

    /// IPv6, and IPv4 through it.
    pub fn is_dual(&self) -> bool {
        self.local.is_ipv6()
    }
}

/// All sockets of the port.
pub(crate) struct Sockets {
    pub sockets: Vec<Socket>,
    pub port: u16,
    pub has_ipv6: bool,
}

/// Opens the port for so many workers; where it cannot be shared, for one.
pub(crate) fn bind(config: &MediaConfig, workers: usize) -> Result<Sockets, StartError> {
    let refused = |cause| StartError::socket(config.port, cause);
    // Alone first: a shared bind would succeed beside another program that shares the port as well.
    let alone = bind_any(config.bind, config.port, false).map_err(refused)?;
    let local = alone.local_addr().map_err(refused)?;
    let count = if cfg!(target_os = "linux") { workers } else { 1 };
    let sockets = if count == 1 {
        vec![alone]
    } else {
        drop(alone);
        let shared = (0..count).map(|_| open(SocketAddr::new(local.ip(), local.port()), true));
        shared.collect::<io::Result<_>>().map_err(refused)?
    };
    let sockets: io::Result<Vec<Socket>> = sockets.into_iter().map(Socket::new).collect();
    let sockets = sockets.map_err(refused)?;
    Ok(Sockets { sockets, port: local.port(), has_ipv6: local.is_ipv6() })
}

/// Opens a port on one address, or on all of both families where the system has IPv6.
pub(crate) fn bind_any(bind: Option<IpAddr>, port: u16, shared: bool) -> io::Result<UdpSocket> {
    if let Some(ip) = bind {
        return open(SocketAddr::new(ip, port), shared);
    }
    match open((Ipv6Addr::UNSPECIFIED, port).into(), shared) {
        // IPv6 may be switched off in the kernel, which shows in one of several ways.
        Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
            open((Ipv4Addr::UNSPECIFIED, port).into(), shared)
        }
        opened => opened,
    }
}

fn open(address: SocketAddr, shared: bool) -> io::Result<UdpSocket> {
    let domain = Domain::for_address(address);
    let socket = socket2::Socket::new(domain, Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    #[cfg(target_os = "linux")]
    {
        socket.set_reuse_port(shared)?;
        sys::ask_for_destination(&socket, address.is_ipv6())?;
    }
    #[cfg(not(target_os = "linux"))]
    debug_assert!(!shared);
    for grown in [
        socket.set_recv_buffer_size(KERNEL_BUFFER_BYTES),
        socket.set_send_buffer_size(KERNEL_BUFFER_BYTES),
    ] {
        if let Err(error) = grown {
            tracing::debug!(%error, "the system keeps its own UDP buffer size");
        }
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// IPv4 in IPv6's clothes becomes IPv4.
pub(crate) fn plain(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(v4.into(), address.port()),
            None => address,
        },
        IpAddr::V4(_) => address,
    }
}

#[cfg(test)]
mod tests;
