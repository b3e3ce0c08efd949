//! Pictures: keyframes, slots, views, simulcast, renegotiation.

use media::{Event, SourceLabel, ViewRequest};
use model::TrackSource;
use str0m::media::Direction;

use crate::harness::*;

const WATCHES: Shape = Shape {
    audio_slots: 2,
    video_slots: 1,
    camera: true,
    simulcast: false,
    audio_level: true,
    only_vp9: false,
};

fn watchers(count: usize) -> World {
    let mut world = World::new();
    for n in 0..count {
        world.join(user(n), OPEN, WATCHES);
    }
    world.run(500);
    world.take_events();
    world
}

fn pictures(world: &World, n: usize) -> Vec<Option<(model::UserId, TrackSource)>> {
    let slots = world.slots(n).into_iter();
    let video = slots.filter(|slot| slot.kind == model::MediaKind::Video);
    video.map(|slot| slot.bound.map(|bound| (bound.user, bound.source))).collect()
}

#[test]
fn a_camera_is_seen_and_asked_for_a_keyframe() {
    let mut world = watchers(2);
    world.film(&[(0, None, 900)], 400);
    assert_eq!(pictures(&world, 1), [Some((user(0), TrackSource::Camera))]);
    assert_eq!(continuous(&world.take_got(1)), 20);
    assert_eq!(world.clients[0].keyframes_wanted, 1);
    let started = Event::SourceStarted { session: session(0), source: TrackSource::Camera };
    assert!(world.events.contains(&started));
}

#[test]
fn keyframe_requests_are_passed_on_but_not_in_bursts() {
    let mut world = watchers(3);
    world.film(&[(0, None, 900)], 1000);
    let before = world.clients[0].keyframes_wanted;
    for _ in 0..10 {
        for n in [1, 2] {
            let slot = world.clients[n].slots[2];
            world.clients[n].want_keyframe(world.now, slot);
        }
        world.film(&[(0, None, 900)], 40);
    }
    world.film(&[(0, None, 900)], 600);
    let asked = world.clients[0].keyframes_wanted - before;
    assert!((1..=3).contains(&asked), "{asked} in a second");
}

#[test]
fn a_shut_camera_gate_holds_and_its_slot_is_free_for_others() {
    let mut world = watchers(3);
    world.film(&[(0, None, 900), (1, None, 900)], 400);
    let seen = pictures(&world, 2)[0].unwrap().0;
    let n = usize::from(seen == user(1));
    world.gate(n, media::Gate { camera: false, ..OPEN });
    world.take_got(2);
    world.film(&[(0, None, 900), (1, None, 900)], 400);
    assert_eq!(pictures(&world, 2), [Some((user(1 - n), TrackSource::Camera))]);
    let stopped = Event::SourceStopped { session: session(n), source: TrackSource::Camera };
    assert!(world.events.contains(&stopped));
    assert_eq!(world.workers[0].counters().gated, 20);
}

#[test]
fn the_camera_of_who_speaks_is_seen() {
    let mut world = watchers(3);
    world.film(&[(0, None, 900), (1, None, 900)], 200);
    for speaker in [0, 1, 0] {
        for _ in 0..30 {
            world.clients[speaker].say(world.now, LOUD, b"hello");
            world.film(&[(0, None, 900), (1, None, 900)], 20);
        }
        world.film(&[(0, None, 900), (1, None, 900)], 600);
        assert_eq!(pictures(&world, 2), [Some((user(speaker), TrackSource::Camera))]);
    }
}

#[test]
fn a_view_overrides_the_choice() {
    let mut world = watchers(3);
    world.film(&[(0, None, 900), (1, None, 900)], 200);
    let seen = pictures(&world, 2)[0].unwrap().0;
    let other = if seen == user(0) { user(1) } else { user(0) };
    let mid = world.clients[2].slots[2].to_string();
    let mut view = |user, width| {
        let want = ViewRequest {
            mid: mid.clone(),
            user,
            session: None,
            source: None,
            width,
            height: width / 2,
        };
        world.workers[0].view(world.now, session(2), &[want]).unwrap();
        world.drain();
        world.film(&[(0, None, 900), (1, None, 900)], 100);
        pictures(&world, 2)
    };
    assert_eq!(view(Some(other), 640), [Some((other, TrackSource::Camera))]);
    assert_eq!(view(Some(user(99)), 640), [None], "waits for who is not there");
    assert_eq!(view(Some(seen), 640), [Some((seen, TrackSource::Camera))]);
    assert_eq!(view(None, 0), [None], "hidden");
    assert!(view(None, 640)[0].is_some());
}

#[test]
fn a_screen_comes_before_cameras() {
    let mut world = watchers(3);
    world.film(&[(0, None, 900)], 200);
    assert_eq!(pictures(&world, 2), [Some((user(0), TrackSource::Camera))]);
    // The second client relabels its video section by a further offer.
    let camera = world.clients[1].camera.unwrap();
    let label = SourceLabel { mid: camera.to_string(), source: TrackSource::Screen };
    let mut changes = world.clients[1].rtc.sdp_api();
    changes.ice_restart(true);
    let (offer, pending) = changes.apply().unwrap();
    world.negotiate(1, offer, pending, &[label]).unwrap();
    world.run(500);
    world.film(&[(0, None, 900), (1, None, 900)], 200);
    assert_eq!(pictures(&world, 2), [Some((user(1), TrackSource::Screen))]);
}

