//! Ways around the waiting room, each of them closed.

use serde_json::{Value, json};

use crate::harness::{AuraCall, Peer, Person, Server, offer};

/// A meeting with a waiting room that Ann, who owns it, is in.
struct Meeting {
    server: Server,
    ann: Person,
    room: String,
    admin: AuraCall,
    _peer: Peer,
}

impl Meeting {
    async fn begin() -> Self {
        let server = Server::start().await;
        let ann = server.account("ann").await;
        let room = ann.conference(json!({})).await;
        let mut admin = server.aura("ann's").await;
        let peer = admin.enters(&room, Some(&ann)).await;
        Self { server, ann, room, admin, _peer: peer }
    }

    /// A guest who waits.
    async fn waits(&mut self, call: &str) -> AuraCall {
        let mut guest = self.server.aura(call).await;
        assert_eq!(guest.ring(&self.room, None).await.unwrap_err().0, 403);
        assert_eq!(self.admin.told("member_waiting").await["member"], call);
        guest
    }

    async fn decides(&mut self, method: &'static str, call: &str) {
        let token = self.admin.token.clone();
        let params = json!({ "member": call, "auth_token": token });
        self.admin.does(method, params).await;
        let (told, _) = self.admin.next().await;
        assert!(told.starts_with("member_waiting_"), "{told}");
    }

    /// Nobody but the admin is in, and nobody came.
    async fn nobody_came(&mut self) {
        let members = self.admin.does("get_room_members", json!({})).await;
        assert_eq!(members.as_array().unwrap().len(), 1, "{members}");
        assert_eq!(self.admin.knows_all().await, [] as [Value; 0]);
    }
}

fn joins(token: &str) -> Value {
    json!({ "sdp": offer(), "auth_token": token })
}

#[tokio::test]
async fn anothers_token_opens_nothing() {
    let mut meeting = Meeting::begin().await;
    let mut guest = meeting.waits("a guest's").await;
    let stolen = meeting.admin.token.clone();
    assert_eq!(guest.refused("join_room", joins(&stolen)).await, 401);
    let subscribe = json!({ "sdp": offer(), "members": [], "auth_token": stolen });
    assert_eq!(guest.refused("subscribe_room", subscribe).await, 401);
    for method in ["allow_member", "reject_member"] {
        let params = json!({ "member": "a guest's", "auth_token": stolen });
        assert_eq!(guest.refused(method, params).await, 401);
    }
    assert_eq!(guest.refused("get_ice_servers", json!({ "auth_token": stolen })).await, 401);
    // Nor does it to somebody without any call, or to a call that could come in by its own.
    let mut stranger = meeting.server.aura("nobody's").await;
    assert_eq!(stranger.refused("join_room", joins(&stolen)).await, 401);
    let mut second = meeting.server.aura("ann's other").await;
    second.ring(&meeting.room, Some(&meeting.ann)).await.unwrap();
    assert_eq!(second.refused("join_room", joins(&stolen)).await, 401);
    let allow = json!({ "member": "a guest's", "auth_token": stolen });
    assert_eq!(second.refused("allow_member", allow).await, 401);
    meeting.nobody_came().await;
}

#[tokio::test]
async fn a_token_of_another_room_opens_nothing_here() {
    let mut meeting = Meeting::begin().await;
    let bea = meeting.server.account("bea").await;
    let own = bea.conference(json!({})).await;
    let mut elsewhere = meeting.server.aura("bea's own").await;
    elsewhere.ring(&own, Some(&bea)).await.unwrap();
    let mut here = meeting.server.aura("bea's").await;
    here.ring(&meeting.room, Some(&bea)).await.unwrap_err();
    meeting.admin.told("member_waiting").await;
    assert_eq!(here.refused("join_room", joins(&elsewhere.token)).await, 401);
    // An access token is no token of a call, nor the other way round.
    assert_eq!(here.refused("join_room", joins(&bea.token)).await, 401);
    let with_call = meeting.server.bearer(&elsewhere.token);
    with_call.get("/v1/rooms").await.expect(401);
    meeting.nobody_came().await;
}

