//! The examples of seed 000, key by key, with the bodies that it shows. Only the ids are this server's.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server, assert_like};

/// A member as the seed has it, with what the public SDK reads beside it.
fn member(who: &Person, self_mute: bool) -> Value {
    json!({
        "user_id": who.id, "username": who.name, "self_mute": self_mute, "self_deaf": false,
        "server_mute": false, "server_deaf": false, "mute": self_mute, "deaf": false,
        "video": false, "streaming": false, "joined_at": "<seconds>",
    })
}

/// Sends a body of the seed's letter by letter, with the ids that it names replaced.
async fn send(who: &Person, method: Method, path: &str, body: &str, ids: &[(&str, &str)]) -> Reply {
    let fill = |text: &str, (of_seed, ours): &(&str, &str)| text.replace(of_seed, ours);
    let body = ids.iter().fold(body.to_owned(), |text, pair| fill(&text, pair));
    who.send(method, path, Some(body.into_bytes())).await
}

/// Alice, who made the room, and bob.
async fn scene(kind: &str) -> (Server, Person, Person, Room) {
    let server = Server::start().await;
    let (alice, bob) = (server.account("alice").await, server.account("bob").await);
    let room = alice.room_with("lounge", json!({ "type": kind })).await;
    (server, alice, bob, room)
}

const JOIN: &str = r#"{
  "self_mute": false,
  "self_deaf": false
}"#;

const ABOUT_BOB: &str = r#"{
  "user_id": "100000000000099"
}"#;

const BOB: &str = "100000000000099";

#[tokio::test]
async fn join_answers_media_url_token_and_all_members() {
    let (server, alice, bob, room) = scene("voice").await;
    bob.post(&room.vox("voice/join"), json!({ "self_mute": true, "self_deaf": false })).await;
    let reply = send(&alice, Method::POST, &room.vox("voice/join"), JOIN, &[]).await.expect(200);
    let wanted = json!({
        "media_url": server.url("ws", "/media/v1"),
        "media_token": "<token>",
        "members": [member(&bob, true), member(&alice, false)],
    });
    assert_like(&reply, &wanted);
    // The seed's token is an EdDSA JWT.
    let token = reply["media_token"].as_str().unwrap();
    assert!(token.starts_with("eyJ"), "{token}");
    assert_eq!(jsonwebtoken::decode_header(token).unwrap().alg, jsonwebtoken::Algorithm::EdDSA);
}

#[tokio::test]
async fn leave_answers_nothing() {
    let (_server, alice, bob, room) = scene("voice").await;
    alice.connect(&room).await;
    bob.connect(&room).await;
    assert_eq!(bob.ask(&room, "voice/leave").await.expect(204), Value::Null);
    assert_eq!(alice.member_ids(&room).await, [alice.id.as_str()]);
}

#[tokio::test]
async fn kick_answers_nothing() {
    let (_server, alice, bob, room) = scene("voice").await;
    bob.connect(&room).await;
    let path = room.vox("voice/kick");
    let reply = send(&alice, Method::POST, &path, ABOUT_BOB, &[(BOB, &bob.id)]).await;
    assert_eq!(reply.expect(204), Value::Null);
    assert_eq!(alice.member_ids(&room).await, Vec::<String>::new());
}

#[tokio::test]
async fn move_answers_nothing() {
    let (_server, alice, bob, room) = scene("voice").await;
    let other = alice.room("other").await;
    bob.connect(&room).await;
    let body = r#"{
  "user_id": "100000000000099",
  "to_room_id": "400000000000002"
}"#;
    let ids = [(BOB, bob.id.as_str()), ("400000000000002", other.id.as_str())];
    let reply = send(&alice, Method::POST, &room.vox("voice/move"), body, &ids).await;
    assert_eq!(reply.expect(204), Value::Null);
    assert_eq!(alice.member_ids(&room).await, Vec::<String>::new());
    assert_eq!(alice.member_ids(&other).await, [bob.id.as_str()]);
}

