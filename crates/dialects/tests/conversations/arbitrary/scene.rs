//! What may come in: requests to every route, and frames, made of what makes sense here and there.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use serde_json::{Map, Value, json};

use crate::harness::{FORM, Person, Room, Server, Session, Talk, VoxMember, form};

/// Enough to see each key with each kind of value many times; the limit on time is for slow machines.
pub const ROUNDS: usize = 1000;
pub const AT_MOST: Duration = Duration::from_secs(3);

const KEYS: [&str; 60] = [
    "channel_id",
    "client",
    "mute",
    "deaf",
    "session_id",
    "type",
    "sdp",
    "candidate",
    "sources",
    "mid",
    "source",
    "slots",
    "user_id",
    "width",
    "height",
    "name",
    "limit",
    "permission_overrides",
    "target_type",
    "target_id",
    "allow",
    "muted",
    "email",
    "password",
    "title",
    "captions",
    "setup_code",
    "self_mute",
    "self_deaf",
    "to_room_id",
    "deafened",
    "accepted",
    "topic",
    "permissions",
    "username",
    "display_name",
    "deny",
    "media_token",
    "events",
    "event",
    "d",
    "data",
    "token",
    "protocol_version",
    "capabilities",
    "last_seq",
    "video",
    "streaming",
    "room_id",
    "media_type",
    "codec",
    "response_type",
    "room",
    "open",
    "force_password",
    "force_waiting_room",
    "members",
    "admin",
    "device",
    "id",
];
const WORDS: [&str; 20] = [
    "offer",
    "answer",
    "ice",
    "view",
    "camera",
    "voice",
    "user",
    "everyone",
    "-1",
    "18446744073709551616",
    "v=0\r\n",
    "candidate:1 1 udp 1 127.0.0.1 9 typ host",
    "auth",
    "stage",
    "identify",
    "resume",
    "heartbeat",
    "voice_state_update",
    "voice_codec_neg",
    "stage_response",
];

/// Where a request goes, and what it says: raw bytes, or keys with kinds of values.
pub type Said = (u8, Vec<(u8, u8, String)>, Option<Vec<u8>>);

/// Changes to bytes that make sense: where, how, with what.
pub type Edits = Vec<(u16, u8, u8)>;

/// Of what is changed, so much: more leaves nothing of it.
const EDITS_MAX: usize = 6;

/// Maya with a session by Voice Service in a room, at home in a talk room, and Tom on a stage of hers.
pub struct Scene {
    pub runtime: tokio::runtime::Runtime,
    pub maya: Person,
    pub room: Room,
    pub session: Session,
    pub talk: Talk,
    pub tom: VoxMember,
}

impl Scene {
    pub fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (maya, room, session, talk, tom) = runtime.block_on(async {
            let server = Server::start().await;
            let maya = server.account("maya").await;
            let room = maya.room("lounge").await;
            let session = maya.join(&room).await;
            let talk = maya.talk("den", Some("sesame")).await;
            talk.join_with("sesame").await.expect(200);
            let tom = server.account("tom").await.enter(&maya.stage("hall").await).await;
            (maya, room, session, talk, tom)
        });
        Self { runtime, maya, room, session, talk, tom }
    }

    /// The bytes of a body or frame, much of which makes sense.
    pub fn bytes(&self, said: &Said) -> Vec<u8> {
        let (_, pairs, raw) = said;
        raw.clone().unwrap_or_else(|| self.object(pairs).to_string().into_bytes())
    }

    pub fn object(&self, pairs: &[(u8, u8, String)]) -> Value {
        let mut object = Map::new();
        for (index, (key, kind, text)) in pairs.iter().enumerate() {
            let key = KEYS[usize::from(*key) % KEYS.len()];
            let rest = || self.object(&pairs[index + 1..]);
            let value = match kind % 16 {
                13 => json!(self.talk.room.uuid),
                14 => json!(self.tom.room.id),
                15 => json!(self.tom.whose.id),
                0 => json!(text),
                1 => json!(self.room.id),
                2 => json!(self.room.uuid),
                3 => json!(self.session.id),
                4 => json!(self.maya.id),
                5 => json!(true),
                6 => Value::Null,
                7 => json!(text.len()),
                8 => json!(-1.5),
                9 if index < 4 => rest(),
                10 if index < 4 => json!([rest()]),
                _ => json!(WORDS[text.len() % WORDS.len()]),
            };
            object.insert(key.to_owned(), value);
        }
        Value::Object(object)
    }

    pub fn request(&self, said: &Said) -> Request<Body> {
        let id = match said.1.first() {
            Some((_, 0..100, text)) => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            Some((_, 100..160, _)) => self.talk.room.uuid.clone(),
            Some((_, 160..200, _)) => self.tom.room.id.clone(),
            _ => self.room.id.clone(),
        };
        let (method, path) = route(said.0, &id);
        let upload = path.ends_with("/stt");
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.maya.token));
        let from = SocketAddr::from(([127, 0, 0, 1], 40000));
        let request = request.extension(ConnectInfo(from));
        let body = self.bytes(said);
        if !upload {
            return request.body(Body::from(body)).unwrap();
        }
        let disposition = said.1.get(1).map_or("name=\"file\"", |(_, _, text)| text);
        let form =
            if said.1.len().is_multiple_of(2) { form(&[(disposition, "", &body)]) } else { body };
        request.header("content-type", FORM).body(Body::from(form)).unwrap()
    }
}

