//! Layers: each receiver is sent the one that it shows and its network bears, of simulcast and of SVC.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use media::{Allocation, Gate, SourceLabel, ViewRequest};
use model::TrackSource;
use proptest::prelude::*;

use crate::film::{Coding, Film, Mark, Shown, longest_freeze, shown};
use crate::harness::*;
use crate::simulator::Path;

const WATCHES: Shape = Shape {
    audio_slots: 1,
    video_slots: 1,
    camera: false,
    simulcast: false,
    audio_level: true,
    only_vp9: false,
};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn svc(full: bool, flexible: bool) -> Film {
    Film { coding: Coding::Svc { full, flexible }, ..Film::svc() }
}

fn all_kinds() -> [Film; 4] {
    [Film::simulcast(), svc(false, false), svc(true, false), svc(true, true)]
}

/// Watchers on these workers, and one on the first that films.
fn filmed(film: Film, watchers: &[usize]) -> World {
    filmed_over(film, watchers, Path::default())
}

/// The same, with this between the first watcher and the server.
fn filmed_over(film: Film, watchers: &[usize], path: Path) -> World {
    let workers = watchers.iter().max().unwrap() + 1;
    let mut world = World::finely(workers);
    for (n, worker) in watchers.iter().enumerate() {
        world.join_at(*worker, room(1), user(n), OPEN, WATCHES);
    }
    world.join_filming(user(watchers.len()), OPEN, WATCHES, film);
    world.link(0).down(path);
    world.run(500);
    assert!(world.clients.iter().all(|client| client.connected));
    world
}

/// The same, and it has been found out what their networks bear.
fn settled(film: Film, watchers: &[usize]) -> World {
    let mut world = filmed(film, watchers);
    world.run(3000);
    world
}

/// A watcher shows its picture in so many lines; 0: it is hidden.
fn view(world: &mut World, n: usize, height: u16) {
    let mid = world.clients[n].slots.last().unwrap().to_string();
    let width = (u32::from(height) * 16).div_ceil(9) as u16;
    world.view(n, &[ViewRequest { mid, user: None, session: None, source: None, width, height }]);
}

fn pictures(got: &[Got]) -> Vec<Got> {
    got.iter().filter(|got| Mark::read(&got.payload).is_some()).cloned().collect()
}

fn allocation(world: &World, worker: usize, n: usize) -> Allocation {
    world.workers[worker].allocations(session(n)).unwrap().remove(0)
}

/// Numbers of VP8 pictures: picture id and TL0PICIDX of each packet.
fn vp8_numbers(got: &[Got]) -> Vec<(u16, u8)> {
    got.iter()
        .map(|got| (u16::from_be_bytes([got.payload[2] & 0x7f, got.payload[3]]), got.payload[4]))
        .collect()
}

#[test]
fn layers_follow_the_wanted_size() {
    for film in all_kinds() {
        let coding = film.coding;
        let mut world = settled(film, &[0]);
        for (height, layer) in [(720, 2), (100, 0), (360, 1), (200, 1), (180, 0), (1080, 2)] {
            view(&mut world, 0, height);
            world.run(1000);
            let from = world.now;
            // Everything since it began is needed to say what can be shown.
            let got = pictures(&world.clients[0].got);
            continuous(&got);
            let until = shown(&got).last().map(|last| last.at).unwrap();
            assert!(from - until < ms(100), "{coding:?} {height}");
            world.run(1000);
            let all = shown(&pictures(&world.clients[0].got));
            let later: Vec<_> = all.iter().filter(|it| it.at > from).collect();
            assert!(later.iter().all(|it| it.layer == layer), "{coding:?} {height}: {later:?}");
            assert!((28..=31).contains(&later.len()), "{coding:?} {height}: {}", later.len());
            let sent = allocation(&world, 0, 0).sent.unwrap();
            assert_eq!((sent.rank, sent.height), (usize::from(layer), [180, 360, 720][sent.rank]));
            let name = match coding {
                Coding::Simulcast => ["l", "m", "h"][sent.rank],
                Coding::Svc { .. } => ["0", "1", "2"][sent.rank],
            };
            assert_eq!(sent.name, name, "{coding:?}");
        }
        let all = shown(&pictures(&world.clients[0].got));
        let freeze = longest_freeze(&all, all[0].at, world.now);
        assert!(freeze < ms(150), "{coding:?}: {freeze:?}");
        view(&mut world, 0, 0);
        world.run(50);
        world.take_got(0);
        world.run(1000);
        assert_eq!(pictures(&world.take_got(0)), [], "hidden");
        assert_eq!(world.workers[0].allocations(session(0)).unwrap(), []);
    }
}

