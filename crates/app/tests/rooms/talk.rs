//! Push-to-talk rooms through the use cases: the lock among many, passwords, presence by requests.

use std::time::Duration;

use app::{Identity, JoinRequest, Refusal, RoomDraft};
use model::{Redacted, RoomId, Via};
use room::{ProfileKind, Timing};
use tokio::task::JoinSet;

use crate::world::{PATIENCE, World, user};

const SECRET: &str = "open sesame";

async fn talk_room(world: &World, by: &Identity, password: Option<&str>, limit: u32) -> RoomId {
    let draft = RoomDraft {
        name: "walkie".into(),
        kind: ProfileKind::Talk,
        member_limit: Some(limit),
        overrides: Vec::new(),
        password: password.map(|password| Redacted::new(password.into())),
        captions: None,
    };
    world.app.create_room(by, draft).await.unwrap().settings.id
}

async fn attend(
    world: &World,
    by: &Identity,
    room: RoomId,
    password: Option<&str>,
) -> Result<(), Refusal> {
    let password = password.map(|password| Redacted::new(password.into()));
    world.app.attend(by, room, password, None).await
}

fn refused(refusal: room::Refusal) -> Result<(), Refusal> {
    Err(Refusal::Room(refusal))
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_who_ask_at_once_one_gets_the_lock() {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let room = talk_room(&world, &maya, None, 50).await;
    let mut people = Vec::new();
    for number in 0..50 {
        let one = world.person(&format!("asker{number}")).await;
        attend(&world, &one, room, None).await.unwrap();
        people.push(one);
    }
    let mut asking = JoinSet::new();
    for one in people {
        let app = world.app.clone();
        asking.spawn(async move { (user(&one), app.take_floor(&one, room).await) });
    }
    let outcomes = asking.join_all().await;
    let winners: Vec<_> = outcomes.iter().filter(|(_, outcome)| outcome.is_ok()).collect();
    assert_eq!(winners.len(), 1);
    let taken = Err(Refusal::Room(room::Refusal::SpeakerTaken));
    assert_eq!(outcomes.iter().filter(|(_, outcome)| *outcome == taken).count(), 49);
    let holder = world.app.rooms.view(room).await.unwrap().floor.unwrap().holder;
    assert_eq!(holder, winners[0].0);
}

#[tokio::test]
async fn a_password_is_asked_of_who_is_not_in() {
    let world = World::new().await;
    let (maya, tom) = (world.person("maya").await, world.person("tom").await);
    let zoe = world.person("zoe").await;
    let room = talk_room(&world, &maya, Some(SECRET), 2).await;
    let wrong = refused(room::Refusal::InvalidPassword);
    assert_eq!(attend(&world, &maya, room, None).await, wrong, "its maker too");
    assert_eq!(attend(&world, &maya, room, Some("open")).await, wrong);
    attend(&world, &maya, room, Some(SECRET)).await.unwrap();
    attend(&world, &maya, room, None).await.expect("who is in stays in");
    let by_voice = |password: Option<&str>| JoinRequest {
        room,
        via: Via::VoiceService,
        client: None,
        mute: false,
        deaf: false,
        password: password.map(|password| Redacted::new(password.into())),
        address: None,
    };
    let refusal = world.app.join(&tom, by_voice(None)).await.map(|_| ());
    assert_eq!(refusal, wrong, "whichever door");
    world.app.join(&tom, by_voice(Some(SECRET))).await.unwrap();
    let full = refused(room::Refusal::RoomFull { limit: 2 });
    assert_eq!(attend(&world, &zoe, room, Some(SECRET)).await, full);
    assert_eq!(attend(&world, &zoe, room, Some("wrong")).await, full, "a full room says so first");
}

#[tokio::test]
async fn who_asks_for_nothing_any_more_has_left_and_the_lock_is_free() {
    let timing = Timing { request_idle: Duration::from_millis(400), ..Timing::default() };
    let world = World::with_timing(timing).await;
    let (maya, tom) = (world.person("maya").await, world.person("tom").await);
    let room = talk_room(&world, &maya, None, 2).await;
    attend(&world, &maya, room, None).await.unwrap();
    attend(&world, &tom, room, None).await.unwrap();
    world.app.take_floor(&maya, room).await.unwrap();
    // Tom goes on asking, Maya does not.
    let maya_left = async {
        loop {
            world.app.note_request(&tom).await;
            let view = world.app.rooms.view(room).await.unwrap();
            if view.member(user(&maya)).is_none() {
                return view;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let view = tokio::time::timeout(PATIENCE, maya_left).await.expect("she leaves by herself");
    assert_eq!(view.floor, None);
    assert!(view.member(user(&tom)).is_some());
    world.app.take_floor(&tom, room).await.unwrap();
}

#[tokio::test]
async fn leaving_is_with_every_session_and_never_refused() {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let room = talk_room(&world, &maya, None, 2).await;
    world.app.leave_room(&maya, room).await.unwrap();
    world.join(&maya, room).await.unwrap();
    attend(&world, &maya, room, None).await.unwrap();
    assert_eq!(world.in_views(&[room]).await.len(), 2);
    world.app.take_floor(&maya, room).await.unwrap();
    world.app.leave_room(&maya, room).await.unwrap();
    let view = world.app.rooms.view(room).await.unwrap();
    assert!(view.members.is_empty() && view.floor.is_none());
}
