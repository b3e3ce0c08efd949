//! Every route of Vox and Voice Service with everything that can be wrong about a request, in the shape of
//! its dialect. Paths that dialects share are in `shared_paths`.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Person, Reply, Room, Server, Session, assert_like, offer};

/// A UUID that is not one of ours.
const FOREIGN: &str = "0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11";
/// Well-formed, and nobody's.
const UNKNOWN: &str = "1";
/// The largest body.
const JSON_MAX: usize = 64 * 1024;
/// The largest body with an SDP inside.
const SDP_MAX: usize = 256 * 1024;

/// A route with a request that is in order. `{id}` in path or body is what the request is about.
struct Route {
    method: Method,
    path: &'static str,
    body: Option<Value>,
    /// A body of wrong types only.
    wrong: Value,
    max: usize,
    open: bool,
}

fn route(method: Method, path: &'static str, body: Value, wrong: Value) -> Route {
    let body = (!body.is_null()).then_some(body);
    Route { method, path, body, wrong, max: JSON_MAX, open: false }
}

/// All routes but the event stream, whose refusals are told before an upgrade.
fn routes() -> Vec<Route> {
    let mut routes = Vec::from(voice_service_routes());
    routes.extend(account_routes());
    routes.extend(room_routes());
    routes.extend(voice_routes());
    routes.extend(stage_routes());
    routes
}

fn voice_service_routes() -> [Route; 5] {
    let (get, post, patch) = (Method::GET, Method::POST, Method::PATCH);
    let channel = json!({ "channel_id": "{id}" });
    let session = json!({ "session_id": "{id}" });
    let offer = json!({ "session_id": "{id}", "type": "offer", "sdp": offer() });
    let bye = json!({ "session_id": "1", "type": "bye" });
    let wrong_state = json!({ "session_id": "1", "mute": "yes" });
    let wrong_leave = json!({ "session_id": 1.5 });
    let signal = route(post.clone(), "/voice/signal", offer, bye);
    [
        route(post.clone(), "/voice/join", channel, json!({ "channel_id": true })),
        route(patch, "/voice/state", session.clone(), wrong_state),
        route(post, "/voice/leave", session, wrong_leave),
        Route { max: SDP_MAX, ..signal },
        route(get, "/voice/channels/{id}/participants", Value::Null, Value::Null),
    ]
}

fn account_routes() -> [Route; 6] {
    let (get, post, none) = (Method::GET, Method::POST, Value::Null);
    let account = json!({ "username": "lena", "password": "correct horse" });
    let wrong = json!({ "username": {}, "password": 2 });
    let register = route(post.clone(), "/api/v1/auth/register", account, wrong);
    let role = json!({ "name": "helper", "permissions": "0" });
    let wrong_role = json!({ "name": "helper", "permissions": [] });
    let grant = "/api/v1/users/1/roles/1";
    [
        Route { open: true, ..register },
        route(get.clone(), "/api/v1/users/@me", none.clone(), none.clone()),
        route(get, "/api/v1/roles", none.clone(), none.clone()),
        route(post, "/api/v1/roles", role, wrong_role),
        route(Method::PUT, grant, none.clone(), none.clone()),
        route(Method::DELETE, grant, none.clone(), none),
    ]
}

fn room_routes() -> [Route; 3] {
    let (room, none) = ("/api/v1/rooms/{id}", Value::Null);
    let (captions, wrong) = (json!({ "captions": true }), json!({ "captions": "on" }));
    [
        route(Method::PATCH, room, captions, wrong),
        route(Method::DELETE, room, none.clone(), none.clone()),
        route(Method::GET, "/api/v1/rooms/{id}/voice", none.clone(), none),
    ]
}

