//! Mutes and the speaker role of people in rooms: each is kept whatever becomes of the other.

use room::{Event, RevokeReason};
use store::is_stored;

use crate::*;

const MAYA: u64 = 7;

fn mark(server_mute: bool, server_deaf: bool, stage_speaker: bool) -> Mark {
    let user = UserId(id(MAYA));
    Mark { user, server_mute, server_deaf, server_video_mute: false, stage_speaker }
}

fn moderated(server_mute: bool, server_deaf: bool) -> Event {
    let user = UserId(id(MAYA));
    Event::Moderated { user, by: None, server_mute, server_deaf, server_video_mute: false }
}

fn speaker(speaks: bool) -> Event {
    let (user, by) = (UserId(id(MAYA)), Some(UserId(id(8))));
    match speaks {
        true => Event::SpeakerMade { user, by },
        false => Event::SpeakerRevoked { user, by, why: RevokeReason::Left },
    }
}

#[tokio::test]
async fn marks_are_set_changed_and_lifted() {
    let (_directory, store) = fresh().await;
    let room = store.create_room(&room(1, "General")).await.unwrap().id;
    for (set, expect) in [
        (mark(true, false, false), vec![mark(true, false, false)]),
        (mark(true, true, false), vec![mark(true, true, false)]),
        (mark(false, true, true), vec![mark(false, true, true)]),
        (mark(false, false, true), vec![mark(false, false, true)]),
        (mark(false, false, false), vec![]),
        (mark(false, false, false), vec![]),
    ] {
        store.set_marks(room, set).await.unwrap();
        assert_eq!(store.marks(room).await.unwrap(), expect);
    }
    let nowhere = store.set_marks(RoomId(id(404)), mark(true, true, true)).await;
    assert!(matches!(nowhere, Err(StoreError::Missing)));
}

#[tokio::test]
async fn a_stopped_camera_is_kept_and_nothing_of_who_is_forgotten() {
    let (_directory, store) = fresh().await;
    let room = store.create_room(&room(1, "Meeting")).await.unwrap().id;
    let user = UserId(id(MAYA));
    let (server_mute, server_deaf, server_video_mute) = (false, false, true);
    let stopped = Event::Moderated { user, by: None, server_mute, server_deaf, server_video_mute };
    store.append(room, &[stopped]).await.unwrap();
    let kept = Mark { server_video_mute: true, ..mark(false, false, false) };
    assert_eq!(store.marks(room).await.unwrap(), [kept]);
    let forgotten = Event::MarksForgotten { user };
    assert!(is_stored(&forgotten));
    store.append(room, &[speaker(true), forgotten]).await.unwrap();
    assert_eq!(store.marks(room).await.unwrap(), []);
}

#[tokio::test]
async fn events_change_what_they_are_about_and_nothing_else() {
    let (_directory, store) = fresh().await;
    let room = store.create_room(&room(1, "Stage")).await.unwrap().id;
    for (event, expect) in [
        (speaker(true), vec![mark(false, false, true)]),
        (moderated(true, false), vec![mark(true, false, true)]),
        (moderated(false, true), vec![mark(false, true, true)]),
        (speaker(false), vec![mark(false, true, false)]),
        (speaker(true), vec![mark(false, true, true)]),
        (moderated(false, false), vec![mark(false, false, true)]),
        (speaker(true), vec![mark(false, false, true)]),
        (speaker(false), vec![]),
        (speaker(false), vec![]),
        (moderated(true, true), vec![mark(true, true, false)]),
        (moderated(false, false), vec![]),
    ] {
        assert!(is_stored(&event), "{event:?}");
        store.append(room, std::slice::from_ref(&event)).await.unwrap();
        assert_eq!(store.marks(room).await.unwrap(), expect, "after {event:?}");
    }
    store.append(room, &[speaker(true), moderated(true, false)]).await.unwrap();
    assert_eq!(store.marks(room).await.unwrap(), [mark(true, false, true)]);
}

#[tokio::test]
async fn marks_are_one_persons_in_one_room() {
    let (directory, store) = fresh().await;
    let first = store.create_room(&room(1, "Stage")).await.unwrap().id;
    let second = store.create_room(&room(2, "Other")).await.unwrap().id;
    let omar = Mark { user: UserId(id(8)), ..mark(true, false, true) };
    store.set_marks(first, omar).await.unwrap();
    store.set_marks(second, mark(false, true, true)).await.unwrap();
    store.append(first, &[speaker(true), speaker(false)]).await.unwrap();
    assert_eq!(store.marks(first).await.unwrap(), [omar]);
    store.close().await;
    let store = open(directory.path()).await;
    assert_eq!(store.marks(second).await.unwrap(), [mark(false, true, true)]);
}
