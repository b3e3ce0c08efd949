//! A follower of a session's channel over WebSocket.

use serde_json::Value;
use tokio_tungstenite::tungstenite::{self, Message};

use super::wire::{Wire, connect};
use super::{Person, Server};

/// An open stream. Every frame is held against the AsyncAPI document, and its number against the last.
pub struct Events {
    wire: Wire,
    checker: Checker,
}

/// What must hold of all frames of one stream.
pub struct Checker {
    server: Server,
    last_seq: u64,
}

impl Checker {
    pub fn new(server: &Server, after: Option<u64>) -> Self {
        Self { server: server.clone(), last_seq: after.unwrap_or(0) }
    }

    #[track_caller]
    pub fn check(&mut self, frame: &Value) {
        let (kind, seq) = (frame["type"].as_str().unwrap(), frame["seq"].as_u64().unwrap());
        let reference = format!("#/components/messages/{kind}/payload");
        let schema = self.server.stream.resolve(&reference);
        let objections = self.server.stream.objections(frame, schema);
        assert!(objections.is_empty(), "{kind}: {objections:?}");
        match kind {
            // A state of a later life, or when resuming was not possible, stands by itself.
            "state" => {}
            // Answers to the client are no events: they carry the number of the last one.
            "error" => assert_eq!(seq, self.last_seq, "{frame}"),
            _ => assert!(seq > self.last_seq, "{seq} after {}: {frame}", self.last_seq),
        }
        self.last_seq = seq;
    }

    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }
}

impl Events {
    /// Opens, expecting the upgrade.
    pub async fn open(who: &Person, path: &str, after: Option<u64>) -> Self {
        let after_query = after.map(|seq| format!("&after={seq}")).unwrap_or_default();
        let path = format!("{path}?token={}{after_query}", who.token);
        let wire = Wire::open(&who.server.url("ws", &path)).await;
        Self { wire, checker: Checker::new(&who.server, after) }
    }

    /// What the upgrade is refused with: status and body.
    pub async fn refused(server: &Server, path: &str, token: Option<&str>) -> (u16, Value) {
        match connect(&server.url("ws", path), token).await {
            Err(tungstenite::Error::Http(response)) => {
                let body = response.body().as_deref().unwrap_or_default();
                (response.status().as_u16(), serde_json::from_slice(body).unwrap_or_default())
            }
            Err(other) => panic!("{path}: {other}"),
            Ok(_) => panic!("{path}: upgraded"),
        }
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        let frame = self.wire.frame().await;
        self.checker.check(&frame);
        frame
    }

    /// The next frame, which has this type.
    #[track_caller]
    pub fn expect(&mut self, kind: &'static str) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let frame = self.next().await;
            assert_eq!(frame["type"], kind, "at {place}: {frame:#}");
            frame
        }
    }

    /// All frames up to the one of this type.
    pub async fn until(&mut self, kind: &str) -> Vec<Value> {
        let mut frames = vec![self.next().await];
        while frames.last().unwrap()["type"] != kind {
            frames.push(self.next().await);
        }
        frames
    }

    /// The close frame, which comes next.
    pub async fn closed(&mut self) -> (u16, String) {
        self.wire.closed().await
    }

    /// Whatever ends the socket, without caring how: frames before it are dropped.
    pub async fn cut_off(&mut self) {
        self.wire.cut_off().await;
    }

    /// The number of the last frame.
    pub fn seq(&self) -> u64 {
        self.checker.last_seq()
    }

    /// Sends any message.
    pub async fn send(&mut self, message: Message) {
        self.wire.send(message).await;
    }

    /// Sends a text frame.
    pub async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// The next message, pings and pongs included.
    pub async fn raw(&mut self) -> Message {
        self.wire.raw().await
    }
}
