//! A room whose members live on several workers: nobody notices.

use media::{Ban, Event, Gate, ViewRequest, WorkerNumber};
use model::{MediaKind, TrackSource, UserId};

use crate::harness::*;

const WATCHES: Shape = Shape {
    audio_slots: 2,
    video_slots: 1,
    camera: true,
    simulcast: false,
    audio_level: true,
    only_vp9: false,
};

/// A connected person on each of these workers, all in the first room.
fn people(workers: usize, homes: &[usize], shape: Shape) -> World {
    let mut world = World::on(workers);
    for (n, home) in homes.iter().enumerate() {
        world.join_at(*home, room(1), user(n), OPEN, shape);
    }
    world.run(500);
    assert!(world.clients.iter().all(|client| client.connected));
    world.take_events();
    world
}

/// Whose pictures a session is shown.
fn pictures(world: &World, n: usize) -> Vec<Option<UserId>> {
    let slots = world.slots(n).into_iter();
    let video = slots.filter(|slot| slot.kind == MediaKind::Video);
    video.map(|slot| slot.bound.map(|bound| bound.user)).collect()
}

#[test]
fn a_voice_is_heard_across_and_reported_as_whose_it_is() {
    let mut world = people(3, &[0, 1, 1, 2], Shape::default());
    world.talk(&[(0, LOUD)], 400);
    for n in 1..4 {
        let got = world.take_got(n);
        assert_eq!((got.len(), continuous(&got)), (20, 20), "{n}");
        assert_eq!((got[0].payload.as_slice(), got[0].level), (&[0; 60][..], Some(LOUD)));
        assert_eq!(got[1].timestamp, got[0].timestamp + 960);
        let bound = world.slots(n)[0].bound.unwrap();
        assert_eq!((bound.session, bound.user), (session(0), user(0)));
        assert_eq!(bound.source, TrackSource::Microphone);
        assert_eq!(world.slots(n)[0].mid, got[0].mid);
    }
    let (started, speaks) = (
        Event::SourceStarted { session: session(0), source: TrackSource::Microphone },
        Event::SpeakingStarted { session: session(0) },
    );
    let count = |wanted| world.events.iter().filter(|event| *event == wanted).count();
    assert_eq!((count(&started), count(&speaks)), (1, 1), "its own worker says so, no other");
    assert_eq!(world.workers[0].counters().relayed, 40, "once to each worker");
    assert_eq!(world.workers[1].counters().forwarded, 40);
    assert_eq!(world.take_got(0), []);
}

#[test]
fn a_room_on_one_worker_tells_the_others_nothing() {
    let mut world = people(3, &[1, 1], WATCHES);
    world.talk(&[(0, LOUD)], 200);
    world.film(&[(1, None, 900)], 200);
    assert_eq!((world.wires.packets, world.wires.told), (0, 0));
    assert_eq!(world.workers[1].counters().relayed, 0);
}

#[test]
fn sessions_of_one_user_do_not_hear_each_other_across_workers() {
    let mut world = World::on(2);
    for (home, who) in [(0, 1), (1, 1), (1, 2)] {
        world.join_at(home, room(1), user(who), OPEN, Shape::default());
    }
    world.run(500);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!((world.take_got(1).len(), world.take_got(2).len()), (0, 10));
}

#[test]
fn a_mute_holds_on_every_worker_when_its_bans_are_carried_out() {
    let mut world = people(2, &[0, 1, 0], Shape::default());
    world.talk(&[(0, LOUD)], 400);
    world.take_got(1);
    world.take_events();
    // The other worker is busy: this waits for it when the gate shuts.
    world.wires.held = true;
    world.clients[0].say(world.now, LOUD, b"in time");
    world.run(5);
    assert_eq!(world.take_got(1), []);
    world.clients[0].say(world.now, LOUD, b"too late");
    world.gate(0, Gate { speak: false, ..OPEN });
    let got = world.take_got(1);
    assert_eq!(got.len(), 1, "before the promise, not after it: {got:?}");
    assert_eq!(got[0].payload, b"in time");
    world.wires.held = false;
    world.talk(&[(0, LOUD)], 1000);
    assert_eq!(world.take_got(1), []);
    let stopped = Event::SourceStopped { session: session(0), source: TrackSource::Microphone };
    assert_eq!(world.take_events(), [stopped, Event::SpeakingStopped { session: session(0) }]);
    world.gate(0, OPEN);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_ban_that_comes_late_does_not_shut_what_is_open_again() {
    let mut world = people(2, &[0, 1], Shape::default());
    world.talk(&[(0, LOUD)], 200);
    let shut = Gate { speak: false, ..OPEN };
    let bans = world.workers[0].set_gate(world.now, session(0), room(1), shut).unwrap();
    assert_eq!(bans.len(), 1);
    world.gate(0, OPEN);
    world.talk(&[(0, LOUD)], 200);
    world.take_got(1);
    world.forbid(&bans);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn the_deafened_are_sent_nothing_from_elsewhere_either() {
    let mut world = people(2, &[0, 1, 1], Shape::default());
    world.talk(&[(0, LOUD)], 200);
    world.take_got(1);
    world.gate(1, Gate { receive: false, ..OPEN });
    world.talk(&[(0, LOUD)], 200);
    assert_eq!((world.take_got(1).len(), world.take_got(2).len()), (0, 20));
    world.gate(1, OPEN);
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1).len(), 10);
}

