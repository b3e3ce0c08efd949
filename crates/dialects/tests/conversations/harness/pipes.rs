//! Sockets by the thousand: pipes in memory to the same routes, each from an address of its own, so that no
//! machine runs out of files.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use super::{Wire, soon};

/// Bytes under way in each direction.
const BUFFER: usize = 64 * 1024;

/// The way in.
pub struct Pipes {
    opened: mpsc::UnboundedSender<(DuplexStream, Whence)>,
    count: AtomicU32,
}

#[derive(Clone, Copy, Debug)]
struct Whence(SocketAddr);

struct Incoming(mpsc::UnboundedReceiver<(DuplexStream, Whence)>);

impl Pipes {
    /// To these routes.
    pub fn new(router: Router) -> Self {
        let (opened, incoming) = mpsc::unbounded_channel();
        let service = router.layer(from_fn(with_address));
        let service = service.into_make_service_with_connect_info::<Whence>();
        // Ends with the test's runtime.
        tokio::spawn(async move { axum::serve(Incoming(incoming), service).await });
        Self { opened, count: AtomicU32::new(0) }
    }

    /// Opens a WebSocket, from an address that no other has.
    pub async fn open(&self, path: &str) -> Wire {
        let (ours, theirs) = tokio::io::duplex(BUFFER);
        let number = self.count.fetch_add(1, Ordering::SeqCst);
        let [_, a, b, c] = number.to_be_bytes();
        let address = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(10, a, b, c)), 50_000);
        assert!(self.opened.send((theirs, Whence(address))).is_ok());
        let opening = tokio_tungstenite::client_async(format!("ws://pipe{path}"), ours);
        let (socket, _) = soon("the upgrade", opening).await.unwrap();
        Wire::over(socket)
    }
}

impl Listener for Incoming {
    type Io = DuplexStream;
    type Addr = Whence;

    async fn accept(&mut self) -> (DuplexStream, Whence) {
        match self.0.recv().await {
            Some(opened) => opened,
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Whence> {
        Ok(Whence(SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0)))
    }
}

impl Connected<IncomingStream<'_, Incoming>> for Whence {
    fn connect_info(stream: IncomingStream<'_, Incoming>) -> Self {
        *stream.remote_addr()
    }
}

/// As the routes look for it.
async fn with_address(
    ConnectInfo(Whence(address)): ConnectInfo<Whence>,
    mut request: Request,
    next: Next,
) -> Response {
    request.extensions_mut().insert(ConnectInfo(address));
    next.run(request).await
}