#[test]
fn other_workers_know_what_the_sender_calls_its_layers() {
    for (film, names) in [(Film::simulcast(), ["l", "h"]), (Film::svc(), ["0", "2"])] {
        let mut world = settled(film, &[0, 1]);
        for (height, name) in [(180, names[0]), (720, names[1])] {
            for n in [0, 1] {
                view(&mut world, n, height);
            }
            world.run(2000);
            for n in [0, 1] {
                assert_eq!(allocation(&world, n, n).sent.unwrap().name, name, "at {n}");
            }
        }
    }
}

#[test]
fn what_a_picture_is_numbered_by_goes_on_over_changes_of_layer() {
    let mut world = settled(Film::simulcast(), &[0]);
    for height in [720, 180, 360, 180, 720] {
        view(&mut world, 0, height);
        world.run(1200);
    }
    let got = pictures(&world.clients[0].got);
    continuous(&got);
    let numbers = vp8_numbers(&got);
    for (pair, packets) in numbers.windows(2).zip(got.windows(2)) {
        let [(id, tl0), (next, next_tl0)] = [pair[0], pair[1]];
        assert!((next.wrapping_sub(id) & 0x7fff) <= 1, "{id} then {next}");
        assert!(next_tl0.wrapping_sub(tl0) <= 1, "{tl0} then {next_tl0}");
        let ticks = packets[1].timestamp.wrapping_sub(packets[0].timestamp);
        assert!(ticks < 9000, "timestamps go on by {ticks}");
    }
    let marks: Vec<_> = got.iter().filter_map(|got| Mark::read(&got.payload)).collect();
    assert!(marks.windows(2).filter(|pair| pair[0].layer != pair[1].layer).count() >= 4);
    assert!(marks.windows(2).all(|pair| pair[0].layer == pair[1].layer || pair[1].key));
}

#[test]
fn every_picture_that_is_sent_ends_with_a_marker() {
    for film in all_kinds() {
        let coding = film.coding;
        let mut world = filmed(film, &[0]);
        for height in [180, 720, 360] {
            view(&mut world, 0, height);
            world.run(1000);
        }
        let got = pictures(&world.take_got(0));
        for pair in got.windows(2) {
            let marks = [&pair[0], &pair[1]].map(|got| Mark::read(&got.payload).unwrap());
            // The keyframe of another stream cuts off what is being sent of the old one.
            let cut_off = marks[1].key && coding == Coding::Simulcast;
            let ends = pair[0].timestamp != pair[1].timestamp;
            assert!(pair[0].marker == ends || ends && cut_off, "{coding:?} {}", pair[0].seq);
        }
    }
}

#[test]
fn each_receiver_has_a_layer_of_its_own_on_one_worker_and_on_two() {
    for film in all_kinds() {
        let coding = film.coding;
        let mut world = settled(film, &[0, 0, 1, 1]);
        for (n, height) in [180, 720, 180, 360].into_iter().enumerate() {
            view(&mut world, n, height);
        }
        world.run(1500);
        let from = world.now;
        let packets = world.wires.packets;
        let sent = world.clients[4].film.as_ref().unwrap().sent.clone();
        world.run(1000);
        for (n, layer) in [0, 2, 0, 1].into_iter().enumerate() {
            let got = pictures(&world.clients[n].got);
            continuous(&got);
            let later: Vec<_> = shown(&got).into_iter().filter(|it| it.at > from).collect();
            assert!(later.iter().all(|it| it.layer == layer), "{coding:?} {n}: {later:?}");
            assert!((28..=31).contains(&later.len()), "{coding:?} {n}: {}", later.len());
        }
        let counted = [0, 1].map(|worker: usize| world.workers[worker].counters().pictures);
        assert_eq!(counted, [[1, 0, 1, 0], [1, 1, 0, 0]], "{coding:?}");
        let now = &world.clients[4].film.as_ref().unwrap().sent;
        let wanted: u64 = (0..2).map(|rung| now[rung] - sent[rung]).sum();
        let relayed = (world.wires.packets - packets) as u64;
        assert!(relayed.abs_diff(wanted) <= 8, "{coding:?}: {relayed} relayed of {wanted} wanted");
    }
}

