//! The TCP ports of the relay, with TLS and without, told apart by the first byte. A connection has one allocation
//! at a time, which ends with it (RFC 8656 section 3.1).

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::chunk::{Broken, Chunks};
use super::desk::{self, Said};
use super::relay::{INBOX_MAX, Shared, Wanted, Way, now, run};
use crate::socket::plain;
use crate::stream::{Places, subscriber};

/// Connections at once, and of one address (a /64 of IPv6). Each is a file descriptor, a task and its buffers.
const CONNECTIONS_MAX: usize = 1024;
const CONNECTIONS_PER_ADDRESS_MAX: usize = 128;
/// The first byte, the TLS handshake, and each message once it has begun, must be there by then; without an allocation
/// the next message, too.
const PATIENCE: Duration = Duration::from_secs(10);
/// Messages that wait for a connection. More would only be later: what finds no place is dropped.
const QUEUE_MAX: usize = 256;
/// A client that takes nothing for this long is gone.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// Data that a client does not acknowledge for this long means it is gone.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(20);
const READ_BYTES: usize = 4096;
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);
/// The first byte of a TLS record with a handshake (RFC 8446 section 5.1).
const TLS_HANDSHAKE: u8 = 0x16;

/// Places for connections of all ports.
pub(super) fn places() -> Arc<Places<IpAddr>> {
    Places::new(CONNECTIONS_MAX, CONNECTIONS_PER_ADDRESS_MAX)
}

/// Serves a port until the task is ended.
pub(super) async fn serve(
    tcp: TcpListener,
    tls: Option<TlsAcceptor>,
    shared: Arc<Shared>,
    places: Arc<Places<IpAddr>>,
) {
    loop {
        let Ok((stream, client)) = tcp.accept().await else {
            tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            continue;
        };
        let client = plain(client);
        let Ok(place) = places.take(subscriber(client.ip())) else {
            counter!("parlor_turn_connections_refused_total").increment(1);
            continue;
        };
        let (tls, shared) = (tls.clone(), Arc::clone(&shared));
        tokio::spawn(async move {
            let _place = place;
            // Whatever ends it is the client's own affair.
            let _ = greet(stream, tls, client, shared).await;
        });
    }
}

async fn greet(
    stream: TcpStream,
    tls: Option<TlsAcceptor>,
    client: SocketAddr,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(&stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
    let mut first = [0];
    timeout(PATIENCE, stream.peek(&mut first)).await??;
    match (first[0], tls) {
        (TLS_HANDSHAKE, Some(tls)) => {
            let stream = timeout(PATIENCE, tls.accept(stream)).await??;
            converse(stream, client, shared).await
        }
        (TLS_HANDSHAKE, None) => Err(io::ErrorKind::Unsupported.into()),
        _ => converse(stream, client, shared).await,
    }
}

async fn converse<S: AsyncRead + AsyncWrite>(
    stream: S,
    client: SocketAddr,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let (reader, writer) = tokio::io::split(stream);
    let (queue, outgoing) = mpsc::channel(QUEUE_MAX);
    tokio::select! {
        read = listen(reader, Way::Stream { queue, client }, shared) => read,
        written = write(writer, outgoing) => written,
    }
}

async fn write<S: AsyncWrite>(
    mut writer: WriteHalf<S>,
    mut outgoing: mpsc::Receiver<Vec<u8>>,
) -> io::Result<()> {
    while let Some(message) = outgoing.recv().await {
        timeout(WRITE_WITHIN, writer.write_all(&message)).await??;
        if outgoing.is_empty() {
            timeout(WRITE_WITHIN, writer.flush()).await??;
        }
    }
    Ok(())
}

async fn listen<S: AsyncRead>(
    reader: ReadHalf<S>,
    way: Way,
    shared: Arc<Shared>,
) -> io::Result<()> {
    let mut reader = Reader { half: reader, chunks: Chunks::default(), begun: false };
    let mut allocation: Option<mpsc::Sender<Vec<u8>>> = None;
    loop {
        let next = timeout(PATIENCE, reader.next()).await;
        let alive = allocation.as_ref().is_some_and(|inbox| !inbox.is_closed());
        let mut message = match next {
            Ok(message) => message?,
            Err(_) if alive && !reader.begun => continue,
            Err(late) => return Err(late.into()),
        };
        if let Some(inbox) = &allocation {
            // Waits: the connection is the queue behind this one.
            match inbox.send(message).await {
                Ok(()) => continue,
                Err(unsent) => message = unsent.0,
            }
            allocation = None;
        }
        match desk::look(&message, way.client(), &shared.secrets, now()) {
            Said::Nothing => {}
            Said::Reply(reply) => way.send(&shared, reply),
            Said::Allocate { owner, ipv6 } => {
                let (sender, inbox) = mpsc::channel(INBOX_MAX);
                let wanted = Wanted { message, owner, ipv6 };
                tokio::spawn(run(Arc::clone(&shared), way.clone(), wanted, inbox));
                allocation = Some(sender);
            }
        }
    }
}

struct Reader<S> {
    half: ReadHalf<S>,
    chunks: Chunks,
    /// A message has begun and is not whole.
    begun: bool,
}

impl<S: AsyncRead> Reader<S> {
    /// The next message. Nothing is lost when this is dropped half-way.
    async fn next(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = [0; READ_BYTES];
        loop {
            let next = self.chunks.next();
            let next = next.map_err(|Broken| io::Error::from(io::ErrorKind::InvalidData))?;
            if let Some(message) = next {
                let message = message.to_vec();
                self.begun = !self.chunks.is_empty();
                return Ok(message);
            }
            match self.half.read(&mut bytes).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                len => {
                    self.chunks.push(&bytes[..len]);
                    self.begun = true;
                }
            }
        }
    }
}
