//! What was said in a room: pages of it, files of it, and who may read them.

use model::{Id, MessageId, Timestamp};
use room::{Message, MessageMeta, MessageStatus, Segment, Sender};
use serde_json::{Value, json};

use crate::harness::{Person, Room, Server, assert_like};
use crate::stt_seed::pair;

/// 2026-01-29T00:00:00Z.
const MIDNIGHT: i64 = 1_769_644_800_000_000;

/// Something that Maya said at so many seconds past midnight.
fn message(number: u64, who: &Person, room: &Room, text: &str, meta: MessageMeta) -> Message {
    Message {
        id: MessageId(Id::from_u64(number).unwrap()),
        room: room.id.parse().unwrap(),
        sender: Sender {
            user: who.user(),
            name: who.name.clone(),
            email: Some(who.email()),
            external_id: None,
        },
        text: text.to_owned(),
        status: MessageStatus::Final,
        meta,
        at: Timestamp::from_micros(MIDNIGHT + number as i64 * 1_000_000),
    }
}

fn texts(messages: &Value) -> Vec<&str> {
    messages.as_array().unwrap().iter().map(|one| one["content_text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn pages_are_oldest_first() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    assert_eq!(maya.get("messages").await.expect(200), json!([]));
    for number in [3, 1, 5, 2, 4] {
        let text = format!("number {number}");
        let said = message(number, &maya.who, &maya.room, &text, MessageMeta::default());
        server.store.insert_message(&said).await.unwrap();
    }
    let all = tom.get("messages").await.expect(200);
    assert_eq!(texts(&all), ["number 1", "number 2", "number 3", "number 4", "number 5"]);
    let page = tom.get("messages?limit=2&offset=1").await.expect(200);
    assert_eq!(texts(&page), ["number 2", "number 3"]);
    let rest = tom.get("messages?limit=500&offset=4").await.expect(200);
    assert_eq!(texts(&rest), ["number 5"]);
    assert_eq!(tom.get("messages?offset=5").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_page_has_a_hundred_unless_asked() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    for number in 1..=101 {
        let said = message(number, &maya.who, &maya.room, "words", MessageMeta::default());
        server.store.insert_message(&said).await.unwrap();
    }
    let count = async |query: &str| {
        maya.get(&format!("messages{query}")).await.expect(200).as_array().unwrap().len()
    };
    assert_eq!((count("").await, count("?limit=500").await), (100, 101));
}

#[tokio::test]
async fn a_message_says_how_it_came_about_as_far_as_that_is_known() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    let whole = MessageMeta {
        processing_time_ms: Some(1234.56),
        duration_ms: Some(2500),
        language: Some("en".into()),
        confidence: Some(0.75),
        model: Some("moonshine".into()),
        lock_lost: true,
        segments: vec![Segment {
            start_ms: 0,
            end_ms: 2500,
            text: "hello".into(),
            confidence: None,
        }],
    };
    let little = MessageMeta { processing_time_ms: Some(7.0), ..MessageMeta::default() };
    for (number, meta) in [(1, whole), (2, little)] {
        let said = message(number, &maya.who, &maya.room, "hello", meta);
        server.store.insert_message(&said).await.unwrap();
    }
    let found = maya.get("messages").await.expect(200);
    let wanted = json!({
        "id": "<uuid>", "room_id": maya.room.uuid, "sender_user_id": maya.who.uuid(),
        "sender_email": maya.who.email(), "type": "stt", "content_text": "hello",
        "meta_json": {
            "processing_time_ms": 1234.56, "duration_ms": 2500, "language": "en",
            "confidence": 0.75, "model": "moonshine", "lock_lost": true,
            "segments": [{ "start_ms": 0, "end_ms": 2500, "text": "hello" }],
        },
        "status": "final", "created_at": "2026-01-29T00:00:01.000Z",
    });
    assert_like(&found[0], &wanted);
    assert_eq!(found[1]["meta_json"], json!({ "processing_time_ms": 7.0 }));
}

#[tokio::test]
async fn who_was_there_once_may_read_on() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let said = message(1, &maya.who, &maya.room, "before", MessageMeta::default());
    server.store.insert_message(&said).await.unwrap();
    tom.leave().await;
    let said = message(2, &maya.who, &maya.room, "after", MessageMeta::default());
    server.store.insert_message(&said).await.unwrap();
    assert_eq!(texts(&tom.get("messages").await.expect(200)), ["before", "after"]);
    // The server's next life remembers, too.
    let room = maya.room.clone();
    let server = server.restart().await;
    let path = format!("/api/v1/rooms/{}/messages", room.uuid);
    let tom = server.bearer(&tom.who.token);
    assert_eq!(texts(&tom.get(&path).await.expect(200)), ["before", "after"]);
    let zoe = server.talker("zoe").await;
    assert_eq!(zoe.get(&path).await.expect(403)["code"], "NOT_A_PARTICIPANT");
}

#[tokio::test]
async fn a_password_does_not_keep_participants_from_the_history() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("den", Some("sesame")).await;
    assert_eq!(room.get("messages").await.expect(403)["code"], "NOT_A_PARTICIPANT");
    room.join_with("sesame").await.expect(200);
    room.get("messages").await.expect(200);
    room.leave().await;
    room.get("messages").await.expect(200);
}

