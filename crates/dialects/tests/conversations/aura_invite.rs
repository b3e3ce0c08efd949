//! Inviting: registered clients that ring, who answers, and what becomes of invitations.

use std::time::Duration;

use room::Timing;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{AuraCall, Peer, Person, Server, Setup, assert_like, offer};

/// Ann, who invites, and Bea.
pub struct Two {
    pub server: Server,
    pub ann: Person,
    pub bea: Person,
}

impl Two {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    async fn with(setup: Setup) -> Self {
        let server = Server::with(setup).await;
        let (ann, bea) = (server.account("ann").await, server.account("bea").await);
        Self { server, ann, bea }
    }

    /// A socket that is registered for somebody.
    pub async fn registered(&self, who: &Person) -> AuraCall {
        let mut socket = self.server.aura("no call").await;
        let by_token = json!({ "token": who.token });
        let user = json!({ "user": who.uuid() });
        assert_eq!(socket.does("register_room_api", by_token).await, user);
        socket
    }

    /// Ann makes a room for one call; what she is told.
    pub async fn begins(&self, invited: Value) -> (AuraCall, Peer, Value) {
        let mut call = self.server.aura("ann's").await;
        let (mut peer, sdp) = Peer::new();
        let wanted =
            json!({ "call_id": "ann's", "token": self.ann.token, "sdp": sdp, "invited": invited });
        let made = call.does("create_temp_room", wanted).await;
        peer.connect(made["sdp"].as_str().unwrap()).await;
        (call, peer, made)
    }

    /// The rooms that Ann finds.
    pub async fn rooms(&self) -> Vec<Value> {
        let listed = self.ann.get("/v1/rooms").await.expect(200);
        listed["rooms"].as_array().unwrap().clone()
    }
}

pub fn joins(token: &str) -> Value {
    json!({ "sdp": offer(), "auth_token": token })
}

pub fn shows(token: &str) -> Value {
    json!({ "auth_token": token })
}

/// Is told of an invitation, and keeps its token.
pub async fn rings(socket: &mut AuraCall) -> Value {
    let invite = socket.told("room_invite").await;
    socket.token = invite["auth_token"].as_str().unwrap().to_owned();
    invite
}

pub fn not_coming(made: &Value, which: usize) -> Value {
    json!({ "room": made["room_id"], "call_id": made["invited"][which]["bridge_id"] })
}

/// Sends the seed's frame as it stands there, and gives the answer: no `jsonrpc`, an `id` of text.
pub async fn says(call: &mut AuraCall, method: &str, params: Value) -> Value {
    let frame = json!({ "id": "request_id", "method": method, "params": params });
    call.wire().send(Message::text(frame.to_string())).await;
    call.frame().await
}

#[tokio::test]
async fn one_of_an_accounts_clients_answers_and_the_others_stop_ringing() {
    let two = Two::new().await;
    let mut phone = two.registered(&two.bea).await;
    let mut laptop = two.registered(&two.bea).await;
    let (mut ann, _peer, made) = two.begins(json!(["bea"])).await;
    for socket in [&mut phone, &mut laptop] {
        assert_eq!(rings(socket).await["room"], made["room_id"]);
    }
    let token = laptop.token.clone();
    // What is no offer answers nothing.
    let bad = json!({ "sdp": "nonsense", "auth_token": token });
    assert_eq!(laptop.refused("join_room", bad).await, 400);
    let (peer, joined) = laptop.join().await;
    assert_eq!(joined["members"].as_array().unwrap().len(), 1);
    assert_eq!(ann.told("member_join_room").await["name"], "bea");
    let room = json!({ "room": made["room_id"] });
    assert_eq!(phone.told("room_invite_completed_elsewhere").await, room);
    // It is one client's, whoever else has it, while that is in and after.
    let own = phone.token.clone();
    let mut stranger = two.server.aura("a stranger's").await;
    for shown in [&own, &token] {
        assert_eq!(phone.refused("join_room", joins(shown)).await, 401);
        assert_eq!(stranger.refused("join_room", joins(shown)).await, 401);
        assert_eq!(stranger.refused("reject_invite", shows(shown)).await, 401);
    }
    assert_eq!(phone.knows_all().await, [] as [Value; 0]);
    // They are in, and heard.
    peer.talk(true);
    while ann.frame().await["method"] != "member_audio_level" {}
    laptop.note("leave_room", json!({})).await;
    assert_eq!(ann.told("member_leave_room").await["by_admin"], false);
    for socket in [&mut laptop, &mut phone] {
        assert_eq!(socket.refused("join_room", joins(&token)).await, 401);
    }
    assert_eq!(laptop.knows_all().await, [] as [Value; 0]);
}

