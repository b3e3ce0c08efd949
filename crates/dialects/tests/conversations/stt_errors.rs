//! Every route of STT Room with everything that can be wrong about a request, in its shape.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{FORM, Person, Reply, Server, Setup, Talk, assert_like, form};
use crate::stt_seed::pair;

/// A UUID that is not one of ours.
const FOREIGN: &str = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
/// The largest body that is no recording.
const JSON_MAX: usize = 64 * 1024;

/// What follows `/api/v1/rooms/{id}/`, by method.
const GETS: [&str; 3] = ["participants", "messages", "transcript"];
const POSTS: [&str; 5] =
    ["join", "leave", "speaker/acquire", "speaker/release", "speaker/heartbeat"];

fn refused(code: &str) -> Value {
    json!({ "detail": "<text>", "message": "<text>", "code": code })
}

#[track_caller]
fn check(case: &str, reply: Reply, status: u16, code: &str) -> String {
    let body = reply.body.clone();
    assert_eq!((reply.status, &body["code"]), (status, &json!(code)), "{case}: {body}");
    assert_like(&body, &refused(code));
    assert_eq!(body["detail"], body["message"], "{case}");
    body["detail"].as_str().unwrap().to_owned()
}

async fn ask(who: &Person, method: &Method, path: &str) -> Reply {
    let body = (*method == Method::POST).then(|| b"{}".to_vec());
    who.send(method.clone(), path, body).await
}

/// All routes with a room in them, but the socket.
fn routes(room: &str) -> Vec<(Method, String)> {
    let path = |what: &&str| format!("/api/v1/rooms/{room}/{what}");
    let gets = GETS.iter().map(|what| (Method::GET, path(what)));
    let posts = POSTS.iter().chain(&["stt"]).map(|what| (Method::POST, path(what)));
    gets.chain(posts).collect()
}

#[tokio::test]
async fn without_a_good_token_nothing_is_done() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    let mut all = routes(&maya.room.uuid);
    all.push((Method::GET, "/api/v1/auth/me".to_owned()));
    for (method, path) in all {
        for token in ["", "x", &format!("{}x", maya.who.token), &"a".repeat(9000)] {
            let reply = ask(&server.bearer(token), &method, &path).await;
            check(&path, reply, 401, "UNAUTHORIZED");
        }
    }
}

#[tokio::test]
async fn ids_that_are_none_are_422_and_ids_of_nothing_404() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    for id in
        ["me", "-1", "1.5", "99999999999999999999", "0b5c9d7e3f1a4b6e9a510d3f6a2b7c1", "%20", "%ff"]
    {
        for (method, path) in routes(id) {
            let text = check(id, ask(&maya.who, &method, &path).await, 422, "VALIDATION_ERROR");
            assert!(text.contains("room_id") || id == "%ff", "{path}: {text}");
        }
    }
    for id in [FOREIGN, "1", "9223372036854775807"] {
        for (method, path) in routes(id) {
            let text = check(id, ask(&maya.who, &method, &path).await, 404, "ROOM_NOT_FOUND");
            assert_eq!(text, "Room not found", "{path}");
        }
    }
}

#[tokio::test]
async fn ids_in_either_form_name_the_same() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    for (by_uuid, by_number) in routes(&maya.room.uuid).iter().zip(routes(&maya.room.id)) {
        let (first, second) = (
            ask(&maya.who, &by_uuid.0, &by_uuid.1).await,
            ask(&maya.who, &by_number.0, &by_number.1).await,
        );
        assert_eq!(first.status, second.status, "{by_number:?}");
    }
    maya.who
        .get(&format!("/api/v1/rooms/{}/messages", maya.room.uuid.to_uppercase()))
        .await
        .expect(200);
}

#[tokio::test]
async fn what_is_no_object_is_refused() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    let mut paths: Vec<String> = POSTS.iter().map(|what| maya.path(what)).collect();
    paths.push("/api/v1/auth/signup".to_owned());
    for path in paths {
        let deep = "[".repeat(10_000);
        for body in ["{", "nonsense", "[]", "7", "\"text\"", "\u{0}", &deep] {
            let reply = maya.who.send(Method::POST, &path, Some(body.into())).await;
            check(&format!("{path} {body}"), reply, 422, "VALIDATION_ERROR");
        }
        let reply = maya.who.send(Method::POST, &path, Some(vec![b'{', b'"', 0xff])).await;
        check(&path, reply, 422, "VALIDATION_ERROR");
        let large = Some(vec![b' '; JSON_MAX + 1]);
        check(&path, maya.who.send(Method::POST, &path, large).await, 413, "FILE_TOO_LARGE");
    }
}

