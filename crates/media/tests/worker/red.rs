//! Audio with redundancy (RED) among receivers that take it and others, and what an answer says of it.

use media::{Gate, Voice};
use str0m::format::Codec;
use str0m::media::Pt;
use str0m::rtp::{RedEncoder, RedundantBlock};

use crate::harness::*;

/// What a client calls Opus, and Opus with redundancy.
fn payload_types(world: &World, n: usize) -> (Pt, Option<Pt>) {
    let config = world.clients[n].rtc.codec_config();
    let opus = config.iter().find(|params| params.spec().codec == Codec::Opus).unwrap();
    (opus.pt(), opus.red())
}

/// Says something that repeats what was said before.
fn say_again(world: &mut World, n: usize, now: &[u8], before: &[u8]) -> Vec<u8> {
    let (opus, red) = payload_types(world, n);
    let block = RedundantBlock { pt: *opus, timestamp_offset: 960, payload: before.to_vec() };
    let payload = RedEncoder::encode(*opus, now, &[block]);
    let at = world.now;
    world.clients[n].say_as(red.unwrap(), at, LOUD, &payload);
    world.run(20);
    payload
}

#[test]
fn redundancy_goes_to_those_who_take_it_and_the_others_get_what_is_said() {
    for workers in [1, 2] {
        let mut world = World::on(workers);
        let captions = Gate { captions: true, ..OPEN };
        world.join(user(0), captions, Shape::default());
        world.join_at(workers - 1, room(1), user(1), OPEN, Shape::default());
        world.join_at(
            workers - 1,
            room(1),
            user(2),
            OPEN,
            Shape { only_vp9: true, ..Shape::default() },
        );
        world.run(500);
        assert_eq!(payload_types(&world, 2).1, None, "it takes none");
        let mut sent = Vec::new();
        for said in [&b"one"[..], b"two", b"three"] {
            sent.push(say_again(&mut world, 0, said, b"before"));
        }
        // A sender may change its mind with every packet.
        let at = world.now;
        world.clients[0].say(at, LOUD, b"plain");
        world.run(20);
        sent.push(b"plain".to_vec());
        sent.push(say_again(&mut world, 0, b"four", b"plain"));
        let got = world.take_got(1);
        assert_eq!(continuous(&got), 5);
        assert_eq!(got.iter().map(|got| got.payload.clone()).collect::<Vec<_>>(), sent);
        let got = world.take_got(2);
        assert_eq!(continuous(&got), 5);
        let said: [&[u8]; 5] = [b"one", b"two", b"three", b"plain", b"four"];
        assert_eq!(got.iter().map(|got| &got.payload[..]).collect::<Vec<_>>(), said);
        let voices = world.take_voices();
        let tapped = voices.iter().filter_map(|voice| match voice {
            Voice::Packet { payload, .. } => Some(&payload[..]),
            Voice::Began { .. } | Voice::Ended { .. } => None,
        });
        assert_eq!(tapped.collect::<Vec<_>>(), said, "captions hear each word once");
    }
}

#[test]
fn redundancy_that_cannot_be_read_reaches_nobody() {
    let mut world = World::with(2);
    let (_, red) = payload_types(&world, 0);
    for payload in [&[0xef, 0, 0, 9, 0x6f][..], &[0x05, 1, 2], &[0xff; 40]] {
        let at = world.now;
        world.clients[0].say_as(red.unwrap(), at, LOUD, payload);
        world.run(20);
    }
    assert_eq!(world.take_got(1), []);
    world.talk(&[(0, LOUD)], 100);
    assert_eq!(world.take_got(1).len(), 5);
}

#[test]
fn the_answer_keeps_the_order_of_the_offer_and_in_band_correction() {
    let mut world = World::with(1);
    let mut rtc = str0m::Rtc::builder().enable_opus(true, true).build(world.now);
    let mut changes = rtc.sdp_api();
    let (kind, direction) = (str0m::media::MediaKind::Audio, str0m::media::Direction::SendOnly);
    changes.add_media(kind, direction, None, None, None);
    let offer = changes.apply().unwrap().0.to_sdp_string();
    let types = |sdp: &str| {
        let line = sdp.lines().find(|line| line.starts_with("m=audio")).unwrap();
        line.split(' ').skip(3).take(2).map(str::to_owned).collect::<Vec<_>>()
    };
    let red_first = types(&offer);
    assert!(offer.contains(&format!("a=rtpmap:{} red/48000/2", red_first[0])));
    // As a browser has it: Opus, then RED.
    let [red, opus] = [&red_first[0], &red_first[1]];
    let opus_first = offer.replacen(&format!("{red} {opus}"), &format!("{opus} {red}"), 1);
    for offer in [offer.clone(), opus_first] {
        let answer = world.offer(0, &offer, &[]).unwrap();
        assert_eq!(types(&answer), types(&offer));
        assert!(answer.contains(&format!("a=rtpmap:{red} red/48000/2")), "{answer}");
        assert!(answer.contains("useinbandfec=1"), "{answer}");
    }
}
