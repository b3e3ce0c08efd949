//! The gateway from the first message to the last: where it is, both envelopes, zstd, heartbeats, and how
//! connections end.

use std::time::Duration;

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Envelope, Gateway, Logs, Person, Server, Setup, assert_like};

#[tokio::test]
async fn anybody_is_told_where_it_is() {
    let server = Server::start().await;
    let told = server.nobody().get("/api/v1/gateway").await.expect(200);
    let versions = json!({ "protocol_version": 1, "min_version": 1, "max_version": 1 });
    let expect = |base: &str| {
        let mut expect = versions.clone();
        expect["url"] = json!(format!("{base}/gateway"));
        expect["media_url"] = json!(format!("{base}/media/v1"));
        expect
    };
    assert_eq!(told, expect(&server.url("ws", "")));
    let setup = Setup { public_url: Some("https://voice.example"), ..Setup::default() };
    let told = Server::with(setup).await.nobody().get("/api/v1/gateway").await.expect(200);
    assert_eq!(told, expect("wss://voice.example"));
}

#[tokio::test]
async fn without_an_upgrade_there_is_none() {
    let server = Server::start().await;
    let error = server.nobody().get("/gateway").await.expect(426);
    assert_eq!(error["error"]["code"], "UPGRADE_REQUIRED");
}

#[tokio::test]
async fn who_says_who_they_are_is_ready_in_the_envelope_they_use() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    for envelope in [Envelope::Typed, Envelope::Evented] {
        for query in
            ["", "?compress=zstd", "?v=1&encoding=json&compress=none", "?compress=a&compress=b"]
        {
            let mut gateway = Gateway::open(&server, envelope, query).await;
            let ready = gateway.identify(&maya).await;
            let expect = json!({
                "session_id": "<text>", "user_id": maya.id, "display_name": "maya",
                "server_name": "Parlor", "server_time": "<seconds>", "protocol_version": 1,
                "capabilities": ["voice", "video", "compress.zstd"],
            });
            assert_like(&ready, &expect);
            gateway.heartbeat().await;
        }
    }
    let body = json!({ "username": "tom", "password": "correct horse", "display_name": "Tom T." });
    let tom = server.nobody().post("/api/v1/auth/register", body).await.expect(201);
    let mut gateway = Gateway::open(&server, Envelope::Typed, "").await;
    let ready = gateway.identify(&server.bearer(tom["token"].as_str().unwrap())).await;
    assert_eq!(ready["display_name"], "Tom T.");
}

#[tokio::test]
async fn the_first_message_decides_the_envelope() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let mut gateway = Gateway::open(&server, Envelope::Evented, "").await;
    // Before the client has said who it is, too.
    gateway.heartbeat().await;
    let identify = Envelope::Typed.wrap("identify", json!({ "token": maya.token }));
    gateway.send(Message::text(identify.to_string())).await;
    gateway.expect("ready").await;
    let heartbeat = Envelope::Typed.wrap("heartbeat", Value::Null);
    gateway.send(Message::text(heartbeat.to_string())).await;
    gateway.expect("heartbeat_ack").await;
}

#[tokio::test]
async fn messages_of_clients_may_be_packed_where_they_asked_for_it() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let pack = |value: Value| {
        let text = value.to_string();
        Message::binary(zstd::bulk::compress(text.as_bytes(), 3).unwrap())
    };
    let mut gateway = Gateway::open(&server, Envelope::Typed, "?compress=zstd").await;
    gateway.send(pack(json!({ "type": "identify", "d": { "token": maya.token } }))).await;
    gateway.expect("ready").await;
    gateway.send(pack(json!({ "type": "heartbeat" }))).await;
    gateway.expect("heartbeat_ack").await;
    gateway.heartbeat().await;
    let mut plain = maya.gateway().await;
    plain.send(pack(json!({ "type": "heartbeat" }))).await;
    assert_eq!(plain.closed().await, (4002, "DECODE_ERROR".to_owned()));
}

