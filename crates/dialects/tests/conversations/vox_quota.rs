//! How often one may call Vox, and what its replies say of it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Server, Setup};

const ROOMS: &str = "/api/v1/rooms";
const ME: &str = "/api/v1/users/@me";
/// A room that is not there: nothing is done but counting.
const VOICE: &str = "/api/v1/rooms/1/voice";

/// A bucket as a reply tells it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Told {
    limit: u64,
    remaining: u64,
    /// Unix seconds.
    reset: i64,
}

#[track_caller]
fn number(reply: &Reply, name: &str) -> i64 {
    let value = reply.header(name).unwrap_or_else(|| panic!("no {name}: {reply:?}"));
    value.parse().unwrap_or_else(|_| panic!("{name}: {value}"))
}

#[track_caller]
fn told(reply: &Reply) -> Told {
    Told {
        limit: number(reply, "x-ratelimit-limit") as u64,
        remaining: number(reply, "x-ratelimit-remaining") as u64,
        reset: number(reply, "x-ratelimit-reset"),
    }
}

#[track_caller]
fn is_full(reply: &Reply, limit: u64) {
    let told = told(reply);
    assert_eq!((told.limit, told.remaining), (limit, limit), "{reply:?}");
    let now = app::now().wall.as_secs();
    assert!((now - 60..=now + 1).contains(&told.reset), "{told:?} at {now}");
}

async fn limited() -> Server {
    Server::with(Setup { rate_limits: true, ..Setup::default() }).await
}

/// Calls until it is refused; what was told before, and the refusal.
async fn exhaust(who: &Person, path: &str) -> (Vec<Told>, Reply) {
    let mut before = Vec::new();
    // The bucket fills while it is emptied: on a slow machine it takes a little more.
    for _ in 0..1000 {
        let reply = who.get(path).await;
        if reply.status == 429 {
            return (before, reply);
        }
        before.push(told(&reply));
    }
    panic!("{path}: nothing refuses {}", who.name);
}

#[tokio::test]
async fn each_kind_of_call_has_a_bucket_that_empties() {
    let server = limited().await;
    let maya = server.account("maya").await;
    for (path, limit, per_sec) in [(VOICE, 30, 1.0), ("/api/v1/rooms/1", 20, 0.5), (ME, 10, 0.2)] {
        let now = app::now().wall.as_secs();
        let (before, refused) = exhaust(&maya, path).await;
        assert!(before.len() >= limit as usize, "{path}: {}", before.len());
        assert_eq!(before[0].remaining, limit - 1, "{path}");
        let fills_within = (limit as f64 / per_sec) as i64 + 1;
        for told in &before {
            assert_eq!(told.limit, limit);
            assert!(told.reset > now, "{path}: {told:?}");
            assert!(told.reset <= app::now().wall.as_secs() + fills_within, "{path}: {told:?}");
        }
        assert_eq!(before.last().unwrap().remaining, 0, "{path}");
        let seconds = number(&refused, "retry-after");
        assert!(seconds >= 1 && seconds <= (1.0 / per_sec) as i64, "{path}: {seconds}");
        assert_eq!(told(&refused), Told { limit, remaining: 0, reset: told(&refused).reset });
        assert!(told(&refused).reset > now);
        let error = refused.expect(429)["error"].clone();
        assert_eq!(error["code"], "RATE_LIMITED");
        assert_eq!(error["missing_permission"], Value::Null);
        let millis = error["retry_after_ms"].as_i64().unwrap();
        assert!(millis >= 1 && millis <= seconds * 1000, "{path}: {millis}");
    }
}

/// Takes half of the calls about rooms. However slow this goes, the bucket is not full for a while.
async fn half_empty(who: &Person) -> Told {
    let mut last = told(&who.get("/api/v1/rooms/1").await);
    for _ in 0..10 {
        last = told(&who.get("/api/v1/rooms/1").await);
    }
    last
}

/// A call about rooms was counted once: the bucket is full two seconds later than it would have been.
/// What has come back meanwhile does not change that; rounding may, by one.
#[track_caller]
fn is_next(last: &mut Told, reply: &Reply) {
    let after = told(reply);
    let later = after.reset - last.reset;
    assert!((1..=3).contains(&later), "{later} s later: {reply:?}");
    *last = after;
}

