//! Conferences by REST: who may make, read, change and delete them, and what each body means.

use serde_json::{Value, json};

use crate::harness::{Person, SERVICE_KEY, Server, assert_like};

fn room(keys: Value) -> Value {
    let mut room = json!({ "name": "Weekly" });
    room.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
    json!({ "room": room })
}

fn at(id: &str) -> String {
    format!("/v1/rooms/{id}")
}

/// Somebody with the operator's key.
fn service(server: &Server) -> Person {
    server.bearer(SERVICE_KEY)
}

#[tokio::test]
async fn a_room_is_made_listed_read_replaced_and_deleted() {
    let server = Server::start().await;
    let (ann, bea, carl) =
        (server.account("ann").await, server.account("bea").await, server.account("carl").await);
    let members = json!([
        { "user_id": bea.uuid(), "admin": true },
        { "user_id": carl.id, "admin": false },
    ]);
    let draft = room(json!({ "password": "secret1", "open": false, "force_password": true,
        "force_waiting_room": true, "members": members }));
    let made = ann.post("/v1/rooms", draft).await.expect(201);
    let shown = json!({
        "id": "<uuid>", "name": "Weekly", "open": false, "force_password": true,
        "force_waiting_room": true, "has_password": true, "created_at": "<time>",
        "members": [
            { "user_id": bea.uuid(), "admin": true, "name": "bea" },
            { "user_id": carl.uuid(), "admin": false, "name": "carl" },
        ],
    });
    assert_like(&made, &json!({ "room": shown }));
    let id = made["room"]["id"].as_str().unwrap();
    for person in [&ann, &bea, &carl] {
        assert_eq!(person.get(&at(id)).await.expect(200), made);
        assert_eq!(person.get("/v1/rooms").await.expect(200), json!({ "rooms": [made["room"]] }));
        assert_eq!(person.get(&at(&format!("{id}/members"))).await.expect(200), json!([]));
    }
    let replaced = bea.send(reqwest::Method::PUT, &at(id), body(room(json!({})))).await.expect(200);
    let left = json!({
        "id": id, "name": "Weekly", "open": false, "force_password": false,
        "force_waiting_room": false, "has_password": true, "created_at": "<time>", "members": [],
    });
    assert_like(&replaced, &json!({ "room": left }));
    bea.get(&at(id)).await.expect(403);
    ann.delete(&at(id)).await.expect(204);
    ann.get(&at(id)).await.expect(404);
    ann.delete(&at(id)).await.expect(404);
    assert_eq!(ann.get("/v1/rooms").await.expect(200), json!({ "rooms": [] }));
}

fn body(value: Value) -> Option<Vec<u8>> {
    Some(value.to_string().into_bytes())
}

#[tokio::test]
async fn members_read_admins_and_the_owner_change_and_others_see_nothing() {
    let server = Server::start().await;
    let (ann, bea, carl) =
        (server.account("ann").await, server.account("bea").await, server.account("carl").await);
    let members = json!([{ "user_id": carl.uuid() }]);
    let id = ann.conference(json!({ "members": members })).await;
    let path = at(&id);
    carl.get(&path).await.expect(200);
    let draft = || body(room(json!({ "members": members })));
    for (person, status) in [(&carl, 403), (&bea, 403), (&server.nobody(), 401)] {
        let put = person.send(reqwest::Method::PUT, &path, draft()).await.expect(status);
        assert_eq!(put["error"]["code"], status);
        person.delete(&path).await.expect(status);
    }
    for (person, status) in [(&bea, 403), (&server.nobody(), 401)] {
        person.get(&path).await.expect(status);
        person.get(&format!("{path}/members")).await.expect(status);
    }
    assert_eq!(bea.get("/v1/rooms").await.expect(200), json!({ "rooms": [] }));
    let service = service(&server);
    service.send(reqwest::Method::PUT, &path, draft()).await.expect(200);
    assert_eq!(service.get("/v1/rooms").await.expect(200)["rooms"][0]["id"], id);
    service.delete(&path).await.expect(204);
}

#[tokio::test]
async fn what_is_wrong_is_told() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let bodies = [
        json!({}),
        json!({ "room": {} }),
        room(json!({ "name": "" })),
        room(json!({ "name": "x".repeat(201) })),
        room(json!({ "open": "yes" })),
        room(json!({ "members": {} })),
        room(json!({ "members": [{}] })),
        room(json!({ "members": [{ "user_id": "nobody" }] })),
        room(json!({ "members": [{ "user_id": "02ba016d-b3c2-47d2-a0e2-e814f9daa822" }] })),
        room(json!({ "members": [{ "user_id": "7" }] })),
        room(json!({ "force_password": true })),
        room(json!({ "password": "x".repeat(200) })),
    ];
    for body in bodies {
        let refused = ann.post("/v1/rooms", body.clone()).await.expect(400);
        assert_eq!(refused["error"]["code"], 400, "{body}");
        assert!(refused["error"]["message"].as_str().unwrap().starts_with("invalid request"));
    }
    ann.post("/v1/rooms", room(json!({ "name": "x".repeat(200) }))).await.expect(201);
    let name = room(json!({ "name": "y".repeat(70_000) }));
    ann.post("/v1/rooms", name).await.expect(413);
    ann.get("/v1/rooms/not-an-id").await.expect(400);
    for unknown in ["7", "02ba016d-b3c2-47d2-a0e2-e814f9daa822"] {
        ann.get(&at(unknown)).await.expect(404);
    }
    let voice = ann.room("Lounge").await;
    ann.get(&at(&voice.id)).await.expect(404);
}

