//! Whatever comes in is answered: no body, id or frame makes a handler panic or fail.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use serde_json::{Map, Value, json};
use tower::ServiceExt;

use crate::harness::{Person, Room, Server, Session};

/// Enough to see each key with each kind of value many times; the limit on time is for slow machines.
const ROUNDS: usize = 1000;
const AT_MOST: Duration = Duration::from_secs(3);

const KEYS: [&str; 22] = [
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
];
const WORDS: [&str; 12] = [
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
];

/// Where a request goes, and what it says: raw bytes, or keys with kinds of values.
type Said = (u8, Vec<(u8, u8, String)>, Option<Vec<u8>>);

struct Scene {
    runtime: tokio::runtime::Runtime,
    maya: Person,
    room: Room,
    session: Session,
}

impl Scene {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (maya, room, session) = runtime.block_on(async {
            let server = Server::start().await;
            let maya = server.account("maya").await;
            let room = maya.room("lounge").await;
            let session = maya.join(&room).await;
            (maya, room, session)
        });
        Self { runtime, maya, room, session }
    }

    /// The bytes of a body or frame, much of which makes sense.
    fn bytes(&self, said: &Said) -> Vec<u8> {
        let (_, pairs, raw) = said;
        raw.clone().unwrap_or_else(|| self.object(pairs).to_string().into_bytes())
    }

    fn object(&self, pairs: &[(u8, u8, String)]) -> Value {
        let mut object = Map::new();
        for (index, (key, kind, text)) in pairs.iter().enumerate() {
            let key = KEYS[usize::from(*key) % KEYS.len()];
            let rest = || self.object(&pairs[index + 1..]);
            let value = match kind % 13 {
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

    fn request(&self, said: &Said) -> Request<Body> {
        let id = match said.1.first() {
            Some((_, 0..100, text)) => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            _ => self.room.id.clone(),
        };
        let (method, path) = match said.0 % 10 {
            0 => (Method::POST, "/voice/join".to_owned()),
            1 => (Method::PATCH, "/voice/state".to_owned()),
            2 => (Method::POST, "/voice/leave".to_owned()),
            3 => (Method::POST, "/voice/signal".to_owned()),
            4 => (Method::GET, format!("/voice/channels/{id}/participants")),
            5 => (Method::GET, format!("/voice/sessions/{id}/events?after={id}")),
            6 => (Method::POST, "/api/v1/rooms".to_owned()),
            7 => (Method::GET, format!("/api/v1/rooms?profile={id}")),
            8 => (Method::POST, "/api/v1/auth/login".to_owned()),
            _ => (Method::POST, format!("/api/v1/rooms/{id}/voice/mute")),
        };
        let request = Request::builder().method(method).uri(path);
        let request = request.header("authorization", format!("Bearer {}", self.maya.token));
        let from = SocketAddr::from(([127, 0, 0, 1], 40000));
        let request = request.extension(ConnectInfo(from));
        request.body(Body::from(self.bytes(said))).unwrap()
    }
}

/// An error is in the shape of the dialect that the path belongs to.
fn check_rendered(what: &str, body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("{what}: no JSON"));
    let error = &body["error"];
    let of_vox = || error["code"].is_string() && error["message"].is_string();
    let rendered = if what.contains(" /voice/") { error.is_string() } else { of_vox() };
    assert!(rendered, "{what}: {body}");
}

#[test]
fn every_request_is_answered() {
    let scene = AssertUnwindSafe(Scene::new());
    let target = bolero::check!().with_type::<Said>();
    target.with_iterations(ROUNDS).with_test_time(AT_MOST).for_each(|said| {
        let scene: &AssertUnwindSafe<Scene> = &scene;
        let request = scene.request(said);
        let what = format!("{} {}", request.method(), request.uri());
        // A handler's panic comes out here.
        let answer = scene.maya.server.router.clone().oneshot(request);
        let answer = scene.runtime.block_on(answer).unwrap();
        let status = answer.status();
        assert!(!status.is_server_error(), "{what}: {status}");
        if status.is_client_error() {
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX);
            let body = scene.runtime.block_on(body).unwrap();
            check_rendered(&what, &body);
        }
    });
}

#[test]
fn no_frame_ends_the_socket() {
    let scene = Scene::new();
    let session = scene.runtime.block_on(scene.maya.join(&scene.room));
    let events = scene.runtime.block_on(session.follow());
    let parts = AssertUnwindSafe((scene, std::sync::Mutex::new(events)));
    let target = bolero::check!().with_type::<(bool, Said)>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(|(view, said)| {
        let parts: &AssertUnwindSafe<_> = &parts;
        let (scene, events) = &parts.0;
        let text = match view {
            true => json!({ "type": "view", "slots": [scene.object(&said.1)] }).to_string(),
            false => String::from_utf8_lossy(&scene.bytes(said)).into_owned(),
        };
        let mut events = events.lock().unwrap();
        scene.runtime.block_on(async {
            events.say(text).await;
            // Answered in order: it has been read, and the socket lives.
            events.say("the end").await;
            let is_marker = |frame: &Value| frame["error"].as_str().unwrap().contains("expected");
            while !is_marker(&events.expect("error").await) {}
        });
    });
}
