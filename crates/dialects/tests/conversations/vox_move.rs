//! Putting somebody out of a room, and into another one.

use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server, Wire, assert_like};

const MUTE_MEMBERS: u64 = 1 << 11;
const MOVE_MEMBERS: u64 = 1 << 13;
const FOREIGN: &str = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let error = reply.expect(status)["error"].clone();
    assert_eq!(error["code"], code, "{error}");
}

async fn relocate(by: &Person, room: &Room, who: &Person, to: &Room) -> Reply {
    let body = json!({ "user_id": who.id, "to_room_id": to.id });
    by.post(&room.vox("voice/move"), body).await
}

/// Somebody's permissions in a room, and everyone's.
fn with(who: &Person, allow: u64, everyone: Value) -> Value {
    let theirs = json!({ "target_type": "user", "target_id": who.id, "allow": allow.to_string() });
    json!({ "permission_overrides": [theirs, everyone] })
}

fn deny(bits: u64) -> Value {
    json!({ "target_type": "everyone", "deny": bits.to_string() })
}

/// Whether a media token opens a socket, and what it is refused with.
async fn opens(server: &Server, token: &Value) -> bool {
    let token = token["media_token"].as_str().unwrap();
    let mut media = Wire::open(&server.url("ws", &format!("/media/v1?token={token}"))).await;
    let first = media.frame().await;
    if first["type"] == "ready" {
        return true;
    }
    assert_eq!(first["type"], "error", "{first}");
    assert_eq!(media.closed().await.0, 4004);
    false
}

#[tokio::test]
async fn who_is_kicked_is_out_by_every_door_and_their_token_is_dead() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    let token = tom.connect(&room).await;
    let session = tom.join(&room).await;
    assert!(opens(&server, &token).await);
    // Maya need not be there.
    maya.act_on(&room, "voice/kick", &tom).await.expect(204);
    assert_eq!(maya.member_ids(&room).await, Vec::<String>::new());
    assert_eq!(session.state(json!({})).await.status, 404);
    assert!(!opens(&server, &token).await);
    refused(maya.act_on(&room, "voice/kick", &tom).await, 409, "NOT_IN_VOICE");
    // Nothing keeps them out.
    tom.connect(&room).await;
    assert!(!opens(&server, &token).await, "the token was for the session that was kicked");
}

#[tokio::test]
async fn either_permission_will_do_for_a_kick() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    for (allow, status) in [(MUTE_MEMBERS, 204), (MOVE_MEMBERS, 204), (0, 403)] {
        let room = maya.room_with("lounge", with(&lena, allow, deny(0))).await;
        tom.connect(&room).await;
        let reply = lena.act_on(&room, "voice/kick", &tom).await;
        if status == 403 {
            let error = reply.expect(403)["error"].clone();
            assert_eq!(error["missing_permission"], "MOVE_MEMBERS");
            tom.ask(&room, "voice/leave").await.expect(204);
        } else {
            reply.expect(status);
        }
        assert_eq!(maya.member_ids(&room).await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn who_is_moved_is_there_and_no_longer_here() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    let mut here = maya.join(&room).await.follow().await;
    let mut there = lena.join(&other).await.follow().await;
    let body = json!({ "self_mute": true, "self_deaf": true });
    let old = tom.post(&room.vox("voice/join"), body).await.expect(200);
    here.expect("member.joined").await;
    relocate(&maya, &room, &tom, &other).await.expect(204);
    assert_eq!(maya.member_ids(&room).await, [maya.id.as_str()]);
    let found = maya.members(&other).await;
    let wanted = json!({
        "user_id": tom.id, "username": "tom", "self_mute": true, "self_deaf": true,
        "server_mute": false, "server_deaf": false, "mute": true, "deaf": true, "video": false,
        "streaming": false, "joined_at": "<seconds>",
    });
    assert_eq!(found.len(), 2);
    assert_like(&found[1], &wanted);
    // Another dialect's view of both.
    let left = here.expect("member.left").await;
    assert_eq!((&left["user_id"], &left["reason"]), (&json!(tom.uuid()), &json!("moved")));
    let joined = there.expect("member.joined").await;
    let seen = (&joined["user_id"], &joined["mute"], &joined["deaf"]);
    assert_eq!(seen, (&json!(tom.uuid()), &json!(true), &json!(true)));
    let participants = maya.participants(&other.uuid).await;
    assert_eq!(participants[1]["user_id"], tom.uuid());
    assert_eq!(maya.participants(&room.uuid).await.len(), 1);
    // A token for one room opens no other.
    assert!(!opens(&server, &old).await);
    refused(tom.ask(&room, "voice/token-refresh").await, 409, "NOT_IN_VOICE");
    let new = tom.ask(&other, "voice/token-refresh").await.expect(200);
    assert!(opens(&server, &new).await);
    refused(tom.ask(&room, "voice/leave").await, 409, "NOT_IN_VOICE");
    tom.ask(&other, "voice/leave").await.expect(204);
}

#[tokio::test]
async fn there_and_back_again() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    tom.connect(&room).await;
    let session = tom.join(&room).await;
    for _ in 0..3 {
        relocate(&maya, &room, &tom, &other).await.expect(204);
        assert_eq!(maya.member_ids(&other).await, [tom.id.as_str()]);
        // Both of their sessions came along.
        assert_eq!(session.state(json!({})).await.expect(200)["channel_id"], other.uuid);
        relocate(&maya, &other, &tom, &room).await.expect(204);
        assert_eq!(maya.member_ids(&room).await, [tom.id.as_str()]);
    }
    assert_eq!(session.state(json!({})).await.expect(200)["channel_id"], room.uuid);
    let found = maya.get(&format!("/api/v1/rooms/{}", room.id)).await.expect(200);
    assert_eq!(found["member_count"], 1);
}

