//! HTTP on each connection, with time limits, until the server stops.
//!
//! axum's own server sets no limit to how long a client may take over its headers; this one does.
//! `serve` calls it.

use std::net::SocketAddr;
use std::pin::pin;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request};
use http::uri::Scheme;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tower::util::MapRequest;

use crate::listener::Doorway;

/// A request's headers must be there this long after the connection or the last request, or the
/// connection is closed. It bounds idle connections too: proxies close theirs after a minute, and one
/// that this side closes first may just carry a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(75);

/// Serves connections until `stopped` is done, then lets the requests that are under way end.
pub async fn serve(doorway: Doorway, routes: Router, stopped: impl Future<Output = ()>) {
    serve_by(http(HEADERS_WITHIN), doorway, routes, stopped).await;
}

async fn serve_by(
    http: Builder<TokioExecutor>,
    mut doorway: Doorway,
    routes: Router,
    stopped: impl Future<Output = ()>,
) {
    let open = GracefulShutdown::new();
    let mut stopped = pin!(stopped);
    loop {
        let (connection, peer) = tokio::select! {
            accepted = doorway.accept() => accepted,
            () = &mut stopped => break,
        };
        let from = from(peer, connection.scheme());
        let service = TowerToHyperService::new(MapRequest::new(routes.clone(), from));
        let served = http.serve_connection_with_upgrades(TokioIo::new(connection), service);
        let served = open.watch(served.into_owned());
        tokio::spawn(async move {
            if let Err(error) = served.await {
                tracing::debug!(error, "a connection ended with an error");
            }
        });
    }
    drop(doorway);
    open.shutdown().await;
}

fn http(headers_within: Duration) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new()).http1_only();
    http.http1().timer(TokioTimer::new()).header_read_timeout(headers_within);
    http
}

/// Adds what handlers ask for about the connection: `ConnectInfo`, and the scheme.
fn from(peer: SocketAddr, scheme: Scheme) -> impl Fn(http::Request<Incoming>) -> Request + Clone {
    move |request| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        request.extensions_mut().insert(scheme.clone());
        request
    }
}

#[cfg(test)]
mod tests {
    use axum::extract::WebSocketUpgrade;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::oneshot;
    use tokio::task::JoinHandle;

    use super::*;

    /// No wait in these tests takes longer.
    const SOON: Duration = Duration::from_secs(20);

    struct Server {
        address: SocketAddr,
        stop: oneshot::Sender<()>,
        serving: JoinHandle<()>,
    }

    async fn started(headers_within: Duration) -> Server {
        let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = tcp.local_addr().unwrap();
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.to_string() };
        let upgrade = |upgrade: WebSocketUpgrade| async { upgrade.on_upgrade(async |_| {}) };
        let routes = Router::new().route("/peer", get(peer)).route("/socket", get(upgrade));
        let (stop, stopped) = oneshot::channel::<()>();
        let stopped = async { stopped.await.unwrap_or_default() };
        let doorway = Doorway::open(tcp, None, None);
        let serving = tokio::spawn(serve_by(http(headers_within), doorway, routes, stopped));
        Server { address, stop, serving }
    }

    /// All that the server says to this until it closes.
    async fn said_to(stream: &mut TcpStream, request: &str) -> String {
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut said = Vec::new();
        let read = tokio::time::timeout(SOON, stream.read_to_end(&mut said)).await;
        read.unwrap().unwrap();
        String::from_utf8_lossy(&said).into_owned()
    }

    #[tokio::test]
    async fn handlers_know_the_peer_and_sockets_open() {
        let server = started(SOON).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = "GET /peer HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
        let said = said_to(&mut stream, request).await;
        assert!(said.ends_with(&stream.local_addr().unwrap().to_string()), "{said}");
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = "GET /socket HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n\
                       Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        let said = said_to(&mut stream, request).await;
        assert!(said.starts_with("HTTP/1.1 101 "), "{said}");
    }

    #[tokio::test]
    async fn slow_headers_are_given_up() {
        let server = started(Duration::from_millis(50)).await;
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let said = said_to(&mut stream, "GET /peer HTTP/1.1\r\nHost: ").await;
        assert!(!said.contains("200 OK"), "{said}");
    }

    #[tokio::test]
    async fn it_ends_when_stopped_whoever_is_still_connected() {
        let server = started(SOON).await;
        let mut idle = TcpStream::connect(server.address).await.unwrap();
        idle.write_all(b"GET /peer HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut first = [0];
        idle.read_exact(&mut first).await.unwrap();
        server.stop.send(()).unwrap();
        tokio::time::timeout(SOON, server.serving).await.unwrap().unwrap();
        let closed = async { while TcpStream::connect(server.address).await.is_ok() {} };
        tokio::time::timeout(SOON, closed).await.unwrap();
    }
}
