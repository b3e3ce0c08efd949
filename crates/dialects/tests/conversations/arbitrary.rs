//! Whatever comes in is answered: no body, id or frame makes a handler panic or fail.

mod scene;
mod sockets;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use room::Timing;
use serde_json::Value;
use tower::ServiceExt;

use self::scene::{AT_MOST, ROUNDS, Said, Scene};
use crate::harness::{FORM, Server, Setup, form, speech};

/// Of paths that are Vox's alone.
const VOX: [&str; 8] = [
    "/voice",
    "/stage/",
    "/roles",
    "/auth/register",
    "/users/",
    " /gateway",
    " /media/v1",
    "/api/v1/gateway",
];

/// An error is in the shape of a dialect that has the path.
fn check_rendered(what: &str, body: &[u8]) {
    let body: Value = serde_json::from_slice(body).unwrap_or_else(|_| panic!("{what}: no JSON"));
    let error = &body["error"];
    let of_vox = error["code"].is_string() && error["message"].is_string();
    let of_stt_room = body["code"].is_string() && body["detail"].is_string();
    let of_voice_service = error.is_string();
    let of_aura = error["code"].is_u64() && error["message"].is_string();
    let rendered = if what.contains(" /v1/") {
        of_aura
    } else if what.contains(" /voice/") {
        of_voice_service
    } else if VOX.iter().any(|part| what.contains(part)) || what.starts_with("PATCH") {
        of_vox
    } else {
        of_vox || of_stt_room
    };
    assert!(rendered, "{what}: {body}");
}

#[test]
fn every_request_is_answered() {
    let scene = AssertUnwindSafe(Scene::new());
    let target = bolero::check!().with_type::<Said>();
    target.with_iterations(ROUNDS).with_test_time(AT_MOST).for_each(|said| {
        let scene: &AssertUnwindSafe<Scene> = &scene;
        let request = scene.request(said);
        let what = format!("{} {}", request.method(), request.uri());
        // A handler's panic comes out here.
        let answer = scene.maya.server.router.clone().oneshot(request);
        let answer = scene.runtime.block_on(answer).unwrap();
        let status = answer.status();
        // Without an engine there is nothing to send a recording to.
        let unavailable = status == 503 && what.contains("/stt");
        assert!(!status.is_server_error() || unavailable, "{what}: {status}");
        if status.is_client_error() || unavailable {
            let body = axum::body::to_bytes(answer.into_body(), usize::MAX);
            let body = scene.runtime.block_on(body).unwrap();
            check_rendered(&what, &body);
        }
    });
}

/// A form that nobody should send: parts, or bytes instead; how much of a recording is in each part.
type Sent = (Vec<(String, Vec<u8>, u16)>, Option<Vec<u8>>, bool);

#[test]
fn every_upload_is_answered() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let maya = runtime.block_on(async {
        let timing = Timing { speaker_ttl: Duration::from_secs(3600), ..Timing::default() };
        let speech = Some(app::UploadLimits { bytes: 20_000, seconds: 3 });
        let server = Server::with(Setup { timing, speech, ..Setup::default() }).await;
        let maya = server.talker("maya").await.talk("den", None).await;
        maya.join().await;
        maya.acquire().await.expect(200);
        maya
    });
    let recording = speech::file("recorder.webm");
    let scene = AssertUnwindSafe((runtime, maya));
    let target = bolero::check!().with_type::<Sent>();
    target.with_iterations(ROUNDS / 3).with_test_time(AT_MOST).for_each(|(parts, raw, named)| {
        let scene: &AssertUnwindSafe<_> = &scene;
        let (runtime, maya) = &scene.0;
        let parts: Vec<_> = parts
            .iter()
            .map(|(disposition, bytes, length)| {
                let length = usize::from(*length).min(recording.len());
                let content = [bytes, &recording[..length]].concat();
                (if *named { "name=\"file\"" } else { disposition.as_str() }, content)
            })
            .collect();
        let parts: Vec<_> = parts.iter().map(|(name, content)| (*name, "", &content[..])).collect();
        let body = raw.clone().unwrap_or_else(|| form(&parts));
        let reply = runtime.block_on(maya.upload_as(FORM, body));
        assert!([200, 413, 415, 422].contains(&reply.status), "{reply:?}");
    });
}
