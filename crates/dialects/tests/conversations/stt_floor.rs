//! The speaker lock: one holder, an end that comes by itself, and who is told.

use std::time::Duration;

use app::RoomDraft;
use room::{ProfileKind, Timing};
use serde_json::{Value, json};

use crate::harness::{Events, Room, Server, Setup, Talk, assert_like, changed};
use crate::stt_seed::pair;

/// Long enough to be taken and looked at on a slow machine.
const SHORT: Duration = Duration::from_millis(800);

async fn short_lock() -> Server {
    let timing = Timing { speaker_ttl: SHORT, ..Timing::default() };
    Server::with(Setup { timing, ..Setup::default() }).await
}

async fn holder(talk: &Talk) -> Value {
    let room = talk.who.get(&format!("/api/v1/rooms/{}", talk.room.uuid)).await.expect(200);
    assert_eq!(room["current_speaker_user_id"].is_null(), room["speaker_expires_at"].is_null());
    room["current_speaker_user_id"].clone()
}

#[tokio::test]
async fn it_is_one_persons_until_they_give_it_back() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    assert_eq!(holder(&tom).await, json!(null));
    for nothing in [maya.release().await, maya.heartbeat().await] {
        assert_eq!(nothing.expect(403)["code"], "NOT_SPEAKER");
    }
    let first = maya.acquire().await.expect(200);
    assert_eq!(holder(&tom).await, maya.who.uuid());
    for refused in [tom.acquire().await, tom.acquire().await] {
        assert_eq!(refused.expect(409)["code"], "SPEAKER_TAKEN");
    }
    for refused in [tom.release().await, tom.heartbeat().await] {
        assert_eq!(refused.expect(403)["code"], "NOT_SPEAKER");
    }
    // A client that tries again after a lost reply has it still, for longer.
    let again = maya.acquire().await.expect(200);
    assert_eq!(again["current_speaker_user_id"], first["current_speaker_user_id"]);
    assert!(again["expires_at"].as_str() >= first["expires_at"].as_str());
    maya.release().await.expect(200);
    assert_eq!(maya.release().await.expect(403)["code"], "NOT_SPEAKER");
    assert_eq!(holder(&tom).await, json!(null));
    tom.acquire().await.expect(200);
    assert_eq!(holder(&maya).await, tom.who.uuid());
}

#[tokio::test]
async fn of_fifty_who_ask_at_once_one_gets_it() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let identity = server.app.accounts.authenticate(&maya.token).await.unwrap();
    let draft = RoomDraft {
        name: "crowd".into(),
        kind: ProfileKind::Talk,
        member_limit: Some(50),
        overrides: Vec::new(),
        password: None,
        captions: None,
    };
    let made = server.app.create_room(&identity, draft).await.unwrap();
    let crowd = Talk { who: maya, room: Room::new(&made.settings.id.to_string()) };
    let mut people = Vec::new();
    for n in 0..50 {
        let one = server.talker(&format!("person{n}")).await.sees(&crowd);
        one.join().await;
        people.push(one);
    }
    let mut socket = people[0].follow().await;
    for _ in 0..4 {
        let asked = people.iter().map(|one| async { one.acquire().await });
        let replies = futures_util::future::join_all(asked).await;
        let winners: Vec<usize> = (0..50).filter(|n| replies[*n].status == 200).collect();
        let [winner] = winners[..] else { panic!("{winners:?}") };
        for (n, reply) in replies.into_iter().enumerate() {
            if n != winner {
                assert_eq!(reply.expect(409)["code"], "SPEAKER_TAKEN");
            }
        }
        let winner = &people[winner];
        assert_eq!(holder(&people[1]).await, winner.who.uuid());
        assert_like(&socket.next().await, &changed(&crowd.room, Some(&winner.who)));
        winner.release().await.expect(200);
        assert_like(&socket.next().await, &changed(&crowd.room, None));
    }
}

