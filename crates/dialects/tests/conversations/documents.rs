//! The documents: each route is in them, with what its dialect answers.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::harness::Server;

const ROUTES: [(&str, &str); 57] = [
    ("delete", "/api/v1/rooms/{room_id}"),
    ("delete", "/api/v1/rooms/{room_id}/stage/request"),
    ("delete", "/api/v1/users/{user_id}/roles/{role_id}"),
    ("delete", "/v1/devices/{device}"),
    ("delete", "/v1/rooms/{room}"),
    ("get", "/api/v1/auth/me"),
    ("get", "/api/v1/gateway"),
    ("get", "/api/v1/roles"),
    ("get", "/api/v1/rooms"),
    ("get", "/api/v1/rooms/{room_id}"),
    ("get", "/api/v1/rooms/{room_id}/messages"),
    ("get", "/api/v1/rooms/{room_id}/participants"),
    ("get", "/api/v1/rooms/{room_id}/transcript"),
    ("get", "/api/v1/rooms/{room_id}/voice"),
    ("get", "/api/v1/users/@me"),
    ("get", "/api/v1/ws/rooms/{room_id}"),
    ("get", "/gateway"),
    ("get", "/media/v1"),
    ("get", "/v1/rooms"),
    ("get", "/v1/rooms/{room}"),
    ("get", "/v1/rooms/{room}/members"),
    ("get", "/v1/ws"),
    ("get", "/voice/channels/{channel_id}/participants"),
    ("get", "/voice/sessions/{session_id}/events"),
    ("get", "/ws/rooms/{room_id}"),
    ("patch", "/api/v1/rooms/{room_id}"),
    ("patch", "/api/v1/rooms/{room_id}/stage/topic"),
    ("patch", "/voice/state"),
    ("post", "/api/v1/auth/login"),
    ("post", "/api/v1/auth/register"),
    ("post", "/api/v1/auth/signup"),
    ("post", "/api/v1/roles"),
    ("post", "/api/v1/rooms"),
    ("post", "/api/v1/rooms/{room_id}/join"),
    ("post", "/api/v1/rooms/{room_id}/leave"),
    ("post", "/api/v1/rooms/{room_id}/speaker/acquire"),
    ("post", "/api/v1/rooms/{room_id}/speaker/heartbeat"),
    ("post", "/api/v1/rooms/{room_id}/speaker/release"),
    ("post", "/api/v1/rooms/{room_id}/stage/invite"),
    ("post", "/api/v1/rooms/{room_id}/stage/invite/respond"),
    ("post", "/api/v1/rooms/{room_id}/stage/request"),
    ("post", "/api/v1/rooms/{room_id}/stage/revoke"),
    ("post", "/api/v1/rooms/{room_id}/stt"),
    ("post", "/api/v1/rooms/{room_id}/voice/deafen"),
    ("post", "/api/v1/rooms/{room_id}/voice/join"),
    ("post", "/api/v1/rooms/{room_id}/voice/kick"),
    ("post", "/api/v1/rooms/{room_id}/voice/leave"),
    ("post", "/api/v1/rooms/{room_id}/voice/move"),
    ("post", "/api/v1/rooms/{room_id}/voice/mute"),
    ("post", "/api/v1/rooms/{room_id}/voice/token-refresh"),
    ("post", "/v1/devices"),
    ("post", "/v1/rooms"),
    ("post", "/voice/join"),
    ("post", "/voice/leave"),
    ("post", "/voice/signal"),
    ("put", "/api/v1/users/{user_id}/roles/{role_id}"),
    ("put", "/v1/rooms/{room}"),
];

/// Asks for nothing and tells everyone.
const OPEN_TO_ALL: &str = "/api/v1/gateway";

/// Sockets of browsers, which are not shown why an upgrade was refused: told after it.
const REFUSE_AFTER_UPGRADE: [&str; 5] =
    ["/api/v1/ws/rooms/{room_id}", "/gateway", "/media/v1", "/v1/ws", "/ws/rooms/{room_id}"];

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
        let path = path.replace("{session_id}", "1").replace("{user_id}", "1");
        let path = path.replace("{role_id}", "1");
        let method = method.to_uppercase().parse().unwrap();
        let reply = server.nobody().send(method, &path, None).await;
        let expected: &[u16] = if path == OPEN_TO_ALL { &[200] } else { &[400, 401, 422, 426] };
        assert!(expected.contains(&reply.status), "{path}: {}", reply.status);
    }
}

