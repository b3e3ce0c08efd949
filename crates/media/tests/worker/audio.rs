//! Voices: who hears whom, gates, slots.

use media::Event;
use model::TrackSource;

use crate::harness::*;

#[test]
fn a_voice_reaches_the_others_and_says_whose_it_is() {
    let mut world = World::with(3);
    world.take_events();
    world.talk(&[(0, LOUD)], 400);
    for n in [1, 2] {
        let got = world.take_got(n);
        assert_eq!(continuous(&got), 20);
        assert_eq!(got[0].payload, [0; 60]);
        assert_eq!(got[0].level, Some(LOUD));
        assert_eq!(got[1].timestamp, got[0].timestamp + 960);
        assert!(got[0].seq < 1000, "a late joiner must be able to guess the rollover counter");
        let slots = world.slots(n);
        let bound = slots[0].bound.unwrap();
        assert_eq!((slots.len(), bound.user, bound.session), (3, user(0), session(0)));
        assert_eq!(bound.source, TrackSource::Microphone);
        assert_eq!(slots[0].mid, got[0].mid);
    }
    assert_eq!(world.take_got(0), [], "nobody hears themselves");
    let started = Event::SourceStarted { session: session(0), source: TrackSource::Microphone };
    assert_eq!(world.events.iter().filter(|event| **event == started).count(), 1);
}

#[test]
fn a_mute_holds_from_the_call_on() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 400);
    let before = world.take_got(1);
    world.take_events();
    // A packet that is on its way when the gate shuts.
    world.clients[0].say(world.now, LOUD, b"too late");
    world.gate(0, media::Gate { speak: false, ..OPEN });
    world.talk(&[(0, LOUD)], 1000);
    assert_eq!(world.take_got(1), []);
    let stopped = Event::SourceStopped { session: session(0), source: TrackSource::Microphone };
    assert_eq!(
        world.take_events(),
        [stopped, Event::SpeakingStopped { session: session(0) }],
        "once, at once, and the slot is kept"
    );
    world.gate(0, OPEN);
    world.talk(&[(0, LOUD)], 200);
    let after = world.take_got(1);
    assert_eq!(after.len(), 10);
    assert_eq!(continuous(&[&before[before.len() - 1..], &after].concat()), 11);
    let passed = after[0].timestamp.wrapping_sub(before[before.len() - 1].timestamp);
    assert!((48_000..72_000).contains(&passed), "about a second: {passed}");
}

#[test]
fn a_muted_newcomer_is_never_heard() {
    let mut world = World::with(1);
    world.join(user(7), media::Gate { speak: false, ..OPEN }, Shape::default());
    world.run(500);
    world.take_events();
    world.talk(&[(1, LOUD)], 400);
    assert_eq!(world.take_got(0), []);
    assert_eq!(world.take_events(), []);
    assert!(world.workers[0].counters().gated >= 20);
}

#[test]
fn the_deafened_are_sent_nothing() {
    let mut world = World::with(3);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
    world.gate(1, media::Gate { receive: false, ..OPEN });
    world.talk(&[(0, LOUD)], 400);
    assert_eq!(world.take_got(1), []);
    assert_eq!(world.take_got(2).len(), 30);
    world.talk(&[(2, LOUD)], 200);
    assert_eq!(world.bound(1), [], "nor does it get a newcomer's voice");
    world.gate(1, OPEN);
    world.talk(&[(0, LOUD)], 200);
    let got = world.take_got(1);
    assert_eq!((got.len(), continuous(&got)), (10, 10));
    assert_eq!(world.bound(1).len(), 2);
}

#[test]
fn sessions_of_one_user_do_not_hear_each_other() {
    let mut world = World::new();
    for who in [user(1), user(1), user(2)] {
        world.join(who, OPEN, Shape::default());
    }
    world.run(500);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!((world.take_got(1).len(), world.take_got(2).len()), (0, 10));
}

#[test]
fn three_speakers_share_one_slot() {
    let mut world = World::with(3);
    world.join(user(9), OPEN, Shape { audio_slots: 1, ..Shape::default() });
    world.run(500);
    world.talk(&[(0, QUIET), (1, QUIET), (2, QUIET)], 400);
    let first = world.bound(3);
    assert_eq!(first.len(), 1);
    world.talk(&[(0, LOUD), (1, QUIET), (2, QUIET)], 1000);
    assert_eq!(world.bound(3), [user(0)]);
    world.take_events();
    // Others speak too: the one who speaks already keeps the slot.
    world.talk(&[(0, LOUD), (1, LOUD), (2, LOUD)], 2000);
    assert_eq!(world.slots(3), [], "no change was reported");
    // The first falls silent: one of the waiting gets it.
    world.talk(&[(0, QUIET), (1, LOUD), (2, QUIET)], 1000);
    assert_eq!(world.bound(3), [user(1)]);
    // Until then it was sent a mix.
    world.talk(&[(0, QUIET), (1, LOUD), (2, QUIET)], 5000);
    let got = world.take_got(3);
    assert!(continuous(&got) > 200, "one stream for the listener, whoever speaks");
    assert!(got.last().unwrap().payload == [1; 60]);
}

#[test]
fn a_muted_member_gives_up_the_slot_after_a_while_if_somebody_waits() {
    let mut world = World::with(2);
    world.join(user(9), OPEN, Shape { audio_slots: 1, ..Shape::default() });
    world.run(500);
    world.talk(&[(0, QUIET), (1, QUIET)], 200);
    let holder = usize::from(world.bound(2) == [user(1)]);
    world.gate(holder, media::Gate { speak: false, ..OPEN });
    world.talk(&[(1 - holder, QUIET)], 1000);
    assert_eq!(world.bound(2), [user(holder)], "not for a short mute");
    world.talk(&[(1 - holder, QUIET)], 3000);
    assert_eq!(world.bound(2), [user(1 - holder)]);
}

#[test]
fn who_leaves_frees_the_slot() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.bound(1), [user(0)]);
    world.take_events();
    world.close(0);
    world.run(20);
    assert_eq!(world.slots(1).len(), 3);
    assert_eq!(world.bound(1), []);
    assert_eq!(world.workers[0].counters().sessions, 1);
}

#[test]
fn rooms_do_not_hear_each_other() {
    let mut world = World::with(2);
    world.join_at(0, room(2), user(2), OPEN, Shape::default());
    world.run(500);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!((world.take_got(1).len(), world.take_got(2).len()), (10, 0));
}

#[test]
fn a_muted_microphone_that_goes_away_leaves_its_slots() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.bound(1), [user(0)]);
    world.gate(0, media::Gate { speak: false, ..OPEN });
    assert_eq!(world.bound(1), [user(0)], "a mute keeps the seat");
    let mic = world.clients[0].mic;
    world.redirect(0, mic, str0m::media::Direction::Inactive);
    assert_eq!(world.bound(1), [], "an end does not");
}
