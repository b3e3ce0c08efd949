//! A stage by Vox: asking, inviting, answering, speaking, stepping down, and what it is about.

use model::UserId;
use room::MemberView;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server};

#[track_caller]
fn refused(reply: Reply, status: u16, code: &str) {
    let error = reply.expect(status)["error"].clone();
    assert_eq!(error["code"], code, "{error}");
}

#[track_caller]
fn missing(reply: Reply) {
    let error = reply.expect(403)["error"].clone();
    assert_eq!(error["code"], "MISSING_PERMISSIONS", "{error}");
    assert_eq!(error["missing_permission"], "STAGE_MODERATOR", "{error}");
}

/// A stage that maya made, with her, tom and lena in it.
struct Stage {
    server: Server,
    room: Room,
    maya: Person,
    tom: Person,
    lena: Person,
}

impl Stage {
    async fn open() -> Self {
        let server = Server::start().await;
        let maya = server.account("maya").await;
        let (tom, lena) = (server.account("tom").await, server.account("lena").await);
        let room = maya.stage("hall").await;
        for who in [&maya, &tom, &lena] {
            who.connect(&room).await;
        }
        Self { server, room, maya, tom, lena }
    }

    /// A member as they are shown.
    async fn shown(&self, who: &Person) -> Value {
        let members = self.maya.members(&self.room).await.into_iter();
        let mut found = members.filter(|member| member["user_id"] == who.id);
        found.next().unwrap_or_else(|| panic!("{} is not in", who.name))
    }

    async fn role(&self, who: &Person) -> String {
        self.shown(who).await["stage_role"].as_str().unwrap().to_owned()
    }

    async fn invite(&self, who: &Person) {
        self.maya.act_on(&self.room, "stage/invite", who).await.expect(204);
    }

    async fn respond(&self, who: &Person, accepted: bool) -> Reply {
        who.post(&self.room.vox("stage/invite/respond"), json!({ "accepted": accepted })).await
    }

    async fn make_speaker(&self, who: &Person) {
        self.invite(who).await;
        self.respond(who, true).await.expect(204);
        assert_eq!(self.role(who).await, "speaker");
    }

    /// Who has asked to speak, in that order; more finely than the seconds that are shown.
    async fn waiting(&self) -> Vec<UserId> {
        let view = self.server.app.rooms.view(self.room.id.parse().unwrap()).await.unwrap();
        let asked = |member: MemberView| member.requested_at.map(|at| (at, member.person.id));
        let mut waiting: Vec<_> = view.members.into_iter().filter_map(asked).collect();
        waiting.sort();
        waiting.into_iter().map(|(_, user)| user).collect()
    }

    async fn withdraw(&self, who: &Person) -> Reply {
        who.delete(&self.room.vox("stage/request")).await
    }
}

#[tokio::test]
async fn who_asks_waits_until_they_are_invited_or_give_up() {
    let stage = Stage::open().await;
    let (room, tom, lena) = (&stage.room, &stage.tom, &stage.lena);
    assert_eq!(stage.shown(tom).await.get("requested_at"), None);
    tom.ask(room, "stage/request").await.expect(204);
    let asked = stage.shown(tom).await["requested_at"].clone();
    lena.ask(room, "stage/request").await.expect(204);
    assert!(asked.as_i64().unwrap() <= stage.shown(lena).await["requested_at"].as_i64().unwrap());
    // Asking again does not lose one's turn, nor does it gain one.
    tom.ask(room, "stage/request").await.expect(204);
    assert_eq!(stage.shown(tom).await["requested_at"], asked);
    // A body is no fault.
    tom.post(&room.vox("stage/request"), json!({})).await.expect(204);
    // An invitation is not the end of waiting, an answer is.
    stage.invite(tom).await;
    assert_eq!(stage.shown(tom).await["requested_at"], asked);
    stage.respond(tom, true).await.expect(204);
    assert_eq!(stage.shown(tom).await.get("requested_at"), None);
    assert_eq!(stage.role(tom).await, "speaker");
    assert_eq!(stage.role(lena).await, "listener");
    // Giving up, once and again.
    for _ in 0..2 {
        stage.withdraw(lena).await.expect(204);
        assert_eq!(stage.shown(lena).await.get("requested_at"), None);
    }
    // A speaker has nothing to ask for.
    tom.ask(room, "stage/request").await.expect(204);
    assert_eq!(stage.shown(tom).await.get("requested_at"), None);
}

