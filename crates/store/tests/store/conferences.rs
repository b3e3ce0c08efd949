//! Who is expected in a conference, how it takes people in, and devices that log in without a password.

use room::{EndReason, Event, Listed};

use crate::*;

fn listed(raw: u64, admin: bool) -> Listed {
    Listed { user: UserId(id(raw)), admin }
}

fn conference(raw: u64, members: Vec<Listed>) -> NewRoom {
    let admission =
        Admission { open: false, force_waiting_room: true, members, ..Admission::default() };
    NewRoom { kind: ProfileKind::Conference, admission, ..room(raw, "Meeting") }
}

#[tokio::test]
async fn members_come_back_in_their_order_and_are_replaced_as_a_whole() {
    let (_directory, store) = fresh().await;
    let new = conference(1, vec![listed(9, true), listed(7, false)]);
    let made = store.create_room(&new).await.unwrap();
    let other = store.create_room(&conference(2, vec![listed(7, true)])).await.unwrap();
    assert_eq!(made.admission, new.admission);
    assert_eq!(store.room(made.id).await.unwrap().unwrap(), made);
    assert_eq!(store.list_rooms().await.unwrap(), [made.clone(), other.clone()]);
    let admission = Admission {
        open: true,
        force_password: true,
        force_waiting_room: false,
        members: vec![listed(7, true), listed(8, false)],
    };
    let settings = Box::new(room::Settings { admission, ..made });
    let changed = Event::SettingsChanged { settings: settings.clone(), by: None };
    store.append(settings.id, &[changed]).await.unwrap();
    assert_eq!(store.list_rooms().await.unwrap(), [*settings, other]);
}

#[tokio::test]
async fn a_room_for_one_call_is_deleted_when_it_is_over_or_at_the_next_start() {
    let (_directory, store) = fresh().await;
    let temporary = |raw| NewRoom { temporary: true, ..conference(raw, Vec::new()) };
    let kept = store.create_room(&conference(1, Vec::new())).await.unwrap();
    let over = store.create_room(&temporary(2)).await.unwrap();
    let left = store.create_room(&temporary(3)).await.unwrap();
    assert!(over.temporary && !kept.temporary);
    assert_eq!(store.room(over.id).await.unwrap(), Some(over.clone()));
    for (room, reason) in [(over.id, EndReason::RoomDeleted), (left.id, EndReason::ServerShutdown)]
    {
        // A room may be told twice that it is over.
        for second in [5, 6] {
            store.append(room, &[Event::Closed { reason, at: at(second) }]).await.unwrap();
        }
    }
    assert_eq!(store.list_rooms().await.unwrap(), [kept.clone(), left]);
    assert_eq!(store.delete_temporary_rooms(at(7)).await.unwrap(), 1);
    assert_eq!(store.list_rooms().await.unwrap(), [kept]);
    assert_eq!(store.delete_temporary_rooms(at(8)).await.unwrap(), 0);
}

#[tokio::test]
async fn listed_accounts_have_names_and_their_own_platforms_ids() {
    let (_directory, store) = fresh().await;
    store.create_account(&account(7, "maya")).await.unwrap();
    let named = NewAccount { display_name: Some("Omar K".into()), ..account(8, "omar") };
    store.create_account(&NewAccount { external: Some(key("e-8")), ..named }).await.unwrap();
    let new = conference(1, vec![listed(8, false), listed(7, true), listed(404, false)]);
    let room = store.create_room(&new).await.unwrap().id;
    let shown = store.listed_accounts(room).await.unwrap();
    let shown: Vec<_> =
        shown.iter().map(|one| (one.name.as_str(), one.external_id.is_some())).collect();
    assert_eq!(shown, [("Omar K", true), ("maya", false)]);
}

#[tokio::test]
async fn a_password_is_set_replaced_and_taken_away() {
    let (_directory, store) = fresh().await;
    let room = store.create_room(&conference(1, Vec::new())).await.unwrap().id;
    for hash in [Some("one"), Some("two"), None] {
        let hash = hash.map(|hash| Redacted::new(hash.to_owned()));
        store.set_room_password(room, hash.as_ref()).await.unwrap();
        let kept = store.room_password(room).await.unwrap();
        assert_eq!(kept.as_ref().map(Redacted::expose), hash.as_ref().map(Redacted::expose));
        assert_eq!(store.room(room).await.unwrap().unwrap().has_password, hash.is_some());
    }
}

#[tokio::test]
async fn a_device_has_one_token_until_it_is_taken_back() {
    let (_directory, store) = fresh().await;
    let maya = store.create_account(&account(7, "maya")).await.unwrap().id;
    let omar = store.create_account(&account(8, "omar")).await.unwrap().id;
    store.set_device(maya, "phone", "old", at(1)).await.unwrap();
    store.set_device(maya, "phone", "new", at(2)).await.unwrap();
    store.set_device(omar, "phone", "omars", at(2)).await.unwrap();
    let whose = async |token: &str| store.account_of_device("phone", token).await.unwrap();
    assert_eq!(whose("old").await, None);
    assert_eq!(whose("new").await, Some(maya));
    assert_eq!(whose("omars").await, Some(omar));
    assert_eq!(store.account_of_device("laptop", "new").await.unwrap(), None);
    assert_eq!(store.other_devices(maya, "laptop").await.unwrap(), 1);
    assert_eq!(store.other_devices(maya, "phone").await.unwrap(), 0);
    assert!(store.forget_device(maya, "phone").await.unwrap());
    assert!(!store.forget_device(maya, "phone").await.unwrap());
    assert_eq!((whose("new").await, whose("omars").await), (None, Some(omar)));
}
