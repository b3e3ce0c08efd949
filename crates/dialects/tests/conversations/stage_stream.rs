//! A stage as the Voice Service's stream tells it: who speaks, who asks, who is invited, and the topic.

use serde_json::{Value, json};

use crate::harness::{Events, Room, Server, Session, TalkSocket, assert_like};
use crate::stream::{event, participant};

/// Maya's stage, with her, Tom and Zoe in it, who all follow.
struct Stage {
    hall: Room,
    maya: Session,
    tom: Session,
    zoe: Session,
    hers: Events,
    his: Events,
    zoes: Events,
}

impl Stage {
    async fn open(server: &Server) -> Self {
        let maya = server.account("maya").await;
        let hall = maya.stage("hall").await;
        let maya = maya.join(&hall).await;
        let tom = server.account("tom").await.join(&hall).await;
        let zoe = server.account("zoe").await.join(&hall).await;
        let (hers, his, zoes) = (maya.follow().await, tom.follow().await, zoe.follow().await);
        Self { hall, maya, tom, zoe, hers, his, zoes }
    }

    /// The next thing that everyone is told.
    async fn all(&mut self) -> Value {
        let told = self.hers.next().await;
        assert_eq!(self.his.next().await, told);
        assert_eq!(self.zoes.next().await, told);
        told
    }

    async fn asks(&self, who: &Session, what: &str) {
        who.whose.ask(&self.hall, what).await.expect(204);
    }

    async fn answers(&self, who: &Session, accepted: bool) {
        let body = json!({ "accepted": accepted });
        who.whose.post(&self.hall.vox("stage/invite/respond"), body).await.expect(204);
    }

    /// Maya does something to somebody.
    async fn does(&self, what: &str, whom: &Session) {
        self.maya.whose.act_on(&self.hall, what, &whom.whose).await.expect(204);
    }
}

/// Somebody on a stage.
fn member(session: &Session, role: &str) -> Value {
    let mut member = participant(session);
    member["stage_role"] = json!(role);
    member
}

fn updated(session: &Session, role: &str, changes: Value) -> Value {
    event("member.updated", member(session, role), changes)
}

fn about(captions: bool, topic: Value, name: &str) -> Value {
    let about = json!({ "captions": captions, "topic": topic, "name": name });
    event("room.updated", about, json!({}))
}

#[tokio::test]
async fn everyone_is_a_listener_at_first() {
    let server = Server::start().await;
    let stage = Stage::open(&server).await;
    let wanted: Vec<Value> =
        [&stage.maya, &stage.tom, &stage.zoe].map(|who| member(who, "listener")).to_vec();
    let state = stage.tom.follow_state().await;
    assert_like(&state["participants"], &json!(wanted));
    assert_eq!((&state["topic"], &state["name"]), (&Value::Null, &json!("hall")));
    let listed = stage.tom.whose.participants(&stage.hall.uuid).await;
    assert_like(&json!(listed), &json!(wanted));
}

#[tokio::test]
async fn a_raised_hand_is_seen_by_everyone_until_it_is_lowered() {
    let server = Server::start().await;
    let mut stage = Stage::open(&server).await;
    stage.asks(&stage.tom, "stage/request").await;
    let raised = stage.all().await;
    let asked = json!({ "requested_at": "<time>" });
    assert_like(&raised, &updated(&stage.tom, "listener", asked));
    // Again is no news.
    stage.asks(&stage.tom, "stage/request").await;
    stage.asks(&stage.zoe, "stage/request").await;
    let second = stage.all().await;
    assert_eq!(second["user_id"], stage.zoe.whose.uuid());
    assert!(second["requested_at"].as_str() >= raised["requested_at"].as_str(), "in order");
    let state = stage.maya.follow_state().await;
    assert_eq!(state["participants"][1]["requested_at"], raised["requested_at"]);
    stage.tom.whose.delete(&stage.hall.vox("stage/request")).await.expect(204);
    assert_like(&stage.all().await, &updated(&stage.tom, "listener", json!({})));
}

#[tokio::test]
async fn an_invitation_is_told_to_the_invited_and_its_answer_to_moderators() {
    let server = Server::start().await;
    let mut stage = Stage::open(&server).await;
    let by = stage.maya.whose.uuid();
    let invited = event("stage.invited", json!({ "by": by, "expires_at": "<time>" }), json!({}));
    stage.does("stage/invite", &stage.tom).await;
    assert_like(&stage.his.next().await, &invited);
    let state = stage.zoe.follow_state().await;
    let mut wanted = member(&stage.tom, "listener");
    wanted["invited"] = json!(true);
    assert_like(&state["participants"][1], &wanted);
    stage.answers(&stage.tom, false).await;
    let declined = json!({ "user_id": stage.tom.whose.uuid(), "why": "declined" });
    assert_like(&stage.hers.next().await, &event("stage.invite_ended", declined, json!({})));
    // Taken back before it is answered.
    stage.does("stage/invite", &stage.tom).await;
    assert_like(&stage.his.next().await, &invited);
    stage.does("stage/revoke", &stage.tom).await;
    let revoked = json!({ "user_id": stage.tom.whose.uuid(), "why": "revoked" });
    assert_like(&stage.his.next().await, &event("stage.invite_ended", revoked, json!({})));
    // Accepted: everyone sees a speaker, and who wanted it. Nobody has been told anything before it.
    stage.does("stage/invite", &stage.tom).await;
    assert_like(&stage.his.next().await, &invited);
    stage.answers(&stage.tom, true).await;
    assert_like(&stage.all().await, &updated(&stage.tom, "speaker", json!({ "by": by })));
    stage.does("stage/revoke", &stage.tom).await;
    assert_like(&stage.all().await, &updated(&stage.tom, "listener", json!({ "by": by })));
    // Twice is no news.
    stage.does("stage/revoke", &stage.tom).await;
    stage.does("stage/invite", &stage.maya).await;
    assert_like(&stage.all().await, &updated(&stage.maya, "speaker", json!({ "by": by })));
    stage.maya.whose.delete(&stage.hall.vox("stage/request")).await.expect(204);
    assert_like(&stage.all().await, &updated(&stage.maya, "listener", json!({})));
}

