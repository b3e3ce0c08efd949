//! The media side over real loopback sockets, with real WebRTC clients in threads of their own.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod client;
mod span;
mod stream;
mod tap;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::sync::atomic::Ordering;
use std::time::Duration;

use client::{Client, PATIENCE};
use media::{Event, Gate, MediaRefusal, OpenSession};
use model::{RoomId, SessionId, UserId};
use net::{Media, MediaConfig, StartError};
use tokio::sync::mpsc;
use tokio::time::timeout;

const OPEN: Gate = Gate { speak: true, camera: true, screen: true, receive: true, captions: false };
const V4: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);
const V6: IpAddr = IpAddr::V6(std::net::Ipv6Addr::LOCALHOST);

fn session(n: i64) -> SessionId {
    SessionId::from_i64(n).unwrap()
}

fn room(n: i64) -> RoomId {
    RoomId::from_i64(n).unwrap()
}

fn start(workers: usize) -> (Media, mpsc::Receiver<Event>) {
    Media::start(MediaConfig { workers, ..MediaConfig::default() }).unwrap()
}

/// A connected client in a room.
async fn join(media: &Media, n: i64, room: i64, ip: IpAddr) -> Client {
    let (session, room) = (session(n), crate::room(room));
    let user = UserId::from_i64(n).unwrap();
    media.open(OpenSession { session, room, user, gate: OPEN }).await.unwrap();
    let (mut client, offer) = Client::prepare(ip);
    let answer = media.offer(session, offer, Vec::new()).await.unwrap();
    client.start(&answer);
    client.connected().await;
    client
}

#[tokio::test(flavor = "multi_thread")]
async fn audio_goes_through_over_both_families_and_all_workers() {
    let (media, mut events) = start(3);
    let mut listeners = Vec::new();
    let speaker = join(&media, 1, 1, V4).await;
    for n in 2..10 {
        listeners.push(join(&media, n, 1, if n % 2 == 0 { V4 } else { V6 }).await);
    }
    speaker.talk(true);
    for listener in &mut listeners {
        let got = listener.take(100).await;
        assert!(got.windows(2).all(|pair| pair[1] == pair[0] + 1), "{got:?}");
    }
    let stats = media.stats().await;
    assert_eq!(stats.core.sessions, 9);
    assert!(stats.core.forwarded >= 800, "{stats:?}");
    assert!(stats.core.handed_over > 0, "nine sockets on three workers: {stats:?}");
    assert_eq!((stats.send_dropped, stats.handover_dropped, stats.core.failed), (0, 0, 0));
    let expect = Event::Connected { session: session(9) };
    let seen = async { while events.recv().await != Some(expect.clone()) {} };
    timeout(PATIENCE, seen).await.unwrap();
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_forbidden_leaves_after_set_gate_returned() {
    let (media, _events) = start(2);
    let speaker = join(&media, 1, 1, V4).await;
    let mut listener = join(&media, 2, 1, V6).await;
    let mut witness = join(&media, 3, 1, V4).await;
    speaker.talk(true);
    listener.take(20).await;
    for round in 0..5 {
        media.set_gate(session(1), room(1), Gate { speak: false, ..OPEN }).await.unwrap();
        // Whatever the speaker sends from here on must not arrive.
        let last_allowed = speaker.sent.load(Ordering::SeqCst);
        while speaker.sent.load(Ordering::SeqCst) < last_allowed + 20 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let first_allowed = speaker.sent.load(Ordering::SeqCst);
        media.set_gate(session(1), room(1), OPEN).await.unwrap();
        for client in [&mut listener, &mut witness] {
            let got = client.take_until(first_allowed + 10).await;
            let leaked = |n: &&u32| **n > last_allowed && **n < first_allowed;
            assert_eq!(got.iter().filter(leaked).count(), 0, "{round}: {got:?}");
        }
    }
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_garbage_does_not_stop_the_audio() {
    const FLOOD: usize = 20_000;
    let (media, _events) = start(2);
    let speaker = join(&media, 1, 1, V4).await;
    let mut listener = join(&media, 2, 1, V4).await;
    speaker.talk(true);
    let from = listener.take(20).await[19];
    let target = SocketAddr::new(V4, media.local_port());
    let flood = tokio::task::spawn_blocking(move || {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let mut noise = 0x2545_f491_4f6c_dd1d_u64;
        for n in 0..FLOOD {
            noise = noise.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let bytes: Vec<u8> =
                (0..n % 300).map(|at| (noise >> (at % 56)) as u8 ^ at as u8).collect();
            // The socket's buffer may be full, which is part of the flood.
            let _ = socket.send_to(&bytes, target);
        }
    });
    flood.await.unwrap();
    let after = speaker.sent.load(Ordering::SeqCst);
    let got = listener.take_until(after + 100).await;
    assert!(got.windows(2).all(|pair| pair[0] < pair[1]), "in order");
    let during = got.iter().filter(|n| **n <= after).count();
    let sent = (after - from) as usize;
    assert!(during * 2 >= sent, "{during} of {sent} while flooded");
    let calm = got.iter().filter(|n| **n > after).count();
    assert!(calm >= 95, "{calm} of 100 afterwards");
    let stats = media.stats().await;
    assert!(stats.core.garbage + stats.core.stranger > 1000, "{stats:?}");
    assert_eq!(stats.core.failed, 0);
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plain_stun_request_is_answered_with_the_address() {
    let (media, _events) = start(2);
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend([9; 12]);
    client.send_to(&request, SocketAddr::new(V4, media.local_port())).unwrap();
    let mut reply = [0; 64];
    let (len, _) = client.recv_from(&mut reply).unwrap();
    assert_eq!((len, &reply[..4]), (32, &[1, 1, 0, 12][..]));
    let port = u16::from_be_bytes([reply[26] ^ 0x21, reply[27] ^ 0x12]);
    let ip = [reply[28] ^ 0x21, reply[29] ^ 0x12, reply[30] ^ 0xa4, reply[31] ^ 0x42];
    assert_eq!(SocketAddr::from((ip, port)), client.local_addr().unwrap());
    media.stop();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_taken_port_and_a_stopped_server_are_said() {
    let (media, _events) = start(2);
    let taken = MediaConfig { port: media.local_port(), ..MediaConfig::default() };
    match Media::start(taken.clone()) {
        Err(StartError::PortTaken(port)) => assert_eq!(port, media.local_port()),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("two servers on one port"),
    }
    assert_eq!(media.set_gate(session(1), room(1), OPEN).await, Err(MediaRefusal::UnknownSession));
    let user = UserId::from_i64(1).unwrap();
    let open = OpenSession { session: session(1), room: room(1), user, gate: OPEN };
    media.open(open).await.unwrap();
    let refused = media.offer(session(1), "v=1".into(), Vec::new()).await;
    assert!(matches!(refused, Err(MediaRefusal::BadSdp(_))));
    media.stop();
    assert_eq!(media.set_gate(session(1), room(1), OPEN).await, Err(MediaRefusal::WorkerGone));
    media.close(session(1), room(1)).await;
    Media::start(taken).expect("the port is free again").0.stop();
}

#[tokio::test]
async fn loopback_is_offered_last() {
    let config = MediaConfig {
        public_address: Some("203.0.113.8".parse().unwrap()),
        workers: 1,
        ..MediaConfig::default()
    };
    let (media, _events) = Media::start(config).unwrap();
    let addresses = media.addresses();
    assert_eq!(addresses[0], "203.0.113.8".parse::<IpAddr>().unwrap());
    assert!(addresses.last().unwrap().is_loopback());
    media.stop();
}
