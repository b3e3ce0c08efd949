//! A session is taken to another room on the connection it has.

use media::{Event, Gate, ViewRequest};
use model::TrackSource;

use crate::harness::*;

/// People 0 and 1 in the first room, 2 in the second; all connected.
fn two_rooms() -> World {
    let mut world = World::with(2);
    world.join_at(0, room(2), user(2), OPEN, Shape::default());
    world.run(500);
    world
}

#[test]
fn who_is_carried_is_heard_there_and_not_in_the_old_room() {
    let mut world = two_rooms();
    world.talk(&[(0, LOUD), (1, LOUD), (2, LOUD)], 400);
    for n in 0..3 {
        world.take_got(n);
    }
    world.take_events();
    world.clients[0].say(world.now, LOUD, b"on its way");
    world.clients[1].say(world.now, LOUD, b"on its way");
    world.carry(0, room(2), OPEN);
    let mic = TrackSource::Microphone;
    let ended = [
        Event::SourceStopped { session: session(0), source: mic },
        Event::SpeakingStopped { session: session(0) },
    ];
    assert_eq!(world.events[..2], ended);
    assert_eq!(world.bound(0), [user(2)], "told at once who is there");
    assert_eq!(world.bound(1), []);
    world.talk(&[(0, LOUD), (1, LOUD), (2, LOUD)], 400);
    assert_eq!(world.take_got(1), [], "nobody is left to hear");
    let heard = world.take_got(0);
    assert!(heard.iter().all(|got| got.payload == [2; 60]), "nothing of the old room");
    assert_eq!(continuous(&heard), 20);
    assert_eq!(world.take_got(2).len(), 21, "what was on its way belongs to the new room");
    let started = Event::SourceStarted { session: session(0), source: mic };
    let speaks = Event::SpeakingStarted { session: session(0) };
    assert!(world.events.contains(&started) && world.events.contains(&speaks));
}

#[test]
fn what_comes_from_the_old_rooms_owner_is_too_late() {
    let mut world = two_rooms();
    world.carry(0, room(2), OPEN);
    let shut = Gate { speak: false, receive: false, ..OPEN };
    assert_eq!(world.workers[0].set_gate(world.now, session(0), room(1), shut), Ok(vec![]));
    assert_eq!(world.workers[0].close(world.now, session(0), room(1)), []);
    world.talk(&[(0, LOUD), (2, LOUD)], 200);
    assert_eq!((world.take_got(0).len(), world.take_got(2).len()), (10, 10));
    world.carry(0, room(1), shut);
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    assert_eq!((world.take_got(0).len(), world.take_got(1).len()), (0, 0), "its gate came along");
}

#[test]
fn a_view_does_not_wait_for_people_of_the_old_room() {
    let mut world = World::new();
    let shape = Shape { video_slots: 2, camera: true, ..Shape::default() };
    for n in 0..2 {
        world.join(user(n), OPEN, shape);
    }
    world.join_at(0, room(2), user(2), OPEN, shape);
    world.run(500);
    let slots: Vec<String> = world.clients[0].slots.iter().map(|mid| mid.to_string()).collect();
    let want = |mid: &str, user, width| ViewRequest {
        mid: mid.to_owned(),
        user,
        session: None,
        source: None,
        width,
        height: width,
    };
    let wants = [want(&slots[3], Some(user(1)), 640), want(&slots[4], None, 0)];
    world.workers[0].view(world.now, session(0), &wants).unwrap();
    world.film(&[(1, None, 900), (2, None, 900)], 200);
    let asked = world.clients[2].keyframes_wanted;
    world.carry(0, room(2), OPEN);
    let bound =
        world.slots(0)[3..].iter().map(|slot| slot.bound.map(|b| b.user)).collect::<Vec<_>>();
    assert_eq!(bound, [Some(user(2)), None], "the hidden one stays hidden");
    world.film(&[(1, None, 900), (2, None, 900)], 200);
    assert_eq!(world.clients[2].keyframes_wanted, asked + 1);
}
