//! Coming back to the gateway: what was missed, and what is said when that cannot be.

use std::time::Duration;

use app::{Identity, RoomChanges};
use futures_util::{SinkExt, StreamExt};
use model::{Override, OverrideTarget, Permissions, RoleId, RoomId};
use serde_json::{Value, json};
use tokio::net::TcpSocket;
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{Envelope, Gateway, Person, Room, Server, Told, soon};

/// Changes a stage's topic so often, without requests; the last one is this.
async fn topics(who: &Person, room: &Room, count: usize, last: &str) {
    let by = identity(who).await;
    for left in (0..count).rev() {
        let topic = if left == 0 { last.to_owned() } else { format!("{left} before {last}") };
        let room: RoomId = room.id.parse().unwrap();
        who.server.app.set_topic(&by, room, topic).await.unwrap();
    }
}

async fn identity(who: &Person) -> Identity {
    who.server.app.accounts.authenticate(&who.token).await.unwrap()
}

/// Everything up to `resumed`.
async fn missed(gateway: &mut Gateway) -> Vec<Told> {
    let mut told = gateway.until("resumed").await;
    told.pop();
    told
}

#[tokio::test]
async fn who_comes_back_gets_what_was_missed_in_either_envelope() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.stage("hall").await;
    let mut watching = maya.gateway().await;
    let (session, seq) = maya.gateway_in(Envelope::Evented, "?compress=zstd").await.leave().await;
    topics(&maya, &room, 3, "second").await;
    let mut expect = Vec::new();
    for _ in 0..3 {
        expect.push(watching.next().await);
    }
    for envelope in [Envelope::Typed, Envelope::Evented] {
        let mut back = Gateway::back(&maya, envelope, &session, seq).await;
        assert_eq!(missed(&mut back).await, expect);
        back.leave().await;
    }
    // With what it has by then, and to go on from there.
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, seq + 2).await;
    assert_eq!(missed(&mut back).await, expect[2..]);
    topics(&maya, &room, 1, "third").await;
    assert_eq!(back.next().await.seq, Some(seq + 4));
    back.heartbeat().await;
}

#[tokio::test]
async fn ids_may_be_strings_and_what_is_missing_is_the_beginning() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (session, _) = maya.gateway().await.leave().await;
    for last_seq in [Value::Null, json!(0), json!("0")] {
        let mut back = Gateway::open(&server, Envelope::Typed, "").await;
        let data = json!({ "token": maya.token, "session_id": session, "last_seq": last_seq });
        back.say("resume", data).await;
        let ready = back.expect("ready").await;
        assert_eq!((ready["session_id"].as_str(), back.seq), (Some(session.as_str()), 1));
        back.expect("resumed").await;
    }
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, 1).await;
    back.expect("resumed").await;
}

#[tokio::test]
async fn whoever_comes_back_takes_the_place_of_who_is_there() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.stage("hall").await;
    let mut first = maya.gateway().await;
    let session = first.session.clone();
    let mut second = Gateway::back(&maya, Envelope::Typed, &session, 1).await;
    second.expect("resumed").await;
    assert_eq!(first.closed().await, (4009, "SESSION_EXPIRED".to_owned()));
    topics(&maya, &room, 1, "first").await;
    second.expect("stage_topic_update").await;
    // The end of the first has not detached the second.
    drop(first);
    topics(&maya, &room, 1, "second").await;
    second.expect("stage_topic_update").await;
}

#[tokio::test]
async fn nobody_takes_anothers_place() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let mut hers = maya.gateway().await;
    let mut stranger = Gateway::back(&tom, Envelope::Typed, &hers.session, 1).await;
    assert_eq!(stranger.closed().await, (4009, "SESSION_EXPIRED".to_owned()));
    hers.heartbeat().await;
}

#[tokio::test]
async fn more_than_is_kept_is_lost() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.stage("hall").await;
    let (session, _) = maya.gateway().await.leave().await;
    let exhausted = (4010, "REPLAY_EXHAUSTED".to_owned());
    let mut ahead = Gateway::back(&maya, Envelope::Typed, &session, 2).await;
    assert_eq!(ahead.closed().await, exhausted, "there was no such event");
    topics(&maya, &room, 1001, "third").await;
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, 1).await;
    assert_eq!(back.closed().await, exhausted);
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, 2).await;
    assert_eq!(missed(&mut back).await.len(), 1000);
}

#[tokio::test]
async fn what_is_too_long_ago_is_lost() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.stage("hall").await;
    let mut gateway = maya.gateway().await;
    let session = gateway.session.clone();
    topics(&maya, &room, 1, "first").await;
    gateway.expect("stage_topic_update").await;
    tokio::time::pause();
    for _ in 0..5 {
        tokio::time::advance(Duration::from_secs(61)).await;
        gateway.heartbeat().await;
    }
    tokio::time::resume();
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, 1).await;
    assert_eq!(back.closed().await.0, 4010);
    // That cost the other connection nothing.
    gateway.heartbeat().await;
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, 2).await;
    back.expect("resumed").await;
}

