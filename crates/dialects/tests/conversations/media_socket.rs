//! The media socket: what opens it, every frame, every refusal, and what becomes of it when its session is
//! moved or over.

use std::time::Duration;

use app::MediaTokenTimes;
use model::AccountId;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use crate::harness::{
    Client, Events, MediaSocket, Peer, Person, Server, Setup, VoxMember, assert_like, soon, uuid,
};

/// A room of Maya's with Tom in it by Vox.
async fn tom_in_a_room(server: &Server) -> (Person, VoxMember) {
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let room = maya.room("lounge").await;
    (maya, tom.enter(&room).await)
}

fn error(code: &str) -> Value {
    json!({ "type": "error", "code": code, "message": "<text>" })
}

fn auth(token: &str) -> Value {
    json!({ "type": "auth", "media_token": token })
}

/// What is said to a token that is shown in the address, and how it ends.
async fn knock(server: &Server, token: &str) -> (String, (u16, String)) {
    let mut socket = MediaSocket::open(server, &format!("?token={token}")).await;
    (socket.refused().await, socket.closed().await)
}

fn dead() -> (String, (u16, String)) {
    ("AUTH_FAILED".to_owned(), (4004, "AUTH_FAILED".to_owned()))
}

#[tokio::test]
async fn a_token_in_the_first_frame_or_the_address_opens_it() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let ready = json!({
        "type": "ready", "session_id": "<decimal>",
        "ice_servers": [{ "urls": ["<text>"], "username": "<text>", "credential": "<text>" }],
    });
    let mut first = MediaSocket::open(&server, "").await;
    first.say(auth(&tom.media_token)).await;
    let told = first.next().await;
    assert_like(&told, &ready);
    let seen = maya.participants(&tom.room.uuid).await;
    assert_eq!(seen[0]["session_id"], uuid(told["session_id"].as_str().unwrap()));
    let mut second = MediaSocket::open(&server, &format!("?token={}", tom.media_token)).await;
    let again = second.next().await;
    assert_eq!(again["session_id"], told["session_id"]);
    // Pings before the first frame are no frames.
    let mut third = MediaSocket::open(&server, "").await;
    third.send(Message::Ping(b"there?".to_vec().into())).await;
    third.say(auth(&tom.media_token)).await;
    assert_like(&third.next().await, &ready);
}

#[tokio::test]
async fn an_offer_is_answered_and_media_connects() {
    let server = Server::start().await;
    let (_, tom) = tom_in_a_room(&server).await;
    let mut socket = tom.media().await;
    socket.connect().await;
    // A renegotiation of another client's connection, which takes the place of the first.
    let (mut client, offer) = Client::new();
    let answer = socket.offer(&offer).await;
    assert!(answer.contains("a=candidate:") && answer.contains("a=end-of-candidates"), "{answer}");
    client.accept(&answer);
    let offer = client.offer_again();
    client.accept(&socket.offer(&offer).await);
    // With what its sections carry, and in the words of people who write SDP by hand.
    let (mut client, offer) = Client::new();
    let mid = offer.lines().find_map(|line| line.strip_prefix("a=mid:")).unwrap();
    let sources = json!([{ "mid": mid, "source": "microphone" }]);
    socket.say(json!({ "type": "offer", "sdp": offer, "sources": sources })).await;
    client.accept(socket.expect("answer").await["sdp"].as_str().unwrap());
}