#[tokio::test]
async fn the_permission_is_asked_in_both_rooms() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let mover = |allow: u64| with(&lena, allow, deny(0));
    let (may, may_not) = (mover(MOVE_MEMBERS), mover(0));
    for (from, to, allowed) in
        [(&may, &may, true), (&may, &may_not, false), (&may_not, &may, false)]
    {
        let room = maya.room_with("lounge", from.clone()).await;
        let other = maya.room_with("other", to.clone()).await;
        tom.connect(&room).await;
        let reply = relocate(&lena, &room, &tom, &other).await;
        if allowed {
            reply.expect(204);
            assert_eq!(maya.member_ids(&other).await, [tom.id.as_str()]);
        } else {
            let error = reply.expect(403)["error"].clone();
            assert_eq!(error["code"], "MISSING_PERMISSIONS");
            assert_eq!(error["missing_permission"], "MOVE_MEMBERS");
            assert_eq!(maya.member_ids(&room).await, [tom.id.as_str()]);
            assert_eq!(maya.member_ids(&other).await, Vec::<String>::new());
        }
        for room in [&room, &other] {
            maya.act_on(room, "voice/kick", &tom).await;
        }
    }
}

#[tokio::test]
async fn a_move_that_cannot_be_leaves_all_as_it_was() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    let full = maya.room_with("full", json!({ "limit": 1 })).await;
    let unseen = json!({ "permission_overrides": [deny(1)] });
    let hidden = lena.room_with("hidden", unseen).await;
    server.operator().await.connect(&full).await;
    tom.connect(&room).await;
    let before = maya.members(&room).await;
    let to = async |user: Value, to: Value| {
        let body = json!({ "user_id": user, "to_room_id": to });
        maya.post(&room.vox("voice/move"), body).await
    };
    let (tom_id, unknown) = (json!(tom.id), json!("1"));
    refused(to(tom_id.clone(), json!(full.id)).await, 409, "ROOM_FULL");
    refused(to(tom_id.clone(), unknown.clone()).await, 404, "NOT_FOUND");
    refused(to(tom_id.clone(), json!(FOREIGN)).await, 404, "NOT_FOUND");
    refused(to(tom_id.clone(), json!(hidden.id)).await, 404, "NOT_FOUND");
    refused(to(tom_id, json!("here")).await, 400, "VALIDATION_ERROR");
    refused(to(json!(lena.id), json!(other.id)).await, 409, "NOT_IN_VOICE");
    refused(to(json!(lena.id), json!(room.id)).await, 409, "NOT_IN_VOICE");
    refused(to(unknown, json!(other.id)).await, 404, "NOT_FOUND");
    refused(to(json!(FOREIGN), json!(other.id)).await, 404, "NOT_FOUND");
    refused(relocate(&maya, &Room::new("1"), &tom, &other).await, 404, "NOT_FOUND");
    assert_eq!(maya.members(&room).await, before);
    assert_eq!(maya.members(&other).await, Vec::<Value>::new());
}

#[tokio::test]
async fn to_the_same_room_is_done_already() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let room = maya.room("lounge").await;
    let mut events = maya.join(&room).await.follow().await;
    let token = tom.connect(&room).await;
    events.expect("member.joined").await;
    let before = maya.members(&room).await;
    relocate(&maya, &room, &tom, &room).await.expect(204);
    assert_eq!(maya.members(&room).await, before);
    assert!(opens(&server, &token).await);
    let error = relocate(&lena, &room, &tom, &room).await.expect(403)["error"].clone();
    assert_eq!(error["missing_permission"], "MOVE_MEMBERS");
    // Nobody was told anything: the next thing is the next change.
    tom.ask(&room, "voice/leave").await.expect(204);
    assert_eq!(events.expect("member.left").await["reason"], "left");
}

#[tokio::test]
async fn who_moves_somebody_answers_for_it() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    // Neither CONNECT nor a password is asked of who is moved.
    let closed = json!({ "permission_overrides": [deny(1 << 8)] });
    let closed = maya.room_with("closed", closed).await;
    let den = maya.talk("den", Some("sesame")).await.room;
    for to in [&closed, &den] {
        assert_eq!(tom.try_connect(to).await.status, 403);
        tom.connect(&room).await;
        relocate(&maya, &room, &tom, to).await.expect(204);
        assert_eq!(tom.member_ids(to).await, [tom.id.as_str()]);
        tom.ask(to, "voice/leave").await.expect(204);
    }
    // In a room for many at once they may be already: then they are there once.
    tom.connect(&room).await;
    let open = maya.talk("open", None).await.room;
    tom.join(&open).await;
    relocate(&maya, &room, &tom, &open).await.expect(204);
    assert_eq!(maya.member_ids(&open).await, [tom.id.as_str()]);
    assert_eq!(maya.member_ids(&room).await, Vec::<String>::new());
}

#[tokio::test]
async fn marks_stay_in_their_room() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    tom.connect(&room).await;
    maya.post(&room.vox("voice/mute"), json!({ "user_id": tom.id, "muted": true }))
        .await
        .expect(204);
    relocate(&maya, &room, &tom, &other).await.expect(204);
    assert_eq!(maya.members(&other).await[0]["server_mute"], false);
    relocate(&maya, &other, &tom, &room).await.expect(204);
    assert_eq!(maya.members(&room).await[0]["server_mute"], true);
}
