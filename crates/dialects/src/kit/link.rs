//! A WebSocket that is a link of a session: what comes from the room and what comes from the client, one
//! after the other, and an end when nobody is behind it.

use std::time::Instant;

use axum::extract::ws::{Message, Utf8Bytes, WebSocket};
use serde::Serialize;
use tokio::time::Interval;

use super::follow::{Follow, Told};
use super::socket::{Closed, PING_EVERY, SILENT_MAX, say_goodbye, send_within};

/// An open socket of a session. While it lives the member is present.
pub(crate) struct LinkSocket {
    socket: WebSocket,
    follow: Follow,
    pings: Interval,
    heard_at: Instant,
}

/// What a socket has to deal with next.
pub(crate) enum Input {
    /// From the room.
    Told(Told),
    /// From the client: text.
    Text(Utf8Bytes),
    /// From the client: bytes, which no link takes.
    Binary,
}

impl LinkSocket {
    /// Over an open socket and a follower that has begun.
    pub(crate) fn new(socket: WebSocket, follow: Follow) -> Self {
        let pings = tokio::time::interval(PING_EVERY);
        Self { socket, follow, pings, heard_at: Instant::now() }
    }

    /// The next thing to deal with; sees to pings meanwhile.
    pub(crate) async fn next(&mut self) -> Result<Input, Closed> {
        loop {
            tokio::select! {
                notice = self.follow.recv() => {
                    return Ok(Input::Told(self.follow.told(notice).await));
                }
                message = self.socket.recv() => {
                    let Some(Ok(message)) = message else { return Err(Closed) };
                    self.heard_at = Instant::now();
                    self.follow.mark_heard();
                    match message {
                        Message::Text(text) => return Ok(Input::Text(text)),
                        Message::Binary(_) => return Ok(Input::Binary),
                        Message::Ping(_) | Message::Pong(_) => {}
                        Message::Close(_) => return Err(Closed),
                    }
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
