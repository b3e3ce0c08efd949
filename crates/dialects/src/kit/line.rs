//! A WebSocket with somebody behind it: the one loop that asks for a sign of life and notices when none
//! comes. What is said on it, and what it means, is its owner's.

use std::pin::pin;
use std::time::Instant;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use serde::Serialize;
use tokio::time::Interval;

use super::socket::{Closed, PING_EVERY, SILENT_MAX, say_goodbye, send_within};

/// An open socket.
pub(crate) struct Line {
    socket: WebSocket,
    pings: Interval,
    heard_at: Instant,
}

/// What there is to deal with next.
pub(crate) enum Next<T> {
    /// What else was waited for.
    Other(T),
    /// Text.
    Text(Utf8Bytes),
    /// Bytes.
    Binary,
    /// A ping or a pong: somebody is there.
    Sign,
}

impl Line {
    /// Over an open socket.
    pub(crate) fn new(socket: WebSocket) -> Self {
        let pings = tokio::time::interval(PING_EVERY);
        Self { socket, pings, heard_at: Instant::now() }
    }

    /// The next thing that comes, from the client or from elsewhere; sees to pings meanwhile. What else is
    /// waited for is dropped when the client says something first.
    pub(crate) async fn next<T>(
        &mut self,
        other: impl Future<Output = T>,
    ) -> Result<Next<T>, Closed> {
        let mut other = pin!(other);
        loop {
            tokio::select! {
                came = &mut other => return Ok(Next::Other(came)),
                message = self.socket.recv() => {
                    let Some(Ok(message)) = message else { return Err(Closed) };
                    self.heard_at = Instant::now();
                    return match message {
                        Message::Text(text) => Ok(Next::Text(text)),
                        Message::Binary(_) => Ok(Next::Binary),
                        Message::Ping(_) | Message::Pong(_) => Ok(Next::Sign),
                        Message::Close(_) => Err(Closed),
                    };
                }
                _ = self.pings.tick() => {
                    if self.heard_at.elapsed() >= SILENT_MAX {
                        return Err(Closed);
                    }
                    send_within(&mut self.socket, Message::Ping(Default::default())).await?;
                }
            }
        }
    }

    /// Sends a frame as JSON text.
    pub(crate) async fn send(&mut self, frame: &impl Serialize) -> Result<(), Closed> {
        send_json(&mut self.socket, frame).await
    }

    /// Says goodbye. Nothing comes after it.
    pub(crate) async fn close(&mut self, code: u16, reason: &'static str) -> Closed {
        say_goodbye(&mut self.socket, code, reason).await;
        Closed
    }
}

/// Sends a frame as JSON text, unless the other side has ceased to read.
pub(crate) async fn send_json(
    socket: &mut WebSocket,
    frame: &impl Serialize,
) -> Result<(), Closed> {
    let text = serde_json::to_string(frame).map_err(|_| Closed)?;
    send_within(socket, Message::Text(text.into())).await
}
