//! Whatever comes in, from whomever: no offer, datagram or packet in the clear ends more than the
//! session that it came from, and the others lose nothing.
//!
//! Each target runs for a second or so. `PARLOR_FUZZ_SECONDS` makes that longer, and prints how often a
//! session was ended: `PARLOR_FUZZ_SECONDS=300 cargo nextest run -p media --test worker arbitrary`.

mod corpus;

use std::cell::RefCell;
use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use media::Event;

use self::corpus::{CANDIDATES, DATAGRAMS, MEDIA, OFFERS, REPORTS};
use crate::forger::Forger;
use crate::harness::*;

/// Enough to change each byte of each example; the limit on time is for slow machines.
const ROUNDS: usize = 1000;
const AT_MOST: Duration = Duration::from_millis(1500);
/// Changes of one example: few, and none half of the time, so that something of it is left.
const EDITS_MAX: u8 = 6;
/// Datagrams that one datagram may call forth, retransmissions included.
const ANSWERS_MAX: u64 = 1200;

type Edits = Vec<(u16, u8, u8)>;

/// An example with some bytes removed, inserted, changed, or cut off.
fn edited(real: &[u8], edits: &Edits) -> Vec<u8> {
    let mut bytes = real.to_vec();
    let count =
        edits.first().map_or(0, |(.., byte)| (byte % (2 * EDITS_MAX)).saturating_sub(EDITS_MAX));
    for (at, how, byte) in edits.iter().take(count.into()) {
        let at = usize::from(*at) % bytes.len().max(1);
        match how % 8 {
            0 if at < bytes.len() => drop(bytes.remove(at)),
            1 => bytes.truncate(at),
            2..4 => bytes.insert(at.min(bytes.len()), *byte),
            _ if at < bytes.len() => bytes[at] = *byte,
            _ => bytes.push(*byte),
        }
    }
    bytes
}

/// How long and how often: briefly, unless the environment says otherwise.
macro_rules! check {
    ($input:ty, $each:expr) => {
        let seconds = std::env::var("PARLOR_FUZZ_SECONDS").ok().map(|n| n.parse().unwrap());
        let time = seconds.map_or(AT_MOST, Duration::from_secs);
        let rounds = if seconds.is_some() { usize::MAX } else { ROUNDS };
        let target = bolero::check!().with_type::<$input>();
        target.with_iterations(rounds).with_test_time(time).for_each($each);
    };
}

/// Three people in a room. The first one is hostile; the second speaks, the third listens.
struct Scene {
    world: World,
    forger: Forger,
    /// The newest number of each of its streams.
    sent: HashMap<u32, u64>,
    rounds: usize,
    ended: usize,
    /// Sessions that died of a fault, for a look at what did it.
    said: bool,
}

impl Scene {
    fn new() -> Self {
        let mut world = World::new();
        let shape = Shape { video_slots: 2, camera: true, ..Shape::default() };
        for n in 0..3 {
            world.join(user(n), media::Gate { captions: true, ..OPEN }, shape);
        }
        let forger = Self::warm(&mut world);
        let said = std::env::var("PARLOR_FUZZ_SECONDS").is_ok();
        Self { world, forger, sent: HashMap::new(), rounds: 0, ended: 0, said }
    }

    /// The first one speaks and films for long enough to have sent what its keys are read from.
    fn warm(world: &mut World) -> Forger {
        world.run(500);
        assert!(world.clients[0].connected);
        for _ in 0..300 {
            let now = world.now;
            world.clients[0].say(now, QUIET, &[0; 60]);
            world.film(&[(0, None, 300), (1, None, 300)], 20);
        }
        world.take_events();
        (0..3).for_each(|n| drop(world.take_got(n)));
        world.take_voices();
        world.clients[0].forger()
    }

    /// One datagram as the hostile one, and a word of the second, which the third has to hear.
    fn send(&mut self, bytes: &[u8], what: &dyn std::fmt::Debug) {
        self.rounds += 1;
        let source = self.world.seen(0);
        let before = self.world.workers[0].counters().sent;
        self.world.inject(source, bytes);
        self.world.inject("203.0.113.66:666".parse().unwrap(), bytes);
        let sent = self.world.workers[0].counters().sent - before;
        assert!(sent < ANSWERS_MAX, "{sent} datagrams for {what:02x?}");
        self.others_go_on(what);
    }