#[tokio::test]
async fn requests_are_in_the_order_in_which_people_asked() {
    let stage = Stage::open().await;
    let (maya, tom, lena) = (&stage.maya, &stage.tom, &stage.lena);
    for who in [lena, maya, tom, lena] {
        who.ask(&stage.room, "stage/request").await.expect(204);
    }
    assert_eq!(stage.waiting().await, [lena.user(), maya.user(), tom.user()]);
    stage.withdraw(lena).await.expect(204);
    lena.ask(&stage.room, "stage/request").await.expect(204);
    assert_eq!(stage.waiting().await, [maya.user(), tom.user(), lena.user()]);
}

#[tokio::test]
async fn an_invitation_is_answered_once() {
    let stage = Stage::open().await;
    let (tom, lena) = (&stage.tom, &stage.lena);
    let none = "NO_PENDING_INVITE";
    for accepted in [true, false] {
        refused(stage.respond(tom, accepted).await, 400, none);
    }
    stage.invite(tom).await;
    // It is his alone, and makes nobody a speaker by itself.
    refused(stage.respond(lena, true).await, 400, none);
    assert_eq!(stage.role(tom).await, "listener");
    stage.respond(tom, false).await.expect(204);
    assert_eq!(stage.role(tom).await, "listener");
    refused(stage.respond(tom, true).await, 400, none);
    assert_eq!(stage.role(tom).await, "listener");
    // Twice invited is invited.
    stage.invite(tom).await;
    stage.invite(tom).await;
    stage.respond(tom, true).await.expect(204);
    assert_eq!(stage.role(tom).await, "speaker");
    refused(stage.respond(tom, true).await, 400, none);
    refused(stage.respond(tom, false).await, 400, none);
    assert_eq!(stage.role(tom).await, "speaker");
    // A speaker needs no invitation and gets none.
    stage.invite(tom).await;
    refused(stage.respond(tom, true).await, 400, none);
}

#[tokio::test]
async fn declining_gives_up_waiting_too_or_not_at_all() {
    let stage = Stage::open().await;
    stage.tom.ask(&stage.room, "stage/request").await.expect(204);
    stage.invite(&stage.tom).await;
    stage.respond(&stage.tom, false).await.expect(204);
    // Whoever wants to speak after all asks, and is asked, as at first.
    stage.tom.ask(&stage.room, "stage/request").await.expect(204);
    assert!(stage.shown(&stage.tom).await["requested_at"].is_i64());
    stage.make_speaker(&stage.tom).await;
}

#[tokio::test]
async fn revoking_takes_the_role_and_the_invitation_and_may_be_repeated() {
    let stage = Stage::open().await;
    let (room, maya, tom) = (&stage.room, &stage.maya, &stage.tom);
    stage.make_speaker(tom).await;
    for _ in 0..3 {
        maya.act_on(room, "stage/revoke", tom).await.expect(204);
        assert_eq!(stage.role(tom).await, "listener");
    }
    stage.invite(tom).await;
    maya.act_on(room, "stage/revoke", tom).await.expect(204);
    refused(stage.respond(tom, true).await, 400, "NO_PENDING_INVITE");
    assert_eq!(stage.role(tom).await, "listener");
}

#[tokio::test]
async fn moderators_take_the_stage_themselves() {
    let stage = Stage::open().await;
    let (room, maya, tom) = (&stage.room, &stage.maya, &stage.tom);
    for _ in 0..2 {
        maya.act_on(room, "stage/invite", maya).await.expect(204);
        assert_eq!(stage.role(maya).await, "speaker");
    }
    refused(stage.respond(maya, true).await, 400, "NO_PENDING_INVITE");
    maya.act_on(room, "stage/revoke", maya).await.expect(204);
    assert_eq!(stage.role(maya).await, "listener");
    // Nobody else does.
    for action in ["stage/invite", "stage/revoke"] {
        missing(tom.act_on(room, action, tom).await);
        missing(tom.act_on(room, action, maya).await);
    }
    missing(tom.patch(&room.vox("stage/topic"), json!({ "topic": "mine" })).await);
    assert_eq!(stage.role(tom).await, "listener");
}