#[test]
fn a_layer_that_stops_is_replaced_and_used_again_when_it_returns() {
    for film in [Film::simulcast(), svc(true, false)] {
        let coding = film.coding;
        let mut world = filmed(film, &[0]);
        world.run(1500);
        let begun = world.now;
        for (on, layer) in [(false, 1), (true, 2)] {
            world.clients[1].film.as_mut().unwrap().film.rungs[2].on = on;
            world.run(1200);
            let from = world.now;
            world.run(500);
            let all = shown(&pictures(&world.clients[0].got));
            let later: Vec<_> = all.iter().filter(|it| it.at > from).collect();
            assert!(later.len() >= 13, "{coding:?}: {later:?}");
            assert!(later.iter().all(|it| it.layer == layer), "{coding:?} {on}: {later:?}");
        }
        let all = shown(&pictures(&world.clients[0].got));
        let freeze = longest_freeze(&all, begun, world.now);
        assert!(freeze < ms(700), "{coding:?}: {freeze:?}");
    }
}

#[test]
fn keyframes_are_asked_for_only_where_needed_and_not_in_bursts() {
    let mut world = filmed(Film::simulcast(), &[0, 0, 0]);
    world.run(1500);
    let before = world.clients[3].film.as_ref().unwrap().keyframes.clone();
    for turn in 0..20 {
        for n in 0..3 {
            view(&mut world, n, if (turn + n) % 2 == 0 { 180 } else { 360 });
        }
        world.run(100);
    }
    world.run(1000);
    let after = &world.clients[3].film.as_ref().unwrap().keyframes;
    let asked: Vec<_> = after.iter().zip(&before).map(|(after, before)| after - before).collect();
    assert_eq!(asked[2], 0, "nobody is to go there");
    assert!(asked[..2].iter().all(|asked| (2..=6).contains(asked)), "{asked:?} in three seconds");
    for n in 0..3 {
        let last = shown(&pictures(&world.clients[n].got)).pop().unwrap();
        assert_eq!(last.layer, if (19 + n) % 2 == 0 { 0 } else { 1 });
    }
}

/// The second speaks and films, and the first asks for a keyframe when nothing new can be shown, as a
/// decoder does.
fn watch(world: &mut World, ms: u64) {
    for _ in 0..ms / 500 {
        let before = shown(&pictures(&world.clients[0].got)).len();
        world.talk(&[(1, LOUD)], 500);
        if shown(&pictures(&world.clients[0].got)).len() == before {
            let (now, slot) = (world.now, *world.clients[0].slots.last().unwrap());
            world.clients[0].want_keyframe(now, slot);
        }
    }
}

/// What was shown in a stretch of time: how many of each layer.
fn layers_between(all: &[Shown], from: Instant, to: Instant) -> [usize; 3] {
    let mut count = [0; 3];
    for shown in all.iter().filter(|it| (from..to).contains(&it.at)) {
        count[usize::from(shown.layer)] += 1;
    }
    count
}

