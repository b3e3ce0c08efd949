//! The history of a room: its order, its pages, and rows that are not as they should be.

use room::{Message, MessageMeta, MessageStatus, Segment, Sender};
use store::{MESSAGE_META_BYTES_MAX, MESSAGE_TEXT_BYTES_MAX};

use crate::*;

const MAYA: u64 = 7;

fn message(raw: u64, room: RoomId, second: i64, text: &str) -> Message {
    Message {
        id: MessageId(id(raw)),
        room,
        sender: Sender {
            user: UserId(id(MAYA)),
            name: "maya".into(),
            email: None,
            external_id: None,
        },
        text: text.into(),
        status: MessageStatus::Final,
        meta: MessageMeta::default(),
        at: at(second),
    }
}

fn piece(text: &str) -> Segment {
    Segment { start_ms: 0, end_ms: 1_500, text: text.into(), confidence: Some(0.1) }
}

async fn fresh_room() -> (TempDir, Store, RoomId) {
    let (directory, store) = fresh().await;
    let room = store.create_room(&room(1, "General")).await.unwrap().id;
    (directory, store, room)
}

async fn texts(store: &Store, room: RoomId, limit: u32, offset: u64) -> Vec<String> {
    let page = store.messages(room, limit, offset).await.unwrap();
    page.into_iter().map(|message| message.text).collect()
}

#[tokio::test]
async fn pages_are_in_the_order_of_time_then_id() {
    let (_directory, store, here) = fresh_room().await;
    let there = store.create_room(&room(2, "Other")).await.unwrap().id;
    // By id, by arrival and by time the order is another each.
    for (raw, second, text) in
        [(13, 40, "d"), (16, 10, "a"), (12, 30, "c"), (11, 20, "b"), (15, 40, "f"), (14, 40, "e")]
    {
        store.insert_message(&message(raw, here, second, text)).await.unwrap();
    }
    store.insert_message(&message(17, there, 25, "elsewhere")).await.unwrap();

    assert_eq!(texts(&store, here, 100, 0).await, ["a", "b", "c", "d", "e", "f"]);
    assert_eq!(texts(&store, here, 2, 0).await, ["a", "b"]);
    assert_eq!(texts(&store, here, 2, 3).await, ["d", "e"]);
    assert_eq!(texts(&store, here, 2, 5).await, ["f"]);
    assert_eq!(texts(&store, here, 2, 6).await, [""; 0]);
    assert_eq!(texts(&store, here, 0, 0).await, [""; 0]);
    assert_eq!(texts(&store, here, u32::MAX, u64::MAX).await, [""; 0]);
    assert_eq!(texts(&store, RoomId(id(404)), 100, 0).await, [""; 0]);

    let latest = store.latest_messages(here, 3).await.unwrap();
    assert_eq!(latest, store.messages(here, 3, 3).await.unwrap(), "the newest, oldest first");
    assert_eq!(store.latest_messages(here, 100).await.unwrap().len(), 6);
    assert_eq!(store.latest_messages(there, 1).await.unwrap()[0].text, "elsewhere");
}

#[tokio::test]
async fn what_is_written_is_read() {
    let (directory, store, room) = fresh_room().await;
    let meta = MessageMeta {
        processing_time_ms: Some(1_234.567_890_123_456_7),
        duration_ms: Some(u64::MAX),
        language: Some("ko".into()),
        confidence: Some(0.1),
        model: Some("moonshine \"tiny\" \0".into()),
        lock_lost: true,
        segments: vec![piece("안녕하세요"), Segment { confidence: None, ..piece("\u{1f44b}\n") }],
    };
    let whole = Message { meta, ..message(10, room, 1, "안녕하세요 \u{1f44b}\n'; --") };
    let bare = message(11, room, 2, "yes");
    store.insert_message(&whole).await.unwrap();
    store.insert_message(&bare).await.unwrap();
    assert_eq!(store.messages(room, 9, 0).await.unwrap(), [whole.clone(), bare.clone()]);
    store.close().await;

    let store = open(directory.path()).await;
    assert_eq!(store.latest_messages(room, 9).await.unwrap(), [whole, bare]);
}

