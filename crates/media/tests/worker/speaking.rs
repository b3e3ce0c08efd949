//! Speaking indicators, from header extensions and from decoded sound.

use media::Event;

use crate::harness::*;

fn speaking(world: &mut World) -> Vec<Event> {
    let is = |event: &Event| {
        matches!(event, Event::SpeakingStarted { .. } | Event::SpeakingStopped { .. })
    };
    world.take_events().into_iter().filter(is).collect()
}

#[test]
fn speech_starts_and_stops() {
    let mut world = World::with(2);
    world.talk(&[(0, QUIET)], 500);
    assert_eq!(speaking(&mut world), []);
    world.talk(&[(0, LOUD)], 60);
    assert_eq!(speaking(&mut world), [], "not yet 100 ms");
    world.talk(&[(0, LOUD)], 140);
    assert_eq!(speaking(&mut world), [Event::SpeakingStarted { session: session(0) }]);
    world.talk(&[(0, QUIET)], 400);
    assert_eq!(speaking(&mut world), [], "not yet 500 ms");
    world.talk(&[(0, QUIET)], 200);
    assert_eq!(speaking(&mut world), [Event::SpeakingStopped { session: session(0) }]);
}

#[test]
fn absence_is_silence() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 300);
    assert_eq!(speaking(&mut world), [Event::SpeakingStarted { session: session(0) }]);
    world.run(600);
    assert_eq!(speaking(&mut world), [Event::SpeakingStopped { session: session(0) }]);
    world.run(5000);
    let stops = world.events.iter().filter(|e| matches!(e, Event::SourceStopped { .. })).count();
    assert_eq!(stops, 0, "a microphone that sends nothing while silent has not stopped");
}

#[test]
fn a_sender_without_levels_is_decoded() {
    let mut world = World::with(1);
    let shape = Shape { audio_level: false, ..Shape::default() };
    let n = world.join(user(5), OPEN, shape);
    world.run(500);
    world.take_events();
    for _ in 0..25 {
        world.clients[n].say(world.now, LOUD, SILENT);
        world.run(20);
    }
    assert_eq!(speaking(&mut world), [], "silence, whatever the test client claims");
    let sent = noise(25);
    for packet in &sent {
        world.clients[n].say(world.now, QUIET, packet);
        world.run(20);
    }
    assert_eq!(speaking(&mut world), [Event::SpeakingStarted { session: session(n) }]);
    let got = world.take_got(0);
    assert_eq!(got.last().unwrap().payload, *sent.last().unwrap());
    assert_eq!(got[0].level, None);
}

/// Opus without sound: a 20 ms CELT frame that says "silence".
const SILENT: &[u8] = &[0xf8, 0xff, 0xfe];

/// Opus with noise: a 20 ms CELT frame of arbitrary bits decodes to something loud.
fn noise(count: usize) -> Vec<Vec<u8>> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut packet = || {
        let mut bytes = vec![0xf8];
        for _ in 0..120 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            bytes.push((state >> 56) as u8);
        }
        bytes
    };
    (0..count).map(|_| packet()).collect()
}
