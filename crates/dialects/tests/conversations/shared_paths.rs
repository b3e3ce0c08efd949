//! Paths that Vox and STT Room share: each request is answered in the dialect that it speaks.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server, Setup, assert_like};

const FOREIGN: &str = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
const LOGIN: &str = "/api/v1/auth/login";
const ROOMS: &str = "/api/v1/rooms";

/// What an error looks like.
#[derive(Clone, Copy, Debug)]
enum Shape {
    Vox(&'static str),
    SttRoom(&'static str),
    /// For both: the codes of Vox and STT Room.
    Both(&'static str, &'static str),
}

#[track_caller]
fn refused(case: &str, reply: Reply, status: u16, shape: Shape) {
    assert_eq!(reply.status, status, "{case}: {}", reply.body);
    let vox = |code: &str| json!({ "code": code, "message": "<text>", "retry_after_ms": null, "missing_permission": null });
    let wanted = match shape {
        Shape::Vox(code) => json!({ "error": vox(code) }),
        Shape::SttRoom(code) => json!({ "detail": "<text>", "message": "<text>", "code": code }),
        Shape::Both(of_vox, code) => json!({
            "error": vox(of_vox), "detail": "<text>", "message": "<text>", "code": code,
        }),
    };
    assert_like(&reply.body, &wanted);
}

const INVALID: Shape = Shape::Both("VALIDATION_ERROR", "VALIDATION_ERROR");

#[tokio::test]
async fn where_nothing_tells_an_error_is_for_both() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let by_number = format!("{ROOMS}/{}", room.id);
    let by_uuid = format!("{ROOMS}/{}", room.uuid);
    for token in ["", "x", &format!("{}x", maya.token)] {
        let who = server.bearer(token);
        let unauthorized = Shape::Both("AUTH_FAILED", "UNAUTHORIZED");
        for path in [ROOMS, "/api/v1/rooms?profile=voice", &by_number, &by_uuid] {
            refused(path, who.get(path).await, 401, unauthorized);
        }
        let create = json!({ "title": "den" });
        refused("create", who.post(ROOMS, create).await, 401, unauthorized);
        // These are Vox's alone.
        let vox = Shape::Vox("AUTH_FAILED");
        refused("change", who.patch(&by_uuid, json!({ "captions": true })).await, 401, vox);
        refused("delete", who.delete(&by_uuid).await, 401, vox);
    }
    for path in [ROOMS, LOGIN] {
        let deep = "[".repeat(10_000);
        for body in ["{", "nonsense", "[]", "null", "7", "\"text\"", "\u{0}", &deep] {
            let reply = maya.send(Method::POST, path, Some(body.into())).await;
            refused(body, reply, 400, INVALID);
        }
        for body in ["", "{}", r#"{"password":"correct horse"}"#, r#"{"email":null}"#] {
            let reply = maya.send(Method::POST, path, Some(body.into())).await;
            refused(body, reply, 422, INVALID);
        }
        let reply = maya.send(Method::POST, path, Some(vec![b' '; 64 * 1024 + 1])).await;
        refused("large", reply, 413, Shape::Both("VALIDATION_ERROR", "FILE_TOO_LARGE"));
    }
    for id in ["me", "%20", "0b5c9d7e3f1a4b6e9a510d3f6a2b7c11"] {
        refused(id, maya.get(&format!("{ROOMS}/{id}")).await, 422, INVALID);
    }
}

#[tokio::test]
async fn a_new_room_is_of_the_dialect_whose_keys_it_has() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let voice = maya.post(ROOMS, json!({ "name": "den", "type": "voice" })).await.expect(201);
    assert_eq!((&voice["type"], voice.get("title")), (&json!("voice"), None));
    let talk = maya.post(ROOMS, json!({ "title": "den" })).await.expect(201);
    assert_eq!((&talk["title"], talk.get("room_id")), (&json!("den"), None));
    // With keys of both it is Vox's.
    let both = json!({ "title": "a", "name": "b", "type": "voice" });
    assert_eq!(maya.post(ROOMS, both).await.expect(201)["name"], "b");
    // One that is null is as if it were not there.
    let null = json!({ "title": "a", "name": null, "type": null });
    assert_eq!(maya.post(ROOMS, null).await.expect(201)["title"], "a");
    let (vox, stt_room) = (Shape::Vox("VALIDATION_ERROR"), Shape::SttRoom("VALIDATION_ERROR"));
    for (body, status, shape) in [
        (json!({ "name": "den" }), 400, vox),
        (json!({ "type": "voice" }), 400, vox),
        (json!({ "name": "den", "type": null }), 400, vox),
        (json!({ "title": null }), 422, INVALID),
        (json!({ "name": "den", "type": 7 }), 400, vox),
        (json!({ "name": "den", "type": "palace" }), 400, vox),
        (json!({ "title": 7 }), 422, stt_room),
        (json!({ "title": "den", "password": "" }), 422, stt_room),
    ] {
        refused(&body.to_string(), maya.post(ROOMS, body.clone()).await, status, shape);
    }
}

