//! Media and control packets that nobody should send, with the sender's own keys, with others, and once
//! more: whoever sends them at worst ends alone, and the others lose nothing.

use media::{Event, Voice};

use crate::film::{Film, Mark};
use crate::forger::Forger;
use crate::harness::*;

/// Three people, of whom the first is hostile; the others speak.
struct Scene {
    world: World,
    forger: Forger,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new();
        for n in 0..3 {
            world.join(user(n), media::Gate { captions: true, ..OPEN }, Shape::default());
        }
        world.run(500);
        // It speaks for long enough to send a report too.
        world.talk(&[(0, LOUD)], 6000);
        let forger = world.clients[0].forger();
        world.take_got(1);
        world.take_got(2);
        world.take_voices();
        Self { world, forger }
    }

    /// Sends as the hostile one.
    fn send(&mut self, bytes: &[u8]) {
        let source = self.world.seen(0);
        self.world.inject(source, bytes);
    }

    /// The next packet of the hostile one's microphone, in bytes.
    fn say(&mut self, payload: &[u8]) -> Vec<u8> {
        let now = self.world.now;
        self.world.clients[0].say(now, LOUD, payload);
        let sent = self.world.clients[0].poll();
        let sound = |bytes: &Vec<u8>| bytes[0] & 0xc0 == 0x80 && !(192..224).contains(&bytes[1]);
        let mut sound = sent.into_iter().map(|(_, bytes)| bytes).filter(sound);
        sound.next().unwrap()
    }

    /// The others have a talk, of which not a packet may be lost.
    fn others_lose_nothing(&mut self) {
        self.world.take_got(1);
        self.world.take_got(2);
        self.world.talk(&[(1, LOUD), (2, LOUD)], 1000);
        assert_eq!(continuous(&self.of(1, 2)), 50);
        assert_eq!(continuous(&self.of(2, 1)), 50);
        assert!(!self.world.events.iter().any(|event| matches!(event, Event::Lost { .. })));
    }

    /// What somebody got of somebody.
    fn of(&mut self, n: usize, whose: u8) -> Vec<Got> {
        let got = self.world.take_got(n).into_iter();
        got.filter(|got| got.payload.first() == Some(&whose)).collect()
    }

    fn counters(&self) -> media::Counters {
        self.world.workers[0].counters()
    }

    /// The connection of the hostile one is still there.
    fn is_well(&mut self) -> bool {
        self.world.take_got(1);
        self.world.talk(&[(0, LOUD)], 200);
        self.of(1, 0).len() == 10
    }
}

#[test]
fn what_is_replayed_comes_to_nobody_whatever_its_age() {
    let mut scene = Scene::new();
    let recorded: Vec<_> = (0..50).map(|n| scene.say(&[0xee, n, 7, 7])).collect();
    recorded.iter().for_each(|bytes| scene.send(bytes));
    scene.world.run(20);
    assert_eq!(scene.of(1, 0xee).len(), 50);
    scene.world.take_voices();
    // At once, after some seconds, and after all windows.
    for (pause, times) in [(0, 1), (3_000, 2), (60_000, 1)] {
        scene.world.talk(&[(0, LOUD)], pause);
        scene.world.take_got(1);
        scene.world.take_voices();
        let before = scene.counters();
        for _ in 0..times {
            recorded.iter().for_each(|bytes| scene.send(bytes));
        }
        scene.world.run(20);
        assert_eq!(scene.of(1, 0xee), []);
        let voices = scene.world.take_voices();
        let tapped = |voice: &Voice| matches!(voice, Voice::Packet { .. });
        assert!(!voices.iter().any(tapped), "captions heard a replay");
        assert_eq!(scene.counters().replayed, before.replayed + 50 * times);
        assert_eq!(scene.counters().forwarded, before.forwarded);
    }
    assert!(scene.is_well());
    scene.others_lose_nothing();
}

#[test]
fn a_new_connection_does_not_open_what_was_sent_on_the_old_one() {
    let mut scene = Scene::new();
    let recorded: Vec<_> = (0..50).map(|n| scene.say(&[0xee, n, 7, 7])).collect();
    let address = scene.world.seen(0);
    scene.world.rejoin(0, address, Shape::default());
    scene.world.run(500);
    scene.world.talk(&[(0, LOUD)], 200);
    scene.world.take_got(1);
    scene.world.take_events();
    recorded.iter().for_each(|bytes| scene.send(bytes));
    scene.world.run(20);
    assert_eq!(scene.of(1, 0xee), []);
    assert!(scene.is_well());
    scene.others_lose_nothing();
}

