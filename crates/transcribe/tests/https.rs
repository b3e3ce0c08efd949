//! The engine that asks another server, over TLS.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use transcribe::engine::http::{Http, Settings};

/// An authority, and a server's own part for `localhost` that it signed.
fn certificates() -> (Vec<u8>, Arc<ServerConfig>) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let own = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let own = own.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], key)
        .unwrap();
    (issuer.der().to_vec(), Arc::new(config))
}

/// Answers one request; gives the port and what came in clear.
fn answer_once(config: Arc<ServerConfig>) -> (u16, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let served = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let connection = ServerConnection::new(config).unwrap();
        let mut reader = BufReader::new(StreamOwned::new(connection, stream));
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if !matches!(reader.read_line(&mut head), Ok(1..)) {
                return head;
            }
        }
        let lines = head.to_lowercase();
        let length = lines.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        reader.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        let reply = "HTTP/1.1 200 OK\r\ncontent-length: 16\r\n\r\n{\"text\":\"Hello\"}";
        reader.get_mut().write_all(reply.as_bytes()).unwrap();
        head
    });
    (port, served)
}

fn settings(host: &str, port: u16) -> Settings {
    Settings {
        url: format!("https://{host}:{port}/v1"),
        key: Some("secret".to_owned()),
        model: "whisper-1".to_owned(),
        language: None,
    }
}

const CLIP: [f32; 1_600] = [0.0; 1_600];

#[test]
fn a_trusted_server_is_asked_over_tls() {
    let (authority, config) = certificates();
    let (port, served) = answer_once(config);
    let http = Http::trusting(settings("localhost", port), &[authority]).unwrap();
    assert_eq!(http.decode(&CLIP).unwrap().text, "Hello");
    let head = served.join().unwrap().to_lowercase();
    assert!(head.starts_with("post /v1/audio/transcriptions "), "{head}");
    assert!(head.contains("authorization: bearer secret\r\n"), "{head}");
}

#[test]
fn a_stranger_is_told_nothing() {
    let (authority, config) = certificates();
    let asked = |http: Http, served: JoinHandle<String>| {
        let refused = http.decode(&CLIP).unwrap_err().to_string();
        assert!(refused.contains("no certificate that this system trusts"), "{refused}");
        assert_eq!(served.join().unwrap(), "");
    };
    // Signed by nobody that this system knows.
    let (port, served) = answer_once(Arc::clone(&config));
    asked(Http::new(settings("localhost", port)).unwrap(), served);
    // The right authority, another name.
    let (port, served) = answer_once(config);
    asked(Http::trusting(settings("127.0.0.1", port), &[authority]).unwrap(), served);
}
