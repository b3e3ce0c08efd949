//! What the gateway tells, and whom: those who may know of a room, and nobody else.

use std::time::Duration;

use app::MediaTokenTimes;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Gateway, Person, Room, Server, Setup, assert_like};

const VIEW_SPACE: u64 = 1;

/// A member who has just come in.
fn member(who: &Person, more: Value) -> Value {
    let mut member = json!({
        "user_id": who.id, "username": who.name, "self_mute": false, "self_deaf": false,
        "server_mute": false, "server_deaf": false, "mute": false, "deaf": false,
        "video": false, "streaming": false, "joined_at": "<seconds>",
    });
    member.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    member
}

fn listener(who: &Person) -> Value {
    member(who, json!({ "stage_role": "listener" }))
}

fn speaker(who: &Person) -> Value {
    member(who, json!({ "stage_role": "speaker" }))
}

/// The next event is this room with these members.
#[track_caller]
fn state<'g>(
    gateway: &'g mut Gateway,
    room: &Room,
    members: Value,
) -> impl Future<Output = ()> + 'g {
    let told = gateway.expect("voice_state_update");
    let expect = json!({ "room_id": room.id, "members": members });
    async move { assert_like(&told.await, &expect) }
}

/// The next event is of this kind, about somebody in this room.
#[track_caller]
fn about<'g>(
    gateway: &'g mut Gateway,
    kind: &'static str,
    room: &Room,
    who: &Person,
) -> impl Future<Output = ()> + 'g {
    let told = gateway.expect(kind);
    let expect = json!({ "room_id": room.id, "user_id": who.id });
    async move { assert_eq!(told.await, expect) }
}

/// Three people with a gateway each, and one of them with two.
struct House {
    server: Server,
    maya: Person,
    tom: Person,
    lena: Person,
    hers: Gateway,
    his: Gateway,
    lenas: Gateway,
}

impl House {
    async fn open() -> Self {
        Self::with(Setup::default()).await
    }

    async fn with(setup: Setup) -> Self {
        let server = Server::with(setup).await;
        let maya = server.account("maya").await;
        let (tom, lena) = (server.account("tom").await, server.account("lena").await);
        let (hers, his) = (maya.gateway().await, tom.gateway().await);
        let lenas = lena.gateway().await;
        Self { server, maya, tom, lena, hers, his, lenas }
    }

    fn all(&mut self) -> [&mut Gateway; 3] {
        [&mut self.hers, &mut self.his, &mut self.lenas]
    }

    /// Makes a room of this type, of which everyone is told.
    async fn room(&mut self, kind: &str) -> Room {
        let room = self.maya.room_with(kind, json!({ "type": kind })).await;
        for gateway in self.all() {
            gateway.expect("room_create").await;
        }
        room
    }

    /// Everyone has been told everything.
    async fn quiet(&mut self) {
        let marker = self.maya.room("marker").await;
        for gateway in self.all() {
            gateway.told_nothing_until(&marker).await;
        }
    }

    /// A stage with all three in it.
    async fn stage(&mut self) -> Room {
        let room = self.room("stage").await;
        for who in [&self.maya, &self.tom, &self.lena] {
            who.connect(&room).await;
        }
        for gateway in self.all() {
            for _ in 0..3 {
                gateway.expect("voice_state_update").await;
            }
        }
        room
    }
}

