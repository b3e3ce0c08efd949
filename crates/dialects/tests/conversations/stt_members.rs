//! Who is in a talk room: places, passwords, presence.

use std::time::{Duration, Instant};

use room::Timing;
use serde_json::{Value, json};

use crate::harness::{Logs, Person, Reply, Server, Setup, Talk};
use crate::stt_seed::pair;

fn code(reply: Reply, status: u16) -> Value {
    reply.expect(status)["code"].take()
}

async fn short_presence(request_idle: Duration) -> Server {
    let timing = Timing { request_idle, ..Timing::default() };
    Server::with(Setup { timing, ..Setup::default() }).await
}

#[tokio::test]
async fn two_are_in_and_the_third_is_refused_until_one_leaves() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let zoe = server.talker("zoe").await.sees(&maya);
    assert_eq!(code(zoe.post("join", json!({})).await, 409), "ROOM_FULL");
    assert_eq!(maya.online().await, [maya.who.uuid(), tom.who.uuid()]);
    // Who is in may say so again; nobody comes in a second time.
    for _ in 0..3 {
        tom.join().await;
    }
    assert_eq!(maya.online().await.len(), 2);
    tom.leave().await;
    zoe.join().await;
    assert_eq!(maya.online().await, [maya.who.uuid(), zoe.who.uuid()]);
    assert_eq!(code(tom.post("join", json!({})).await, 409), "ROOM_FULL");
}

#[tokio::test]
async fn of_many_who_come_at_once_two_get_in() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("pair", None).await;
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(server.talker(&format!("person{n}")).await.sees(&room));
    }
    let joins = people.iter().map(|one| async { one.post("join", json!({})).await.status });
    let mut statuses = futures_util::future::join_all(joins).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 409, 409, 409, 409, 409, 409]);
    assert_eq!(room.online().await.len(), 2);
}

#[tokio::test]
async fn leaving_when_not_in_is_as_good() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("den", None).await;
    room.leave().await;
    room.join().await;
    room.leave().await;
    room.leave().await;
    assert_eq!(room.online().await, Vec::<String>::new());
}

#[tokio::test]
async fn every_form_of_an_empty_body_will_do() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("den", None).await;
    let forms: [Option<&[u8]>; 4] = [None, Some(b""), Some(b"{}"), Some(b"null")];
    for body in forms {
        for what in ["join", "speaker/acquire", "speaker/heartbeat", "speaker/release", "leave"] {
            let body = body.map(<[u8]>::to_vec);
            let path = room.path(what);
            maya.send(reqwest::Method::POST, &path, body).await.expect(200);
        }
    }
    // A password that is null is none; one that nobody asks for does not matter.
    for password in [Value::Null, json!(""), json!("anything")] {
        room.post("join", json!({ "password": password })).await.expect(200);
    }
}

#[tokio::test]
async fn a_password_lets_in_who_knows_it() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let tom = server.talker("tom").await;
    let room = maya.talk("den", Some("sésame 1")).await;
    // Its maker has to know it, too.
    for body in [json!({}), json!({ "password": null }), json!({ "password": "" })] {
        assert_eq!(code(room.post("join", body).await, 403), "INVALID_PASSWORD");
    }
    for wrong in ["sesame 1", "SÉSAME 1", "sésame 1 ", &"x".repeat(10_000)] {
        assert_eq!(code(room.join_with(wrong).await, 403), "INVALID_PASSWORD");
    }
    room.join_with("sésame 1").await.expect(200);
    // Who is in need not show it again, right or wrong.
    room.join().await;
    room.join_with("wrong").await.expect(200);
    let tom = tom.sees(&room);
    assert_eq!(code(tom.post("join", json!({})).await, 403), "INVALID_PASSWORD");
    tom.join_with("sésame 1").await.expect(200);
    tom.leave().await;
    assert_eq!(code(tom.post("join", json!({})).await, 403), "INVALID_PASSWORD");
    // A full room says so to everybody.
    tom.join_with("sésame 1").await.expect(200);
    let zoe = server.talker("zoe").await.sees(&room);
    assert_eq!(code(zoe.join_with("wrong").await, 409), "ROOM_FULL");
}

#[tokio::test]
async fn only_participants_see_who_is_behind_a_password() {
    let server = Server::start().await;
    let (maya, tom) = (server.talker("maya").await, server.talker("tom").await);
    let room = maya.talk("den", Some("sesame")).await;
    let tom = tom.sees(&room);
    room.join_with("sesame").await.expect(200);
    assert_eq!(code(tom.get("participants").await, 403), "NOT_A_PARTICIPANT");
    let (vox, voice) = (format!("/api/v1/rooms/{}/voice", room.room.id), &room.room.uuid);
    tom.who.get(&vox).await.expect(403);
    tom.who.get(&format!("/voice/channels/{voice}/participants")).await.expect(403);
    tom.join_with("sesame").await.expect(200);
    assert_eq!(tom.online().await.len(), 2);
    tom.who.get(&vox).await.expect(200);
    // The room itself is no secret.
    let listed = server.talker("zoe").await.get("/api/v1/rooms").await.expect(200);
    assert_eq!(
        (&listed[0]["has_password"], &listed[0]["participant_count"]),
        (&json!(true), &json!(2))
    );
}

