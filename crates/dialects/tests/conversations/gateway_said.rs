//! What clients ask for over the gateway, and what they are refused.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Envelope, Gateway, Person, Room, Server};

/// Two people in a room of this type, with a gateway each.
async fn two_in(server: &Server, kind: &str) -> (Room, [Person; 2], [Gateway; 2]) {
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room_with("lounge", json!({ "type": kind })).await;
    let mut gateways = [maya.gateway_in(Envelope::Evented, "").await, tom.gateway().await];
    for who in [&maya, &tom] {
        who.connect(&room).await;
        for gateway in &mut gateways {
            gateway.expect("voice_state_update").await;
        }
    }
    (room, [maya, tom], gateways)
}

/// What members are told of somebody: self mute and deafen, camera and screen.
async fn flags(gateway: &mut Gateway, who: &Person) -> [bool; 4] {
    let told = gateway.expect("voice_state_update").await;
    let members = told["members"].as_array().unwrap();
    let member = members.iter().find(|member| member["user_id"] == who.id).unwrap();
    let flag = |key: &str| member[key].as_bool().unwrap();
    assert_eq!(flag("mute"), flag("self_mute"));
    assert_eq!(flag("deaf"), flag("self_deaf"));
    [flag("self_mute"), flag("self_deaf"), flag("video"), flag("streaming")]
}

#[tokio::test]
async fn what_a_client_says_of_itself_is_told_to_everyone() {
    let server = Server::start().await;
    let (_, [_, tom], [mut hers, mut his]) = two_in(&server, "voice").await;
    for (said, expect) in [
        (json!({ "self_mute": true }), [true, false, false, false]),
        (json!({ "self_deaf": true, "self_mute": null }), [true, true, false, false]),
        (json!({ "video": true, "more": [] }), [true, true, true, false]),
        (json!({ "streaming": true, "self_deaf": false }), [true, false, true, true]),
        (json!({ "self_mute": false, "video": false, "streaming": false }), [false; 4]),
    ] {
        his.say("voice_state_update", said).await;
        assert_eq!(flags(&mut hers, &tom).await, expect);
        assert_eq!(flags(&mut his, &tom).await, expect);
    }
    // What is so already is no news.
    his.say("voice_state_update", json!({ "self_mute": false })).await;
    his.say("voice_state_update", json!({})).await;
    his.say("voice_state_update", Value::Null).await;
    his.heartbeat().await;
    hers.heartbeat().await;
    his.say("voice_state_update", json!({ "self_deaf": true })).await;
    assert_eq!(flags(&mut hers, &tom).await, [false, true, false, false]);
}

#[tokio::test]
async fn who_is_in_no_room_by_vox_has_nothing_to_say_of_themselves() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let mut gateway = maya.gateway().await;
    gateway.say("voice_state_update", json!({ "self_mute": true })).await;
    assert_eq!(gateway.refused().await, "NOT_IN_VOICE");
    // A session of another door is its own client's.
    let session = maya.join(&room).await;
    gateway.expect("voice_state_update").await;
    gateway.say("voice_state_update", json!({ "self_mute": true })).await;
    assert_eq!(gateway.refused().await, "NOT_IN_VOICE");
    assert_eq!(session.follow_state().await["participants"][0]["mute"], false);
}