#[tokio::test]
async fn the_history_is_there_as_a_file() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    let measured =
        |duration_ms| MessageMeta { duration_ms: Some(duration_ms), ..MessageMeta::default() };
    let said = [
        message(1, &maya.who, &maya.room, "Hello <there>.", measured(1500)),
        message(4, &tom.who, &maya.room, "Hello.", measured(500)),
    ];
    for said in &said {
        server.store.insert_message(said).await.unwrap();
    }
    let vtt = "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v maya>Hello &lt;there&gt;.</v>\n\
               \n00:00:03.000 --> 00:00:03.500\n<v tom>Hello.</v>\n";
    let srt = "1\n00:00:00,000 --> 00:00:01,500\nmaya: Hello <there>.\n\
               \n2\n00:00:03,000 --> 00:00:03,500\ntom: Hello.\n";
    let txt = "maya: Hello <there>.\ntom: Hello.\n";
    for (query, media_type, ending, text) in [
        ("?format=vtt", "text/vtt; charset=utf-8", "vtt", vtt),
        ("?format=srt", "application/x-subrip; charset=utf-8", "srt", srt),
        ("?format=txt", "text/plain; charset=utf-8", "txt", txt),
        ("", "text/plain; charset=utf-8", "txt", txt),
    ] {
        let reply = tom.get(&format!("transcript{query}")).await;
        assert_eq!(reply.header("content-type"), Some(media_type));
        let name = format!("attachment; filename=\"transcript-{}.{ending}\"", maya.room.uuid);
        assert_eq!(reply.header("content-disposition"), Some(name.as_str()));
        assert_eq!(reply.expect(200), text);
    }
    let reply = tom.get("transcript?format=json").await;
    assert!(reply.header("content-disposition").unwrap().ends_with(".json\""));
    let line = |who: &Person, at: u64, end: u64, text: &str| {
        json!({
            "start_ms": at, "end_ms": end, "speaker": who.name, "user_id": who.uuid(),
            "message_id": "<uuid>", "text": text,
        })
    };
    let wanted = json!({
        "room_id": maya.room.uuid, "title": "Room Title", "began_at": "2026-01-29T00:00:01.000Z",
        "segments": [line(&maya.who, 0, 1500, "Hello <there>."), line(&tom.who, 3000, 3500, "Hello.")],
    });
    assert_like(&reply.expect(200), &wanted);
}

#[tokio::test]
async fn the_file_of_a_silent_room_is_empty() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    assert_eq!(maya.get("transcript?format=vtt").await.expect(200), "WEBVTT\n");
    assert_eq!(maya.get("transcript?format=srt").await.expect(200), "");
    assert_eq!(maya.get("transcript?format=txt").await.expect(200), "");
    let json = maya.get("transcript?format=json").await.expect(200);
    assert_eq!((&json["began_at"], &json["segments"]), (&json!(null), &json!([])));
}