fn voice_routes() -> [Route; 7] {
    let (post, none) = (Method::POST, Value::Null);
    let wrong = json!({ "user_id": [] });
    let join = json!({ "self_mute": false, "self_deaf": false });
    let kick = json!({ "user_id": "1" });
    let relocate = json!({ "user_id": "1", "to_room_id": "{id}" });
    let mute = json!({ "user_id": "1", "muted": true });
    let deafen = json!({ "user_id": "1", "deafened": true });
    let refresh = "/api/v1/rooms/{id}/voice/token-refresh";
    [
        route(post.clone(), "/api/v1/rooms/{id}/voice/join", join, json!({ "self_mute": 1 })),
        route(post.clone(), "/api/v1/rooms/{id}/voice/leave", none.clone(), none.clone()),
        route(post.clone(), refresh, none.clone(), none),
        route(post.clone(), "/api/v1/rooms/{id}/voice/kick", kick, wrong.clone()),
        route(post.clone(), "/api/v1/rooms/{id}/voice/move", relocate, wrong.clone()),
        route(post.clone(), "/api/v1/rooms/{id}/voice/mute", mute, wrong.clone()),
        route(post, "/api/v1/rooms/{id}/voice/deafen", deafen, wrong),
    ]
}

fn stage_routes() -> [Route; 6] {
    let (post, none) = (Method::POST, Value::Null);
    let (user, wrong) = (json!({ "user_id": "1" }), json!({ "user_id": [] }));
    let (yes, maybe) = (json!({ "accepted": true }), json!({ "accepted": "maybe" }));
    let request = "/api/v1/rooms/{id}/stage/request";
    let respond = "/api/v1/rooms/{id}/stage/invite/respond";
    let topic = "/api/v1/rooms/{id}/stage/topic";
    [
        route(post.clone(), request, none.clone(), none.clone()),
        route(Method::DELETE, request, none.clone(), none),
        route(post.clone(), "/api/v1/rooms/{id}/stage/invite", user.clone(), wrong.clone()),
        route(post.clone(), respond, yes, maybe),
        route(post, "/api/v1/rooms/{id}/stage/revoke", user, wrong),
        route(Method::PATCH, topic, json!({ "topic": "a" }), json!({ "topic": 7 })),
    ]
}

impl Route {
    fn is_voice_service(&self) -> bool {
        self.path.starts_with("/voice/")
    }

    /// Whether the request names something.
    fn has_id(&self) -> bool {
        self.path.contains("{id}") || self.body_about("").is_some_and(|body| body.contains("\"\""))
    }

    /// Whether the request does something to somebody.
    fn has_target(&self) -> bool {
        self.body.as_ref().is_some_and(|body| body.get("user_id").is_some())
    }

    fn body_about(&self, id: &str) -> Option<String> {
        self.body.as_ref().map(|body| body.to_string().replace("{id}", id))
    }

    async fn ask(&self, who: &Person, id: &str) -> Reply {
        let body = self.body_about(id).map(String::into_bytes);
        self.ask_with(who, id, body).await
    }

    async fn ask_with(&self, who: &Person, id: &str, body: Option<Vec<u8>>) -> Reply {
        who.send(self.method.clone(), &self.path.replace("{id}", id), body).await
    }

    /// Refused with this status, in the dialect's shape, and in Vox with this code.
    #[track_caller]
    fn refused(&self, case: &str, reply: Reply, status: u16, code: &str) {
        let found = reply.status;
        let place = format!("{} {}: {case}: {}", self.method, self.path, reply.body);
        assert_eq!(found, status, "{place}");
        let wanted = if self.is_voice_service() {
            json!({ "error": "<text>" })
        } else {
            json!({ "error": {
                "code": code, "message": "<text>", "retry_after_ms": null,
                "missing_permission": null,
            } })
        };
        assert_like(&reply.body, &wanted);
    }
}

/// Somebody with a room and a session in it.
async fn scene() -> (Server, Person, Room, Session) {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    let room = maya.stage("hall").await;
    let session = maya.join(&room).await;
    (server, maya, room, session)
}