#[tokio::test]
async fn refusals_of_the_use_case_are_in_the_dialect_that_asked() {
    let room_creation = app::RoomCreation::Managers;
    let server = Server::with(Setup { room_creation, ..Setup::default() }).await;
    let maya = server.account("maya").await;
    let vox = maya.post(ROOMS, json!({ "name": "den", "type": "voice" })).await.expect(403);
    assert_eq!(vox["error"]["missing_permission"], "MANAGE_SPACES");
    let reply = maya.post(ROOMS, json!({ "title": "den" })).await;
    refused("title", reply, 403, Shape::SttRoom("FORBIDDEN"));
}

#[tokio::test]
async fn lists_without_a_profile_are_talk_rooms_newest_first() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    maya.room("voice").await;
    let mut talks = Vec::new();
    for title in ["first", "second", "third"] {
        talks.insert(0, maya.talk(title, None).await.room);
    }
    let ids = async |query: &str| {
        let listed = maya.get(&format!("{ROOMS}{query}")).await.expect(200);
        let ids = listed.as_array().unwrap().iter();
        ids.map(|one| one["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all: Vec<String> = talks.iter().map(|room| room.uuid.clone()).collect();
    assert_eq!(ids("").await, all);
    assert_eq!(ids("?limit=2").await, all[..2]);
    assert_eq!(ids("?limit=2&offset=1").await, all[1..]);
    assert_eq!(ids("?limit=100&offset=3").await, Vec::<String>::new());
    // Vox's list of the same, which has no pages.
    let vox = maya.get(&format!("{ROOMS}?profile=talk&limit=1")).await.expect(200);
    let found: Vec<&Value> = vox.as_array().unwrap().iter().map(|one| &one["room_id"]).collect();
    assert_eq!(found, [&json!(talks[0].id), &json!(talks[1].id), &json!(talks[2].id)]);
    assert_eq!((&vox[0]["type"], &vox[0]["limit"]), (&json!("talk"), &json!(2)));
    let reply = maya.get(&format!("{ROOMS}?profile=palace")).await;
    refused("profile", reply, 400, Shape::Vox("VALIDATION_ERROR"));
    let reply = maya.get(&format!("{ROOMS}?limit=101")).await;
    refused("limit", reply, 422, Shape::SttRoom("VALIDATION_ERROR"));
}

#[tokio::test]
async fn the_form_of_the_id_picks_the_shape() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let voice = maya.room_with("lounge", json!({ "limit": 5 })).await;
    let seen = maya.get(&format!("{ROOMS}/{}", voice.uuid)).await.expect(200);
    let wanted = json!({
        "id": voice.uuid, "title": "lounge", "has_password": false, "capacity": 5,
        "created_by": maya.uuid(), "created_at": "<time>", "current_speaker_user_id": null,
        "speaker_expires_at": null,
    });
    assert_like(&seen, &wanted);
    let talk = maya.talk("den", Some("sesame")).await.room;
    let seen = maya.get(&format!("{ROOMS}/{}", talk.id)).await.expect(200);
    let wanted = json!({
        "room_id": talk.id, "name": "den", "slug": "<text>", "type": "talk", "topic": null,
        "limit": 2, "created_by": maya.id, "created_at": "<seconds>", "member_count": 0,
        "permissions": "<decimal>", "permission_overrides": "<any>", "has_password": true,
        "captions": true,
    });
    assert_like(&seen, &wanted);
    for id in ["1", "9223372036854775807"] {
        refused(id, maya.get(&format!("{ROOMS}/{id}")).await, 404, Shape::Vox("NOT_FOUND"));
    }
    for id in ["-1", "1.5", "99999999999999999999"] {
        refused(id, maya.get(&format!("{ROOMS}/{id}")).await, 400, Shape::Vox("VALIDATION_ERROR"));
    }
    for id in [FOREIGN, &Room::new("1").uuid] {
        let reply = maya.get(&format!("{ROOMS}/{id}")).await;
        refused(id, reply, 404, Shape::SttRoom("ROOM_NOT_FOUND"));
    }
    // Changes and deletions are Vox's under either form.
    for id in [FOREIGN, "1"] {
        let path = format!("{ROOMS}/{id}");
        refused(id, maya.delete(&path).await, 404, Shape::Vox("NOT_FOUND"));
        let reply = maya.patch(&path, json!({ "captions": true })).await;
        refused(id, reply, 404, Shape::Vox("NOT_FOUND"));
    }
    maya.delete(&format!("{ROOMS}/{}", talk.uuid)).await.expect(204);
    refused(
        "gone",
        maya.get(&format!("{ROOMS}/{}", talk.uuid)).await,
        404,
        Shape::SttRoom("ROOM_NOT_FOUND"),
    );
}

#[tokio::test]
async fn either_word_logs_in_under_either_key() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let log_in = async |body: Value| server.nobody().post(LOGIN, body).await;
    let words = ["maya@example.com", "MAYA@EXAMPLE.COM", "maya", "Maya"];
    for word in words {
        for key in ["email", "username"] {
            let found = log_in(json!({ key: word, "password": "horse" })).await.expect(200);
            assert_eq!(found["user"]["id"], maya.uuid(), "{key} {word}");
            assert_eq!(found["user_id"], maya.id);
        }
    }
    let (vox, stt_room) = (Shape::Vox("AUTH_FAILED"), Shape::SttRoom("UNAUTHORIZED"));
    for word in ["maya", "nobody"] {
        let body = |key: &str| json!({ key: word, "password": "wrong" });
        refused("username", log_in(body("username")).await, 401, vox);
        refused("email", log_in(body("email")).await, 401, stt_room);
    }
    let (vox, stt_room) = (Shape::Vox("VALIDATION_ERROR"), Shape::SttRoom("VALIDATION_ERROR"));
    for (body, status, shape) in [
        (json!({ "username": "maya" }), 400, vox),
        (json!({ "username": 7, "password": "horse" }), 400, vox),
        (json!({ "username": "maya", "password": 7 }), 400, vox),
        (json!({ "email": "maya" }), 422, stt_room),
        (json!({ "email": {}, "password": "horse" }), 422, stt_room),
        (json!({ "email": "maya", "password": null }), 422, stt_room),
    ] {
        refused(&body.to_string(), log_in(body.clone()).await, status, shape);
    }
}

