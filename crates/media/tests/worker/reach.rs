//! Ways to a client: over TCP, from a new address, and only from an address that ICE has verified.

use std::net::SocketAddr;

use media::Event;
use str0m::Candidate;
use str0m::net::Protocol;
use turn_types::stun::attribute::{RawAttribute, Username};
use turn_types::stun::message::{
    BINDING, IntegrityAlgorithm, Message, MessageWrite, MessageWriteExt, MessageWriteVec,
    ShortTermCredentials,
};

use crate::harness::*;

const ELSEWHERE: &str = "203.0.113.50:5000";

fn elsewhere() -> SocketAddr {
    ELSEWHERE.parse().unwrap()
}

/// Nobody was told that anybody had gone, or had come anew.
fn check_nobody_noticed(world: &mut World) {
    for event in world.take_events() {
        assert!(
            !matches!(event, Event::Lost { .. } | Event::Failed { .. } | Event::Connected { .. }),
            "{event:?}"
        );
    }
}

#[test]
fn a_client_without_udp_speaks_and_hears() {
    let mut world = World::with(1);
    let tcp = world.join_over_tcp(user(1), OPEN, Shape::default());
    world.run(500);
    assert!(world.clients[tcp].connected);
    world.talk(&[(0, LOUD), (tcp, LOUD)], 2_000);
    assert_eq!(continuous(&world.take_got(tcp)), 100);
    assert_eq!(continuous(&world.take_got(0)), 100);
    world.run(30_000);
    world.take_events().iter().for_each(|event| assert!(!matches!(event, Event::Lost { .. })));
}

#[test]
fn udp_and_tcp_from_one_address_are_two_clients() {
    let mut world = World::with(1);
    let tcp = world.join_over_tcp(user(1), OPEN, Shape::default());
    // The last one with an address gets what is for it, over its own protocol; the assertion of the
    // protocol is in the harness.
    world.run(500);
    let of_udp = world.clients[0].address;
    let (now, here) = (world.now, "192.0.2.1:80".parse().unwrap());
    let before = world.workers[0].counters().stranger;
    world.workers[0].handle_frame(now, of_udp, here, &[0x80; 60]);
    assert_eq!(world.workers[0].counters().stranger, before + 1, "no check came over TCP");
    let of_tcp = world.clients[tcp].address;
    world.workers[0].handle_datagram(now, of_tcp, here, &[0x80; 60]);
    assert_eq!(world.workers[0].counters().stranger, before + 2, "no check came over UDP");
}

#[test]
fn a_connection_that_is_closed_is_nobodys() {
    let mut world = World::with(1);
    let tcp = world.join_over_tcp(user(1), OPEN, Shape::default());
    world.run(500);
    let (address, now) = (world.clients[tcp].address, world.now);
    let before = world.workers[0].counters().stranger;
    world.workers[0].handle_closed(address);
    world.workers[0].handle_frame(now, address, "192.0.2.1:80".parse().unwrap(), &[0x80; 60]);
    assert_eq!(world.workers[0].counters().stranger, before + 1);
    // A new connection passes a check, and the same session goes on.
    world.run(8_000);
    world.take_got(0);
    world.talk(&[(tcp, LOUD)], 200);
    assert_eq!(world.take_got(0).len(), 10);
    let lost = |event: &Event| matches!(event, Event::Lost { .. });
    assert!(!world.take_events().iter().any(lost));
}

#[test]
fn an_ice_restart_from_another_address_goes_on_without_a_word() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    world.take_events();
    let client = &mut world.clients[0];
    (client.address, client.local) = (elsewhere(), elsewhere());
    let own = Candidate::host(elsewhere(), Protocol::Udp).unwrap();
    client.rtc.add_local_candidate(own);
    let mut changes = client.rtc.sdp_api();
    changes.ice_restart(true);
    let (offer, pending) = changes.apply().unwrap();
    world.negotiate(0, offer, pending, &[]).unwrap();
    world.run(1_000);
    world.take_got(0);
    world.take_got(1);
    world.talk(&[(0, LOUD), (1, LOUD)], 8_000);
    assert_eq!(continuous(&world.take_got(1)), 400, "what it says arrives");
    assert_eq!(continuous(&world.take_got(0)), 400, "what others say reaches it");
    check_nobody_noticed(&mut world);
}

