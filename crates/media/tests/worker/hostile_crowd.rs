//! Floods, and one faulty session among many: the others lose nothing.

use media::{Event, Output};

use crate::harness::*;

/// The beginning of a handshake (RFC 6347 section 4.2.1).
fn client_hello() -> Vec<u8> {
    let mut hello =
        vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x36, 1, 0, 0, 0x2a, 0, 0, 0, 0];
    hello.extend([0, 0, 0, 0x2a, 0xfe, 0xfd]);
    hello.extend([7; 32]);
    hello.extend([0, 0, 0, 2, 0xc0, 0x2b, 1, 0]);
    hello
}

/// An ICE check for this name with a password that is none.
fn check(name: &str) -> Vec<u8> {
    let mut attributes = vec![0, 6, 0, name.len() as u8];
    attributes.extend(name.as_bytes());
    attributes.resize(attributes.len().next_multiple_of(4), 0);
    attributes.extend([0, 0x24, 0, 4, 1, 2, 3, 4, 0, 0x25, 0, 0, 0, 8, 0, 20]);
    attributes.extend([9; 20]);
    let mut check = vec![0, 1, 0, attributes.len() as u8, 0x21, 0x12, 0xa4, 0x42];
    check.extend([5; 12]);
    [check, attributes].concat()
}

/// What the worker has to say to a datagram, in datagrams.
fn answers(world: &mut World, source: &str, bytes: &[u8]) -> usize {
    let here = "192.0.2.1:8085".parse().unwrap();
    world.workers[0].handle_datagram(world.now, source.parse().unwrap(), here, bytes);
    let output = std::iter::from_fn(|| world.workers[0].poll_output());
    output.filter(|output| matches!(output, Output::Transmit(_))).count()
}

#[test]
fn a_handshake_of_a_stranger_is_not_answered() {
    let mut world = World::with(2);
    for n in 0..2000 {
        let source = format!("203.0.113.66:{}", 1000 + n % 50);
        assert_eq!(answers(&mut world, &source, &client_hello()), 0);
        assert_eq!(answers(&mut world, &source, &client_hello()[..n % 60 + 1]), 0);
    }
    assert!(world.workers[0].counters().stranger >= 2000);
    world.talk(&[(0, LOUD), (1, LOUD)], 400);
    assert_eq!(continuous(&world.take_got(1)), 20);
}

/// A name in a check, with a wrong password, does not make its sender's address a verified one.
#[test]
fn a_handshake_after_a_forged_check_is_not_answered() {
    let mut world = World::with(2);
    let stranger = "203.0.113.66:666";
    let before = world.workers[0].counters();
    for _ in 0..100 {
        assert_eq!(answers(&mut world, stranger, &check("00CCCCCCCC:abcd")), 0);
        assert_eq!(answers(&mut world, stranger, &client_hello()), 0);
    }
    let after = world.workers[0].counters();
    assert_eq!(after.refused_checks - before.refused_checks, 100);
    assert_eq!(after.stranger - before.stranger, 100);
}

#[test]
fn a_flood_of_handshakes_from_a_verified_address_disturbs_nobody() {
    let mut world = World::with(3);
    world.talk(&[(0, LOUD), (1, LOUD)], 400);
    let source = world.seen(0).to_string();
    let mut sent = 0;
    for n in 0..1000_u16 {
        let mut hello = client_hello();
        // As new ones, and as parts of one.
        hello[11..13].copy_from_slice(&(n | 0x36).to_be_bytes());
        hello[18] = n as u8;
        sent += answers(&mut world, &source, &hello);
        sent += answers(&mut world, &source, &client_hello());
    }
    assert!(sent < 4000, "{sent} datagrams for 2000");
    world.take_got(2);
    world.talk(&[(1, LOUD)], 400);
    assert_eq!(continuous(&world.take_got(2)), 20);
    let ended = |event: &&Event| matches!(event, Event::Failed { .. } | Event::Lost { .. });
    let other = world.events.iter().filter(ended).find(|event| {
        !matches!(event, Event::Failed { session: s } | Event::Lost { session: s, .. } if *s == session(0))
    });
    assert_eq!(other, None);
}

#[test]
fn floods_of_checks_take_no_address_and_no_memory() {
    let mut world = World::with(2);
    for n in 0..20_000_u32 {
        let source = format!("203.0.{}.{}:{}", n >> 8 & 0xff, n & 0xff, 1024 + n % 60_000);
        // Any name; a member's; another worker's, of which there are four.
        let name = match n % 3 {
            0 => format!("{n:08x}:abcd"),
            1 => "00CCCCCCCC:abcd".into(),
            _ => format!("{:02x}abcdefgh:abcd", n % 7),
        };
        answers(&mut world, &source, &check(&name));
    }
    let counters = world.workers[0].counters();
    assert!(counters.refused_checks > 13_000, "{counters:?}");
    world.talk(&[(0, LOUD), (1, LOUD)], 400);
    assert_eq!(continuous(&world.take_got(1)), 20);
}

/// The library does not expect this feedback: it is about packets from before the first.
const UNEXPECTED: [u8; 36] = [
    0x80, 201, 0, 1, 0, 0, 0, 7, 0x8f, 205, 0, 6, 0, 0, 0, 7, 0, 0, 0, 7, 0xf9, 0xbd, 0x07, 0x00,
    4, 5, 0, 0, 0x09, 3, 0x20, 2, 0, 0, 0, 0,
];

#[test]
fn a_fault_in_the_library_ends_one_session_of_ten() {
    let mut world = World::new();
    let shape = Shape { audio_slots: 9, video_slots: 1, camera: true, ..Shape::default() };
    for n in 0..10 {
        world.join(user(n), OPEN, shape);
    }
    world.run(500);
    for _ in 0..300 {
        let now = world.now;
        world.clients[0].say(now, LOUD, &[0; 60]);
        world.film(&[(1, None, 300)], 20);
    }
    let mut forger = world.clients[0].forger();
    (0..10).for_each(|n| drop(world.take_got(n)));
    world.take_events();
    let others: Vec<_> = (1..10).map(|n| (n, LOUD)).collect();
    for round in 0..50 {
        if round == 25 {
            let source = world.seen(0);
            let sealed = forger.rtcp(&UNEXPECTED);
            world.inject(source, &sealed);
        }
        world.talk(&others, 20);
    }
    let failed: Vec<_> = world.take_events();
    let failed: Vec<_> =
        failed.iter().filter(|event| matches!(event, Event::Failed { .. })).collect();
    // What the library asserts it asserts with its arithmetic checked, as tests have it.
    assert_eq!(failed, [&Event::Failed { session: session(0) }]);
    assert_eq!(world.workers[0].counters().failed, 1);
    for n in 1..10 {
        let got = world.take_got(n);
        for speaker in (1..10).filter(|speaker| *speaker != n) {
            let of = got.iter().filter(|got| got.payload == [speaker as u8; 60]);
            assert_eq!(of.count(), 50, "of {speaker} at {n}");
        }
    }
    // And it may come back.
    let address = world.seen(0);
    world.rejoin(0, address, shape);
    world.run(500);
    world.take_got(1);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}
