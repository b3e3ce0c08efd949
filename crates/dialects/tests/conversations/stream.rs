//! What the event stream tells, to whom, in which order, and how it ends.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Client, Person, Room, Server, Session, assert_like, offer};

/// How a person who has just come in is shown.
pub fn participant(session: &Session) -> Value {
    json!({
        "user_id": session.whose.uuid(), "username": session.whose.name, "session_id": session.id,
        "mute": false, "deaf": false, "server_mute": false, "server_deaf": false,
        "speaking": false, "video": false, "screen": false, "via": "voice_service",
    })
}

/// The same with other values, as an event of this type.
pub fn event(kind: &str, body: Value, changes: Value) -> Value {
    let mut event = body;
    let keys = event.as_object_mut().unwrap();
    keys.extend(changes.as_object().unwrap().clone());
    keys.extend(
        json!({ "type": kind, "seq": "<seq>", "ts": "<time>" }).as_object().unwrap().clone(),
    );
    event
}

async fn two_in_a_room(server: &Server) -> (Room, Session, Session) {
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    let (maya, tom) = (maya.join(&room).await, tom.join(&room).await);
    (room, maya, tom)
}

#[tokio::test]
async fn the_stream_opens_with_the_state() {
    let server = Server::start().await;
    let (room, maya, tom) = two_in_a_room(&server).await;
    tom.state(json!({ "mute": true })).await.expect(200);
    let state = maya.open().await.next().await;
    let mut muted = participant(&tom);
    muted["mute"] = json!(true);
    assert_like(
        &state,
        &json!({
            "type": "state", "seq": "<seq>", "ts": "<time>",
            "session_id": maya.id, "channel_id": room.uuid,
            "participants": [participant(&maya), muted], "slots": [], "floor": null,
            "captions": false, "topic": null, "name": "lounge",
        }),
    );
}

#[tokio::test]
async fn coming_changing_and_going_are_told_once_each() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let tom = server.account("tom").await;
    let room = maya.room("lounge").await;
    let mut events = maya.join(&room).await.follow().await;
    let tom = tom.join(&room).await;
    let joined = events.next().await;
    assert_like(&joined, &event("member.joined", participant(&tom), json!({})));
    tom.state(json!({ "mute": true, "deaf": true })).await.expect(200);
    let both = json!({ "mute": true, "deaf": true });
    assert_like(&events.next().await, &event("member.updated", participant(&tom), both.clone()));
    // What is so already is no news: the next thing told is the next change.
    tom.state(json!({ "mute": true })).await.expect(200);
    tom.state(json!({})).await.expect(200);
    tom.state(json!({ "deaf": false })).await.expect(200);
    let muted = json!({ "mute": true });
    assert_like(&events.next().await, &event("member.updated", participant(&tom), muted));
    tom.leave().await.expect(204);
    let left = json!({ "user_id": tom.whose.uuid(), "reason": "left" });
    assert_like(&events.next().await, &event("member.left", left, json!({})));
    // Again: a new member, a new session.
    let again = tom.whose.join(&room).await;
    assert_ne!(again.id, tom.id);
    let joined = events.next().await;
    assert_like(&joined, &event("member.joined", participant(&again), json!({})));
}

#[tokio::test]
async fn everyone_hears_the_same_events_under_the_same_numbers() {
    let server = Server::start().await;
    let (_, maya, tom) = two_in_a_room(&server).await;
    let (mut hers, mut his) = (maya.follow().await, tom.follow().await);
    for mute in [true, false, true] {
        maya.state(json!({ "mute": mute })).await.expect(200);
        tom.state(json!({ "mute": mute })).await.expect(200);
    }
    for _ in 0..6 {
        assert_eq!(hers.expect("member.updated").await, his.expect("member.updated").await);
    }
}

#[tokio::test]
async fn moderation_is_told_as_it_is_in_effect() {
    let server = Server::start().await;
    let (room, maya, tom) = two_in_a_room(&server).await;
    let mut events = tom.follow().await;
    let base = format!("/api/v1/rooms/{}/voice", room.id);
    let by = maya.whose.uuid();
    let target = json!({ "user_id": tom.whose.id, "muted": true, "deafened": true });
    maya.whose.post(&format!("{base}/mute"), target.clone()).await.expect(204);
    let updated = events.next().await;
    assert_like(
        &updated,
        &event("member.updated", participant(&tom), json!({ "server_mute": true, "by": by })),
    );
    // Twice is no news.
    maya.whose.post(&format!("{base}/mute"), target.clone()).await.expect(204);
    maya.whose.post(&format!("{base}/deafen"), target).await.expect(204);
    let updated = events.next().await;
    let both = json!({ "server_mute": true, "server_deaf": true, "by": by });
    assert_like(&updated, &event("member.updated", participant(&tom), both));
}

