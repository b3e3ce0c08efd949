//! Keeping sockets honest: one that nobody is behind must be noticed in time, and a goodbye must arrive.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};

/// How often a client is asked for a sign of life. With [`SILENT_MAX`] this keeps a client that vanished
/// without closing within the ten seconds after which it has left.
pub(crate) const PING_EVERY: Duration = Duration::from_secs(4);

/// A socket that has been silent for this long when the next ping is due has nobody behind it. Less than
/// two pings apart: who vanished right after an answer is noticed at the second ping, after eight
/// seconds, and not at the third. More than one, so that an answer may take three seconds.
pub(crate) const SILENT_MAX: Duration = Duration::from_secs(7);

/// A client that takes nothing for this long, with the buffers in between full, is not there.
const TAKEN_WITHIN: Duration = Duration::from_secs(7);

/// How long a client may take to answer a close frame; a server that stops has three seconds for all.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);
/// Close code for a server that stops (RFC 6455 registry): come back soon.
pub(crate) const SERVICE_RESTART: u16 = 1012;
/// Close code for a watcher that fell behind: come back.
pub(crate) const TRY_AGAIN_LATER: u16 = close_code::AGAIN;

/// The other side is gone, or has been told that this is the end.
pub(crate) struct Closed;

/// Sends, unless the other side has ceased to read.
pub(crate) async fn send_within(socket: &mut WebSocket, message: Message) -> Result<(), Closed> {
    let sent = tokio::time::timeout(TAKEN_WITHIN, socket.send(message)).await;
    sent.map_err(|_| Closed)?.map_err(|_| Closed)
}

/// Says goodbye and waits until it has arrived.
pub(crate) async fn say_goodbye(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame { code, reason: reason.into() };
    // The client may have closed first.
    let _ = send_within(socket, Message::Close(Some(frame))).await;
    // A connection that is dropped with something of the client's unread is reset, and what was sent
    // last is lost. RFC 6455 section 7.1.1: the client's own close frame comes first.
    let answered = async { while let Some(Ok(_)) = socket.recv().await {} };
    let _ = tokio::time::timeout(CLOSED_WITHIN, answered).await;
}
