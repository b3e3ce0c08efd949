//! Vox's accounts and rooms, key by key.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Server, Setup, assert_like};

const REGISTER: &str = "/api/v1/auth/register";
const LOGIN: &str = "/api/v1/auth/login";

fn refused(code: &str) -> Value {
    json!({ "error": {
        "code": code, "message": "<text>", "retry_after_ms": null, "missing_permission": null,
    } })
}

#[tokio::test]
async fn who_signs_up_can_log_in_and_see_who_they_are() {
    let server = Server::start().await;
    let nobody = server.nobody();
    let body =
        json!({ "username": "Maya_7", "password": "correct horse", "display_name": "Maya P." });
    let made = nobody.post(REGISTER, body).await.expect(201);
    assert_like(&made, &json!({ "user_id": "<decimal>", "token": "<token>" }));
    for word in [json!({ "username": "maya_7" }), json!({ "email": "MAYA_7" })] {
        let mut body = word.clone();
        body["password"] = json!("correct horse");
        let login = nobody.post(LOGIN, body).await.expect(200);
        let wanted = json!({
            "token": "<token>", "user_id": made["user_id"], "display_name": "Maya P.", "roles": [],
            "access_token": login["token"], "token_type": "bearer",
            "user": { "id": "<uuid>", "email": "Maya_7", "created_at": "<time>" },
        });
        assert_like(&login, &wanted);
    }
    let me = server.bearer(made["token"].as_str().unwrap());
    let me = me.get("/api/v1/users/@me").await.expect(200);
    let wanted = json!({
        "user_id": made["user_id"], "username": "Maya_7", "display_name": "Maya P.", "roles": [],
        "permissions": "<decimal>",
    });
    assert_like(&me, &wanted);
}

#[tokio::test]
async fn accounts_that_cannot_be_are_refused() {
    let server = Server::start().await;
    server.account("maya").await;
    let nobody = server.nobody();
    for (username, password, status, code) in [
        ("MAYA", "correct horse", 409, "USERNAME_TAKEN"),
        ("ab", "correct horse", 400, "VALIDATION_ERROR"),
        ("a b c", "correct horse", 400, "VALIDATION_ERROR"),
        ("lena", "seven77", 400, "VALIDATION_ERROR"),
    ] {
        let body = json!({ "username": username, "password": password });
        let reply = nobody.post(REGISTER, body).await.expect(status);
        assert_like(&reply, &refused(code));
    }
    for (username, password) in [("maya", "wrong horse"), ("nobody", "correct horse")] {
        let body = json!({ "username": username, "password": password });
        assert_like(&nobody.post(LOGIN, body).await.expect(401), &refused("AUTH_FAILED"));
    }
}

#[tokio::test]
async fn a_room_is_shown_with_all_its_keys() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let body = json!({ "name": "The Den", "type": "voice", "limit": 5 });
    let made = maya.post("/api/v1/rooms", body).await.expect(201);
    let wanted = json!({
        "room_id": "<decimal>", "name": "The Den", "slug": "the-den", "type": "voice",
        "topic": null, "limit": 5, "created_by": maya.id, "created_at": "<seconds>",
        "member_count": 0, "permissions": "<decimal>", "has_password": false, "captions": false,
        "permission_overrides": [{
            "target_type": "user", "target_id": maya.id, "allow": "<decimal>", "deny": "0",
        }],
    });
    assert_like(&made, &wanted);
    let path = format!("/api/v1/rooms/{}", made["room_id"].as_str().unwrap());
    assert_eq!(maya.get(&path).await.expect(200), made);
    // Newest first, and talk rooms unless asked for others.
    let newer = maya.room("newer").await;
    let listed = maya.get("/api/v1/rooms?profile=voice").await.expect(200);
    assert_eq!((&listed[0]["room_id"], &listed[1]), (&json!(newer.id), &made));
    assert_eq!(maya.get("/api/v1/rooms").await.expect(200), json!([]));
    assert_eq!(maya.get("/api/v1/rooms?profile=stage").await.expect(200), json!([]));
}

