//! Coming in and going out by Vox: who is refused where they are already, who is not, and new tokens.

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Person, Reply, Server, Setup, Wire, assert_like, soon};

fn join_as(self_mute: bool, self_deaf: bool) -> Value {
    json!({ "self_mute": self_mute, "self_deaf": self_deaf })
}

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let error = reply.expect(status)["error"].clone();
    assert_eq!(error["code"], code, "{error}");
}

#[tokio::test]
async fn mute_and_deafen_hold_from_the_join() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    for (mute, deaf) in [(false, false), (true, false), (false, true), (true, true)] {
        let reply = maya.post(&room.vox("voice/join"), join_as(mute, deaf)).await.expect(200);
        let like = json!({
            "user_id": maya.id, "username": "maya", "self_mute": mute, "self_deaf": deaf,
            "server_mute": false, "server_deaf": false, "mute": mute, "deaf": deaf,
            "video": false, "streaming": false, "joined_at": "<seconds>",
        });
        assert_like(&reply["members"], &json!([like]));
        assert_eq!(json!(maya.members(&room).await), reply["members"]);
        maya.ask(&room, "voice/leave").await.expect(204);
    }
}

#[tokio::test]
async fn in_a_stage_room_everyone_begins_as_a_listener() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.stage("hall").await;
    maya.connect(&room).await;
    tom.connect(&room).await;
    let like = |who: &Person| {
        json!({
            "user_id": who.id, "username": who.name, "self_mute": false, "self_deaf": false,
            "server_mute": false, "server_deaf": false, "mute": false, "deaf": false,
            "video": false, "streaming": false, "joined_at": "<seconds>",
            "stage_role": "listener",
        })
    };
    assert_like(&json!(maya.members(&room).await), &json!([like(&maya), like(&tom)]));
    tom.ask(&room, "stage/request").await.expect(204);
    let mut asking = like(&tom);
    asking["requested_at"] = json!("<seconds>");
    assert_like(&json!(maya.members(&room).await), &json!([like(&maya), asking]));
}

#[tokio::test]
async fn who_is_in_is_refused_and_stays_as_they_were() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    let hall = maya.stage("hall").await;
    maya.post(&room.vox("voice/join"), join_as(true, false)).await.expect(200);
    let before = maya.members(&room).await;
    for elsewhere in [&room, &other, &hall] {
        refused(maya.try_connect(elsewhere).await, 409, "ALREADY_IN_VOICE");
    }
    assert_eq!(maya.members(&room).await, before);
    assert_eq!(maya.members(&other).await, Vec::<Value>::new());
    // Somebody else's place is no matter.
    server.account("tom").await.connect(&other).await;
    maya.ask(&room, "voice/leave").await.expect(204);
    maya.connect(&other).await;
}

#[tokio::test]
async fn sessions_by_another_dialect_count() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    let session = maya.join(&room).await;
    for elsewhere in [&room, &other] {
        refused(maya.try_connect(elsewhere).await, 409, "ALREADY_IN_VOICE");
    }
    session.state(json!({})).await.expect(200);
    // That dialect takes one out of where one is instead, and the same room twice is two devices.
    maya.join(&other).await;
    maya.ask(&other, "voice/leave").await.expect(204);
    maya.connect(&room).await;
    maya.join(&room).await;
    assert_eq!(maya.member_ids(&room).await, [maya.id.as_str()]);
    maya.join(&other).await;
    assert_eq!(maya.member_ids(&room).await, Vec::<String>::new());
    // Leaving is for all of one's sessions.
    let session = maya.join(&other).await;
    maya.ask(&other, "voice/leave").await.expect(204);
    assert_eq!(session.state(json!({})).await.status, 404);
    assert_eq!(maya.member_ids(&other).await, Vec::<String>::new());
}

