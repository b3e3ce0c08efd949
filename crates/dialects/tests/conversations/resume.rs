//! Coming back: nothing lost, nothing twice, in order, over WebSocket and Server-Sent Events.

use serde_json::{Value, json};

use crate::harness::{Server, Session, assert_like};
use crate::stream::{event, participant};

async fn two(server: &Server) -> (Session, Session) {
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    (maya.join(&room).await, tom.join(&room).await)
}

/// Tom mutes and unmutes: so many events.
async fn fidget(tom: &Session, times: usize) {
    for n in 0..times {
        tom.state(json!({ "mute": n % 2 == 0 })).await.expect(200);
    }
}

#[tokio::test]
async fn after_gives_what_was_missed_and_goes_on() {
    let server = Server::start().await;
    let (maya, tom) = two(&server).await;
    let mut whole = maya.follow().await;
    let mut first = maya.follow().await;
    fidget(&tom, 2).await;
    let heard = [first.next().await, first.next().await];
    drop(first);
    fidget(&tom, 3).await;
    let mut again = maya.resume(heard[1]["seq"].as_u64().unwrap()).await;
    fidget(&tom, 2).await;
    let mut all = heard.to_vec();
    for _ in 0..5 {
        all.push(again.next().await);
    }
    let mut expected = Vec::new();
    for _ in 0..7 {
        expected.push(whole.next().await);
    }
    assert_eq!(all, expected, "nothing lost, nothing twice, in order");
}

#[tokio::test]
async fn after_the_last_event_gives_only_what_comes() {
    let server = Server::start().await;
    let (maya, tom) = two(&server).await;
    let first = maya.follow().await;
    let mut again = maya.resume(first.seq()).await;
    // A wrong frame at once: the answer carries the number that the client has, so that it can resume.
    again.say("?").await;
    assert_eq!(again.expect("error").await["seq"], first.seq());
    fidget(&tom, 1).await;
    again.expect("member.updated").await;
}

#[tokio::test]
async fn what_is_too_old_from_the_future_or_of_another_life_gives_the_state() {
    let server = Server::start().await;
    let (maya, tom) = two(&server).await;
    let now = maya.follow().await.seq();
    for after in [0, 1, now - 1000, now + 1, u64::MAX] {
        let mut events = maya.resume(after).await;
        assert_eq!(events.expect("state").await["seq"], now, "{after}");
    }
    // More than is kept.
    fidget(&tom, 1001).await;
    let state = maya.resume(now).await.expect("state").await;
    assert_eq!(state["seq"], now + 1001);
    let missed = maya.resume(now + 1).await.expect("member.updated").await;
    assert_eq!(missed["seq"], now + 2);
}

#[tokio::test]
async fn numbers_of_an_earlier_life_of_the_server_mean_nothing_later() {
    let server = Server::start().await;
    let (maya, tom) = two(&server).await;
    let mut events = maya.follow().await;
    fidget(&tom, 3).await;
    events.next().await;
    let seq = events.seq();
    let room = events_channel(&maya).await;
    let server = server.restart().await;
    // Accounts, rooms and tokens outlive it; sessions do not.
    let maya = server.bearer(&maya.whose.token);
    let gone = json!({ "session_id": tom.id });
    assert_eq!(server.bearer(&tom.whose.token).post("/voice/leave", gone).await.status, 404);
    assert_eq!(maya.participants(&room).await, Vec::<Value>::new());
    let session = maya.join_with(&room, json!({})).await;
    let state = session.resume(seq).await.expect("state").await;
    assert!(state["seq"].as_u64().unwrap() > seq + 2, "no number is used twice");
}

async fn events_channel(session: &Session) -> String {
    let state = session.open().await.next().await;
    state["channel_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn server_sent_events_tell_the_same() {
    let server = Server::start().await;
    let (maya, tom) = two(&server).await;
    let mut socket = maya.open().await;
    let mut events = maya.server_sent(None).await;
    let (state, same) = (events.next().await, socket.next().await);
    assert_eq!(state["type"], "state");
    assert_eq!((&state["participants"], &state["seq"]), (&same["participants"], &same["seq"]));
    fidget(&tom, 2).await;
    for _ in 0..2 {
        assert_eq!(events.next().await, socket.next().await);
    }
    drop(events);
    fidget(&tom, 2).await;
    let mut again = maya.server_sent(Some(socket.seq())).await;
    fidget(&tom, 1).await;
    for _ in 0..3 {
        assert_eq!(again.next().await, socket.next().await);
    }
    tom.leave().await.expect(204);
    let left = json!({ "user_id": tom.whose.uuid(), "reason": "left" });
    assert_like(&again.next().await, &event("member.left", left, json!({})));
    maya.leave().await.expect(204);
    let ended = event("ended", json!({ "reason": "left" }), json!({}));
    assert_like(&again.next().await, &ended);
    assert_eq!(again.try_next().await, None, "the stream ends with the session");
}

#[tokio::test]
async fn an_unreadable_last_event_id_is_none() {
    let server = Server::start().await;
    let (maya, tom) = two(&server).await;
    let url = server.url("http", &maya.path());
    let request = server.http.get(url).bearer_auth(&maya.whose.token);
    let request = request.header("accept", "text/event-stream").header("last-event-id", "x");
    let mut response = request.send().await.unwrap();
    let chunk = response.chunk().await.unwrap().unwrap();
    let text = std::str::from_utf8(&chunk).unwrap();
    assert!(text.contains(r#""type":"state""#), "{text}");
    assert!(text.contains(&participant(&tom)["session_id"].to_string()), "{text}");
}
