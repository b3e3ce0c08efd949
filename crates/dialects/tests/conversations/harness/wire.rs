//! An open WebSocket of any dialect.

use futures_util::{Sink, SinkExt, StreamExt};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::soon;

pub struct Wire {
    sink: Box<dyn Sink<Message, Error = tungstenite::Error> + Send + Unpin>,
    messages: mpsc::UnboundedReceiver<tungstenite::Result<Message>>,
    /// Reads while nobody waits for a frame: pings are answered on a slow machine, too. Ends with this.
    _reader: JoinSet<()>,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

impl Wire {
    /// Opens, expecting the upgrade.
    pub async fn open(url: &str) -> Self {
        Self::open_as(url, None).await
    }

    /// The same with a token in a header.
    pub async fn open_as(url: &str, token: Option<&str>) -> Self {
        let opened = connect(url, token).await;
        Self::over(opened.unwrap_or_else(|refused| panic!("no upgrade: {refused}")))
    }

    /// Over an open socket.
    pub fn over<S>(socket: WebSocketStream<S>) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
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
        let sink = Box::new(sink);
        Self { sink, messages, _reader: reader }
    }

    /// The next frame, which is JSON text.
    pub async fn frame(&mut self) -> Value {
        match self.message().await {
            Message::Text(text) => serde_json::from_str(text.as_str()).unwrap(),
            other => panic!("no text: {other:?}"),
        }
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

    /// Sends any message.
    pub async fn send(&mut self, message: Message) {
        soon("sending", self.sink.send(message)).await.unwrap();
    }

    /// Sends any message; `false` when the other side has closed.
    pub async fn try_send(&mut self, message: Message) -> bool {
        soon("sending", self.sink.send(message)).await.is_ok()
    }

    /// The next message, pings and pongs included.
    pub async fn raw(&mut self) -> Message {
        soon("a message", self.messages.recv()).await.expect("the socket is open").unwrap()
    }

    /// The next message that is no ping or pong. Those come all the time, and are not what is waited for.
    pub async fn message(&mut self) -> Message {
        let message = async {
            loop {
                let message = self.raw().await;
                if !matches!(message, Message::Ping(_) | Message::Pong(_)) {
                    return message;
                }
            }
        };
        soon("a message that is no ping", message).await
    }
}

pub async fn connect(url: &str, token: Option<&str>) -> tungstenite::Result<Socket> {
    let mut request = url.into_client_request()?;
    if let Some(token) = token {
        let value = format!("Bearer {token}").parse().unwrap();
        request.headers_mut().insert("authorization", value);
    }
    // Small frames are not held back for the acknowledgement of the one before.
    let opening = tokio_tungstenite::connect_async_with_config(request, None, true);
    let opened = soon("the upgrade", opening).await;
    opened.map(|(socket, _)| socket)
}