#[tokio::test]
async fn without_a_good_token_nothing_is_done() {
    let (server, maya, room, _session) = scene().await;
    let (head, signature) = maya.token.rsplit_once('.').unwrap();
    let forged: String = signature.chars().rev().collect();
    let tokens = [
        ("no token", String::new()),
        ("no token at all", "x".to_owned()),
        ("a forged signature", format!("{head}.{forged}")),
        ("no signature", format!("{head}.")),
        ("alg none", "eyJhbGciOiJub25lIn0.eyJzdWIiOiIxIiwiZXhwIjo5OTk5OTk5OTk5fQ.".to_owned()),
        ("too long", "a".repeat(9000)),
    ];
    for route in routes().iter().filter(|route| !route.open) {
        for (case, token) in &tokens {
            let reply = route.ask(&server.bearer(token), &room.id).await;
            route.refused(case, reply, 401, "AUTH_FAILED");
        }
    }
    maya.get(&format!("/api/v1/rooms/{}", room.id)).await.expect(200);
}

#[tokio::test]
async fn what_is_no_json_of_the_right_shape_is_refused() {
    let (_server, maya, room, _session) = scene().await;
    for route in routes().iter().filter(|route| route.body.is_some()) {
        let wrong = route.wrong.to_string();
        for body in ["{", "nonsense", "[]", "null", "7", "\"text\"", "{}", "", "\u{0}", &wrong] {
            let reply = route.ask_with(&maya, &room.id, Some(body.into())).await;
            route.refused(body, reply, 400, "VALIDATION_ERROR");
        }
        let not_utf8 = Some(vec![b'{', b'"', 0xff, b'"', b':', b'1', b'}']);
        let reply = route.ask_with(&maya, &room.id, not_utf8).await;
        route.refused("not UTF-8", reply, 400, "VALIDATION_ERROR");
        let deep = "[".repeat(10_000).into_bytes();
        let reply = route.ask_with(&maya, &room.id, Some(deep)).await;
        route.refused("deep", reply, 400, "VALIDATION_ERROR");
    }
}

#[tokio::test]
async fn ids_that_are_none_are_400_and_ids_of_nothing_404() {
    let (_server, maya, _room, _session) = scene().await;
    for route in routes().iter().filter(|route| route.has_id()) {
        for id in
            ["me", "-1", "1.5", "99999999999999999999", "0b5c9d7e3f1a4b6e9a510d3f6a2b7c1", "%20"]
        {
            let reply = route.ask(&maya, id).await;
            route.refused(id, reply, 400, "VALIDATION_ERROR");
        }
        for id in [FOREIGN, UNKNOWN, "9223372036854775807"] {
            let reply = route.ask(&maya, id).await;
            route.refused(id, reply, 404, "NOT_FOUND");
        }
    }
}

#[tokio::test]
async fn targets_that_are_none_are_400_nobody_404_and_outsiders_409() {
    let (server, maya, room, _session) = scene().await;
    let omar = server.account("omar").await;
    for route in routes().iter().filter(|route| route.has_target()) {
        let about = |user: &str| {
            let mut body = route.body.clone().unwrap();
            body["user_id"] = json!(user);
            Some(body.to_string().replace("{id}", &room.id).into_bytes())
        };
        let unknown = [(FOREIGN, 404, "NOT_FOUND"), (UNKNOWN, 404, "NOT_FOUND")];
        let outside = [("me", 400, "VALIDATION_ERROR"), (omar.id.as_str(), 409, "NOT_IN_VOICE")];
        for (user, status, code) in unknown.into_iter().chain(outside) {
            let reply = route.ask_with(&maya, &room.id, about(user)).await;
            route.refused(user, reply, status, code);
        }
    }
}

#[tokio::test]
async fn sessions_of_others_are_not_ones_own() {
    let (server, maya, _room, session) = scene().await;
    let omar = server.account("omar").await;
    let refused = json!({ "error": "The session belongs to somebody else" });
    for route in routes()
        .iter()
        .filter(|route| route.body_about("").is_some_and(|body| body.contains("session_id")))
    {
        let reply = route.ask(&omar, &session.id).await;
        assert_eq!(reply.expect(403), refused, "{}", route.path);
    }
    let theirs = Session { whose: maya, ..session };
    theirs.state(json!({})).await.expect(200);
    for more in [json!({ "type": "ice" }), json!({ "type": "answer", "sdp": "v=0" })] {
        let mine = Session { whose: omar.clone(), ..theirs.clone() };
        assert_eq!(mine.signal(more).await.expect(403), refused);
    }
}

