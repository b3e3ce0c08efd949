//! Networks as they are: loss, bursts, jitter, duplicates, a bottleneck, another address.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use media::{Event, ViewRequest};

use crate::film::{Coding, Film, Mark, Shown, longest_freeze, shown};
use crate::harness::*;
use crate::simulator::{Bursts, Path};

const WATCHES: Shape = Shape {
    audio_slots: 2,
    video_slots: 1,
    camera: false,
    simulcast: false,
    audio_level: true,
    only_vp9: false,
};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// 5 % lost, 20 ms each way.
fn lossy() -> Path {
    Path { delay: ms(20), loss: 0.05, ..Path::default() }
}

/// One that films and speaks, and one that watches.
fn filmed(film: Film) -> World {
    let mut world = World::finely(1);
    world.join(user(0), OPEN, WATCHES);
    world.join_filming(user(1), OPEN, WATCHES, film);
    world.run(500);
    assert!(world.clients.iter().all(|client| client.connected));
    world
}

fn one_rung(mut film: Film, rung: usize) -> Film {
    for (at, other) in film.rungs.iter_mut().enumerate() {
        other.on = at == rung;
    }
    film
}

fn pictures(got: &[Got]) -> Vec<Got> {
    got.iter().filter(|got| Mark::read(&got.payload).is_some()).cloned().collect()
}

#[test]
fn a_film_is_what_it_says() {
    for (film, rung) in [(one_rung(Film::simulcast(), 1), 1), (Film::svc(), 2)] {
        let mut world = filmed(film);
        world.run(6000);
        let from = world.now;
        world.run(2000);
        let mut got = pictures(&world.take_got(0));
        continuous(&got);
        let mut shown = shown(&got);
        assert!(shown[0].key, "{shown:?}");
        got.retain(|got| got.at > from);
        shown.retain(|shown| shown.at > from);
        assert!((58..=61).contains(&shown.len()), "{} of 30 a second: {shown:?}", shown.len());
        assert!(shown.iter().all(|frame| usize::from(frame.layer) == rung), "{shown:?}");
        assert!(longest_freeze(&shown, from, world.now) < ms(70));
        let bytes: usize = got.iter().map(|got| got.payload.len()).sum();
        let bps = bytes as u64 * 8 / 2;
        let rungs = &world.clients[1].film.as_ref().unwrap().film.rungs;
        // Of layers that need no others only the one that is shown.
        let wanted = rungs[rung].bps;
        assert!((wanted * 85 / 100..wanted * 140 / 100).contains(&bps), "{bps}, not {wanted}");
    }
}

fn ended(world: &World) -> Vec<&Event> {
    let is = |event: &&Event| matches!(event, Event::Lost { .. } | Event::Failed { .. });
    world.events.iter().filter(is).collect()
}

fn audio(got: &[Got]) -> Vec<Got> {
    got.iter().filter(|got| got.level.is_some()).cloned().collect()
}

/// How many there are, none of them twice.
fn once(got: &[Got]) -> usize {
    let different: HashSet<_> = got.iter().map(|got| (&got.mid, got.seq)).collect();
    assert_eq!(different.len(), got.len(), "a packet was delivered twice");
    got.len()
}

/// What is lost is missed with the next packet and asked for at once, then every 100 ms: this is for two
/// resends that are lost in turn, and the pictures that wait for them.
const REPAIRED_WITHIN: Duration = ms(400);
/// Of a few thousand packets one is lost with all its resends: then a decoder asks for a keyframe.
const KEYFRAME_WITHIN: Duration = ms(1500);

fn view(world: &mut World, height: u16) {
    let mid = world.clients[0].slots[2].to_string();
    let width = (u32::from(height) * 16).div_ceil(9) as u16;
    world.view(0, &[ViewRequest { mid, user: None, session: None, source: None, width, height }]);
}