#[tokio::test]
async fn a_repeat_replaces_text_and_meta_alone() {
    let (_directory, store, room) = fresh_room().await;
    let first = message(10, room, 1, "I scream");
    let meta = MessageMeta { confidence: Some(0.5), ..MessageMeta::default() };
    let better = Message { text: "ice cream".into(), meta, ..first.clone() };
    store.insert_message(&first).await.unwrap();
    let later = Message { at: at(99), ..better.clone() };
    store.insert_message(&later).await.unwrap();
    assert_eq!(store.messages(room, 9, 0).await.unwrap(), [better]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_repeats_makes_the_row() {
    let (_directory, store, room) = fresh_room().await;
    let outcomes = at_once(|n| {
        let (store, same) = (store.clone(), message(10, room, 1, "same"));
        let own = message(100 + n, room, 2, "own");
        async move { (store.insert_message(&same).await, store.insert_message(&own).await) }
    })
    .await;
    assert!(outcomes.iter().all(|(same, own)| same.is_ok() && own.is_ok()), "{outcomes:?}");
    assert_eq!(store.messages(room, 99, 0).await.unwrap().len(), 33);
}

#[tokio::test]
async fn only_finals_with_words_are_kept() {
    let (_directory, store, room) = fresh_room().await;
    let partial = Message { status: MessageStatus::Partial, ..message(10, room, 1, "so f") };
    store.insert_message(&partial).await.unwrap();
    store.insert_message(&message(11, room, 1, "")).await.unwrap();
    assert_eq!(store.messages(room, 9, 0).await.unwrap(), []);

    let nowhere = store.insert_message(&message(12, RoomId(id(404)), 1, "hello?")).await;
    assert!(matches!(nowhere, Err(StoreError::Missing)), "{nowhere:?}");
}

#[tokio::test]
async fn long_texts_are_kept_up_to_the_limit() {
    let (_directory, store, room) = fresh_room().await;
    // A character of three bytes stands across the limit.
    let (fits, over) =
        ("x".repeat(MESSAGE_TEXT_BYTES_MAX), "語".repeat(MESSAGE_TEXT_BYTES_MAX / 2));
    for (raw, text) in [(10, fits.as_str()), (11, &over), (12, "a\0b")] {
        store.insert_message(&message(raw, room, 1, text)).await.unwrap();
    }
    let kept = texts(&store, room, 9, 0).await;
    assert_eq!(kept[0], fits);
    assert_eq!(kept[1].len(), MESSAGE_TEXT_BYTES_MAX - MESSAGE_TEXT_BYTES_MAX % 3);
    assert!(over.starts_with(&kept[1]));
    assert_eq!(kept[2], "ab", "Postgres takes no NUL");
}

#[tokio::test]
async fn long_meta_loses_its_pieces_first() {
    let (_directory, store, room) = fresh_room().await;
    let long = |bytes: usize| "x".repeat(bytes);
    let of = |model: String, segments| MessageMeta {
        model: Some(model),
        segments,
        ..MessageMeta::default()
    };
    let fits = of("m".into(), vec![piece(&long(MESSAGE_META_BYTES_MAX - 200))]);
    let pieces = of("m".into(), vec![piece("short"), piece(&long(MESSAGE_META_BYTES_MAX))]);
    let hopeless = of(long(MESSAGE_META_BYTES_MAX), Vec::new());
    for (raw, meta) in [(10, &fits), (11, &pieces), (12, &hopeless)] {
        let message = Message { meta: meta.clone(), ..message(raw, room, 1, "text") };
        store.insert_message(&message).await.unwrap();
    }
    let kept = store.messages(room, 9, 0).await.unwrap();
    let kept: Vec<_> = kept.into_iter().map(|message| message.meta).collect();
    assert!(kept == [fits, of("m".into(), Vec::new()), MessageMeta::default()]);
}

#[tokio::test]
async fn the_address_is_todays_and_the_name_of_then() {
    let (_directory, store, room) = fresh_room().await;
    let mail = |email: &str| NewAccount { email: Some(email.into()), ..account(MAYA, "maya") };
    let maya =
        Sender { user: UserId(id(MAYA)), name: "maya_then".into(), email: None, external_id: None };
    let guest = Sender {
        user: UserId(id(8)),
        name: "guest".into(),
        email: Some("no".into()),
        external_id: None,
    };
    let plain =
        Sender { user: UserId(id(9)), name: "plain".into(), email: None, external_id: None };
    for (raw, sender) in [(10, &maya), (11, &guest), (12, &plain)] {
        let message = Message { sender: sender.clone(), ..message(raw, room, 1, "hello") };
        store.insert_message(&message).await.unwrap();
    }
    store.create_account(&mail("maya@example.com")).await.unwrap();
    store.create_account(&account(9, "plain")).await.unwrap();

    let kept = store.messages(room, 9, 0).await.unwrap();
    let senders: Vec<_> = kept.into_iter().map(|message| message.sender).collect();
    let address = Some("maya@example.com".to_owned());
    let expect = [Sender { email: address, ..maya }, Sender { email: None, ..guest }, plain];
    assert_eq!(senders, expect);
}

#[tokio::test]
async fn a_row_that_cannot_be_read_spoils_no_other_and_is_not_quoted() {
    let (directory, store, room) = fresh_room().await;
    for raw in 10..=16 {
        store.insert_message(&message(raw, room, raw as i64, &format!("text{raw}"))).await.unwrap();
    }
    let mut raw = raw(directory.path()).await;
    for change in [
        // Not JSON, not an object, of another shape, of a later version.
        "UPDATE messages SET meta_json = 'secret' WHERE id = 10",
        "UPDATE messages SET meta_json = '[\"secret\"]' WHERE id = 11",
        "UPDATE messages SET meta_json = '{\"duration_ms\": \"secret\"}' WHERE id = 12",
        "UPDATE messages SET meta_json = '{\"model\": \"m\", \"later\": 1}' WHERE id = 13",
        // Not even a message.
        "UPDATE messages SET sender_id = -1, sender_name = 'secret' WHERE id = 14",
        "UPDATE messages SET created_at = 'secret' WHERE id = 15",
    ] {
        raw.execute(change).await.unwrap();
    }
    let (log, guard) = logged();
    let kept = store.messages(room, 9, 0).await.unwrap();
    drop(guard);

    let seen: Vec<_> = kept.iter().map(|one| (one.text.as_str(), &one.meta)).collect();
    let unknown = MessageMeta::default();
    let model = MessageMeta { model: Some("m".into()), ..MessageMeta::default() };
    let expect = [
        ("text10", &unknown),
        ("text11", &unknown),
        ("text12", &unknown),
        ("text13", &model),
        ("text16", &unknown),
    ];
    assert_eq!(seen, expect);
    let log = log.text();
    assert_eq!(log.lines().count(), 1, "{log}");
    assert!(log.contains("count=5 first=10") && log.contains("meta_json"), "{log}");
    assert!(!log.contains("secret") && !log.contains("text1"), "{log}");

    // Each of them alone, so that each has its word in the log.
    for (offset, column) in [(2, "meta_json"), (4, "sender_id"), (6, "created_at")] {
        let (log, _guard) = logged();
        assert_eq!(store.messages(room, 1, offset).await.unwrap().len(), usize::from(offset == 2));
        let log = log.text();
        assert!(log.contains(column) && !log.contains("secret"), "{log}");
    }
}