#[tokio::test]
async fn bodies_have_a_limit() {
    let (_server, maya, room, session) = scene().await;
    let padded = |body: String, length: usize| {
        let mut body = body.into_bytes();
        body.resize(length, b' ');
        Some(body)
    };
    for route in routes().iter().filter(|route| route.body.is_some()) {
        let body = route.body_about("1").unwrap();
        let reply = route.ask_with(&maya, &room.id, padded(body, route.max + 1)).await;
        route.refused("one byte more", reply, 413, "VALIDATION_ERROR");
        let reply = route.ask_with(&maya, &room.id, Some(vec![b'['; 2 * 1024 * 1024])).await;
        route.refused("far more", reply, 413, "VALIDATION_ERROR");
    }
    // Up to it, size is no fault.
    let state = padded(json!({ "session_id": session.id }).to_string(), JSON_MAX);
    maya.send(Method::PATCH, "/voice/state", state).await.expect(200);
    let ice = json!({ "session_id": session.id, "type": "offer", "sdp": offer() }).to_string();
    maya.send(Method::POST, "/voice/signal", padded(ice, SDP_MAX)).await.expect(200);
}

#[tokio::test]
async fn values_that_cannot_be_are_named() {
    let (_server, maya, room, _session) = scene().await;
    let long = json!({ "client": "x".repeat(65) });
    let refused = maya.try_join(&room.uuid, long).await.expect(400);
    assert_eq!(refused, json!({ "error": "client must be 1 to 64 characters" }));
    maya.try_join(&room.uuid, json!({ "client": "" })).await.expect(400);
    maya.join_with(&room.uuid, json!({ "client": "é".repeat(64) })).await;
    for (body, named) in [
        (json!({ "name": "", "type": "voice" }), "name"),
        (json!({ "name": "x".repeat(101), "type": "voice" }), "name"),
        (json!({ "name": "a\u{0}b", "type": "voice" }), "name"),
        (json!({ "name": "den", "type": "palace" }), "type"),
        (json!({ "name": "den", "type": "voice", "limit": 0 }), "limit"),
        (json!({ "name": "den", "type": "voice", "limit": 1001 }), "limit"),
        (json!({ "name": "den", "type": "voice", "limit": -1 }), "limit"),
        (overrides(&json!({ "target_type": "planet", "target_id": "1" })), "target_type"),
        (overrides(&json!({ "target_type": "user" })), "target_id"),
        (overrides(&json!({ "target_type": "user", "target_id": "1", "allow": "x" })), "allow"),
    ] {
        let refused = maya.post("/api/v1/rooms", body.clone()).await.expect(400);
        assert_eq!(refused["error"]["code"], "VALIDATION_ERROR");
        let message = refused["error"]["message"].as_str().unwrap();
        // A number out of its type's range is named by what it is.
        assert!(message.contains(named) || message.contains("-1"), "{body}: {message}");
    }
    maya.get("/api/v1/rooms?profile=palace").await.expect(400);
}

fn overrides(one: &Value) -> Value {
    json!({ "name": "den", "type": "voice", "permission_overrides": [one] })
}

#[tokio::test]
async fn what_no_route_has_claimed_is_refused_in_a_shape_for_all() {
    let server = Server::start().await;
    let maya = server.account("maya").await;
    for path in ["/voice/nothing", "/voice/channels/1"] {
        assert_eq!(maya.get(path).await.expect(404), json!({ "error": "Not Found" }));
    }
    let other = maya.get("/voice/join").await.expect(405);
    assert_eq!(other, json!({ "error": "Method Not Allowed" }));
    let vox = maya.get("/api/v1/nothing").await.expect(404);
    assert_eq!((&vox["error"]["code"], &vox["code"]), (&json!("NOT_FOUND"), &json!("NOT_FOUND")));
}
