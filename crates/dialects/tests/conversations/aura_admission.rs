//! Who is let in, row by row of the admission table, by the socket.

use serde_json::{Value, json};

use crate::harness::{Failed, Person, Server};

const BOTH: [bool; 2] = [false, true];
const PASSWORDS: [Option<&str>; 3] = [None, Some("wrong"), Some("right")];

/// What the page says, in its words.
fn as_written(
    (open, force_password, force_waiting_room): (bool, bool, bool),
    (member, admin): (bool, bool),
    password: Option<&str>,
) -> Result<(), i64> {
    let right = password == Some("right");
    if open {
        return Ok(());
    }
    if force_password && !right {
        return Err(401);
    }
    if force_waiting_room {
        return if admin { Ok(()) } else { Err(403) };
    }
    if force_password || member || admin || right { Ok(()) } else { Err(403) }
}

/// Rings once, and hangs up.
async fn rings(
    server: &Server,
    room: &str,
    who: Option<&Person>,
    password: Option<&str>,
) -> Result<(), Failed> {
    let mut call = server.aura("the call").await;
    let with = match password {
        None => json!({}),
        Some(password) => json!({ "room_password": password }),
    };
    let rung = call.ring_with(room, who, with).await;
    // The next one has the same name: this one is out of the way when that is answered.
    call.note("leave_room", json!({})).await;
    call.knows_all().await;
    rung
}

#[tokio::test]
async fn everyone_comes_in_waits_or_needs_the_password_as_the_table_says() {
    let server = Server::start().await;
    let owner = server.account("owner").await;
    let (member, admin, other) = (
        server.account("member").await,
        server.account("admin").await,
        server.account("other").await,
    );
    let people: [(Option<&Person>, (bool, bool)); 5] = [
        (Some(&member), (true, false)),
        (Some(&admin), (true, true)),
        (Some(&owner), (false, true)),
        (Some(&other), (false, false)),
        (None, (false, false)),
    ];
    let members: Value = json!([
        { "user_id": member.uuid(), "admin": false }, { "user_id": admin.uuid(), "admin": true },
    ]);
    for open in BOTH {
        for force_password in BOTH {
            for force_waiting_room in BOTH {
                let rules = (open, force_password, force_waiting_room);
                let room = owner
                    .conference(json!({ "password": "right", "open": open,
                        "force_password": force_password,
                        "force_waiting_room": force_waiting_room, "members": members }))
                    .await;
                for (who, standing) in people {
                    for password in PASSWORDS {
                        let got = rings(&server, &room, who, password).await;
                        let want = as_written(rules, standing, password);
                        let got = got.map_err(|(code, _)| code);
                        assert_eq!(got, want, "{rules:?} {standing:?} {password:?}");
                    }
                }
            }
        }
    }
}

#[tokio::test]
async fn the_sentences_are_those_of_the_page() {
    let server = Server::start().await;
    let (ann, bea) = (server.account("ann").await, server.account("bea").await);
    let locked = ann.conference(json!({ "password": "right", "force_password": true })).await;
    let closed = ann.conference(json!({})).await;
    let said = |code: i64, message: &str| Err((code, message.to_owned()));
    let password = "You'll need the correct password to get in the room";
    assert_eq!(rings(&server, &locked, Some(&bea), Some("wrong")).await, said(401, password));
    let waits = "not allowed for this room, waiting to be accpeted";
    assert_eq!(rings(&server, &closed, Some(&bea), None).await, said(403, waits));
    assert_eq!(rings(&server, &closed, None, None).await, said(403, waits));
    for unknown in ["7", "02ba016d-b3c2-47d2-a0e2-e814f9daa822", "nonsense"] {
        assert_eq!(rings(&server, unknown, None, None).await, said(404, "room doesn't exist"));
    }
    let cannot = said(401, "Can't authenticate");
    for wrong in [
        json!({ "username": "ann", "password": "wrong" }),
        json!({ "username": "nobody", "password": "password" }),
        json!({ "username": "ann" }),
        json!({ "password": "password" }),
        json!({ "device": "phone", "device_token": "wrong" }),
        json!({ "device": "phone" }),
        json!({ "token": "wrong" }),
    ] {
        let mut call = server.aura("a call").await;
        assert_eq!(call.ring_with(&closed, None, wrong.clone()).await, cannot, "{wrong}");
        assert_eq!(call.refused("get_room_members", json!({})).await, 401);
    }
}

#[tokio::test]
async fn other_rooms_let_in_who_could_come_by_themselves() {
    let server = Server::start().await;
    let (ann, bea) = (server.account("ann").await, server.account("bea").await);
    let voice = ann.room("Lounge").await;
    assert_eq!(rings(&server, &voice.uuid, Some(&bea), None).await, Ok(()));
    let refused = rings(&server, &voice.uuid, None, None).await;
    assert_eq!(refused, Err((403, "not allowed for this room".to_owned())));
    // Who may mute there is an admin.
    let mut owner = server.aura("ann's").await;
    owner.ring(&voice.uuid, Some(&ann)).await.unwrap();
    let (_peer, joined) = owner.join().await;
    assert_eq!(joined["is_admin"], true);
}

#[tokio::test]
async fn the_waiting_room_stays_one_whichever_door() {
    let server = Server::start().await;
    let (ann, bea) = (server.account("ann").await, server.account("bea").await);
    let room = ann.conference(json!({ "force_waiting_room": true, "password": "right" })).await;
    let mut owner = server.aura("ann's").await;
    let _peer = owner.enters(&room, Some(&ann)).await;
    for password in [json!(null), json!("right")] {
        let join = json!({ "channel_id": room, "password": password });
        bea.post("/voice/join", join).await.expect(403);
        let join = json!({ "password": password });
        bea.post(&format!("/api/v1/rooms/{room}/join"), join).await.expect(403);
    }
    bea.post(
        &format!("/api/v1/rooms/{room}/voice/join"),
        json!({ "self_mute": false, "self_deaf": false }),
    )
    .await
    .expect(403);
    // Nor does any other door show who is in.
    for path in [
        format!("/voice/channels/{room}/participants"),
        format!("/api/v1/rooms/{room}/participants"),
        format!("/api/v1/rooms/{room}/voice"),
    ] {
        let reply = bea.get(&path).await;
        let shown = reply.body.to_string();
        assert!(!shown.contains(&ann.uuid()) && !shown.contains(&ann.id), "{path}: {shown}");
    }
}
