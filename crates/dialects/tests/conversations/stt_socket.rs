//! The socket of STT Room: what it tells, to whom, and how it ends.

use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Person, Server, TalkSocket, assert_like, changed};
use crate::stt_seed::pair;

#[tokio::test]
async fn it_opens_with_who_speaks_under_every_name() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let (room, token) = (&maya.room, &maya.who.token);
    for path in ["/ws/rooms", "/api/v1/ws/rooms"] {
        for id in [&room.uuid, &room.id, &room.uuid.to_uppercase()] {
            let mut socket = TalkSocket::at(&server, &format!("{path}/{id}?token={token}")).await;
            assert_like(&socket.next().await, &changed(room, None));
        }
    }
    let acquired = tom.acquire().await.expect(200);
    let first = maya.open().await.next().await;
    assert_like(&first, &changed(room, Some(&tom.who)));
    assert_eq!(first["payload"]["expires_at"], acquired["expires_at"]);
}

#[tokio::test]
async fn everybody_is_told_the_same_in_order() {
    let server = Server::start().await;
    let (maya, tom) = (server.talker("maya").await, server.talker("tom").await);
    let maya = maya.talk("den", None).await;
    let tom = tom.sees(&maya);
    maya.join().await;
    let mut hers = maya.follow().await;
    tom.join().await;
    let joined = json!({ "user_id": tom.who.uuid() });
    let event = hers.next().await;
    let wanted = json!({ "type": "room.participant.joined", "payload": joined, "ts": "<time>" });
    assert_like(&event, &wanted);
    let mut his = tom.follow().await;
    maya.acquire().await.expect(200);
    maya.heartbeat().await.expect(200);
    maya.release().await.expect(200);
    // Joining again is no news.
    tom.join().await;
    tom.acquire().await.expect(200);
    for holder in [Some(&maya.who), Some(&maya.who), None, Some(&tom.who)] {
        let told = hers.next().await;
        assert_like(&told, &changed(&maya.room, holder));
        assert_eq!(his.next().await, told);
    }
    maya.leave().await;
    assert_eq!(his.expect("room.participant.left").await, json!({ "user_id": maya.who.uuid() }));
    assert_eq!(hers.closed_after("room.participant.left").await, (1000, "left".to_owned()));
}

#[tokio::test]
async fn who_may_not_follow_is_told_why_after_the_upgrade() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let zoe = server.talker("zoe").await;
    let banned = server.talker("omar").await;
    server.store.ban(model::AccountId(banned.user().0), None, app::now().wall).await.unwrap();
    let (here, good) = (&maya.room.uuid, maya.who.token.as_str());
    let forged = format!("{}x", tom.who.token);
    let foreign = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
    let bad_token = |query: &str| (here.clone(), query.to_owned(), 4401);
    let no_room = |room: &str| (room.to_owned(), format!("?token={good}"), 4404);
    for (room, query, code) in [
        bad_token(""),
        bad_token("?token="),
        bad_token("?token=x"),
        bad_token(&format!("?token={forged}")),
        bad_token(&format!("?token={}", banned.token)),
        bad_token("?token=%ff"),
        bad_token(&format!("?token={good}&token={good}")),
        ("nowhere".to_owned(), "?token=x".to_owned(), 4401),
        no_room("1"),
        no_room(foreign),
        no_room("nowhere"),
        no_room("%20"),
        no_room("%ff"),
        no_room("99999999999999999999"),
        (here.clone(), format!("?token={}", zoe.token), 4403),
    ] {
        let mut socket = TalkSocket::at(&server, &format!("/ws/rooms/{room}{query}")).await;
        let (found, reason) = socket.closed().await;
        assert_eq!(found, code, "{room}{query}: {reason}");
        assert!(!reason.is_empty(), "{code}");
    }
    // Who was in and has left follows no more.
    tom.leave().await;
    assert_eq!(tom.open().await.closed().await.0, 4403);
}

#[tokio::test]
async fn without_an_upgrade_it_says_what_it_is() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    for path in ["/ws/rooms", "/api/v1/ws/rooms"] {
        let path = format!("{path}/{}?token={}", maya.room.uuid, maya.who.token);
        let reply = maya.who.get(&path).await;
        assert_eq!(reply.header("upgrade"), Some("websocket"));
        assert_eq!(reply.expect(426)["code"], "UPGRADE_REQUIRED");
    }
}

#[tokio::test]
async fn a_token_in_a_header_will_do() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    let url = server.url("ws", &format!("/ws/rooms/{}", maya.room.uuid));
    let mut wire = crate::harness::Wire::open_as(&url, Some(&maya.who.token)).await;
    assert_like(&wire.frame().await, &changed(&maya.room, None));
}

