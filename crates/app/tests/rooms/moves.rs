//! Vox's way in, and from room to room: tokens, gateways, who is refused.

use app::{Connect, Connected, Identity, News, Refusal, Start};
use model::{RoomId, UserId};
use room::{MemberView, Refusal as No};

use crate::world::{PATIENCE, World, user};

fn connect(room: RoomId) -> Connect {
    Connect { room, mute: true, deaf: false, password: None, address: None }
}

async fn connected(world: &World, by: &Identity, room: RoomId) -> Connected {
    world.app.connect(by, connect(room)).await.unwrap()
}

async fn member(world: &World, room: RoomId, user: UserId) -> Option<MemberView> {
    world.app.rooms.view(room).await.unwrap().member(user).cloned()
}

/// Waits until this holds of a member.
async fn until(world: &World, room: RoomId, user: UserId, holds: impl Fn(&MemberView) -> bool) {
    let holds = async {
        while !member(world, room, user).await.as_ref().is_some_and(&holds) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, holds).await.expect("it never came about");
}

fn is_detached(member: &MemberView) -> bool {
    member.sessions.iter().all(|session| session.detached)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_in_is_refused_and_who_has_lost_their_client_comes_back() {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let (den, hall) = (world.room(&maya, 9).await, world.room(&maya, 9).await);
    let gateway = world.app.gateway_opened(user(&maya), false).await;
    let first = connected(&world, &maya, den).await;
    let already = Err(Refusal::Room(No::AlreadyIn));
    assert_eq!(world.app.connect(&maya, connect(den)).await.map(|_| ()), already);
    assert_eq!(world.app.connect(&maya, connect(hall)).await.map(|_| ()), already);
    drop(gateway);
    until(&world, den, user(&maya), is_detached).await;
    // A new gateway keeps the member in, and the client behind the session is another all the same.
    let _gateway = world.app.gateway_opened(user(&maya), false).await;
    let second = connected(&world, &maya, den).await;
    assert_ne!(second.session, first.session);
    assert_eq!(world.check_agreement(&[den, hall]).await.len(), 1);
    assert_eq!(world.app.connect(&maya, connect(hall)).await.map(|_| ()), already);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_that_comes_back_is_the_same_client() {
    let world = World::new().await;
    let maya = world.person("maya").await;
    let den = world.room(&maya, 9).await;
    let mut gateway = world.app.gateway_opened(user(&maya), false).await;
    connected(&world, &maya, den).await;
    gateway.silent().await;
    until(&world, den, user(&maya), is_detached).await;
    gateway.heard().await;
    until(&world, den, user(&maya), |member| !is_detached(member)).await;
    drop(gateway);
    until(&world, den, user(&maya), is_detached).await;
    let _gateway = world.app.gateway_opened(user(&maya), true).await;
    until(&world, den, user(&maya), |member| !is_detached(member)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_moved_with_what_keeps_it() {
    let world = World::new().await;
    let (owner, maya) = (world.person("owner").await, world.person("maya").await);
    let (den, hall) = (world.room(&owner, 9).await, world.room(&owner, 9).await);
    let gateway = world.app.gateway_opened(user(&maya), false).await;
    let joined = connected(&world, &maya, den).await;
    let mut news = world.app.board.subscribe();
    world.app.move_member(&owner, den, user(&maya), hall).await.unwrap();
    assert_eq!(member(&world, den, user(&maya)).await, None);
    let moved = member(&world, hall, user(&maya)).await.unwrap();
    assert_eq!(moved.sessions[0].id, joined.session, "the session goes on");
    assert!(moved.mute && !is_detached(&moved), "muted and linked as before");
    world.check_agreement(&[den, hall]).await;

    let token = loop {
        let told = tokio::time::timeout(PATIENCE, news.recv()).await.unwrap().unwrap();
        if let News::MediaToken { user: of, room, token } = told.as_ref() {
            assert_eq!((*of, *room), (user(&maya), hall));
            break token.expose().clone();
        }
    };
    let old = world.app.open_media(joined.media_token.expose()).await;
    assert_eq!(old.map(|_| ()), Err(Refusal::Unauthenticated), "a token for one room");
    let media = world.app.open_media(&token).await.unwrap();
    assert_eq!((media.session, media.room), (joined.session, hall));
    assert!(matches!(media.watch.start, Start::Snapshot(_)));
    drop(media);
    drop(gateway);
    // The end of what was opened in the old room is the new room's affair.
    until(&world, hall, user(&maya), is_detached).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_is_refused_moves_nothing() {
    let world = World::new().await;
    let (owner, maya) = (world.person("owner").await, world.person("maya").await);
    let (den, full) = (world.room(&owner, 9).await, world.room(&owner, 1).await);
    let foreign = world.room(&maya, 9).await;
    world.join(&owner, full).await.unwrap();
    connected(&world, &maya, den).await;
    let app = &world.app;
    let check = async |by: &Identity, whom: UserId, to: RoomId, expect: Refusal| {
        let refused = app.move_member(by, den, whom, to).await;
        assert_eq!(refused, Err(expect));
        world.check_agreement(&[den, full, foreign]).await;
        assert!(member(&world, den, user(&maya)).await.is_some());
    };
    let nobody = UserId(world.app.rooms.view(den).await.unwrap().settings.id.0);
    check(&owner, user(&maya), full, Refusal::Room(No::RoomFull { limit: 1 })).await;
    check(&owner, user(&owner), full, Refusal::Room(No::TargetNotInRoom)).await;
    check(&owner, nobody, full, Refusal::UserNotFound).await;
    let missing = Refusal::Room(No::Missing(model::Permissions::MOVE_MEMBERS));
    check(&maya, user(&maya), foreign, missing.clone()).await;
    check(&owner, user(&maya), foreign, missing).await;
    let no_room = RoomId(user(&maya).0);
    check(&owner, user(&maya), no_room, Refusal::Room(No::RoomNotFound)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kick_kills_the_token() {
    let world = World::new().await;
    let (owner, maya) = (world.person("owner").await, world.person("maya").await);
    let den = world.room(&owner, 9).await;
    let joined = connected(&world, &maya, den).await;
    let again = world.app.media_token(&maya, den).await.unwrap();
    assert!(world.app.open_media(again.expose()).await.is_ok());
    world.app.kick(&owner, den, user(&maya)).await.unwrap();
    for token in [&joined.media_token, &again] {
        let opened = world.app.open_media(token.expose()).await;
        assert_eq!(opened.map(|_| ()), Err(Refusal::Unauthenticated));
    }
    let none = world.app.media_token(&maya, den).await;
    assert_eq!(none.map(|_| ()), Err(Refusal::Room(No::NotInRoom)));
    assert_eq!(world.app.disconnect(&maya, den).await, Err(Refusal::Room(No::NotInRoom)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_asker_went_away_is_carried_out_and_holds_up_nobody() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let (maya, ben) = (world.person("maya").await, world.person("ben").await);
    let (den, hall) = (world.room(&owner, 9).await, world.room(&owner, 9).await);
    connected(&world, &maya, den).await;
    connected(&world, &ben, hall).await;
    let (mut of_maya, mut of_ben) = ((den, hall), (hall, den));
    for _ in 0..20 {
        let (app, by, (from, to)) = (world.app.clone(), owner.clone(), of_maya);
        let whom = user(&maya);
        let asked = tokio::spawn(async move { app.move_member(&by, from, whom, to).await });
        tokio::task::yield_now().await;
        asked.abort();
        let other = world.app.move_member(&owner, of_ben.0, user(&ben), of_ben.1);
        tokio::time::timeout(PATIENCE, other).await.expect("rooms wait for each other").unwrap();
        of_ben = (of_ben.1, of_ben.0);
        // Her turn comes after the move that was given up, if it had begun.
        let again = world.app.move_member(&owner, of_maya.0, user(&maya), of_maya.1);
        let again = tokio::time::timeout(PATIENCE, again).await.expect("her turn comes");
        assert!(matches!(again, Ok(()) | Err(Refusal::Room(No::TargetNotInRoom))), "{again:?}");
        of_maya = (of_maya.1, of_maya.0);
        assert_eq!(world.check_agreement(&[den, hall]).await.len(), 2);
    }
}