    fn others_go_on(&mut self, what: &dyn std::fmt::Debug) {
        let word = (self.rounds as u32).to_be_bytes();
        let now = self.world.now;
        self.world.clients[1].say(now, LOUD, &[&word[..], b"a word"].concat());
        self.world.run(20);
        let got = self.world.take_got(2);
        let heard = got.iter().filter(|got| got.payload.get(..4) == Some(&word)).count();
        assert_eq!(heard, 1, "after {what:02x?}");
        (0..2).for_each(|n| drop(self.world.take_got(n)));
        self.world.take_voices();
        let mut hurt = false;
        for event in self.world.take_events() {
            if let Event::Failed { session: s } | Event::Lost { session: s, .. } = event {
                assert_eq!(s, session(0), "ended by {what:02x?}");
                hurt = true;
            }
        }
        if hurt {
            self.come_back(what);
        }
    }

    /// The hostile one was ended, alone, and comes back with a new connection.
    fn come_back(&mut self, what: &dyn std::fmt::Debug) {
        self.ended += 1;
        if self.said {
            eprintln!("ended by {what:02x?}");
        }
        let shape = Shape { video_slots: 2, camera: true, ..Shape::default() };
        let address = self.world.seen(0);
        self.world.rejoin(0, address, shape);
        self.forger = Self::warm(&mut self.world);
        self.sent.clear();
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        if self.said {
            let counters = self.world.workers[0].counters();
            eprintln!("{} rounds, {} times ended; {counters:?}", self.rounds, self.ended);
        }
    }
}

#[test]
fn every_datagram_is_taken() {
    let scene = AssertUnwindSafe(RefCell::new(Scene::new()));
    check!((u8, Edits, Vec<u8>), |(which, edits, more): &(u8, Edits, Vec<u8>)| {
        let scene: &AssertUnwindSafe<RefCell<Scene>> = &scene;
        let real = DATAGRAMS[usize::from(*which) % DATAGRAMS.len()];
        let bytes = [edited(real, edits), more.clone()].concat();
        scene.borrow_mut().send(&bytes, &bytes);
    });
}

/// Reports in one packet, each changed, and whether their streams are its own.
type Said = Vec<(u8, Edits, bool)>;

#[test]
fn every_report_is_taken() {
    let scene = AssertUnwindSafe(RefCell::new(Scene::new()));
    check!((Said, Vec<u8>), |(said, more): &(Said, Vec<u8>)| {
        let scene: &AssertUnwindSafe<RefCell<Scene>> = &scene;
        let mut scene = scene.borrow_mut();
        let streams = streams(&mut scene);
        let mut plain = Vec::new();
        for (at, (which, edits, real)) in said.iter().take(20).enumerate() {
            let mut report = REPORTS[usize::from(*which) % REPORTS.len()].to_vec();
            if *real {
                put_streams(&mut report, streams[at % streams.len()]);
            }
            plain.extend(edited(&report, edits));
        }
        plain.extend(more.iter().take(200));
        plain.resize(plain.len().clamp(8, 1400), 0);
        let sealed = scene.forger.rtcp(&plain);
        scene.send(&sealed, &plain);
    });
}

/// The stream it sends, and those that it receives.
fn streams(scene: &mut Scene) -> Vec<u32> {
    let own = scene.forger.ssrc;
    let client = &mut scene.world.clients[0];
    let slots = client.slots.clone();
    let mut api = client.rtc.direct_api();
    let of = |mid| Some(*api.stream_rx_by_mid(mid, None)?.ssrc());
    [own].into_iter().chain(slots.into_iter().filter_map(of)).collect()
}