/// The second speaks and films, and the first asks for a keyframe when nothing new can be shown, as a
/// decoder does.
fn watch(world: &mut World, ms: u64) {
    for _ in 0..ms / 500 {
        let before = shown(&world.clients[0].got).len();
        world.talk(&[(1, LOUD)], 500);
        if shown(&world.clients[0].got).len() == before {
            let (now, slot) = (world.now, world.clients[0].slots[2]);
            world.clients[0].want_keyframe(now, slot);
        }
    }
}

/// Films over such paths, each way, and returns what came, from two seconds on and until when.
fn filmed_over(film: Film, height: u16, path: &Path) -> (World, Vec<Got>, [Instant; 2]) {
    let mut world = filmed(film);
    view(&mut world, height);
    for n in 0..2 {
        world.link(n).both(path.clone());
    }
    watch(&mut world, 2000);
    let from = world.now;
    watch(&mut world, 8000);
    // What is lost last is missed as soon as something follows.
    let until = world.now;
    world.run(2000);
    assert_eq!(ended(&world), Vec::<&Event>::new());
    let got = world.take_got(0);
    (world, got, [from, until])
}

/// Numbers of a picture's stream that never came, and how many did, by a time.
fn missing(world: &World, got: &[Got], until: Instant) -> (u64, u64) {
    let slot = world.clients[0].slots[2].to_string();
    let of_slot: Vec<_> = got.iter().filter(|got| got.mid == slot).cloned().collect();
    once(&of_slot);
    let newest = of_slot.iter().filter(|got| got.at < until).map(|got| got.seq).max().unwrap();
    let oldest = of_slot.iter().map(|got| got.seq).min().unwrap();
    let came = of_slot.iter().filter(|got| got.seq <= newest).count() as u64;
    (newest + 1 - oldest - came, came)
}

#[test]
fn five_per_cent_loss_each_way_is_repaired() {
    let full = Film { coding: Coding::Svc { full: true, flexible: false }, ..Film::svc() };
    let alone = |rung| one_rung(Film::simulcast(), rung);
    let mut cases = vec![(alone(0), 720, 0), (alone(1), 720, 1), (alone(2), 720, 2)];
    for film in [Film::simulcast(), Film::svc(), full] {
        let each = [(180, 0), (360, 1), (720, 2)];
        cases.extend(each.map(|(height, rung)| (film.clone(), height, rung)));
    }
    let mut unlucky = Vec::new();
    for (film, height, rung) in cases {
        let coding = (film.coding, height, rung);
        let (world, got, [from, until]) = filmed_over(film, height, &lossy());
        let (missing, came) = missing(&world, &got, until);
        // An empty packet that takes the place of one left out is not resent.
        assert!(missing * 100 <= came, "{coding:?} {missing} of {came}");
        let all = shown(&got);
        let within: Vec<_> = all.iter().filter(|it| (from..until).contains(&it.at)).collect();
        let top = within.iter().map(|shown| shown.layer).max();
        assert_eq!(top, Some(rung), "{coding:?} nothing was given up");
        let frames = within.iter().map(|shown| shown.frame).collect::<HashSet<u32>>().len();
        let freeze = longest_freeze(&all, from, until);
        if frames < 230 || freeze > REPAIRED_WITHIN {
            assert!(freeze <= KEYFRAME_WITHIN, "{coding:?} {freeze:?}");
            unlucky.push((coding, frames, freeze));
        }
        let heard = once(&audio(&got));
        assert!((410..490).contains(&heard), "{heard} of 500 audio packets");
        let lost = world.links[0].down.stats().lost + world.links[1].up.stats().lost;
        assert!(lost > 40, "{lost}");
    }
    assert!(unlucky.len() <= 1, "of twelve: {unlucky:?}");
}

