//! The sockets over loopback: families, source addresses, sharing, and what goes wrong.

use std::collections::HashSet;
use std::time::Instant;

use media::Transmit;

use super::*;
use crate::wake::Waker;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

fn config(bind: Option<&str>, port: u16) -> MediaConfig {
    MediaConfig { bind: bind.map(|ip| ip.parse().unwrap()), port, ..MediaConfig::default() }
}

fn answer(source: SocketAddr, destination: SocketAddr, contents: Vec<u8>) -> Transmit {
    Transmit { protocol: media::Protocol::Udp, source, destination, contents }
}

/// Sends from `client` to `to`, echoes through an ingress and egress of the given kind, and returns
/// what the client got back and from where.
macro_rules! echo {
    ($sockets:expr, $part:ident, $to:expr) => {{
        let waker = Waker::new($sockets.sockets[0].local).unwrap();
        let socket = &$sockets.sockets[0];
        let to: SocketAddr = $to;
        let any = if to.is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        let client = UdpSocket::bind(any).unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.send_to(b"hello", to).unwrap();
        let (mut ingress, mut egress) = ($part::Ingress::new(), $part::Egress::new(socket));
        let mut got = Vec::new();
        let end = Instant::now() + PATIENCE;
        while got.is_empty() && Instant::now() < end {
            $part::wait(socket, &waker, PATIENCE);
            ingress.receive(socket, |source, destination, bytes| {
                got.push((source, destination, bytes.to_vec()));
            });
        }
        let (source, destination, contents) = got.pop().unwrap();
        assert_eq!(source, client.local_addr().unwrap());
        egress.push(socket, answer(destination, source, contents));
        egress.flush(socket);
        let mut buffer = [0; 16];
        let (len, from) = client.recv_from(&mut buffer).unwrap();
        assert_eq!(&buffer[..len], b"hello");
        assert_eq!(egress.dropped, 0);
        (destination, from)
    }};
}

#[test]
fn a_dual_socket_answers_both_families_from_the_address_asked() {
    let sockets = bind(&config(None, 0), 1).unwrap();
    let v4: SocketAddr = ([127, 0, 0, 7], sockets.port).into();
    assert_eq!(echo!(sockets, linux, v4), (v4, v4), "not from 127.0.0.1");
    let v6: SocketAddr = (Ipv6Addr::LOCALHOST, sockets.port).into();
    assert_eq!(echo!(sockets, linux, v6), (v6, v6));
}

#[test]
fn an_ipv4_socket_answers_from_the_address_asked() {
    let sockets = bind(&config(Some("0.0.0.0"), 0), 1).unwrap();
    let v4: SocketAddr = ([127, 0, 0, 9], sockets.port).into();
    assert_eq!(echo!(sockets, linux, v4), (v4, v4));
    assert!(!sockets.has_ipv6);
}

#[test]
fn the_portable_way_works_too() {
    let sockets = bind(&config(None, 0), 1).unwrap();
    let v4: SocketAddr = ([127, 0, 0, 1], sockets.port).into();
    assert_eq!(echo!(sockets, portable, v4), (v4, v4));
    let v6: SocketAddr = (Ipv6Addr::LOCALHOST, sockets.port).into();
    assert_eq!(echo!(sockets, portable, v6), (v6, v6));
}

#[test]
fn a_taken_port_is_said() {
    let first = bind(&config(Some("127.0.0.1"), 0), 2).unwrap();
    match bind(&config(Some("127.0.0.1"), first.port), 2) {
        Err(StartError::PortTaken(port)) => assert_eq!(port, first.port),
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the port was shared with a stranger"),
    }
}

#[test]
fn workers_share_one_port() {
    let sockets = bind(&config(None, 0), 3).unwrap();
    let ports: HashSet<u16> = sockets.sockets.iter().map(|s| s.local.port()).collect();
    assert_eq!((sockets.sockets.len(), ports.len()), (3, 1));
}

#[test]
fn one_bad_datagram_does_not_stop_the_others() {
    let sockets = bind(&config(Some("127.0.0.1"), 0), 1).unwrap();
    let socket = &sockets.sockets[0];
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut egress = linux::Egress::new(socket);
    let (source, good) = (socket.local, client.local_addr().unwrap());
    for (destination, contents) in [
        (good, vec![1]),
        (good, vec![0; 70_000]),
        ("[::1]:9".parse().unwrap(), vec![2]),
        (good, vec![3]),
    ] {
        egress.push(socket, answer(source, destination, contents));
    }
    egress.flush(socket);
    let mut buffer = [0; 16];
    let mut read = || client.recv_from(&mut buffer).map(|(len, _)| (len, buffer[0])).unwrap();
    assert_eq!([read(), read()], [(1, 1), (1, 3)]);
    assert_eq!(egress.dropped, 2);
}
