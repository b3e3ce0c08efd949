//! One socket: frames in and out, in the client's envelope, packed if it asked for that.

use std::time::Instant;

use axum::extract::ws::{Message, WebSocket};

use super::close::Close;
use super::compression::{pack, unpack};
use super::dispatch::Dispatch;
use super::envelope::{Envelope, Said, hello};
use super::limits::MessageRate;
use crate::kit::{Closed, say_goodbye, send_within};

/// The largest message taken from a client, in bytes, packed or not: the largest that is of use fits
/// several times.
pub(super) const MESSAGE_MAX: usize = 16 * 1024;
/// What is read of a larger one, so that it can be told why. What is larger still is cut off.
pub(super) const READ_MAX: usize = 4 * MESSAGE_MAX;

/// How a connection ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By us, for this reason.
    Close(Close),
    /// The client has gone.
    Gone,
}

impl From<Close> for End {
    fn from(close: Close) -> Self {
        Self::Close(close)
    }
}

impl From<Closed> for End {
    fn from(Closed: Closed) -> Self {
        Self::Gone
    }
}

/// What comes from a client.
#[derive(Debug)]
pub(super) enum Heard {
    /// It is there.
    Sign,
    /// A message.
    Said(Said),
}

/// An open socket.
pub(super) struct Wire {
    socket: WebSocket,
    packed: bool,
    /// Decided by the client's first message.
    envelope: Option<Envelope>,
    rate: MessageRate,
}

impl Wire {
    /// `packed`: frames go out as zstd, and may come in so.
    pub(super) fn new(socket: WebSocket, packed: bool) -> Self {
        Self { socket, packed, envelope: None, rate: MessageRate::default() }
    }

    /// What comes next.
    pub(super) async fn recv(&mut self) -> Result<Heard, End> {
        match self.socket.recv().await {
            None | Some(Ok(Message::Close(_))) => Err(End::Gone),
            // No frame of the protocol, or far too large. Where the network broke nobody hears the reason.
            Some(Err(_)) => Err(Close::Decode.into()),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(Heard::Sign),
            Some(Ok(Message::Text(text))) => Ok(Heard::Said(self.read(text.as_str())?)),
            Some(Ok(Message::Binary(bytes))) => {
                if !self.packed {
                    return Err(Close::Decode.into());
                }
                let text = unpack(&bytes, MESSAGE_MAX).ok_or(Close::Decode)?;
                Ok(Heard::Said(self.read(&text)?))
            }
        }
    }

    fn read(&mut self, text: &str) -> Result<Said, Close> {
        if !self.rate.allows(Instant::now()) {
            return Err(Close::RateLimited);
        }
        if text.len() > MESSAGE_MAX {
            return Err(Close::Decode);
        }
        let said = Said::parse(text).map_err(|_| Close::Decode)?;
        self.envelope.get_or_insert(said.envelope);
        Ok(said)
    }

    /// The first message of all.
    pub(super) async fn hello(&mut self, heartbeat_interval_ms: u128) -> Result<(), End> {
        self.send_text(hello(heartbeat_interval_ms)).await
    }

    /// An event with its number.
    pub(super) async fn dispatch(&mut self, seq: u64, dispatch: &Dispatch) -> Result<(), End> {
        self.send(dispatch.kind(), Some(seq), dispatch.data()).await
    }

    /// A message that is no event.
    pub(super) async fn say(&mut self, kind: &str, data: &str) -> Result<(), End> {
        self.send(kind, None, data).await
    }

    async fn send(&mut self, kind: &str, seq: Option<u64>, data: &str) -> Result<(), End> {
        let envelope = self.envelope.unwrap_or(Envelope::Typed);
        self.send_text(envelope.wrap(kind, seq, data)).await
    }

    async fn send_text(&mut self, text: String) -> Result<(), End> {
        let message = if self.packed {
            Message::Binary(pack(&text).ok_or(Close::UnknownError)?.into())
        } else {
            Message::Text(text.into())
        };
        Ok(send_within(&mut self.socket, message).await?)
    }

    /// Asks for a sign of life.
    pub(super) async fn ping(&mut self) -> Result<(), End> {
        Ok(send_within(&mut self.socket, Message::Ping(Default::default())).await?)
    }

    /// The last word.
    pub(super) async fn goodbye(&mut self, close: Close) {
        say_goodbye(&mut self.socket, close.code(), close.reason()).await;
    }
}