#[tokio::test]
async fn who_was_turned_away_does_not_wait_again_at_once() {
    let mut meeting = Meeting::begin().await;
    let mut guest = meeting.waits("a guest's").await;
    meeting.decides("reject_member", "a guest's").await;
    guest.told("member_rejected").await;
    for mut again in [guest, meeting.server.aura("a guest's").await] {
        let (code, message) = again.ring(&meeting.room, None).await.unwrap_err();
        assert_eq!((code, message.contains("waiting")), (403, false), "{message}");
        assert_eq!(again.refused("join_room", joins("")).await, 401);
        assert_eq!(again.refused("get_room_members", json!({})).await, 401);
    }
    meeting.nobody_came().await;
}

#[tokio::test]
async fn before_admission_there_is_nothing_to_see() {
    let mut meeting = Meeting::begin().await;
    let mut stranger = meeting.server.aura("a stranger's").await;
    let mut guest = meeting.waits("a guest's").await;
    for call in [&mut stranger, &mut guest] {
        assert_eq!(call.refused("get_room_members", json!({})).await, 401);
        assert_eq!(call.refused("get_waiting_room_members", json!({})).await, 401);
        assert_eq!(call.refused("watch_room", json!({ "auth_token": "" })).await, 401);
        assert_eq!(call.refused("remove_member", json!({ "member": "ann's" })).await, 401);
        assert_eq!(call.refused("mute_member_audio", json!({ "member": "ann's" })).await, 401);
        for note in ["raise_hand", "start_screen_share", "mute_audio", "unmute_video"] {
            call.note(note, json!({})).await;
        }
        call.note("send_reaction", json!({ "reaction": "heart" })).await;
    }
    // Nothing of all that was said reached anybody, and what goes on inside does not reach them.
    meeting.admin.note("raise_hand", json!({})).await;
    meeting.nobody_came().await;
    assert_eq!(guest.knows_all().await, [] as [Value; 0]);
}

#[tokio::test]
async fn between_admission_and_joining_there_are_no_events_and_no_subscription() {
    let mut meeting = Meeting::begin().await;
    let mut second = meeting.server.aura("ann's other").await;
    second.ring(&meeting.room, Some(&meeting.ann)).await.unwrap();
    let members = second.does("get_room_members", json!({})).await;
    assert_eq!(members[0]["id"], "ann's");
    let subscribe = json!({ "sdp": offer(), "members": [], "auth_token": second.token });
    assert_eq!(second.refused("subscribe_room", subscribe).await, 401);
    meeting.admin.note("raise_hand", json!({})).await;
    let _guest = meeting.waits("a guest's").await;
    meeting.nobody_came().await;
    assert_eq!(second.knows_all().await, [] as [Value; 0]);
}

#[tokio::test]
async fn a_call_id_is_one_sockets() {
    let mut meeting = Meeting::begin().await;
    let mut guest = meeting.waits("a guest's").await;
    for taken in ["a guest's", "ann's"] {
        let mut second = meeting.server.aura(taken).await;
        assert_eq!(second.ring(&meeting.room, None).await.unwrap_err().0, 409);
        let ann = meeting.ann.clone();
        assert_eq!(second.ring(&meeting.room, Some(&ann)).await.unwrap_err().0, 409);
    }
    // The one that waits goes on waiting, and is let in.
    meeting.decides("allow_member", "a guest's").await;
    guest.token = guest.told("member_allowed").await["auth_token"].as_str().unwrap().to_owned();
    let _peer = guest.join().await;
}