/// How a connection ends on which this is said first.
async fn end_of(server: &Server, query: &str, said: &[Value]) -> (u16, String) {
    let mut gateway = Gateway::at(server, Envelope::Typed, query).await;
    gateway.raw().await;
    for message in said {
        gateway.send(Message::text(message.to_string())).await;
    }
    gateway.closed().await
}

#[tokio::test]
async fn who_does_not_say_who_they_are_first_is_told_so() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let say = |kind: &str, data: Value| json!({ "type": kind, "d": data });
    let token = &maya.token;
    let (wrong, none) = (format!("{token}x"), Value::Null);
    let not_authenticated = (4003, "NOT_AUTHENTICATED".to_owned());
    let auth_failed = (4004, "AUTH_FAILED".to_owned());
    let expired = (4009, "SESSION_EXPIRED".to_owned());
    for (said, expect) in [
        (say("voice_state_update", json!({})), &not_authenticated),
        (say("voice_state_update", json!("x")), &not_authenticated),
        (say("typing", json!({})), &not_authenticated),
        (say("dance", json!({})), &not_authenticated),
        (say("identify", none.clone()), &auth_failed),
        (say("identify", json!({})), &auth_failed),
        (say("identify", json!([])), &auth_failed),
        (say("identify", json!({ "token": 7 })), &auth_failed),
        (say("identify", json!({ "token": wrong })), &auth_failed),
        (say("resume", none), &auth_failed),
        (say("resume", json!({ "session_id": "x", "last_seq": 1 })), &auth_failed),
        (say("resume", json!({ "token": wrong, "session_id": "x", "last_seq": 1 })), &auth_failed),
        (say("resume", json!({ "token": token, "last_seq": 1 })), &expired),
        (say("resume", json!({ "token": token, "session_id": "x", "last_seq": 1 })), &expired),
        (say("resume", json!({ "token": token, "session_id": 7, "last_seq": "1" })), &expired),
    ] {
        assert_eq!(end_of(&server, "", std::slice::from_ref(&said)).await, *expect, "{said}");
    }
}

#[tokio::test]
async fn one_version_is_spoken() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let mismatch = (4011, "VERSION_MISMATCH".to_owned());
    for version in [json!(2), json!(0), json!("2"), json!("one"), json!([1]), json!(1.5)] {
        let said = json!({ "type": "identify", "d": { "token": maya.token, "protocol_version": version } });
        assert_eq!(end_of(&server, "", &[said]).await, mismatch, "{version}");
    }
    for version in [json!(1), json!("1"), Value::Null] {
        let mut gateway = Gateway::open(&server, Envelope::Typed, "").await;
        gateway.say("identify", json!({ "token": maya.token, "protocol_version": version })).await;
        gateway.expect("ready").await;
    }
    let mut gateway = Gateway::at(&server, Envelope::Typed, "?v=2").await;
    assert_eq!(gateway.closed().await, mismatch);
}

#[tokio::test]
async fn what_may_not_be_said_ends_the_connection() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let identify = json!({ "token": maya.token });
    let resume = json!({ "token": maya.token, "session_id": "x", "last_seq": 1 });
    let twice = (4005, "ALREADY_AUTHENTICATED".to_owned());
    let unknown = (4001, "UNKNOWN_TYPE".to_owned());
    let undecodable = (4002, "DECODE_ERROR".to_owned());
    let text = |text: &str| Message::text(text.to_owned());
    let deep = format!("{{\"type\":\"heartbeat\",\"d\":{}", "[".repeat(15_000));
    let large = json!({ "type": "heartbeat", "d": "x".repeat(17 * 1024) });
    for (said, expect) in [
        (text(&json!({ "type": "identify", "d": identify }).to_string()), &twice),
        (text(&json!({ "event": "resume", "data": resume }).to_string()), &twice),
        (text("{\"type\":\"dance\"}"), &unknown),
        (text("{\"event\":\"\"}"), &unknown),
        (text("hello"), &undecodable),
        (text(""), &undecodable),
        (text("null"), &undecodable),
        (text("[{\"type\":\"heartbeat\"}]"), &undecodable),
        (text("{}"), &undecodable),
        (text("{\"type\":7}"), &undecodable),
        (text("{\"type\":\"heartbeat\"} {}"), &undecodable),
        (text("{\"type\":\"heartbeat\",\"d\":1e999}"), &undecodable),
        (text(&deep), &undecodable),
        (text(&large.to_string()), &undecodable),
        (Message::binary(b"{\"type\":\"heartbeat\"}".to_vec()), &undecodable),
    ] {
        let mut gateway = maya.gateway().await;
        gateway.send(said.clone()).await;
        assert_eq!(gateway.closed().await, *expect, "{said:.60?}");
    }
}

