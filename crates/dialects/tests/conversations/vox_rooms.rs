//! Rooms made and changed by Vox.

use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server, assert_like};

const ROOMS: &str = "/api/v1/rooms";
const CONNECT: u64 = 1 << 8;
const MUTE_MEMBERS: u64 = 1 << 11;
const MANAGE_SPACES: u64 = 1 << 24;

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let error = reply.expect(status)["error"].clone();
    assert_eq!(error["code"], code, "{error}");
}

fn path(room: &Room) -> String {
    format!("{ROOMS}/{}", room.id)
}

async fn shown(to: &Person, room: &Room) -> Value {
    to.get(&path(room)).await.expect(200)
}

fn user(who: &Person, allow: u64, deny: u64) -> Value {
    json!({
        "target_type": "user", "target_id": who.id, "allow": allow.to_string(),
        "deny": deny.to_string(),
    })
}

#[tokio::test]
async fn a_stage_is_made_like_a_voice_room() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let made = maya.post(ROOMS, json!({ "name": "The Hall", "type": "stage" })).await.expect(201);
    let wanted = json!({
        "room_id": "<decimal>", "name": "The Hall", "slug": "the-hall", "type": "stage",
        "topic": null, "limit": 1000, "created_by": maya.id, "created_at": "<seconds>",
        "member_count": 0, "permissions": "<decimal>", "has_password": false, "captions": false,
        "permission_overrides": [{
            "target_type": "user", "target_id": maya.id, "allow": "<decimal>", "deny": "0",
        }],
    });
    assert_like(&made, &wanted);
    let voice = maya.room("lounge").await;
    assert_eq!(shown(&maya, &voice).await["limit"], 99);
    for (profile, count) in [("stage", 1), ("voice", 1), ("all", 2), ("talk", 0)] {
        let listed = maya.get(&format!("{ROOMS}?profile={profile}")).await.expect(200);
        assert_eq!(listed.as_array().unwrap().len(), count, "{profile}");
    }
    // Keys that are null are as if they were not there.
    let body = json!({
        "name": "plain", "type": "stage", "limit": null, "captions": null,
        "permission_overrides": null,
    });
    let plain = maya.post(ROOMS, body).await.expect(201);
    assert_eq!((&plain["limit"], &plain["captions"]), (&json!(1000), &json!(false)));
    for kind in ["talk", "conference", "Voice", "", "palace"] {
        let body = json!({ "name": "den", "type": kind });
        refused(maya.post(ROOMS, body).await, 400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn what_is_given_changes_and_all_else_stays() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let mut expected = shown(&maya, &room).await;
    for (key, value) in [
        ("name", json!("The Den")),
        ("limit", json!(5)),
        ("captions", json!(true)),
        ("name", json!("é".repeat(100))),
        ("limit", json!(1)),
        ("limit", json!(1000)),
        ("captions", json!(false)),
    ] {
        expected[key] = value.clone();
        let changed = maya.patch(&path(&room), json!({ key: value })).await.expect(200);
        assert_eq!(changed, expected);
        assert_eq!(shown(&maya, &room).await, expected);
    }
    // Several at once; null is not given.
    let body =
        json!({ "name": "cave", "limit": 7, "captions": true, "permission_overrides": null });
    let changed = maya.patch(&path(&room), body).await.expect(200);
    (expected["name"], expected["limit"]) = (json!("cave"), json!(7));
    expected["captions"] = json!(true);
    assert_eq!(changed, expected);
    // The name in addresses stays, and all of it lasts.
    assert_eq!(changed["slug"], "lounge");
    let server = server.restart().await;
    let maya = server.bearer(&maya.token);
    assert_eq!(shown(&maya, &room).await, expected);
}

#[tokio::test]
async fn changes_that_cannot_be_change_nothing() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let before = shown(&maya, &room).await;
    let everyone = json!({ "target_type": "everyone" });
    for body in [
        json!({}),
        json!({ "name": null }),
        json!({ "name": "" }),
        json!({ "name": "x".repeat(101) }),
        json!({ "name": "a\nb" }),
        json!({ "name": 7 }),
        json!({ "limit": 0 }),
        json!({ "limit": 1001 }),
        json!({ "limit": -1 }),
        json!({ "limit": 1.5 }),
        json!({ "limit": 1e300 }),
        json!({ "limit": u64::MAX }),
        json!({ "limit": "5" }),
        json!({ "captions": "on" }),
        json!({ "captions": 1 }),
        json!({ "permission_overrides": {} }),
        json!({ "permission_overrides": [7] }),
        json!({ "permission_overrides": [{}] }),
        json!({ "permission_overrides": [{ "target_type": "planet" }] }),
        json!({ "permission_overrides": [{ "target_type": "user", "target_id": "me" }] }),
        json!({ "permission_overrides": [{ "target_type": "everyone", "allow": "all" }] }),
        json!({ "permission_overrides": [{ "target_type": "everyone", "deny": -1 }] }),
        json!({ "permission_overrides": vec![everyone; 101] }),
        json!({ "name": "good", "limit": 0 }),
        json!({ "name": "good", "type": "stage" }),
        json!({ "name": "good", "topic": "a" }),
        json!({ "name": "good", "colour": "red" }),
    ] {
        let reply = maya.patch(&path(&room), body.clone()).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.body);
        refused(reply, 400, "VALIDATION_ERROR");
        assert_eq!(shown(&maya, &room).await, before, "{body}");
    }
}