#[test]
fn replayed_control_packets_count_once() {
    let mut scene = Scene::new();
    let ssrc = 7_u32.to_be_bytes();
    let report = [&[0x80, 201, 0, 1][..], &ssrc].concat();
    let sealed = scene.forger.rtcp(&report);
    let before = scene.counters().replayed;
    scene.send(&sealed);
    assert_eq!(scene.counters().replayed, before);
    for _ in 0..10 {
        scene.send(&sealed);
    }
    scene.world.run(70_000);
    scene.send(&sealed);
    assert_eq!(scene.counters().replayed, before + 11);
    assert!(scene.is_well());
}

#[test]
fn wrong_keys_from_the_right_address_disturb_nobody() {
    let mut scene = Scene::new();
    let honest = scene.say(&[0xee; 60]);
    let mut header = honest[..12].to_vec();
    // Without extensions.
    header[0] = 0x80;
    let before = scene.counters();
    for n in 0..2000_u16 {
        // Its own stream and others; numbers far ahead, that would move a window.
        header[2..4].copy_from_slice(&n.wrapping_mul(97).to_be_bytes());
        header[11] = if n % 4 == 0 { n as u8 } else { honest[11] };
        let forged = [&header[..], &[n as u8; 90]].concat();
        scene.send(&forged);
    }
    for n in 0..500_u32 {
        let forged =
            [&[0x81, 201, 0, 7][..], &n.to_be_bytes(), &[9; 60], &(n | 1 << 31).to_be_bytes()];
        scene.send(&forged.concat());
    }
    let after = scene.counters();
    let dropped = |c: &media::Counters| c.undecryptable + c.unmapped + c.replayed;
    assert_eq!(dropped(&after) - dropped(&before), 2500, "{after:?}");
    assert!(after.undecryptable - before.undecryptable >= 1400, "{after:?}");
    assert_eq!(after.forwarded, before.forwarded);
    assert!(scene.is_well(), "its own packets are heard as before");
    scene.others_lose_nothing();
}

/// The one-byte header extension of a section's name, as the offer numbers it.
fn with_mid(mut header: Vec<u8>, id: u8, mid: &str) -> Vec<u8> {
    header[0] |= 0x10;
    let mut extension = vec![id << 4 | (mid.len() as u8 - 1)];
    extension.extend(mid.as_bytes());
    extension.resize(extension.len().next_multiple_of(4), 0);
    header.extend([0xbe, 0xde, 0, (extension.len() / 4) as u8]);
    header.extend(extension);
    header
}

/// What the client's offer calls the extension for names of sections.
fn mid_extension(scene: &Scene) -> u8 {
    let client = &scene.world.clients[0];
    let media = client.rtc.media(client.mic).unwrap();
    let uri = str0m::rtp::Extension::RtpMid;
    media.remote_extmap().id_of(uri).unwrap()
}

#[test]
fn a_forged_stream_does_not_take_the_place_of_a_real_one() {
    let mut scene = Scene::new();
    let (id, mid) = (mid_extension(&scene), scene.world.clients[0].mic.to_string());
    let pt = scene.forger.payload_type;
    for n in 0..200_u32 {
        let header = [&[0x80, pt, 0, n as u8, 0, 0, 0, 1][..], &(0xabcd_0000 + n).to_be_bytes()];
        let header = with_mid(header.concat(), id, &mid);
        scene.send(&[&header[..], &[7; 60]].concat());
    }
    assert!(scene.is_well(), "its own packets are heard as before");
    scene.others_lose_nothing();
}

#[test]
fn thousands_of_streams_with_the_right_keys_are_bounded() {
    let mut scene = Scene::new();
    let (id, mid) = (mid_extension(&scene), scene.world.clients[0].mic.to_string());
    let pt = scene.forger.payload_type;
    let before = scene.counters();
    for n in 0..5000_u32 {
        let header = [&[0x80, pt, 0, 9, 0, 0, 0, 1][..], &(0xabcd_0000 + n).to_be_bytes()];
        let header = with_mid(header.concat(), id, &mid);
        let sealed = scene.forger.rtp(&header, 0, &[7; 60]);
        scene.send(&sealed);
    }
    let refused = scene.counters().unmapped - before.unmapped;
    assert!((4400..4600).contains(&refused), "{refused}");
    scene.others_lose_nothing();
}