/// A link that is wide, becomes narrow, and wide again.
const WIDE_BPS: u64 = 10_000_000;
const NARROW_BPS: u64 = 400_000;
const AWAY: Duration = ms(20);
/// What waits in front of it at most: 300 ms of the narrow one.
const QUEUE_BYTES: usize = 15 * 1024;
/// What a keyframe takes on the narrow link, of the smallest layer: its request and the way there and back,
/// the next picture, the queue that is in front of it, and itself with its voices.
const KEYFRAME_ROUND: Duration = ms(20 + 20 + 34 + 308 + 70);
/// As long as it may take until what was too much is not sent any more: a few reports of 50 ms until a queue
/// is seen, and the queue.
const DOWN_WITHIN: Duration = ms(200 + 308 + 70 + 20);
/// Every three seconds it is looked whether there is more by now; then the estimate is asked for four times
/// a second, and each layer waits for its keyframe.
const UP_WITHIN: Duration = ms(3000 + 1500);
/// A change of layer on a wide link: the way of the request and of the keyframe, and the next two pictures.
const CHANGE: Duration = ms(20 + 20 + 34 + 34);

fn link(bps: u64) -> Path {
    let bandwidth_bps = Some(bps);
    Path { delay: AWAY, bandwidth_bps, queue_bytes: QUEUE_BYTES, ..Path::default() }
}

#[test]
fn layers_follow_the_bandwidth_down_and_up_without_a_freeze_and_voices_are_heard() {
    for film in [Film::simulcast(), svc(false, false), svc(true, false)] {
        let coding = film.coding;
        let mut world = filmed_over(film, &[0], link(WIDE_BPS));
        watch(&mut world, 6000);
        let wide = world.now;
        world.link(0).down(link(NARROW_BPS));
        watch(&mut world, 6000);
        let narrow = world.now;
        world.link(0).down(link(WIDE_BPS));
        watch(&mut world, 8000);
        let end = world.now;
        let got = world.take_got(0);
        let all = shown(&pictures(&got));
        let before = layers_between(&all, wide - ms(2000), wide);
        assert!(before[2] > 50, "{coding:?} as large as there is: {before:?}");
        let short = layers_between(&all, wide + DOWN_WITHIN, narrow);
        let count = (narrow - wide - DOWN_WITHIN).as_millis() as usize * 30 / 1000;
        assert!(short[0] + 5 >= count, "{coding:?} {short:?} of {count}");
        assert_eq!(short[1..], [0, 0], "{coding:?} only what fits");
        let freeze = longest_freeze(&all, wide, narrow);
        assert!(freeze <= KEYFRAME_ROUND, "{coding:?} on the way down: {freeze:?}");
        let freeze = longest_freeze(&all, narrow, end);
        assert!(freeze <= CHANGE, "{coding:?} on the way up: {freeze:?}");
        let after = layers_between(&all, narrow + UP_WITHIN, end);
        assert!(after[2] > 80, "{coding:?} as before: {after:?}");
        let heard = |got: &&Got| got.level.is_some() && got.at > wide;
        let (heard, said) = (got.iter().filter(heard).count(), 14_000 / 20);
        // What finds no place in the queue is lost, whatever it is.
        assert!(heard + 15 >= said, "{coding:?}: {heard} of {said} packets of voice");
    }
}

#[test]
fn a_screen_is_sharp_before_cameras_when_bandwidth_is_short() {
    let mut world = World::finely(1);
    // Nothing tells what arrives at it: it is given four megabits a second.
    world.join(user(0), OPEN, Shape { video_slots: 2, audio_level: false, ..WATCHES });
    let mut sharp = Film::simulcast();
    sharp.rungs[2].bps = 3_000_000;
    world.join_filming(user(1), OPEN, WATCHES, Film::simulcast());
    world.join_filming(user(2), OPEN, WATCHES, sharp);
    world.run(2000);
    // The second shows a screen.
    let camera = world.clients[2].camera.unwrap();
    let label = SourceLabel { mid: camera.to_string(), source: TrackSource::Screen };
    let mut changes = world.clients[2].rtc.sdp_api();
    changes.ice_restart(true);
    let (offer, pending) = changes.apply().unwrap();
    world.negotiate(2, offer, pending, &[label]).unwrap();
    world.run(6000);
    let all = world.workers[0].allocations(session(0)).unwrap();
    let rank = |source| {
        let of = all.iter().find(|allocation| allocation.bound.source == source);
        of.and_then(|allocation| allocation.sent.as_ref()).map(|layer| layer.rank)
    };
    assert_eq!(rank(TrackSource::Screen), Some(2), "{all:?}");
    assert_eq!(rank(TrackSource::Camera), Some(1), "{all:?}");
}