#[tokio::test]
async fn a_bucket_is_one_accounts_for_one_kind() {
    let server = limited().await;
    let (maya, tom) = (server.account("maya").await, server.account("tom").await);
    exhaust(&maya, VOICE).await;
    // Something may have come back by now, but not much.
    let drained = |reply: Reply| assert!(told(&reply).remaining < 15, "{reply:?}");
    // All that is about being in a room shares the bucket, whatever it is and whether it is there.
    for path in ["voice/leave", "stage/request", "voice/token-refresh"] {
        drained(maya.post(&format!("{ROOMS}/2/{path}"), json!({})).await);
    }
    let body = json!({ "self_mute": true });
    drained(maya.post(&format!("{ROOMS}/1/voice/join"), body).await);
    assert_eq!(told(&maya.get(ME).await).remaining, 9);
    assert!(told(&maya.get("/api/v1/roles").await).remaining <= 9);
    assert_eq!(told(&maya.get(&format!("{ROOMS}?profile=all")).await).remaining, 19);
    assert_eq!(told(&tom.get(VOICE).await).remaining, 29);
    // It is the account's, not the token's.
    let body = json!({ "username": "maya", "password": "correct horse" });
    let login = server.nobody().post("/api/v1/auth/login", body).await.expect(200);
    drained(server.bearer(login["token"].as_str().unwrap()).get(VOICE).await);
}

#[tokio::test]
async fn one_request_is_one_call_and_refused_before_it_does_anything() {
    let server = limited().await;
    let maya = server.account("maya").await;
    let mut last = half_empty(&maya).await;
    let made = maya.post(ROOMS, json!({ "name": "den", "type": "voice" })).await;
    is_next(&mut last, &made);
    let path = format!("{ROOMS}/{}", made.expect(201)["room_id"].as_str().unwrap());
    for (status, body) in
        [(200, json!({ "name": "cave" })), (400, json!({ "colour": "red" })), (400, json!([]))]
    {
        let reply = maya.patch(&path, body).await;
        is_next(&mut last, &reply);
        reply.expect(status);
    }
    // Until it is refused it is done, and then no more.
    let tom = server.account("tom").await;
    let mut done = 0;
    while maya.patch(&path, json!({ "name": format!("cave {}", done + 1) })).await.status == 200 {
        done += 1;
    }
    let name = tom.get(&path).await.expect(200)["name"].clone();
    assert_eq!(name, format!("cave {done}"));
}

#[tokio::test]
async fn paths_that_are_shared_count_what_speaks_vox() {
    let server = limited().await;
    let maya = server.account("maya").await;
    let room = maya.talk("den", None).await.room;
    let uuid = format!("{ROOMS}/{}", room.uuid);
    let decimal = format!("{ROOMS}/{}", room.id);
    // STT Room's own requests: never counted, and no word of it.
    for _ in 0..40 {
        for reply in [maya.get(ROOMS).await, maya.get(&uuid).await] {
            assert_eq!(reply.header("x-ratelimit-limit"), None);
            reply.expect(200);
        }
        maya.post(ROOMS, json!({ "title": 7 })).await.expect(422);
    }
    assert_eq!(told(&maya.get(&decimal).await).remaining, 19);
    let mut last = half_empty(&maya).await;
    is_next(&mut last, &maya.get(&decimal).await);
    is_next(&mut last, &maya.get(&format!("{ROOMS}?profile=talk")).await);
    is_next(&mut last, &maya.patch(&uuid, json!({ "captions": false })).await);
    is_next(&mut last, &maya.delete(&uuid).await);
    // Where nothing tells, both are told and nothing is taken.
    is_full(&maya.post(ROOMS, json!({})).await, 20);
    is_full(&maya.get(&format!("{ROOMS}/me")).await, 20);
    is_next(&mut last, &maya.get(&format!("{ROOMS}?profile=talk")).await);
    // Its own paths know nothing of it.
    let joined = maya.post("/api/v1/rooms/1/join", json!({})).await;
    assert_eq!((joined.status, joined.header("x-ratelimit-limit")), (404, None));
    assert_eq!(maya.get("/api/v1/auth/me").await.header("x-ratelimit-limit"), None);
}

