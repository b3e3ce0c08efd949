//! The documents: each route is in them, with what its dialect answers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Server;

const ROUTES: [(&str, &str); 17] = [
    ("delete", "/api/v1/rooms/{room_id}"),
    ("get", "/api/v1/rooms"),
    ("get", "/api/v1/rooms/{room_id}"),
    ("get", "/api/v1/rooms/{room_id}/voice"),
    ("get", "/api/v1/users/@me"),
    ("get", "/voice/channels/{channel_id}/participants"),
    ("get", "/voice/sessions/{session_id}/events"),
    ("patch", "/voice/state"),
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/register"),
    ("post", "/api/v1/rooms"),
    ("post", "/api/v1/rooms/{room_id}/voice/deafen"),
    ("post", "/api/v1/rooms/{room_id}/voice/kick"),
    ("post", "/api/v1/rooms/{room_id}/voice/mute"),
    ("post", "/voice/join"),
    ("post", "/voice/leave"),
    ("post", "/voice/signal"),
];

fn operations(document: &Value) -> impl Iterator<Item = (&str, &str, &Value)> {
    let paths = document["paths"].as_object().unwrap().iter();
    paths.flat_map(|(path, item)| {
        let item = item.as_object().unwrap().iter();
        item.map(move |(method, operation)| (method.as_str(), path.as_str(), operation))
    })
}

#[tokio::test]
async fn every_route_is_described_and_nothing_else() {
    let server = Server::start().await;
    let described = operations(server.api.document()).map(|(method, path, _)| (method, path));
    assert_eq!(described.collect::<BTreeSet<_>>(), BTreeSet::from(ROUTES));
    // And is there: without a token or a body, something of its own is said.
    for (method, path) in ROUTES {
        let path = path.replace("{room_id}", "1").replace("{channel_id}", "1");
        let path = path.replace("{session_id}", "1");
        let method = method.to_uppercase().parse().unwrap();
        let reply = server.nobody().send(method, &path, None).await;
        assert!([400, 401].contains(&reply.status), "{path}: {}", reply.status);
    }
}

#[tokio::test]
async fn every_refusal_is_described_in_the_shape_of_its_dialect() {
    let server = Server::start().await;
    for (method, path, operation) in operations(server.api.document()) {
        let voice_service = path.starts_with("/voice/");
        let shape = if voice_service { "VoiceServiceError" } else { "VoxError" };
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.as_str() < "400" {
                continue;
            }
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            let wanted = format!("#/components/schemas/{shape}");
            assert_eq!(*schema, wanted, "{method} {path} {status}");
        }
        let open = path.contains("/auth/");
        let described = |status: &str| operation["responses"].get(status).is_some();
        assert!(described("503"), "{method} {path}");
        assert!(open || described("401") && described("403"), "{method} {path}");
        assert_eq!(operation.get("requestBody").is_some(), described("413"), "{method} {path}");
    }
}