#[tokio::test]
async fn who_steps_down_is_a_listener() {
    let stage = Stage::open().await;
    stage.make_speaker(&stage.tom).await;
    stage.withdraw(&stage.tom).await.expect(204);
    assert_eq!(stage.role(&stage.tom).await, "listener");
    stage.withdraw(&stage.tom).await.expect(204);
}

#[tokio::test]
async fn leaving_gives_the_stage_up() {
    let stage = Stage::open().await;
    let (room, maya, tom) = (&stage.room, &stage.maya, &stage.tom);
    let other = maya.stage("other").await;
    let relocate = async |from: &Room, to: &Room| {
        let body = json!({ "user_id": tom.id, "to_room_id": to.id });
        maya.post(&from.vox("voice/move"), body).await.expect(204);
    };
    stage.make_speaker(tom).await;
    tom.ask(room, "voice/leave").await.expect(204);
    tom.connect(room).await;
    assert_eq!(stage.role(tom).await, "listener");
    stage.make_speaker(tom).await;
    maya.act_on(room, "voice/kick", tom).await.expect(204);
    tom.connect(room).await;
    assert_eq!(stage.role(tom).await, "listener");
    stage.make_speaker(tom).await;
    relocate(room, &other).await;
    assert_eq!(maya.members(&other).await[0]["stage_role"], "listener");
    relocate(&other, room).await;
    assert_eq!(stage.role(tom).await, "listener");
    // So do a request and an invitation.
    tom.ask(room, "stage/request").await.expect(204);
    stage.invite(tom).await;
    tom.ask(room, "voice/leave").await.expect(204);
    tom.connect(room).await;
    assert_eq!(stage.shown(tom).await.get("requested_at"), None);
    refused(stage.respond(tom, true).await, 400, "NO_PENDING_INVITE");
}

#[tokio::test]
async fn a_restart_takes_the_stage_from_nobody() {
    let before = Stage::open().await;
    before.make_speaker(&before.tom).await;
    before.make_speaker(&before.lena).await;
    let server = before.server.clone().restart().await;
    let again = |who: &Person| Person { server: server.clone(), ..who.clone() };
    let (maya, tom, lena) = (again(&before.maya), again(&before.tom), again(&before.lena));
    let stage = Stage { server: server.clone(), room: before.room.clone(), maya, tom, lena };
    stage.maya.connect(&stage.room).await;
    // Of somebody who is away, too, it can be taken.
    stage.maya.act_on(&stage.room, "stage/revoke", &stage.lena).await.expect(204);
    refused(stage.maya.act_on(&stage.room, "stage/revoke", &stage.lena).await, 409, "NOT_IN_VOICE");
    for who in [&stage.tom, &stage.lena] {
        who.connect(&stage.room).await;
    }
    assert_eq!(stage.role(&stage.tom).await, "speaker");
    assert_eq!(stage.role(&stage.lena).await, "listener");
}

#[tokio::test]
async fn those_outside_ask_for_nothing_and_may_moderate() {
    let stage = Stage::open().await;
    let (room, maya, tom) = (&stage.room, &stage.maya, &stage.tom);
    let omar = stage.server.account("omar").await;
    refused(omar.ask(room, "stage/request").await, 409, "NOT_IN_VOICE");
    refused(stage.withdraw(&omar).await, 409, "NOT_IN_VOICE");
    for accepted in [true, false] {
        refused(stage.respond(&omar, accepted).await, 409, "NOT_IN_VOICE");
    }
    for action in ["stage/invite", "stage/revoke"] {
        refused(maya.act_on(room, action, &omar).await, 409, "NOT_IN_VOICE");
        let nobody = maya.post(&room.vox(action), json!({ "user_id": "1" })).await;
        refused(nobody, 404, "NOT_FOUND");
    }
    maya.ask(room, "voice/leave").await.expect(204);
    stage.make_speaker(tom).await;
    maya.act_on(room, "stage/revoke", tom).await.expect(204);
    maya.patch(&room.vox("stage/topic"), json!({ "topic": "away" })).await.expect(200);
    refused(maya.act_on(room, "stage/invite", maya).await, 409, "NOT_IN_VOICE");
}

