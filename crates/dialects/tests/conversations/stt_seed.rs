//! The examples of seed 001, key by key.

use serde_json::{Value, json};

use crate::harness::{Server, Setup, Talk, assert_like, changed, speech};

/// A room with Maya and Tom in it.
pub async fn pair(server: &Server) -> (Talk, Talk) {
    let (maya, tom) = (server.talker("maya").await, server.talker("tom").await);
    let room = maya.talk("Room Title", None).await;
    let tom = tom.sees(&room);
    room.join().await;
    tom.join().await;
    (room, tom)
}

fn user(email: &str) -> Value {
    json!({ "id": "<uuid>", "email": email, "created_at": "<time>" })
}

#[tokio::test]
async fn signing_up_logging_in_and_who_one_is() {
    let server = Server::start().await;
    let body = json!({ "email": "user@example.com", "password": "string" });
    let made = server.nobody().post("/api/v1/auth/signup", body.clone()).await.expect(201);
    let signed_up = json!({
        "user": user("user@example.com"), "access_token": "<token>", "token_type": "bearer",
    });
    assert_like(&made, &signed_up);
    let login = server.nobody().post("/api/v1/auth/login", body).await.expect(200);
    let decimal = made["user"]["id"].as_str().unwrap().parse::<model::Id>().unwrap().to_string();
    let logged_in = json!({
        "user": made["user"], "access_token": "<token>", "token_type": "bearer",
        // For Vox, which shares the path.
        "token": login["access_token"], "user_id": decimal, "display_name": null, "roles": [],
    });
    assert_like(&login, &logged_in);
    for reply in [&made, &login] {
        let user = server.bearer(reply["access_token"].as_str().unwrap());
        assert_eq!(user.get("/api/v1/auth/me").await.expect(200), made["user"]);
    }
}

#[tokio::test]
async fn making_listing_and_looking_at_rooms() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let body = json!({ "title": "Room Title", "password": "optional" });
    let made = maya.post("/api/v1/rooms", body).await.expect(201);
    let room = json!({
        "id": "<uuid>", "title": "Room Title", "has_password": true, "capacity": 2,
        "created_by": maya.uuid(), "created_at": "<time>", "current_speaker_user_id": null,
        "speaker_expires_at": null,
    });
    assert_like(&made, &room);
    let path = format!("/api/v1/rooms/{}", made["id"].as_str().unwrap());
    assert_eq!(maya.get(&path).await.expect(200), made);
    // The creator is not in it yet.
    let listed = |count: usize| {
        json!([{
            "id": made["id"], "title": "Room Title", "has_password": true,
            "participant_count": count, "capacity": 2, "created_at": made["created_at"],
        }])
    };
    assert_eq!(maya.get("/api/v1/rooms?limit=50&offset=0").await.expect(200), listed(0));
    let join = json!({ "password": "optional" });
    let joined = maya.post(&format!("{path}/join"), join).await.expect(200);
    assert_eq!(joined, json!({ "joined": true }));
    assert_eq!(maya.get("/api/v1/rooms").await.expect(200), listed(1));
}

#[tokio::test]
async fn joining_leaving_and_who_is_there() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let participant = |talk: &Talk| {
        json!({
            "user_id": talk.who.uuid(), "email": talk.who.email(), "status": "online",
            "joined_at": "<time>",
        })
    };
    let online = maya.get("participants").await.expect(200);
    assert_like(&online, &json!([participant(&maya), participant(&tom)]));
    tom.leave().await;
    let online = maya.get("participants").await.expect(200);
    assert_like(&online, &json!([participant(&maya)]));
}

