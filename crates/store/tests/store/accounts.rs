//! Accounts, their words, roles and epochs.

use std::collections::BTreeSet;

use model::username_from_email;

use crate::*;

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_gets_a_word() {
    let (_directory, store) = fresh().await;
    let outcomes = at_once(|n| {
        let store = store.clone();
        // Half of them ask for the word as a username, half as an e-mail address.
        let new = if n % 2 == 0 {
            account(n, "Maya")
        } else {
            NewAccount { email: Some("mAYA".into()), ..account(n, &format!("someone{n}")) }
        };
        async move { store.create_account(&new).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(_) | Err(StoreError::Taken)), "{outcome:?}");
    }
    assert_eq!(store.count_accounts().await.unwrap(), 1, "a loser leaves nothing behind");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_first_accounts_becomes_owner() {
    let (_directory, store) = fresh().await;
    assert!(!store.has_administrator().await.unwrap());
    let outcomes = at_once(|n| {
        let store = store.clone();
        let new = NewAccount { owner_if_none: true, ..account(n, &format!("user{n}")) };
        async move {
            let made = store.create_account(&new).await.unwrap();
            store.roles_of(made.id).await.unwrap()
        }
    })
    .await;
    let owners: Vec<_> = outcomes.into_iter().flatten().map(|role| role.name).collect();
    assert_eq!(owners, [OWNER]);
    assert!(store.has_administrator().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_account_is_made_once_and_numbered() {
    let (_directory, store) = fresh().await;
    store.create_account(&account(100, "maya")).await.unwrap();
    let outcomes = at_once(|n| {
        let store = store.clone();
        let new = NewAccount { external: Some(key("u-1")), ..account(n, "maya") };
        async move { store.find_or_create_external_account(&new).await.unwrap() }
    })
    .await;
    for made in &outcomes {
        assert_eq!((made.id, made.username.as_str()), (outcomes[0].id, "maya2"));
    }
    let other = NewAccount { external: Some(key("u-2")), ..account(200, "maya") };
    let other = store.find_or_create_external_account(&other).await.unwrap();
    assert_eq!(other.username, "maya3");
    assert_eq!(store.count_accounts().await.unwrap(), 3);
}

/// An account known by its e-mail address, which may be any word.
fn mailed(raw: u64, email: &str) -> NewAccount {
    let username = username_from_email(email);
    NewAccount { username, email: Some(email.into()), ..account(raw, "unused") }
}

#[tokio::test]
async fn a_taken_username_is_numbered_and_a_taken_address_is_not() {
    let (_directory, store) = fresh().await;
    let taken = |outcome| matches!(outcome, Err(StoreError::Taken));
    // The client of an e-mail login sends any word as the address: one word for both is one account.
    let maya = store.create_account_numbered(&mailed(101, "Maya")).await.unwrap();
    assert_eq!((maya.username.as_str(), maya.email.as_deref()), ("Maya", Some("Maya")));
    assert_eq!(store.account_by_word("maya").await.unwrap(), Some(maya));
    assert!(taken(store.create_account_numbered(&mailed(102, "mAYA")).await), "as an address");

    let second = store.create_account_numbered(&mailed(103, "maya@a.example")).await.unwrap();
    assert_eq!((second.username.as_str(), second.id), ("maya2", AccountId(id(103))));
    assert_eq!(store.account_by_word("MAYA@A.example").await.unwrap(), Some(second.clone()));
    assert_eq!(store.account(second.id).await.unwrap(), Some(second));
    let third = store.create_account_numbered(&mailed(104, "maya@b.example")).await.unwrap();
    assert_eq!(third.username, "maya3");
    assert!(taken(store.create_account_numbered(&mailed(105, "MAYA@b.example")).await));
    assert_eq!(store.count_accounts().await.unwrap(), 3, "who is refused leaves nothing behind");
    // The word of the refused one is somebody's username, and nobody's address.
    assert!(taken(store.create_account_numbered(&mailed(106, "maya3")).await));
    assert!(taken(store.create_account(&mailed(107, "maya@c.example")).await), "no number");

    let without = NewAccount { email: None, ..mailed(108, "maya") };
    assert_eq!(store.create_account_numbered(&without).await.unwrap().username, "maya4");
    let owner = NewAccount { owner_if_none: true, ..mailed(109, "maya@d.example") };
    let owner = store.create_account_numbered(&owner).await.unwrap();
    assert_eq!(owner.username, "maya5");
    assert_eq!(store.roles_of(owner.id).await.unwrap()[0].name, OWNER);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_of_one_name_are_numbered_and_one_of_many_gets_the_address() {
    let (_directory, store) = fresh().await;
    let outcomes = at_once(|n| {
        let (store, new) = (store.clone(), mailed(1_000 + n, &format!("info@{n}.example")));
        async move { store.create_account_numbered(&new).await.unwrap().username }
    })
    .await;
    assert_eq!(outcomes.into_iter().collect::<BTreeSet<_>>().len(), 32);
    let outcomes = at_once(|n| {
        let (store, new) = (store.clone(), mailed(2_000 + n, "omar@example.com"));
        async move { store.create_account_numbered(&new).await }
    })
    .await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    for outcome in outcomes {
        assert!(matches!(outcome, Ok(_) | Err(StoreError::Taken)), "{outcome:?}");
    }
    assert_eq!(store.count_accounts().await.unwrap(), 33);
}

#[tokio::test]
async fn an_account_is_found_by_each_of_its_names() {
    let (_directory, store) = fresh().await;
    let new = NewAccount {
        email: Some("Maya.K@Example.com".into()),
        display_name: Some("Maya".into()),
        password_hash: Some(Redacted::new("$argon2id$…".into())),
        external: Some(key("u-9")),
        ..account(5, "Maya_K")
    };
    let made = store.create_account(&new).await.unwrap();
    for found in [
        store.account(new.id).await,
        store.account_by_word("MAYA_k").await,
        store.account_by_word("maya.k@example.COM").await,
        store.account_by_external("platform", &key("u-9").id).await,
    ] {
        assert_eq!(found.unwrap(), Some(made.clone()));
    }
    assert_eq!(store.account_by_word("maya").await.unwrap(), None);
    assert_eq!(store.account_by_external("other", &key("u-9").id).await.unwrap(), None);
}

#[tokio::test]
async fn what_kills_tokens_raises_the_epoch_and_is_told() {
    let (_directory, store) = fresh().await;
    let maya = store.create_account(&account(1, "maya")).await.unwrap().id;
    let changes = store.epochs_changed_since(at(0)).await.unwrap();
    assert_eq!(changes, [], "a new account killed nothing");

    store.set_password(maya, &Redacted::new("hash".into()), at(10)).await.unwrap();
    store.ban(maya, Some("spam"), at(20)).await.unwrap();
    let changes = store.epochs_changed_since(at(20)).await.unwrap();
    assert_eq!(changes.len(), 1);
    assert_eq!((changes[0].account, changes[0].epoch, changes[0].banned), (maya, 2, true));
    let banned = store.account(maya).await.unwrap().unwrap();
    assert!(banned.banned);
    assert_eq!(banned.password_hash, Some(Redacted::new("hash".into())));

    store.unban(maya, at(30)).await.unwrap();
    store.raise_epoch(maya, at(40)).await.unwrap();
    let now = store.account(maya).await.unwrap().unwrap();
    assert_eq!((now.epoch, now.epoch_changed_at, now.banned), (4, at(40), false));
    assert_eq!(store.epochs_changed_since(at(41)).await.unwrap(), []);

    let nobody = AccountId(id(404));
    assert!(matches!(store.ban(nobody, None, at(1)).await, Err(StoreError::Missing)));
}

#[tokio::test]
async fn roles_come_with_their_permissions() {
    let (_directory, store) = fresh().await;
    let keeps_order = Permissions::MUTE_MEMBERS
        | Permissions::DEAFEN_MEMBERS
        | Permissions::MOVE_MEMBERS
        | Permissions::KICK_MEMBERS
        | Permissions::STAGE_MODERATOR;
    for (name, expect) in [
        (OWNER, Permissions::ADMINISTRATOR),
        (ADMIN, Permissions::ADMINISTRATOR),
        (MODERATOR, keeps_order),
    ] {
        let role = store.role_by_name(&name.to_uppercase()).await.unwrap().unwrap();
        assert_eq!(role.permissions, expect, "{name}");
    }
    assert_eq!(store.count_roles().await.unwrap(), 3);
    let moderator = store.role_by_name(MODERATOR).await.unwrap();
    assert_eq!(store.role(RoleId(id(3))).await.unwrap(), moderator);
    assert_eq!(store.role(RoleId(id(404))).await.unwrap(), None);
    let again = store.create_role(RoleId(id(51)), "Owner", Permissions::NONE).await;
    assert!(matches!(again, Err(StoreError::Taken)));
}

#[tokio::test]
async fn roles_are_granted_once_and_revoked() {
    let (_directory, store) = fresh().await;
    let maya = store.create_account(&account(9, "maya")).await.unwrap();
    let dj = store.create_role(RoleId(id(50)), "DJ", Permissions::PRIORITY_SPEAKER).await.unwrap();
    let moderator = store.role_by_name(MODERATOR).await.unwrap().unwrap();
    assert_eq!(store.account_with_roles(maya.id).await.unwrap(), Some((maya.clone(), vec![])));
    for _ in 0..2 {
        store.grant_role(maya.id, dj.id).await.unwrap();
        store.grant_role(maya.id, moderator.id).await.unwrap();
    }
    let expect = (maya.clone(), vec![moderator.clone(), dj.clone()]);
    assert_eq!(store.account_with_roles(maya.id).await.unwrap(), Some(expect.clone()));
    assert_eq!(store.list_accounts().await.unwrap(), [expect]);
    assert!(!store.has_administrator().await.unwrap());

    assert!(store.revoke_role(maya.id, moderator.id).await.unwrap());
    assert!(!store.revoke_role(maya.id, moderator.id).await.unwrap());
    assert_eq!(store.roles_of(maya.id).await.unwrap(), [dj]);
    assert_eq!(store.list_roles().await.unwrap().len(), 4);
    assert_eq!(store.count_roles().await.unwrap(), 4);
    assert_eq!(store.account_with_roles(AccountId(id(404))).await.unwrap(), None);
    let unknown = store.grant_role(maya.id, RoleId(id(404))).await;
    assert!(matches!(unknown, Err(StoreError::Missing)), "foreign keys are on");
}

#[tokio::test]
async fn the_last_administrator_stays_one() {
    let (_directory, store) = fresh().await;
    let maya = store.create_account(&account(9, "maya")).await.unwrap().id;
    let omar = store.create_account(&account(10, "omar")).await.unwrap().id;
    let found = |name| store.role_by_name(name);
    let role = async |name| found(name).await.unwrap().unwrap().id;
    let (owner, admin, moderator) = (role(OWNER).await, role(ADMIN).await, role(MODERATOR).await);
    assert_eq!(store.take_role(maya, owner).await.unwrap(), Taken::NotThere);
    for (account, role) in [(maya, owner), (maya, admin), (maya, moderator), (omar, admin)] {
        store.grant_role(account, role).await.unwrap();
    }
    // One's own other role is enough, and so is somebody else's.
    assert_eq!(store.take_role(maya, admin).await.unwrap(), Taken::Away);
    assert_eq!(store.take_role(omar, admin).await.unwrap(), Taken::Away);
    assert_eq!(store.take_role(omar, admin).await.unwrap(), Taken::NotThere);
    assert_eq!(store.take_role(maya, owner).await.unwrap(), Taken::LastAdministrator);
    assert!(store.has_administrator().await.unwrap());
    assert_eq!(store.take_role(maya, moderator).await.unwrap(), Taken::Away, "it is none");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_taken_at_once_one_administrator_is_left() {
    let (_directory, store) = fresh().await;
    let admin = store.role_by_name(ADMIN).await.unwrap().unwrap().id;
    for n in 1..=32 {
        let made = store.create_account(&account(n, &format!("user{n}"))).await.unwrap();
        store.grant_role(made.id, admin).await.unwrap();
    }
    let outcomes = at_once(|n| {
        let store = store.clone();
        async move { store.take_role(AccountId(id(n)), admin).await.unwrap() }
    })
    .await;
    let stay = outcomes.iter().filter(|taken| **taken == Taken::LastAdministrator).count();
    assert_eq!(stay, 1, "{outcomes:?}");
    assert!(store.has_administrator().await.unwrap());
}
