//! The store is away: nobody comes in, what protects people holds at once, and what is owed is written
//! when it is back.

use app::{Identity, Refusal};
use model::RoomId;
use sqlx::{AnyConnection, Connection, Executor};

use crate::world::{PATIENCE, World, user};

/// Another program's hand on the database.
struct Hand(AnyConnection);

impl Hand {
    async fn on(world: &World) -> Self {
        let path = world.directory.path().join("parlor.db");
        let url = format!("sqlite://{}", path.display());
        Self(AnyConnection::connect(&url).await.unwrap())
    }

    /// What writes sessions fails from here on; reads of accounts and rooms go on.
    async fn take_away(&mut self) {
        self.0.execute("ALTER TABLE sessions RENAME TO sessions_away").await.unwrap();
    }

    async fn give_back(&mut self) {
        self.0.execute("ALTER TABLE sessions_away RENAME TO sessions").await.unwrap();
    }
}

/// A room of Maya's with Tom and Zoe in it.
async fn scene() -> (World, Identity, Identity, Identity, RoomId) {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let (tom, zoe) = (world.person("tom").await, world.person("zoe").await);
    let room = world.room(&maya, 9).await;
    (world, maya, tom, zoe, room)
}

fn is_unavailable<T>(outcome: &Result<T, Refusal>) -> bool {
    matches!(outcome, Err(Refusal::Unavailable(_)))
}

#[tokio::test]
async fn what_happened_while_the_store_was_away_is_written_on_its_return() {
    let (world, maya, tom, zoe, room) = scene().await;
    let toms = world.join(&tom, room).await.unwrap().session;
    world.join(&zoe, room).await.unwrap();
    let mut hand = Hand::on(&world).await;
    hand.take_away().await;
    assert!(is_unavailable(&world.join(&maya, room).await));
    world.app.leave(&tom, toms).await.unwrap();
    world.app.server_deafen(&maya, room, user(&zoe), true).await.unwrap();
    world.app.server_mute(&maya, room, user(&zoe), true).await.unwrap();
    world.app.server_deafen(&maya, room, user(&zoe), false).await.unwrap();
    let nothing = world.app.store.marks(room).await.unwrap();
    assert!(nothing.is_empty(), "what waits keeps its order");
    assert!(is_unavailable(&world.join(&tom, room).await), "until what is owed is written");
    let view = world.app.rooms.view(room).await.unwrap();
    assert_eq!(view.members.len(), 1);
    assert!(view.members[0].server_mute && !view.members[0].server_deaf);
    hand.give_back().await;
    // Nobody tells when: the room tries again by itself.
    let written = async {
        while world.in_store().await != world.in_views(&[room]).await {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, written).await.expect("the rows are written");
    let marks = world.app.store.marks(room).await.unwrap();
    assert_eq!(marks.len(), 1);
    assert_eq!((marks[0].user, marks[0].server_mute), (user(&zoe), true));
    assert!(!marks[0].server_deaf, "in order");
    world.join(&tom, room).await.unwrap();
    assert_eq!(world.check_agreement(&[room]).await.len(), 2);
}

#[tokio::test]
async fn a_join_that_the_store_refuses_costs_nobody_their_place() {
    let (world, maya, tom, _, room) = scene().await;
    let other = world.room(&maya, 9).await;
    world.join(&tom, room).await.unwrap();
    let mut hand = Hand::on(&world).await;
    hand.take_away().await;
    assert!(is_unavailable(&world.join(&tom, other).await));
    assert_eq!(world.app.rooms.index().exclusive_room_of(user(&tom)), Some(room));
    hand.give_back().await;
    world.join(&tom, other).await.unwrap();
    assert_eq!(world.check_agreement(&[room, other]).await.len(), 1);
}

#[tokio::test]
async fn a_store_that_is_gone_keeps_nobody_from_leaving_muting_and_kicking() {
    let (world, maya, tom, zoe, room) = scene().await;
    let toms = world.join(&tom, room).await.unwrap().session;
    world.join(&zoe, room).await.unwrap();
    world.app.store.close().await;
    assert!(is_unavailable(&world.join(&maya, room).await));
    world.app.set_self(&tom, toms, Some(true), None).await.unwrap();
    world.app.server_mute(&maya, room, user(&zoe), true).await.unwrap();
    world.app.kick(&maya, room, user(&zoe)).await.unwrap();
    world.app.leave(&tom, toms).await.unwrap();
    assert!(world.in_views(&[room]).await.is_empty());
    assert_eq!(world.app.media.stats().await.core.sessions, 0);
}
