//! What is tapped for captions, and what never is.

use media::{Gate, SourceLabel, Voice};
use model::{RoomId, TrackSource};
use str0m::media::{Direction, MediaKind};

use crate::harness::*;

/// Everything open, and what the microphone sends is transcribed.
const CAPTIONED: Gate = Gate { captions: true, ..OPEN };

/// A voice in short: packets in a row are one number.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Began(usize),
    Packets(usize, usize),
    Ended(usize),
}
use Heard::{Began, Ended, Packets};

/// What was tapped since the last time.
fn heard(world: &mut World) -> Vec<Heard> {
    let number = |id| (0..world.clients.len() + 1).find(|n| session(*n) == id).unwrap();
    let mut heard = Vec::new();
    for voice in &world.voices {
        match voice {
            Voice::Began { session, .. } => heard.push(Began(number(*session))),
            Voice::Ended { session } => heard.push(Ended(number(*session))),
            Voice::Packet { session, .. } => match heard.last_mut() {
                Some(Packets(n, count)) if *n == number(*session) => *count += 1,
                _ => heard.push(Packets(number(*session), 1)),
            },
        }
    }
    world.take_voices();
    heard
}

/// The packets of one session that were tapped since the last time: number, timestamp, payload.
fn packets(world: &mut World, n: usize) -> Vec<(u64, u32, Vec<u8>)> {
    let of = |voice| match voice {
        Voice::Packet { session: s, seq, timestamp, payload } if s == session(n) => {
            Some((seq, timestamp, payload.to_vec()))
        }
        _ => None,
    };
    world.take_voices().into_iter().filter_map(of).collect()
}

/// Two connected people; the first is transcribed.
fn captioned() -> World {
    let mut world = World::with(2);
    world.gate(0, CAPTIONED);
    world
}

/// Two connected people, the first of which is being heard by the tap.
fn speaking() -> World {
    let mut world = captioned();
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [Began(0), Packets(0, 10)]);
    world
}

#[test]
fn a_microphone_with_captions_is_tapped_from_the_first_packet_to_the_last() {
    let mut world = captioned();
    assert_eq!(world.take_voices(), [], "nothing was said yet");
    world.clients[0].say(world.now, LOUD, b"first words");
    world.run(20);
    let room = RoomId::from_i64(1).unwrap();
    assert_eq!(world.voices[0], Voice::Began { session: session(0), room, user: user(0) });
    world.talk(&[(0, LOUD), (1, LOUD)], 400);
    let got = packets(&mut world, 0);
    assert_eq!(got.len(), 21);
    assert_eq!(got[0].2, b"first words");
    assert!(got[1..].iter().all(|(_, _, payload)| *payload == [0; 60]));
    assert!(got.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "{got:?}");
    assert!(got.windows(2).all(|pair| pair[1].1 == pair[0].1.wrapping_add(960)), "{got:?}");
    assert_eq!(world.take_got(1).len(), 21, "and the others hear it as ever");
    world.gate(0, OPEN);
    assert_eq!(heard(&mut world), [Ended(0)]);
}

#[test]
fn quiet_packets_and_those_that_nobody_hears_are_tapped() {
    let mut world = World::with(1);
    world.gate(0, CAPTIONED);
    world.talk(&[(0, QUIET)], 200);
    assert_eq!(heard(&mut world), [Began(0), Packets(0, 10)]);
}

#[test]
fn nothing_of_a_session_without_captions_is_tapped() {
    let mut world = captioned();
    world.talk(&[(1, LOUD)], 1000);
    assert_eq!(world.take_got(0).len(), 50);
    assert_eq!(heard(&mut world), []);
}

#[test]
fn a_camera_is_never_tapped() {
    let mut world = captioned();
    let shape = Shape { camera: true, ..Shape::default() };
    let n = world.join(user(7), CAPTIONED, shape);
    world.join(user(8), OPEN, Shape { video_slots: 1, ..Shape::default() });
    world.run(500);
    world.film(&[(n, None, 500)], 1000);
    assert!(!world.take_got(n + 1).is_empty(), "it is shown");
    assert_eq!(heard(&mut world), []);
    world.clients[n].say(world.now, LOUD, b"look");
    world.film(&[(n, None, 500)], 200);
    assert_eq!(heard(&mut world), [Began(n), Packets(n, 1)]);
    world.gate(n, Gate { camera: false, ..CAPTIONED });
    assert_eq!(heard(&mut world), [], "a camera that is forbidden ends no voice");
}

#[test]
fn a_shut_gate_ends_the_voice_at_once_and_nothing_follows() {
    let mut world = speaking();
    // A packet that is on its way when the gate shuts.
    world.clients[0].say(world.now, LOUD, b"too late");
    let gated = world.workers[0].counters().gated;
    world.gate(0, Gate { speak: false, captions: false, ..OPEN });
    assert_eq!(heard(&mut world), [Ended(0)]);
    world.talk(&[(0, LOUD)], 1000);
    assert_eq!(heard(&mut world), []);
    assert_eq!(world.workers[0].counters().gated, gated + 51, "they came and were dropped");
}