fn route(which: u8, id: &str) -> (Method, String) {
    let (get, post) = (Method::GET, Method::POST);
    let member = |role: &str| format!("/api/v1/users/{id}/roles/{role}");
    let room = |what: &str| format!("/api/v1/rooms/{id}/{what}");
    match which % 56 {
        0 => (post, "/voice/join".to_owned()),
        1 => (Method::PATCH, "/voice/state".to_owned()),
        2 => (post, "/voice/leave".to_owned()),
        3 => (post, "/voice/signal".to_owned()),
        4 => (get, format!("/voice/channels/{id}/participants")),
        5 => (get, format!("/voice/sessions/{id}/events?after={id}")),
        6 => (post, "/api/v1/rooms".to_owned()),
        7 => (get, format!("/api/v1/rooms?profile={id}")),
        8 => (post, "/api/v1/auth/login".to_owned()),
        9 => (post, room("voice/mute")),
        10 => (get, format!("/api/v1/rooms?limit={id}&offset={id}")),
        11 => (get, format!("/api/v1/rooms/{id}")),
        12 => (Method::PATCH, format!("/api/v1/rooms/{id}")),
        13 => (post, "/api/v1/auth/signup".to_owned()),
        14 => (post, room("join")),
        15 => (post, room("leave")),
        16 => (get, room("participants")),
        17 => (post, room("speaker/acquire")),
        18 => (post, room("speaker/release")),
        19 => (post, room("speaker/heartbeat")),
        20 => (post, room("stt")),
        21 => (get, format!("{}?limit={id}&offset={id}", room("messages"))),
        22 => (get, format!("{}?format={id}", room("transcript"))),
        23 => (get, format!("/ws/rooms/{id}?token={id}")),
        24 => (post, "/api/v1/auth/register".to_owned()),
        25 => (get, "/api/v1/users/@me".to_owned()),
        26 => (get, "/api/v1/gateway".to_owned()),
        27 => (get, format!("/gateway?compress={id}&v={id}")),
        28 => (get, format!("/media/v1?token={id}&events={id}")),
        29 => (get, "/api/v1/roles".to_owned()),
        30 => (post, "/api/v1/roles".to_owned()),
        31 => (Method::PUT, member(id)),
        32 => (Method::DELETE, member("1")),
        // Nothing else could be asked of a room that is gone.
        33 => (Method::DELETE, format!("/api/v1/rooms/0{id}x")),
        34 => (get, room("voice")),
        35 => (post, room("voice/join")),
        36 => (post, room("voice/leave")),
        37 => (post, room("voice/kick")),
        38 => (post, room("voice/move")),
        39 => (post, room("voice/deafen")),
        40 => (post, room("voice/token-refresh")),
        41 => (post, room("stage/request")),
        42 => (Method::DELETE, room("stage/request")),
        43 => (post, room("stage/invite")),
        44 => (post, room("stage/invite/respond")),
        45 => (post, room("stage/revoke")),
        46 => (Method::PATCH, room("stage/topic")),
        47 => (post, "/v1/rooms".to_owned()),
        48 => (get, "/v1/rooms".to_owned()),
        49 => (get, format!("/v1/rooms/{id}")),
        50 => (Method::PUT, format!("/v1/rooms/{id}")),
        51 => (Method::DELETE, format!("/v1/rooms/0{id}x")),
        52 => (get, format!("/v1/rooms/{id}/members")),
        53 => (post, "/v1/devices".to_owned()),
        54 => (Method::DELETE, format!("/v1/devices/{id}")),
        _ => (get, "/v1/ws".to_owned()),
    }
}

/// A real frame with some bytes changed, lost, put in, or without its end.
pub fn edited(real: &[u8], edits: &Edits) -> Vec<u8> {
    let mut bytes = real.to_vec();
    for (at, how, byte) in edits.iter().take(EDITS_MAX) {
        let at = usize::from(*at) % bytes.len().max(1);
        match how % 8 {
            0 if at < bytes.len() => drop(bytes.remove(at)),
            1 => bytes.truncate(at),
            2..5 => bytes.insert(at.min(bytes.len()), *byte),
            _ if at < bytes.len() => bytes[at] = *byte,
            _ => bytes.push(*byte),
        }
    }
    bytes
}
