//! Bodies of Vox that are not what they must be: nothing is done, and it is said what is wrong.

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::harness::{Person, Room, Server};

/// A key of a body: a value that is in order, and whether it must be there.
type Key = (&'static str, Value, bool);

/// A route in a room with the keys of its body. `{tom}` and `{other}` stand for ids.
fn routes() -> Vec<(Method, &'static str, Vec<Key>)> {
    let user = || ("user_id", json!("{tom}"), true);
    let flag = |name| (name, json!(true), true);
    let post = Method::POST;
    vec![
        (
            post.clone(),
            "voice/join",
            vec![flag("self_mute"), flag("self_deaf"), ("password", json!("x"), false)],
        ),
        (post.clone(), "voice/kick", vec![user()]),
        (post.clone(), "voice/move", vec![user(), ("to_room_id", json!("{other}"), true)]),
        (post.clone(), "voice/mute", vec![user(), flag("muted")]),
        (post.clone(), "voice/deafen", vec![user(), flag("deafened")]),
        (post.clone(), "stage/invite", vec![user()]),
        (post.clone(), "stage/invite/respond", vec![flag("accepted")]),
        (post, "stage/revoke", vec![user()]),
        (Method::PATCH, "stage/topic", vec![("topic", json!("a"), true)]),
    ]
}

/// What no key of any body may be.
fn never() -> Vec<Value> {
    let deep = (0..50).fold(json!(1), |inner, _| json!([inner]));
    vec![
        json!([]),
        json!({}),
        json!(["1"]),
        json!({ "id": "1" }),
        json!(1.5),
        json!(-1),
        json!(1e300),
        json!(-0.0),
        deep,
    ]
}

/// What is none of these besides.
fn wrong(value: &Value) -> Vec<Value> {
    let mut wrong = never();
    match value {
        Value::Bool(_) => {
            wrong.extend([json!("true"), json!("false"), json!(""), json!(0), json!(1)]);
        }
        // A text or an id: neither is true, and no id is one of these texts.
        _ if value == "{tom}" || value == "{other}" => {
            wrong.extend(
                ["", " ", "me", "-1", "1.5", "0x1", "99999999999999999999"].map(Value::from),
            );
            wrong.extend([json!(true), json!(u64::MAX), json!("{tom} ")]);
        }
        _ => wrong.extend([json!(true), json!(7)]),
    }
    wrong
}

struct Scene {
    maya: Person,
    tom: Person,
    room: Room,
    other: Room,
}

impl Scene {
    async fn open() -> Self {
        let server = Server::start().await;
        let (maya, tom) = (server.account("maya").await, server.account("tom").await);
        let (room, other) = (maya.stage("hall").await, maya.stage("other").await);
        tom.connect(&room).await;
        Self { maya, tom, room, other }
    }

    fn body(&self, keys: &[Key], change: impl Fn(&mut Map<String, Value>)) -> Vec<u8> {
        let mut body: Map<String, Value> =
            keys.iter().map(|(name, value, _)| ((*name).to_owned(), value.clone())).collect();
        change(&mut body);
        let text = Value::Object(body).to_string();
        text.replace("{tom}", &self.tom.id).replace("{other}", &self.other.id).into_bytes()
    }

    /// Refused for what it is, and nothing has happened.
    async fn refuses(&self, method: &Method, path: &str, body: Vec<u8>) {
        let what =
            format!("{method} {path} {}", String::from_utf8_lossy(&body[..body.len().min(200)]));
        let before = self.maya.members(&self.room).await;
        let reply = self.maya.send(method.clone(), &self.room.vox(path), Some(body)).await;
        assert_eq!(reply.status, 400, "{what}: {}", reply.body);
        let error = &reply.body["error"];
        assert_eq!(error["code"], "VALIDATION_ERROR", "{what}");
        assert!(!error["message"].as_str().unwrap().is_empty());
        assert_eq!(
            (&error["retry_after_ms"], &error["missing_permission"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(self.maya.members(&self.room).await, before, "{what}");
    }
}

#[tokio::test]
async fn a_key_that_is_missing_null_or_something_else() {
    let scene = Scene::open().await;
    for (method, path, keys) in routes() {
        for (name, value, required) in &keys {
            if *required {
                let without = scene.body(&keys, |body| drop(body.remove(*name)));
                scene.refuses(&method, path, without).await;
                let null = scene.body(&keys, |body| drop(body.insert((*name).into(), Value::Null)));
                scene.refuses(&method, path, null).await;
            }
            for wrong in wrong(value) {
                let bad =
                    scene.body(&keys, |body| drop(body.insert((*name).into(), wrong.clone())));
                scene.refuses(&method, path, bad).await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_no_object() {
    let scene = Scene::open().await;
    for (method, path, keys) in routes() {
        let good = String::from_utf8(scene.body(&keys, |_| ())).unwrap();
        for body in [
            "".into(),
            "null".into(),
            "true".into(),
            "7".into(),
            "[]".into(),
            "\"text\"".into(),
            format!("[{good}]"),
            format!("{good}{good}"),
            format!("{good}]"),
            good[..good.len() - 1].to_owned(),
            "[".repeat(60_000),
            good.replace(':', "="),
        ] {
            scene.refuses(&method, path, body.into_bytes()).await;
        }
        // A key twice: which one is meant?
        let twice = format!("{},{}", &good[..good.len() - 1], &good[1..]);
        scene.refuses(&method, path, twice.into_bytes()).await;
        let mut not_utf8 = good.into_bytes();
        not_utf8.insert(2, 0xff);
        scene.refuses(&method, path, not_utf8).await;
    }
}

#[tokio::test]
async fn keys_that_nobody_knows_are_no_fault() {
    let scene = Scene::open().await;
    let more = |body: &mut Map<String, Value>| {
        body.insert("client_build".into(), json!({ "number": 7 }));
        body.remove("password");
    };
    for (method, path, keys) in routes() {
        scene.tom.try_connect(&scene.room).await;
        let who = match path {
            "voice/join" => {
                scene.tom.ask(&scene.room, "voice/leave").await.expect(204);
                &scene.tom
            }
            "stage/invite/respond" => {
                scene.maya.act_on(&scene.room, "stage/invite", &scene.tom).await.expect(204);
                &scene.tom
            }
            _ => &scene.maya,
        };
        let body = scene.body(&keys, more);
        let reply = who.send(method.clone(), &scene.room.vox(path), Some(body)).await;
        assert!(matches!(reply.status, 200 | 204), "{method} {path}: {}", reply.body);
        scene.tom.ask(&scene.other, "voice/leave").await;
    }
}