/// The examples are about the streams aaaaaaaa and bbbbbbbb.
fn put_streams(report: &mut [u8], ssrc: u32) {
    let places: Vec<_> = (0..report.len().saturating_sub(3))
        .filter(|at| {
            matches!(report[*at..*at + 4], [0xaa, 0xaa, 0xaa, 0xaa] | [0xbb, 0xbb, 0xbb, 0xbb])
        })
        .collect();
    for at in places {
        report[at..at + 4].copy_from_slice(&ssrc.to_be_bytes());
    }
}

#[test]
fn every_media_packet_is_taken() {
    let scene = AssertUnwindSafe(RefCell::new(Scene::new()));
    type Packet = (u8, u8, u16, Edits, Edits, Vec<u8>);
    check!(Packet, |(which, pt, seq, head, body, more): &Packet| {
        let scene: &AssertUnwindSafe<RefCell<Scene>> = &scene;
        let mut scene = scene.borrow_mut();
        let (header, payload) = MEDIA[usize::from(*which) % MEDIA.len()];
        let mut header = header.to_vec();
        let streams = own_streams(&mut scene);
        let stream = usize::from(*which >> 4) % streams.len();
        let ssrc = streams[stream];
        header[1] = (header[1] & 0x80) | own_payload_type(&scene, stream == 1, *pt);
        // Mostly the next one; a jump may be a long one.
        let sent = scene.sent.entry(ssrc).or_insert(20_000);
        *sent += if seq % 32 == 0 { u64::from(*seq) / 32 } else { u64::from(seq % 3) };
        let sent = *sent;
        header[2..4].copy_from_slice(&(sent as u16).to_be_bytes());
        header[8..12].copy_from_slice(&ssrc.to_be_bytes());
        let mut header = edited(&header, head);
        header.resize(header.len().max(12), 0);
        // One changed number would make all that follow too old to be looked at.
        header[2..4].copy_from_slice(&(sent as u16).to_be_bytes());
        let payload = [edited(payload, body), more.clone()].concat();
        let room = 1450_usize.saturating_sub(header.len());
        let sealed =
            scene.forger.rtp(&header, (sent >> 16) as u32, &payload[..payload.len().min(room)]);
        let before = scene.world.workers[0].counters().replayed;
        scene.send(&sealed, &(header, payload));
        if scene.world.workers[0].counters().replayed > before && seq % 3 > 0 {
            // A retransmission of its own has moved what counts as old.
            *scene.sent.entry(ssrc).or_default() += 1000;
        }
    });
}

/// Its microphone, its camera, and the camera's retransmissions.
fn own_streams(scene: &mut Scene) -> [u32; 3] {
    let client = &mut scene.world.clients[0];
    let (mic, camera) = (client.mic, client.camera.unwrap());
    let mut api = client.rtc.direct_api();
    let mic = *api.stream_tx_by_mid(mic, None).unwrap().ssrc();
    let camera = api.stream_tx_by_mid(camera, None).unwrap();
    [mic, *camera.ssrc(), camera.rtx().map_or(7, |rtx| *rtx)]
}

/// Mostly what the stream is made of: its microphone's, or for its pictures one codec after the other.
fn own_payload_type(scene: &Scene, camera: bool, which: u8) -> u8 {
    let client = &scene.world.clients[0];
    let params = client.rtc.codec_config().params();
    let pictures = params.iter().filter(|params| params.spec().codec.is_video());
    let pictures: Vec<_> = pictures.collect();
    let picture = pictures[scene.rounds / 300 % pictures.len()];
    match which % 32 {
        0 => which / 2,
        1 => picture.resend().map_or(0, |pt| *pt),
        _ if camera => *picture.pt(),
        _ => *client.rtc.media(client.mic).unwrap().remote_pts()[0],
    }
}

/// How lines of an offer are changed: what is done, to which, with which other.
type Changes = Vec<(u8, u16, u16, Edits)>;

#[test]
fn offers_of_real_clients_are_answered() {
    let mut world = World::with(1);
    for offer in OFFERS {
        world.offer(0, &changed(offer, &Vec::new()), &[]).unwrap();
    }
}

