//! A media thread dies: who was on it is told, and goes on by the same socket.

use serde_json::{Value, json};

use crate::harness::{AuraCall, Server, Setup};

/// What comes when the media server of a call is gone; its token opens the room.
async fn is_told(call: &mut AuraCall) {
    let told = call.told("room_reconnect").await;
    call.token = told["auth_token"].as_str().unwrap().to_owned();
}

#[tokio::test]
async fn who_loses_the_media_server_joins_again_on_the_same_socket() {
    let server = Server::with(Setup { fragile: true, ..Setup::default() }).await;
    let ann = server.account("ann").await;
    let room = ann.conference(json!({ "open": true })).await;
    ann.patch(&format!("/api/v1/rooms/{room}"), json!({ "captions": true })).await.expect(200);
    let mut first = server.aura("ann's").await;
    let voice = first.enters(&room, Some(&ann)).await;
    let mut second = server.aura("a guest's").await;
    let mut ears = second.enters(&room, None).await;
    first.told("member_join_room").await;
    // Let in and not come in: it has no connection to lose.
    let mut third = server.aura("another's").await;
    third.ring(&room, None).await.unwrap();
    voice.talk(true);
    ears.hear().await;

    server.break_media();
    is_told(&mut first).await;
    is_told(&mut second).await;
    drop((voice, ears));
    let (voice, joined) = first.join().await;
    assert_eq!(joined["members"][0]["id"], "a guest's", "who has not left");
    let (mut ears, joined) = second.join().await;
    assert_eq!((&joined["call_id"], &joined["is_admin"]), (&json!("a guest's"), &json!(false)));
    voice.talk(true);
    ears.hear().await;

    let members = first.does("get_room_members", json!({})).await;
    assert_eq!(members.as_array().unwrap().len(), 2);
    for call in [&mut first, &mut second, &mut third] {
        assert_eq!(call.knows_all().await, [] as [Value; 0], "nobody left, nobody came");
    }
    let _peer = third.join().await;
    assert_eq!(first.told("member_join_room").await["id"], "another's");
}
