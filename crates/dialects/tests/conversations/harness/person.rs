//! People and what they do: requests, rooms, sessions.

use model::{Id, UserId};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use super::{Events, Server, ServerSent, soon};

/// Somebody with a token, or with none.
#[derive(Clone)]
pub struct Person {
    pub name: String,
    /// Decimal.
    pub id: String,
    pub token: String,
    pub server: Server,
}

/// What came back.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    /// Null when there was none.
    pub body: Value,
    what: String,
}

/// A room that somebody made.
#[derive(Clone, Debug)]
pub struct Room {
    /// Decimal.
    pub id: String,
    pub uuid: String,
}

/// A session of somebody.
#[derive(Clone)]
pub struct Session {
    /// UUID.
    pub id: String,
    pub whose: Person,
}

impl Reply {
    /// The body, if this is the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.body);
        self.body
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl Room {
    /// With both forms of its id.
    pub fn new(decimal: &str) -> Self {
        Self { id: decimal.to_owned(), uuid: uuid(decimal) }
    }

    /// The path of something in it, as Vox has it.
    pub fn vox(&self, what: &str) -> String {
        format!("/api/v1/rooms/{}/{what}", self.id)
    }
}

/// The UUID form of a decimal id.
pub fn uuid(decimal: &str) -> String {
    decimal.parse::<Id>().unwrap().to_uuid()
}

impl Person {
    pub(super) fn new(server: &Server, name: &str, id: &str, token: &str) -> Self {
        let (name, id, token) = (name.to_owned(), id.to_owned(), token.to_owned());
        Self { name, id, token, server: server.clone() }
    }

    /// The id as Voice Service shows it.
    pub fn uuid(&self) -> String {
        uuid(&self.id)
    }

