//! A running allocation: its relay socket and its client's messages, in a task of its own. A fault here ends this one.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use media::{Protocol, Transmit};
use metrics::{Counter, Gauge, counter, gauge};
use socket2::{Domain, Socket, Type};
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use turn_types::stun::attribute::ErrorCode;

use super::allocation::{Act, Allocation, RELAYED_BYTES_MAX};
use super::chunk::pad;
use super::credential::Secrets;
use super::policy::{Policy, Verdict};
use super::request::{self, Now, Signed};
use super::udp::Outbox;
use crate::stream::{Full, Places};

/// Messages of a client that wait for its allocation: some tens of milliseconds of a call with video. What finds no
/// place is lost, over TCP it waits in the connection.
pub(super) const INBOX_MAX: usize = 256;
/// A longer datagram of a peer is cut here and not relayed.
const RECEIVE_BYTES: usize = RELAYED_BYTES_MAX + 1;

/// What all allocations share.
pub(super) struct Shared {
    pub secrets: Secrets,
    pub policy: Policy,
    pub ports: RangeInclusive<u16>,
    pub bind: Option<IpAddr>,
    /// The addresses that clients are told their relayed ones are at.
    pub told: Vec<IpAddr>,
    pub places: Arc<Places<String>>,
    pub counts: Counts,
}

/// Figures.
pub(super) struct Counts {
    running: Gauge,
    up: Counter,
    down: Counter,
    /// Messages that found no place on the way to a client.
    pub dropped: Counter,
}

impl Counts {
    pub fn new() -> Self {
        Self {
            running: gauge!("parlor_turn_allocations"),
            up: counter!("parlor_turn_bytes_total", "way" => "to_peers"),
            down: counter!("parlor_turn_bytes_total", "way" => "to_clients"),
            dropped: counter!("parlor_turn_dropped_total"),
        }
    }

    fn refused(code: u16) {
        counter!("parlor_turn_refused_total", "code" => code.to_string()).increment(1);
    }
}

/// The way back to a client. Never waits.
#[derive(Clone)]
pub(super) enum Way {
    Udp { outbox: Outbox, client: SocketAddr, local: SocketAddr },
    Stream { queue: mpsc::Sender<Vec<u8>>, client: SocketAddr },
}

impl Way {
    pub fn client(&self) -> SocketAddr {
        match self {
            Self::Udp { client, .. } | Self::Stream { client, .. } => *client,
        }
    }

    pub fn send(&self, shared: &Shared, contents: Vec<u8>) {
        let sent = match self {
            Self::Udp { outbox, client, local } => {
                let (protocol, source, destination) = (Protocol::Udp, *local, *client);
                outbox.send(Transmit { protocol, source, destination, contents })
            }
            Self::Stream { queue, .. } => queue.try_send(pad(contents)).is_ok(),
        };
        if !sent {
            shared.counts.dropped.increment(1);
        }
    }
}

/// A good request for an allocation.
pub(super) struct Wanted {
    pub message: Vec<u8>,
    pub owner: Signed,
    pub ipv6: bool,
}

/// What time it is.
pub(super) fn now() -> Now {
    let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono: Instant::now(), unix_secs: unix.as_secs() }
}

/// Makes an allocation, if there is a place for it, and serves it until its time is over or the client has
/// ended it or is gone.
pub(super) async fn run(
    shared: Arc<Shared>,
    way: Way,
    wanted: Wanted,
    inbox: mpsc::Receiver<Vec<u8>>,
) {
    let Wanted { message, owner, ipv6 } = wanted;
    let Some(request) = request::read(&message) else { return };
    let place = shared.places.take(owner.user.account.clone());
    let opened = match &place {
        Ok(_) => open(&shared, ipv6),
        Err(Full::OfOne) => Err(ErrorCode::ALLOCATION_QUOTA_REACHED),
        Err(Full::All) => Err(ErrorCode::INSUFFICIENT_CAPACITY),
    };
    let (socket, relayed) = match opened {
        Ok(opened) => opened,
        Err(code) => {
            Counts::refused(code);
            if let Some(refusal) = request::refusal(&request, code, Some(&owner.user.key)) {
                way.send(&shared, refusal);
            }
            return;
        }
    };
    let made = Allocation::new(&request, owner, way.client(), relayed, now());
    let Some(allocation) = made else { return };
    way.send(&shared, allocation.made());
    let _counted = Running::new(&shared.counts.running);
    let inner = None;
    Relay { shared: Arc::clone(&shared), way, allocation, socket, inner }.serve(inbox).await;
}

struct Running(Gauge);