#[tokio::test]
async fn who_made_a_room_and_who_manages_it_may_change_it() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let more = json!({ "permission_overrides": [user(&tom, MANAGE_SPACES, 0)] });
    let room = maya.room_with("lounge", more).await;
    let operator = server.operator().await;
    for (who, name) in [(&maya, "by maya"), (&tom, "by tom"), (&operator, "by operator")] {
        let changed = who.patch(&path(&room), json!({ "name": name })).await.expect(200);
        assert_eq!(changed["name"], name);
        // What the one who asks may do there, not who made it.
        assert_eq!(changed["permissions"], shown(who, &room).await["permissions"]);
    }
    let error = lena.patch(&path(&room), json!({ "name": "x" })).await.expect(403)["error"].clone();
    assert_eq!(error["missing_permission"], "MANAGE_SPACES");
    let bad = lena.patch(&path(&room), json!({ "name": "" })).await;
    assert_eq!(bad.status, 403, "who may not is told that first: {}", bad.body);
    assert_eq!(shown(&lena, &room).await["name"], "by operator");
}

#[tokio::test]
async fn new_permissions_hold_at_once_and_the_maker_keeps_theirs() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let room = maya.room("lounge").await;
    let own = shown(&maya, &room).await["permission_overrides"][0].clone();
    let set = async |overrides: Value| {
        let body = json!({ "permission_overrides": overrides });
        maya.patch(&path(&room), body).await.expect(200)
    };
    lena.connect(&room).await;
    let mute = json!({ "user_id": lena.id, "muted": true });
    tom.post(&room.vox("voice/mute"), mute.clone()).await.expect(403);
    let changed = set(json!([user(&tom, MUTE_MEMBERS, 0)])).await;
    let wanted = json!([own, user(&tom, MUTE_MEMBERS, 0)]);
    assert_eq!(changed["permission_overrides"], wanted);
    tom.post(&room.vox("voice/mute"), mute.clone()).await.expect(204);
    // Who is in stays in, who is outside stays there.
    let closed = json!([{ "target_type": "everyone", "deny": CONNECT }]);
    set(closed).await;
    assert_eq!(maya.member_ids(&room).await, [lena.id.as_str()]);
    let error = tom.try_connect(&room).await.expect(403)["error"].clone();
    assert_eq!(error["missing_permission"], "CONNECT");
    tom.post(&room.vox("voice/mute"), mute).await.expect(403);
    // Not even her own word takes it from the maker.
    let against =
        json!([user(&maya, 0, u64::MAX), { "target_type": "everyone", "deny": u64::MAX }]);
    set(against).await;
    maya.connect(&room).await;
    refused(lena.get(&path(&room)).await, 404, "NOT_FOUND");
    let changed = set(json!([])).await;
    assert_eq!(changed["permission_overrides"], json!([own]));
    lena.get(&path(&room)).await.expect(200);
}

