//! Rooms for one call: made with whom one wants in them, and gone when everyone has left.

use serde_json::{Value, json};

use crate::aura_invite::{Two, joins, not_coming, rings, says, shows};
use crate::harness::{PASSWORD, assert_like, offer, uuid};

#[tokio::test]
async fn a_room_for_one_call_goes_as_the_seed_has_it() {
    let two = Two::new().await;
    let mut phone = two.server.aura("no call").await;
    let who = json!({ "username": "bea", "password": PASSWORD });
    let user = json!({ "user": two.bea.uuid() });
    let answer = json!({ "jsonrpc": "2.0", "id": "request_id", "result": user });
    assert_eq!(says(&mut phone, "register_room_api", who).await, answer);

    let mut call = two.server.aura("call uuid").await;
    let wanted = json!({ "call_id": "call uuid", "username": "ann", "password": PASSWORD,
        "sdp": offer(), "invited": ["bea", "1002", "07555666888"],
        "audio_muted": false, "video_muted": false });
    let made = says(&mut call, "create_temp_room", wanted).await;
    let invited = |destination: &str| json!({ "bridge_id": "<uuid>", "destination": destination });
    let result = json!({ "room_id": "<uuid>", "sdp": "<text>",
        "invited": [invited("bea"), invited("1002"), invited("07555666888")] });
    assert_like(&made, &json!({ "jsonrpc": "2.0", "id": "request_id", "result": result }));
    let made = &made["result"];

    let invite = phone.frame().await;
    let params = json!({ "room": made["room_id"], "call_id": made["invited"][0]["bridge_id"],
        "from_user": two.ann.uuid(), "auth_token": "<token>" });
    assert_like(&invite, &json!({ "jsonrpc": "2.0", "method": "room_invite", "params": params }));
    // Whom nothing can reach is told of after the reply.
    for which in [1, 2] {
        let params = not_coming(made, which);
        let reject = json!({ "jsonrpc": "2.0", "method": "room_invite_reject", "params": params });
        assert_eq!(call.frame().await, reject);
    }
    let token = invite["params"]["auth_token"].as_str().unwrap();
    let joined = says(&mut phone, "join_room", joins(token)).await;
    assert_eq!(joined["result"]["call_id"], made["invited"][0]["bridge_id"]);
    assert_eq!(joined["result"]["is_admin"], false);
    assert_eq!(joined["result"]["members"][0]["id"], "call uuid");
    assert_eq!(joined["result"]["members"][0]["is_admin"], true);
    let came = call.told("member_join_room").await;
    let bridge = &made["invited"][0]["bridge_id"];
    assert_eq!((&came["id"], &came["name"]), (bridge, &json!("bea")));
    assert_eq!(came["user"], two.bea.uuid());
}

#[tokio::test]
async fn of_what_is_refused_nothing_stays() {
    let two = Two::new().await;
    let mut phone = two.registered(&two.bea).await;
    let mut call = two.server.aura("ann's").await;
    let with = |keys: Value| {
        let mut wanted = json!({ "call_id": "ann's", "sdp": offer(), "invited": ["bea"] });
        wanted.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
        wanted
    };
    let cannot = (401, "Can't authenticate".to_owned());
    for wrong in [
        json!({}),
        json!({ "username": "ann" }),
        json!({ "username": "ann", "password": "wrong" }),
        json!({ "device": "phone", "device_token": "wrong" }),
        json!({ "token": "wrong" }),
    ] {
        let refused = call.ask("create_temp_room", with(wrong.clone())).await;
        assert_eq!(refused, Err(cannot.clone()), "{wrong}");
    }
    let token = two.ann.token.clone();
    let many: Vec<String> = (0..65).map(|number| number.to_string()).collect();
    for bad in [
        json!({ "sdp": "nonsense" }),
        json!({ "sdp": null }),
        // Known for bad only once its maker is in.
        json!({ "sources": [{ "mid": "none", "source": "camera" }] }),
        json!({ "call_id": "x".repeat(129) }),
        json!({ "invited": "bea" }),
        json!({ "invited": [""] }),
        json!({ "invited": ["x".repeat(129)] }),
        json!({ "invited": many }),
    ] {
        let mut wanted = with(bad.clone());
        wanted["token"] = json!(token);
        let refused = call.ask_anything("create_temp_room", wanted).await;
        assert_eq!(refused.map_err(|(code, _)| code), Err(400), "{bad}");
    }
    assert_eq!(two.rooms().await, [] as [Value; 0]);
    assert_eq!(phone.knows_all().await, [] as [Value; 0]);
    // One socket holds one call.
    call.does("create_temp_room", with(json!({ "token": token }))).await;
    let refused = call.refused("create_temp_room", with(json!({ "token": token }))).await;
    assert_eq!(refused, 409);
    assert_eq!(two.rooms().await.len(), 1);
}