#[tokio::test]
async fn rooms_for_many_at_once_conflict_with_none() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (room, den) = (maya.room("lounge").await, maya.talk("den", None).await);
    // By requests alone nobody is anywhere with a client.
    den.join().await;
    maya.connect(&room).await;
    maya.connect(&den.room).await;
    refused(maya.try_connect(&den.room).await, 409, "ALREADY_IN_VOICE");
    assert_eq!(maya.member_ids(&room).await, [maya.id.as_str()]);
    assert_eq!(den.online().await, [maya.uuid()]);
    maya.ask(&den.room, "voice/leave").await.expect(204);
    assert_eq!(den.online().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_detached_session_gives_way() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    for next in [&room, &other] {
        let joined = maya.connect(&room).await;
        let mut media = open_media(&server, &joined).await;
        refused(maya.try_connect(next).await, 409, "ALREADY_IN_VOICE");
        media.send(Message::Close(None)).await;
        media.cut_off().await;
        // When the server has seen it go is its own affair.
        let joined = async {
            loop {
                let reply = maya.try_connect(next).await;
                if reply.status == 200 {
                    return reply.expect(200);
                }
                refused(reply, 409, "ALREADY_IN_VOICE");
            }
        };
        soon("the detached session", joined).await;
        assert_eq!(maya.member_ids(next).await, [maya.id.as_str()]);
        maya.ask(next, "voice/leave").await.expect(204);
    }
    assert_eq!(maya.member_ids(&room).await, Vec::<String>::new());
}

/// Opens the media socket of a join, which the session lives by from then on.
async fn open_media(server: &Server, joined: &Value) -> Wire {
    let token = joined["media_token"].as_str().unwrap();
    let mut media = Wire::open(&server.url("ws", &format!("/media/v1?token={token}"))).await;
    assert_eq!(media.frame().await["type"], "ready");
    media
}

#[tokio::test]
async fn a_full_room_says_so() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room_with("booth", json!({ "limit": 1 })).await;
    maya.connect(&room).await;
    refused(tom.try_connect(&room).await, 409, "ROOM_FULL");
    // Who is in already takes no place.
    refused(maya.try_connect(&room).await, 409, "ALREADY_IN_VOICE");
    maya.ask(&room, "voice/leave").await.expect(204);
    tom.connect(&room).await;
}

#[tokio::test]
async fn of_many_joins_at_once_one_gets_in() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    let joins = (0..12).map(|at| maya.try_connect(if at % 2 == 0 { &room } else { &other }));
    let mut joined = 0;
    for reply in join_all(joins).await {
        if reply.status == 200 {
            joined += 1;
        } else {
            refused(reply, 409, "ALREADY_IN_VOICE");
        }
    }
    let inside = [maya.member_ids(&room).await, maya.member_ids(&other).await].concat();
    assert_eq!((joined, inside), (1, vec![maya.id.clone()]));
    // The last place of a room, too, is one person's.
    let booth = maya.room_with("booth", json!({ "limit": 1 })).await;
    let mut people = Vec::new();
    for name in ["ann", "bea", "cat", "dan"] {
        people.push(server.account(name).await);
    }
    let replies = join_all(people.iter().map(|who| who.try_connect(&booth))).await;
    let joined = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!((joined, maya.members(&booth).await.len()), (1, 1));
    for reply in replies.into_iter().filter(|reply| reply.status != 200) {
        refused(reply, 409, "ROOM_FULL");
    }
}

#[tokio::test]
async fn connect_opens_the_door_and_without_speak_one_listens() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let deny = |bit: u32| {
        json!({ "permission_overrides": [{
            "target_type": "everyone", "deny": (1_u64 << bit).to_string(),
        }] })
    };
    let closed = maya.room_with("closed", deny(8)).await;
    let error = tom.try_connect(&closed).await.expect(403)["error"].clone();
    assert_eq!(error["code"], "MISSING_PERMISSIONS");
    assert_eq!(error["missing_permission"], "CONNECT");
    maya.connect(&closed).await;
    let quiet = maya.room_with("quiet", deny(9)).await;
    tom.connect(&quiet).await;
    assert_eq!(tom.member_ids(&quiet).await, [tom.id.as_str()]);
    let hidden = maya.room_with("hidden", deny(0)).await;
    refused(tom.try_connect(&hidden).await, 404, "NOT_FOUND");
    refused(tom.ask(&hidden, "voice/leave").await, 404, "NOT_FOUND");
}