#[tokio::test]
async fn its_end_is_announced_without_anybody_asking() {
    let server = short_lock().await;
    let (maya, tom) = pair(&server).await;
    let mut sockets = [maya.follow().await, tom.follow().await];
    let acquired = maya.acquire().await.expect(200);
    for socket in &mut sockets {
        let taken = socket.next().await;
        assert_like(&taken, &changed(&maya.room, Some(&maya.who)));
        assert_eq!(taken["payload"]["expires_at"], acquired["expires_at"]);
        let free = socket.next().await;
        assert_like(&free, &changed(&maya.room, None));
        // Told when it was due, and not before.
        assert!(free["ts"].as_str() >= acquired["expires_at"].as_str(), "{free} {acquired}");
    }
    assert_eq!(holder(&tom).await, json!(null));
    assert_eq!(maya.heartbeat().await.expect(403)["code"], "NOT_SPEAKER");
    assert_eq!(maya.release().await.expect(403)["code"], "NOT_SPEAKER");
    tom.acquire().await.expect(200);
}

#[tokio::test]
async fn heartbeats_keep_it() {
    let server = short_lock().await;
    let (maya, tom) = pair(&server).await;
    let mut socket = tom.follow().await;
    let first = maya.acquire().await.expect(200);
    assert_like(&socket.next().await, &changed(&maya.room, Some(&maya.who)));
    // Until well after it would have ended.
    loop {
        let kept = maya.heartbeat().await.expect(200);
        let told = socket.next().await;
        assert_like(&told, &changed(&maya.room, Some(&maya.who)));
        assert_eq!(told["payload"]["expires_at"], kept["expires_at"]);
        if told["ts"].as_str() > first["expires_at"].as_str() {
            break;
        }
    }
    assert_like(&socket.next().await, &changed(&maya.room, None));
}

#[tokio::test]
async fn who_leaves_gives_it_back() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let mut socket = tom.follow().await;
    maya.acquire().await.expect(200);
    maya.leave().await;
    assert_like(&socket.next().await, &changed(&maya.room, Some(&maya.who)));
    assert_like(&socket.next().await, &changed(&maya.room, None));
    socket.expect("room.participant.left").await;
    tom.acquire().await.expect(200);
    // Put out by a moderator, too.
    let kick = format!("/api/v1/rooms/{}/voice/kick", maya.room.id);
    maya.who.post(&kick, json!({ "user_id": tom.who.id })).await.expect(204);
    assert_eq!(holder(&maya).await, json!(null));
}

#[tokio::test]
async fn other_rooms_have_none() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let lounge = Talk { room: maya.room("lounge").await, who: maya };
    lounge.join().await;
    for refused in [lounge.acquire().await, lounge.heartbeat().await, lounge.release().await] {
        let refused = refused.expect(403);
        assert_eq!(
            (&refused["code"], &refused["detail"]),
            (&json!("NOT_SPEAKER"), &json!("NOT_SPEAKER"))
        );
    }
}

#[tokio::test]
async fn followers_of_voice_service_are_told_too() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let taken = maya.acquire().await.expect(200);
    let session = tom.who.join(&maya.room).await;
    let mut events = Events::open(&tom.who, &session.path(), None).await;
    let state = events.expect("state").await;
    let floor = json!({ "user_id": maya.who.uuid(), "expires_at": taken["expires_at"] });
    assert_eq!(state["floor"], floor);
    let told = |user: Value, expires: Value| json!({ "type": "floor", "user_id": user, "expires_at": expires, "seq": "<seq>", "ts": "<time>" });
    let kept = maya.heartbeat().await.expect(200);
    assert_like(&events.next().await, &told(json!(maya.who.uuid()), kept["expires_at"].clone()));
    maya.release().await.expect(200);
    assert_like(&events.next().await, &told(json!(null), json!(null)));
    assert_eq!(session.follow_state().await["floor"], json!(null));
}