#[tokio::test]
async fn who_is_in_a_room_is_told_to_everyone_who_may_know() {
    let mut house = House::open().await;
    let room = house.room("voice").await;
    let (maya, tom) = (house.maya.clone(), house.tom.clone());
    let mut on_his_phone = tom.gateway().await;
    let join = json!({ "self_mute": true, "self_deaf": false });
    tom.post(&room.vox("voice/join"), join).await.expect(200);
    let muted = member(&tom, json!({ "self_mute": true, "mute": true }));
    state(&mut on_his_phone, &room, json!([muted])).await;
    for gateway in house.all() {
        state(gateway, &room, json!([muted])).await;
    }
    // By another door, and moderated.
    maya.join(&room).await;
    let body = json!({ "user_id": tom.id, "muted": true });
    maya.post(&room.vox("voice/mute"), body).await.expect(204);
    let body = json!({ "user_id": maya.id, "deafened": true });
    maya.post(&room.vox("voice/deafen"), body).await.expect(204);
    maya.act_on(&room, "voice/kick", &tom).await.expect(204);
    maya.ask(&room, "voice/leave").await.expect(204);
    let server_muted =
        member(&tom, json!({ "self_mute": true, "mute": true, "server_mute": true }));
    let deafened = member(&maya, json!({ "deaf": true, "server_deaf": true }));
    for gateway in house.all() {
        state(gateway, &room, json!([muted, member(&maya, json!({}))])).await;
        state(gateway, &room, json!([server_muted, member(&maya, json!({}))])).await;
        state(gateway, &room, json!([server_muted, deafened])).await;
        state(gateway, &room, json!([deafened])).await;
        state(gateway, &room, json!([])).await;
    }
    house.quiet().await;
}

fn hidden_from(who: &Person) -> Value {
    json!([{ "target_type": "user", "target_id": who.id, "deny": VIEW_SPACE.to_string() }])
}

#[tokio::test]
async fn who_may_not_know_of_a_room_is_told_nothing_of_it() {
    let mut house = House::open().await;
    let (maya, tom, lena) = (house.maya.clone(), house.tom.clone(), house.lena.clone());
    let more = json!({ "type": "stage", "permission_overrides": hidden_from(&tom) });
    let room = maya.room_with("secret", more).await;
    maya.connect(&room).await;
    lena.connect(&room).await;
    maya.patch(&room.vox("stage/topic"), json!({ "topic": "hush" })).await.expect(200);
    lena.ask(&room, "stage/request").await.expect(204);
    maya.patch(&format!("/api/v1/rooms/{}", room.id), json!({ "name": "whisper" }))
        .await
        .expect(200);
    maya.ask(&room, "voice/leave").await.expect(204);
    maya.delete(&format!("/api/v1/rooms/{}", room.id)).await.expect(204);
    house.hers.until("room_delete").await;
    house.lenas.until("room_delete").await;
    house.quiet().await;
}

#[tokio::test]
async fn behind_a_password_only_members_see_members() {
    let mut house = House::open().await;
    let (maya, tom, lena) = (house.maya.clone(), house.tom.clone(), house.lena.clone());
    let den = maya.talk("den", Some("sesame")).await;
    for gateway in house.all() {
        let created = gateway.expect("room_create").await;
        assert_eq!((&created["type"], &created["has_password"]), (&json!("talk"), &json!(true)));
    }
    den.join_with("sesame").await.expect(200);
    state(&mut house.hers, &den.room, json!([member(&maya, json!({}))])).await;
    let tom_s = tom.sees(&den);
    tom_s.join_with("sesame").await.expect(200);
    let both = json!([member(&maya, json!({})), member(&tom, json!({}))]);
    for gateway in [&mut house.hers, &mut house.his] {
        state(gateway, &den.room, both.clone()).await;
    }
    // Who is just gone is told that, and then no more.
    tom_s.leave().await;
    den.leave().await;
    state(&mut house.hers, &den.room, json!([member(&maya, json!({}))])).await;
    state(&mut house.his, &den.room, json!([member(&maya, json!({}))])).await;
    state(&mut house.hers, &den.room, json!([])).await;
    drop(lena);
    house.quiet().await;
}