#[tokio::test]
async fn a_speaker_who_leaves_has_left_and_comes_back_as_a_listener() {
    let server = Server::start().await;
    let mut stage = Stage::open(&server).await;
    stage.does("stage/invite", &stage.tom).await;
    stage.answers(&stage.tom, true).await;
    stage.his.until("member.updated").await;
    stage.hers.expect("member.updated").await;
    stage.tom.leave().await.expect(204);
    let left = json!({ "user_id": stage.tom.whose.uuid(), "reason": "left" });
    assert_like(&stage.hers.next().await, &event("member.left", left, json!({})));
    let again = stage.tom.whose.join(&stage.hall).await;
    let joined = event("member.joined", member(&again, "listener"), json!({}));
    assert_like(&stage.hers.next().await, &joined);
    stage.his.expect("ended").await;
}

#[tokio::test]
async fn whoever_is_moved_away_from_a_stage_speaks_there_no_more() {
    let server = Server::start().await;
    let mut stage = Stage::open(&server).await;
    let lounge = stage.maya.whose.room("lounge").await;
    stage.does("stage/invite", &stage.tom).await;
    stage.answers(&stage.tom, true).await;
    stage.his.until("member.updated").await;
    stage.hers.expect("member.updated").await;
    let (maya, tom) = (&stage.maya.whose, &stage.tom.whose);
    maya.moves(tom, &stage.hall, &lounge).await;
    stage.his.expect("moved").await;
    // In a room without a stage nobody has a role.
    assert_like(&stage.his.next().await["participants"], &json!([participant(&stage.tom)]));
    assert_eq!(stage.hers.expect("member.left").await["reason"], "moved");
    maya.moves(tom, &lounge, &stage.hall).await;
    stage.his.until("moved").await;
    let roles = stage.his.expect("state").await["participants"].clone();
    let roles: Vec<&Value> =
        roles.as_array().unwrap().iter().map(|one| &one["stage_role"]).collect();
    assert_eq!(roles, ["listener"; 3]);
}

#[tokio::test]
async fn what_is_told_of_the_channel_is_always_all_of_it() {
    let server = Server::start().await;
    let mut stage = Stage::open(&server).await;
    let maya = stage.maya.whose.clone();
    let (room, topic) = (format!("/api/v1/rooms/{}", stage.hall.id), stage.hall.vox("stage/topic"));
    let began = stage.hers.seq();
    let q_and_a = json!("Q&A with the dev team");
    maya.patch(&topic, json!({ "topic": q_and_a })).await.expect(200);
    assert_like(&stage.all().await, &about(false, q_and_a.clone(), "hall"));
    maya.patch(&room, json!({ "captions": true })).await.expect(200);
    assert_like(&stage.all().await, &about(true, q_and_a.clone(), "hall"));
    maya.patch(&room, json!({ "name": "The Hall" })).await.expect(200);
    assert_like(&stage.all().await, &about(true, q_and_a.clone(), "The Hall"));
    let state = stage.zoe.follow_state().await;
    let told = (&state["captions"], &state["topic"], &state["name"]);
    assert_eq!(told, (&json!(true), &q_and_a, &json!("The Hall")));
    maya.patch(&topic, json!({ "topic": "" })).await.expect(200);
    assert_like(&stage.all().await, &about(true, Value::Null, "The Hall"));
    // Who comes back ends up with the same.
    let mut again = stage.tom.resume(began).await;
    let mut last = Value::Null;
    while last["topic"] != Value::Null || last["captions"] != true {
        last = again.expect("room.updated").await;
        assert_eq!(last["name"], "The Hall");
    }
}

#[tokio::test]
async fn in_stt_room_a_stage_is_a_room_like_any_other() {
    let server = Server::start().await;
    let mut stage = Stage::open(&server).await;
    let omar = server.talker("omar").await;
    omar.post(&stage.hall.vox("join"), json!({})).await.expect(200);
    stage.hers.expect("member.joined").await;
    let mut socket = TalkSocket::open(&server, &stage.hall.uuid, &omar.token).await;
    socket.expect("speaker.changed").await;
    stage.asks(&stage.tom, "stage/request").await;
    stage.maya.whose.act_on(&stage.hall, "stage/invite", &omar).await.expect(204);
    let yes = json!({ "accepted": true });
    omar.post(&stage.hall.vox("stage/invite/respond"), yes).await.expect(204);
    let topic = json!({ "topic": "Q&A" });
    stage.maya.whose.patch(&stage.hall.vox("stage/topic"), topic).await.expect(200);
    let (maya, omar) = (&stage.maya.whose, &omar);
    maya.act_on(&stage.hall, "stage/revoke", omar).await.expect(204);
    stage.zoe.leave().await.expect(204);
    // He has been told nothing before it.
    let left = socket.expect("room.participant.left").await;
    assert_eq!(left, json!({ "user_id": stage.zoe.whose.uuid() }));
}