#[tokio::test]
async fn only_who_is_here_becomes_the_first_administrator() {
    let server = Server::bare(Setup::default()).await;
    let nobody = server.nobody();
    let body = |name: &str| {
        let body = json!({ "username": name, "password": "correct horse" });
        Some(body.to_string().into_bytes())
    };
    let remote = Some("198.51.100.9");
    let made = nobody.send_from(Method::POST, REGISTER, body("remote"), remote).await.expect(201);
    let remote = server.bearer(made["token"].as_str().unwrap());
    assert_eq!(remote.get("/api/v1/users/@me").await.expect(200)["roles"], json!([]));
    let local = server.account("local").await;
    assert_ne!(local.get("/api/v1/users/@me").await.expect(200)["roles"], json!([]));
    let later = server.account("later").await;
    assert_eq!(later.get("/api/v1/users/@me").await.expect(200)["roles"], json!([]));
}

#[tokio::test]
async fn rooms_may_be_left_to_managers() {
    let room_creation = app::RoomCreation::Managers;
    let server = Server::with(Setup { room_creation, ..Setup::default() }).await;
    let maya = server.account("maya").await;
    let body = json!({ "name": "den", "type": "voice" });
    let reply = maya.post("/api/v1/rooms", body).await.expect(403);
    assert_eq!(reply["error"]["missing_permission"], "MANAGE_SPACES");
    server.operator().await.room("den").await;
}

#[tokio::test]
async fn an_account_that_makes_rooms_in_a_loop_is_slowed_down() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let maya = server.account("maya").await;
    for made in 0..400 {
        let reply = maya.post("/api/v1/rooms", json!({ "name": "den", "type": "voice" })).await;
        if reply.status == 201 {
            continue;
        }
        assert!(made >= 20, "after {made}");
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        let error = reply.expect(429)["error"].clone();
        assert_eq!(error["code"], "RATE_LIMITED");
        let millis = error["retry_after_ms"].as_u64().unwrap();
        assert!(seconds >= 1 && millis <= 2000, "{seconds} s, {millis} ms");
        return;
    }
    panic!("nothing slows it down");
}

#[tokio::test]
async fn the_set_up_code_makes_one_administrator_from_anywhere() {
    let server = Server::bare(Setup::default()).await;
    let code = server.app.accounts.setup_code().unwrap().expose().clone();
    let sign_up = async |name: &str, code: &str| {
        let body = json!({ "username": name, "password": "correct horse", "setup_code": code });
        let body = Some(body.to_string().into_bytes());
        server.nobody().send_from(Method::POST, REGISTER, body, Some("198.51.100.9")).await
    };
    assert_like(&sign_up("maya", "wrong").await.expect(400), &refused("VALIDATION_ERROR"));
    let made = sign_up("maya", &format!(" {code} ")).await.expect(201);
    let maya = server.bearer(made["token"].as_str().unwrap());
    let me = maya.get("/api/v1/users/@me").await.expect(200);
    assert_eq!(me["roles"], json!(["owner"]));
    assert_like(&sign_up("tom", &code).await.expect(400), &refused("VALIDATION_ERROR"));
    assert!(server.app.accounts.setup_code().is_none());
}

#[tokio::test]
async fn guessing_and_signing_up_in_a_loop_are_slowed_down() {
    let server = Server::with(Setup { rate_limits: true, ..Setup::default() }).await;
    let guess = json!({ "username": "operator", "password": "a wrong horse" });
    for _ in 0..5 {
        let reply = server.nobody().post(LOGIN, guess.clone()).await.expect(401);
        assert_like(&reply, &refused("AUTH_FAILED"));
    }
    // The right one, too, until the bucket has filled again: the answer would tell.
    for password in ["a wrong horse", "correct horse"] {
        let body = json!({ "username": "operator", "password": password });
        let reply = server.nobody().post(LOGIN, body).await;
        let seconds: u64 = reply.header("retry-after").unwrap().parse().unwrap();
        let error = reply.expect(429)["error"].clone();
        assert_eq!((&error["code"], seconds <= 10), (&json!("RATE_LIMITED"), true), "{error}");
    }
    // Another account is not concerned.
    let other = json!({ "username": "nobody", "password": "a wrong horse" });
    server.nobody().post(LOGIN, other).await.expect(401);
    let mut made = 1;
    let status = loop {
        let body = json!({ "username": format!("person{made}"), "password": "correct horse" });
        match server.nobody().post(REGISTER, body).await.status {
            201 if made < 400 => made += 1,
            other => break other,
        }
    };
    assert_eq!((status, made >= 60), (429, true), "after {made}");
}

#[tokio::test]
async fn without_limits_nobody_is_slowed_down() {
    let server = Server::start().await;
    let guess = json!({ "username": "operator", "password": "a wrong horse" });
    for _ in 0..12 {
        server.nobody().post(LOGIN, guess.clone()).await.expect(401);
    }
    server.operator().await;
}