#[tokio::test]
async fn the_stages_requests_answer_nothing() {
    let (_server, alice, bob, room) = scene("stage").await;
    alice.connect(&room).await;
    bob.connect(&room).await;
    assert_eq!(bob.ask(&room, "stage/request").await.expect(204), Value::Null);
    let path = room.vox("stage/invite");
    let reply = send(&alice, Method::POST, &path, ABOUT_BOB, &[(BOB, &bob.id)]).await;
    assert_eq!(reply.expect(204), Value::Null);
    let accept = r#"{
  "accepted": true
}"#;
    let path = room.vox("stage/invite/respond");
    let reply = send(&bob, Method::POST, &path, accept, &[]).await;
    assert_eq!(reply.expect(204), Value::Null);
    assert_eq!(alice.members(&room).await[1]["stage_role"], "speaker");
    let path = room.vox("stage/revoke");
    let reply = send(&alice, Method::POST, &path, ABOUT_BOB, &[(BOB, &bob.id)]).await;
    assert_eq!(reply.expect(204), Value::Null);
    assert_eq!(alice.members(&room).await[1]["stage_role"], "listener");
}

#[tokio::test]
async fn the_topic_is_answered_with_its_room() {
    let (_server, alice, _bob, room) = scene("stage").await;
    let body = r#"{
  "topic": "Q&A with the dev team"
}"#;
    let reply = send(&alice, Method::PATCH, &room.vox("stage/topic"), body, &[]).await.expect(200);
    assert_eq!(reply, json!({ "room_id": room.id, "topic": "Q&A with the dev team" }));
}

#[tokio::test]
async fn every_status_of_the_seeds_table() {
    let (server, alice, bob, room) = scene("voice").await;
    let refused = |code: &str, permission: Value| {
        json!({ "error": {
            "code": code, "message": "<text>", "retry_after_ms": null,
            "missing_permission": permission,
        } })
    };
    let path = room.vox("voice/join");
    let reply = alice.post(&path, json!({ "self_mute": "no" })).await.expect(400);
    assert_like(&reply, &refused("VALIDATION_ERROR", Value::Null));
    let reply = bob.act_on(&room, "voice/kick", &alice).await.expect(403);
    assert_like(&reply, &refused("MISSING_PERMISSIONS", json!("MOVE_MEMBERS")));
    let reply = alice.try_connect(&Room::new("400000000000001")).await.expect(404);
    assert_like(&reply, &refused("NOT_FOUND", Value::Null));
    alice.connect(&room).await;
    let reply = alice.try_connect(&room).await.expect(409);
    assert_like(&reply, &refused("ALREADY_IN_VOICE", Value::Null));
    let reply = bob.ask(&room, "voice/leave").await.expect(409);
    assert_like(&reply, &refused("NOT_IN_VOICE", Value::Null));
    let reply = server.nobody().try_connect(&room).await.expect(401);
    assert_like(&reply, &refused("AUTH_FAILED", Value::Null));
}

#[tokio::test]
async fn ids_are_taken_as_numbers_and_uuids_and_answered_as_decimal_strings() {
    let (_server, alice, bob, room) = scene("stage").await;
    let other = alice.room("other").await;
    let number = |text: &str| json!(text.parse::<u64>().unwrap());
    for (user, from, to) in [
        (number(&bob.id), &room.id, number(&other.id)),
        (json!(bob.uuid()), &room.uuid, json!(other.uuid)),
        (json!(bob.uuid().to_uppercase()), &room.id, json!(other.id)),
    ] {
        bob.connect(&room).await;
        for action in ["stage/invite", "stage/revoke", "voice/mute", "voice/deafen"] {
            let body = json!({ "user_id": user, "muted": false, "deafened": false });
            alice.post(&format!("/api/v1/rooms/{from}/{action}"), body).await.expect(204);
        }
        let path = format!("/api/v1/rooms/{from}/voice");
        let seen = alice.get(&path).await.expect(200);
        assert_eq!(seen["room_id"], room.id);
        assert_eq!(seen["members"][0]["user_id"], bob.id);
        let body = json!({ "user_id": user, "to_room_id": to });
        alice.post(&format!("{path}/move"), body).await.expect(204);
        let kick = json!({ "user_id": user });
        alice.post(&other.vox("voice/kick"), kick).await.expect(204);
    }
}
