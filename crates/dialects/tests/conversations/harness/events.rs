//! A follower of a session's channel over WebSocket.

use futures_util::stream::SplitSink;
use futures_util::{SinkExt, StreamExt};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::{Person, Server, soon};

/// An open stream. Every frame is held against the AsyncAPI document, and its number against the last.
pub struct Events {
    sink: SplitSink<Socket, Message>,
    messages: mpsc::UnboundedReceiver<tungstenite::Result<Message>>,
    checker: Checker,
    /// Reads while nobody waits for a frame: pings are answered on a slow machine, too. Ends with this.
    _reader: JoinSet<()>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

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
        let opened = connect(&who.server.url("ws", &path), None).await;
        let socket = opened.unwrap_or_else(|refused| panic!("no upgrade: {refused}"));
        let (sink, mut stream) = socket.split();
        let (queue, messages) = mpsc::unbounded_channel();
        let mut reader = JoinSet::new();
        reader.spawn(async move {
            while let Some(message) = stream.next().await {
                if queue.send(message).is_err() {
                    break;
                }
            }
        });
        Self { sink, messages, checker: Checker::new(&who.server, after), _reader: reader }
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
        match self.message().await {
            Message::Text(text) => {
                let frame = serde_json::from_str(text.as_str()).unwrap();
                self.checker.check(&frame);
                frame
            }
            other => panic!("no text: {other:?}"),
        }
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
        match self.message().await {
            Message::Close(Some(frame)) => (frame.code.into(), frame.reason.as_str().to_owned()),
            other => panic!("no close frame: {other:?}"),
        }
    }

    /// Whatever ends the socket, without caring how: frames before it are dropped.
    pub async fn cut_off(&mut self) {
        let over = async { while let Some(Ok(_)) = self.messages.recv().await {} };
        soon("the end of the socket", over).await;
    }

    /// The number of the last frame.
    pub fn seq(&self) -> u64 {
        self.checker.last_seq()
    }

    /// Sends any message.
    pub async fn send(&mut self, message: Message) {
        soon("sending", self.sink.send(message)).await.unwrap();
    }

    /// Sends a text frame.
    pub async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::text(text.into())).await;
    }

    /// The next message, pings and pongs included.
    pub async fn raw(&mut self) -> Message {
        soon("a message", self.messages.recv()).await.expect("the socket is open").unwrap()
    }

    async fn message(&mut self) -> Message {
        loop {
            let message = self.raw().await;
            if !matches!(message, Message::Ping(_) | Message::Pong(_)) {
                return message;
            }
        }
    }
}

async fn connect(url: &str, token: Option<&str>) -> tungstenite::Result<Socket> {
    let mut request = url.into_client_request()?;
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    let opened = soon("the upgrade", tokio_tungstenite::connect_async(request)).await;
    opened.map(|(socket, _)| socket)
}