#[tokio::test]
async fn who_stays_away_for_too_long_begins_anew() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (first, _) = maya.gateway().await.leave().await;
    // One after the other: when this one is in, the first is known to be away.
    let (second, _) = maya.gateway().await.leave().await;
    maya.gateway().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(299)).await;
    tokio::time::resume();
    let mut back = Gateway::back(&maya, Envelope::Typed, &second, 1).await;
    back.expect("resumed").await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(2)).await;
    tokio::time::resume();
    let mut back = Gateway::back(&maya, Envelope::Typed, &first, 1).await;
    assert_eq!(back.closed().await, (4009, "SESSION_EXPIRED".to_owned()));
}

#[tokio::test]
async fn sessions_do_not_outlive_the_server() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (session, seq) = maya.gateway().await.leave().await;
    let server = server.restart().await;
    let maya = Person { server: server.clone(), ..maya };
    let mut back = Gateway::back(&maya, Envelope::Typed, &session, seq).await;
    assert_eq!(back.closed().await.0, 4009);
}

/// A room whose every change is some ten kilobytes to tell.
async fn wordy(maya: &Person) -> (Room, Identity) {
    let room = maya.room("lounge").await;
    let by = identity(maya).await;
    let overrides = (1..=100).map(|number| Override {
        target: OverrideTarget::Role(RoleId::from_i64(1_000_000 + number).unwrap()),
        allow: Permissions::SPEAK,
        deny: Permissions::ALL,
    });
    let changes = RoomChanges { overrides: Some(overrides.collect()), ..RoomChanges::default() };
    maya.server.app.change_room(&by, room.id.parse().unwrap(), changes).await.unwrap();
    (room, by)
}

/// A client that reads nothing until it is asked to.
#[tokio::test]
async fn a_client_that_does_not_keep_up_is_let_go_and_misses_nothing() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let (room, by) = wordy(&maya).await;
    let url = server.url("ws", "/gateway");
    let address = url.trim_start_matches("ws://").trim_end_matches("/gateway").parse().unwrap();
    let tcp = TcpSocket::new_v4().unwrap();
    tcp.set_recv_buffer_size(4096).unwrap();
    let tcp = tcp.connect(address).await.unwrap();
    let (mut slow, _) = tokio_tungstenite::client_async(&url, tcp).await.unwrap();
    let identify = json!({ "type": "identify", "d": { "token": maya.token } });
    slow.send(Message::text(identify.to_string())).await.unwrap();
    let mut session = None;
    let mut last_seq = 0;
    while session.is_none() {
        let Some(Ok(Message::Text(text))) = slow.next().await else { continue };
        let frame: Value = serde_json::from_str(text.as_str()).unwrap();
        session = frame["d"]["session_id"].as_str().map(str::to_owned);
        last_seq = frame["seq"].as_u64().unwrap_or_default();
    }
    let mut diligent = maya.gateway().await;
    // What the network holds for it, and the queue, are smaller than this.
    const CHANGES: usize = 900;
    for number in 0..CHANGES {
        let name = Some(format!("lounge {number}"));
        let changes = RoomChanges { name, ..RoomChanges::default() };
        server.app.change_room(&by, room.id.parse().unwrap(), changes).await.unwrap();
        diligent.expect("room_update").await;
    }
    let closed = loop {
        match soon("the slow client", slow.next()).await {
            Some(Ok(Message::Text(text))) => {
                let frame: Value = serde_json::from_str(text.as_str()).unwrap();
                assert_eq!(frame["seq"], last_seq + 1);
                last_seq += 1;
            }
            Some(Ok(Message::Close(frame))) => break frame.map(|frame| u16::from(frame.code)),
            Some(Ok(_)) => {}
            // It took nothing for too long to be told.
            Some(Err(_)) | None => break None,
        }
    };
    assert!(closed.is_none_or(|code| code == 4000), "{closed:?}");
    assert!(last_seq < CHANGES as u64, "it was let go of before the end");
    let mut back = Gateway::back(&maya, Envelope::Typed, &session.unwrap(), last_seq).await;
    let rest = missed(&mut back).await;
    assert_eq!(last_seq as usize + rest.len(), 1 + CHANGES);
    let names = rest.iter().map(|told| told.data["name"].clone());
    let expect = (last_seq as usize - 1..CHANGES).map(|number| json!(format!("lounge {number}")));
    assert!(names.eq(expect));
}
