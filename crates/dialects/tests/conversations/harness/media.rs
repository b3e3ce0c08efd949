//! The media socket as a Vox client uses it.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Peer, Person, Room, Server, Wire};

/// Somebody in a room by Vox.
#[derive(Clone)]
pub struct VoxMember {
    pub whose: Person,
    pub room: Room,
    /// Of the reply to joining.
    pub media_token: String,
}

/// An open media socket. Every frame, either way, is held against the AsyncAPI document.
pub struct MediaSocket {
    server: Server,
    wire: Wire,
}

impl Person {
    /// Comes into a room by Vox, expecting to be let in.
    pub async fn enter(&self, room: &Room) -> VoxMember {
        let joined = self.connect(room).await;
        let media_token = joined["media_token"].as_str().unwrap().to_owned();
        VoxMember { whose: self.clone(), room: room.clone(), media_token }
    }

    /// Moves somebody from one room to another.
    pub async fn moves(&self, whom: &Person, from: &Room, to: &Room) {
        let body = json!({ "user_id": whom.id, "to_room_id": to.id });
        self.post(&from.vox("voice/move"), body).await.expect(204);
    }
}

impl VoxMember {
    /// Opens the media socket and reads `ready`.
    pub async fn media(&self) -> MediaSocket {
        MediaSocket::ready(&self.whose.server, &self.media_token).await
    }

    /// The same, told of slots and speaking, too.
    pub async fn media_with_events(&self) -> MediaSocket {
        let mut socket = MediaSocket::open(&self.whose.server, "").await;
        let auth = json!({ "type": "auth", "media_token": self.media_token, "events": true });
        socket.say(auth).await;
        socket.expect("ready").await;
        socket
    }

    /// A new token, as asked for.
    pub async fn refreshed(&self, room: &Room) -> String {
        let reply = self.whose.ask(room, "voice/token-refresh").await.expect(200);
        reply["media_token"].as_str().unwrap().to_owned()
    }
}

impl MediaSocket {
    /// Opens, with a query or none; nothing has been said.
    pub async fn open(server: &Server, query: &str) -> Self {
        let wire = Wire::open(&server.url("ws", &format!("/media/v1{query}"))).await;
        Self { server: server.clone(), wire }
    }

    /// Opens with a token in the address and reads `ready`.
    pub async fn ready(server: &Server, token: &str) -> Self {
        let mut socket = Self::open(server, &format!("?token={token}")).await;
        socket.expect("ready").await;
        socket
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        let frame = self.wire.frame().await;
        self.check(&frame);
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

    /// All frames up to the first that fits.
    pub async fn until(&mut self, mut fits: impl FnMut(&Value) -> bool) -> Vec<Value> {
        let mut frames = vec![self.next().await];
        while !fits(frames.last().unwrap()) {
            frames.push(self.next().await);
        }
        frames
    }

    /// The code of the error frame that comes next.
    pub async fn refused(&mut self) -> String {
        self.expect("error").await["code"].as_str().unwrap().to_owned()
    }

    /// The close frame, which comes next.
    pub async fn closed(&mut self) -> (u16, String) {
        self.wire.closed().await
    }

    /// Sends a frame that the document describes.
    pub async fn say(&mut self, frame: Value) {
        self.check(&frame);
        self.send(Message::text(frame.to_string())).await;
    }

    /// Sends anything.
    pub async fn send(&mut self, message: Message) {
        self.wire.send(message).await;
    }

    /// Offers, and gives the answer, which comes next.
    pub async fn offer(&mut self, sdp: &str) -> String {
        self.say(json!({ "type": "offer", "sdp": sdp })).await;
        self.expect("answer").await["sdp"].as_str().unwrap().to_owned()
    }

    /// Connects a peer over this socket. Events that come before the answer are dropped.
    pub async fn connect(&mut self) -> Peer {
        let (mut peer, sdp) = Peer::new();
        self.say(json!({ "type": "offer", "sdp": sdp })).await;
        let answer = self.until(|frame| frame["type"] == "answer").await.pop().unwrap();
        peer.connect(answer["sdp"].as_str().unwrap()).await;
        peer
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }

    #[track_caller]
    fn check(&self, frame: &Value) {
        let kind = frame["type"].as_str().unwrap();
        let schema =
            self.server.stream.resolve(&format!("#/components/messages/media.{kind}/payload"));
        let objections = self.server.stream.objections(frame, schema);
        assert!(objections.is_empty(), "{kind}: {objections:?}");
    }
}
