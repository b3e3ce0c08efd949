//! Connections come, go, move and are replaced.

use std::time::Duration;

use media::{Event, MediaRefusal, OpenSession};

use crate::harness::*;

fn connection_events(world: &mut World) -> Vec<Event> {
    let is = |event: &Event| {
        matches!(event, Event::Connected { .. } | Event::Lost { .. } | Event::Failed { .. })
    };
    world.take_events().into_iter().filter(is).collect()
}

#[test]
fn connected_is_said_once() {
    let mut world = World::with(2);
    assert_eq!(
        connection_events(&mut world),
        [Event::Connected { session: session(0) }, Event::Connected { session: session(1) }]
    );
}

#[test]
fn an_idle_listener_is_not_lost() {
    let mut world = World::with(2);
    connection_events(&mut world);
    world.run(30_000);
    assert_eq!(connection_events(&mut world), []);
}

#[test]
fn a_silent_peer_is_lost_after_6_5_s_and_may_come_back() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    connection_events(&mut world);
    world.clients[0].unplugged = true;
    let last_heard = world.now;
    world.run(6_000);
    assert_eq!(connection_events(&mut world), []);
    world.run(1_000);
    let events = connection_events(&mut world);
    let [Event::Lost { session: lost, last_seen }] = events[..] else { panic!("{events:?}") };
    assert_eq!(lost, session(0));
    assert!(last_heard - last_seen < Duration::from_millis(500));
    world.clients[0].unplugged = false;
    world.run(5_000);
    assert_eq!(connection_events(&mut world), [Event::Connected { session: session(0) }]);
    world.take_got(1);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_closed_peer_connection_has_failed() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    connection_events(&mut world);
    world.clients[0].rtc.close().unwrap();
    world.run(100);
    assert_eq!(connection_events(&mut world), [Event::Failed { session: session(0) }]);
    assert_eq!(world.bound(1), []);
}

#[test]
fn a_newcomer_takes_over_the_address_of_a_stale_peer() {
    let mut world = World::with(2);
    let address = world.clients[0].address;
    world.talk(&[(0, LOUD)], 200);
    world.clients[0].unplugged = true;
    let n = world.join(user(5), OPEN, Shape::default());
    world.clients[n].address = address;
    world.rejoin(n, address, Shape::default());
    world.run(500);
    assert!(world.clients[n].connected, "its checks were not swallowed by the stale session");
    world.take_got(1);
    world.talk(&[(n, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_new_peer_connection_keeps_the_session() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD), (1, LOUD)], 300);
    world.gate(0, media::Gate { speak: false, ..OPEN });
    world.take_events();
    world.rejoin(0, "203.0.113.9:1234".parse().unwrap(), Shape::default());
    world.run(500);
    assert!(world.clients[0].connected);
    let events = connection_events(&mut world);
    let [Event::Lost { session: lost, .. }, Event::Connected { session: back }] = events[..] else {
        panic!("{events:?}")
    };
    assert_eq!((lost, back), (session(0), session(0)));
    world.take_got(1);
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    assert_eq!(world.take_got(1), [], "the gate is still shut");
    assert_eq!(continuous(&world.take_got(0)), 10, "and it hears the others again");
    world.gate(0, OPEN);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_connection_given_up_for_one_that_never_comes_is_lost() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    connection_events(&mut world);
    world.clients[0].unplugged = true;
    world.rejoin(0, "203.0.113.9:1234".parse().unwrap(), Shape::default());
    world.clients[0].unplugged = true;
    world.run(60_000);
    let events = connection_events(&mut world);
    let [Event::Lost { session: lost, .. }] = events[..] else { panic!("{events:?}") };
    assert_eq!(lost, session(0));
}

#[test]
fn an_ice_restart_moves_the_connection() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    let mut changes = world.clients[0].rtc.sdp_api();
    changes.ice_restart(true);
    let (offer, pending) = changes.apply().unwrap();
    world.negotiate(0, offer, pending, &[]).unwrap();
    world.run(1_000);
    let before = world.workers[0].counters().refused_checks;
    world.take_got(1);
    world.talk(&[(0, LOUD)], 8_000);
    assert_eq!(world.take_got(1).len(), 400);
    assert_eq!(
        world.workers[0].counters().refused_checks,
        before,
        "checks find the session by name"
    );
    assert_eq!(connection_events(&mut world).len(), 2, "connected, each once");
}

#[test]
fn verbs_on_an_unknown_session_are_refused() {
    let mut world = World::with(1);
    let (now, gone) = (world.now, session(77));
    let worker = &mut world.workers[0];
    assert_eq!(worker.set_gate(now, gone, room(1), OPEN), Err(MediaRefusal::UnknownSession));
    assert_eq!(worker.view(now, gone, &[]), Err(MediaRefusal::UnknownSession));
    assert_eq!(worker.carry(now, gone, room(1), OPEN, &[]), Err(MediaRefusal::UnknownSession));
    assert_eq!(worker.candidate(gone, None), Err(MediaRefusal::UnknownSession));
    assert_eq!(worker.answer(gone, ""), Err(MediaRefusal::UnknownSession));
    assert_eq!(worker.close(now, gone, room(1)), []);
}

#[test]
fn opening_twice_changes_nothing() {
    let mut world = World::with(2);
    let room = model::RoomId::from_i64(9).unwrap();
    let again = OpenSession { session: session(0), room, user: user(0), gate: OPEN };
    world.workers[0].open(world.now, again, &[]).unwrap();
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_peer_that_was_lost_is_shown_no_gap_for_what_it_was_not_sent() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD)], 200);
    let before = world.take_got(1).last().unwrap().seq;
    world.clients[1].unplugged = true;
    world.talk(&[(0, LOUD)], 12_000);
    world.clients[1].unplugged = false;
    world.talk(&[(0, LOUD)], 8_000);
    let after = world.take_got(1)[0].seq;
    let (written, passed) = (after - before, 12_000 / 20);
    assert!(written < passed - 200, "{written}: none while it counted as lost");
}
