//! Many at once: whatever the order, everything agrees in the end.

use app::{Identity, Refusal};
use model::{RoomId, SessionId};
use room::EndReason;
use tokio::task::JoinSet;

use crate::world::{World, user};

#[tokio::test(flavor = "multi_thread")]
async fn two_rooms_at_once_leave_one_membership() {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let rooms = [world.room(&maya, 9).await, world.room(&maya, 9).await];
    for _ in 0..30 {
        let (first, second) =
            tokio::join!(world.join(&maya, rooms[0]), world.join(&maya, rooms[1]));
        let made = [first.unwrap().session, second.unwrap().session];
        let sessions = world.check_agreement(&rooms).await;
        assert_eq!(sessions.len(), 1);
        assert!(made.contains(&sessions.first().unwrap().0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_client_that_joins_many_times_at_once_has_one_session() {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let room = world.room(&maya, 1).await;
    let mut joins = JoinSet::new();
    for _ in 0..20 {
        let (world, maya) = (world.clone(), maya.clone());
        joins.spawn(async move { world.join(&maya, room).await.unwrap() });
    }
    joins.join_all().await;
    assert_eq!(world.check_agreement(&[room]).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_place_is_given_once() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let room = world.room(&owner, 3).await;
    let mut joins = JoinSet::new();
    for n in 0..10 {
        let (world, person) = (world.clone(), world.person(&format!("person{n}")).await);
        joins.spawn(async move { world.join(&person, room).await.map(|_| ()) });
    }
    let outcomes = joins.join_all().await;
    let full = Err(Refusal::Room(room::Refusal::RoomFull { limit: 3 }));
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 3);
    assert!(outcomes.iter().all(|outcome| outcome.is_ok() || *outcome == full), "{outcomes:?}");
    assert_eq!(world.check_agreement(&[room]).await.len(), 3);
}

/// One of the things that people do, chosen by a number.
async fn act(world: World, people: Vec<Identity>, rooms: Vec<RoomId>, number: u64) {
    let pick = |shift: u32, of: usize| (number >> shift) as usize % of;
    let who = &people[pick(8, people.len())];
    let (owner, room) = (&people[0], rooms[pick(20, rooms.len())]);
    let outcome = match number % 10 {
        0..=3 => world.join(who, room).await.map(|_| ()),
        4 | 5 => match session_of(&world, who).await {
            Some(session) => world.app.leave(who, session).await,
            None => Ok(()),
        },
        6 => world.app.kick(owner, room, user(who)).await,
        7 | 8 => {
            let to = rooms[pick(28, rooms.len())];
            world.app.move_member(owner, room, user(who), to).await
        }
        _ => world.app.server_mute(owner, room, user(who), number & 16 == 0).await,
    };
    let expected = matches!(
        outcome,
        Ok(())
            | Err(Refusal::Room(
                room::Refusal::RoomFull { .. }
                    | room::Refusal::UnknownSession
                    | room::Refusal::TargetNotInRoom
            ))
    );
    assert!(expected, "{number}: {outcome:?}");
}

/// A session of theirs, if they are somewhere just now.
async fn session_of(world: &World, who: &Identity) -> Option<SessionId> {
    let room = world.app.rooms.index().exclusive_room_of(user(who))?;
    let view = world.app.rooms.view(room).await.ok()?;
    Some(view.member(user(who))?.sessions.first()?.id)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hundred_things_at_once_end_in_agreement() {
    let world = World::new().await;
    let mut people = Vec::new();
    for n in 0..10 {
        people.push(world.person(&format!("person{n}")).await);
    }
    let mut rooms = Vec::new();
    for _ in 0..5 {
        rooms.push(world.room(&people[0], 4).await);
    }
    let seed: u64 = rand::random();
    println!("seed {seed}");
    for round in 0..5 {
        let mut tasks = JoinSet::new();
        for n in 0..100_u64 {
            // SplitMix64: well-mixed numbers from a counter.
            let mut number = seed ^ (round * 100 + n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            number = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            number = (number ^ number >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            tasks.spawn(act(world.clone(), people.clone(), rooms.clone(), number ^ number >> 31));
        }
        tasks.join_all().await;
        world.check_agreement(&rooms).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_deleted_while_people_come_in_keeps_nobody() {
    let world = World::new().await;
    let mut people = Vec::new();
    for n in 0..8 {
        people.push(world.person(&format!("person{n}")).await);
    }
    for _ in 0..10 {
        let room = world.room(&people[0], 9).await;
        let mut joins = JoinSet::new();
        for person in people.clone() {
            let world = world.clone();
            joins.spawn(async move { world.join(&person, room).await.map(|_| ()) });
        }
        world.app.delete_room(&people[0], room).await.unwrap();
        let gone = Err(Refusal::Room(room::Refusal::RoomNotFound));
        for outcome in joins.join_all().await {
            assert!(outcome.is_ok() || outcome == gone, "{outcome:?}");
        }
        let view = world.app.rooms.view(room).await.map(|_| ());
        assert_eq!(view, gone);
        assert!(world.check_agreement(&[]).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ban_beside_a_join_keeps_nobody_in() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let room = world.room(&owner, 99).await;
    for n in 0..20 {
        let banned = world.person(&format!("banned{n}")).await;
        let ban = async {
            let now = app::now().wall;
            world.app.store.ban(banned.account.id, None, now).await.unwrap();
            world.app.rooms.end_member_everywhere(user(&banned), EndReason::Banned).await
        };
        let (joined, all) = tokio::join!(world.join(&banned, room), ban);
        assert!(all && matches!(joined, Ok(_) | Err(Refusal::Banned)), "{joined:?}");
        assert!(world.check_agreement(&[room]).await.is_empty());
    }
}
