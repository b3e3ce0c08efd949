//! Opening a stream: who is refused before the upgrade, and how many a session has.

use serde_json::json;

use crate::harness::{Events, Server, assert_like};

/// Streams of one session, as the pages of the dialects say.
const STREAMS_MAX: usize = 32;

#[tokio::test]
async fn one_stream_too_many_takes_the_place_of_the_oldest() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    let mut streams = Vec::new();
    for _ in 0..=STREAMS_MAX {
        streams.push(session.follow().await);
    }
    assert_eq!(streams.remove(0).closed().await.0, 1013);
    session.state(json!({ "mute": true })).await.expect(200);
    for mut stream in streams {
        stream.expect("member.updated").await;
    }
}

#[tokio::test]
async fn numbers_at_the_ends_of_their_range_get_the_state() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    for after in [0, 1, 1 << 53, u64::MAX - 1, u64::MAX] {
        let state = session.resume(after).await.expect("state").await;
        assert_eq!(state["session_id"], session.id, "{after}");
    }
}

#[tokio::test]
async fn refusals_come_before_the_upgrade() {
    let server = Server::start().await;
    let (maya, omar) = (server.account("maya").await, server.account("omar").await);
    let room = maya.room("lounge").await;
    let session = maya.join(&room).await;
    let (path, token) = (session.path(), Some(maya.token.as_str()));
    let unknown = format!("/voice/sessions/{}/events", room.uuid);
    let foreign = "/voice/sessions/0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11/events";
    for (path, token, status) in [
        (path.clone(), None, 401),
        (path.clone(), Some("forged"), 401),
        (format!("{path}?token=forged"), token, 401),
        (path.clone(), Some(omar.token.as_str()), 403),
        (format!("{path}?after=-1"), token, 400),
        (format!("{path}?after=soon"), token, 400),
        (unknown, token, 404),
        (foreign.to_owned(), token, 404),
        ("/voice/sessions/mine/events".to_owned(), token, 400),
    ] {
        let (found, body) = Events::refused(&server, &path, token).await;
        assert_eq!(found, status, "{path} {token:?}: {body}");
        assert_like(&body, &json!({ "error": "<text>" }));
    }
    let plain = maya.get(&path).await;
    assert_eq!(plain.header("upgrade"), Some("websocket"));
    assert_like(&plain.expect(426), &json!({ "error": "<text>" }));
}

#[tokio::test]
async fn a_goodbye_arrives_whatever_the_client_sends_meanwhile() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    for _ in 0..20 {
        let session = maya.join(&room).await;
        let mut events = session.follow().await;
        for _ in 0..20 {
            events.say(r#"{"type":"view","slots":[]}"#).await;
        }
        session.leave().await.expect(204);
        events.until("ended").await;
        assert_eq!(events.closed().await, (1000, "left".to_owned()));
    }
}
