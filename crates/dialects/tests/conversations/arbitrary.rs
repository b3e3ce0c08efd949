//! Whatever comes in is answered: no body, id or frame makes a handler panic or fail.

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use room::Timing;
use serde_json::{Map, Value, json};
use tokio_tungstenite::tungstenite::Message;
use tower::ServiceExt;

use crate::harness::{FORM, Person, Room, Server, Session, Setup, Talk, form, speech};

/// Enough to see each key with each kind of value many times; the limit on time is for slow machines.
const ROUNDS: usize = 1000;
const AT_MOST: Duration = Duration::from_secs(3);

const KEYS: [&str; 27] = [
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
    talk: Talk,
}

impl Scene {
    fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (maya, room, session, talk) = runtime.block_on(async {
            let server = Server::start().await;
            let maya = server.account("maya").await;
            let room = maya.room("lounge").await;
            let session = maya.join(&room).await;
            let talk = maya.talk("den", Some("sesame")).await;
            talk.join_with("sesame").await.expect(200);
            (maya, room, session, talk)
        });
        Self { runtime, maya, room, session, talk }
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
            let value = match kind % 14 {
                13 => json!(self.talk.room.uuid),
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
            Some((_, 100..180, _)) => self.talk.room.uuid.clone(),
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
    let room = |what: &str| format!("/api/v1/rooms/{id}/{what}");
    match which % 24 {
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
        _ => (get, format!("/ws/rooms/{id}?token={id}")),
    }
}

/// An error is in the shape of a dialect that has the path.
fn check_rendered(what: &str, body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("{what}: no JSON"));
    let error = &body["error"];
    let of_vox = error["code"].is_string() && error["message"].is_string();
    let of_stt_room = body["code"].is_string() && body["detail"].is_string();
    let of_voice_service = error.is_string();
    let rendered = if what.contains(" /voice/") {
        of_voice_service
    } else if what.contains("/voice/mute") || what.starts_with("PATCH") {
        of_vox
    } else {
        of_vox || of_stt_room
    };
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
        // Without an engine there is nothing to send a recording to.
        let unavailable = status == 503 && what.contains("/stt");
        assert!(!status.is_server_error() || unavailable, "{what}: {status}");
        if status.is_client_error() || unavailable {
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX);
            let body = scene.runtime.block_on(body).unwrap();
            check_rendered(&what, &body);
        }
    });
}

/// A form that nobody should send: parts, or bytes instead; how much of a recording is in each part.
type Sent = (Vec<(String, Vec<u8>, u16)>, Option<Vec<u8>>, bool);

#[test]
fn every_upload_is_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let maya = runtime.block_on(async {
        let timing = Timing { speaker_ttl: Duration::from_secs(3600), ..Timing::default() };
        let speech = Some(app::UploadLimits { bytes: 20_000, seconds: 3 });
        let server = Server::with(Setup { timing, speech, ..Setup::default() }).await;
        let maya = server.talker("maya").await.talk("den", None).await;
        maya.join().await;
        maya.acquire().await.expect(200);
        maya
    });
    let recording = speech::file("recorder.webm");
    let scene = AssertUnwindSafe((runtime, maya));
    let target = bolero::check!().with_type::<Sent>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(|(parts, raw, named)| {
        let scene: &AssertUnwindSafe<_> = &scene;
        let (runtime, maya) = &scene.0;
        let parts: Vec<_> = parts
            .iter()
            .map(|(disposition, bytes, length)| {
                let length = usize::from(*length).min(recording.len());
                let content = [bytes, &recording[..length]].concat();
                (if *named { "name=\"file\"" } else { disposition.as_str() }, content)
            })
            .collect();
        let parts: Vec<_> = parts.iter().map(|(name, content)| (*name, "", &content[..])).collect();
        let body = raw.clone().unwrap_or_else(|| form(&parts));
        let reply = runtime.block_on(maya.upload_as(FORM, body));
        assert!([200, 413, 415, 422].contains(&reply.status), "{reply:?}");
    });
}

/// What an STT Room client says is nothing to the server, and costs nobody their place.
#[test]
fn no_frame_ends_a_socket_of_stt_room() {
    let scene = Scene::new();
    let socket = scene.runtime.block_on(scene.talk.follow());
    let parts = AssertUnwindSafe((scene, std::sync::Mutex::new(socket)));
    let target = bolero::check!().with_type::<(bool, Said)>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(|(binary, said)| {
        let parts: &AssertUnwindSafe<_> = &parts;
        let (scene, socket) = &parts.0;
        let bytes = scene.bytes(said);
        let message = match binary {
            true => Message::binary(bytes),
            false => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
        };
        let mut socket = socket.lock().unwrap();
        scene.runtime.block_on(async {
            socket.wire().send(message).await;
            // It has been read, and the socket lives.
            socket.wire().send(Message::Ping(b"there?".to_vec().into())).await;
            while !matches!(socket.wire().raw().await, Message::Pong(_)) {}
        });
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
