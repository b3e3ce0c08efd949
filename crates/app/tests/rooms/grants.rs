//! Who may hand out what: roles, and overrides of a room.

use app::{Identity, Refusal, RoomChanges};
use model::{Override, OverrideTarget, Permissions, RoleId};
use room::Refusal as No;
use store::Role;

use crate::world::{World, user};

async fn with_role(world: &World, person: Identity, permissions: Permissions) -> Identity {
    let store = &world.app.store;
    let name = format!("role of {}", person.account.username);
    let id = RoleId(user(&person).0);
    let role = store.create_role(id, &name, permissions).await.unwrap();
    store.grant_role(person.account.id, role.id).await.unwrap();
    Identity { roles: vec![role], ..person }
}

fn of_user(of: &Identity, allow: Permissions) -> Vec<Override> {
    let target = OverrideTarget::User(user(of));
    vec![Override { target, allow, deny: Permissions::NONE }]
}

fn overrides(overrides: Vec<Override>) -> RoomChanges {
    RoomChanges { overrides: Some(overrides), ..RoomChanges::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_manages_a_room_hands_out_no_more_than_they_have() {
    let world = World::new().await;
    let owner = world.person("owner").await;
    let manager = world.person("manager").await;
    let manager = with_role(&world, manager, Permissions::MANAGE_SPACES).await;
    let den = world.room(&owner, 9).await;
    let change = async |by: &Identity, changes| world.app.change_room(by, den, changes).await;
    let grab = || overrides(of_user(&manager, Permissions::MUTE_MEMBERS));
    let refused = change(&manager, grab()).await.map(|_| ());
    assert_eq!(refused, Err(Refusal::Room(No::Missing(Permissions::MUTE_MEMBERS))));
    let had = Permissions::SPEAK | Permissions::MANAGE_SPACES;
    change(&manager, overrides(of_user(&manager, had))).await.unwrap();
    // What its creator has said stays as it is when it is sent back.
    let listed = change(&owner, grab()).await.unwrap();
    assert_eq!(listed.settings.overrides.len(), 2, "the creator's and the manager's");
    let same = overrides(listed.settings.overrides);
    let listed = change(&manager, same).await.unwrap();
    assert_eq!(listed.settings.overrides.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_administrator_remains() {
    let world = World::new().await;
    let (first, second) = (world.person("first").await, world.person("second").await);
    let admin = with_role(&world, first, Permissions::ADMINISTRATOR).await;
    let role: &Role = &admin.roles[0];
    let app = &world.app;
    let taken = app.unassign_role(&admin, user(&admin), role.id).await;
    assert!(matches!(taken, Err(Refusal::Invalid(_))), "{taken:?}");
    // Who never had it is not given it by that.
    app.unassign_role(&admin, user(&second), role.id).await.unwrap();
    assert_eq!(app.store.roles_of(second.account.id).await.unwrap(), []);
    app.assign_role(&admin, user(&second), role.id).await.unwrap();
    app.unassign_role(&admin, user(&admin), role.id).await.unwrap();
    assert_eq!(app.store.roles_of(admin.account.id).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_given_holds_when_the_reply_comes() {
    let world = World::new().await;
    let (first, maya) = (world.person("first").await, world.person("maya").await);
    let admin = with_role(&world, first, Permissions::ADMINISTRATOR).await;
    let den = world.room(&admin, 9).await;
    world.join(&maya, den).await.unwrap();
    let moderator = app_role(&world, &admin, Permissions::MUTE_MEMBERS).await;
    let may = async || {
        let view = world.app.rooms.view(den).await.unwrap();
        view.member(user(&maya)).unwrap().permissions.contains(Permissions::MUTE_MEMBERS)
    };
    assert!(!may().await);
    world.app.assign_role(&admin, user(&maya), moderator).await.unwrap();
    assert!(may().await);
    world.app.unassign_role(&admin, user(&maya), moderator).await.unwrap();
    assert!(!may().await);
    // Whoever comes in with a token that was looked at before has the roles of now.
    world.app.assign_role(&admin, user(&maya), moderator).await.unwrap();
    world.join(&maya, den).await.unwrap();
    assert!(may().await);
}

async fn app_role(world: &World, by: &Identity, permissions: Permissions) -> RoleId {
    world.app.create_role(by, "quiet".to_owned(), permissions).await.unwrap().id
}