#[tokio::test]
async fn a_login_with_both_keys_is_voxs_and_the_username_counts() {
    let server = Server::start().await;
    let (maya, tom) = (server.talker("maya").await, server.talker("tom").await);
    let log_in = async |username: Value, email: Value| {
        let body = json!({ "username": username, "email": email, "password": "horse" });
        server.nobody().post(LOGIN, body).await
    };
    let both = log_in(json!("maya"), json!(tom.email())).await.expect(200);
    assert_eq!(both["user_id"], maya.id);
    // One that is null is as if it were not there.
    let email = log_in(json!(null), json!(tom.email())).await.expect(200);
    assert_eq!(email["user_id"], tom.id);
    let reply = log_in(json!("nobody"), json!(tom.email())).await;
    refused("both", reply, 401, Shape::Vox("AUTH_FAILED"));
    let reply = log_in(json!(null), json!("nobody")).await;
    refused("email", reply, 401, Shape::SttRoom("UNAUTHORIZED"));
}

#[tokio::test]
async fn captions_are_switched_by_who_manages_the_room() {
    let server = Server::start().await;
    let (maya, omar) = (server.account("maya").await, server.account("omar").await);
    let room = maya.room("lounge").await;
    let path = format!("{ROOMS}/{}", room.id);
    assert_eq!(maya.get(&path).await.expect(200)["captions"], false);
    let mut events = maya.join(&room).await.follow().await;
    for (on, path) in [(true, path.clone()), (false, format!("{ROOMS}/{}", room.uuid))] {
        let changed = maya.patch(&path, json!({ "captions": on })).await.expect(200);
        assert_eq!(changed["captions"], on);
        let found = maya.get(&format!("{ROOMS}/{}", room.id)).await.expect(200);
        assert_eq!(found["captions"], on);
        let told = events.next().await;
        let wanted = json!({
            "type": "room.updated", "captions": on, "topic": null, "name": "lounge",
            "seq": "<seq>", "ts": "<time>",
        });
        assert_like(&told, &wanted);
    }
    let reply = omar.patch(&path, json!({ "captions": true })).await.expect(403);
    assert_eq!(reply["error"]["missing_permission"], "MANAGE_SPACES");
    for body in [
        json!({}),
        json!({ "captions": "on" }),
        json!({ "captions": null }),
        json!({ "captions": true, "title": "x" }),
        json!({ "title": "x" }),
    ] {
        let reply = maya.patch(&path, body.clone()).await;
        refused(&body.to_string(), reply, 400, Shape::Vox("VALIDATION_ERROR"));
    }
    // It lasts, and what a room begins with may be chosen.
    maya.patch(&path, json!({ "captions": true })).await.expect(200);
    let on = maya.room_with("written", json!({ "captions": true })).await;
    let server = server.restart().await;
    let maya: Person = server.bearer(&maya.token);
    for id in [&room.id, &on.id] {
        assert_eq!(maya.get(&format!("{ROOMS}/{id}")).await.expect(200)["captions"], true);
    }
    let state = maya.join(&on).await.follow_state().await;
    assert_eq!((&state["captions"], &state["floor"]), (&json!(true), &json!(null)));
}

#[tokio::test]
async fn a_locked_room_is_locked_at_every_door() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.talk("den", Some("sesame")).await.room;
    for body in [json!({}), json!({ "password": null }), json!({ "password": "wrong" })] {
        let refused = tom.try_join(&room.uuid, body).await.expect(403);
        assert_eq!(refused, json!({ "error": "Invalid password" }));
    }
    let wrong = tom.try_join(&room.uuid, json!({ "password": 7 })).await;
    assert_eq!(wrong.status, 400);
    tom.join_with(&room.uuid, json!({ "password": "sesame" })).await;
    let found = tom.participants(&room.uuid).await;
    assert_eq!((found.len(), &found[0]["via"]), (1, &json!("voice_service")));
}