#[tokio::test]
async fn bombs_and_noise_are_no_messages() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let zeros = vec![b' '; 1 << 20];
    let bomb = zstd::bulk::compress(&zeros, 19).unwrap();
    let mut silent_bomb = zstd::stream::Encoder::new(Vec::new(), 19).unwrap();
    for _ in 0..256 {
        std::io::Write::write_all(&mut silent_bomb, &zeros).unwrap();
    }
    let silent_bomb = silent_bomb.finish().unwrap();
    assert!(silent_bomb.len() < 16 * 1024);
    let half = zstd::bulk::compress(b"{\"type\":\"heartbeat\"}", 3).unwrap();
    let half = half[..half.len() / 2].to_vec();
    for bytes in [bomb, silent_bomb, half, vec![], vec![0xff; 100], vec![0x28, 0xb5, 0x2f, 0xfd]] {
        let mut gateway = maya.gateway_in(Envelope::Typed, "?compress=zstd").await;
        gateway.send(Message::binary(bytes)).await;
        assert_eq!(gateway.closed().await, (4002, "DECODE_ERROR".to_owned()));
    }
    // Far too large to be read at all: cut off, and nobody else is.
    let mut gateway = maya.gateway().await;
    let mut other = maya.gateway().await;
    gateway.wire().try_send(Message::text("x".repeat(1 << 20))).await;
    gateway.wire().cut_off().await;
    other.heartbeat().await;
}

#[tokio::test]
async fn what_other_servers_have_is_taken_and_dropped() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let mut gateway = maya.gateway().await;
    for kind in ["typing", "typing_start", "presence_update", "mls_relay", "cpace_relay"] {
        gateway.say(kind, json!({ "feed_id": 5, "status": "online" })).await;
        gateway.say(kind, Value::Null).await;
    }
    gateway.heartbeat().await;
}

#[tokio::test]
async fn who_says_too_much_in_a_minute_is_cut_short() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    for kind in ["heartbeat", "typing"] {
        let mut gateway = maya.gateway().await;
        // The first was to say who it is.
        for _ in 1..120 {
            gateway.say(kind, Value::Null).await;
        }
        gateway.say("heartbeat", Value::Null).await;
        let acks = if kind == "heartbeat" { 119 } else { 0 };
        for _ in 0..acks {
            gateway.expect("heartbeat_ack").await;
        }
        assert_eq!(gateway.closed().await, (4006, "RATE_LIMITED".to_owned()));
    }
}

#[tokio::test]
async fn ten_connections_are_enough_for_one_account() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let maya = server.account("maya").await;
    let mut open = Vec::new();
    for _ in 0..10 {
        open.push(maya.gateway().await);
    }
    let mut more = Gateway::open(&server, Envelope::Typed, "").await;
    more.say("identify", json!({ "token": maya.token })).await;
    assert_eq!(more.closed().await, (4006, "RATE_LIMITED".to_owned()));
    // Somebody else has their own; and who comes back to a place takes no other.
    server.account("tom").await.gateway().await;
    let (session, seq) = (open[0].session.clone(), open[0].seq);
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, seq).await;
    back.expect("resumed").await;
    assert_eq!(open[0].closed().await.0, 4009);
    // One that ends makes place for another.
    open.pop().unwrap().leave().await;
    maya.gateway().await;
}