#[tokio::test]
async fn closing_it_is_not_leaving() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let mut hers = maya.follow().await;
    for _ in 0..5 {
        let mut his = tom.follow().await;
        his.wire().send(Message::Close(None)).await;
        // The server closes, too.
        his.wire().cut_off().await;
        drop(tom.follow().await);
    }
    assert_eq!(maya.online().await, [maya.who.uuid(), tom.who.uuid()]);
    // Nothing was told of it: the next news is this.
    tom.acquire().await.expect(200);
    assert_like(&hers.next().await, &changed(&maya.room, Some(&tom.who)));
}

#[tokio::test]
async fn what_a_client_says_is_ignored() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let mut socket = maya.follow().await;
    for text in ["", "hello", "{}", r#"{"type":"speaker.changed"}"#, r#"{"type":"ping"}"#, "\u{0}"]
    {
        socket.wire().send(Message::text(text)).await;
    }
    socket.wire().send(Message::binary(vec![0xff; 4096])).await;
    socket.wire().send(Message::Ping(b"there?".to_vec().into())).await;
    // Each side asks whether the other is there, in whichever order.
    let (mut asked, mut answered) = (false, false);
    while !(asked && answered) {
        match socket.wire().raw().await {
            Message::Ping(_) => asked = true,
            Message::Pong(said) if said.as_ref() == b"there?" => answered = true,
            other => panic!("{other:?}"),
        }
    }
    tom.acquire().await.expect(200);
    assert_like(&socket.next().await, &changed(&maya.room, Some(&tom.who)));
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_socket_and_nothing_else() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    let mut socket = maya.follow().await;
    socket.wire().send(Message::text("x".repeat(5000))).await;
    socket.wire().cut_off().await;
    assert_eq!(maya.online().await.len(), 2);
    maya.follow().await;
}

/// How Tom's socket ends by something that Maya, who made the room, does.
async fn ended_by(what: impl AsyncFnOnce(&Server, &Person, &Person, &str)) -> (u16, String) {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let mut socket = tom.follow().await;
    what(&server, &maya.who, &tom.who, &maya.room.id).await;
    loop {
        match socket.wire().raw().await {
            Message::Close(Some(frame)) => return (frame.code.into(), frame.reason.to_string()),
            Message::Close(None) => panic!("closed without a reason"),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_kick_a_ban_a_deleted_room_and_a_stopping_server_end_it() {
    let kicked = ended_by(async |_, maya, tom, room| {
        let path = format!("/api/v1/rooms/{room}/voice/kick");
        maya.post(&path, json!({ "user_id": tom.id })).await.expect(204);
    });
    assert_eq!(kicked.await, (4403, "kicked".to_owned()));
    let banned = ended_by(async |server, _, tom, _| {
        let account = model::AccountId(tom.user().0);
        server.store.ban(account, None, app::now().wall).await.unwrap();
    });
    assert_eq!(banned.await, (4401, "banned".to_owned()));
    let deleted = ended_by(async |_, maya, _, room| {
        maya.send(Method::DELETE, &format!("/api/v1/rooms/{room}"), None).await.expect(204);
    });
    assert_eq!(deleted.await, (4404, "channel_deleted".to_owned()));
    let stopped = ended_by(async |server, _, _, _| server.app.shut_down().await);
    assert_eq!(stopped.await, (1012, "server_shutdown".to_owned()));
}

/// Sockets of one person, as the page says.
const SOCKETS_MAX: usize = 32;

#[tokio::test]
async fn one_socket_too_many_ends_the_oldest() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let mut oldest = maya.follow().await;
    let mut newer = Vec::new();
    for _ in 0..SOCKETS_MAX {
        newer.push(maya.follow().await);
    }
    assert_eq!(oldest.closed().await.0, 1013);
    tom.acquire().await.expect(200);
    for socket in &mut newer {
        assert_like(&socket.next().await, &changed(&maya.room, Some(&tom.who)));
    }
}

#[tokio::test]
async fn who_is_in_by_another_door_may_follow() {
    let server = Server::start().await;
    let (maya, tom) = (server.talker("maya").await, server.talker("tom").await);
    let maya = maya.talk("den", None).await;
    let session = maya.who.join(&maya.room).await;
    let mut socket = maya.follow().await;
    let tom = tom.sees(&maya);
    tom.join().await;
    assert_eq!(socket.expect("room.participant.joined").await["user_id"], tom.who.uuid());
    assert_eq!(tom.online().await, [maya.who.uuid(), tom.who.uuid()]);
    session.leave().await.expect(204);
    assert_eq!(socket.closed_after("room.participant.left").await.0, 1000);
}

#[tokio::test]
async fn every_room_has_one() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let lounge = crate::harness::Talk { room: maya.room("lounge").await, who: maya };
    let tom = tom.sees(&lounge);
    lounge.join().await;
    let mut socket = lounge.follow().await;
    tom.join().await;
    socket.expect("room.participant.joined").await;
    let found: Value = lounge.get("participants").await.expect(200);
    assert_eq!((&found[0]["email"], &found[1]["email"]), (&json!("maya"), &json!("tom")));
    tom.leave().await;
    socket.expect("room.participant.left").await;
}