#[tokio::test]
async fn a_topic_is_one_line_of_120_characters() {
    let stage = Stage::open().await;
    let (room, maya) = (&stage.room, &stage.maya);
    let set =
        async |topic: Value| maya.patch(&room.vox("stage/topic"), json!({ "topic": topic })).await;
    let shown = async || {
        let found = maya.get(&format!("/api/v1/rooms/{}", room.id)).await.expect(200);
        found["topic"].clone()
    };
    assert_eq!(shown().await, Value::Null);
    for topic in ["Q&A with the dev team", &"x".repeat(120), &"é".repeat(120), "🎙 live", " a "]
    {
        let reply = set(json!(topic)).await.expect(200);
        assert_eq!(reply, json!({ "room_id": room.id, "topic": topic }));
        assert_eq!(shown().await, topic);
    }
    for bad in ["x".repeat(121), "é".repeat(121), "a\nb".into(), "\u{0}".into(), "\u{7f}".into()] {
        refused(set(json!(bad)).await, 400, "VALIDATION_ERROR");
    }
    for bad in [json!(null), json!(7), json!([]), json!({}), json!(true)] {
        refused(set(bad).await, 400, "VALIDATION_ERROR");
    }
    assert_eq!(shown().await, " a ");
    let reply = set(json!("")).await.expect(200);
    assert_eq!(reply, json!({ "room_id": room.id, "topic": "" }));
    assert_eq!(shown().await, Value::Null);
    set(json!("kept")).await.expect(200);
    let server = stage.server.clone().restart().await;
    let path = format!("/api/v1/rooms/{}", room.id);
    assert_eq!(server.bearer(&maya.token).get(&path).await.expect(200)["topic"], "kept");
}

#[tokio::test]
async fn a_room_that_is_no_stage_has_none() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let omar = server.account("omar").await;
    let unseen = json!({ "permission_overrides": [
        { "target_type": "user", "target_id": omar.id, "deny": 1 },
    ] });
    let lounge = maya.room_with("lounge", unseen).await;
    let den = maya.talk("den", None).await.room;
    for room in [&lounge, &den] {
        maya.connect(room).await;
        tom.connect(room).await;
        for who in [&maya, &tom] {
            for reply in everything(who, room, &tom).await {
                refused(reply, 400, "VALIDATION_ERROR");
            }
        }
        for member in maya.members(room).await {
            assert_eq!((member.get("stage_role"), member.get("requested_at")), (None, None));
        }
    }
    // Who may not know of the room is not told what it is not.
    for reply in everything(&omar, &lounge, &tom).await {
        refused(reply, 404, "NOT_FOUND");
    }
    for reply in everything(&maya, &Room::new("1"), &tom).await {
        refused(reply, 404, "NOT_FOUND");
    }
}

/// Every route of a stage.
async fn everything(who: &Person, room: &Room, about: &Person) -> Vec<Reply> {
    vec![
        who.ask(room, "stage/request").await,
        who.delete(&room.vox("stage/request")).await,
        who.act_on(room, "stage/invite", about).await,
        who.post(&room.vox("stage/invite/respond"), json!({ "accepted": true })).await,
        who.act_on(room, "stage/revoke", about).await,
        who.patch(&room.vox("stage/topic"), json!({ "topic": "a" })).await,
    ]
}

#[tokio::test]
async fn the_stage_is_the_same_by_every_door() {
    let stage = Stage::open().await;
    let omar = stage.server.account("omar").await;
    omar.join(&stage.room).await;
    stage.make_speaker(&omar).await;
    let shown = stage.maya.participants(&stage.room.uuid).await;
    let role = |who: &Person| {
        let found = shown.iter().find(|one| one["user_id"] == who.uuid()).unwrap();
        found["stage_role"].clone()
    };
    assert_eq!((role(&omar), role(&stage.tom)), (json!("speaker"), json!("listener")));
}
