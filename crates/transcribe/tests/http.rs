//! The engine that asks another server, against a server of a few lines.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;

use transcribe::engine::http::{Http, Settings};
use transcribe::engine::{Engine, EngineError};
use transcribe::upload::{Limits, decode};

/// What came in.
struct Request {
    head: String,
    body: Vec<u8>,
}

/// Answers one request with this; gives the address and what came.
fn answer_once(status: &'static str, body: &'static str) -> (String, JoinHandle<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            reader.read_line(&mut head).unwrap();
        }
        let length = head
            .lines()
            .find_map(|line| line.to_lowercase().strip_prefix("content-length:").map(str::to_owned))
            .unwrap();
        let mut bytes = vec![0; length.trim().parse().unwrap()];
        reader.read_exact(&mut bytes).unwrap();
        let length = body.len();
        let reply = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
        reader.get_mut().write_all(reply.as_bytes()).unwrap();
        Request { head, body: bytes }
    });
    (url, served)
}

fn engine(url: String) -> Engine {
    let (key, model) = (Some("secret".to_owned()), "whisper-1".to_owned());
    Engine::Http(Http::new(Settings { url, key, model, language: None }).unwrap())
}

#[test]
fn a_clip_goes_out_as_a_form_and_text_comes_back() {
    let (url, served) = answer_once("200 OK", r#"{"text":" Hello. ","language":"en","x":1}"#);
    let engine = engine(url);
    assert_eq!((engine.name(), engine.model()), ("http", "whisper-1"));
    let samples: Vec<f32> = (0..8_000).map(|n| (n as f32 * 0.1).sin() * 0.5).collect();
    let decoded = engine.decoder().unwrap().decode(&samples).unwrap();
    assert_eq!((decoded.text.as_str(), decoded.language.as_deref()), ("Hello.", Some("en")));

    let request = served.join().unwrap();
    assert!(request.head.starts_with("POST /v1/audio/transcriptions HTTP/1.1\r\n"));
    assert!(request.head.to_lowercase().contains("\r\nauthorization: bearer secret\r\n"));
    let text = String::from_utf8_lossy(&request.body);
    assert!(text.contains("name=\"model\"\r\n\r\nwhisper-1\r\n"), "{text}");
    let start = request.body.windows(4).position(|four| four == b"RIFF").unwrap();
    let end = request.body.windows(4).rposition(|four| four == b"\r\n--").unwrap();
    let sent = decode(&request.body[start..end], Limits::default()).unwrap();
    assert_eq!(sent.len(), samples.len());
}

#[test]
fn failures_do_not_tell_the_key() {
    let cases = [
        ("500 Oops", "{}", "answered 500"),
        ("401 No", "secret", "answered 401"),
        ("200 OK", "secret", "not understood"),
        ("200 OK", "{}", "not understood"),
    ];
    for (status, body, wanted) in cases {
        let (url, served) = answer_once(status, body);
        let failed = engine(url).decoder().unwrap().decode(&[0.0; 1_600]).unwrap_err();
        assert!(matches!(&failed, EngineError::Failed(text) if text.contains(wanted)), "{failed}");
        assert!(!failed.to_string().contains("secret"));
        served.join().unwrap();
    }
    let unreachable = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let failed =
        engine(format!("http://{unreachable}/v1")).decoder().unwrap().decode(&[0.0; 1_600]);
    assert!(matches!(failed, Err(EngineError::Failed(text)) if text.contains("cannot be reached")));
}