#[test]
fn a_camera_is_seen_across_from_its_first_keyframe_and_asked_for_one() {
    let mut world = people(2, &[0, 1, 1], WATCHES);
    world.film(&[(0, None, 900)], 400);
    for n in [1, 2] {
        assert_eq!(pictures(&world, n), [Some(user(0))]);
        let got = world.take_got(n);
        assert_eq!((got.len(), continuous(&got)), (20, 20));
        assert_eq!(got[0].payload[..2], [0x18, 0]);
    }
    let asked = world.clients[0].keyframes_wanted;
    assert_eq!(asked, 1);
    world.film(&[(0, None, 900)], 600);
    let slot = world.clients[1].slots[2];
    world.clients[1].want_keyframe(world.now, slot);
    world.film(&[(0, None, 900)], 100);
    assert_eq!(world.clients[0].keyframes_wanted, asked + 1);
}

#[test]
fn a_picture_that_nobody_sees_elsewhere_is_not_relayed() {
    let mut world = people(2, &[0, 1], WATCHES);
    world.film(&[(0, None, 900)], 200);
    let slot = world.clients[1].slots[2].to_string();
    let mut view = |user: Option<UserId>, width: u16| {
        let mid = slot.clone();
        let want = ViewRequest { mid, user, session: None, source: None, width, height: width };
        world.view(1, &[want]);
        world.film(&[(0, None, 900)], 20);
        let (before, asked) = (world.wires.packets, world.clients[0].keyframes_wanted);
        world.take_got(1);
        world.film(&[(0, None, 900)], 1000);
        let asked = world.clients[0].keyframes_wanted - asked;
        (world.wires.packets - before, world.take_got(1).len(), asked)
    };
    assert_eq!(view(None, 0), (0, 0, 0), "hidden");
    let (relayed, got, asked) = view(Some(user(0)), 640);
    assert_eq!((relayed, got), (50, 50));
    assert!(asked <= 1, "the first was asked for before: {asked}");
    assert_eq!(view(Some(user(9)), 640), (0, 0, 0), "waits for somebody else");
    // Off and on again: it counts as seen until its worker hears otherwise.
    world.gate(0, Gate { camera: false, ..OPEN });
    world.gate(0, OPEN);
    let before = world.wires.packets;
    world.film(&[(0, None, 900)], 1000);
    assert_eq!(world.wires.packets - before, 1);
}

#[test]
fn one_layer_is_relayed_and_a_change_of_layer_shows_no_gap() {
    let mut world = people(2, &[0], WATCHES);
    let n = world.join_at(1, room(1), user(5), OPEN, Shape { simulcast: true, ..WATCHES });
    world.run(500);
    let (low, high) = (Some("l".into()), Some("h".into()));
    world.film(&[(n, low, 200)], 200);
    world.film(&[(n, low, 200), (n, high, 1000)], 3000);
    let got = world.take_got(0);
    assert!((155..=165).contains(&continuous(&got)), "one of the two at any time");
    assert!(got[60..].iter().all(|got| got.payload.len() == 1000), "the high one after a second");
    let beside = world.wires.packets - got.len();
    assert!(
        beside <= 3,
        "and only that was relayed, but for {beside} of the other around the change"
    );
    world.film(&[(n, low, 200)], 2000);
    assert!(continuous(&world.take_got(0)) >= 70, "the low one when the high one stops");
}

#[test]
fn a_lost_packet_is_resent_but_not_after_the_gate_shut_elsewhere() {
    let mut world = people(2, &[0, 1], WATCHES);
    world.film(&[(0, None, 900)], 400);
    world.take_got(1);
    world.clients[1].unplugged = true;
    world.film(&[(0, None, 900)], 20);
    world.clients[1].unplugged = false;
    // Its request for the missing packet is on the way when the gate shuts.
    world.clients[1].held_back = true;
    world.film(&[(0, None, 900)], 20);
    world.wires.held = true;
    world.gate(0, Gate { camera: false, ..OPEN });
    world.take_got(1);
    world.clients[1].held_back = false;
    world.run(1000);
    assert_eq!(world.take_got(1), [], "what was asked for again is forbidden by now");
}