#[tokio::test]
async fn a_raised_hand_is_for_those_who_decide() {
    let mut house = House::open().await;
    let room = house.stage().await;
    let (maya, tom, lena) = (house.maya.clone(), house.tom.clone(), house.lena.clone());
    tom.ask(&room, "stage/request").await.expect(204);
    about(&mut house.hers, "stage_request", &room, &tom).await;
    let asks = |who: &Person| {
        member(who, json!({ "stage_role": "listener", "requested_at": "<seconds>" }))
    };
    for gateway in house.all() {
        state(gateway, &room, json!([listener(&maya), asks(&tom), listener(&lena)])).await;
    }
    // Again is no news; taken back it is.
    tom.ask(&room, "stage/request").await.expect(204);
    tom.delete(&room.vox("stage/request")).await.expect(204);
    for gateway in house.all() {
        state(gateway, &room, json!([listener(&maya), listener(&tom), listener(&lena)])).await;
    }
    // Without anybody who decides it is for everyone in the room.
    maya.ask(&room, "voice/leave").await.expect(204);
    tom.ask(&room, "stage/request").await.expect(204);
    state(&mut house.hers, &room, json!([listener(&tom), listener(&lena)])).await;
    for gateway in [&mut house.his, &mut house.lenas] {
        state(gateway, &room, json!([listener(&tom), listener(&lena)])).await;
        about(gateway, "stage_request", &room, &tom).await;
    }
    for gateway in house.all() {
        state(gateway, &room, json!([asks(&tom), listener(&lena)])).await;
    }
    house.quiet().await;
}

#[tokio::test]
async fn an_invite_is_for_the_invited_and_its_answer_for_those_who_decide() {
    let mut house = House::open().await;
    let room = house.stage().await;
    let (maya, tom, lena) = (house.maya.clone(), house.tom.clone(), house.lena.clone());
    let respond = |accepted: bool| json!({ "accepted": accepted });
    maya.act_on(&room, "stage/invite", &tom).await.expect(204);
    about(&mut house.his, "stage_invite", &room, &tom).await;
    tom.post(&room.vox("stage/invite/respond"), respond(false)).await.expect(204);
    about(&mut house.hers, "stage_invite_decline", &room, &tom).await;
    maya.act_on(&room, "stage/invite", &tom).await.expect(204);
    about(&mut house.his, "stage_invite", &room, &tom).await;
    tom.post(&room.vox("stage/invite/respond"), respond(true)).await.expect(204);
    for gateway in house.all() {
        state(gateway, &room, json!([listener(&maya), speaker(&tom), listener(&lena)])).await;
    }
    // An invite that is taken back is told nobody.
    maya.act_on(&room, "stage/invite", &lena).await.expect(204);
    about(&mut house.lenas, "stage_invite", &room, &lena).await;
    maya.act_on(&room, "stage/revoke", &lena).await.expect(204);
    house.quiet().await;
    // Oneself needs no invite.
    maya.act_on(&room, "stage/invite", &maya).await.expect(204);
    for gateway in house.all() {
        state(gateway, &room, json!([speaker(&maya), speaker(&tom), listener(&lena)])).await;
    }
    house.quiet().await;
}

#[tokio::test]
async fn a_speaker_who_is_none_any_more_is_told_to_the_room() {
    let mut house = House::open().await;
    let room = house.stage().await;
    let (maya, tom, lena) = (house.maya.clone(), house.tom.clone(), house.lena.clone());
    lena.ask(&room, "voice/leave").await.expect(204);
    for gateway in house.all() {
        gateway.expect("voice_state_update").await;
    }
    let speaks = async |who: &Person, house: &mut House| {
        maya.act_on(&room, "stage/invite", who).await.expect(204);
        let body = json!({ "accepted": true });
        if who.id != maya.id {
            who.post(&room.vox("stage/invite/respond"), body).await.expect(204);
            house.his.expect("stage_invite").await;
        }
        for gateway in house.all() {
            gateway.expect("voice_state_update").await;
        }
    };
    speaks(&tom, &mut house).await;
    maya.act_on(&room, "stage/revoke", &tom).await.expect(204);
    speaks_no_more(&mut house, &room, &tom).await;
    // They step down themselves.
    speaks(&tom, &mut house).await;
    tom.delete(&room.vox("stage/request")).await.expect(204);
    speaks_no_more(&mut house, &room, &tom).await;
    // Leaving is no revoking.
    speaks(&tom, &mut house).await;
    tom.ask(&room, "voice/leave").await.expect(204);
    for gateway in house.all() {
        state(gateway, &room, json!([listener(&maya)])).await;
    }
    house.quiet().await;
}

