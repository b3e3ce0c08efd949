//! The one TCP port: TLS, plain HTTP and media told apart by the first byte.
//!
//! Handshakes run beside each other: a client that connects and says nothing holds up nobody, and is
//! soon dropped. `connections` takes what is ready and speaks HTTP on it; media goes to `net`.

mod first;
pub mod media;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use first::{Kind, kind};
use http::uri::Scheme;
use metrics::counter;
use net::Media;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// The whole TLS handshake must be done by then.
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// Connections at once, sockets of members included: each is a file descriptor and some tens of KiB.
/// When there are as many, the next ones wait in the [`BACKLOG`].
const CONNECTIONS_MAX: usize = 8192;
/// Connections that have not said a byte yet. With as many, the next ones are closed at once: they cost
/// nothing, and nobody else waits behind them.
const UNDECIDED_MAX: usize = 1024;
/// Connections that may wait for the HTTP service. More would only hide that it is too slow.
const READY_MAX: usize = 128;
/// Data that a peer does not acknowledge for this long means it is gone; with the default of minutes a
/// vanished client would stay in its room.
const UNACKNOWLEDGED_MAX: Duration = Duration::from_secs(10);
/// How long accepting rests after an error.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Connections that wait to be accepted. More helps a burst of reconnecting clients after a restart.
const BACKLOG: i32 = 1024;

/// Opens the port: on one address, or on all of both families where the system has IPv6.
pub fn bind(address: Option<IpAddr>, port: u16) -> io::Result<TcpListener> {
    let all_v6 = || open(SocketAddr::new(Ipv6Addr::UNSPECIFIED.into(), port));
    let all_v4 = || open(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port));
    match address {
        Some(address) => open(SocketAddr::new(address, port)),
        None => all_v6().or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Err(error),
            // No IPv6 on this machine.
            _ => all_v4(),
        }),
    }
}

fn open(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(false)?;
    }
    // A restart must not wait for connections of the last run to time out.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    TcpListener::from_std(socket.into())
}

/// Connections that are ready for HTTP. Dropping it closes the port.
pub struct Doorway {
    ready: mpsc::Receiver<(Connection, SocketAddr)>,
}

/// A connection. It counts until it is dropped, a WebSocket's too.
pub struct Connection {
    stream: Stream,
    _place: OwnedSemaphorePermit,
}

/// With TLS or without.
enum Stream {
    /// As it came.
    Plain(TcpStream),
    /// With TLS.
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection {
    /// What is spoken on it.
    pub fn scheme(&self) -> Scheme {
        match self.stream {
            Stream::Plain(_) => Scheme::HTTP,
            Stream::Tls(_) => Scheme::HTTPS,
        }
    }
}

impl Doorway {
    /// Begins to accept. `media`: who takes media; without it such connections are closed.
    pub fn open(tcp: TcpListener, tls: Option<TlsAcceptor>, media: Option<Media>) -> Self {
        let (sender, ready) = mpsc::channel(READY_MAX);
        tokio::spawn(accept_all(tcp, Behind { tls, media, ready: sender }));
        Self { ready }
    }

    /// The next connection and where it comes from.
    pub async fn accept(&mut self) -> (Connection, SocketAddr) {
        match self.ready.recv().await {
            Some(accepted) => accepted,
            // The accepting task never ends before this does.
            None => std::future::pending().await,
        }
    }
}

/// Where connections go.
#[derive(Clone)]
struct Behind {
    tls: Option<TlsAcceptor>,
    media: Option<Media>,
    ready: mpsc::Sender<(Connection, SocketAddr)>,
}

async fn accept_all(tcp: TcpListener, behind: Behind) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let undecided_places = Arc::new(Semaphore::new(UNDECIDED_MAX));
    loop {
        let accepted = async {
            let place = place(&places).await;
            tcp.accept().await.map(|(stream, address)| (stream, address, place))
        };
        let accepted = tokio::select! {
            accepted = accepted => accepted,
            () = behind.ready.closed() => return,
        };
        let (stream, address, place) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // One connection's error passes by itself; for want of file descriptors, wait.
                tracing::warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        let Some(undecided) = undecided(&undecided_places) else { continue };
        let behind = behind.clone();
        tokio::spawn(async move {
            set_up(&stream);
            let kind = kind(&stream).await;
            drop(undecided);
            if let (Some(kind), Some(place)) = (kind, place) {
                behind.take(kind, stream, place, address).await;
            }
        });
    }
}

impl Behind {
    /// Gives a connection to whom it is for. One that is for nobody is closed.
    async fn take(
        self,
        kind: Kind,
        stream: TcpStream,
        place: OwnedSemaphorePermit,
        address: SocketAddr,
    ) {
        let stream = match (kind, self.tls, self.media) {
            (Kind::Media, _, Some(media)) => return media.take_stream(stream, place),
            (Kind::Tls, Some(acceptor), _) => {
                let shaken = tokio::time::timeout(HANDSHAKE_WITHIN, acceptor.accept(stream)).await;
                let Ok(Ok(stream)) = shaken else { return };
                Stream::Tls(Box::new(stream))
            }
            (Kind::Http, ..) => Stream::Plain(stream),
            (Kind::Media | Kind::Tls | Kind::Other, ..) => return,
        };
        // The service has stopped: nobody is served any more.
        let _ = self.ready.send((Connection { stream, _place: place }, address)).await;
    }
}

/// A place among [`UNDECIDED_MAX`], if there is one just now.
fn undecided(places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    let place = Arc::clone(places).try_acquire_owned().ok();
    if place.is_none() {
        counter!("parlor_connections_refused_total").increment(1);
    }
    place
}

/// A place among [`CONNECTIONS_MAX`], as soon as there is one.
async fn place(places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    if places.available_permits() == 0 {
        tracing::warn!("{CONNECTIONS_MAX} connections are open; the next ones wait");
    }
    // Nobody closes the semaphore.
    Arc::clone(places).acquire_owned().await.ok()
}

/// Frames are small and wanted now. Without these options the connection still works.
fn set_up(stream: &TcpStream) {
    let _ = stream.set_nodelay(true);
    #[cfg(target_os = "linux")]
    let _ = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(UNACKNOWLEDGED_MAX));
}

impl AsyncRead for Connection {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
