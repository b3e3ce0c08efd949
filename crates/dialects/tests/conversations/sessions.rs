//! Members and their sessions: devices, tabs, limits, and what becomes of an earlier session.

use serde_json::{Value, json};

use crate::harness::{Server, Setup, assert_like};
use crate::stream::{event, participant};

#[tokio::test]
async fn two_devices_of_one_account_are_one_member() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    let mut events = maya.join(&room).await.follow().await;
    let phone = tom.join_with(&room.uuid, json!({ "client": "phone" })).await;
    assert_like(&events.next().await, &event("member.joined", participant(&phone), json!({})));
    let laptop = tom.join_with(&room.uuid, json!({ "client": "laptop", "mute": true })).await;
    // Muted on one of two is not muted: others are told of one member as before.
    assert_like(&events.next().await, &event("member.updated", participant(&phone), json!({})));
    assert_eq!(tom.participants(&room.uuid).await.len(), 2);
    let found = maya.get(&format!("/api/v1/rooms/{}", room.id)).await.expect(200);
    assert_eq!(found["member_count"], 2);
    // The state of a session is its own.
    let reply = laptop.state(json!({})).await.expect(200);
    assert_eq!(reply["mute"], true);
    let reply = phone.state(json!({})).await.expect(200);
    assert_eq!(reply["mute"], false);
    // The oldest one goes: the member stays, shown by the other session.
    phone.leave().await.expect(204);
    let left = json!({ "mute": true });
    assert_like(&events.next().await, &event("member.updated", participant(&laptop), left));
    laptop.state(json!({ "deaf": true })).await.expect(200);
    let now = json!({ "mute": true, "deaf": true });
    assert_like(&events.next().await, &event("member.updated", participant(&laptop), now));
    laptop.leave().await.expect(204);
    assert_eq!(events.expect("member.left").await["user_id"], tom.uuid());
}

#[tokio::test]
async fn the_same_client_again_replaces_its_session_and_nobody_leaves() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    let mut events = maya.join(&room).await.follow().await;
    for client in [json!({}), json!({ "client": "tab 1" })] {
        let first = tom.join_with(&room.uuid, client.clone()).await;
        events.next().await;
        let mut his = first.follow().await;
        let second = tom.join_with(&room.uuid, client.clone()).await;
        let last = his.next().await;
        assert_like(&last, &event("ended", json!({ "reason": "replaced" }), json!({})));
        assert_eq!(his.closed().await, (1000, "replaced".to_owned()));
        assert_eq!(first.state(json!({})).await.status, 404);
        // Nobody has left or joined; the member is shown by the new session.
        assert_like(
            &events.next().await,
            &event("member.updated", participant(&second), json!({})),
        );
        second.leave().await.expect(204);
        assert_eq!(events.expect("member.left").await["reason"], "left", "updated once");
    }
}

#[tokio::test]
async fn another_client_in_another_room_moves_all_devices() {
    let server = Server::start().await;
    let tom = server.account("tom").await;
    let (first, second) = (tom.room("first").await, tom.room("second").await);
    let phone = tom.join_with(&first.uuid, json!({ "client": "phone" })).await;
    let laptop = tom.join_with(&first.uuid, json!({ "client": "laptop" })).await;
    let mut streams = [phone.follow().await, laptop.follow().await];
    tom.join_with(&second.uuid, json!({ "client": "tablet" })).await;
    for stream in &mut streams {
        assert_eq!(stream.expect("ended").await["reason"], "moved");
    }
    assert_eq!(tom.participants(&first.uuid).await, Vec::<Value>::new());
    assert_eq!(tom.participants(&second.uuid).await.len(), 1);
}

#[tokio::test]
async fn a_full_channel_refuses_members_and_not_sessions() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let zoe = server.account("zoe").await;
    let room = maya.room_with("pair", json!({ "limit": 2 })).await;
    let elsewhere = zoe.room("elsewhere").await;
    let zoes = zoe.join(&elsewhere).await;
    maya.join_with(&room.uuid, json!({ "client": "a" })).await;
    maya.join_with(&room.uuid, json!({ "client": "b" })).await;
    let tom_in = tom.join(&room).await;
    let refused = zoe.try_join(&room.uuid, json!({})).await.expect(409);
    assert_eq!(refused, json!({ "error": "Channel is full (2 of 2)" }));
    // A refusal costs nobody their place.
    zoes.state(json!({})).await.expect(200);
    // Who is in may open one more.
    tom.join_with(&room.uuid, json!({ "client": "c" })).await;
    tom_in.leave().await.expect(204);
    assert_eq!(zoe.try_join(&room.uuid, json!({})).await.status, 409, "tom is still in");
    let kick = format!("/api/v1/rooms/{}/voice/kick", room.id);
    maya.post(&kick, json!({ "user_id": tom.id })).await.expect(204);
    zoe.join(&room).await;
    assert_eq!(zoes.state(json!({})).await.status, 404);
}

