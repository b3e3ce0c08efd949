//! Tokens of the platform around us: its people and channels keep their own ids.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::harness::{Person, Room, Server, Setup, speech};

const SECRET: &str = "a secret that two services share";
const CHANNEL: &str = "7c9e6679-7425-40de-944b-e07fc1f90ae7";

async fn server() -> Server {
    Server::with(Setup { jwt_secret: Some(SECRET), ..Setup::default() }).await
}

fn token(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn claims(sub: &str, username: &str) -> Value {
    let now = app::now().wall.as_secs();
    json!({ "sub": sub, "username": username, "iat": now, "exp": now + 600 })
}

fn person(server: &Server, sub: &str, username: &str) -> Person {
    server.bearer(&token(&claims(sub, username), SECRET))
}

#[tokio::test]
async fn ids_of_the_platform_are_rendered_back_unchanged() {
    let server = server().await;
    // Any text is an id of a person, a UUID one of a channel.
    let (maya, omar) =
        (person(&server, "auth0|Maya-7", "Maya P."), person(&server, CHANNEL, "omar"));
    let first = maya.join_with(CHANNEL, json!({})).await;
    let mut events = first.open().await;
    let state = events.expect("state").await;
    assert_eq!(state["channel_id"], CHANNEL);
    let only = &state["participants"][0];
    assert_eq!((&only["user_id"], &only["username"]), (&json!("auth0|Maya-7"), &json!("Maya P.")));
    let second = omar.join_with(CHANNEL, json!({})).await;
    assert_eq!(events.expect("member.joined").await["user_id"], CHANNEL);
    assert_eq!(second.state(json!({ "mute": true })).await.expect(200)["channel_id"], CHANNEL);
    assert_eq!(events.expect("member.updated").await["user_id"], CHANNEL);
    let found = omar.participants(CHANNEL).await;
    let ids: Vec<&Value> = found.iter().map(|found| &found["user_id"]).collect();
    assert_eq!(ids, [&json!("auth0|Maya-7"), &json!(CHANNEL)]);
    second.leave().await.expect(204);
    assert_eq!(events.expect("member.left").await["user_id"], CHANNEL);
}

#[tokio::test]
async fn who_speaks_in_a_talk_room_keeps_their_own_id_here() {
    let speech = Some(app::UploadLimits::default());
    let server = Server::with(Setup { jwt_secret: Some(SECRET), speech, ..Setup::default() }).await;
    let omar = server.account("omar").await;
    let room = omar.talk("den", None).await;
    let maya = person(&server, "auth0|Maya-7", "Maya P.").sees(&room);
    maya.join().await;
    let session = omar.join(&room.room).await;
    let mut events = session.follow().await;
    maya.acquire().await.expect(200);
    assert_eq!(events.expect("floor").await["user_id"], "auth0|Maya-7");
    assert_eq!(session.follow_state().await["floor"]["user_id"], "auth0|Maya-7");
    maya.upload(&speech::file("speech.flac")).await.expect(200);
    assert_eq!(events.expect("caption").await["user_id"], "auth0|Maya-7");
    // STT Room knows people by our ids alone.
    let me = maya.who.get("/api/v1/auth/me").await.expect(200);
    assert_eq!(maya.get("messages").await.expect(200)[0]["sender_user_id"], me["id"]);
    assert_eq!(maya.online().await[0], me["id"].as_str().unwrap());
}

#[tokio::test]
async fn an_unknown_channel_is_made_on_the_first_join() {
    let server = server().await;
    let maya = person(&server, "maya", "maya");
    maya.join_with(CHANNEL, json!({})).await;
    maya.join_with(CHANNEL, json!({ "client": "phone" })).await;
    let rooms = maya.get("/api/v1/rooms?profile=voice").await.expect(200);
    let [room] = rooms.as_array().unwrap().as_slice() else { panic!("{rooms}") };
    let found = (&room["name"], &room["type"], &room["created_by"], &room["member_count"]);
    let wanted = (&json!("channel-7c9e6679"), &json!("voice"), &Value::Null, &json!(1));
    assert_eq!(found, wanted);
    // It is a room like any other: our own people find it by either id.
    let omar = server.account("omar").await;
    omar.join_with(CHANNEL, json!({})).await;
    let by_own = Room::new(room["room_id"].as_str().unwrap());
    assert_eq!(omar.participants(&by_own.uuid).await, omar.participants(CHANNEL).await);
    assert_eq!(omar.participants(CHANNEL).await.len(), 2);
}

#[tokio::test]
async fn the_same_channel_is_found_after_a_restart() {
    let server = server().await;
    let maya = person(&server, "maya", "maya");
    maya.join_with(CHANNEL, json!({})).await;
    let server = server.restart().await;
    let maya = server.bearer(&maya.token);
    maya.join_with(CHANNEL, json!({})).await;
    let rooms = maya.get("/api/v1/rooms?profile=voice").await.expect(200);
    assert_eq!(rooms.as_array().unwrap().len(), 1, "{rooms}");
}

#[tokio::test]
async fn our_own_people_make_no_channels() {
    let server = server().await;
    let omar = server.account("omar").await;
    let unknown = json!({ "error": "Unknown channel" });
    assert_eq!(omar.try_join(CHANNEL, json!({})).await.expect(404), unknown);
    let path = format!("/voice/channels/{CHANNEL}/participants");
    assert_eq!(omar.get(&path).await.expect(404), unknown);
    // Nor does the platform make rooms under ids of ours.
    let maya = person(&server, "maya", "maya");
    let ours = Room::new("12345").uuid;
    assert_eq!(maya.try_join(&ours, json!({})).await.expect(404), unknown);
    assert_eq!(omar.get("/api/v1/rooms?profile=all").await.expect(200), json!([]));
}

#[tokio::test]
async fn only_good_tokens_of_the_platform_count() {
    let server = server().await;
    let now = app::now().wall.as_secs();
    for (claims, secret, error) in [
        (claims("maya", "maya"), "another secret", "Missing or invalid token"),
        (claims("", "maya"), SECRET, "Missing or invalid token"),
        (json!({ "sub": "maya" }), SECRET, "Missing or invalid token"),
        (json!({ "exp": now + 60 }), SECRET, "Missing or invalid token"),
        (json!({ "sub": "maya", "exp": now - 1 }), SECRET, "Token has expired"),
        (
            json!({ "sub": "maya", "exp": now + 900, "nbf": now + 600 }),
            SECRET,
            "Missing or invalid token",
        ),
    ] {
        let reply = server.bearer(&token(&claims, secret)).try_join(CHANNEL, json!({})).await;
        assert_eq!(reply.expect(401), json!({ "error": error }), "{claims}");
    }
    // Without a name, the subject is one.
    let nameless = server.bearer(&token(&json!({ "sub": "maya", "exp": now + 60 }), SECRET));
    nameless.join_with(CHANNEL, json!({})).await;
    assert_eq!(nameless.participants(CHANNEL).await[0]["username"], "maya");
    let closed = Server::start().await;
    person(&closed, "maya", "maya").try_join(CHANNEL, json!({})).await.expect(401);
}

#[tokio::test]
async fn people_of_one_name_are_not_one() {
    let server = server().await;
    let (first, second) = (person(&server, "1", "maya"), person(&server, "2", "maya"));
    let own = server.account("maya").await;
    first.join_with(CHANNEL, json!({})).await;
    second.join_with(CHANNEL, json!({})).await;
    own.join_with(CHANNEL, json!({})).await;
    let found = own.participants(CHANNEL).await;
    let shown: Vec<_> = found.iter().map(|found| (&found["user_id"], &found["username"])).collect();
    let maya = json!("maya");
    let (one, two, ours) = (json!("1"), json!("2"), json!(own.uuid()));
    assert_eq!(shown, [(&one, &maya), (&two, &maya), (&ours, &maya)]);
    // An account of ours that the platform names is that account.
    person(&server, &own.uuid(), "anything").join_with(CHANNEL, json!({})).await;
    assert_eq!(own.participants(CHANNEL).await.len(), 3);
}

#[tokio::test]
async fn nobody_becomes_administrator_by_a_platforms_token() {
    let server = Server::bare(Setup { jwt_secret: Some(SECRET), ..Setup::default() }).await;
    let maya = person(&server, "maya", "maya");
    assert_eq!(maya.get("/api/v1/users/@me").await.expect(200)["roles"], json!([]));
    // The first account of our own does.
    let omar = server.account("omar").await;
    assert_ne!(omar.get("/api/v1/users/@me").await.expect(200)["roles"], json!([]));
}
