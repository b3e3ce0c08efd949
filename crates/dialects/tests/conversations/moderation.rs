//! Who may kick, mute, deafen and delete, and what lasts.

use model::AccountId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Room, Server, Setup, assert_like};

const MUTE_MEMBERS: u64 = 1 << 11;
const DEAFEN_MEMBERS: u64 = 1 << 12;
const MOVE_MEMBERS: u64 = 1 << 13;
const MANAGE_SPACES: u64 = 1 << 24;

fn path(room: &Room, action: &str) -> String {
    format!("/api/v1/rooms/{}/voice/{action}", room.id)
}

fn body(action: &str, target: &Person) -> Value {
    match action {
        "mute" => json!({ "user_id": target.id, "muted": true }),
        "deafen" => json!({ "user_id": target.id, "deafened": true }),
        _ => json!({ "user_id": target.id }),
    }
}

fn missing(permission: &str) -> Value {
    json!({ "error": {
        "code": "MISSING_PERMISSIONS", "message": "<text>", "retry_after_ms": null,
        "missing_permission": permission,
    } })
}

/// What somebody in a room is, besides everyone's permissions.
fn user(who: &Person, allow: u64, deny: u64) -> Value {
    json!({
        "target_type": "user", "target_id": who.id, "allow": allow.to_string(),
        "deny": deny.to_string(),
    })
}

#[tokio::test]
async fn each_action_needs_its_permission() {
    let server = Server::start().await;
    let (maya, lena) = (server.account("maya").await, server.account("lena").await);
    let operator = server.operator().await;
    let plain = server.account("plain").await;
    let muter = server.account("muter").await;
    let deafener = server.account("deafener").await;
    let mover = server.account("mover").await;
    let overrides = json!({ "permission_overrides": [
        user(&muter, MUTE_MEMBERS, 0), user(&deafener, DEAFEN_MEMBERS, 0),
        user(&mover, MOVE_MEMBERS, 0),
    ] });
    let room = maya.room_with("lounge", overrides).await;
    for (who, may) in [
        (&maya, ["mute", "deafen", "kick"].as_slice()),
        (&operator, &["mute", "deafen", "kick"]),
        (&muter, &["mute", "kick"]),
        (&deafener, &["deafen"]),
        (&mover, &["kick"]),
        (&plain, &[]),
        // Nobody is their own moderator.
        (&lena, &[]),
    ] {
        for (action, needed) in
            [("mute", "MUTE_MEMBERS"), ("deafen", "DEAFEN_MEMBERS"), ("kick", "MOVE_MEMBERS")]
        {
            let session = lena.join(&room).await;
            let reply = who.post(&path(&room, action), body(action, &lena)).await;
            if may.contains(&action) {
                assert_eq!(reply.expect(204), Value::Null, "{} {action}", who.name);
            } else {
                assert_like(&reply.expect(403), &missing(needed));
            }
            let kicked = action == "kick" && may.contains(&action);
            let status = session.state(json!({})).await.status;
            assert_eq!(status, if kicked { 404 } else { 200 }, "{} {action}", who.name);
        }
    }
}

#[tokio::test]
async fn rooms_are_deleted_by_their_makers_and_by_managers() {
    let server = Server::start().await;
    let (maya, omar) = (server.account("maya").await, server.account("omar").await);
    let manager = server.account("manager").await;
    let operator = server.operator().await;
    for (who, may) in [(&maya, true), (&operator, true), (&manager, true), (&omar, false)] {
        let overrides = json!({ "permission_overrides": [user(&manager, MANAGE_SPACES, 0)] });
        let room = maya.room_with("lounge", overrides).await;
        let path = format!("/api/v1/rooms/{}", room.id);
        let reply = who.delete(&path).await;
        if may {
            assert_eq!(reply.expect(204), Value::Null, "{}", who.name);
            who.delete(&path).await.expect(404);
            maya.get(&path).await.expect(404);
        } else {
            assert_like(&reply.expect(403), &missing("MANAGE_SPACES"));
            maya.get(&path).await.expect(200);
        }
    }
}