#[test]
fn what_the_gate_drops_is_not_tapped_whatever_it_says_of_captions() {
    let mut world = speaking();
    let muted = Gate { speak: false, ..CAPTIONED };
    world.gate(0, muted);
    let n = world.join(user(7), muted, Shape::default());
    world.run(500);
    world.talk(&[(0, LOUD), (n, LOUD)], 200);
    assert_eq!(heard(&mut world), [Ended(0)]);
}

#[test]
fn captions_switched_off_end_the_voice_and_disturb_no_listener() {
    let mut world = speaking();
    world.gate(0, OPEN);
    assert_eq!(heard(&mut world), [Ended(0)]);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), []);
    assert_eq!(continuous(&world.take_got(1)), 20);
}

#[test]
fn a_gate_that_opens_again_begins_anew() {
    let mut world = captioned();
    world.talk(&[(0, LOUD)], 200);
    let first = packets(&mut world, 0);
    world.gate(0, Gate { speak: false, captions: false, ..OPEN });
    world.talk(&[(0, LOUD)], 200);
    world.gate(0, CAPTIONED);
    assert_eq!(heard(&mut world), [Ended(0)], "not before something is said");
    world.talk(&[(0, LOUD)], 200);
    let voices = world.take_voices();
    assert!(matches!(voices[0], Voice::Began { .. }), "{voices:?}");
    world.voices = voices;
    let second = packets(&mut world, 0);
    assert_eq!((first.len(), second.len()), (10, 10));
    assert_eq!(first[0].0, second[0].0, "numbers begin anew");
}

#[test]
fn the_same_gate_again_changes_nothing() {
    let mut world = speaking();
    world.gate(0, Gate { receive: false, ..CAPTIONED });
    world.gate(0, CAPTIONED);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [Packets(0, 10)]);
}

#[test]
fn a_closed_session_ends() {
    let mut world = speaking();
    world.clients[0].say(world.now, LOUD, b"too late");
    world.close(0);
    assert_eq!(heard(&mut world), [Ended(0)]);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), []);
    world.close(1);
    assert_eq!(heard(&mut world), [], "what never began does not end");
}

#[test]
fn a_replaced_peer_connection_ends_and_the_new_one_begins_anew() {
    let mut world = speaking();
    world.rejoin(0, "203.0.113.9:1234".parse().unwrap(), Shape::default());
    assert_eq!(heard(&mut world), [Ended(0)]);
    world.run(500);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [Began(0), Packets(0, 10)]);
}

#[test]
fn a_dead_connection_ends() {
    let mut world = speaking();
    world.clients[0].rtc.close().unwrap();
    world.run(100);
    assert_eq!(heard(&mut world), [Ended(0)]);
}

#[test]
fn a_microphone_that_goes_away_ends() {
    let mut world = speaking();
    let mic = world.clients[0].mic;
    world.redirect(0, mic, Direction::Inactive);
    assert_eq!(heard(&mut world), [Ended(0)]);
}

#[test]
fn a_microphone_that_moves_to_another_section_begins_anew() {
    let mut world = speaking();
    let mut changes = world.clients[0].rtc.sdp_api();
    let mid = changes.add_media(MediaKind::Audio, Direction::SendOnly, None, None, None);
    let (offer, pending) = changes.apply().unwrap();
    let label = SourceLabel { mid: mid.to_string(), source: TrackSource::Microphone };
    world.negotiate(0, offer, pending, &[label]).unwrap();
    assert_eq!(heard(&mut world), [Ended(0)]);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [], "the old section is nothing we have words for");
    world.clients[0].mic = mid;
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [Began(0), Packets(0, 10)]);
}

#[test]
fn a_pause_does_not_end_a_voice_but_a_long_absence_does() {
    let mut world = speaking();
    world.run(29_000);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [Packets(0, 10)]);
    world.run(31_000);
    assert_eq!(heard(&mut world), [Ended(0)]);
}

#[test]
fn two_voices_do_not_mix_in_one_room_or_two() {
    let mut world = World::with(2);
    let elsewhere = room(2);
    world.join_at(0, elsewhere, user(2), CAPTIONED, Shape::default());
    world.run(500);
    world.gate(0, CAPTIONED);
    world.gate(1, CAPTIONED);
    world.talk(&[(0, LOUD), (1, LOUD), (2, LOUD)], 400);
    let began = world.voices.iter().filter_map(|voice| match voice {
        Voice::Began { session, room, user } => Some((*session, *room, *user)),
        Voice::Packet { .. } | Voice::Ended { .. } => None,
    });
    let mut began: Vec<_> = began.collect();
    began.sort();
    let here = RoomId::from_i64(1).unwrap();
    let expect = [(0, here), (1, here), (2, elsewhere)];
    assert_eq!(began, expect.map(|(n, room)| (session(n), room, user(n))));
    let all = world.take_voices();
    for n in 0..3 {
        world.voices = all.clone();
        let got = packets(&mut world, n);
        assert_eq!(got.len(), 20);
        assert!(got.iter().all(|(_, _, payload)| *payload == [n as u8; 60]));
    }
    world.gate(1, OPEN);
    world.talk(&[(0, LOUD), (1, LOUD)], 20);
    assert_eq!(heard(&mut world), [Ended(1), Packets(0, 1)], "one ends, the others go on");
}