#[tokio::test]
async fn keys_that_cannot_be_are_named() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("den", Some("sesame")).await;
    let (signup, rooms, join) = ("/api/v1/auth/signup", "/api/v1/rooms", &room.path("join"));
    let long = |length: usize| "é".repeat(length);
    for (path, body, named) in [
        (signup, json!({}), "email"),
        (signup, json!(null), "email"),
        (signup, json!({ "email": "lena" }), "password"),
        (signup, json!({ "email": null, "password": "horse" }), "email"),
        (signup, json!({ "email": 7, "password": "horse" }), "email"),
        (signup, json!({ "email": "", "password": "horse" }), "email"),
        (signup, json!({ "email": " lena", "password": "horse" }), "email"),
        (signup, json!({ "email": "le\nna", "password": "horse" }), "email"),
        (signup, json!({ "email": long(255), "password": "horse" }), "email"),
        (signup, json!({ "email": "lena", "password": ["horse"] }), "password"),
        (signup, json!({ "email": "lena", "password": "abc" }), "password"),
        (signup, json!({ "email": "lena", "password": long(129) }), "password"),
        (signup, json!({ "email": "lena", "password": "horse", "setup_code": "x" }), "code"),
        (rooms, json!({ "title": 7 }), "title"),
        (rooms, json!({ "title": "" }), "title"),
        (rooms, json!({ "title": "  " }), "title"),
        (rooms, json!({ "title": "a\u{0}b" }), "title"),
        (rooms, json!({ "title": long(101) }), "title"),
        (rooms, json!({ "title": "den", "password": 7 }), "password"),
        (rooms, json!({ "title": "den", "password": "" }), "password"),
        (rooms, json!({ "title": "den", "password": long(129) }), "password"),
        (join, json!({ "password": 7 }), "password"),
        (join, json!({ "password": {} }), "password"),
    ] {
        let text =
            check(&body.to_string(), maya.post(path, body.clone()).await, 422, "VALIDATION_ERROR");
        assert!(text.contains(named), "{body}: {text}");
    }
    // Up to its limits, each of them will do.
    maya.post(signup, json!({ "email": long(254), "password": "four" })).await.expect(201);
    maya.post(signup, json!({ "email": "any name!", "password": long(128) })).await.expect(201);
    let body = json!({ "title": long(100), "password": long(128), "unknown": true });
    maya.post(rooms, body).await.expect(201);
    maya.post(rooms, json!({ "title": "x", "password": "y" })).await.expect(201);
}

#[tokio::test]
async fn parameters_out_of_range_are_named() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("den", None).await;
    room.join().await;
    let (rooms, messages) = ("/api/v1/rooms".to_owned(), room.path("messages"));
    for (path, most) in [(&rooms, 100), (&messages, 500)] {
        for query in ["limit=0", "limit=-1", "limit=", "limit=ten", "limit=1.5", "limit=1&limit=2"]
        {
            let reply = maya.get(&format!("{path}?{query}")).await;
            let text = check(query, reply, 422, "VALIDATION_ERROR");
            assert!(text.contains("limit"), "{query}: {text}");
        }
        let reply = maya.get(&format!("{path}?limit={}", most + 1)).await;
        let text = check("too many", reply, 422, "VALIDATION_ERROR");
        assert_eq!(text, format!("limit must be 1 to {most}"));
        for query in ["offset=-1", "offset=", "offset=x", "offset=99999999999999999999"] {
            let reply = maya.get(&format!("{path}?{query}")).await;
            let text = check(query, reply, 422, "VALIDATION_ERROR");
            assert!(text.contains("offset"), "{query}: {text}");
        }
        for query in ["limit=1", &format!("limit={most}"), "offset=0", "other=1"] {
            maya.get(&format!("{path}?{query}")).await.expect(200);
        }
        let past = maya.get(&format!("{path}?offset=18446744073709551615")).await.expect(200);
        assert_eq!(past, json!([]));
    }
    let reply = maya.get(&format!("{}?format=doc", room.path("transcript"))).await;
    assert!(check("format", reply, 422, "VALIDATION_ERROR").contains("format"));
}

#[tokio::test]
async fn a_word_belongs_to_one_account() {
    let server = Server::start().await;
    server.talker("maya").await;
    server.account("omar").await;
    let sign_up = |email: &str| json!({ "email": email, "password": "horse" });
    for email in ["maya@example.com", "MAYA@example.COM", "omar", "maya"] {
        let reply = server.nobody().post("/api/v1/auth/signup", sign_up(email)).await;
        check(email, reply, 409, "EMAIL_TAKEN");
    }
    // The name that an address gives may be taken; then it gets a number.
    let made = server.nobody().post("/api/v1/auth/signup", sign_up("omar@example.com")).await;
    let token = made.expect(201)["access_token"].as_str().unwrap().to_owned();
    let me = server.bearer(&token).get("/api/v1/users/@me").await.expect(200);
    let name = me["username"].as_str().unwrap();
    assert!(name.starts_with("omar") && name.len() > 4, "{name}");
    let vox = json!({ "username": "maya", "password": "correct horse" });
    let taken = server.nobody().post("/api/v1/auth/register", vox).await.expect(409);
    assert_eq!(taken["error"]["code"], "USERNAME_TAKEN");
}

