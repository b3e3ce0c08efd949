//! The examples of seed 002, key by key.

use serde_json::{Value, json};

use crate::harness::{Client, Server, assert_like, offer};

#[tokio::test]
async fn join_answers_session_endpoint_and_ice_servers() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let body = json!({ "channel_id": room.uuid, "mute": false, "deaf": false });
    let reply = maya.post("/voice/join", body).await.expect(200);
    let endpoint = format!("127.0.0.1:{}", server.app.media.local_port());
    assert_like(
        &reply,
        &json!({
            "session_id": "<uuid>",
            "server_endpoint": endpoint,
            "ice_servers": [{
                "urls": [format!("stun:{endpoint}")],
                "username": "<text>",
                "credential": "<text>",
            }],
        }),
    );
    // TURN REST: made for this account, and it expires.
    let username = reply["ice_servers"][0]["username"].as_str().unwrap();
    let (expiry, of) = username.split_once(':').unwrap();
    assert_eq!(of, maya.user().to_string());
    let expiry: i64 = expiry.parse().unwrap();
    let now = app::now().wall.as_secs();
    assert!((now + 3600..=now + 48 * 3600).contains(&expiry), "{expiry}");
}

#[tokio::test]
async fn mute_and_deaf_are_false_unless_given_and_hold_from_the_join() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    for (given, mute, deaf) in [
        (json!({}), false, false),
        (json!({ "mute": true }), true, false),
        (json!({ "deaf": true }), false, true),
        (json!({ "mute": true, "deaf": true }), true, true),
    ] {
        maya.join_with(&room.uuid, given.clone()).await;
        let found = &maya.participants(&room.uuid).await[0];
        assert_eq!((&found["mute"], &found["deaf"]), (&json!(mute), &json!(deaf)), "{given}");
    }
}

#[tokio::test]
async fn state_answers_what_holds_now() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let session = maya.join(&room).await;
    let like = |mute: bool, deaf: bool| {
        json!({
            "session_id": session.id, "channel_id": room.uuid, "mute": mute, "deaf": deaf,
            "server_mute": false, "server_deaf": false,
        })
    };
    for (change, mute, deaf) in [
        (json!({ "mute": true, "deaf": false }), true, false),
        (json!({ "deaf": true }), true, true),
        (json!({ "mute": false }), false, true),
        (json!({}), false, true),
        (json!({ "mute": null, "deaf": false }), false, false),
    ] {
        let reply = session.state(change.clone()).await.expect(200);
        assert_like(&reply, &like(mute, deaf));
        let found = &maya.participants(&room.uuid).await[0];
        assert_eq!((&found["mute"], &found["deaf"]), (&json!(mute), &json!(deaf)), "{change}");
    }
}

#[tokio::test]
async fn leave_answers_nothing_once_and_404_ever_after() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.room("lounge").await;
    let session = maya.join(&room).await;
    assert_eq!(session.leave().await.expect(204), Value::Null);
    assert_eq!(maya.participants(&room.uuid).await, Vec::<Value>::new());
    let unknown = json!({ "error": "Unknown session" });
    assert_eq!(session.leave().await.expect(404), unknown);
    assert_eq!(session.state(json!({ "mute": true })).await.expect(404), unknown);
    assert_eq!(
        session.signal(json!({ "type": "offer", "sdp": offer() })).await.expect(404),
        unknown
    );
}

#[tokio::test]
async fn an_offer_is_answered_with_all_candidates_in_every_section() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    let (mut client, offer) = Client::new();
    let reply = session.signal(json!({ "type": "offer", "sdp": offer })).await.expect(200);
    assert_like(&reply, &json!({ "session_id": session.id, "type": "answer", "sdp": "<text>" }));
    let sdp = reply["sdp"].as_str().unwrap();
    let port = server.app.media.local_port();
    let sections: Vec<&str> = sdp.split("\r\nm=").skip(1).collect();
    assert_eq!(sections.len(), 3);
    for section in sections {
        assert!(section.contains(&format!(" 127.0.0.1 {port} typ host")), "{section}");
        assert!(section.contains("a=end-of-candidates"), "{section}");
    }
    client.accept(sdp);
    // A further offer renegotiates the same connection.
    let again = client.offer_again();
    let reply = session.signal(json!({ "type": "offer", "sdp": again })).await.expect(200);
    client.accept(reply["sdp"].as_str().unwrap());
}

#[tokio::test]
async fn candidates_are_taken_in_every_form() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    session.signal(json!({ "type": "offer", "sdp": offer() })).await.expect(200);
    let line = "candidate:1 1 udp 2130706431 192.0.2.7 40000 typ host";
    let mdns =
        "candidate:1 1 udp 2130706431 0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11.local 40000 typ host";
    for candidate in [
        json!({ "candidate": line, "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd" }),
        json!({ "candidate": line, "sdpMid": null, "sdpMLineIndex": null }),
        json!(line),
        json!({ "candidate": mdns, "sdpMid": "0", "sdpMLineIndex": 0 }),
        json!({ "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0 }),
        json!(null),
    ] {
        let body = json!({ "type": "ice", "candidate": candidate });
        let reply = session.signal(body).await.expect(200);
        assert_like(&reply, &json!({ "session_id": session.id, "type": "ice" }));
    }
    // Without the key at all: the end of candidates, too.
    session.signal(json!({ "type": "ice" })).await.expect(200);
}

#[tokio::test]
async fn an_answer_without_an_offer_of_ours_is_refused_with_the_reason() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    session.signal(json!({ "type": "offer", "sdp": offer() })).await.expect(200);
    let refused = session.signal(json!({ "type": "answer", "sdp": offer() })).await.expect(400);
    assert_eq!(refused, json!({ "error": "no offer of ours is open" }));
}

#[tokio::test]
async fn bad_sdp_is_refused_with_what_is_wrong() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let session = maya.join(&maya.room("lounge").await).await;
    let missing = session.signal(json!({ "type": "offer" })).await.expect(400);
    assert_eq!(missing, json!({ "error": "sdp is missing" }));
    let good = offer();
    let without = |prefix: &str| {
        let kept = good.lines().filter(|line| !line.starts_with(prefix));
        kept.map(|line| format!("{line}\r\n")).collect::<String>()
    };
    for (sdp, named) in [
        (String::new(), "SDP"),
        ("v=0...".to_owned(), "SDP"),
        (without("a=ice-ufrag"), "ice-ufrag"),
        (without("a=ice-pwd"), "ice-pwd"),
        (without("a=fingerprint"), "fingerprint"),
        ("v".repeat(app::SDP_LEN_MAX + 1), "longer"),
    ] {
        let refused = session.signal(json!({ "type": "offer", "sdp": sdp })).await.expect(400);
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(named), "{named}: {error}");
    }
    // None of it has hurt the session.
    session.signal(json!({ "type": "offer", "sdp": good })).await.expect(200);
}
