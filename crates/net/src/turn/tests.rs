//! Conversations of clients with the deciding parts, in simulated time.

mod client;
mod hostile;

use std::net::SocketAddr;
use std::time::Duration;

use client::{Client, Reply, World};
use turn_types::attribute::{Lifetime, XorRelayedAddress};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use turn_types::stun::attribute::XorMappedAddress;

use super::allocation::Act;

const MEDIA: &str = "10.0.0.5:8085";
const OUTSIDE: &str = "8.8.8.8:9";

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn anybody_learns_their_address() {
    let (world, client) = (World::new(), Client::new("2000:42"));
    let reply = client.bind_request(&world);
    assert_eq!(reply.code, None);
    let mapped = reply.message().attribute::<XorMappedAddress>().unwrap();
    assert_eq!(mapped.addr(reply.message().transaction_id()), client.address);
}

#[test]
fn an_allocation_needs_a_password_that_is_good_now() {
    let world = World::new();
    let code = |client: &mut Client| client.ask_for_allocation(&world).map(|reply| reply.code);
    let mut client = Client::new("2000:42");
    client.password.clear();
    assert_eq!(code(&mut client), Some(Some(401)), "no password");
    assert!(client.nonce.is_some(), "and how to go on");
    client.password = "wrong".into();
    assert_eq!(code(&mut client), Some(Some(401)));
    let mut good = Client::new("2000:42");
    good.nonce = client.nonce.clone();
    assert_eq!(code(&mut good), None, "it is given one");
    for name in ["1000:42", "999:42", "nobody", "2000:"] {
        let mut over = Client::new(name);
        over.nonce = client.nonce.clone();
        assert_eq!(code(&mut over), Some(Some(401)), "{name}");
    }
    good.nonce = Some("00000fff".into());
    assert_eq!(code(&mut good), Some(Some(438)), "a nonce of somebody else");
    assert_eq!(code(&mut good), None, "the one that came with it");
}

#[test]
fn what_cannot_be_allocated_is_said() {
    let world = World::new();
    let mut client = Client::new("2000:42");
    client.learn_nonce(&world);
    let mut check = |attributes: &[(u16, &[u8])], expect: Option<u16>| {
        let reply = client.look(&world, ALLOCATE, attributes);
        assert_eq!(reply.and_then(|reply| reply.code), expect, "{attributes:?}");
    };
    let udp: (u16, &[u8]) = (0x19, &[17, 0, 0, 0]);
    check(&[], Some(400));
    check(&[(0x19, &[6, 0, 0, 0])], Some(442));
    check(&[udp, (0x17, &[3, 0, 0, 0])], Some(440));
    check(&[udp, (0x1a, &[])], Some(420));
    check(&[udp, (0x18, &[0x80])], Some(420));
    check(&[udp, (0x7777, &[1])], Some(420));
    check(&[udp, (0x8777, &[1])], None);
    check(&[udp, (0x17, &[2, 0, 0, 0])], None);
    for method in [REFRESH, CREATE_PERMISSION, CHANNEL_BIND] {
        let reply = client.look(&world, method, &[]).unwrap();
        assert_eq!(reply.code, Some(437), "{method}: there is no allocation");
    }
}

#[test]
fn an_allocation_says_where_it_is_and_how_long() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    let reply = Reply::new(world.allocation.as_ref().unwrap().made());
    assert!(reply.is_signed_by(&client));
    let relayed = reply.message().attribute::<XorRelayedAddress>().unwrap();
    assert_eq!(relayed.addr(reply.message().transaction_id()), world.relayed);
    assert_eq!(reply.message().attribute::<Lifetime>().unwrap().seconds(), 600);
}

#[test]
fn permissions_are_for_the_internet_and_our_media() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    for (peer, expect) in [
        (OUTSIDE, None),
        (MEDIA, None),
        ("127.0.0.1:22", Some(403)),
        ("192.168.1.1:80", Some(403)),
        ("169.254.169.254:80", Some(403)),
        ("[2600::1]:9", Some(443)),
        ("[::ffff:127.0.0.1]:80", Some(443)),
    ] {
        assert_eq!(world.permit(&client, &[at(peer)]).code, expect, "{peer}");
    }
    assert_eq!(world.permit(&client, &[]).code, Some(400));
    assert_eq!(world.permit(&client, &[at("8.8.4.4:1"), at("127.0.0.1:1")]).code, Some(403));
    let act = world.send(&client, at("8.8.4.4:1"), b"x");
    assert_eq!(act, Act::Nothing, "a refused request permits nothing of it");
}

#[test]
fn of_our_own_machine_only_media_is_sent_to() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    assert_eq!(world.permit(&client, &[at(MEDIA)]).code, None);
    assert!(
        matches!(world.send(&client, at(MEDIA), b"hello"), Act::Relay { to, .. } if to == at(MEDIA))
    );
    for port in [22, 80, 3478, 49152] {
        let other = SocketAddr::new(at(MEDIA).ip(), port);
        assert_eq!(world.send(&client, other, b"hello"), Act::Nothing, "{other}");
        assert_eq!(world.bind(&client, 0x4000, other).code, Some(403), "{other}");
        assert_eq!(world.peer_sends(other, b"hello"), None, "{other}");
    }
    assert_eq!(world.bind(&client, 0x4000, at(MEDIA)).code, None);
}

