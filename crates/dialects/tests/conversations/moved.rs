//! Being moved by a moderator of Vox, as the other dialects tell it: the streams go on in the new room, the
//! session and its media are the same.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::harness::{
    Events, Person, Room, Server, ServerSent, Session, Setup, TalkSocket, assert_like,
};
use crate::stream::{event, participant};

/// Maya's rooms: she is in the lounge, Zoe in the other, and both follow. Tom is in the lounge.
struct Scene {
    maya: Session,
    tom: Session,
    zoe: Session,
    lounge: Room,
    other: Room,
    /// Maya's stream.
    here: Events,
    /// Zoe's stream.
    there: Events,
}

impl Scene {
    async fn new(server: &Server) -> Self {
        let (maya, tom) = (server.account("maya").await, server.account("tom").await);
        let zoe = server.account("zoe").await;
        let (lounge, other) = (maya.room("lounge").await, maya.room("other").await);
        let (maya, zoe) = (maya.join(&lounge).await, zoe.join(&other).await);
        let tom = tom.join(&lounge).await;
        let (here, there) = (maya.follow().await, zoe.follow().await);
        Self { maya, tom, zoe, lounge, other, here, there }
    }

    /// Takes Tom to the other room.
    async fn moves_tom(&self) {
        self.maya.whose.moves(&self.tom.whose, &self.lounge, &self.other).await;
    }
}

/// The `state` of the other room with Zoe and Tom in it.
fn other_state(scene: &Scene) -> Value {
    json!({
        "type": "state", "seq": "<seq>", "ts": "<time>",
        "session_id": scene.tom.id, "channel_id": scene.other.uuid,
        "participants": [participant(&scene.zoe), participant(&scene.tom)], "slots": [],
        "floor": null, "captions": false, "topic": null, "name": "other",
    })
}

/// The next thing on the stream of somebody who was moved. What their sections carry in the new room is told
/// when the media plane says so: it is in the state or comes after it.
async fn told(stream: &mut Events) -> Value {
    loop {
        let frame = stream.next().await;
        if frame["type"] != "slots" {
            return frame;
        }
    }
}

/// The same of Server-Sent Events.
async fn sent(stream: &mut ServerSent) -> Value {
    loop {
        let frame = stream.next().await;
        if frame["type"] != "slots" {
            return frame;
        }
    }
}

fn moved(to: &str, by: &str) -> Value {
    event("moved", json!({ "channel_id": to, "by": by }), json!({}))
}

fn left(who: &Session, reason: &str) -> Value {
    event("member.left", json!({ "user_id": who.whose.uuid(), "reason": reason }), json!({}))
}

#[tokio::test]
async fn a_stream_goes_on_in_the_new_room() {
    let server = Server::start().await;
    let mut scene = Scene::new(&server).await;
    let mut his = scene.tom.follow().await;
    scene.moves_tom().await;
    assert_like(&told(&mut his).await, &moved(&scene.other.uuid, &scene.maya.whose.uuid()));
    assert_like(&told(&mut his).await, &other_state(&scene));
    // Everyone else is told one leave and one join.
    assert_like(&scene.here.next().await, &left(&scene.tom, "moved"));
    let joined = event("member.joined", participant(&scene.tom), json!({}));
    assert_like(&scene.there.next().await, &joined);
    // The same session goes on here: its own changes, others', and its end.
    let state = scene.tom.state(json!({ "mute": true })).await.expect(200);
    assert_eq!((&state["channel_id"], &state["mute"]), (&json!(scene.other.uuid), &json!(true)));
    let muted = event("member.updated", participant(&scene.tom), json!({ "mute": true }));
    assert_like(&told(&mut his).await, &muted);
    assert_like(&scene.there.next().await, &muted);
    scene.zoe.state(json!({ "deaf": true })).await.expect(200);
    assert_eq!(told(&mut his).await, scene.there.next().await);
    // What happens in the old room is told there alone.
    scene.maya.state(json!({ "mute": true })).await.expect(200);
    scene.here.expect("member.updated").await;
    scene.tom.leave().await.expect(204);
    assert_like(&told(&mut his).await, &event("ended", json!({ "reason": "left" }), json!({})));
    assert_eq!(his.closed().await, (1000, "left".to_owned()));
    assert_like(&scene.there.next().await, &left(&scene.tom, "left"));
    assert_eq!(scene.tom.state(json!({})).await.status, 404);
}

#[tokio::test]
async fn server_sent_events_go_on_too() {
    let server = Server::start().await;
    let mut scene = Scene::new(&server).await;
    let mut his = scene.tom.server_sent(None).await;
    his.next().await;
    scene.moves_tom().await;
    assert_like(&sent(&mut his).await, &moved(&scene.other.uuid, &scene.maya.whose.uuid()));
    assert_like(&sent(&mut his).await, &other_state(&scene));
    scene.zoe.state(json!({ "mute": true })).await.expect(200);
    scene.there.until("member.updated").await;
    assert_eq!(sent(&mut his).await["user_id"], scene.zoe.whose.uuid());
    scene.tom.leave().await.expect(204);
    assert_like(&sent(&mut his).await, &event("ended", json!({ "reason": "left" }), json!({})));
    assert_eq!(his.try_next().await, None);
}