#[tokio::test]
async fn slots_are_told_to_their_own_session_and_are_in_its_state() {
    let server = Server::start().await;
    let (_, maya, tom) = two_in_a_room(&server).await;
    let (mut hers, mut his) = (maya.follow().await, tom.follow().await);
    let (mut client, offer) = Client::new();
    let mids: Vec<&str> = offer.lines().filter_map(|line| line.strip_prefix("a=mid:")).collect();
    let empty = |mid: &str, kind: &str| json!({ "mid": mid, "kind": kind, "user_id": null, "session_id": null, "source": null });
    let slots = json!([empty(mids[1], "audio"), empty(mids[2], "video")]);
    let reply = maya.signal(json!({ "type": "offer", "sdp": offer })).await.expect(200);
    client.accept(reply["sdp"].as_str().unwrap());
    let told = hers.expect("slots").await;
    assert_like(&told, &event("slots", json!({ "slots": slots }), json!({})));
    assert_eq!(maya.open().await.next().await["slots"], slots);
    // Tom's own stream has nothing of it.
    maya.state(json!({ "mute": true })).await.expect(200);
    his.expect("member.updated").await;
    assert_eq!(tom.open().await.next().await["slots"], json!([]));
}

/// Ends Tom's session in some way; gives the last frame of his stream, the close frame, and what Maya is
/// told.
async fn ended_by(
    what: impl AsyncFnOnce(&Server, &Room, &Session, &Session),
) -> (Value, (u16, String), Value) {
    let server = Server::start().await;
    let (room, maya, tom) = two_in_a_room(&server).await;
    let (mut hers, mut his) = (maya.follow().await, tom.follow().await);
    what(&server, &room, &maya, &tom).await;
    let last = his.next().await;
    (last, his.closed().await, hers.next().await)
}

fn left(who: &str, reason: &str) -> Value {
    event("member.left", json!({ "user_id": who, "reason": reason }), json!({}))
}

async fn check_end(
    reason: &str,
    code: u16,
    what: impl AsyncFnOnce(&Server, &Room, &Session, &Session) -> String,
) {
    let mut who = String::new();
    let (last, closed, told) = ended_by(async |server, room, maya, tom| {
        who = what(server, room, maya, tom).await;
    })
    .await;
    assert_like(&last, &event("ended", json!({ "reason": reason }), json!({})));
    assert_eq!(closed, (code, reason.to_owned()));
    assert_like(&told, &left(&who, reason));
}

#[tokio::test]
async fn leaving_ends_the_stream() {
    check_end("left", 1000, async |_, _, _, tom| {
        tom.leave().await.expect(204);
        tom.whose.uuid()
    })
    .await;
}

#[tokio::test]
async fn joining_elsewhere_ends_the_first_membership() {
    check_end("moved", 1000, async |_, room, maya, tom| {
        let other = maya.whose.room("other").await;
        tom.whose.join(&other).await;
        assert_eq!(tom.whose.participants(&room.uuid).await.len(), 1);
        assert_eq!(tom.whose.participants(&other.uuid).await.len(), 1);
        tom.whose.uuid()
    })
    .await;
}

#[tokio::test]
async fn a_ban_ends_the_stream_within_the_poll() {
    check_end("banned", 1000, async |server, _, _, tom| {
        let account = model::AccountId(tom.whose.user().0);
        server.store.ban(account, Some("spam"), app::now().wall).await.unwrap();
        tom.whose.uuid()
    })
    .await;
}

#[tokio::test]
async fn a_kick_is_told_with_who_did_it() {
    let mut by = String::new();
    let (last, closed, told) = ended_by(async |_, room, maya, tom| {
        let path = format!("/api/v1/rooms/{}/voice/kick", room.id);
        maya.whose.post(&path, json!({ "user_id": tom.whose.id })).await.expect(204);
        by = maya.whose.uuid();
        assert_eq!(tom.state(json!({})).await.status, 404);
        assert_eq!(tom.whose.participants(&room.uuid).await.len(), 1);
    })
    .await;
    assert_like(&last, &event("kicked", json!({ "by": by }), json!({})));
    assert_eq!(closed, (1000, "kicked".to_owned()));
    assert_eq!(told["reason"], "kicked");
}

