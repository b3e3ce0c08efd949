//! Media over TCP: connections that are none, and one that is.

use std::time::Duration;

use net::Media;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::client::PATIENCE;

/// A connection that media has, and what tells of its end.
async fn connected(media: &Media) -> (TcpStream, oneshot::Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let (keep, ended) = oneshot::channel();
    media.take_stream(stream, keep);
    (client, ended)
}

fn frame(contents: &[u8]) -> Vec<u8> {
    [&(contents.len() as u16).to_be_bytes(), contents].concat()
}

/// A check of nobody for a worker.
fn check(worker: u8) -> Vec<u8> {
    let name = format!("{worker:02x}AAAAAAAA:tom");
    let mut check = vec![0, 1, 0, 4 + 16, 0x21, 0x12, 0xa4, 0x42];
    check.extend([7; 12]);
    check.extend([0, 6, 0, name.len() as u8]);
    check.extend(name.as_bytes());
    check.resize(40, 0);
    check
}

async fn check_closed(mut client: TcpStream, ended: oneshot::Receiver<()>, what: &str) {
    let mut byte = [0];
    let read = timeout(PATIENCE, client.read(&mut byte)).await.expect(what);
    assert!(matches!(read, Ok(0) | Err(_)), "{what}: {read:?}");
    timeout(PATIENCE, ended).await.expect(what).unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_media_is_closed() {
    let (media, _events) = crate::start(2);
    let good = frame(&check(0));
    let long_after_good = [&good[..], &[0x05, 0xdd]].concat();
    for (what, bytes) in [
        ("a frame that is too long", vec![0x05, 0xdd]),
        ("the same after a good one", long_after_good),
        ("a first frame that is no check", frame(&[0x80; 30])),
        ("a plain request", frame(&[&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[7; 12]].concat())),
        ("a check for a worker that does not exist", frame(&check(9))),
    ] {
        let (mut client, ended) = connected(&media).await;
        client.write_all(&bytes).await.unwrap();
        check_closed(client, ended, what).await;
    }
    let (client, ended) = connected(&media).await;
    drop(client);
    timeout(PATIENCE, ended).await.unwrap().unwrap_err();
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn frames_reach_their_worker_however_they_are_cut() {
    let (media, _events) = crate::start(2);
    let (mut client, ended) = connected(&media).await;
    let plain = frame(&[&[0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42][..], &[9; 12]].concat());
    let bytes = [frame(&check(1)), plain].concat();
    for piece in bytes.chunks(5) {
        client.write_all(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    // What is answered without a password is one's own address: framed, on the same connection.
    let mut answer = [0; 34];
    timeout(PATIENCE, client.read_exact(&mut answer)).await.unwrap().unwrap();
    assert_eq!(answer[..4], [0, 32, 1, 1]);
    assert_eq!(answer[10..22], [9; 12]);
    let refused = async {
        while media.stats().await.core.refused_checks == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, refused).await.unwrap();
    media.stop();
    check_closed(client, ended, "the worker is gone").await;
}