#[tokio::test]
async fn what_is_not_as_it_must_be_is_said_and_costs_nothing() {
    let server = Server::start().await;
    let (room, _, [mut hers, _]) = two_in(&server, "stage").await;
    let codec = |more: Value| {
        let mut data = json!({ "room_id": room.id, "media_type": "audio", "codec": "opus" });
        data.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        data
    };
    let respond = |id: Value, accepted: Value| json!({ "room_id": id, "accepted": accepted });
    let foreign = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
    for (kind, data, code) in [
        ("voice_state_update", json!({ "self_mute": "yes" }), "VALIDATION_ERROR"),
        ("voice_state_update", json!({ "video": 1 }), "VALIDATION_ERROR"),
        ("voice_state_update", json!([true]), "VALIDATION_ERROR"),
        ("voice_codec_neg", Value::Null, "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "room_id": null })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "room_id": "lounge" })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "room_id": -1 })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "room_id": u64::MAX })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "codec": 7 })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "media_type": null })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "more": "x".repeat(4096) })), "VALIDATION_ERROR"),
        ("voice_codec_neg", codec(json!({ "room_id": 5 })), "NOT_FOUND"),
        ("voice_codec_neg", codec(json!({ "room_id": foreign })), "NOT_FOUND"),
        ("stage_response", Value::Null, "VALIDATION_ERROR"),
        ("stage_response", json!({ "accepted": true }), "VALIDATION_ERROR"),
        ("stage_response", json!({ "room_id": room.id }), "VALIDATION_ERROR"),
        ("stage_response", respond(json!(room.id), json!("true")), "VALIDATION_ERROR"),
        ("stage_response", respond(json!([]), json!(true)), "VALIDATION_ERROR"),
        ("stage_response", respond(json!(room.id), json!(true)), "NO_PENDING_INVITE"),
        ("stage_response", respond(json!("5"), json!(true)), "NOT_FOUND"),
        ("stage_response", respond(json!(foreign), json!(true)), "NOT_FOUND"),
    ] {
        hers.say(kind, data.clone()).await;
        let error = hers.expect("error").await;
        assert_eq!(error["code"], code, "{kind} {data:.60}: {error}");
        assert!(!error["message"].as_str().unwrap().is_empty());
    }
    hers.heartbeat().await;
}

#[tokio::test]
async fn codecs_are_passed_on_to_the_others_in_the_room() {
    let server = Server::start().await;
    let (room, [maya, tom], [mut hers, mut his]) = two_in(&server, "voice").await;
    let lena = server.account("lena").await;
    let mut lenas = lena.gateway().await;
    let mut on_his_phone = tom.gateway().await;
    let number: u64 = room.id.parse().unwrap();
    for id in [json!(room.id), json!(number), json!(room.uuid)] {
        // The layers are between the clients; who it is from is not theirs to say.
        let layers = json!({ "spatial_layers": 3, "target_bitrates": [150_000, 500_000], "nested": { "a": [null] } });
        let mut said =
            json!({ "room_id": id, "media_type": "video", "codec": "av1", "user_id": tom.id });
        said.as_object_mut().unwrap().extend(layers.as_object().unwrap().clone());
        hers.say("voice_codec_neg", said.clone()).await;
        let mut expect = said;
        expect["room_id"] = json!(room.id);
        expect["user_id"] = json!(maya.id);
        assert_eq!(his.expect("voice_codec_neg").await, expect);
        assert_eq!(on_his_phone.expect("voice_codec_neg").await, expect);
    }
    // Who is not in says nothing to those who are.
    let said = json!({ "room_id": room.id, "media_type": "audio", "codec": "opus" });
    lenas.say("voice_codec_neg", said.clone()).await;
    assert_eq!(lenas.refused().await, "NOT_IN_VOICE");
    let den = maya.talk("den", Some("sesame")).await;
    lenas.expect("room_create").await;
    lenas
        .say(
            "voice_codec_neg",
            json!({ "room_id": den.room.id, "media_type": "audio", "codec": "opus" }),
        )
        .await;
    assert_eq!(lenas.refused().await, "NOT_IN_VOICE");
    // It is an event like others, and missed like others.
    let (session, seq) = on_his_phone.leave().await;
    hers.expect("room_create").await;
    hers.say("voice_codec_neg", said).await;
    hers.heartbeat().await;
    his.expect("room_create").await;
    his.expect("voice_codec_neg").await;
    let mut back = Gateway::back(&tom, Envelope::Evented, &session, seq).await;
    back.until("voice_codec_neg").await;
    back.expect("resumed").await;
}

#[tokio::test]
async fn an_invite_is_answered_over_the_gateway() {
    let server = Server::start().await;
    let (room, [maya, tom], [mut hers, mut his]) = two_in(&server, "stage").await;
    let number: u64 = room.id.parse().unwrap();
    let invite = async |his: &mut Gateway| {
        maya.act_on(&room, "stage/invite", &tom).await.expect(204);
        his.expect("stage_invite").await;
    };
    invite(&mut his).await;
    his.say(
        "stage_response",
        json!({ "room_id": number, "response_type": "invite_ack", "accepted": false }),
    )
    .await;
    let declined = json!({ "room_id": room.id, "user_id": tom.id });
    assert_eq!(hers.expect("stage_invite_decline").await, declined);
    invite(&mut his).await;
    // A moderator's answer to a raised hand is no answer to an invite.
    his.say(
        "stage_response",
        json!({ "room_id": room.id, "response_type": "request_ack", "accepted": true }),
    )
    .await;
    assert_eq!(his.refused().await, "VALIDATION_ERROR");
    his.say("stage_response", json!({ "room_id": room.uuid, "accepted": true })).await;
    for gateway in [&mut hers, &mut his] {
        let told = gateway.expect("voice_state_update").await;
        assert_eq!(told["members"][1]["stage_role"], "speaker");
    }
    his.say("stage_response", json!({ "room_id": room.id, "accepted": true })).await;
    assert_eq!(his.refused().await, "NO_PENDING_INVITE");
}

#[tokio::test]
async fn where_there_is_no_stage_nothing_is_answered() {
    let server = Server::start().await;
    let (room, _, [mut hers, _]) = two_in(&server, "voice").await;
    hers.say("stage_response", json!({ "room_id": room.id, "accepted": true })).await;
    assert_eq!(hers.refused().await, "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_client_asks_with_the_permissions_that_its_owner_has_now() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let maya = server.account("maya").await;
    let tom = server.account("tom").await;
    let role = json!({ "name": "staff", "permissions": "0" });
    let role = operator.post("/api/v1/roles", role).await.expect(201)["role_id"].clone();
    let overrides = json!([
        { "target_type": "everyone", "deny": "1" },
        { "target_type": "role", "target_id": role, "allow": "1" },
    ]);
    let more = json!({ "type": "stage", "permission_overrides": overrides });
    let room = maya.room_with("staff", more).await;
    let mut his = tom.gateway().await;
    let answer = json!({ "room_id": room.id, "accepted": true });
    his.say("stage_response", answer.clone()).await;
    assert_eq!(his.refused().await, "NOT_FOUND");
    let path = format!("/api/v1/users/{}/roles/{}", tom.id, role.as_str().unwrap());
    operator.send(Method::PUT, &path, None).await.expect(204);
    his.expect("room_create").await;
    his.say("stage_response", answer).await;
    assert_eq!(his.refused().await, "NOT_IN_VOICE");
}
