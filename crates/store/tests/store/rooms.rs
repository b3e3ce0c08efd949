//! Rooms, their addresses, and what of their events is kept.

use std::collections::BTreeSet;
use std::time::Instant;

use room::{EndReason, Event, FloorEnd};
use store::is_stored;

use crate::*;

#[tokio::test]
async fn overrides_resolve_as_they_were_given() {
    let (_directory, store) = fresh().await;
    let deny = |target, deny| Override { target, allow: Permissions::NONE, deny };
    let maya = OverrideTarget::User(UserId(id(7)));
    let new = NewRoom {
        topic: Some("news".into()),
        created_by: Some(UserId(id(7))),
        overrides: vec![
            deny(OverrideTarget::Everyone, Permissions::SPEAK),
            deny(OverrideTarget::Role(RoleId(id(3))), Permissions::STREAM),
            Override { target: maya, allow: Permissions::ROOM_OWNER, deny: Permissions::NONE },
            deny(maya, Permissions::VIDEO),
        ],
        ..room(1, "General")
    };
    let made = store.create_room(&new).await.unwrap();
    let found = store.room(made.id).await.unwrap().unwrap();
    assert_eq!(found.overrides.len(), 3, "two of one target are one: {:?}", found.overrides);
    for user in [UserId(id(7)), UserId(id(8))] {
        let resolve = |overrides| Permissions::EVERYONE.resolve(user, &[RoleId(id(3))], overrides);
        assert_eq!(resolve(&found.overrides), resolve(&made.overrides));
    }
    assert_eq!(room::Settings { overrides: made.overrides.clone(), ..found.clone() }, made);
    assert_eq!(store.room_by_slug("general").await.unwrap(), Some(found));
}