#[tokio::test]
async fn a_password_is_asked_for_where_there_is_one() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let den = maya.talk("den", Some("sesame")).await.room;
    let with =
        |password: Value| json!({ "self_mute": false, "self_deaf": false, "password": password });
    let path = den.vox("voice/join");
    refused(tom.try_connect(&den).await, 403, "INVALID_PASSWORD");
    for wrong in [json!("open"), json!(null)] {
        refused(tom.post(&path, with(wrong)).await, 403, "INVALID_PASSWORD");
    }
    refused(tom.post(&path, with(json!(7))).await, 400, "VALIDATION_ERROR");
    // Who is in there is told to those who are in there.
    refused(tom.get(&den.vox("voice")).await, 403, "NOT_A_PARTICIPANT");
    tom.post(&path, with(json!("sesame"))).await.expect(200);
    assert_eq!(tom.member_ids(&den).await, [tom.id.as_str()]);
}

#[tokio::test]
async fn the_media_address_is_the_one_that_was_asked_or_configured() {
    let setup = Setup { public_url: Some("https://voice.example"), ..Setup::default() };
    let server = Server::with(setup).await;
    let maya = server.account("maya").await;
    let joined = maya.connect(&maya.room("lounge").await).await;
    assert_eq!(joined["media_url"], "wss://voice.example/media/v1");
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    // A proxy that the server trusts, which serves its clients by TLS.
    let path = room.vox("voice/join");
    let request = server.http.post(server.url("http", &path)).bearer_auth(&maya.token);
    let request = request.header("x-forwarded-proto", "https").header("host", "talk.example");
    let request = request.header("content-type", "application/json");
    let request = request.body(join_as(false, false).to_string());
    let joined = maya.finish(&reqwest::Method::POST, &path, request).await.expect(200);
    assert_eq!(joined["media_url"], "wss://talk.example/media/v1");
}

#[tokio::test]
async fn a_token_is_made_anew_for_who_is_in() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    refused(maya.ask(&room, "voice/token-refresh").await, 409, "NOT_IN_VOICE");
    maya.connect(&room).await;
    let reply = maya.ask(&room, "voice/token-refresh").await.expect(200);
    assert_like(&reply, &json!({ "media_token": "<token>" }));
    let mut media = open_media(&server, &reply).await;
    refused(maya.ask(&other, "voice/token-refresh").await, 409, "NOT_IN_VOICE");
    refused(tom.ask(&room, "voice/token-refresh").await, 409, "NOT_IN_VOICE");
    // Another dialect's session has no media socket.
    tom.join(&room).await;
    refused(tom.ask(&room, "voice/token-refresh").await, 409, "NOT_IN_VOICE");
    maya.ask(&room, "voice/leave").await.expect(204);
    media.cut_off().await;
    refused(maya.ask(&room, "voice/token-refresh").await, 409, "NOT_IN_VOICE");
}

#[tokio::test]
async fn leaving_twice_is_leaving_somewhere_one_is_not() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let (room, other) = (maya.room("lounge").await, maya.room("other").await);
    maya.connect(&room).await;
    refused(maya.ask(&other, "voice/leave").await, 409, "NOT_IN_VOICE");
    refused(tom.ask(&room, "voice/leave").await, 409, "NOT_IN_VOICE");
    maya.ask(&room, "voice/leave").await.expect(204);
    refused(maya.ask(&room, "voice/leave").await, 409, "NOT_IN_VOICE");
    // A body that nobody asked for is no fault.
    maya.connect(&room).await;
    maya.post(&room.vox("voice/leave"), json!({ "reason": "tired" })).await.expect(204);
}