#[tokio::test]
async fn outsiders_learn_and_do_nothing() {
    let server = Server::start().await;
    let (maya, _) = pair(&server).await;
    let zoe = server.talker("zoe").await.sees(&maya);
    for what in ["messages", "transcript"] {
        check(what, zoe.get(what).await, 403, "NOT_A_PARTICIPANT");
    }
    check("acquire", zoe.acquire().await, 403, "NOT_A_PARTICIPANT");
    for reply in [zoe.release().await, zoe.heartbeat().await, zoe.upload(b"RIFF").await] {
        assert_eq!(check("outside", reply, 403, "NOT_SPEAKER"), "NOT_SPEAKER");
    }
}

#[tokio::test]
async fn a_room_that_one_may_not_view_is_not_there() {
    let server = Server::start().await;
    let (maya, omar) = (server.account("maya").await, server.account("omar").await);
    let hidden = json!({ "permission_overrides": [{
        "target_type": "user", "target_id": omar.id, "allow": "0", "deny": "1",
    }] });
    let room = maya.room_with("hidden", hidden).await;
    for (method, path) in routes(&room.uuid) {
        check(&path, ask(&omar, &method, &path).await, 404, "ROOM_NOT_FOUND");
    }
    check("get", omar.get(&format!("/api/v1/rooms/{}", room.uuid)).await, 404, "ROOM_NOT_FOUND");
}

#[tokio::test]
async fn a_banned_account_is_told_so() {
    let server = Server::start().await;
    let (_, tom) = pair(&server).await;
    let account = model::AccountId(tom.who.user().0);
    server.store.ban(account, None, app::now().wall).await.unwrap();
    for (method, path) in routes(&tom.room.uuid) {
        check(&path, ask(&tom.who, &method, &path).await, 403, "BANNED");
    }
    let login = json!({ "email": tom.who.email(), "password": "horse" });
    let reply = server.nobody().post("/api/v1/auth/login", login).await;
    check("login", reply, 403, "BANNED");
}

#[tokio::test]
async fn limits_say_when_to_come_back() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let maya = server.talker("maya").await;
    let room: Talk = maya.talk("den", None).await;
    let slowed = async |path: &str, body: Value, good: u16| {
        for tried in 0..600 {
            let reply = maya.post(path, body.clone()).await;
            if reply.status == good {
                continue;
            }
            assert!(tried >= 18, "{path}: after {tried}");
            let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
            assert!((1..=10).contains(&seconds), "{path}: {seconds}");
            check(path, reply, 429, "RATE_LIMITED");
            return;
        }
        panic!("{path}: nothing slows it down");
    };
    slowed("/api/v1/rooms", json!({ "title": "den" }), 201).await;
    slowed(&room.path("join"), json!({}), 200).await;
    let guess = json!({ "email": "maya@example.com", "password": "wrong" });
    let guess = async || server.nobody().post("/api/v1/auth/login", guess.clone()).await;
    for _ in 0..5 {
        check("guess", guess().await, 401, "UNAUTHORIZED");
    }
    let reply = guess().await;
    assert!(reply.header("retry-after").is_some());
    check("guess", reply, 429, "RATE_LIMITED");
}

#[tokio::test]
async fn without_an_engine_speech_is_unavailable_and_the_rest_goes_on() {
    let server = Server::start().await;
    let (maya, tom) = pair(&server).await;
    maya.acquire().await.expect(200);
    // Asked before a byte of the form is looked at.
    for (media_type, body) in
        [(FORM, form(&[("name=\"file\"", "audio/wav", b"RIFF")])), ("text/plain", Vec::new())]
    {
        let reply = maya.upload_as(media_type, body).await;
        assert!(reply.header("retry-after").is_some());
        let text = check("upload", reply, 503, "STT_UNAVAILABLE");
        assert!(text.contains("switched off"), "{text}");
    }
    maya.heartbeat().await.expect(200);
    assert_eq!(tom.get("messages").await.expect(200), json!([]));
}

#[tokio::test]
async fn a_stopping_server_takes_nobody() {
    let server = Server::start().await;
    let maya = server.talker("maya").await;
    let room = maya.talk("den", None).await;
    server.app.shut_down().await;
    let reply = room.post("join", json!({})).await;
    assert!(reply.header("retry-after").is_some());
    check("join", reply, 503, "UNAVAILABLE");
}