#[test]
fn a_camera_goes_off_and_on_by_renegotiation() {
    let mut world = watchers(2);
    let camera = world.clients[0].camera.unwrap();
    world.film(&[(0, None, 900)], 200);
    world.take_events();
    world.redirect(0, camera, Direction::Inactive);
    let stopped = Event::SourceStopped { session: session(0), source: TrackSource::Camera };
    assert!(world.events.contains(&stopped));
    assert_eq!(pictures(&world, 1), [None]);
    world.run(1000);
    world.take_events();
    world.take_got(1);
    world.redirect(0, camera, Direction::SendOnly);
    world.film(&[(0, None, 900)], 400);
    let started = Event::SourceStarted { session: session(0), source: TrackSource::Camera };
    assert!(world.events.contains(&started));
    assert_eq!(pictures(&world, 1), [Some((user(0), TrackSource::Camera))]);
    assert_eq!(continuous(&world.take_got(1)), 20);
}

#[test]
fn a_camera_that_sends_nothing_has_stopped() {
    let mut world = watchers(2);
    world.film(&[(0, None, 900)], 200);
    world.take_events();
    world.run(4_000);
    assert_eq!(world.take_events(), []);
    world.run(2_000);
    let stopped = Event::SourceStopped { session: session(0), source: TrackSource::Camera };
    assert!(world.events.contains(&stopped));
    assert_eq!(pictures(&world, 1), [None]);
}

#[test]
fn a_lost_packet_is_resent_but_not_after_the_gate_shut() {
    let mut world = watchers(2);
    world.film(&[(0, None, 900)], 400);
    world.clients[1].unplugged = true;
    world.film(&[(0, None, 900)], 20);
    world.clients[1].unplugged = false;
    world.film(&[(0, None, 900)], 300);
    let mut seqs: Vec<u64> = world.take_got(1).iter().map(|got| got.seq).collect();
    seqs.sort_unstable();
    assert_eq!(seqs, (seqs[0]..seqs[0] + 36).collect::<Vec<_>>(), "the hole was filled");
    world.clients[1].unplugged = true;
    world.film(&[(0, None, 900)], 20);
    world.clients[1].unplugged = false;
    // Its request for the missing packet is on the way when the gate shuts.
    world.clients[1].held_back = true;
    world.film(&[(0, None, 900)], 20);
    world.gate(0, media::Gate { camera: false, ..OPEN });
    world.take_got(1);
    world.clients[1].held_back = false;
    world.run(1000);
    assert_eq!(world.take_got(1), [], "what was asked for again is forbidden by now");
}

#[test]
fn of_several_layers_one_is_forwarded_the_highest_that_flows() {
    let mut world = watchers(1);
    let n = world.join(user(5), OPEN, Shape { simulcast: true, ..WATCHES });
    world.run(500);
    let (low, high) = (Some("l".into()), Some("h".into()));
    world.film(&[(n, low, 200)], 200);
    world.film(&[(n, low, 200), (n, high, 1000)], 3000);
    let got = world.take_got(0);
    assert!((155..=165).contains(&continuous(&got)), "one of the two at any time");
    assert_eq!(got[0].payload.len(), 200);
    assert!(got[60..].iter().all(|got| got.payload.len() == 1000), "the high one after a second");
    let asked = world.clients[n].keyframes_wanted;
    assert!(asked >= 2, "one for the slot, one for the change of layer: {asked}");
    world.film(&[(n, low, 200)], 2000);
    let got = world.take_got(0);
    assert!(continuous(&got) >= 70, "the low one when the high one stops");
    assert!(got.iter().all(|got| got.payload.len() == 200));
}

#[test]
fn a_slot_is_not_given_to_a_picture_that_its_section_cannot_take() {
    let mut world = watchers(2);
    let n = world.join(user(5), OPEN, Shape { only_vp9: true, ..WATCHES });
    world.run(500);
    world.film(&[(0, None, 900)], 200);
    assert_eq!(pictures(&world, 1), [Some((user(0), TrackSource::Camera))]);
    assert_eq!(pictures(&world, n), [None], "VP8 is nothing to it");
    world.film(&[(0, None, 900), (n, None, 900)], 200);
    world.gate(0, media::Gate { camera: false, ..OPEN });
    world.film(&[(n, None, 900)], 200);
    assert_eq!(
        pictures(&world, 1),
        [Some((user(5), TrackSource::Camera))],
        "but VP9 to the others"
    );
}

#[test]
fn a_picture_that_comes_into_a_slot_begins_with_a_keyframe() {
    let mut world = watchers(2);
    world.film(&[(0, None, 900)], 400);
    let n = world.join(user(5), OPEN, WATCHES);
    // It is seen by a newcomer in the middle of its frames.
    for _ in 0..25 {
        world.film(&[(0, None, 900)], 20);
    }
    let got = world.take_got(n);
    assert_eq!(got[0].payload[..2], [0x18, 0]);
    assert!(continuous(&got) > 5);
}