#[tokio::test]
async fn what_may_not_be_viewed_does_not_exist_and_what_may_not_be_entered_says_so() {
    let server = Server::start().await;
    let (maya, omar) = (server.account("maya").await, server.account("omar").await);
    let hidden = json!({ "permission_overrides": [user(&omar, 0, 1)] });
    let room = maya.room_with("hidden", hidden).await;
    maya.join(&room).await;
    for (method, path) in [
        (Method::GET, format!("/api/v1/rooms/{}", room.id)),
        (Method::DELETE, format!("/api/v1/rooms/{}", room.id)),
        (Method::GET, format!("/api/v1/rooms/{}/voice", room.id)),
        (Method::GET, format!("/voice/channels/{}/participants", room.uuid)),
    ] {
        omar.send(method, &path, None).await.expect(404);
    }
    for action in ["mute", "deafen", "kick"] {
        omar.post(&path(&room, action), body(action, &maya)).await.expect(404);
    }
    omar.try_join(&room.uuid, json!({})).await.expect(404);
    let listed = omar.get("/api/v1/rooms?profile=all").await.expect(200);
    assert_eq!(listed, json!([]));
    let closed = json!({ "permission_overrides": [{
        "target_type": "everyone", "allow": "0", "deny": (1 << 8).to_string(),
    }] });
    let room = maya.room_with("closed", closed).await;
    let refused = omar.try_join(&room.uuid, json!({})).await.expect(403);
    assert_eq!(refused, json!({ "error": "Missing permission: CONNECT" }));
}

#[tokio::test]
async fn marks_are_told_with_their_author_and_last_beyond_leaving() {
    let server = Server::start().await;
    let (maya, lena) = (server.account("maya").await, server.account("lena").await);
    let room = maya.room("lounge").await;
    let session = lena.join(&room).await;
    let mut events = session.follow().await;
    maya.post(&path(&room, "mute"), body("mute", &lena)).await.expect(204);
    let told = events.expect("member.updated").await;
    assert_eq!((&told["by"], &told["server_mute"]), (&json!(maya.uuid()), &json!(true)));
    // One's own mute is another thing.
    let own = session.state(json!({ "mute": false })).await.expect(200);
    assert_eq!((&own["mute"], &own["server_mute"]), (&json!(false), &json!(true)));
    session.leave().await.expect(204);
    let again = lena.join(&room).await;
    assert_eq!(again.state(json!({})).await.expect(200)["server_mute"], true);
    maya.post(&path(&room, "kick"), body("kick", &lena)).await.expect(204);
    lena.join(&room).await;
    let members = maya.get(&format!("/api/v1/rooms/{}/voice", room.id)).await.expect(200);
    let wanted = json!({ "room_id": room.id, "members": [{
        "user_id": lena.id, "username": "lena", "self_mute": false, "self_deaf": false,
        "server_mute": true, "server_deaf": false, "mute": true, "deaf": false, "video": false,
        "streaming": false, "joined_at": "<seconds>",
    }] });
    assert_like(&members, &wanted);
    let lifted = json!({ "user_id": lena.id, "muted": false });
    maya.post(&path(&room, "mute"), lifted).await.expect(204);
    assert_eq!(lena.participants(&room.uuid).await[0]["server_mute"], false);
}

#[tokio::test]
async fn marks_last_beyond_a_restart_and_hold_in_their_room_only() {
    let server = Server::start().await;
    let (maya, lena) = (server.account("maya").await, server.account("lena").await);
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    lena.join(&room).await;
    maya.post(&path(&room, "deafen"), body("deafen", &lena)).await.expect(204);
    let server = server.restart().await;
    let lena = server.bearer(&lena.token);
    lena.join(&room).await;
    assert_eq!(lena.participants(&room.uuid).await[0]["server_deaf"], true);
    lena.join(&other).await;
    assert_eq!(lena.participants(&other.uuid).await[0]["server_deaf"], false);
}

#[tokio::test]
async fn a_ban_puts_out_and_keeps_out() {
    let setup = Setup::default();
    let server = Server::with(setup).await;
    let (maya, lena) = (server.account("maya").await, server.account("lena").await);
    let room = maya.room("lounge").await;
    let mut watching = maya.join(&room).await.follow().await;
    let session = lena.join(&room).await;
    let mut events = session.follow().await;
    watching.expect("member.joined").await;
    server.store.ban(AccountId(lena.user().0), None, app::now().wall).await.unwrap();
    let refused = json!({ "error": "This account is banned" });
    assert_eq!(lena.try_join(&room.uuid, json!({})).await.expect(403), refused);
    assert_eq!(session.state(json!({})).await.expect(403), refused);
    let banned = lena.get("/api/v1/users/@me").await.expect(403);
    assert_eq!(banned["error"]["code"], "BANNED");
    let login = json!({ "username": "lena", "password": "correct horse" });
    let login = server.nobody().post("/api/v1/auth/login", login).await.expect(403);
    assert_eq!(login["error"]["code"], "BANNED");
    assert_eq!(events.expect("ended").await["reason"], "banned");
    assert_eq!(events.closed().await, (1000, "banned".to_owned()));
    let left = watching.expect("member.left").await;
    assert_eq!((&left["user_id"], &left["reason"]), (&json!(lena.uuid()), &json!("banned")));
    // Afterwards, the tokens of before stay dead.
    server.store.unban(AccountId(lena.user().0), app::now().wall).await.unwrap();
    lena.try_join(&room.uuid, json!({})).await.expect(401);
}
