//! Arbitrary frames on live sockets: nothing but what the protocol says ends one.

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::scene::{AT_MOST, Edits, ROUNDS, Said, Scene, edited};
use crate::harness::{AuraCall, Client, MediaSocket, Wire};

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
        let message = message(*binary, small(scene.bytes(said), 4 * 1024));
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
        let text = small(text.into_bytes(), 16 * 1024);
        let mut events = events.lock().unwrap();
        scene.runtime.block_on(async {
            events.say(String::from_utf8_lossy(&text)).await;
            // Answered in order: it has been read, and the socket lives.
            events.say("the end").await;
            let is_marker = |frame: &Value| frame["error"].as_str().unwrap().contains("expected");
            while !is_marker(&events.expect("error").await) {}
        });
    });
}

/// Says that everything before it has been read: nobody knows such a frame.
const MARKER: &str = r#"{"type":"marker"}"#;

/// Frames of a media socket as clients send them.
fn media_frames() -> Vec<String> {
    let line = "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host";
    let slot =
        json!({ "mid": "2", "user_id": "1", "source": "camera", "width": 640, "height": 360 });
    let frames = [
        json!({ "type": "auth", "media_token": "a.b.c", "events": true }),
        json!({ "type": "offer", "sdp": Client::new().1, "sources": [{ "mid": "0", "source": "microphone" }] }),
        json!({ "type": "answer", "sdp": Client::new().1 }),
        json!({ "type": "candidate", "candidate": { "candidate": line, "sdpMid": "0" } }),
        json!({ "type": "view", "slots": [slot] }),
    ];
    frames.map(|frame| frame.to_string()).to_vec()
}

/// Frames of a gateway as clients send them, in both envelopes.
fn gateway_frames(scene: &Scene) -> Vec<String> {
    let room = &scene.tom.room.id;
    let said = [
        ("identify", json!({ "token": scene.tom.whose.token, "protocol_version": 1 })),
        ("resume", json!({ "token": scene.tom.whose.token, "session_id": "x", "last_seq": 7 })),
        ("heartbeat", json!(null)),
        ("voice_state_update", json!({ "self_mute": true, "self_deaf": false, "video": true })),
        ("voice_codec_neg", json!({ "room_id": room, "media_type": "audio", "codec": "opus" })),
        ("stage_response", json!({ "room_id": room, "response_type": "invite", "accepted": true })),
        ("typing", json!({ "room_id": room })),
    ];
    let both = said.map(|(kind, data)| {
        let typed = json!({ "type": kind, "d": data }).to_string();
        [typed, json!({ "event": kind, "data": data }).to_string()]
    });
    both.concat()
}

/// A frame: one that a client may send, changed, or anything.
type Sent = (bool, u8, Edits, Said);

fn frame(scene: &Scene, real: &[String], (is_real, which, edits, said): &Sent) -> Vec<u8> {
    let bytes = match is_real {
        true => edited(real[usize::from(*which) % real.len()].as_bytes(), edits),
        false => scene.bytes(said),
    };
    small(bytes, 64 * 1024)
}

/// Not more than a socket reads: larger frames cut it off. What is no text grows when it is made one.
fn small(mut bytes: Vec<u8>, max: usize) -> Vec<u8> {
    bytes.truncate(max / 3);
    bytes
}

