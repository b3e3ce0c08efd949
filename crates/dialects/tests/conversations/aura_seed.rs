//! The examples of seed 003, word for word, as far as telephones are not in them.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{AuraCall, PASSWORD, SERVICE_KEY, Server, assert_like};

/// The seed's room, with its own two people.
fn seed_room() -> Value {
    json!({ "room": {
        "name": "test room 123", "password": "password", "open": false,
        "force_password": false, "force_waiting_room": false,
        "members": [
            { "user_id": "02ba016d-b3c2-47d2-a0e2-e814f9daa822", "admin": true },
            { "user_id": "5dc9dc1a-db23-4695-a08f-25c8167fff31", "admin": false },
        ],
    } })
}

#[tokio::test]
async fn a_room_is_made_and_replaced_as_the_seed_has_it() {
    let server = Server::start().await;
    let service = server.bearer(SERVICE_KEY);
    let made = service.post("/v1/rooms", seed_room()).await.expect(201);
    let mut shown = seed_room();
    let room = shown["room"].as_object_mut().unwrap();
    room.remove("password");
    room.extend(
        json!({ "id": "<uuid>", "has_password": true, "created_at": "<time>" })
            .as_object()
            .unwrap()
            .clone(),
    );
    for member in room["members"].as_array_mut().unwrap() {
        member["name"] = json!("<text>");
    }
    assert_like(&made, &shown);
    let path = format!("/v1/rooms/{}", made["room"]["id"].as_str().unwrap());
    let body = Some(seed_room().to_string().into_bytes());
    let put = service.send(reqwest::Method::PUT, &path, body).await.expect(200);
    assert_like(&put, &shown);
    assert_eq!(service.get(&path).await.expect(200), put);
    assert_eq!(service.get(&format!("{path}/members")).await.expect(200), json!([]));
    service.delete(&path).await.expect(204);
}

/// Sends the seed's frame as it stands there, and gives the answer: no `jsonrpc`, an `id` of text.
async fn says(call: &mut AuraCall, method: &str, params: Value) -> Value {
    let frame = json!({ "id": "request_id", "method": method, "params": params });
    call.wire().send(Message::text(frame.to_string())).await;
    let mut answer = call.frame().await;
    let envelope = answer.as_object_mut().unwrap();
    assert_eq!(envelope.remove("jsonrpc"), Some(json!("2.0")));
    answer
}

#[tokio::test]
async fn who_is_expected_gets_a_token_and_a_guest_waits() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let room = ann.conference(json!({})).await;
    let mut admin = server.aura("call uuid").await;
    let answer = says(
        &mut admin,
        "authenticate",
        json!({ "room": room, "call_id": "call uuid", "username": "ann", "password": PASSWORD,
            "display_name": "Test 123" }),
    )
    .await;
    assert_like(&answer, &json!({ "id": "request_id", "result": { "auth_token": "<token>" } }));
    let answer = says(&mut admin, "get_room_members", json!({})).await;
    assert_eq!(answer, json!({ "id": "request_id", "result": [] }));
    let answer = says(&mut admin, "get_waiting_room_members", json!({})).await;
    assert_eq!(answer, json!({ "id": "request_id", "result": [] }));

    let mut guest = server.aura("call_uuid").await;
    let rings = json!({ "room": room, "call_id": "call_uuid", "display_name": "Test 123" });
    let answer = says(&mut guest, "authenticate", rings).await;
    let message = "not allowed for this room, waiting to be accpeted";
    let error = json!({ "code": 403, "message": message });
    assert_eq!(answer, json!({ "id": "request_id", "error": error }));
}

#[tokio::test]
async fn the_waiting_room_goes_as_the_seed_has_it() {
    let server = Server::start().await;
    let (ann, bea) = (server.account("ann").await, server.account("bea").await);
    let room = ann.conference(json!({})).await;
    let mut admin = server.aura("ann's").await;
    let _peer = admin.enters(&room, Some(&ann)).await;
    let mut guest = server.aura("a guest's").await;
    guest.ring(&room, None).await.unwrap_err();
    let waiting = json!({ "member": "a guest's", "name": "a guest's" });
    assert_eq!(admin.told("member_waiting").await, waiting);
    let mut account = server.aura("bea's").await;
    account.ring(&room, Some(&bea)).await.unwrap_err();
    let waiting = json!({ "member": "bea's", "name": "bea", "user": bea.uuid() });
    assert_eq!(admin.told("member_waiting").await, waiting);
    let listed = admin.does("get_waiting_room_members", json!({})).await;
    let listed_as = json!([
        { "member": "a guest's", "name": "a guest's" }, { "member": "bea's", "name": "bea" },
    ]);
    assert_eq!(listed, listed_as);
    let decide = |member: &str, token: &str| json!({ "member": member, "auth_token": token });
    let token = admin.token.clone();
    assert_eq!(admin.does("allow_member", decide("a guest's", &token)).await, json!({}));
    let allowed = guest.told("member_allowed").await;
    assert_like(&allowed, &json!({ "auth_token": "<token>" }));
    assert_eq!(admin.told("member_waiting_allowed").await, json!({ "member": "a guest's" }));
    assert_eq!(admin.does("reject_member", decide("bea's", &token)).await, json!({}));
    assert_eq!(account.told("member_rejected").await, json!({}));
    assert_eq!(admin.told("member_waiting_rejected").await, json!({ "member": "bea's" }));

    let mut third = server.aura("third").await;
    third.ring(&room, None).await.unwrap_err();
    admin.told("member_waiting").await;
    third.note("leave_room", json!({})).await;
    assert_eq!(admin.told("member_leave_waiting_room").await, json!({ "member": "third" }));

    guest.token = allowed["auth_token"].as_str().unwrap().to_owned();
    let (_peer, joined) = guest.join().await;
    let member = json!({
        "id": "ann's", "user": ann.uuid(), "name": "ann", "is_admin": true, "hand_raised": false,
        "hand_raised_at": null, "screen_share": false, "audio_muted": false, "video_muted": false,
        "audio_muted_by_admin": false, "video_muted_by_admin": false, "is_sip": false,
    });
    let expect = json!({
        "call_id": "a guest's", "sdp": "<text>", "members": [member], "is_admin": false,
    });
    assert_like(&joined, &expect);
    let came = admin.told("member_join_room").await;
    assert_eq!((&came["id"], &came["user"]), (&json!("a guest's"), &json!(null)));
}