#[tokio::test]
async fn an_address_is_free_again_when_its_room_is_gone() {
    let (_directory, store) = fresh().await;
    let first = store.create_room(&room(1, "General")).await.unwrap();
    let second = store.create_room(&room(2, "general")).await.unwrap();
    assert_eq!((first.slug.as_str(), second.slug.as_str()), ("general", "general-2"));
    assert_eq!(store.list_rooms().await.unwrap(), [first.clone(), second.clone()]);

    assert!(store.delete_room(first.id, at(9)).await.unwrap());
    assert!(!store.delete_room(first.id, at(9)).await.unwrap());
    assert_eq!(store.room(first.id).await.unwrap(), None);
    assert_eq!(store.room_by_slug("general").await.unwrap(), None);
    assert_eq!(store.list_rooms().await.unwrap(), [second]);
    assert_eq!(store.create_room(&room(3, "General!")).await.unwrap().slug, "general");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_rooms_of_one_name_have_different_addresses() {
    let (_directory, store) = fresh().await;
    let long = "x".repeat(80);
    let made = at_once(|n| {
        let (store, new) = (store.clone(), room(1000 + n, &long));
        async move { store.create_room(&new).await.unwrap().slug }
    })
    .await;
    assert_eq!(made.iter().collect::<BTreeSet<_>>().len(), 32);
    assert!(made.iter().all(|slug| slug.len() == 64), "{made:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_channel_is_one_room_until_it_is_deleted() {
    let (_directory, store) = fresh().await;
    let channel = |n| NewRoom { external: Some(key("c-1")), ..room(n, "channel-c") };
    let outcomes = at_once(|n| {
        let (store, new) = (store.clone(), channel(n));
        async move { store.find_or_create_external_room(&new).await.unwrap() }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|(_, made)| *made).count(), 1);
    let first = &outcomes[0].0;
    assert!(outcomes.iter().all(|(found, _)| found.id == first.id));
    assert!(matches!(store.create_room(&channel(90)).await, Err(StoreError::Taken)));

    store.delete_room(first.id, at(2)).await.unwrap();
    assert_eq!(store.room_by_external("platform", &key("c-1").id).await.unwrap(), None);
    let (next, made) = store.find_or_create_external_room(&channel(91)).await.unwrap();
    assert!(made);
    assert_eq!((next.id, next.external_id), (RoomId(id(91)), Some(key("c-1").id)));
}

#[tokio::test]
async fn a_password_is_known_by_its_hash_alone() {
    let (_directory, store) = fresh().await;
    let hash = Redacted::new("$argon2id$room".to_owned());
    let locked = NewRoom { password_hash: Some(hash.clone()), ..room(1, "Den") };
    let locked = store.create_room(&locked).await.unwrap();
    let open = store.create_room(&room(2, "Hall")).await.unwrap();
    assert!(locked.has_password && !open.has_password);
    assert_eq!(store.list_rooms().await.unwrap(), [locked.clone(), open.clone()]);
    assert_eq!(store.room(locked.id).await.unwrap(), Some(locked.clone()));

    assert_eq!(store.room_password(locked.id).await.unwrap(), Some(hash));
    assert_eq!(store.room_password(open.id).await.unwrap(), None);
    assert_eq!(store.room_password(RoomId(id(404))).await.unwrap(), None);
    store.delete_room(locked.id, at(9)).await.unwrap();
    assert_eq!(store.room_password(locked.id).await.unwrap(), None);
}

#[tokio::test]
async fn captions_stay_as_they_were_switched() {
    let (_directory, store) = fresh().await;
    let new = NewRoom { captions: true, ..room(1, "Den") };
    let den = store.create_room(&new).await.unwrap();
    let hall = store.create_room(&room(2, "Hall")).await.unwrap();
    assert!(den.captions && !hall.captions);
    let captions = || async {
        let rooms = store.list_rooms().await.unwrap();
        rooms.into_iter().map(|room| room.captions).collect::<Vec<_>>()
    };
    assert_eq!(captions().await, [true, false]);
    let switched = |on| Event::CaptionsSwitched { on, by: Some(UserId(id(7))) };
    for (on, expect) in [(false, [false, false]), (true, [true, false]), (true, [true, false])] {
        store.append(den.id, &[switched(on)]).await.unwrap();
        assert_eq!(captions().await, expect);
    }
    store.append(den.id, &[switched(false), switched(true)]).await.unwrap();
    assert_eq!(captions().await, [true, false], "the last one holds");
}

#[tokio::test]
async fn the_floor_and_requests_leave_nothing() {
    let (_directory, store) = fresh().await;
    let den = store.create_room(&room(1, "Den")).await.unwrap();
    let (user, fence, expires, expires_at) = (UserId(id(7)), 1, Instant::now(), at(20));
    let events = [
        Event::FloorTaken { user, fence, expires, expires_at },
        Event::FloorKept { user, fence, expires, expires_at },
        Event::FloorReleased { user, fence, reason: FloorEnd::Expired },
        Event::RequestHeard { session: SessionId(id(10)), heard_at: expires, gone_at: None },
    ];
    assert!(!events.iter().any(is_stored));
    store.append(den.id, &events).await.unwrap();
    assert!(!store.was_participant(den.id, user).await.unwrap());
}

#[tokio::test]
async fn who_was_in_a_room_is_remembered_for_that_room() {
    let (_directory, store) = fresh().await;
    let den = store.create_room(&room(1, "Den")).await.unwrap().id;
    let hall = store.create_room(&room(2, "Hall")).await.unwrap().id;
    let (maya, omar, session) = (UserId(id(7)), UserId(id(8)), SessionId(id(10)));
    let started = Event::SessionStarted {
        session,
        user: maya,
        via: Via::SttRoom,
        client: None,
        mute: false,
        deaf: false,
        video_mute: false,
        beside: None,
        at: at(1),
        gone_at: Instant::now(),
    };
    let ended = Event::SessionEnded { session, user: maya, reason: EndReason::Left, at: at(2) };
    assert!(is_stored(&started) && is_stored(&ended));
    assert!(!store.was_participant(den, maya).await.unwrap());
    for event in [started, ended] {
        store.append(den, &[event]).await.unwrap();
        assert!(store.was_participant(den, maya).await.unwrap());
        assert!(!store.was_participant(den, omar).await.unwrap());
        assert!(!store.was_participant(hall, maya).await.unwrap());
    }
}