#[tokio::test]
async fn taking_keeping_and_giving_back_the_lock() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let held = json!({
        "acquired": true, "current_speaker_user_id": maya.who.uuid(), "expires_at": "<time>",
    });
    let before = app::now().wall;
    let acquired = maya.acquire().await.expect(200);
    assert_like(&acquired, &held);
    let path = format!("/api/v1/rooms/{}", maya.room.uuid);
    let room = tom.who.get(&path).await.expect(200);
    assert_eq!(room["current_speaker_user_id"], held["current_speaker_user_id"]);
    assert_eq!(room["speaker_expires_at"], acquired["expires_at"]);
    let expires = model::Timestamp::from_micros(micros(&acquired["expires_at"]));
    let ttl = std::time::Duration::from_secs(20);
    // Times on the wire are cut to milliseconds.
    assert!(expires.as_micros() + 1000 > before.plus(ttl).as_micros(), "{acquired}");
    assert!(expires.as_micros() <= app::now().wall.plus(ttl).as_micros(), "{acquired}");
    let kept = maya.heartbeat().await.expect(200);
    assert_like(&kept, &held);
    assert!(kept["expires_at"].as_str() >= acquired["expires_at"].as_str());
    assert_eq!(maya.release().await.expect(200), json!({ "released": true }));
    let room = tom.who.get(&path).await.expect(200);
    assert_eq!(
        (&room["current_speaker_user_id"], &room["speaker_expires_at"]),
        (&json!(null), &json!(null))
    );
}

fn micros(time: &Value) -> i64 {
    time.as_str().unwrap().parse::<jiff::Timestamp>().unwrap().as_microsecond()
}

#[tokio::test]
async fn speech_becomes_a_message_for_everybody() {
    let speech = Some(app::UploadLimits::default());
    let server = Server::with(Setup { speech, ..Setup::default() }).await;
    let (maya, tom) = pair(&server).await;
    let mut sockets = [maya.follow().await, tom.follow().await];
    maya.acquire().await.expect(200);
    let reply = maya.upload(&speech::clip("jfk.mp3")).await.expect(200);
    let wanted = json!({
        "message_id": "<uuid>", "text": "<text>", "status": "final",
        "processing_time_ms": "<number>",
    });
    assert_like(&reply, &wanted);
    let said = reply["text"].as_str().unwrap();
    assert!(said.contains("what your country can do for you"), "{said}");
    for socket in &mut sockets {
        assert_like(&socket.next().await, &changed(&maya.room, Some(&maya.who)));
        let created = json!({
            "type": "message.created",
            "payload": {
                "message_id": reply["message_id"], "room_id": maya.room.uuid,
                "sender_user_id": maya.who.uuid(), "sender_email": maya.who.email(),
                "type": "stt", "text": said, "status": "final", "created_at": "<time>",
            },
            "ts": "<time>",
        });
        assert_like(&socket.next().await, &created);
    }
    let messages = tom.get("messages?limit=100&offset=0").await.expect(200);
    let meta = &messages[0]["meta_json"];
    let wanted = json!([{
        "id": reply["message_id"], "room_id": maya.room.uuid, "sender_user_id": maya.who.uuid(),
        "sender_email": maya.who.email(), "type": "stt", "content_text": said,
        "meta_json": meta, "status": "final", "created_at": "<time>",
    }]);
    assert_like(&messages, &wanted);
    assert_eq!(meta["processing_time_ms"], reply["processing_time_ms"]);
    assert!((10_000..12_000).contains(&meta["duration_ms"].as_u64().unwrap()), "{meta}");
}

#[tokio::test]
async fn refusals_have_the_seeds_texts() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let zoe = server.talker("zoe").await;
    let said = |text: &str, code: &str| json!({ "detail": text, "message": text, "code": code });
    let nowhere = "/api/v1/rooms/0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
    for what in ["join", "stt"] {
        let refused = maya.who.post(&format!("{nowhere}/{what}"), json!({})).await.expect(404);
        assert_eq!(refused, said("Room not found", "ROOM_NOT_FOUND"));
    }
    let full = zoe.sees(&maya).post("join", json!({})).await.expect(409);
    assert_eq!(full, said("Room is full", "ROOM_FULL"));
    let locked = maya.who.talk("Locked", Some("sesame")).await;
    let refused = locked.join_with("Sesame").await.expect(403);
    assert_eq!(refused, said("Invalid password", "INVALID_PASSWORD"));
    maya.acquire().await.expect(200);
    let taken = tom.acquire().await.expect(409);
    assert_eq!(taken, said("SPEAKER_TAKEN", "SPEAKER_TAKEN"));
    for refused in [tom.release().await, tom.heartbeat().await, tom.upload(b"").await] {
        assert_eq!(refused.expect(403), said("NOT_SPEAKER", "NOT_SPEAKER"));
    }
}