#[test]
fn every_offer_is_answered_or_refused() {
    let scene = AssertUnwindSafe(RefCell::new(Scene::new()));
    let offered = std::cell::Cell::new((0_u32, 0_u32));
    let offered = AssertUnwindSafe(&offered);
    check!((u8, Changes), |(which, changes): &(u8, Changes)| {
        let (scene, offered): (&AssertUnwindSafe<RefCell<Scene>>, &AssertUnwindSafe<_>) =
            (&scene, &offered);
        let mut scene = scene.borrow_mut();
        let offer = changed(OFFERS[usize::from(*which) % OFFERS.len()], changes);
        scene.rounds += 1;
        let (taken, all) = offered.get();
        // A renegotiation now and then, else the first offer of a new connection.
        let answer = scene.world.offer(0, &offer, &[]);
        offered.set((taken + u32::from(answer.is_ok()), all + 1));
        let sound = &"an offer";
        let word = (scene.rounds as u32).to_be_bytes();
        let now = scene.world.now;
        scene.world.clients[1].say(now, LOUD, &[&word[..], b"a word"].concat());
        scene.world.run(20);
        let heard = |got: &Got| got.payload.get(..4) == Some(&word);
        assert_eq!(scene.world.take_got(2).iter().filter(|got| heard(got)).count(), 1, "{sound}");
        scene.world.take_events();
        scene.world.take_got(1);
    });
    let (taken, all) = offered.get();
    assert!(taken * 20 > all, "{taken} of {all} were good: the changes are too wild to be of use");
}

fn changed(offer: &str, changes: &Changes) -> String {
    let mut lines: Vec<Vec<u8>> = offer.lines().map(|line| line.as_bytes().to_vec()).collect();
    for (how, at, other, edits) in changes.iter().take(3) {
        let (at, other) = (usize::from(*at) % lines.len(), usize::from(*other) % lines.len());
        match how % 8 {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, lines[other].clone()),
            2 => lines.swap(at, other),
            3 => lines[at] = (0..usize::from(*how)).map(|_| b'9').collect(),
            4 => {
                let section = lines[at..].iter().take(20).cloned().collect::<Vec<_>>();
                lines.extend(section);
            }
            _ => lines[at] = edited(&lines[at], &edits.iter().take(2).copied().collect()),
        }
        if lines.is_empty() {
            return String::new();
        }
    }
    lines.iter().map(|line| String::from_utf8_lossy(line).into_owned() + "\r\n").collect()
}

#[test]
fn every_candidate_is_taken_or_refused() {
    let world = AssertUnwindSafe(World::with(1));
    check!((u8, Edits), |(which, edits): &(u8, Edits)| {
        let world: &AssertUnwindSafe<World> = &world;
        let real = CANDIDATES[usize::from(*which) % CANDIDATES.len()];
        let bytes = edited(real.as_bytes(), edits);
        let text = String::from_utf8_lossy(&bytes);
        let _ = world.workers[0].candidate(session(0), Some(&text));
    });
}

/// Fuzzing is of use only if what it begins with is taken.
#[test]
fn unchanged_examples_are_taken() {
    let mut scene = Scene::new();
    let streams = own_streams(&mut scene);
    for (which, (header, payload)) in MEDIA.iter().enumerate().take(8) {
        let stream = usize::from(which > 4);
        let mut header = header.to_vec();
        header[1] = (header[1] & 0x80) | own_payload_type(&scene, stream == 1, 2);
        header[8..12].copy_from_slice(&streams[stream].to_be_bytes());
        for n in 0..10_u16 {
            header[2..4].copy_from_slice(&(20_000 + n + 100 * which as u16).to_be_bytes());
            let sealed = scene.forger.rtp(&header, 0, payload);
            let source = scene.world.seen(0);
            scene.world.inject(source, &sealed);
            scene.world.run(20);
        }
        assert_eq!(scene.world.take_got(2).len(), 10, "{header:02x?}");
    }
    for report in REPORTS {
        let plain = [&[0x80, 201, 0, 1, 0, 0, 0, 7][..], report].concat();
        let sealed = scene.forger.rtcp(&plain);
        scene.send(&sealed, &report);
    }
    let counters = scene.world.workers[0].counters();
    assert_eq!((counters.undecryptable, counters.failed), (0, 0), "{counters:?}");
}