/// One that films in one size, and one that watches and is hostile.
fn watched() -> (World, Forger, u32) {
    let mut world = World::new();
    let watches = Shape { video_slots: 1, ..Shape::default() };
    world.join(user(0), OPEN, watches);
    let mut film = Film::simulcast();
    film.rungs[2].on = false;
    world.join_filming(user(1), OPEN, watches, film);
    world.join(user(2), OPEN, watches);
    world.run(500);
    world.talk(&[(0, LOUD)], 6000);
    let forger = world.clients[0].forger();
    let slot = *world.clients[0].slots.last().unwrap();
    let mut api = world.clients[0].rtc.direct_api();
    let ssrc = *api.stream_rx_by_mid(slot, None).unwrap().ssrc();
    (world, forger, ssrc)
}

/// Requests for retransmission of everything, as many as fit.
fn nacks(ssrc: u32) -> Vec<u8> {
    let mut bomb = [&[0x80, 201, 0, 1][..], &7_u32.to_be_bytes()].concat();
    for block in 0..10_u16 {
        bomb.extend([0x81, 205, 0, 2 + 31]);
        bomb.extend(7_u32.to_be_bytes());
        bomb.extend(ssrc.to_be_bytes());
        for entry in 0..31_u16 {
            bomb.extend((block * 31 * 17 + entry * 17).wrapping_mul(1).to_be_bytes());
            bomb.extend([0xff; 2]);
        }
    }
    bomb
}

#[test]
fn a_bomb_of_requests_for_retransmission_is_not_answered_without_limit() {
    let (mut world, mut forger, ssrc) = watched();
    let before = world.workers[0].counters().sent;
    let source = world.seen(0);
    for _ in 0..100 {
        let bomb = forger.rtcp(&nacks(ssrc));
        assert!(bomb.len() < 1500, "{}", bomb.len());
        world.inject(source, &bomb);
    }
    let sent = world.workers[0].counters().sent - before;
    assert!((1..900).contains(&sent), "{sent} datagrams for 100");
    // For as long as it goes on.
    let before = world.workers[0].counters();
    for _ in 0..100 {
        for _ in 0..10 {
            let bomb = forger.rtcp(&nacks(ssrc));
            world.inject(source, &bomb);
        }
        world.run(20);
    }
    let after = world.workers[0].counters();
    let (sent, forwarded) = (after.sent - before.sent, after.forwarded - before.forwarded);
    assert!(sent < forwarded * 2 + 2000, "{sent} datagrams, {forwarded} packets");
    world.take_got(2);
    world.run(1000);
    let got: Vec<_> =
        world.take_got(2).into_iter().filter(|g| Mark::read(&g.payload).is_some()).collect();
    assert!(continuous(&got) > 50, "the other one sees as before");
    assert!(!world.events.iter().any(|event| matches!(event, Event::Failed { .. })));
}

#[test]
fn bombs_of_keyframe_requests_are_throttled_for_the_sender() {
    let (mut world, mut forger, ssrc) = watched();
    let before = world.clients[1].keyframes_wanted;
    let source = world.seen(0);
    for round in 0..100_u8 {
        let mut bomb = [&[0x80, 201, 0, 1][..], &7_u32.to_be_bytes()].concat();
        for block in 0..50_u8 {
            if block % 2 == 0 {
                bomb.extend([0x81, 206, 0, 2]);
                bomb.extend([7_u32.to_be_bytes(), ssrc.to_be_bytes()].concat());
            } else {
                bomb.extend([0x84, 206, 0, 4]);
                bomb.extend([7_u32.to_be_bytes(), [0; 4], ssrc.to_be_bytes()].concat());
                bomb.extend([round.wrapping_add(block), 0, 0, 0]);
            }
        }
        let bomb = forger.rtcp(&bomb);
        world.inject(source, &bomb);
        world.run(10);
    }
    let asked = world.clients[1].keyframes_wanted - before;
    assert!((1..=4).contains(&asked), "{asked} in a second");
}