#[test]
fn channels_carry_both_ways() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    assert_eq!(world.channel_data(0x4000, b"hello"), Act::Nothing, "there is none yet");
    assert_eq!(world.bind(&client, 0x4000, at(OUTSIDE)).code, None);
    assert_eq!(world.channel_data(0x4000, b"hello"), Act::Relay { to: at(OUTSIDE), bytes: 4..9 });
    assert_eq!(world.peer_sends(at(OUTSIDE), b"yes"), Some(b"\x40\x00\x00\x03yes".to_vec()));
    // Another port of a peer that has permission comes without the channel.
    let indication = Reply::new(world.peer_sends(at("8.8.8.8:10"), b"yes").unwrap());
    assert_eq!(indication.message().method(), turn_types::message::DATA);
    assert_eq!(world.peer_sends(at("8.8.4.4:9"), b"yes"), None, "nobody asked for it");
    for (number, peer) in [(0x4000, "8.8.8.8:10"), (0x4001, OUTSIDE), (0x3fff, "8.8.8.8:10")] {
        assert_eq!(world.bind(&client, number, at(peer)).code, Some(400), "{number:x} {peer}");
    }
    assert_eq!(world.channel_data(0x4001, b"x"), Act::Nothing);
    // A length that lies.
    assert_eq!(world.handle(&[0x40, 0, 0, 9, 1]), Act::Nothing);
}

#[test]
fn permissions_and_channels_end_and_are_renewed() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    assert_eq!(world.bind(&client, 0x4000, at(OUTSIDE)).code, None);
    world.pass(299);
    assert!(world.peer_sends(at(OUTSIDE), b"x").is_some());
    world.pass(2);
    assert_eq!(world.peer_sends(at(OUTSIDE), b"x"), None);
    assert_eq!(world.channel_data(0x4000, b"x"), Act::Nothing, "no permission, channel or not");
    assert_eq!(world.permit(&client, &[at(OUTSIDE)]).code, None);
    assert_ne!(world.channel_data(0x4000, b"x"), Act::Nothing);
    world.pass(300);
    assert_eq!(world.permit(&client, &[at(OUTSIDE)]).code, None);
    assert_eq!(world.channel_data(0x4000, b"x"), Act::Nothing, "the channel is over");
    assert_eq!(world.bind(&client, 0x4001, at(OUTSIDE)).code, None, "and may be another");
}

#[test]
fn an_allocation_is_its_users_and_outlives_the_name() {
    let mut world = World::new();
    let client = world.allocate("1500:42");
    let mut other = Client::new("2000:43");
    other.nonce = client.nonce.clone();
    assert_eq!(world.permit(&other, &[at(OUTSIDE)]).code, Some(441));
    let ends = world.allocation.as_ref().unwrap().ends_at;
    world.pass(550);
    let refreshed = world.ask(&client, REFRESH, &[]);
    assert_eq!(refreshed.code, None, "its name's time is over, the call is not");
    assert_eq!(world.allocation.as_ref().unwrap().ends_at, ends + Duration::from_secs(550));
    let long = world.ask(&client, REFRESH, &[(0x0d, &[0xff; 4])]);
    assert_eq!(long.message().attribute::<Lifetime>().unwrap().seconds(), 3600);
    assert_eq!(world.ask(&client, REFRESH, &[(0x7001, &[])]).code, Some(420));
    let message = client.request(REFRESH, &[(0x0d, &[0; 4])]);
    let Act::End(reply) = world.handle(&message) else { panic!("it goes on") };
    assert!(Reply::new(reply).is_signed_by(&client));
}

#[test]
fn the_same_request_again_has_the_same_reply_and_another_is_refused() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    let made = world.allocation.as_ref().unwrap().made();
    let again = world.made_by.clone();
    assert_eq!(world.handle(&again), Act::Reply(made));
    assert_eq!(world.ask(&client, ALLOCATE, &[(0x19, &[17, 0, 0, 0])]).code, Some(437));
}

#[test]
fn an_allocation_holds_no_more_than_it_may() {
    let mut world = World::new();
    let client = world.allocate("2000:42");
    let peer = |n: usize| SocketAddr::from(([8, 8, 8, n as u8], 9));
    for n in 0..64 {
        assert_eq!(world.permit(&client, &[peer(n)]).code, None);
    }
    assert_eq!(world.permit(&client, &[peer(64)]).code, Some(508));
    assert_eq!(world.bind(&client, 0x4000, peer(64)).code, Some(508));
    assert_eq!(world.permit(&client, &[peer(3)]).code, None, "those that are there are renewed");
    let many: Vec<SocketAddr> = (0..17).map(peer).collect();
    assert_eq!(world.permit(&client, &many).code, Some(400));
    let mut sent = 0;
    while world.send(&client, peer(3), &[0; 1000]) != Act::Nothing {
        sent += 1000;
        assert!(sent < 10_000_000, "there is no end");
    }
    assert_eq!(world.send(&client, peer(3), &[0; 1600]), Act::Nothing);
    assert!(world.peer_sends(peer(3), &[0; 1501]).is_none());
}
