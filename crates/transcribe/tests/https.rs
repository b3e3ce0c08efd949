//! The engine that asks another server, over TLS. One test, as it changes its process's
//! environment.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread::JoinHandle;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use transcribe::engine::EngineError;
use transcribe::engine::http::{Http, Settings};

/// An authority, and a server's own part for `localhost` that it signed.
fn certificates() -> (String, Arc<ServerConfig>) {
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
    (issuer.pem(), Arc::new(config))
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

fn ask(host: &str, port: u16) -> Result<String, EngineError> {
    let settings = Settings {
        url: format!("https://{host}:{port}/v1"),
        key: Some("secret".to_owned()),
        model: "whisper-1".to_owned(),
        language: None,
    };
    Http::new(settings).unwrap().decode(&[0.0; 1_600]).map(|decoded| decoded.text)
}

#[test]
fn a_server_is_asked_over_tls_if_the_system_trusts_it() {
    let (authority, config) = certificates();
    let untrusted = |asked: Result<String, EngineError>, came: String| {
        let refused = asked.unwrap_err().to_string();
        assert!(refused.contains("no certificate that this system trusts"), "{refused}");
        assert_eq!(came, "", "nothing is said to a stranger");
    };
    let (port, served) = answer_once(Arc::clone(&config));
    untrusted(ask("localhost", port), served.join().unwrap());

    let list = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(list.path(), authority).unwrap();
    // SAFETY: the threads started above have ended, and the one that runs tests waits for this.
    unsafe { std::env::set_var("SSL_CERT_FILE", list.path()) };
    let (port, served) = answer_once(Arc::clone(&config));
    assert_eq!(ask("localhost", port), Ok("Hello".to_owned()));
    let head = served.join().unwrap().to_lowercase();
    assert!(head.starts_with("post /v1/audio/transcriptions "), "{head}");
    assert!(head.contains("authorization: bearer secret\r\n"), "{head}");

    // The right authority for another name.
    let (port, served) = answer_once(config);
    untrusted(ask("127.0.0.1", port), served.join().unwrap());
}
