//! A WebSocket that is a link of a session: what comes from the room and what comes from the client, one
//! after the other, and an end when nobody is behind it.

use axum::extract::ws::{Utf8Bytes, WebSocket};
use serde::Serialize;

use super::follow::{Follow, Told};
use super::line::{Line, Next};
use super::socket::Closed;

/// An open socket of a session. While it lives the member is present.
pub(crate) struct LinkSocket {
    line: Line,
    follow: Follow,
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
        Self { line: Line::new(socket), follow }
    }

    /// The next thing to deal with; sees to pings meanwhile.
    pub(crate) async fn next(&mut self) -> Result<Input, Closed> {
        loop {
            let came = self.line.next(self.follow.recv()).await?;
            let input = match came {
                Next::Other(notice) => {
                    return Ok(Input::Told(self.follow.told(notice).await));
                }
                Next::Text(text) => Some(Input::Text(text)),
                Next::Binary => Some(Input::Binary),
                Next::Sign => None,
            };
            self.follow.mark_heard();
            if let Some(input) = input {
                return Ok(input);
            }
        }
    }

    /// Sends a frame as JSON text.
    pub(crate) async fn send(&mut self, frame: &impl Serialize) -> Result<(), Closed> {
        self.line.send(frame).await
    }

    /// Says goodbye. Nothing comes after it.
    pub(crate) async fn close(&mut self, code: u16, reason: &'static str) -> Closed {
        self.line.close(code, reason).await
    }
}