    /// The id as the cores have it.
    pub fn user(&self) -> UserId {
        self.id.parse().unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, Some(body.to_string().into_bytes())).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PATCH, path, Some(body.to_string().into_bytes())).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(Method::DELETE, path, None).await
    }

    /// Any request with any bytes; the reply is held against the OpenAPI document.
    pub async fn send(&self, method: Method, path: &str, body: Option<Vec<u8>>) -> Reply {
        self.send_from(method, path, body, None).await
    }

    /// The same, as if a proxy had passed it on for this address.
    pub async fn send_from(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        forwarded_for: Option<&str>,
    ) -> Reply {
        let mut request = self.server.http.request(method.clone(), self.server.url("http", path));
        if !self.token.is_empty() {
            request = request.header(AUTHORIZATION, format!("Bearer {}", self.token));
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body);
        }
        if let Some(address) = forwarded_for {
            request = request.header("x-forwarded-for", address);
        }
        self.finish(&method, path, request).await
    }

    /// Sends a request and holds the reply against the OpenAPI document.
    pub async fn finish(&self, method: &Method, path: &str, request: RequestBuilder) -> Reply {
        let what = format!("{method} {path}");
        let response = soon(&what, request.send()).await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = soon(&what, response.bytes()).await.unwrap();
        let media_type = headers.get(CONTENT_TYPE).map(|value| value.to_str().unwrap());
        let body = match media_type.map(|kind| kind.split(';').next().unwrap()) {
            None => Value::Null,
            Some("application/json") => read(&what, &bytes),
            Some(_) => Value::String(String::from_utf8(bytes.to_vec()).unwrap()),
        };
        let reply = Reply { status, headers, body, what };
        self.server.check_reply(method.as_str(), path, &reply);
        reply
    }

    /// Makes a voice room.
    pub async fn room(&self, name: &str) -> Room {
        self.room_with(name, json!({})).await
    }

    /// Makes a voice room with more keys.
    pub async fn room_with(&self, name: &str, more: Value) -> Room {
        let mut body = json!({ "name": name, "type": "voice" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = self.post("/api/v1/rooms", body).await.expect(201);
        Room::new(made["room_id"].as_str().unwrap())
    }

    /// Makes a stage room.
    pub async fn stage(&self, name: &str) -> Room {
        self.room_with(name, json!({ "type": "stage" })).await
    }

    /// Comes in by Vox, expecting to be let in.
    pub async fn connect(&self, room: &Room) -> Value {
        self.try_connect(room).await.expect(200)
    }

    /// Asks to be let in by Vox.
    pub async fn try_connect(&self, room: &Room) -> Reply {
        let body = json!({ "self_mute": false, "self_deaf": false });
        self.post(&room.vox("voice/join"), body).await
    }

    /// Asks for something in a room as Vox has it, without a body.
    pub async fn ask(&self, room: &Room, what: &str) -> Reply {
        self.send(Method::POST, &room.vox(what), None).await
    }

    /// Does something to somebody in a room as Vox has it.
    pub async fn act_on(&self, room: &Room, what: &str, target: &Person) -> Reply {
        self.post(&room.vox(what), json!({ "user_id": target.id })).await
    }

    /// Who is in a room, as Vox has it.
    pub async fn members(&self, room: &Room) -> Vec<Value> {
        let body = self.get(&room.vox("voice")).await.expect(200);
        assert_eq!(body["room_id"], room.id);
        body["members"].as_array().unwrap().clone()
    }

    /// Who is in a room: their ids, first come first.
    pub async fn member_ids(&self, room: &Room) -> Vec<String> {
        let members = self.members(room).await.into_iter();
        members.map(|member| member["user_id"].as_str().unwrap().to_owned()).collect()
    }

    /// Joins, expecting to be let in.
    pub async fn join(&self, room: &Room) -> Session {
        self.join_with(&room.uuid, json!({})).await
    }

    /// Joins a channel with more keys, expecting to be let in.
    pub async fn join_with(&self, channel: &str, more: Value) -> Session {
        let reply = self.try_join(channel, more).await.expect(200);
        let id = reply["session_id"].as_str().unwrap().to_owned();
        Session { id, whose: self.clone() }
    }

    /// Asks to be let in.
    pub async fn try_join(&self, channel: &str, more: Value) -> Reply {
        let mut body = json!({ "channel_id": channel });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/voice/join", body).await
    }

    /// Who is in a channel.
    pub async fn participants(&self, channel: &str) -> Vec<Value> {
        let path = format!("/voice/channels/{channel}/participants");
        self.get(&path).await.expect(200).as_array().unwrap().clone()
    }
}

#[track_caller]
fn read(what: &str, bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes)
        .unwrap_or_else(|_| panic!("{what}: no JSON: {}", String::from_utf8_lossy(bytes)))
}

impl Session {
    /// Where its events are.
    pub fn path(&self) -> String {
        format!("/voice/sessions/{}/events", self.id)
    }

    /// Opens the stream; the state has not been read yet.
    pub async fn open(&self) -> Events {
        Events::open(&self.whose, &self.path(), None).await
    }

    /// Opens the stream and reads the state.
    pub async fn follow(&self) -> Events {
        let mut events = self.open().await;
        events.expect("state").await;
        events
    }

    /// The state that a stream opens with.
    pub async fn follow_state(&self) -> Value {
        self.open().await.expect("state").await
    }

    /// Opens the stream behind an event.
    pub async fn resume(&self, after: u64) -> Events {
        Events::open(&self.whose, &self.path(), Some(after)).await
    }

    /// Opens the stream as Server-Sent Events.
    pub async fn server_sent(&self, last_event_id: Option<u64>) -> ServerSent {
        ServerSent::open(&self.whose, &self.path(), last_event_id).await
    }

    pub async fn state(&self, more: Value) -> Reply {
        let mut body = json!({ "session_id": self.id });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.whose.patch("/voice/state", body).await
    }

    pub async fn signal(&self, more: Value) -> Reply {
        let mut body = json!({ "session_id": self.id });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.whose.post("/voice/signal", body).await
    }

    pub async fn leave(&self) -> Reply {
        self.whose.post("/voice/leave", json!({ "session_id": self.id })).await
    }
}