/// Members are told first, everyone of how it is after it.
async fn speaks_no_more(house: &mut House, room: &Room, who: &Person) {
    let members = json!([listener(&house.maya), listener(&house.tom)]);
    for gateway in [&mut house.hers, &mut house.his] {
        about(gateway, "stage_revoke", room, who).await;
    }
    for gateway in house.all() {
        state(gateway, room, members.clone()).await;
    }
}

#[tokio::test]
async fn a_topic_is_told_to_everyone() {
    let mut house = House::open().await;
    let room = house.room("stage").await;
    let path = room.vox("stage/topic");
    for topic in ["Q&A with the dev team", ""] {
        house.maya.patch(&path, json!({ "topic": topic })).await.expect(200);
        for gateway in house.all() {
            let told = gateway.expect("stage_topic_update").await;
            assert_eq!(told, json!({ "room_id": room.id, "topic": topic }));
        }
    }
    house.quiet().await;
}

#[tokio::test]
async fn rooms_that_come_change_and_go_are_told_as_replies_show_them() {
    let mut house = House::open().await;
    let (maya, tom, lena) = (house.maya.clone(), house.tom.clone(), house.lena.clone());
    let room = maya.room("lounge").await;
    let path = format!("/api/v1/rooms/{}", room.id);
    let people = [&maya, &tom, &lena];
    for (gateway, who) in house.all().into_iter().zip(people) {
        assert_eq!(gateway.expect("room_create").await, who.get(&path).await.expect(200));
    }
    lena.connect(&room).await;
    for change in [json!({ "name": "parlour", "limit": 7 }), json!({ "captions": true })] {
        maya.patch(&path, change).await.expect(200);
        for (gateway, who) in house.all().into_iter().zip(people) {
            let told = gateway.until("room_update").await.pop().unwrap().data;
            assert_eq!(told, who.get(&path).await.expect(200));
            assert_eq!(told["member_count"], 1);
        }
    }
    let theirs = |who: &Person| {
        let who = who.clone();
        let path = path.clone();
        async move { who.get(&path).await.expect(200)["permissions"].clone() }
    };
    assert_ne!(theirs(&maya).await, theirs(&tom).await);
    maya.delete(&path).await.expect(204);
    for gateway in house.all() {
        state(gateway, &room, json!([])).await;
        assert_eq!(gateway.expect("room_delete").await, json!({ "room_id": room.id }));
    }
    house.quiet().await;
}

#[tokio::test]
async fn a_room_that_is_hidden_goes_for_some_and_comes_again() {
    let mut house = House::open().await;
    let room = house.room("voice").await;
    let (maya, tom) = (house.maya.clone(), house.tom.clone());
    maya.connect(&room).await;
    for gateway in house.all() {
        gateway.expect("voice_state_update").await;
    }
    let path = format!("/api/v1/rooms/{}", room.id);
    let hide = json!({ "permission_overrides": hidden_from(&tom) });
    maya.patch(&path, hide).await.expect(200);
    assert_eq!(house.his.expect("room_delete").await, json!({ "room_id": room.id }));
    for gateway in [&mut house.hers, &mut house.lenas] {
        gateway.expect("room_update").await;
    }
    house.lena.connect(&room).await;
    maya.patch(&path, json!({ "permission_overrides": [] })).await.expect(200);
    assert_eq!(house.his.expect("room_create").await, tom.get(&path).await.expect(200));
    let members = json!([member(&maya, json!({})), member(&house.lena, json!({}))]);
    state(&mut house.his, &room, members).await;
    for gateway in [&mut house.hers, &mut house.lenas] {
        gateway.expect("voice_state_update").await;
        gateway.expect("room_update").await;
    }
    house.quiet().await;
}