#[test]
fn who_is_carried_to_a_room_elsewhere_and_back_is_heard_where_it_is() {
    let mut world = people(2, &[0, 0], WATCHES);
    world.join_at(1, room(2), user(2), OPEN, WATCHES);
    world.run(500);
    let all = [(0, LOUD), (1, LOUD), (2, LOUD)];
    for (round, (to, heard_by, not_by)) in [(2, 2, 1), (1, 1, 2), (2, 2, 1)].into_iter().enumerate()
    {
        world.talk(&all, 400);
        (0..3).for_each(|n| drop(world.take_got(n)));
        world.take_events();
        world.clients[0].say(world.now, LOUD, b"on its way");
        world.carry(0, room(to), OPEN);
        let mic = TrackSource::Microphone;
        let mut told = world.take_events();
        let camera = Event::SourceStopped { session: session(0), source: TrackSource::Camera };
        told.retain(|event| !matches!(event, Event::Slots { .. }) && *event != camera);
        let [stopped, silent, started] = &told[..] else { panic!("{round}: {told:?}") };
        assert_eq!(*stopped, Event::SourceStopped { session: session(0), source: mic });
        assert_eq!(*silent, Event::SpeakingStopped { session: session(0) });
        assert_eq!(*started, Event::SourceStarted { session: session(0), source: mic });
        world.talk(&all, 200);
        world.film(&[(0, None, 900), (1, None, 900), (2, None, 900)], 200);
        let got = world.take_got(0);
        let from = |payload: &[u8]| got.iter().filter(|got| got.payload == payload).count();
        assert_eq!(from(&[heard_by as u8; 60]), 10, "{round}");
        assert_eq!(from(&[not_by as u8; 60]), 0, "{round}");
        assert_eq!(pictures(&world, heard_by), [Some(user(0))], "{round}");
        assert_ne!(pictures(&world, not_by), [Some(user(0))], "{round}");
        let heard = |n: usize| world.clients[n].got.iter().filter(|g| g.payload == [0; 60]).count();
        assert_eq!((heard(heard_by), heard(not_by)), (10, 0), "{round}");
    }
    assert_eq!(world.clients[0].keyframes_wanted, 3, "one each time it came to be seen");
}

#[test]
fn nothing_of_the_old_room_passes_once_the_bans_of_a_move_are_carried_out() {
    let mut world = people(2, &[0, 1, 1], Shape::default());
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    (0..3).for_each(|n| drop(world.take_got(n)));
    world.wires.held = true;
    world.clients[0].say(world.now, LOUD, b"to them");
    world.clients[1].say(world.now, LOUD, b"to it");
    world.run(5);
    world.carry(0, room(2), OPEN);
    assert_eq!((world.take_got(2).len(), world.take_got(1).len()), (2, 1), "before it returned");
    assert_eq!(world.slots(1).iter().filter(|slot| slot.bound.is_some()).count(), 0);
    world.wires.held = false;
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    assert_eq!((world.take_got(0).len(), world.take_got(1).len()), (0, 0));
    assert_eq!(world.take_got(2).len(), 10, "of the one that stayed");
}

#[test]
fn what_stands_in_for_others_goes_with_them_and_with_the_last_who_could_hear() {
    let mut world = people(2, &[0, 0, 1], Shape::default());
    let stand_ins = |world: &World| {
        (world.workers[0].counters().stand_ins, world.workers[1].counters().stand_ins)
    };
    assert_eq!(stand_ins(&world), (0, 0), "for nobody who has shown nothing");
    world.talk(&[(0, LOUD), (1, LOUD), (2, LOUD)], 200);
    assert_eq!(stand_ins(&world), (1, 2));
    world.close(0);
    assert_eq!((stand_ins(&world), world.bound(2)), ((1, 1), vec![user(1)]));
    let mic = world.clients[1].mic;
    world.redirect(1, mic, str0m::media::Direction::Inactive);
    assert_eq!((stand_ins(&world), world.bound(2)), ((1, 0), vec![]));
    world.redirect(1, mic, str0m::media::Direction::SendOnly);
    world.talk(&[(1, LOUD)], 200);
    assert_eq!(stand_ins(&world), (1, 1));
    world.close(2);
    assert_eq!(stand_ins(&world), (0, 0));
    let told = world.wires.told;
    world.talk(&[(1, LOUD)], 200);
    world.gate(1, Gate::SHUT);
    assert_eq!(world.wires.told, told, "nobody is left to be told");
    assert_eq!(world.workers[1].counters().sessions, 0);
}

