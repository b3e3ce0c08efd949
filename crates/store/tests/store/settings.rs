//! Settings that change: name, limit, overrides, topic. And what of a stage leaves nothing.

use std::time::Instant;

use room::{Event, InviteEnd, Settings};
use store::is_stored;

use crate::*;

fn changed(settings: &Settings) -> Event {
    Event::SettingsChanged { settings: Box::new(settings.clone()), by: None }
}

fn topic(topic: Option<&str>) -> Event {
    Event::TopicChanged { topic: topic.map(str::to_owned), by: None }
}

#[tokio::test]
async fn name_and_limit_change_and_the_address_stays() {
    let (_directory, store) = fresh().await;
    let before = NewRoom { topic: Some("news".into()), captions: true, ..room(1, "General") };
    let before = store.create_room(&before).await.unwrap();
    let other = store.create_room(&room(2, "Other")).await.unwrap();
    let after = Settings { name: "Den".into(), member_limit: 7, ..before.clone() };
    assert!(is_stored(&changed(&after)));
    store.append(before.id, &[changed(&after)]).await.unwrap();
    assert_eq!(store.list_rooms().await.unwrap(), [after.clone(), other]);
    assert_eq!(store.room_by_slug("general").await.unwrap(), Some(after));
}

#[tokio::test]
async fn overrides_take_the_place_of_those_before() {
    let (_directory, store) = fresh().await;
    let deny = |target, deny| Override { target, allow: Permissions::NONE, deny };
    let everyone = deny(OverrideTarget::Everyone, Permissions::SPEAK);
    let role = deny(OverrideTarget::Role(RoleId(id(3))), Permissions::STREAM);
    let new = NewRoom { overrides: vec![everyone, role], ..room(1, "General") };
    let made = store.create_room(&new).await.unwrap();
    let other = NewRoom { overrides: vec![everyone], ..room(2, "Other") };
    let other = store.create_room(&other).await.unwrap();
    let user = deny(OverrideTarget::User(UserId(id(7))), Permissions::VIDEO);
    let narrower = deny(OverrideTarget::Everyone, Permissions::CONNECT);
    for overrides in [vec![narrower, user], vec![], vec![role]] {
        let after = Settings { overrides, ..made.clone() };
        store.append(made.id, &[changed(&after)]).await.unwrap();
        assert_eq!(store.room(made.id).await.unwrap(), Some(after));
    }
    assert_eq!(store.room(other.id).await.unwrap(), Some(other), "another room\'s stay");
}

/// Several of one target count together, as when a room is made.
#[tokio::test]
async fn overrides_of_one_target_are_one() {
    let (_directory, store) = fresh().await;
    let made = store.create_room(&room(1, "General")).await.unwrap();
    let deny = |deny| Override { target: OverrideTarget::Everyone, allow: Permissions::NONE, deny };
    let overrides = vec![deny(Permissions::SPEAK), deny(Permissions::VIDEO)];
    let after = Settings { overrides, ..made };
    store.append(after.id, &[changed(&after)]).await.unwrap();
    let found = store.room(after.id).await.unwrap().unwrap();
    assert_eq!(found.overrides, [deny(Permissions::SPEAK | Permissions::VIDEO)]);
}

#[tokio::test]
async fn a_topic_is_set_and_taken_away() {
    let (_directory, store) = fresh().await;
    let stage = store.create_room(&room(1, "Stage")).await.unwrap();
    for text in [Some("Q&A with \'the\' \u{1f3a4} team"), Some("news"), None, None] {
        assert!(is_stored(&topic(text)));
        store.append(stage.id, &[topic(text)]).await.unwrap();
        let found = store.room(stage.id).await.unwrap().unwrap();
        assert_eq!(found, Settings { topic: text.map(str::to_owned), ..stage.clone() });
    }
}

/// Settings name the topic and the captions too; what changed of them has its own event.
#[tokio::test]
async fn other_settings_do_not_bring_an_old_topic_back() {
    let (_directory, store) = fresh().await;
    let before = NewRoom { topic: Some("old".into()), ..room(1, "Stage") };
    let before = store.create_room(&before).await.unwrap();
    store.append(before.id, &[topic(Some("new")), changed(&before)]).await.unwrap();
    let found = store.room(before.id).await.unwrap().unwrap();
    assert_eq!(found.topic.as_deref(), Some("new"));
}

#[tokio::test]
async fn requests_and_invites_leave_nothing() {
    let (_directory, store) = fresh().await;
    let stage = store.create_room(&room(1, "Stage")).await.unwrap();
    let (user, by) = (UserId(id(7)), None);
    let (expires, expires_at) = (Instant::now(), at(300));
    let events = [
        Event::SpeakRequested { user, at: at(1) },
        Event::SpeakRequestWithdrawn { user },
        Event::SpeakerInvited { user, by, expires, expires_at },
        Event::InviteEnded { user, why: InviteEnd::Expired },
    ];
    assert!(!events.iter().any(is_stored));
    store.append(stage.id, &events).await.unwrap();
    assert_eq!(store.marks(stage.id).await.unwrap(), []);
}