impl Running {
    fn new(gauge: &Gauge) -> Self {
        gauge.increment(1.0);
        Self(gauge.clone())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

struct Relay {
    shared: Arc<Shared>,
    way: Way,
    allocation: Allocation,
    socket: UdpSocket,
    /// Stands for the public address where no interface has it: what it receives comes from there.
    inner: Option<UdpSocket>,
}

impl Relay {
    async fn serve(mut self, mut inbox: mpsc::Receiver<Vec<u8>>) {
        let (mut outer, mut inner) = ([0; RECEIVE_BYTES], [0; RECEIVE_BYTES]);
        loop {
            tokio::select! {
                message = inbox.recv() => {
                    let Some(message) = message else { return };
                    if self.handle_client(&message).await { return }
                }
                received = self.socket.recv_from(&mut outer) => {
                    // An error is the echo of an earlier send.
                    if let Ok((len, peer)) = received {
                        // What stands for the public address would come in by itself.
                        self.handle_peer(peer, &outer[..len]);
                    }
                }
                len = receive(self.inner.as_ref(), &mut inner) => {
                    if let (Ok(len), Some(public)) = (len, self.shared.policy.hidden()) {
                        self.handle_peer(public, &inner[..len]);
                    }
                }
                () = tokio::time::sleep_until(self.allocation.ends_at.into()) => return,
            }
        }
    }

    /// `true`: it has ended the allocation.
    async fn handle_client(&mut self, message: &[u8]) -> bool {
        let shared = Arc::clone(&self.shared);
        match self.allocation.handle(message, &shared.secrets, &shared.policy, now()) {
            Act::Nothing => {}
            Act::Reply(reply) => self.way.send(&shared, reply),
            Act::Relay { to, bytes } => {
                let Some(bytes) = message.get(bytes) else { return false };
                if self.send(to, bytes).is_ok() {
                    shared.counts.up.increment(bytes.len() as u64);
                }
            }
            Act::End(reply) => {
                self.way.send(&shared, reply);
                return true;
            }
        }
        false
    }

    /// What the kernel has no place for is lost.
    fn send(&mut self, to: SocketAddr, bytes: &[u8]) -> io::Result<usize> {
        match self.shared.policy.verdict(to) {
            Verdict::Refused => Err(io::ErrorKind::PermissionDenied.into()),
            Verdict::Media(at) if at != to => {
                let inner = match &mut self.inner {
                    Some(inner) => inner,
                    none => none.insert(connected_to(at)?),
                };
                inner.try_send(bytes)
            }
            Verdict::Media(_) | Verdict::Outside => self.socket.try_send_to(bytes, to),
        }
    }

    fn handle_peer(&mut self, peer: SocketAddr, bytes: &[u8]) {
        let policy = &self.shared.policy;
        if let Some(message) = self.allocation.handle_peer(peer, bytes, policy, Instant::now()) {
            self.shared.counts.down.increment(bytes.len() as u64);
            self.way.send(&self.shared, message);
        }
    }
}

async fn receive(socket: Option<&UdpSocket>, buffer: &mut [u8]) -> io::Result<usize> {
    match socket {
        Some(socket) => socket.recv(buffer).await,
        None => std::future::pending().await,
    }
}

/// A socket for our own media and nobody else.
fn connected_to(media: SocketAddr) -> io::Result<UdpSocket> {
    let socket = std::net::UdpSocket::bind((media.ip(), 0))?;
    socket.connect(media)?;
    socket.set_nonblocking(true)?;
    UdpSocket::from_std(socket)
}

/// Opens a relay socket, and says under which address others reach it.
fn open(shared: &Shared, ipv6: bool) -> Result<(UdpSocket, SocketAddr), u16> {
    let unsupported = ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED;
    let told = shared.told.iter().find(|ip| ip.is_ipv6() == ipv6).ok_or(unsupported)?;
    let any: IpAddr =
        if ipv6 { Ipv6Addr::UNSPECIFIED.into() } else { Ipv4Addr::UNSPECIFIED.into() };
    let local = shared.bind.filter(|bind| !bind.is_unspecified()).unwrap_or(any);
    if local.is_ipv6() != ipv6 {
        return Err(unsupported);
    }
    let (first, last) = (*shared.ports.start(), *shared.ports.end());
    let count = u32::from(last.saturating_sub(first)) + 1;
    let offset = rand::random_range(0..count);
    (0..count)
        .map(|at| first + ((offset + at) % count) as u16)
        .find_map(|port| Some((bind(SocketAddr::new(local, port)).ok()?, port)))
        .map(|(socket, port)| (socket, SocketAddr::new(*told, port)))
        .ok_or(ErrorCode::INSUFFICIENT_CAPACITY)
}

fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    if address.is_ipv6() {
        // IPv4 must not come or go in IPv6's clothes.
        socket.set_only_v6(true)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    UdpSocket::from_std(socket.into())
}