#[tokio::test]
async fn a_password_is_kept_replaced_and_removed() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let id = ann.conference(json!({ "password": "first" })).await;
    for (keys, has) in [
        (json!({}), true),
        (json!({ "password": "second" }), true),
        (json!({ "password": "" }), false),
        (json!({}), false),
        (json!({ "password": "third" }), true),
        (json!({ "password": null }), false),
    ] {
        let put = ann.send(reqwest::Method::PUT, &at(&id), body(room(keys.clone()))).await;
        assert_eq!(put.expect(200)["room"]["has_password"], has, "{keys}");
    }
    let forced = body(room(json!({ "force_password": true })));
    ann.send(reqwest::Method::PUT, &at(&id), forced).await.expect(400);
}

#[tokio::test]
async fn the_password_that_opens_is_the_one_that_was_set_last() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let forced = |password: Value| {
        let mut keys = json!({ "force_password": true });
        if !password.is_null() {
            keys["password"] = password;
        }
        body(room(keys))
    };
    let id = ann.conference(json!({ "force_password": true, "password": "first" })).await;
    let opens = async |password: &str| {
        let mut call = server.aura("a call").await;
        let rung = call.ring_with(&id, None, json!({ "room_password": password })).await;
        // The next one has the same name: this one is out of the way when that is answered.
        call.note("leave_room", json!({})).await;
        call.knows_all().await;
        rung.is_ok()
    };
    assert_eq!((opens("first").await, opens("second").await), (true, false));
    for (put, first, second) in [(json!(null), true, false), (json!("second"), false, true)] {
        ann.send(reqwest::Method::PUT, &at(&id), forced(put)).await.expect(200);
        assert_eq!((opens("first").await, opens("second").await), (first, second));
    }
}

#[tokio::test]
async fn the_service_names_people_that_nobody_knows_yet() {
    let server = Server::start().await;
    let service = service(&server);
    let foreign = "02ba016d-b3c2-47d2-a0e2-e814f9daa822";
    let members = json!([{ "user_id": foreign, "admin": true }]);
    let made = service.post("/v1/rooms", room(json!({ "members": members }))).await.expect(201);
    assert_eq!(made["room"]["members"][0]["user_id"], foreign);
    // Known by then: whoever makes rooms may name them, too.
    let ann = server.account("ann").await;
    let again = ann.post("/v1/rooms", room(json!({ "members": members }))).await.expect(201);
    assert_eq!(again["room"]["members"][0]["user_id"], foreign);
    server.bearer("a service key of good lengti").get("/v1/rooms").await.expect(401);
}

#[tokio::test]
async fn who_is_named_twice_is_listed_once() {
    let server = Server::start().await;
    let (ann, bea) = (server.account("ann").await, server.account("bea").await);
    let members = json!([
        { "user_id": bea.uuid(), "admin": false }, { "user_id": bea.id, "admin": true },
    ]);
    let made = ann.post("/v1/rooms", room(json!({ "members": members }))).await.expect(201);
    let listed = json!([{ "user_id": bea.uuid(), "admin": true, "name": "bea" }]);
    assert_eq!(made["room"]["members"], listed);
}

#[tokio::test]
async fn devices_have_tokens_that_can_be_taken_back() {
    let server = Server::start().await;
    let ann = server.account("ann").await;
    let id = ann.conference(json!({})).await;
    let device = json!({ "device": "ann's phone" });
    let first = ann.post("/v1/devices", device.clone()).await.expect(201);
    let second = ann.post("/v1/devices", device).await.expect(201);
    let rings = async |token: &Value| {
        let mut call = server.aura("a call").await;
        let with = json!({ "display_name": "Ann", "device": "ann's phone", "device_token": token });
        call.ring_with(&id, None, with).await
    };
    let cannot = Err((401, "Can't authenticate".to_owned()));
    assert_eq!(rings(&first["device_token"]).await, cannot);
    assert_eq!(rings(&second["device_token"]).await, Ok(()));
    ann.delete("/v1/devices/ann's%20phone").await.expect(204);
    ann.delete("/v1/devices/ann's%20phone").await.expect(404);
    assert_eq!(rings(&second["device_token"]).await, cannot);
    for bad in [json!({}), json!({ "device": "" }), json!({ "device": "x".repeat(129) })] {
        ann.post("/v1/devices", bad).await.expect(400);
    }
    server.nobody().post("/v1/devices", json!({ "device": "phone" })).await.expect(401);
}