#[tokio::test]
async fn a_socket_that_is_in_a_room_rings_again_when_it_has_left() {
    let mut meeting = Meeting::begin().await;
    let (room, ann) = (meeting.room.clone(), meeting.ann.clone());
    let other = ann.conference(json!({})).await;
    for room in [&room, &other] {
        let again = meeting.admin.ring(room, Some(&ann)).await;
        assert_eq!(again, Err((409, "this socket is in a room".to_owned())));
    }
    let members = meeting.admin.does("get_room_members", json!({})).await;
    assert_eq!(members.as_array().unwrap().len(), 1, "it is where it was");
    meeting.admin.note("leave_room", json!({})).await;
    meeting.admin.ring(&other, Some(&ann)).await.unwrap();
}

#[tokio::test]
async fn only_admins_decide() {
    let mut meeting = Meeting::begin().await;
    let mut inside = meeting.waits("inside").await;
    meeting.decides("allow_member", "inside").await;
    inside.token = inside.told("member_allowed").await["auth_token"].as_str().unwrap().to_owned();
    let _peer = inside.join().await;
    meeting.admin.told("member_join_room").await;
    let mut guest = meeting.waits("a guest's").await;
    assert_eq!(inside.told("member_waiting").await["member"], "a guest's");
    let decide = json!({ "member": "a guest's", "auth_token": inside.token });
    for method in ["allow_member", "reject_member"] {
        assert_eq!(inside.refused(method, decide.clone()).await, 403);
    }
    let list = inside.ask("get_waiting_room_members", json!({})).await.unwrap_err();
    assert_eq!(list, (403, "only admin can get waiting room members".to_owned()));
    let mute =
        ["mute_member_audio", "unmute_member_audio", "mute_member_video", "unmute_member_video"];
    for method in mute.into_iter().chain(["remove_member"]) {
        assert_eq!(inside.refused(method, json!({ "member": "ann's" })).await, 403, "{method}");
    }
    let mut own = json!({ "member": "a guest's", "auth_token": "" });
    own["auth_token"] = json!(guest.token);
    assert_eq!(guest.refused("allow_member", own).await, 401);
}

#[tokio::test]
async fn who_was_put_out_has_no_other_call_to_come_in_by() {
    let mut meeting = Meeting::begin().await;
    let bea = meeting.server.account("bea").await;
    let mut calls = Vec::new();
    for id in ["bea's", "bea's other"] {
        let mut call = meeting.server.aura(id).await;
        call.ring(&meeting.room, Some(&bea)).await.unwrap_err();
        meeting.admin.told("member_waiting").await;
        meeting.decides("allow_member", id).await;
        let allowed = call.told("member_allowed").await;
        call.token = allowed["auth_token"].as_str().unwrap().to_owned();
        calls.push(call);
    }
    let _peer = calls[0].join().await;
    meeting.admin.told("member_join_room").await;
    meeting.admin.does("remove_member", json!({ "member": "bea's" })).await;
    meeting.admin.told("member_leave_room").await;
    let token = calls[1].token.clone();
    assert_eq!(calls[1].refused("join_room", joins(&token)).await, 401);
    assert_eq!(calls[1].refused("get_room_members", json!({})).await, 401);
    meeting.nobody_came().await;
}

#[tokio::test]
async fn who_was_put_out_needs_to_be_let_in_again() {
    let mut meeting = Meeting::begin().await;
    let mut guest = meeting.waits("a guest's").await;
    meeting.decides("allow_member", "a guest's").await;
    guest.token = guest.told("member_allowed").await["auth_token"].as_str().unwrap().to_owned();
    let _peer = guest.join().await;
    meeting.admin.told("member_join_room").await;
    meeting.admin.does("remove_member", json!({ "member": "a guest's" })).await;
    let gone = json!({ "member": "a guest's", "by_admin": true });
    assert_eq!(guest.told("member_leave_room").await, gone);
    assert_eq!(meeting.admin.told("member_leave_room").await, gone);
    let token = guest.token.clone();
    assert_eq!(guest.refused("join_room", joins(&token)).await, 401);
    assert_eq!(guest.refused("watch_room", json!({ "auth_token": token })).await, 401);
    assert_eq!(guest.ring(&meeting.room, None).await.unwrap_err().0, 403);
    meeting.admin.told("member_waiting").await;
    meeting.nobody_came().await;
}