#[tokio::test]
async fn roles_decide_what_comes_into_sight() {
    let mut house = House::open().await;
    let (maya, tom) = (house.maya.clone(), house.tom.clone());
    let operator = house.server.operator().await;
    let role = json!({ "name": "staff", "permissions": "0" });
    let role = operator.post("/api/v1/roles", role).await.expect(201)["role_id"].clone();
    let role = role.as_str().unwrap();
    let bit = VIEW_SPACE.to_string();
    let overrides = json!([
        { "target_type": "everyone", "deny": bit },
        { "target_type": "role", "target_id": role, "allow": bit },
    ]);
    let room = maya.room_with("staff", json!({ "permission_overrides": overrides })).await;
    house.hers.expect("room_create").await;
    maya.connect(&room).await;
    house.hers.expect("voice_state_update").await;
    let given = format!("/api/v1/users/{}/roles/{role}", tom.id);
    operator.send(Method::PUT, &given, None).await.expect(204);
    let shown = tom.get(&format!("/api/v1/rooms/{}", room.id)).await.expect(200);
    assert_eq!(house.his.expect("room_create").await, shown);
    state(&mut house.his, &room, json!([member(&maya, json!({}))])).await;
    maya.ask(&room, "voice/leave").await.expect(204);
    for gateway in [&mut house.hers, &mut house.his] {
        state(gateway, &room, json!([])).await;
    }
    operator.delete(&given).await.expect(204);
    assert_eq!(house.his.expect("room_delete").await, json!({ "room_id": room.id }));
    maya.connect(&room).await;
    house.hers.expect("voice_state_update").await;
    house.quiet().await;
}

#[tokio::test]
async fn a_media_token_is_renewed_for_its_owner_alone() {
    let media_tokens = MediaTokenTimes {
        lifetime: Duration::from_secs(120),
        refresh_before: Duration::from_secs(119),
    };
    let mut house = House::with(Setup { media_tokens, ..Setup::default() }).await;
    let room = house.room("voice").await;
    let tom = house.tom.clone();
    let mut on_his_phone = tom.gateway().await;
    let first = tom.connect(&room).await["media_token"].clone();
    house.his.expect("voice_state_update").await;
    on_his_phone.expect("voice_state_update").await;
    let told = house.his.expect("media_token_refresh").await;
    assert_like(&told, &json!({ "room_id": room.id, "media_token": "<token>" }));
    assert_ne!(told["media_token"], first);
    assert_eq!(on_his_phone.expect("media_token_refresh").await, told);
    tom.ask(&room, "voice/leave").await.expect(204);
    let marker = house.maya.room("marker").await;
    for gateway in [&mut house.hers, &mut house.lenas] {
        for _ in 0..2 {
            gateway.expect("voice_state_update").await;
        }
        gateway.told_nothing_until(&marker).await;
    }
}

#[tokio::test]
async fn who_is_moved_is_told_with_a_token_for_the_new_room() {
    let mut house = House::open().await;
    let (first, second) = (house.room("voice").await, house.room("stage").await);
    let tom = house.tom.clone();
    tom.connect(&first).await;
    for gateway in house.all() {
        gateway.expect("voice_state_update").await;
    }
    let body = json!({ "user_id": tom.id, "to_room_id": second.id });
    house.maya.post(&first.vox("voice/move"), body).await.expect(204);
    let (mut left, mut arrived, mut tokens) = (0, 0, 0);
    // Between two rooms there is no order.
    for _ in 0..3 {
        let told = house.his.next().await;
        match told.kind.as_str() {
            "media_token_refresh" => {
                assert_like(&told.data, &json!({ "room_id": second.id, "media_token": "<token>" }));
                tokens += 1;
            }
            "voice_state_update" if told.data["room_id"] == first.id => {
                assert_eq!(told.data["members"], json!([]));
                left += 1;
            }
            _ => {
                assert_like(
                    &told.data,
                    &json!({ "room_id": second.id, "members": [listener(&tom)] }),
                );
                arrived += 1;
            }
        }
    }
    assert_eq!((left, arrived, tokens), (1, 1, 1));
    for gateway in [&mut house.hers, &mut house.lenas] {
        for _ in 0..2 {
            gateway.expect("voice_state_update").await;
        }
    }
    house.quiet().await;
}