#[tokio::test]
async fn logging_in_is_told_as_vox_where_it_is_voxs() {
    let server = limited().await;
    let log_in = async |key: &str, password: &str| {
        let body = json!({ key: "operator", "password": password });
        server.nobody().post("/api/v1/auth/login", body).await
    };
    is_full(&log_in("username", "correct horse").await, 10);
    assert_eq!(log_in("email", "correct horse").await.header("x-ratelimit-limit"), None);
    let began = app::now().wall.as_secs();
    loop {
        let reply = log_in("username", "a wrong horse").await;
        if reply.status == 401 {
            is_full(&reply, 10);
            continue;
        }
        // Another bucket, which is not told; a client that goes by the headers waits for it all the same.
        let (told, now) = (told(&reply), app::now().wall.as_secs());
        assert_eq!((reply.status, told.limit, told.remaining), (429, 10, 0));
        let waits = number(&reply, "retry-after");
        assert!((began..=now + waits + 1).contains(&told.reset), "{told:?} at {now}");
        return;
    }
}

/// Every operation of Vox in the document: method and path, with ids that name nothing.
fn operations(server: &Server) -> Vec<(Method, String)> {
    let paths = server.api.document()["paths"].as_object().unwrap();
    let mut found = Vec::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            if operation["tags"][0] == "Vox" {
                let path =
                    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part });
                let path = path.collect::<Vec<_>>().join("/");
                found.push((method.to_uppercase().parse().unwrap(), path));
            }
        }
    }
    assert!(found.len() >= 24, "{found:?}");
    found
}

#[tokio::test]
async fn every_reply_of_every_route_has_the_headers() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let limit = |path: &str| match path {
        "/api/v1/rooms/1" => 20,
        path if path.starts_with("/api/v1/rooms/") => 30,
        _ => 10,
    };
    for (method, path) in operations(&server) {
        let text = method.to_string();
        for who in [&server.nobody(), &server.bearer("x"), &maya] {
            for body in [None, Some(b"{".to_vec()), Some(vec![b' '; 64 * 1024 + 1])] {
                let reply = who.send(method.clone(), &path, body).await;
                is_full(&reply, limit(&path));
                assert!(
                    reply.status != 200 || who.name == "maya" || text == "GET",
                    "{text} {path}"
                );
            }
        }
    }
}

#[tokio::test]
async fn another_method_is_refused_with_the_headers() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let known = operations(&server);
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    for (_, path) in known.iter().filter(|(_, path)| path != "/api/v1/rooms/1") {
        for method in &methods {
            if known.contains(&(method.clone(), path.clone())) {
                continue;
            }
            let reply = maya.send(method.clone(), path, None).await;
            assert!(told(&reply).limit >= 10, "{method} {path}");
            assert!(reply.header("allow").is_some(), "{method} {path}");
            let body = reply.expect(405);
            assert_eq!(body["error"]["code"], "METHOD_NOT_ALLOWED", "{method} {path}");
            assert_eq!(body["error"]["retry_after_ms"], Value::Null);
            assert_eq!(body["error"]["missing_permission"], Value::Null);
            assert!(body["error"]["message"].is_string());
        }
    }
}

#[tokio::test]
async fn the_document_names_the_headers_and_the_refusal() {
    let server = Server::start().await;
    let paths = server.api.document()["paths"].as_object().unwrap();
    for (path, item) in paths {
        for (method, operation) in item.as_object().unwrap() {
            if operation["tags"][0] != "Vox" {
                continue;
            }
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                for name in ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"] {
                    let schema = &response["headers"][name]["schema"];
                    assert_eq!(schema["type"], "integer", "{method} {path} {status} {name}");
                }
            }
            let secured = operation.get("security").is_some();
            assert!(!secured || responses.contains_key("429"), "{method} {path}");
        }
    }
}

#[tokio::test]
async fn without_limits_nothing_is_taken() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    for _ in 0..40 {
        is_full(&maya.get(ME).await, 10);
        is_full(&maya.get(VOICE).await, 30);
        is_full(&maya.get("/api/v1/rooms/1").await, 20);
    }
}