#[tokio::test]
async fn anybody_sees_who_is_in_an_open_room() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let zoe = server.account("zoe").await.sees(&maya);
    assert_eq!(zoe.online().await, [maya.who.uuid(), tom.who.uuid()]);
    // An account without an address shows its name.
    tom.leave().await;
    zoe.join().await;
    let found = maya.get("participants").await.expect(200);
    assert_eq!(found[1]["email"], "zoe");
}

#[tokio::test]
async fn who_asks_for_nothing_is_offline_after_a_while() {
    let idle = Duration::from_millis(1500);
    let server = short_presence(idle).await;
    let (maya, tom) = pair(&server).await;
    // Maya's socket keeps her in.
    let mut socket = maya.follow().await;
    let started = Instant::now();
    let mut last = started;
    while started.elapsed() < idle * 2 {
        // Any request will do, of any room.
        tom.who.get("/api/v1/auth/me").await.expect(200);
        tom.who.get("/api/v1/rooms").await.expect(200);
        last = Instant::now();
    }
    let left = socket.expect("room.participant.left").await;
    assert_eq!(left, json!({ "user_id": tom.who.uuid() }));
    // A little before it was answered, the last request had been heard.
    let silent = last.elapsed();
    assert!(silent + Duration::from_millis(500) >= idle, "{silent:?}");
    assert_eq!(maya.online().await, [maya.who.uuid()]);
    tom.join().await;
    assert_eq!(socket.expect("room.participant.joined").await, left);
}

#[tokio::test]
async fn a_socket_keeps_somebody_in_and_closing_it_is_not_leaving() {
    let idle = Duration::from_millis(1500);
    let server = short_presence(idle).await;
    let (maya, tom) = pair(&server).await;
    let mut hers = maya.follow().await;
    let his = tom.follow().await;
    let opened = Instant::now();
    while opened.elapsed() < idle * 2 {
        assert_eq!(maya.online().await.len(), 2);
    }
    drop(his);
    // The next news is his leaving, and that comes by itself.
    assert_eq!(maya.online().await.len(), 2);
    hers.expect("room.participant.left").await;
    assert_eq!(maya.online().await.len(), 1);
}

#[tokio::test]
async fn who_goes_offline_loses_the_lock_first() {
    let server = short_presence(Duration::from_millis(1000)).await;
    let (maya, tom) = pair(&server).await;
    let mut socket = maya.follow().await;
    tom.acquire().await.expect(200);
    assert_eq!(socket.expect("speaker.changed").await["current_speaker_user_id"], tom.who.uuid());
    assert_eq!(socket.expect("speaker.changed").await["current_speaker_user_id"], json!(null));
    socket.expect("room.participant.left").await;
}

#[tokio::test]
async fn passwords_and_tokens_are_in_no_reply_and_no_log() {
    let logs = Logs::collect();
    let server = Server::start().await;
    let (maya, tom) = (server.talker("maya").await, server.talker("tom").await);
    const PASSWORD: &str = "swordfish-123";
    let created = json!({ "title": "den", "password": PASSWORD });
    let made = maya.post("/api/v1/rooms", created).await.expect(201);
    let room = crate::harness::Room::new(
        &made["id"].as_str().unwrap().parse::<model::Id>().unwrap().to_string(),
    );
    let (hers, his) = (Talk { who: maya, room: room.clone() }, Talk { who: tom, room });
    let mut replies = vec![made];
    for talk in [&hers, &his] {
        replies.push(talk.join_with("swordfish-wrong").await.expect(403));
        replies.push(talk.join_with(PASSWORD).await.expect(200));
        replies.push(talk.get("participants").await.expect(200));
        replies.push(talk.who.get("/api/v1/rooms").await.expect(200));
        replies.push(talk.who.get("/api/v1/rooms?profile=all").await.expect(200));
        replies.push(talk.who.get(&format!("/api/v1/rooms/{}", talk.room.id)).await.expect(200));
        replies.push(talk.who.get(&format!("/api/v1/rooms/{}", talk.room.uuid)).await.expect(200));
        replies.push(talk.open().await.next().await);
    }
    let too_long = json!({ "title": "den", "password": format!("swordfish{}", "x".repeat(128)) });
    replies.push(hers.who.post("/api/v1/rooms", too_long).await.expect(422));
    for reply in &replies {
        assert!(!reply.to_string().contains("swordfish"), "{reply}");
        assert!(!reply.to_string().contains("argon2"), "{reply}");
    }
    let logged = logs.text();
    assert!(!logged.is_empty(), "something is logged");
    let secrets = ["swordfish", "argon2id$", hers.who.token.as_str(), his.who.token.as_str()];
    for secret in secrets {
        assert!(!logged.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn guesses_at_a_password_are_slowed_down() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let maya: Person = server.talker("maya").await;
    let room = maya.talk("den", Some("sesame")).await;
    for _ in 0..5 {
        assert_eq!(code(room.join_with("wrong").await, 403), "INVALID_PASSWORD");
    }
    let slowed = room.join_with("sesame").await;
    let seconds: u64 = slowed.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=10).contains(&seconds), "{seconds}");
    assert_eq!(code(slowed, 429), "RATE_LIMITED");
}