/// What the first client says, as it goes over the wire, one datagram each.
fn datagrams(world: &mut World, words: &[&[u8]]) -> Vec<Vec<u8>> {
    world.run(20);
    let mut datagrams = Vec::new();
    for word in words {
        world.clients[0].say(world.now, LOUD, word);
        // Checks (RFC 7983 section 7) and reports (RFC 5761 section 4) may be due as well.
        let sound = |bytes: &Vec<u8>| bytes[0] >= 128 && !(192..224).contains(&bytes[1]);
        let sent = world.clients[0].poll().into_iter().map(|(_, bytes)| bytes).filter(sound);
        datagrams.extend(sent);
    }
    assert_eq!(datagrams.len(), words.len());
    datagrams
}

#[test]
fn a_duplicate_is_tapped_once_as_it_is_forwarded_once() {
    let mut world = speaking();
    world.take_got(1);
    let source = world.clients[0].address;
    let sent = datagrams(&mut world, &[b"one", b"two"]);
    for datagram in [&sent[0], &sent[0], &sent[1], &sent[0], &sent[1]] {
        world.inject(source, datagram);
    }
    let words = |payloads: Vec<Vec<u8>>| payloads.concat();
    let tapped = packets(&mut world, 0).into_iter().map(|(_, _, payload)| payload).collect();
    assert_eq!(words(tapped), b"onetwo");
    world.run(20);
    let got = world.take_got(1).into_iter().map(|got| got.payload).collect();
    assert_eq!(words(got), b"onetwo");
}

#[test]
fn late_packets_come_late_and_losses_are_gaps() {
    let mut world = captioned();
    world.talk(&[(0, LOUD)], 20);
    let from = packets(&mut world, 0)[0].0;
    let source = world.clients[0].address;
    let sent = datagrams(&mut world, &[b"one", b"two", b"three", b"four"]);
    for at in [0, 2, 1] {
        world.inject(source, &sent[at]);
    }
    world.clients[0].skip(2);
    world.clients[0].say(world.now, LOUD, b"seven");
    world.run(20);
    let got: Vec<_> = packets(&mut world, 0);
    let got: Vec<_> = got.iter().map(|(seq, _, word)| (seq - from, word.as_slice())).collect();
    let expect: [(u64, &[u8]); 4] = [(1, b"one"), (3, b"three"), (2, b"two"), (7, b"seven")];
    assert_eq!(got, expect);
}

#[test]
fn a_sender_whose_numbers_jump_leads_nobody_astray() {
    let mut world = captioned();
    world.talk(&[(0, LOUD)], 200);
    world.clients[0].skip(20_000);
    world.talk(&[(0, LOUD)], 200);
    let got = packets(&mut world, 0);
    assert_eq!(got.len(), 20);
    assert!(got.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1), "{got:?}");
    let passed = got[10].1.wrapping_sub(got[9].1);
    assert!((480..=1920).contains(&passed), "as much as the clock here: {passed}");
}

#[test]
fn what_is_no_opus_or_empty_is_left_out() {
    let mut world = speaking();
    let picture = world.clients[0]
        .rtc
        .codec_config()
        .iter()
        .find(|params| params.spec().codec == str0m::format::Codec::Vp8);
    let picture = picture.unwrap().pt();
    world.clients[0].say(world.now, LOUD, b"");
    world.run(1000);
    assert_eq!(heard(&mut world), []);
    world.clients[0].say_as(picture, world.now, LOUD, b"a picture, it says");
    world.run(1000);
    assert_eq!(heard(&mut world), []);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(heard(&mut world), [Packets(0, 10)], "it was no end either");
}

#[test]
fn a_flood_is_tapped_no_faster_than_anybody_speaks() {
    let mut world = captioned();
    for _ in 0..20 {
        for _ in 0..100 {
            world.clients[0].say(world.now, LOUD, b"noise");
        }
        world.run(20);
    }
    let tapped = packets(&mut world, 0).len();
    assert!((400..=450).contains(&tapped), "{tapped} of 2000");
    world.run(1000);
    world.talk(&[(0, LOUD)], 1000);
    assert_eq!(packets(&mut world, 0).len(), 50, "who calms down is heard again");
}