#[test]
fn what_is_asked_for_is_resent_at_once_however_much_it_is() {
    // Requests are not lost, and packets as often as is no accident yet.
    let path = Path { delay: ms(20), loss: 0.1, ..Path::default() };
    for rung in 0..3 {
        let mut world = filmed(one_rung(Film::simulcast(), rung));
        world.link(0).down(path.clone());
        watch(&mut world, 2000);
        let from = world.now;
        watch(&mut world, 8000);
        let until = world.now;
        world.run(2000);
        let got = world.take_got(0);
        let (missing, came) = missing(&world, &got, until);
        assert!(missing <= 1, "{rung}: {missing} of {came}");
        let all = shown(&got);
        let frames = all.iter().filter(|it| (from..until).contains(&it.at)).count();
        assert!(frames >= 230, "{rung}: {frames} of 240");
        let freeze = longest_freeze(&all, from, until);
        assert!(freeze <= REPAIRED_WITHIN, "{rung}: {freeze:?}");
    }
}

#[test]
fn loss_in_bursts_is_mostly_repaired() {
    let path = Path { delay: ms(20), bursts: Some(Bursts::of(0.05, 3.0)), ..Path::default() };
    for rung in 0..3 {
        let (world, got, [_, until]) = filmed_over(one_rung(Film::simulcast(), rung), 720, &path);
        let (missing, came) = missing(&world, &got, until);
        // Requests are lost in bursts as well, and a receiver asks five times.
        assert!(missing * 50 <= came, "{missing} of {came}");
        let late = pictures(&got).windows(2).filter(|pair| pair[1].seq < pair[0].seq).count();
        assert!(late > 10, "{late} came late");
    }
}

#[test]
fn duplicates_and_overtaking_do_no_harm() {
    let path = Path { delay: ms(30), late: 0.05, duplicates: 0.2, ..Path::default() };
    let mut world = filmed(one_rung(Film::simulcast(), 0));
    world.link(0).both(path.clone());
    world.link(1).both(path);
    world.talk(&[(1, LOUD)], 5000);
    world.run(1000);
    let got = world.take_got(0);
    assert_eq!(once(&audio(&got)), 250);
    let mut pictures = pictures(&got);
    once(&pictures);
    pictures.sort_by_key(|got| got.seq);
    assert!(continuous(&pictures) > 120);
    assert_eq!(ended(&world), Vec::<&Event>::new());
    assert!(world.links[1].up.stats().duplicated > 50);
}

#[test]
fn jitter_ends_nothing() {
    for reorder in [false, true] {
        let path = Path { delay: ms(50), jitter: ms(300), reorder, ..Path::default() };
        let mut world = World::with(3);
        for n in 0..3 {
            world.link(n).both(path.clone());
        }
        world.run(1000);
        world.take_events();
        world.talk(&[(0, LOUD)], 20_000);
        world.run(1000);
        assert_eq!(once(&world.take_got(1)), 1000);
        assert_eq!(ended(&world), Vec::<&Event>::new());
        let begun = |event: &&Event| matches!(event, Event::SpeakingStarted { .. });
        let begun = world.events.iter().filter(begun).count();
        assert!(begun <= 3, "speech of one piece began {begun} times");
    }
}

#[test]
fn a_bandwidth_step_down_and_up_is_survived() {
    let mut world = filmed(Film::simulcast());
    world.talk(&[(1, LOUD)], 3000);
    let steps = vec![(ms(5000), 4_000_000)];
    let narrow = Path { delay: ms(20), bandwidth_bps: Some(300_000), steps, ..Path::default() };
    world.link(0).down(narrow);
    world.talk(&[(1, LOUD)], 5000);
    let wide = world.now;
    world.take_got(0);
    // A receiver that sees nothing whole asks for a keyframe.
    for _ in 0..12 {
        let slot = world.clients[0].slots[2];
        let now = world.now;
        world.clients[0].want_keyframe(now, slot);
        world.talk(&[(1, LOUD)], 1000);
    }
    assert_eq!(ended(&world), Vec::<&Event>::new());
    let got = world.take_got(0);
    let heard = audio(&got).iter().filter(|got| got.at >= wide + ms(1500)).count();
    assert_eq!(heard, 525, "all but those of the first second and a half");
    let shown = shown(&pictures(&got));
    let large = |shown: &&Shown| shown.at >= wide + ms(5000) && shown.layer == 2;
    let large = shown.iter().filter(large).count();
    assert!(large >= 200, "{large} of 210 once it has been found out");
    let stats = world.links[0].down.stats();
    assert!(stats.queued_bytes_max <= Path::default().queue_bytes, "{stats:?}");
}