#[tokio::test]
async fn client_names_have_a_limit() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    maya.join_with(&room.uuid, json!({ "client": "é".repeat(64) })).await;
    for client in ["x".repeat(65), String::new()] {
        let refused = maya.try_join(&room.uuid, json!({ "client": client })).await.expect(400);
        assert_eq!(refused, json!({ "error": "client must be 1 to 64 characters" }));
    }
}

#[tokio::test]
async fn ids_in_either_form_name_the_same() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    let number: u64 = room.id.parse().unwrap();
    let first = maya.join_with(&room.id, json!({})).await;
    let by_number = tom.post("/voice/join", json!({ "channel_id": number })).await.expect(200);
    assert_eq!(maya.participants(&room.id).await, maya.participants(&room.uuid).await);
    assert_eq!(maya.participants(&room.uuid.to_uppercase()).await.len(), 2);
    let decimal = |uuid: &str| uuid.parse::<model::Id>().unwrap().to_string();
    let session = by_number["session_id"].as_str().unwrap();
    let path = format!("/voice/sessions/{}/events", decimal(session));
    let state = crate::harness::Events::open(&tom, &path, None).await.next().await;
    assert_eq!((&state["session_id"], &state["channel_id"]), (&json!(session), &json!(room.uuid)));
    let body = json!({ "session_id": decimal(session), "mute": true });
    let reply = tom.patch("/voice/state", body).await.expect(200);
    assert_eq!(reply["session_id"], session);
    let body = json!({ "session_id": session.parse::<model::Id>().unwrap().as_u64() });
    tom.post("/voice/leave", body).await.expect(204);
    first.leave().await.expect(204);
    let by_uuid = maya.get(&format!("/api/v1/rooms/{}/voice", room.uuid)).await.expect(200);
    assert_eq!(by_uuid, maya.get(&format!("/api/v1/rooms/{}/voice", room.id)).await.expect(200));
}

#[tokio::test]
async fn the_same_device_again_takes_its_own_place_only() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let desk = maya.join_with(&room.uuid, json!({ "client": "desk" })).await;
    let nameless = maya.join(&room).await;
    let again = maya.join_with(&room.uuid, json!({ "client": "desk" })).await;
    desk.state(json!({})).await.expect(404);
    nameless.state(json!({})).await.expect(200);
    maya.join_with(&room.uuid, json!({ "client": null })).await;
    nameless.state(json!({})).await.expect(404);
    again.state(json!({})).await.expect(200);
    assert_eq!(maya.participants(&room.uuid).await.len(), 1);
}

#[tokio::test]
async fn a_ninth_session_takes_the_place_of_the_oldest() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let mut sessions = Vec::new();
    for device in 0..9 {
        sessions.push(maya.join_with(&room.uuid, json!({ "client": device.to_string() })).await);
    }
    sessions.remove(0).state(json!({})).await.expect(404);
    for session in sessions {
        session.state(json!({})).await.expect(200);
    }
}

#[tokio::test]
async fn an_account_that_joins_in_a_loop_is_slowed_down() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    for joined in 0..600 {
        let reply = maya.try_join(&room.uuid, json!({})).await;
        if reply.status == 200 {
            continue;
        }
        assert!(joined >= 30, "after {joined}");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.expect(429), json!({ "error": "Too many requests" }));
        // It is the account, not the server.
        let omar = server.account("omar").await;
        omar.join(&room).await;
        return;
    }
    panic!("nothing slows it down");
}

#[tokio::test]
async fn nobody_is_in_after_everybody_left() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    maya.join(&room).await.leave().await.expect(204);
    assert_eq!(maya.participants(&room.uuid).await, Vec::<Value>::new());
    let voice = maya.get(&format!("/api/v1/rooms/{}/voice", room.id)).await.expect(200);
    assert_eq!(voice, json!({ "room_id": room.id, "members": [] }));
}