#[tokio::test]
async fn who_comes_back_resumes_in_the_room_they_are_in() {
    let server = Server::start().await;
    let scene = Scene::new(&server).await;
    let mut his = scene.tom.follow().await;
    let (before, link) = (his.seq(), scene.tom.follow().await);
    scene.moves_tom().await;
    his.until("state").await;
    let there = his.seq();
    drop((his, link));
    scene.zoe.state(json!({ "mute": true })).await.expect(200);
    scene.zoe.state(json!({ "mute": false })).await.expect(200);
    // With a number of this room: what came after it.
    let mut again = scene.tom.resume(there).await;
    for mute in [true, false] {
        let updated = told(&mut again).await;
        assert_eq!(updated["type"], "member.updated");
        assert_eq!(
            (&updated["user_id"], &updated["mute"]),
            (&json!(scene.zoe.whose.uuid()), &json!(mute))
        );
    }
    // With one of the room that they were in: the state of this one.
    let state = scene.tom.resume(before).await.expect("state").await;
    assert_eq!(state["channel_id"], scene.other.uuid);
    let mut stream = scene.tom.server_sent(Some(before)).await;
    assert_eq!(stream.next().await["channel_id"], scene.other.uuid);
}

/// A number of the old room can by chance be one that the new room has, too.
#[tokio::test]
async fn a_number_of_the_old_room_is_none_of_the_new_one() {
    let server = Server::start().await;
    let scene = Scene::new(&server).await;
    // Of before Tom came, as the new room counts.
    let of_the_other = scene.there.seq();
    scene.zoe.state(json!({ "mute": true })).await.expect(200);
    scene.moves_tom().await;
    scene.zoe.state(json!({ "mute": false })).await.expect(200);
    let state = scene.tom.resume(of_the_other).await.expect("state").await;
    assert_like(&state, &other_state(&scene));
    let mut stream = scene.tom.server_sent(Some(of_the_other)).await;
    assert_like(&stream.next().await, &other_state(&scene));
}

#[tokio::test]
async fn every_session_goes_along_and_everyone_is_told_once() {
    let server = Server::start().await;
    let mut scene = Scene::new(&server).await;
    let phone = scene.tom.whose.join_with(&scene.lounge.uuid, json!({ "client": "phone" })).await;
    scene.here.expect("member.updated").await;
    let mut streams = [scene.tom.follow().await, phone.follow().await, phone.follow().await];
    let mut quiet = ServerSent::open(&scene.tom.whose, &phone.path(), None).await;
    quiet.next().await;
    scene.moves_tom().await;
    for stream in &mut streams {
        assert_eq!(stream.until("moved").await.len(), 1, "nothing before it");
        assert_like(&stream.next().await["participants"], &other_state(&scene)["participants"]);
    }
    assert_eq!(
        (quiet.next().await["type"].clone(), quiet.next().await["type"].clone()),
        (json!("moved"), json!("state"))
    );
    assert_like(&scene.here.next().await, &left(&scene.tom, "moved"));
    let joined = event("member.joined", participant(&scene.tom), json!({}));
    assert_like(&scene.there.next().await, &joined);
    phone.leave().await.expect(204);
    // One of two is over: an update and no leave.
    scene.there.expect("member.updated").await;
    scene.tom.state(json!({})).await.expect(200);
}

#[tokio::test]
async fn what_one_says_of_oneself_goes_along_and_marks_stay_behind() {
    let server = Server::start().await;
    let mut scene = Scene::new(&server).await;
    scene.tom.state(json!({ "mute": true, "deaf": true })).await.expect(200);
    let mute = json!({ "user_id": scene.tom.whose.id, "muted": true });
    scene.maya.whose.post(&scene.lounge.vox("voice/mute"), mute.clone()).await.expect(204);
    scene.moves_tom().await;
    let both = json!({ "mute": true, "deaf": true });
    let joined = event("member.joined", participant(&scene.tom), both.clone());
    assert_like(&scene.there.next().await, &joined);
    // What was decided about him in this room holds in it; it waits for him in the other.
    scene.maya.whose.post(&scene.other.vox("voice/mute"), mute).await.expect(204);
    scene.there.expect("member.updated").await;
    scene.maya.whose.moves(&scene.tom.whose, &scene.other, &scene.lounge).await;
    let back = scene.here.until("member.joined").await.pop().unwrap();
    let marked = json!({ "mute": true, "deaf": true, "server_mute": true });
    assert_like(&back, &event("member.joined", participant(&scene.tom), marked));
}