#[test]
fn a_handshake_goes_through_thirty_per_cent_loss() {
    let (mut connected, mut lost) = (0, 0);
    for seed in 0..20 {
        let mut world = World::new();
        world.join(user(0), OPEN, Shape::default());
        world.clients[0].held_back = true;
        world.run(50);
        world.clients[0].held_back = false;
        let path = Path { delay: ms(40), loss: 0.3, ..Path::default() };
        world.link(0).both(path).seed(seed);
        for _ in 0..120 {
            if world.clients[0].connected {
                break;
            }
            world.run(500);
        }
        connected += usize::from(world.clients[0].connected);
        lost += world.links[0].up.stats().lost + world.links[0].down.stats().lost;
    }
    // Both ends give up after some repetitions, and how long their messages are is drawn.
    assert!(connected >= 17, "{connected} of 20 within a minute");
    assert!(lost > 40, "{lost} datagrams");
}

#[test]
fn consent_goes_on_under_heavy_loss() {
    let mut world = World::with(2);
    for n in 0..2 {
        let path = Path { delay: ms(40), loss: 0.3, ..Path::default() };
        world.link(n).both(path);
    }
    // One idles, one speaks.
    world.talk(&[(0, LOUD)], 60_000);
    assert_eq!(ended(&world), Vec::<&Event>::new());
    let heard = world.take_got(1).len();
    assert!((1200..1700).contains(&heard), "{heard} of 3000, some of them lost twice");
}

#[test]
fn a_nat_that_gives_another_address_interrupts_and_ends_nothing() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD), (1, LOUD)], 1000);
    world.take_events();
    let old = world.seen(0);
    world.link(0).rebind("203.0.113.80:50000".parse().unwrap());
    world.talk(&[(0, LOUD), (1, LOUD)], 6000);
    assert_eq!(ended(&world), Vec::<&Event>::new());
    world.take_got(0);
    world.take_got(1);
    world.talk(&[(0, LOUD), (1, LOUD)], 2000);
    assert_eq!(continuous(&world.take_got(1)), 100, "it is heard from its new address");
    assert_eq!(continuous(&world.take_got(0)), 100, "and hears there");
    // Whoever has the old address now is a stranger as soon as that is not checked any more.
    let strangers = world.workers[0].counters().stranger;
    world.talk(&[(0, LOUD), (1, LOUD)], 10_000);
    world.inject(old, &[0x80; 60]);
    assert_eq!(ended(&world), Vec::<&Event>::new());
    assert_eq!(world.workers[0].counters().stranger, strangers);
}

#[test]
fn a_telephone_that_leaves_its_wi_fi_goes_on() {
    let mut world = World::with(2);
    world.talk(&[(0, LOUD), (1, LOUD)], 1000);
    world.take_events();
    let now = world.now;
    world.clients[0].roam(now, "203.0.113.80:50000".parse().unwrap());
    let mobile = Path { delay: ms(60), jitter: ms(20), loss: 0.01, ..Path::default() };
    world.link(0).both(mobile);
    world.talk(&[(0, LOUD), (1, LOUD)], 6000);
    assert_eq!(ended(&world), Vec::<&Event>::new());
    world.take_got(0);
    world.take_got(1);
    world.talk(&[(0, LOUD), (1, LOUD)], 2000);
    assert!(once(&world.take_got(1)) > 90, "it is heard from its new address");
    assert!(once(&world.take_got(0)) > 90, "and hears there");
}