#[tokio::test]
async fn a_room_for_one_call_is_gone_when_everyone_has_left() {
    let two = Two::new().await;
    let mut phone = two.registered(&two.bea).await;
    let carl = two.server.account("carl").await;
    let (mut ann, _peer, made) = two.begins(json!(["bea", "carl"])).await;
    let room = made["room_id"].as_str().unwrap();
    let listed = json!({ "id": room, "name": "ann's call", "open": false, "force_password": false,
        "force_waiting_room": false, "has_password": false, "members": [], "created_at": "<time>" });
    assert_like(&json!(two.rooms().await), &json!([listed]));
    // Who was not called waits.
    let mut other = two.server.aura("a guest's").await;
    assert_eq!(other.ring(room, None).await.unwrap_err().0, 403);
    ann.told("member_waiting").await;
    rings(&mut phone).await;
    let _peer = phone.join().await;
    ann.told("member_join_room").await;
    drop(ann);
    phone.told("member_leave_room").await;
    assert_eq!(two.rooms().await.len(), 1, "somebody is there");
    let mut carls = two.registered(&carl).await;
    rings(&mut carls).await;
    phone.note("leave_room", json!({})).await;
    // Nobody is there any more to come to, or to let anybody in.
    assert_eq!(carls.told("room_invite_completed_elsewhere").await, json!({ "room": room }));
    assert_eq!(other.told("member_rejected").await, json!({}));
    assert_eq!(two.rooms().await, [] as [Value; 0]);
    let token = carls.token.clone();
    assert_eq!(carls.refused("join_room", joins(&token)).await, 401);
    assert_eq!(carls.refused("reject_invite", shows(&token)).await, 401);
    assert_eq!(other.ring(room, None).await.unwrap_err().0, 404);
}

#[tokio::test]
async fn what_a_stop_leaves_is_gone_at_the_next_start() {
    let two = Two::new().await;
    let (ann, _peer, _) = two.begins(json!([])).await;
    let kept = two.ann.conference(json!({})).await;
    assert_eq!(two.rooms().await.len(), 2);
    let Two { server, ann: person, bea: _ } = two;
    drop(ann);
    let token = person.token.clone();
    drop(person);
    let server = server.restart().await;
    let listed = server.bearer(&token).get("/v1/rooms").await.expect(200);
    let rooms = listed["rooms"].as_array().unwrap();
    assert_eq!(rooms.iter().map(|room| &room["id"]).collect::<Vec<_>>(), [&json!(kept)]);
}

#[tokio::test]
async fn those_outside_are_told_of_it_once_and_that_it_is_gone_once() {
    let two = Two::new().await;
    let mut outside = two.bea.gateway().await;
    let (ann, _peer, made) = two.begins(json!([])).await;
    drop(ann);
    let mut told = outside.until("room_delete").await;
    let gone = told.pop().unwrap().data["room_id"].as_str().unwrap().to_owned();
    assert_eq!(json!(uuid(&gone)), made["room_id"]);
    assert_eq!(told.iter().filter(|told| told.kind == "room_create").count(), 1);
    outside.told_nothing_until(&two.ann.room("den").await).await;
}