#[tokio::test]
async fn who_declines_is_declined_for_on_all_clients() {
    let two = Two::new().await;
    let mut phone = two.registered(&two.bea).await;
    let mut laptop = two.registered(&two.bea).await;
    let (mut ann, _peer, made) = two.begins(json!(["bea"])).await;
    rings(&mut laptop).await;
    rings(&mut phone).await;
    assert_eq!(phone.refused("reject_invite", shows("wrong")).await, 401);
    let token = phone.token.clone();
    assert_eq!(phone.does("reject_invite", shows(&token)).await, json!({}));
    assert_eq!(ann.told("room_invite_reject").await, not_coming(&made, 0));
    let room = json!({ "room": made["room_id"] });
    assert_eq!(laptop.told("room_invite_completed_elsewhere").await, room);
    assert_eq!(laptop.refused("reject_invite", shows(&token)).await, 401);
    let own = laptop.token.clone();
    assert_eq!(laptop.refused("join_room", joins(&own)).await, 401);
    // Who declined knows it.
    assert_eq!(phone.knows_all().await, [] as [Value; 0]);
    // And may be asked again.
    let again = ann.does("invite_exten", json!({ "extens": ["bea"] })).await;
    assert_ne!(again["invited"][0]["bridge_id"], made["invited"][0]["bridge_id"]);
    assert_eq!(rings(&mut phone).await["call_id"], again["invited"][0]["bridge_id"]);
}