#[tokio::test]
async fn every_refusal_is_described_in_the_shape_of_its_dialect() {
    let server = Server::start().await;
    for (method, path, operation) in operations(server.api.document()) {
        let shape = match operation["tags"][0].as_str().unwrap() {
            "Vox" => "VoxError",
            "STT Room" => "SttRoomError",
            "Vox and STT Room" => "AnyError",
            "Voice Service" => "VoiceServiceError",
            "Aura" => "AuraError",
            other => panic!("nobody knows {other}"),
        };
        for (status, response) in operation["responses"].as_object().unwrap() {
            if status.as_str() < "400" {
                continue;
            }
            let schema = &response["content"]["application/json"]["schema"]["$ref"];
            let wanted = format!("#/components/schemas/{shape}");
            assert_eq!(*schema, wanted, "{method} {path} {status}");
        }
        let described = |status: &str| operation["responses"].get(status).is_some();
        if REFUSE_AFTER_UPGRADE.contains(&path) || path == OPEN_TO_ALL {
            continue;
        }
        let open = operation.get("security").is_none();
        assert!(described("503"), "{method} {path}");
        assert!(open || described("401") && described("403"), "{method} {path}");
        let reads = operation.get("requestBody").is_some();
        assert!(!reads || described("413"), "{method} {path}");
        assert!(["post", "patch", "put"].contains(&method) || !described("413"), "{method} {path}");
    }
}

/// Every `$ref` in a document, with where it is.
fn references<'a>(at: &str, value: &'a Value, found: &mut Vec<(String, &'a str)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().filter(|_| key == "$ref") {
                    Some(reference) => found.push((at.to_owned(), reference)),
                    None => references(&format!("{at}/{key}"), value, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(at, item, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn references_point_to_something_and_everything_is_pointed_to() {
    let server = Server::start().await;
    for schemas in [&server.api, &server.stream] {
        let mut found = Vec::new();
        references("#", schemas.document(), &mut found);
        assert!(found.len() > 10);
        for (_, reference) in &found {
            schemas.resolve(reference);
        }
        let named = schemas.document()["components"]["schemas"].as_object().unwrap().keys();
        for name in named {
            let reference = format!("#/components/schemas/{name}");
            assert!(found.iter().any(|(_, found)| *found == reference), "{name} is of no use");
        }
    }
}

#[tokio::test]
async fn the_stream_is_described_as_asyncapi_3_has_it() {
    let server = Server::start().await;
    let document = server.stream.document();
    assert_eq!(document["asyncapi"], "3.0.0");
    assert_eq!(document["info"]["version"], env!("CARGO_PKG_VERSION"));
    let channels = document["channels"].as_object().unwrap();
    let names =
        ["aura.socket", "stt_room.events", "voice_service.events", "vox.gateway", "vox.media"];
    assert_eq!(channels.keys().collect::<Vec<_>>(), names);
    let mut said = BTreeSet::new();
    for (name, operation) in document["operations"].as_object().unwrap() {
        assert!(["send", "receive"].contains(&operation["action"].as_str().unwrap()), "{name}");
        let channel = operation["channel"]["$ref"].as_str().unwrap();
        for message in operation["messages"].as_array().unwrap() {
            let reference = message["$ref"].as_str().unwrap();
            let message = reference.strip_prefix(&format!("{channel}/messages/"));
            let message = message.unwrap_or_else(|| panic!("{name}: {reference}"));
            said.insert((channel.rsplit('/').next().unwrap(), message));
        }
    }
    for (name, channel) in channels {
        let address = channel["address"].as_str().unwrap();
        let parameters = channel["parameters"].as_object().unwrap();
        assert_eq!(address.matches('{').count(), parameters.len(), "{name}");
        assert!(parameters.keys().all(|key| address.contains(&format!("{{{key}}}"))), "{name}");
        let messages = channel["messages"].as_object().unwrap().keys().map(String::as_str);
        let said = said.iter().filter(|(channel, _)| channel == name).map(|(_, message)| *message);
        assert_eq!(messages.collect::<BTreeSet<_>>(), said.collect(), "{name}");
    }
    for (name, message) in document["components"]["messages"].as_object().unwrap() {
        // What two channels call the same has the channel's name before it.
        let named = ["gateway.client.", "gateway.", "media."];
        let kind = named.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
        let keys = &message["payload"]["properties"];
        match kind.strip_prefix("aura.") {
            // JSON-RPC has no types: answers go by their id.
            Some("result" | "error") => assert!(keys.get("id").is_some()),
            Some(method) => assert_eq!(keys["method"]["const"], method),
            None => assert_eq!(keys["type"]["const"], kind),
        }
        let of_gateway = name.starts_with("gateway.");
        assert!(of_gateway || message["payload"]["additionalProperties"] == false, "{name}");
    }
}