#[tokio::test]
async fn thirty_newcomers_are_enough_from_one_address() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let mut open = Vec::new();
    for _ in 0..30 {
        open.push(Gateway::open(&server, Envelope::Typed, "").await);
    }
    // Two seconds make place for one more: on a slow machine some come in late.
    let refused = async {
        loop {
            let mut more = Gateway::at(&server, Envelope::Typed, "").await;
            match more.wire().message().await {
                Message::Close(Some(frame)) => {
                    return (frame.code.into(), frame.reason.to_string());
                }
                _ => open.push(more),
            }
        }
    };
    assert_eq!(refused.await, (4006, "RATE_LIMITED".to_owned()));
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let server = Server::start().await;
    let mut gateway = Gateway::open(&server, Envelope::Typed, "").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(29)).await;
    gateway.heartbeat().await;
    assert_eq!(gateway.closed().await, (4003, "NOT_AUTHENTICATED".to_owned()));
}

#[tokio::test]
async fn without_heartbeats_a_connection_ends() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let mut gateway = maya.gateway().await;
    tokio::time::pause();
    for _ in 0..3 {
        tokio::time::advance(Duration::from_secs(60)).await;
        gateway.heartbeat().await;
    }
    // Anything else is none.
    tokio::time::advance(Duration::from_secs(60)).await;
    gateway.say("typing", Value::Null).await;
    assert_eq!(gateway.closed().await, (4007, "SESSION_TIMEOUT".to_owned()));
    tokio::time::resume();
    // Its client may come back.
    Gateway::back(&maya, Envelope::Typed, &gateway.session, 1).await.expect("resumed").await;
}

#[tokio::test]
async fn who_is_banned_is_put_out_and_does_not_come_back() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let (mut first, mut hers) = (tom.gateway().await, maya.gateway().await);
    let account = model::AccountId(tom.user().0);
    server.store.ban(account, Some("spam"), app::now().wall).await.unwrap();
    let auth_failed = (4004, "AUTH_FAILED".to_owned());
    assert_eq!(first.closed().await, auth_failed);
    let mut back = Gateway::back(&tom, Envelope::Typed, &first.session, 1).await;
    assert_eq!(back.closed().await, auth_failed);
    hers.heartbeat().await;
}

#[tokio::test]
async fn nothing_secret_is_logged() {
    let logs = Logs::collect();
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let mut gateway = maya.gateway().await;
    gateway.say("stage_response", json!({ "room_id": "hush", "accepted": "hush" })).await;
    gateway.refused().await;
    let room = maya.room("lounge").await;
    let token = maya.connect(&room).await["media_token"].as_str().unwrap().to_owned();
    gateway.until("voice_state_update").await;
    let resume = json!({ "token": maya.token, "session_id": gateway.session, "last_seq": "hush" });
    let mut back = Gateway::open(&server, Envelope::Typed, "").await;
    back.say("resume", resume).await;
    assert_eq!(back.refused().await, "VALIDATION_ERROR");
    gateway
        .send(Message::text(format!("{{\"type\":\"identify\",\"d\":{{\"token\":\"{}", maya.token)))
        .await;
    assert_eq!(gateway.closed().await.0, 4002);
    let text = logs.text();
    assert!(!text.is_empty());
    for secret in [maya.token.as_str(), &token, "hush"] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn a_server_that_stops_says_so_to_everyone() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    let (mut hers, mut his) = (maya.gateway().await, tom.gateway().await);
    let mut nobodys = Gateway::open(&server, Envelope::Evented, "").await;
    maya.connect(&room).await;
    let stopping = server.clone();
    let stopped = tokio::spawn(async move { stopping.app.shut_down().await });
    for gateway in [&mut hers, &mut his] {
        // What was told before is told: maya came in and was put out.
        let members = gateway.expect("voice_state_update").await["members"].clone();
        assert_eq!(members.as_array().unwrap().len(), 1);
        let members = gateway.expect("voice_state_update").await["members"].clone();
        assert_eq!(members, json!([]));
        assert_eq!(gateway.closed().await, (4008, "SERVER_RESTART".to_owned()));
    }
    assert_eq!(nobodys.closed().await.0, 4008);
    stopped.await.unwrap();
    let mut late = Gateway::at(&server, Envelope::Typed, "").await;
    // Whether it comes as far as hello or not.
    while !matches!(late.wire().message().await, Message::Close(Some(frame)) if u16::from(frame.code) == 4008)
    {
    }
    drop(Person::clone(&tom));
}