/// A check of the first client as browsers send them to an ICE-lite server: all of the path in use say that it
/// is to be used (RFC 8445 section 8.1.1 leaves it to the first; the library's own client sends one).
fn nominating_check(world: &mut World) -> Vec<u8> {
    let theirs = world.clients[0].rtc.direct_api().local_ice_credentials().ufrag;
    let mut check = Message::builder_request(BINDING, MessageWriteVec::new());
    // The credentials of the harness are known.
    check.add_attribute(&Username::new(&format!("00BBBBBBBB:{theirs}")).unwrap()).unwrap();
    let raw = |kind: u16, value: &'static [u8]| RawAttribute::new(kind.into(), value);
    // PRIORITY, USE-CANDIDATE, ICE-CONTROLLING (RFC 8445 section 16.1).
    check.add_attribute(&raw(0x24, &[0x6e, 0, 1, 0xff])).unwrap();
    check.add_attribute(&raw(0x25, &[])).unwrap();
    check.add_attribute(&raw(0x802a, &[7; 8])).unwrap();
    let password = ShortTermCredentials::new("B".repeat(24)).into();
    check.add_message_integrity(&password, IntegrityAlgorithm::Sha1).unwrap();
    check.add_fingerprint().unwrap();
    check.finish()
}

#[test]
fn a_new_address_without_a_restart_is_found_by_its_checks() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    world.take_events();
    // A router forgot the way it had for the client: same socket there, another address here.
    world.clients[0].address = elsewhere();
    let before = world.workers[0].counters().stranger;
    world.take_got(1);
    world.clients[0].say(world.now, LOUD, b"too soon");
    world.run(1);
    assert_eq!(world.workers[0].counters().stranger, before + 1, "no check came from there");
    assert_eq!(world.take_got(1), []);
    let check = nominating_check(&mut world);
    world.inject(elsewhere(), &check);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(continuous(&world.take_got(1)), 10, "what it says arrives at once");
    // Longer than the library would send to the former address.
    world.run(16_000);
    world.take_got(0);
    world.take_got(1);
    world.talk(&[(0, LOUD), (1, LOUD)], 8_000);
    assert_eq!(continuous(&world.take_got(1)), 400);
    assert_eq!(continuous(&world.take_got(0)), 400);
    check_nobody_noticed(&mut world);
}

/// A client whose checks come from its address, and everything else from `other`.
fn connects_with_the_rest_from(other: SocketAddr) -> (bool, u64) {
    let mut world = World::with(1);
    let n = world.join(user(1), OPEN, Shape::default());
    world.clients[n].held_back = true;
    for _ in 0..200 {
        for (_, bytes) in world.clients[n].poll() {
            let own = world.clients[n].address;
            world.inject(if bytes[0] <= 3 { own } else { other }, &bytes);
        }
        world.run(20);
    }
    (world.clients[n].connected, world.workers[0].counters().stranger)
}

#[test]
fn dtls_is_taken_only_from_an_address_that_passed_a_check() {
    let own: SocketAddr = "198.51.100.2:40000".parse().unwrap();
    let (connected, strangers) = connects_with_the_rest_from(own);
    assert!(connected, "as everybody does");
    assert_eq!(strangers, 0);
    for other in ["198.51.100.2:40001", ELSEWHERE] {
        let (connected, strangers) = connects_with_the_rest_from(other.parse().unwrap());
        assert!(!connected, "{other}");
        assert!(strangers > 0, "{other}: counted");
    }
}