#[tokio::test]
async fn a_deleted_room_and_a_stopping_server_end_every_stream() {
    for (stop, reason, code) in [(false, "channel_deleted", 1000), (true, "server_shutdown", 1012)]
    {
        let server = Server::start().await;
        let (room, maya, tom) = two_in_a_room(&server).await;
        let mut streams = [maya.follow().await, tom.follow().await];
        if stop {
            server.app.shut_down().await;
        } else {
            maya.whose.delete(&format!("/api/v1/rooms/{}", room.id)).await.expect(204);
        }
        for stream in &mut streams {
            // Others may be told of first, in any order.
            let last = stream.until("ended").await.pop().unwrap();
            assert_like(&last, &event("ended", json!({ "reason": reason }), json!({})));
            assert_eq!(stream.closed().await, (code, reason.to_owned()));
        }
    }
}

#[tokio::test]
async fn nobody_comes_in_while_the_server_stops() {
    let server = Server::start().await;
    let (room, maya, _) = two_in_a_room(&server).await;
    server.app.shut_down().await;
    let refused = maya.whose.try_join(&room.uuid, json!({})).await;
    assert!(refused.header("retry-after").is_some());
    assert_eq!(refused.expect(503), json!({ "error": "Temporarily unavailable" }));
}

#[tokio::test]
async fn pings_are_answered_and_the_server_pings_first() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    let mut events = session.open().await;
    let mut pinged = false;
    for _ in 0..2 {
        match events.raw().await {
            Message::Ping(_) => pinged = true,
            Message::Text(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert!(pinged);
    events.send(Message::Ping(b"there?".to_vec().into())).await;
    assert_eq!(events.raw().await, Message::Pong(b"there?".to_vec().into()));
}

#[tokio::test]
async fn what_the_client_sends_wrong_is_answered_and_costs_nothing() {
    let server = Server::start().await;
    let (_, maya, tom) = two_in_a_room(&server).await;
    maya.signal(json!({ "type": "offer", "sdp": offer() })).await.expect(200);
    let mut events = maya.follow().await;
    // The slots of the offer may come before or after the state.
    maya.state(json!({ "mute": true })).await.expect(200);
    events.until("member.updated").await;
    let view = |slots: Value| json!({ "type": "view", "slots": slots }).to_string();
    let slot = |more: Value| {
        let mut slot = json!({ "mid": "1", "width": 640, "height": 360 });
        slot.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        view(json!([slot]))
    };
    let stranger = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
    for (sent, named) in [
        ("hello".to_owned(), "expected"),
        ("{}".to_owned(), "type"),
        (json!({ "type": "dance" }).to_string(), "dance"),
        (json!({ "type": "view" }).to_string(), "slots"),
        (view(json!([{}])), "mid"),
        (slot(json!({ "user_id": "nobody" })), "id"),
        (slot(json!({ "user_id": stranger })), "Unknown user"),
        (slot(json!({ "source": "smell" })), "smell"),
        (slot(json!({ "width": -1 })), "-1"),
        (slot(json!({ "height": 70_000 })), "70000"),
        (view(json!(vec![json!({ "mid": "1" }); 65])), "64"),
    ] {
        events.say(sent.clone()).await;
        let answer = events.expect("error").await;
        let error = answer["error"].as_str().unwrap();
        assert!(error.to_lowercase().contains(&named.to_lowercase()), "{sent}: {error}");
    }
    events.send(Message::binary(b"{}".to_vec())).await;
    assert_eq!(events.expect("error").await["error"], "frames must be text");
    // Good ones are not answered: the next thing is an event.
    events.say(slot(json!({ "user_id": tom.whose.uuid(), "source": "camera" }))).await;
    events.say(slot(json!({ "user_id": tom.whose.id, "source": null }))).await;
    events.say(slot(json!({ "user_id": null }))).await;
    tom.state(json!({ "mute": true })).await.expect(200);
    events.expect("member.updated").await;
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_socket_and_not_the_session() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    let mut events = session.follow().await;
    events.say("x".repeat(17 * 1024)).await;
    events.cut_off().await;
    session.state(json!({})).await.expect(200);
    session.follow().await;
}

#[tokio::test]
async fn many_streams_of_one_session_are_told_alike() {
    let server = Server::start().await;
    let (_, maya, tom) = two_in_a_room(&server).await;
    let mut first = maya.follow().await;
    let mut second = maya.follow().await;
    tom.state(json!({ "mute": true })).await.expect(200);
    assert_eq!(first.next().await, second.next().await);
    // One goes; the other one and the session stay.
    drop(first);
    tom.state(json!({ "mute": false })).await.expect(200);
    second.expect("member.updated").await;
    maya.leave().await.expect(204);
    second.expect("ended").await;
    drop(Person::clone(&maya.whose));
}