#[tokio::test]
async fn who_registers_while_it_rings_is_told_at_once() {
    let two = Two::new().await;
    let (mut ann, _peer, made) = two.begins(json!([two.bea.id])).await;
    let mut phone = two.registered(&two.bea).await;
    assert_eq!(rings(&mut phone).await["call_id"], made["invited"][0]["bridge_id"]);
    // To register again is to go on, on another socket a client more.
    phone.does("register_room_api", json!({ "token": two.bea.token })).await;
    let mut laptop = two.registered(&two.bea).await;
    rings(&mut laptop).await;
    assert_eq!(phone.knows_all().await, [] as [Value; 0]);
    // A socket that is gone is not rung, and a socket of another account was not.
    phone.does("register_room_api", json!({ "token": two.ann.token })).await;
    drop(laptop);
    let (_joined, _) = phone.join().await;
    assert_eq!(ann.told("member_join_room").await["name"], "bea");
    assert_eq!(phone.knows_all().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_registration_ends_by_itself() {
    let two = Two::new().await;
    let mut phone = two.registered(&two.bea).await;
    let room = two.bea.conference(json!({ "open": true })).await;
    let mut call = two.server.aura("bea's").await;
    let _peer = call.enters(&room, Some(&two.bea)).await;
    let nobody = json!({ "extens": [] });
    phone.does("invite_exten", nobody.clone()).await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(91)).await;
    tokio::time::resume();
    assert_eq!(phone.refused("invite_exten", nobody).await, 401);
}

#[tokio::test]
async fn what_nobody_answers_is_over() {
    let timing = Timing { ring: Duration::from_millis(300), ..Timing::default() };
    let two = Two::with(Setup { timing, ..Setup::default() }).await;
    let mut phone = two.registered(&two.bea).await;
    let (mut ann, _peer, made) = two.begins(json!(["bea"])).await;
    rings(&mut phone).await;
    assert_eq!(ann.told("room_invite_reject").await, not_coming(&made, 0));
    let room = json!({ "room": made["room_id"] });
    assert_eq!(phone.told("room_invite_completed_elsewhere").await, room);
    let token = phone.token.clone();
    assert_eq!(phone.refused("join_room", joins(&token)).await, 401);
    let mut late = two.registered(&two.bea).await;
    assert_eq!(late.knows_all().await, [] as [Value; 0]);
}

#[tokio::test]
async fn everyone_is_called_once() {
    let two = Two::new().await;
    let mut phone = two.registered(&two.bea).await;
    let foreign = "02ba016d-b3c2-47d2-a0e2-e814f9daa822";
    let (mut ann, _peer, made) = two
        .begins(json!(["BEA", "bea", two.bea.id, two.bea.uuid(), "ann", foreign, foreign]))
        .await;
    let invited = made["invited"].as_array().unwrap();
    let destinations: Vec<_> = invited.iter().map(|one| one["destination"].clone()).collect();
    assert_eq!(destinations, ["BEA", foreign]);
    assert_eq!(ann.told("room_invite_reject").await, not_coming(&made, 1));
    rings(&mut phone).await;
    // Who rings goes on ringing under the same name.
    let again = ann.does("invite_exten", json!({ "extens": [two.bea.uuid()] })).await;
    let bridge = &made["invited"][0]["bridge_id"];
    let same = json!([{ "bridge_id": bridge, "destination": two.bea.uuid() }]);
    assert_eq!(again, json!({ "invited": same }));
    let _peer = phone.join().await;
    ann.told("member_join_room").await;
    // Who is in needs not be called.
    let none = ann.does("invite_exten", json!({ "extens": ["bea", "ann"] })).await;
    assert_eq!(none, json!({ "invited": [] }));
    assert_eq!(phone.knows_all().await, [] as [Value; 0]);
}

#[tokio::test]
async fn admins_invite_to_the_room_they_are_in() {
    let two = Two::new().await;
    let room = two.ann.conference(json!({ "open": true })).await;
    let extens = || json!({ "extens": ["bea"] });
    let mut stranger = two.server.aura("a stranger's").await;
    assert_eq!(stranger.refused("invite_exten", extens()).await, 401);
    let mut guest = two.server.aura("a guest's").await;
    let _guest_peer = guest.enters(&room, None).await;
    let only = (403, "only admin can invite".to_owned());
    assert_eq!(guest.ask("invite_exten", extens()).await, Err(only.clone()));
    let carl = two.server.account("carl").await;
    let mut member = two.server.aura("carl's").await;
    let _member_peer = member.enters(&room, Some(&carl)).await;
    assert_eq!(member.ask("invite_exten", extens()).await, Err(only));

    // A socket with a registration alone: the room that its account is in, and it is told how it went.
    let mut phone = two.registered(&two.bea).await;
    let mut desk = two.registered(&two.ann).await;
    assert_eq!(desk.refused("invite_exten", extens()).await, 403);
    let mut call = two.server.aura("ann's").await;
    let _peer = call.enters(&room, Some(&two.ann)).await;
    let invited = desk.does("invite_exten", extens()).await;
    let answer = json!({ "invited": [{ "bridge_id": "<uuid>", "destination": "bea" }] });
    assert_like(&invited, &answer);
    assert_eq!(rings(&mut phone).await["from_user"], two.ann.uuid());
    let token = phone.token.clone();
    phone.does("reject_invite", shows(&token)).await;
    let reject = json!({ "room": room, "call_id": invited["invited"][0]["bridge_id"] });
    assert_eq!(desk.told("room_invite_reject").await, reject);

    // By the call's own socket: that is told.
    let invited = call.does("invite_exten", extens()).await;
    rings(&mut phone).await;
    let token = phone.token.clone();
    phone.does("reject_invite", shows(&token)).await;
    let reject = json!({ "room": room, "call_id": invited["invited"][0]["bridge_id"] });
    assert_eq!(call.told("room_invite_reject").await, reject);
    assert_eq!(desk.knows_all().await, [] as [Value; 0]);
    for socket in [&mut guest, &mut member] {
        let told = socket.knows_all().await;
        assert!(told.iter().all(|told| told["method"] == "member_join_room"), "{told:?}");
    }
}

#[tokio::test]
async fn a_telephone_call_cannot_be_found() {
    let two = Two::new().await;
    let convert = json!({ "call_id": "call id", "invited": ["1001", "1002", "07555666888"] });
    let mut socket = two.server.aura("a socket").await;
    assert_eq!(socket.refused("convert_to_room", convert.clone()).await, 401);
    let mut desk = two.registered(&two.ann).await;
    let answer = says(&mut desk, "convert_to_room", convert).await;
    let error = json!({ "code": 404, "message": "no such call" });
    assert_eq!(answer, json!({ "jsonrpc": "2.0", "id": "request_id", "error": error }));
    for bad in [json!({}), json!({ "call_id": "", "invited": [] }), json!({ "call_id": "x" })] {
        assert_eq!(desk.ask_anything("convert_to_room", bad).await.unwrap_err().0, 400);
    }
}

#[tokio::test]
async fn so_many_are_invited_at_once() {
    let two = Two::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let numbers: Vec<String> = (0..64).map(|number| format!("0{number}x")).collect();
    let (mut ann, _peer, made) = two.begins(json!(numbers)).await;
    assert_eq!(made["invited"].as_array().unwrap().len(), 64);
    for which in 0..64 {
        assert_eq!(ann.told("room_invite_reject").await, not_coming(&made, which));
    }
    let more = json!({ "extens": numbers });
    assert_eq!(ann.refused("invite_exten", more).await, 429);
}

#[tokio::test]
async fn a_watch_ends_with_its_call_though_that_never_came_in() {
    let two = Two::new().await;
    let room = two.ann.conference(json!({ "open": true })).await;
    let mut ann = two.server.aura("ann's").await;
    let _peer = ann.enters(&room, Some(&two.ann)).await;
    let mut bea = two.server.aura("bea's").await;
    bea.ring(&room, Some(&two.bea)).await.unwrap();
    let mut beside = two.server.aura("beside").await;
    beside.does("watch_room", shows(&bea.token)).await;
    ann.note("raise_hand", json!({})).await;
    beside.told("member_raise_hand").await;
    bea.note("leave_room", json!({})).await;
    bea.knows_all().await;
    ann.note("unraise_hand", json!({})).await;
    ann.knows_all().await;
    assert_eq!(beside.knows_all().await, [] as [Value; 0]);
}
