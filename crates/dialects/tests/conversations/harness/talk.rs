//! Talk rooms as STT Room's client uses them: people with e-mail addresses, rooms, sockets.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::{Person, Reply, Room, Server, Wire, assert_like};

/// Somebody's view of a talk room.
#[derive(Clone)]
pub struct Talk {
    pub who: Person,
    pub room: Room,
}

/// An open socket of STT Room. Every frame is held against the AsyncAPI document.
pub struct TalkSocket {
    server: Server,
    wire: Wire,
}

/// The media type of [`form`].
pub const FORM: &str = "multipart/form-data; boundary=----aBoundary";

/// A form of parts: disposition, media type, content.
pub fn form(parts: &[(&str, &str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (disposition, media_type, content) in parts {
        let header = format!(
            "------aBoundary\r\nContent-Disposition: form-data; {disposition}\r\n\
             Content-Type: {media_type}\r\n\r\n"
        );
        body.extend_from_slice(header.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"------aBoundary--\r\n");
    body
}

/// A `speaker.changed` with this holder, or none.
pub fn changed(room: &Room, holder: Option<&Person>) -> Value {
    json!({
        "type": "speaker.changed", "ts": "<time>",
        "payload": {
            "room_id": room.uuid,
            "current_speaker_user_id": holder.map(Person::uuid),
            "expires_at": holder.map(|_| "<time>"),
        },
    })
}

impl Server {
    /// Signs somebody up by e-mail address.
    pub async fn talker(&self, name: &str) -> Person {
        let body = json!({ "email": format!("{name}@example.com"), "password": "horse" });
        let made = self.nobody().post("/api/v1/auth/signup", body).await.expect(201);
        let id: model::Id = made["user"]["id"].as_str().unwrap().parse().unwrap();
        Person::new(self, name, &id.to_string(), made["access_token"].as_str().unwrap())
    }
}

impl Person {
    /// The address they signed up with.
    pub fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    /// Makes a talk room; its creator is not in it yet.
    pub async fn talk(&self, title: &str, password: Option<&str>) -> Talk {
        let body = json!({ "title": title, "password": password });
        let made = self.post("/api/v1/rooms", body).await.expect(201);
        let id: model::Id = made["id"].as_str().unwrap().parse().unwrap();
        Talk { who: self.clone(), room: Room::new(&id.to_string()) }
    }

    /// The same room with other eyes.
    pub fn sees(&self, talk: &Talk) -> Talk {
        Talk { who: self.clone(), room: talk.room.clone() }
    }
}

impl Talk {
    /// The path of something in the room.
    pub fn path(&self, what: &str) -> String {
        format!("/api/v1/rooms/{}/{what}", self.room.uuid)
    }

    pub async fn post(&self, what: &str, body: Value) -> Reply {
        self.who.post(&self.path(what), body).await
    }

    pub async fn get(&self, what: &str) -> Reply {
        self.who.get(&self.path(what)).await
    }

    /// Comes in, expecting to be let in.
    pub async fn join(&self) {
        let joined = self.post("join", json!({})).await.expect(200);
        assert_eq!(joined, json!({ "joined": true }));
    }

    pub async fn join_with(&self, password: &str) -> Reply {
        self.post("join", json!({ "password": password })).await
    }

    pub async fn leave(&self) {
        assert_eq!(self.post("leave", json!({})).await.expect(200), json!({ "left": true }));
    }

    pub async fn acquire(&self) -> Reply {
        self.post("speaker/acquire", json!({})).await
    }

    pub async fn release(&self) -> Reply {
        self.post("speaker/release", json!({})).await
    }

    pub async fn heartbeat(&self) -> Reply {
        self.post("speaker/heartbeat", json!({})).await
    }

    /// The ids of who is online.
    pub async fn online(&self) -> Vec<String> {
        let found = self.get("participants").await.expect(200);
        let found = found.as_array().unwrap().iter();
        found.map(|one| one["user_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Sends a recording as a browser does.
    pub async fn upload(&self, file: &[u8]) -> Reply {
        self.upload_form(form(&[("name=\"file\"; filename=\"audio.webm\"", "audio/webm", file)]))
            .await
    }

    /// Sends any form.
    pub async fn upload_form(&self, body: Vec<u8>) -> Reply {
        self.upload_as(FORM, body).await
    }

    /// Sends anything.
    pub async fn upload_as(&self, content_type: &str, body: impl Into<reqwest::Body>) -> Reply {
        let path = self.path("stt");
        let http = &self.who.server.http;
        let request = http.post(self.who.server.url("http", &path)).bearer_auth(&self.who.token);
        let request = request.header("content-type", content_type).body(body);
        self.who.finish(&Method::POST, &path, request).await
    }

    /// Opens the socket; nothing has been read yet.
    pub async fn open(&self) -> TalkSocket {
        TalkSocket::open(&self.who.server, &self.room.uuid, &self.who.token).await
    }

    /// Opens the socket and reads who speaks: nobody.
    pub async fn follow(&self) -> TalkSocket {
        let mut socket = self.open().await;
        assert_like(&socket.next().await, &changed(&self.room, None));
        socket
    }
}

impl TalkSocket {
    pub async fn open(server: &Server, room: &str, token: &str) -> Self {
        Self::at(server, &format!("/ws/rooms/{room}?token={token}")).await
    }

    pub async fn at(server: &Server, path: &str) -> Self {
        Self { server: server.clone(), wire: Wire::open(&server.url("ws", path)).await }
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        let frame = self.wire.frame().await;
        let kind = frame["type"].as_str().unwrap();
        let reference = format!("#/components/messages/{kind}/payload");
        let schema = self.server.stream.resolve(&reference);
        let objections = self.server.stream.objections(&frame, schema);
        assert!(objections.is_empty(), "{kind}: {objections:?}");
        frame
    }

    /// The next frame, which has this type: its payload.
    #[track_caller]
    pub fn expect(&mut self, kind: &'static str) -> impl Future<Output = Value> {
        let place = std::panic::Location::caller();
        async move {
            let mut frame = self.next().await;
            assert_eq!(frame["type"], kind, "at {place}: {frame:#}");
            frame["payload"].take()
        }
    }

    /// The close frame, which comes next.
    pub async fn closed(&mut self) -> (u16, String) {
        self.wire.closed().await
    }

    /// The close frame, which comes next or after one frame of this type.
    pub async fn closed_after(&mut self, kind: &str) -> (u16, String) {
        loop {
            match self.wire.message().await {
                Message::Close(Some(frame)) => {
                    return (frame.code.into(), frame.reason.as_str().to_owned());
                }
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(text.as_str()).unwrap();
                    assert_eq!(frame["type"], kind, "{frame}");
                }
                other => panic!("{other:?}"),
            }
        }
    }

    pub fn wire(&mut self) -> &mut Wire {
        &mut self.wire
    }
}