#[tokio::test]
async fn who_manages_a_room_hands_out_no_more_than_they_have_there() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let theirs = [user(&tom, MANAGE_SPACES, 0), user(&lena, MUTE_MEMBERS, 0)];
    let room = maya.room_with("lounge", json!({ "permission_overrides": theirs })).await;
    let set = async |by: &Person, mut overrides: Vec<Value>| {
        overrides.extend(theirs.clone());
        by.patch(&path(&room), json!({ "permission_overrides": overrides })).await
    };
    let before = shown(&maya, &room).await;
    let everyone = |deny: u64| json!({ "target_type": "everyone", "deny": deny.to_string() });
    for more in [user(&tom, MUTE_MEMBERS, 0), everyone(MUTE_MEMBERS), user(&maya, 0, MUTE_MEMBERS)]
    {
        let reply = set(&tom, vec![more.clone()]).await;
        // What would be said of the maker is left out.
        if more["target_id"] == maya.id {
            reply.expect(200);
            continue;
        }
        let error = reply.expect(403)["error"].clone();
        assert_eq!(error["missing_permission"], "MUTE_MEMBERS", "{more}");
    }
    // Nor do they take it from others.
    let without_lena = json!({ "permission_overrides": [theirs[0]] });
    let error = tom.patch(&path(&room), without_lena.clone()).await.expect(403)["error"].clone();
    assert_eq!(error["missing_permission"], "MUTE_MEMBERS");
    assert_eq!(shown(&maya, &room).await, before);
    // What they have they give and take: also from themselves, which only somebody else undoes.
    set(&tom, vec![user(&lena, CONNECT, 0)]).await.expect(200);
    set(&tom, vec![everyone(CONNECT)]).await.expect(200);
    let error = set(&tom, vec![]).await.expect(403)["error"].clone();
    assert_eq!(error["missing_permission"], "CONNECT");
    // The maker may all of it.
    set(&maya, vec![]).await.expect(200);
    maya.patch(&path(&room), without_lena).await.expect(200);
    set(&maya, vec![everyone(MUTE_MEMBERS)]).await.expect(200);
}

#[tokio::test]
async fn a_pair_stays_a_pair() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let den = maya.talk("den", None).await.room;
    refused(maya.patch(&path(&den), json!({ "limit": 3 })).await, 400, "VALIDATION_ERROR");
    assert_eq!(shown(&maya, &den).await["limit"], 2);
    let changed = maya.patch(&path(&den), json!({ "limit": 1, "name": "cell" })).await.expect(200);
    assert_eq!((&changed["limit"], &changed["name"]), (&json!(1), &json!("cell")));
}

#[tokio::test]
async fn a_lower_limit_puts_nobody_out_and_lets_nobody_in() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lena = server.account("lena").await;
    let room = maya.room("lounge").await;
    maya.connect(&room).await;
    tom.connect(&room).await;
    maya.patch(&path(&room), json!({ "limit": 1 })).await.expect(200);
    assert_eq!(maya.members(&room).await.len(), 2);
    refused(lena.try_connect(&room).await, 409, "ROOM_FULL");
    tom.ask(&room, "voice/leave").await.expect(204);
    refused(lena.try_connect(&room).await, 409, "ROOM_FULL");
    maya.patch(&path(&room), json!({ "limit": 2 })).await.expect(200);
    lena.connect(&room).await;
}

#[tokio::test]
async fn a_change_is_told_to_who_is_in_by_another_door() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let mut events = maya.join(&room).await.follow().await;
    let body = json!({ "name": "The Den", "limit": 5 });
    maya.patch(&path(&room), body).await.expect(200);
    assert_eq!(events.expect("room.updated").await["name"], "The Den");
    let state = maya.join(&room).await.follow_state().await;
    assert_eq!(state["name"], "The Den");
}