#[test]
fn who_comes_back_after_all_have_left_is_shown_everything_again() {
    let mut world = people(2, &[0, 1], Shape::default());
    world.talk(&[(0, LOUD), (1, LOUD)], 200);
    for _ in 0..3 {
        world.carry(1, room(2), OPEN);
        world.talk(&[(0, LOUD), (1, LOUD)], 100);
        (0..2).for_each(|n| drop(world.take_got(n)));
        world.carry(1, room(1), OPEN);
        assert_eq!(world.bound(1), [user(0)], "at once");
        world.talk(&[(0, LOUD), (1, LOUD)], 200);
        assert_eq!((world.take_got(0).len(), world.take_got(1).len()), (10, 10));
    }
}

#[test]
fn a_full_way_loses_packets_and_nothing_else() {
    let mut world = people(2, &[0, 1], WATCHES);
    world.talk(&[(0, LOUD)], 200);
    world.take_got(1);
    world.wires.full = true;
    world.talk(&[(0, LOUD)], 200);
    for speak in [false, true, false, true, false] {
        world.gate(0, Gate { speak, ..OPEN });
        world.talk(&[(0, LOUD)], 40);
    }
    world.film(&[(0, None, 900)], 1000);
    assert_eq!(world.take_got(1), []);
    assert!(world.wires.lost > 20);
    world.wires.full = false;
    world.talk(&[(0, LOUD)], 200);
    assert_eq!(world.take_got(1), [], "the last word was mute");
    assert_eq!(pictures(&world, 1), [Some(user(0))], "that it is there was not lost");
    world.film(&[(0, None, 900)], 1000);
    let got = world.take_got(1);
    assert!(continuous(&got) > 40, "it is given the keyframe that it missed: {}", got.len());
    world.gate(0, OPEN);
    world.talk(&[(0, LOUD)], 200);
    let heard = world.take_got(1).into_iter().filter(|got| got.payload == [0; 60]).count();
    assert_eq!(heard, 10);
}

#[test]
fn a_dead_worker_leaves_nothing_behind_and_what_still_comes_from_it_counts_for_nothing() {
    let mut world = people(3, &[0, 1, 2], Shape::default());
    world.talk(&[(0, LOUD), (2, LOUD)], 200);
    assert_eq!(world.bound(1), [user(0), user(2)]);
    world.wires.held = true;
    world.talk(&[(0, LOUD)], 20);
    world.take_got(1);
    world.workers[1].handle_dead_worker(world.now, WorkerNumber(0));
    world.drain();
    assert_eq!(world.bound(1), [user(2)]);
    world.wires.held = false;
    world.talk(&[(0, LOUD), (1, LOUD), (2, LOUD)], 200);
    let got = world.take_got(1);
    assert!(got.iter().all(|got| got.payload == [2; 60]), "nothing of the dead");
    assert_eq!(got.len(), 10);
    assert_eq!(world.workers[1].counters().stand_ins, 1);
}

#[test]
fn a_ban_of_an_orphan_ends_what_its_old_home_shows_in_whatever_room() {
    let mut world = people(3, &[0, 1, 2], Shape::default());
    world.talk(&[(0, LOUD), (2, LOUD)], 200);
    assert_eq!(world.bound(1), [user(0), user(2)]);
    let ban = |n: usize, home: u8| Ban::of_orphan(WorkerNumber(1), session(n), WorkerNumber(home));
    world.forbid(&[ban(0, 2), ban(2, 0)]);
    assert_eq!(world.bound(1), [user(0), user(2)], "they live elsewhere");
    world.forbid(&[ban(0, 0)]);
    assert_eq!(world.bound(1), [user(2)]);
    world.take_got(1);
    world.talk(&[(0, LOUD), (2, LOUD)], 200);
    let got = world.take_got(1);
    assert!(got.len() == 10 && got.iter().all(|got| got.payload == [2; 60]));
}

#[test]
fn a_view_and_the_slot_of_a_speaker_work_across() {
    let mut world = people(3, &[0, 1, 2], WATCHES);
    let all = [(0, None, 900), (1, None, 900), (2, None, 900)];
    world.film(&all, 200);
    for speaker in [0, 1, 0] {
        for _ in 0..30 {
            world.clients[speaker].say(world.now, LOUD, b"hello");
            world.film(&all, 20);
        }
        world.film(&all, 600);
        assert_eq!(pictures(&world, 2), [Some(user(speaker))]);
    }
    let mid = world.clients[2].slots[2].to_string();
    let want = ViewRequest {
        mid,
        user: Some(user(1)),
        session: None,
        source: None,
        width: 640,
        height: 360,
    };
    world.view(2, &[want]);
    world.film(&all, 100);
    assert_eq!(pictures(&world, 2), [Some(user(1))]);
}
