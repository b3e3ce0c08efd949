//! Garbage, forgeries and truncations disturb nobody.

use std::net::SocketAddr;

use media::{Output, WorkerNumber};

use crate::harness::*;

/// A small generator: tests must be repeatable.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn noise_from_strangers_and_from_a_peers_address_disturbs_nothing() {
    let mut world = World::with(2);
    let (peer, stranger) = (world.clients[0].address, "203.0.113.66:666".parse().unwrap());
    let mut noise = Noise(0x9e37_79b9_7f4a_7c15);
    for round in 0..40 {
        for first in [0, 1, 2, 3, 20, 22, 23, 25, 63, 64, 127, 128, 129, 144, 191, 192, 255] {
            for source in [peer, stranger] {
                let len = (noise.next() % 1600) as usize;
                let mut bytes = noise.bytes(len);
                if let Some(byte) = bytes.first_mut() {
                    *byte = first;
                }
                world.inject(source, &bytes);
            }
        }
        world.inject(stranger, &[]);
        world.talk(&[(0, LOUD)], 20);
        assert_eq!(world.clients[1].got.len(), round + 1);
    }
    assert_eq!(continuous(&world.take_got(1)), 40);
    let counters = world.workers[0].counters();
    assert!(counters.garbage > 100 && counters.stranger > 100, "{counters:?}");
    assert_eq!(counters.failed, 0);
}

#[test]
fn truncated_and_flipped_datagrams_of_a_real_peer_disturb_nothing() {
    let mut world = World::with(2);
    let source = world.clients[0].address;
    let rtp = [&[0x80, 111, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1][..], &[7; 60]].concat();
    let dtls = [&[22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 1, 0, 40][..], &[1; 40]].concat();
    let rtcp = [&[0x81, 200, 0, 6][..], &[9; 24]].concat();
    let mut stun = vec![0, 1, 0, 12, 0x21, 0x12, 0xa4, 0x42];
    stun.extend([5; 12]);
    stun.extend([0, 6, 0, 5, b'0', b'0', b'x', b':', b'y', 0, 0, 0]);
    for whole in [rtp, dtls, rtcp, stun] {
        for len in 0..whole.len() {
            world.inject(source, &whole[..len]);
            let mut flipped = whole.clone();
            flipped[len] ^= 0xff;
            world.inject(source, &flipped);
        }
    }
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(continuous(&world.take_got(1)), 10);
}

#[test]
fn a_check_with_a_wrong_password_takes_no_address() {
    let mut world = World::with(2);
    let mut check = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    check.extend([5; 12]);
    // The credentials of the harness are known: the name of the second session, no password.
    let name = b"00CCCCCCCC:abcd\0";
    check.extend([0, 6, 0, 15]);
    check.extend(name);
    check.extend([0, 0x24, 0, 4, 1, 2, 3, 4]);
    check.extend([0, 8, 0, 20]);
    check.extend([0; 20]);
    check[3] = (check.len() - 20) as u8;
    let first = world.clients[0].address;
    world.inject(first, &check);
    assert_eq!(world.workers[0].counters().refused_checks, 1);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_plain_stun_request_is_answered() {
    let mut world = World::new();
    let source: SocketAddr = "192.0.2.1:32853".parse().unwrap();
    let here: SocketAddr = "198.51.100.4:8085".parse().unwrap();
    // The transaction of RFC 5769 section 2.2, whose response has these very bytes.
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.extend([0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae]);
    world.workers[0].handle_datagram(world.now, source, here, &request);
    let Some(Output::Transmit(reply)) = world.workers[0].poll_output() else { panic!("no reply") };
    assert_eq!((reply.source, reply.destination), (here, source));
    let mut expect = vec![1, 1, 0, 12];
    expect.extend(&request[4..]);
    expect.extend([0, 0x20, 0, 8, 0, 1, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
    assert_eq!(reply.contents, expect);
}

#[test]
fn a_check_for_another_worker_is_handed_over_and_so_is_what_follows() {
    let mut world = World::new();
    let source: SocketAddr = "192.0.2.77:1000".parse().unwrap();
    let here: SocketAddr = "192.0.2.1:8085".parse().unwrap();
    let mut check = vec![0, 1, 0, 16, 0x21, 0x12, 0xa4, 0x42];
    check.extend([5; 12]);
    check.extend([0, 6, 0, 12]);
    check.extend(b"03abcdefgh:x");
    for bytes in [&check[..], &[22; 100], &[0x80; 100]] {
        world.workers[0].handle_datagram(world.now, source, here, bytes);
        let Some(Output::Handover(handover)) = world.workers[0].poll_output() else {
            panic!("not handed over")
        };
        assert_eq!(handover.worker, WorkerNumber(3));
        assert_eq!((handover.source, handover.destination), (source, here));
        assert_eq!(handover.contents, bytes);
        // Never twice: a worker that knows nothing of it does not pass it on again.
        world.workers[0].handle_handover(world.now, &handover);
        assert!(world.workers[0].poll_output().is_none());
    }
}

#[test]
fn a_check_for_a_worker_that_does_not_exist_goes_nowhere() {
    let mut world = World::new();
    let here: SocketAddr = "192.0.2.1:8085".parse().unwrap();
    let mut check = vec![0, 1, 0, 16, 0x21, 0x12, 0xa4, 0x42];
    check.extend([5; 12]);
    check.extend([0, 6, 0, 12]);
    check.extend(b"04abcdefgh:x");
    world.workers[0].handle_datagram(world.now, "192.0.2.77:1000".parse().unwrap(), here, &check);
    assert!(world.workers[0].poll_output().is_none());
    assert_eq!(world.workers[0].counters().refused_checks, 1);
}