#[tokio::test]
async fn there_and_back_again() {
    let server = Server::start().await;
    let scene = Scene::new(&server).await;
    let mut his = scene.tom.follow().await;
    let maya = &scene.maya.whose;
    for (from, to) in [(&scene.lounge, &scene.other), (&scene.other, &scene.lounge)].repeat(5) {
        maya.moves(&scene.tom.whose, from, to).await;
        assert_like(&told(&mut his).await, &moved(&to.uuid, &maya.uuid()));
        let state = his.expect("state").await;
        assert_eq!(
            (&state["channel_id"], &state["session_id"]),
            (&json!(to.uuid), &json!(scene.tom.id))
        );
        let there = state["participants"].as_array().unwrap();
        assert!(there.iter().any(|one| one["user_id"] == scene.tom.whose.uuid()));
    }
    maya.act_on(&scene.lounge, "voice/kick", &scene.tom.whose).await.expect(204);
    assert_eq!(told(&mut his).await["type"], "kicked");
}

#[tokio::test]
async fn a_platforms_channel_keeps_its_own_id() {
    const SECRET: &str = "a secret that two services share";
    const CHANNEL: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";
    let server = Server::with(Setup { jwt_secret: Some(SECRET), ..Setup::default() }).await;
    let now = app::now().wall.as_secs();
    let claims = json!({ "sub": "maya", "username": "maya", "iat": now, "exp": now + 600 });
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap();
    let zoe = server.bearer(&token).join_with(CHANNEL, json!({})).await;
    let mut there = zoe.follow().await;
    let tom = server.account("tom").await;
    let lounge = tom.room("lounge").await;
    let session = tom.join(&lounge).await;
    let mut his = session.follow().await;
    let rooms = tom.get("/api/v1/rooms?profile=voice").await.expect(200);
    let mut rooms = rooms.as_array().unwrap().iter();
    let target = rooms.find(|room| room["name"] == "channel-7c9e6679").unwrap();
    let target = Room::new(target["room_id"].as_str().unwrap());
    let operator = server.operator().await;
    operator.moves(&tom, &lounge, &target).await;
    assert_like(&told(&mut his).await, &moved(CHANNEL, &operator.uuid()));
    assert_eq!(his.expect("state").await["channel_id"], CHANNEL);
    there.expect("member.joined").await;
}

#[tokio::test]
async fn whoever_is_there_already_gets_one_more_session() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let tom = server.account("tom").await;
    let den = operator.talk("den", None).await;
    operator.sees(&den).join().await;
    let lounge = operator.room("lounge").await;
    tom.sees(&den).join().await;
    let session = tom.join(&lounge).await;
    let mut his = session.follow().await;
    let mut talk = den.follow().await;
    let following = operator.join(&den.room).await;
    let mut events = following.follow().await;
    session.state(json!({ "mute": true })).await.expect(200);
    his.expect("member.updated").await;
    operator.moves(&tom, &lounge, &den.room).await;
    assert_like(&told(&mut his).await, &moved(&den.room.uuid, &operator.uuid()));
    told(&mut his).await;
    // An update, and no join: he was there.
    assert_eq!(events.expect("member.updated").await["user_id"], tom.uuid());
    session.leave().await.expect(204);
    events.expect("member.updated").await;
    tom.sees(&den).leave().await;
    assert_eq!(talk.expect("room.participant.left").await["user_id"], tom.uuid());
}

#[tokio::test]
async fn a_participant_of_stt_room_is_told_that_it_is_over_and_goes_on_elsewhere() {
    let server = Server::start().await;
    let operator = server.operator().await;
    let tom = server.talker("tom").await;
    let (lounge, other) = (operator.room("lounge").await, operator.room("other").await);
    for room in [&lounge, &other] {
        let path = format!("/api/v1/rooms/{}/join", room.uuid);
        let zoe = server.talker(&format!("zoe-{}", room.id)).await;
        zoe.post(&path, json!({})).await.expect(200);
        if room.id == lounge.id {
            tom.post(&path, json!({})).await.expect(200);
        }
    }
    let follow = async |who: &Person, room: &Room| {
        let mut socket = TalkSocket::open(&server, &room.uuid, &who.token).await;
        socket.expect("speaker.changed").await;
        socket
    };
    operator.post(&format!("/api/v1/rooms/{}/join", lounge.uuid), json!({})).await.expect(200);
    let mut here = follow(&operator, &lounge).await;
    let mut his = follow(&tom, &lounge).await;
    operator.moves(&tom, &lounge, &other).await;
    assert_eq!(his.closed().await, (1000, "moved".to_owned()));
    let gone = here.expect("room.participant.left").await;
    assert_eq!(gone, json!({ "user_id": tom.uuid() }));
    // He is in the other room without joining, and in the first no more.
    let mut his = follow(&tom, &other).await;
    let mut old = TalkSocket::open(&server, &lounge.uuid, &tom.token).await;
    assert_eq!(old.closed().await.0, 4403);
    operator.moves(&tom, &other, &lounge).await;
    assert_eq!(his.closed().await, (1000, "moved".to_owned()));
    let back = here.expect("room.participant.joined").await;
    assert_eq!(back, json!({ "user_id": tom.uuid() }));
}