#[test]
fn what_waits_in_the_pacer_leaves_before_the_gate_shuts_and_nothing_after() {
    let path = Path { delay: ms(20), bandwidth_bps: Some(300_000), ..Path::default() };
    let mut world = filmed_over(Film::simulcast(), &[0], path);
    world.run(3000);
    for _ in 0..10 {
        world.run(173);
        world.gate(1, Gate { camera: false, ..OPEN });
        // What is on its way arrives.
        world.run(1500);
        world.take_got(0);
        let sent = world.links[0].down.stats().sent;
        world.run(1000);
        let later = pictures(&world.take_got(0));
        assert_eq!(later, [], "{} datagrams", world.links[0].down.stats().sent - sent);
        world.gate(1, OPEN);
        world.run(1000);
    }
}

/// What happens to those who watch and the one who films.
#[derive(Clone, Debug)]
enum Act {
    /// A watcher shows it in so many lines.
    View(usize, u16),
    /// An upper layer is sent, or not.
    Layer(usize, bool),
    Gate(bool),
    Bandwidth(u64),
}

fn acts() -> impl Strategy<Value = Vec<(Act, u64)>> {
    let height = prop_oneof![Just(0), Just(180), Just(360), Just(720), 1..1000_u16];
    let act = prop_oneof![
        6 => (0..3_usize, height).prop_map(|(n, height)| Act::View(n, height)),
        2 => (1..3_usize, any::<bool>()).prop_map(|(rung, on)| Act::Layer(rung, on)),
        1 => any::<bool>().prop_map(Act::Gate),
        2 => (100..4000_u64).prop_map(Act::Bandwidth),
    ];
    prop::collection::vec((act, 20..900_u64), 4..14)
}

/// Of the frames that arrived whole, how many cannot be decoded with what arrived.
fn undecodable(got: &[Got]) -> usize {
    let mut parts: HashMap<(u8, u32), u16> = HashMap::new();
    let marks: Vec<Mark> = got.iter().filter_map(|got| Mark::read(&got.payload)).collect();
    for mark in &marks {
        *parts.entry((mark.layer, mark.frame)).or_default() += 1;
    }
    let whole = |layer: u8, frame: u32| {
        let mark = marks.iter().find(|it| (it.layer, it.frame) == (layer, frame));
        mark.is_some_and(|mark| parts[&(layer, frame)] == mark.parts)
    };
    let missing = |mark: &&Mark| {
        let earlier = mark.key || whole(mark.layer, mark.needs);
        let lower = !mark.on_lower || whole(mark.layer - 1, mark.frame);
        mark.part == 0 && whole(mark.layer, mark.frame) && !(earlier && lower)
    };
    marks.iter().filter(missing).count()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10,
        max_shrink_iters: 40,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn numbers_have_no_gap_and_what_a_picture_needs_was_sent(kind in 0..4_usize, acts in acts()) {
        let mut world = filmed(all_kinds()[kind].clone(), &[0, 1, 0]);
        // No queue is ever full: nothing is lost that was sent.
        for (act, ms) in &acts {
            match *act {
                Act::View(n, height) => view(&mut world, n, height),
                Act::Layer(rung, on) => {
                    world.clients[3].film.as_mut().unwrap().film.rungs[rung].on = on;
                }
                Act::Gate(camera) => world.gate(3, Gate { camera, ..OPEN }),
                Act::Bandwidth(kbps) => {
                    let bandwidth_bps = Some(kbps * 1000);
                    let queue_bytes = 10_000_000;
                    world.link(0).down(Path { bandwidth_bps, queue_bytes, ..Path::default() });
                }
            }
            world.run(*ms);
        }
        world.link(0).down(Path::default());
        world.run(100);
        for n in 0..3 {
            let got = pictures(&world.take_got(n));
            for pair in got.windows(2) {
                prop_assert_eq!(pair[1].seq, pair[0].seq + 1, "{} of {:?}", n, kind);
            }
            prop_assert_eq!(undecodable(&got), 0, "{} of {:?}", n, kind);
        }
    }
}
