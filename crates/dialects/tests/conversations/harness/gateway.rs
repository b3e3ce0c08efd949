//! The gateway as a Vox client uses it, in either envelope, packed or not.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Person, Server, Wire};

/// How messages are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// `type`, `seq`, `d`: the public SDK's.
    Typed,
    /// `event`, `seq`, `data`: the seed's.
    Evented,
}

/// A message of the server's.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub kind: String,
    pub seq: Option<u64>,
    pub data: Value,
}

/// An open gateway. Every frame is held against the AsyncAPI document, and its number against the last.
pub struct Gateway {
    server: Server,
    wire: Wire,
    envelope: Envelope,
    packed: bool,
    /// The number of the last event.
    pub seq: u64,
    /// Of `ready`, or what was resumed.
    pub session: String,
}

impl Envelope {
    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Typed => ("type", "d"),
            Self::Evented => ("event", "data"),
        }
    }

    /// A client's message.
    pub fn wrap(self, kind: &str, data: Value) -> Value {
        let (kind_key, data_key) = self.keys();
        let mut message = json!({ kind_key: kind });
        if !data.is_null() {
            message[data_key] = data;
        }
        message
    }
}

impl Gateway {
    /// Opens, with a query or none, and reads `hello`.
    pub async fn open(server: &Server, envelope: Envelope, query: &str) -> Self {
        let mut gateway = Self::at(server, envelope, query).await;
        let hello = gateway.raw().await;
        gateway.check("hello", &hello);
        let interval = json!({ "heartbeat_interval": 45_000 });
        let expect = json!({ "type": "hello", "event": "hello", "d": interval, "data": interval });
        assert_eq!(hello, expect);
        gateway
    }

    /// Opens; nothing has been read.
    pub async fn at(server: &Server, envelope: Envelope, query: &str) -> Self {
        let wire = Wire::open(&server.url("ws", &format!("/gateway{query}"))).await;
        Self::over(server, envelope, wire, query)
    }

    fn over(server: &Server, envelope: Envelope, wire: Wire, query: &str) -> Self {
        let packed = query.contains("compress=zstd");
        let (server, session) = (server.clone(), String::new());
        Self { server, wire, envelope, packed, seq: 0, session }
    }

    /// Says who it is, and reads `ready`.
    pub async fn identify(&mut self, who: &Person) -> Value {
        self.say("identify", json!({ "token": who.token, "protocol_version": 1 })).await;
        let ready = self.expect("ready").await;
        assert_eq!(self.seq, 1);
        self.session = ready["session_id"].as_str().unwrap().to_owned();
        ready
    }

    /// Another connection for a session, which has the events up to this one.
    pub async fn back(who: &Person, envelope: Envelope, session: &str, last_seq: u64) -> Self {
        let mut gateway = Self::open(&who.server, envelope, "").await;
        gateway.resume(who, session, last_seq).await;
        gateway
    }

    /// Asks to come back, without waiting for what comes of it.
    pub async fn resume(&mut self, who: &Person, session: &str, last_seq: u64) {
        (self.session, self.seq) = (session.to_owned(), last_seq);
        let data = json!({ "token": who.token, "session_id": session, "last_seq": last_seq });
        self.say("resume", data).await;
    }

    /// Sends a message in the envelope; null: without data.
    pub async fn say(&mut self, kind: &str, data: Value) {
        let message = self.envelope.wrap(kind, data).to_string();
        self.wire.send(Message::text(message)).await;
    }

    /// Sends anything.
    pub async fn send(&mut self, message: Message) {
        self.wire.send(message).await;
    }

    /// The next message.
    pub async fn next(&mut self) -> Told {
        let frame = self.raw().await;
        let (kind_key, data_key) = self.envelope.keys();
        let kind = frame[kind_key].as_str().unwrap_or_else(|| panic!("no {kind_key}: {frame}"));
        self.check(kind, &frame);
        let seq = frame.get("seq").map(|seq| seq.as_u64().unwrap());
        if let Some(seq) = seq {
            assert_eq!(seq, self.seq + 1, "{frame}");
            self.seq = seq;
        }
        assert_eq!(frame.as_object().unwrap().len(), 2 + usize::from(seq.is_some()), "{frame}");
        Told { kind: kind.to_owned(), seq, data: frame[data_key].clone() }
    }

    /// The next message, which has this kind: its data.
    #[track_caller]
    pub fn expect(&mut self, kind: &'static str) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let told = self.next().await;
            assert_eq!(told.kind, kind, "at {place}: {told:?}");
            told.data
        }
    }

    /// The next message, which is an error: its code.
    #[track_caller]
    pub fn refused(&mut self) -> impl Future<Output = String> {
        let error = self.expect("error");
        async move { error.await["code"].as_str().unwrap().to_owned() }
    }

    /// All messages up to the one of this kind, which is the last.
    pub async fn until(&mut self, kind: &str) -> Vec<Told> {
        let mut told = vec![self.next().await];
        while told.last().unwrap().kind != kind {
            told.push(self.next().await);
        }
        told
    }

    /// The next event is this room's coming, which all may see: nothing was told before it.
    #[track_caller]
    pub fn told_nothing_until(&mut self, marker: &super::Room) -> impl Future<Output = ()> {
        let created = self.expect("room_create");
        async move { assert_eq!(created.await["room_id"], marker.id) }
    }

    /// A heartbeat and its answer.
    pub async fn heartbeat(&mut self) {
        self.say("heartbeat", Value::Null).await;
        assert_eq!(self.expect("heartbeat_ack").await, json!({}));
    }

    /// The close frame, which comes next.
    pub async fn closed(&mut self) -> (u16, String) {
        self.wire.closed().await
    }

    /// Closes, and waits until the server has let go.
    pub async fn leave(mut self) -> (String, u64) {
        self.wire.send(Message::Close(None)).await;
        self.wire.cut_off().await;
        (self.session, self.seq)
    }

    /// Ends the connection without a word.
    pub fn cut(self) -> (String, u64) {
        (self.session, self.seq)
    }

    /// The socket itself.
    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    /// The next frame as it is.
    pub async fn raw(&mut self) -> Value {
        let text = match self.wire.message().await {
            Message::Text(text) if !self.packed => text.as_str().to_owned(),
            Message::Binary(bytes) if self.packed => {
                // As the public SDK's decoder does: by the size that the frame says.
                let size = zstd::zstd_safe::get_frame_content_size(&bytes).unwrap();
                let size = size.expect("the frame says its size") as usize;
                String::from_utf8(zstd::bulk::decompress(&bytes, size).unwrap()).unwrap()
            }
            other => panic!("packed: {}: {other:?}", self.packed),
        };
        serde_json::from_str(&text).unwrap()
    }

    #[track_caller]
    fn check(&self, kind: &str, frame: &Value) {
        let reference = format!("#/components/messages/gateway.{kind}/payload");
        let schema = self.server.stream.resolve(&reference);
        let objections = self.server.stream.objections(frame, schema);
        assert!(objections.is_empty(), "{kind}: {objections:?}");
    }
}

impl Person {
    /// Opens a gateway as the public SDK does, and reads `ready`.
    pub async fn gateway(&self) -> Gateway {
        self.gateway_in(Envelope::Typed, "").await
    }

    /// The same in any envelope, with a query.
    pub async fn gateway_in(&self, envelope: Envelope, query: &str) -> Gateway {
        let mut gateway = Gateway::open(&self.server, envelope, query).await;
        gateway.identify(self).await;
        gateway
    }
}