fn message(binary: bool, bytes: Vec<u8>) -> Message {
    match binary {
        true => Message::binary(bytes),
        false => Message::text(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

#[test]
fn no_frame_ends_the_media_socket() {
    let scene = Scene::new();
    let socket = scene.runtime.block_on(scene.tom.media_with_events());
    let parts = AssertUnwindSafe((scene, Mutex::new(socket), media_frames()));
    let target = bolero::check!().with_type::<(u8, Sent)>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(|(binary, sent)| {
        let parts: &AssertUnwindSafe<_> = &parts;
        let (scene, socket, real) = &parts.0;
        let message = message(binary % 16 == 0, frame(scene, real, sent));
        let mut socket = socket.lock().unwrap();
        scene.runtime.block_on(async {
            socket.send(message).await;
            // Answered in order: it has been read, and the socket lives.
            socket.send(Message::text(MARKER)).await;
            let is_marker = |frame: &Value| {
                frame["message"].as_str().is_some_and(|what| what.contains("`marker`"))
            };
            socket.until(is_marker).await;
        });
    });
}

#[test]
fn a_first_frame_that_shows_no_token_is_refused() {
    let scene = AssertUnwindSafe((Scene::new(), media_frames()));
    let target = bolero::check!().with_type::<(u8, Sent)>();
    target.with_iterations(ROUNDS / 6).with_test_time(AT_MOST).for_each(|(binary, sent)| {
        let scene: &AssertUnwindSafe<_> = &scene;
        let (scene, real) = &scene.0;
        let message = message(binary % 16 == 0, frame(scene, real, sent));
        scene.runtime.block_on(async {
            let mut socket = MediaSocket::open(&scene.maya.server, "").await;
            socket.send(message).await;
            socket.expect("error").await;
            let (code, _) = socket.closed().await;
            assert!([4003, 4004].contains(&code), "{code}");
        });
    });
}

/// Says something on a new gateway, before or after saying who one is. Every frame is answered in its order or
/// ends the connection with a code of the protocol.
async fn say_to_gateway(scene: &Scene, compressed: bool, known: bool, messages: Vec<Message>) {
    let query = if compressed { "?compress=zstd" } else { "" };
    let mut wire = Wire::open(&scene.maya.server.url("ws", &format!("/gateway{query}"))).await;
    let identify = json!({ "type": "identify", "d": { "token": scene.tom.whose.token } });
    let first = known.then(|| Message::text(identify.to_string()));
    let last = Message::Ping(b"there?".to_vec().into());
    for message in first.into_iter().chain(messages).chain([last]) {
        if !wire.try_send(message).await {
            break;
        }
    }
    loop {
        match wire.raw().await {
            Message::Pong(_) => return,
            Message::Close(Some(frame)) => {
                let code = u16::from(frame.code);
                assert!((4001..=4011).contains(&code), "{code}");
                return;
            }
            Message::Text(_) | Message::Binary(_) | Message::Ping(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn every_frame_on_a_gateway_is_answered_or_ends_it_as_the_protocol_says() {
    let scene = Scene::new();
    let real = gateway_frames(&scene);
    let scene = AssertUnwindSafe((scene, real));
    let target = bolero::check!().with_type::<(u8, bool, bool, Vec<Sent>)>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(
        |(binary, compressed, known, sent)| {
            let scene: &AssertUnwindSafe<_> = &scene;
            let (scene, real) = &scene.0;
            let sent = sent.iter().take(4).map(|sent| {
                let bytes = frame(scene, real, sent);
                match binary % 4 {
                    0 => Message::binary(bytes),
                    1 => {
                        Message::binary(edited(&zstd::bulk::compress(&bytes, 1).unwrap(), &sent.2))
                    }
                    _ => message(false, bytes),
                }
            });
            let sent = sent.collect();
            scene.runtime.block_on(say_to_gateway(scene, *compressed, *known, sent));
        },
    );
}

/// Frames of Aura's socket as clients send them, to a conference with a waiting room.
fn aura_frames(scene: &Scene, room: &str, call: &AuraCall) -> Vec<String> {
    let (token, sdp) = (call.token.as_str(), Client::new().1);
    let wanted = json!([{ "id": "x:screen", "video_mid": "2", "width": 640, "height": 360 }]);
    let rings = json!({ "room": room, "call_id": "another", "display_name": "x",
        "username": scene.tom.whose.name, "password": "x", "room_password": "y" });
    let shows = json!({ "member": "x", "auth_token": token });
    let calls = json!({ "call_id": "x", "token": scene.maya.token, "sdp": sdp, "invited": ["x"] });
    let frames = [
        ("authenticate", rings),
        ("get_room_members", json!({})),
        ("get_waiting_room_members", json!({})),
        ("get_ice_servers", json!({ "auth_token": token })),
        ("join_room", json!({ "sdp": &sdp, "auth_token": token, "audio_muted": true })),
        ("subscribe_room", json!({ "sdp": &sdp, "members": wanted, "auth_token": token })),
        ("watch_room", json!({ "auth_token": token })),
        ("allow_member", shows.clone()),
        ("reject_member", shows.clone()),
        ("remove_member", shows.clone()),
        ("mute_member_audio", shows.clone()),
        ("unmute_member_video", shows),
        ("register_room_api", json!({ "device": "x", "device_token": "y" })),
        ("create_temp_room", calls),
        ("invite_exten", json!({ "extens": ["x", scene.tom.whose.id] })),
        ("convert_to_room", json!({ "call_id": "x", "invited": ["x"] })),
        ("reject_invite", json!({ "auth_token": token })),
        ("send_reaction", json!({ "reaction": "heart" })),
        ("raise_hand", json!({})),
        ("still_waiting", json!({})),
        ("start_screen_share", json!({})),
        ("mute_audio", json!({})),
        ("unmute_video", json!({})),
    ];
    let frame = |(method, params)| json!({ "id": 7, "method": method, "params": params });
    frames.map(|said| frame(said).to_string()).to_vec()
}

#[test]
fn no_frame_ends_the_socket_of_aura() {
    let scene = Scene::new();
    let (call, real) = scene.runtime.block_on(async {
        let room = scene.tom.whose.conference(json!({})).await;
        let mut call = scene.maya.server.aura("a call").await;
        call.ring(&room, Some(&scene.tom.whose)).await.unwrap();
        let real = aura_frames(&scene, &room, &call);
        (call, real)
    });
    let parts = AssertUnwindSafe((scene, Mutex::new(call), real));
    let target = bolero::check!().with_type::<(u8, Sent)>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(|(binary, sent)| {
        let parts: &AssertUnwindSafe<_> = &parts;
        let (scene, call, real) = &parts.0;
        let message = message(binary % 16 == 0, frame(scene, real, sent));
        let mut call = call.lock().unwrap();
        scene.runtime.block_on(async {
            call.wire().send(message).await;
            // Answered in order: it has been read, and the socket lives.
            call.send(r#"{"id":"marker","method":"no_such_method"}"#).await;
            while call.frame().await["id"] != "marker" {}
        });
    });
}