#[tokio::test]
async fn candidates_and_views_are_taken_in_silence() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let mut socket = tom.media().await;
    socket.offer(&Client::new().1).await;
    let line = "candidate:1 1 udp 2130706431 127.0.0.1 9 typ host";
    for candidate in [
        json!(line),
        json!({ "candidate": line, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": null }),
        json!("candidate:2 1 udp 2130706431 0a1b2c3d-0000-4000-8000-000000000000.local 9 typ host"),
        json!({ "candidate": "", "sdpMid": "0" }),
        json!(""),
        json!(null),
    ] {
        socket.say(json!({ "type": "candidate", "candidate": candidate })).await;
    }
    for user in [json!(null), json!(maya.id), json!(maya.uuid()), json!(maya.user().0.as_u64())] {
        let slot =
            json!({ "mid": "2", "user_id": user, "source": "camera", "width": 640, "height": 360 });
        socket.say(json!({ "type": "view", "slots": [slot, { "mid": "2" }] })).await;
    }
    // Nothing was answered: the next thing is the answer to this.
    socket.offer(&Client::new().1).await;
}

#[tokio::test]
async fn what_cannot_be_used_is_answered_and_costs_nothing() {
    let server = Server::start().await;
    let (_, tom) = tom_in_a_room(&server).await;
    let mut socket = tom.media().await;
    socket.offer(&Client::new().1).await;
    let text = |value: Value| value.to_string();
    let view = |slots: Value| text(json!({ "type": "view", "slots": slots }));
    let candidate = |candidate: Value| text(json!({ "type": "candidate", "candidate": candidate }));
    let (invalid, stranger) = ("VALIDATION_ERROR", "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11");
    for (sent, code, named) in [
        ("hello".to_owned(), invalid, "expected"),
        ("[]".to_owned(), invalid, ""),
        ("{}".to_owned(), invalid, "type"),
        (text(json!({ "type": "dance" })), invalid, "dance"),
        (text(json!({ "type": "ready" })), invalid, "ready"),
        (text(json!({ "type": "offer" })), invalid, "sdp"),
        (text(json!({ "type": "offer", "sdp": 1 })), invalid, "string"),
        (text(json!({ "type": "offer", "sdp": "v=0" })), invalid, ""),
        (text(json!({ "type": "offer", "sdp": "v".repeat(205_000) })), invalid, "longer"),
        (text(json!({ "type": "offer", "sdp": "v=0", "sources": [{}] })), invalid, "mid"),
        (text(json!({ "type": "answer" })), invalid, "sdp"),
        (text(json!({ "type": "answer", "sdp": Client::new().1 })), invalid, "no offer of ours"),
        (text(json!({ "type": "candidate" })), invalid, "candidate"),
        (candidate(json!(7)), invalid, "candidate must be"),
        (candidate(json!("mDNS")), invalid, "candidate"),
        (candidate(json!("x".repeat(17_000))), invalid, "16384"),
        (text(json!({ "type": "view" })), invalid, "slots"),
        (view(json!([{}])), invalid, "mid"),
        (view(json!([{ "mid": "2", "user_id": "nobody" }])), invalid, "id"),
        (view(json!([{ "mid": "2", "user_id": stranger }])), "NOT_FOUND", "user"),
        (view(json!([{ "mid": "2", "source": "smell" }])), invalid, "smell"),
        (view(json!([{ "mid": "2", "width": -1 }])), invalid, "-1"),
        (view(json!(vec![json!({ "mid": "2" }); 65])), invalid, "64"),
        (text(auth(&tom.media_token)), invalid, "already"),
    ] {
        socket.send(Message::text(sent.clone())).await;
        let answer = socket.next().await;
        assert_like(&answer, &error(code));
        let message = answer["message"].as_str().unwrap().to_lowercase();
        assert!(message.contains(&named.to_lowercase()), "{sent:.80}: {message}");
    }
    socket.send(Message::binary(b"{}".to_vec())).await;
    assert_eq!(socket.next().await["message"], "frames must be text");
    socket.connect().await;
}

#[tokio::test]
async fn whoever_shows_no_token_is_sent_away() {
    let server = Server::start().await;
    let (_, tom) = tom_in_a_room(&server).await;
    let large = json!({ "type": "auth", "media_token": "x".repeat(17_000) }).to_string();
    for (first, code) in [
        (Message::text("hello"), "VALIDATION_ERROR"),
        (Message::text("{}"), "VALIDATION_ERROR"),
        (Message::text(r#"{"type":"auth"}"#), "VALIDATION_ERROR"),
        (Message::text(large), "VALIDATION_ERROR"),
        (Message::binary(auth(&tom.media_token).to_string()), "VALIDATION_ERROR"),
        (Message::text(r#"{"type":"offer","sdp":"v=0"}"#), "AUTH_FAILED"),
        (Message::text(r#"{"type":"answer","sdp":"v=0"}"#), "AUTH_FAILED"),
        (Message::text(r#"{"type":"candidate","candidate":null}"#), "AUTH_FAILED"),
        (Message::text(r#"{"type":"view","slots":[]}"#), "AUTH_FAILED"),
    ] {
        let mut socket = MediaSocket::open(&server, "").await;
        socket.send(first).await;
        assert_like(&socket.next().await, &error(code));
        assert_eq!(socket.closed().await, (4003, code.to_owned()));
    }
}

#[tokio::test]
async fn whoever_says_nothing_for_ten_seconds_is_sent_away() {
    let server = Server::start().await;
    let began = std::time::Instant::now();
    let mut socket = MediaSocket::open(&server, "").await;
    assert_like(&socket.next().await, &error("AUTH_FAILED"));
    assert_eq!(socket.closed().await, (4003, "AUTH_FAILED".to_owned()));
    assert!(began.elapsed() >= Duration::from_secs(9), "not before");
}

#[tokio::test]
async fn only_a_living_media_token_of_this_session_opens_it() {
    let server = Server::start().await;
    let (_, tom) = tom_in_a_room(&server).await;
    let forged = format!("{}x", tom.media_token);
    for token in ["", "x", "a.b.c", "%ff", &forged, &tom.whose.token] {
        assert_eq!(knock(&server, token).await, dead(), "{token}");
    }
    let mut socket = MediaSocket::open(&server, "").await;
    socket.say(auth(&tom.whose.token)).await;
    assert_eq!((socket.refused().await, socket.closed().await), dead());
    // Two tokens are none.
    let twice = format!("{0}&token={0}", tom.media_token);
    assert_eq!(knock(&server, &twice).await, dead());
    // Nor is a media token an access token.
    let claimed = server.bearer(&tom.media_token).get("/api/v1/users/@me").await;
    assert_eq!(claimed.status, 401);
    // Of a session that is over, also when its person is back in the same room.
    tom.whose.ask(&tom.room, "voice/leave").await.expect(204);
    assert_eq!(knock(&server, &tom.media_token).await, dead());
    let again = tom.whose.enter(&tom.room).await;
    assert_eq!(knock(&server, &tom.media_token).await, dead());
    again.media().await;
    // Of another life of the server.
    let server = server.restart().await;
    assert_eq!(knock(&server, &again.media_token).await, dead());
}

#[tokio::test]
async fn an_expired_token_is_told_apart() {
    let media_tokens = MediaTokenTimes { lifetime: Duration::ZERO, ..MediaTokenTimes::default() };
    let server = Server::with(Setup { media_tokens, ..Setup::default() }).await;
    let (_, tom) = tom_in_a_room(&server).await;
    let expired = ("AUTH_EXPIRED".to_owned(), (4004, "AUTH_EXPIRED".to_owned()));
    assert_eq!(knock(&server, &tom.media_token).await, expired);
}

#[tokio::test]
async fn a_refreshed_token_opens_it_too() {
    let server = Server::start().await;
    let (_, tom) = tom_in_a_room(&server).await;
    let token = tom.refreshed(&tom.room).await;
    assert_ne!(token, tom.media_token);
    MediaSocket::ready(&server, &token).await.connect().await;
    tom.media().await;
}

#[tokio::test]
async fn it_is_a_websocket() {
    let server = Server::start().await;
    let reply = server.nobody().get("/media/v1").await;
    assert_eq!(reply.header("upgrade"), Some("websocket"));
    let error = json!({
        "code": "UPGRADE_REQUIRED", "message": "<text>", "retry_after_ms": null,
        "missing_permission": null,
    });
    assert_like(&reply.expect(426), &json!({ "error": error }));
}

#[tokio::test]
async fn whoever_comes_back_offers_anew_on_the_same_session() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let zoe = maya.join(&tom.room).await;
    let mut told = zoe.follow().await;
    let mut socket = tom.media().await;
    let peer = socket.connect().await;
    drop((socket, peer));
    let mut socket = tom.media().await;
    socket.connect().await;
    // Nobody was told anything of it.
    zoe.state(json!({ "mute": true })).await.expect(200);
    assert_eq!(told.expect("member.updated").await["user_id"], maya.uuid());
}

#[tokio::test]
async fn a_socket_that_is_gone_for_ten_seconds_takes_its_session_along() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let other = maya.room("other").await;
    let omar = server.account("omar").await.enter(&tom.room).await;
    let zoe = server.account("zoe").await.enter(&tom.room).await;
    let (mut zoes, omars) = (zoe.media().await, omar.media().await);
    // Of two, the one that goes first does not matter.
    let toms = [tom.media().await, tom.media().await];
    // Links go along: Zoe has nothing but an open socket, and stays.
    maya.moves(&zoe.whose, &tom.room, &other).await;
    maya.moves(&omar.whose, &tom.room, &other).await;
    let (token, lena) = (omar.refreshed(&other).await, server.account("lena").await);
    let mut here = lena.join(&tom.room).await.follow().await;
    let mut there = maya.join(&other).await.follow().await;
    for socket in toms.into_iter().chain([omars]) {
        drop(socket);
    }
    for (who, stream) in [(&tom, &mut here), (&omar, &mut there)] {
        let left = stream.expect("member.left").await;
        assert_eq!(
            (&left["user_id"], &left["reason"]),
            (&json!(who.whose.uuid()), &json!("timeout"))
        );
    }
    for token in [&tom.media_token, &token] {
        assert_eq!(knock(&server, token).await, dead());
    }
    zoes.connect().await;
}

#[tokio::test]
async fn two_sockets_live_side_by_side_and_answers_go_to_who_asked() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let (mut first, mut second) = (tom.media().await, tom.media().await);
    let _peer = first.connect().await;
    second.send(Message::text("?")).await;
    assert_like(&second.next().await, &error("VALIDATION_ERROR"));
    maya.act_on(&tom.room, "voice/kick", &tom.whose).await.expect(204);
    for socket in [&mut first, &mut second] {
        assert_eq!(socket.closed().await, (4009, "kicked".to_owned()));
    }
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_socket_and_not_the_session() {
    let server = Server::start().await;
    let (_, tom) = tom_in_a_room(&server).await;
    let mut socket = tom.media().await;
    socket.send(Message::text("x".repeat(257 * 1024))).await;
    socket.wire().cut_off().await;
    tom.media().await;
}

/// What becomes of Tom's socket by something, and of his token after it.
async fn ended_by(
    what: impl AsyncFnOnce(&Server, &Person, &VoxMember),
) -> ((u16, String), Server, VoxMember) {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let mut socket = tom.media().await;
    let _peer = socket.connect().await;
    what(&server, &maya, &tom).await;
    (socket.closed().await, server, tom)
}

#[tokio::test]
async fn a_kick_closes_it_and_the_token_is_dead() {
    let (closed, server, tom) = ended_by(async |_, maya, tom| {
        maya.act_on(&tom.room, "voice/kick", &tom.whose).await.expect(204);
    })
    .await;
    assert_eq!(closed, (4009, "kicked".to_owned()));
    assert_eq!(knock(&server, &tom.media_token).await, dead());
}

#[tokio::test]
async fn every_end_of_the_session_closes_it_with_its_reason() {
    for (end, reason) in [("leave", "left"), ("delete", "channel_deleted"), ("elsewhere", "moved")]
    {
        let (closed, server, tom) = ended_by(async |_, maya, tom| match end {
            "leave" => drop(tom.whose.ask(&tom.room, "voice/leave").await.expect(204)),
            "delete" => {
                let path = format!("/api/v1/rooms/{}", tom.room.id);
                maya.delete(&path).await.expect(204);
            }
            // By a dialect that takes people out of where they are.
            _ => {
                let other = maya.room("other").await;
                tom.whose.join(&other).await;
            }
        })
        .await;
        assert_eq!(closed, (4009, reason.to_owned()));
        assert_eq!(knock(&server, &tom.media_token).await, dead(), "{end}");
    }
}

#[tokio::test]
async fn a_ban_closes_it_within_the_poll() {
    let (closed, server, tom) = ended_by(async |server, _, tom| {
        let account = AccountId(tom.whose.user().0);
        server.store.ban(account, Some("spam"), app::now().wall).await.unwrap();
    })
    .await;
    assert_eq!(closed, (4009, "banned".to_owned()));
    let banned = ("BANNED".to_owned(), (4004, "BANNED".to_owned()));
    assert_eq!(knock(&server, &tom.media_token).await, banned);
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let (closed, ..) = ended_by(async |server, _, _| server.app.shut_down().await).await;
    assert_eq!(closed, (4008, "server_shutdown".to_owned()));
}

#[tokio::test]
async fn a_socket_without_a_token_does_not_hold_up_the_end() {
    let server = Server::start().await;
    let _silent = MediaSocket::open(&server, "").await;
    server.app.shut_down().await;
    assert!(server.app.sockets.is_empty());
}

/// The slots frame in which somebody is in the only section.
fn bound(who: &VoxMember, session: &Value) -> impl Fn(&Value) -> bool {
    let (user, session) = (who.whose.id.clone(), session.clone());
    move |frame| {
        let slot = &frame["slots"][0];
        frame["type"] == "slots"
            && slot["kind"] == "audio"
            && slot["user_id"] == user
            && slot["session_id"] == session
            && slot["source"] == "microphone"
    }
}

fn speaking(who: &VoxMember, speaking: bool) -> Value {
    json!({ "type": "speaking", "user_id": who.whose.id, "speaking": speaking })
}

#[tokio::test]
async fn slots_and_speaking_are_told_to_whoever_asks_for_them() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let maya = maya.enter(&tom.room).await;
    let mut hers = maya.media_with_events().await;
    let mut strict = maya.media().await;
    let _ears = hers.connect().await;
    let mut his =
        MediaSocket::open(&server, &format!("?token={}&events=true", tom.media_token)).await;
    let session = his.expect("ready").await["session_id"].clone();
    let voice = his.connect().await;
    voice.talk(true);
    let (mut is_bound, mut is_heard) = (false, false);
    // In whichever order.
    hers.until(|frame| {
        is_bound |= bound(&tom, &session)(frame);
        is_heard |= *frame == speaking(&tom, true);
        is_bound && is_heard
    })
    .await;
    his.until(|frame| *frame == speaking(&tom, true)).await;
    // Who comes while he speaks is told, too, and what is in each section.
    let mut late = maya.media_with_events().await;
    assert_eq!(late.expect("speaking").await, speaking(&tom, true));
    assert!(bound(&tom, &session)(&late.expect("slots").await));
    // Muted by a moderator he is silent at once, whatever he sends.
    let mute = json!({ "user_id": tom.whose.id, "muted": true });
    maya.whose.post(&tom.room.vox("voice/mute"), mute).await.expect(204);
    for socket in [&mut hers, &mut late, &mut his] {
        socket.until(|frame| *frame == speaking(&tom, false)).await;
    }
    // The strict one has been told nothing all the time.
    strict.send(Message::text("?")).await;
    assert_like(&strict.next().await, &error("VALIDATION_ERROR"));
}

#[tokio::test]
async fn who_leaves_in_the_middle_of_a_word_has_ceased_to_speak() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let maya = maya.enter(&tom.room).await;
    let mut hers = maya.media_with_events().await;
    let voice = tom.media().await.connect().await;
    voice.talk(true);
    hers.until(|frame| *frame == speaking(&tom, true)).await;
    tom.whose.ask(&tom.room, "voice/leave").await.expect(204);
    hers.until(|frame| *frame == speaking(&tom, false)).await;
}

#[tokio::test]
async fn a_session_that_is_moved_goes_on_over_its_socket() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let other = maya.room("other").await;
    let mut socket = tom.media().await;
    let peer = socket.connect().await;
    maya.moves(&tom.whose, &tom.room, &other).await;
    // The token of the room he was in is dead, and another one is good.
    assert_eq!(knock(&server, &tom.media_token).await, dead());
    let token = tom.refreshed(&other).await;
    MediaSocket::ready(&server, &token).await;
    // Signalling goes on, and so do ends.
    socket.offer(&Client::new().1).await;
    drop(peer);
    maya.act_on(&other, "voice/kick", &tom.whose).await.expect(204);
    assert_eq!(socket.closed().await, (4009, "kicked".to_owned()));
    assert_eq!(knock(&server, &token).await, dead());
}

#[tokio::test]
async fn there_and_back_again() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let other = maya.room("other").await;
    let mut socket = tom.media().await;
    for (from, to) in [(&tom.room, &other), (&other, &tom.room)].repeat(3) {
        maya.moves(&tom.whose, from, to).await;
        assert_eq!(maya.participants(&from.uuid).await, Vec::<Value>::new());
        assert_eq!(maya.participants(&to.uuid).await[0]["user_id"], tom.whose.uuid());
    }
    // It is the room that the token is for.
    MediaSocket::ready(&server, &tom.media_token).await;
    socket.connect().await;
    tom.whose.ask(&tom.room, "voice/leave").await.expect(204);
    assert_eq!(socket.closed().await, (4009, "left".to_owned()));
}

/// Waits until somebody hears what is said after this moment.
async fn hears(who: &mut Peer, whom: &Peer) {
    who.hear_later_than(whom.said()).await;
}

#[tokio::test]
async fn sound_follows_a_move_on_the_same_peer_connection() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let other = maya.room("other").await;
    let zoe = server.account("zoe").await.enter(&other).await;
    let maya = maya.enter(&tom.room).await;
    let (mut hers, mut zoes) = (maya.media_with_events().await, zoe.media_with_events().await);
    let (mut ears, mut there) = (hers.connect().await, zoes.connect().await);
    let mut socket = tom.media().await;
    let mut voice = socket.connect().await;
    voice.talk(true);
    hears(&mut ears, &voice).await;
    hers.until(|frame| *frame == speaking(&tom, true)).await;
    assert_eq!(there.heard(), Vec::<u32>::new(), "nobody hears another room");
    maya.whose.moves(&tom.whose, &tom.room, &other).await;
    let moved = voice.said();
    hears(&mut there, &voice).await;
    zoes.until(|frame| *frame == speaking(&tom, true)).await;
    hers.until(|frame| *frame == speaking(&tom, false)).await;
    hears(&mut there, &voice).await;
    // What was on its way has arrived long since.
    let late: Vec<u32> = ears.heard().into_iter().filter(|number| *number > moved).collect();
    assert_eq!(late, Vec::<u32>::new(), "after the reply nothing more reached the old room");
    // The way back, too.
    there.talk(true);
    hears(&mut voice, &there).await;
}

#[tokio::test]
async fn whoever_is_moved_is_told_who_speaks_there() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let other = maya.room("other").await;
    let zoe = server.account("zoe").await.enter(&other).await;
    let maya = maya.enter(&tom.room).await;
    let mut his = tom.media_with_events().await;
    let _ears = his.connect().await;
    let (here, there) = (maya.media().await.connect().await, zoe.media().await.connect().await);
    let mut zoes = zoe.media_with_events().await;
    here.talk(true);
    there.talk(true);
    his.until(|frame| *frame == speaking(&maya, true)).await;
    zoes.until(|frame| *frame == speaking(&zoe, true)).await;
    maya.whose.moves(&tom.whose, &tom.room, &other).await;
    let told = his.until(|frame| *frame == speaking(&zoe, true)).await;
    assert!(told.contains(&speaking(&maya, false)), "{told:?}");
}

/// Waits until so many packets were held back; says how many were by then.
async fn held_back(server: &Server, packets: u64) -> u64 {
    loop {
        let gated = server.app.media.stats().await.core.gated;
        if gated >= packets {
            return gated;
        }
    }
}

#[tokio::test]
async fn a_listener_of_a_stage_is_heard_by_nobody() {
    let server = Server::start().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    let stage = maya.stage("hall").await;
    let (maya, tom) = (maya.enter(&stage).await, tom.enter(&stage).await);
    let mut ears = maya.media().await.connect().await;
    let voice = tom.media().await.connect().await;
    voice.talk(true);
    // So many of his packets, the first ones, have come in and gone nowhere.
    let gated = soon("packets held back", held_back(&server, 25)).await;
    maya.whose.act_on(&stage, "stage/invite", &tom.whose).await.expect(204);
    let yes = json!({ "accepted": true });
    tom.whose.post(&stage.vox("stage/invite/respond"), yes).await.expect(204);
    let first = ears.hear().await;
    assert!(u64::from(first) > gated, "{first} of {gated}");
    maya.whose.act_on(&stage, "stage/revoke", &tom.whose).await.expect(204);
    let revoked = voice.said();
    voice.say_more(25).await;
    let late: Vec<u32> = ears.heard().into_iter().filter(|number| *number > revoked).collect();
    assert_eq!(late, Vec::<u32>::new(), "after the reply");
}

#[tokio::test]
async fn a_media_token_opens_no_event_stream() {
    let server = Server::start().await;
    let (maya, tom) = tom_in_a_room(&server).await;
    let session = maya.participants(&tom.room.uuid).await[0]["session_id"].clone();
    let path = format!("/voice/sessions/{}/events", session.as_str().unwrap());
    let (status, _) = Events::refused(&server, &path, Some(&tom.media_token)).await;
    assert_eq!(status, 401);
}
