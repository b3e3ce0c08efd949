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
    for packet in tone(0.0, 25) {
        world.clients[n].say(world.now, LOUD, &packet);
        world.run(20);
    }
    assert_eq!(speaking(&mut world), [], "silence, whatever the test client claims");
    let sent = tone(0.3, 25);
    for packet in &sent {
        world.clients[n].say(world.now, QUIET, packet);
        world.run(20);
    }
    assert_eq!(speaking(&mut world), [Event::SpeakingStarted { session: session(n) }]);
    let got = world.take_got(0);
    assert_eq!(got.last().unwrap().payload, *sent.last().unwrap());
    assert_eq!(got[0].level, None);
}

/// Packets of 20 ms with a tone of this amplitude (0 to 1).
fn tone(amplitude: f64, count: usize) -> Vec<Vec<u8>> {
    use unsafe_libopus::{
        OPUS_APPLICATION_VOIP, opus_encode, opus_encoder_create, opus_encoder_destroy,
    };
    let mut error = 0;
    // SAFETY: valid rate, channels and application; `error` lives for the call.
    let encoder = unsafe { opus_encoder_create(48_000, 1, OPUS_APPLICATION_VOIP, &raw mut error) };
    assert!(!encoder.is_null());
    let encode = |n: usize| {
        let sample = |i: usize| {
            let phase = i as f64 * 440.0 * std::f64::consts::TAU / 48_000.0;
            (phase.sin() * amplitude * f64::from(i16::MAX)) as i16
        };
        let samples: Vec<i16> = (n * 960..(n + 1) * 960).map(sample).collect();
        let mut packet = vec![0; 1275];
        // SAFETY: 960 samples are 20 ms of mono at 48 kHz; `packet` is writable for 1275 bytes.
        let len = unsafe { opus_encode(encoder, samples.as_ptr(), 960, packet.as_mut_ptr(), 1275) };
        packet.truncate(usize::try_from(len).unwrap());
        packet
    };
    let packets = (0..count).map(encode).collect();
    // SAFETY: made above, destroyed once.
    unsafe { opus_encoder_destroy(encoder) };
    packets
}
