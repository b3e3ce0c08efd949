//! Whatever happens, three workers deliver the same packets to the same people as one.

use media::{Bound, Event, Gate, ViewRequest};
use model::SessionId;
use proptest::prelude::*;

use crate::harness::*;

/// Sessions at most: each has its own three milliseconds of a frame of 20, so that no two act at once.
const PEOPLE_MAX: usize = 6;

#[derive(Clone, Debug)]
enum Act {
    /// Somebody comes: on this worker, into this room, as this user, with this shape.
    Join(usize, i64, usize, usize),
    Carry(usize, i64, Gate),
    Gate(usize, Gate),
    /// A session wants to see a user, or nobody, or whatever there is.
    View(usize, Option<usize>, bool),
    Close(usize),
    /// So many frames go by while these talk, these are merely there, and these are filmed.
    Frames(usize, u8, u8, u8),
}

fn shape(which: usize) -> Shape {
    Shape {
        audio_slots: 1 + which % 2,
        video_slots: 1 + which / 2 % 2,
        camera: !which.is_multiple_of(3),
        simulcast: which % 5 == 1,
        ..Shape::default()
    }
}

fn gates() -> impl Strategy<Value = Gate> {
    let mostly = || prop::bool::weighted(0.8);
    (mostly(), mostly(), mostly()).prop_map(|(speak, camera, receive)| Gate {
        speak,
        camera,
        receive,
        ..OPEN
    })
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let (who, room) = (0..PEOPLE_MAX, 1..3_i64);
    let join = (0..3_usize, room.clone(), 0..6_usize, 0..12_usize);
    let join = join.prop_map(|(worker, room, user, shape)| Act::Join(worker, room, user, shape));
    let frames = (1..70_usize, any::<u8>(), any::<u8>(), any::<u8>());
    let act = prop_oneof![
        4 => join.clone(),
        3 => (who.clone(), room, gates()).prop_map(|(n, room, gate)| Act::Carry(n, room, gate)),
        2 => (who.clone(), gates()).prop_map(|(n, gate)| Act::Gate(n, gate)),
        1 => (who.clone(), prop::option::of(0..6_usize), any::<bool>())
            .prop_map(|(n, user, seen)| Act::View(n, user, seen)),
        1 => who.prop_map(Act::Close),
        9 => frames.prop_map(|(n, loud, quiet, film)| Act::Frames(n, loud, quiet, film)),
    ];
    (prop::collection::vec(join, 4), prop::collection::vec(act, 5..25))
        .prop_map(|(first, then)| [first, then].concat())
}

/// A packet in short: slot, sequence number, who sent it in which frame, whether it begins a keyframe,
/// length.
type Got = (Option<usize>, u64, (u8, u32), bool, usize);

/// What a run leaves behind, to be compared.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// What each received in which of its slots, in order.
    got: Vec<Vec<Got>>,
    /// What was reported of each session, in order.
    events: Vec<Vec<Event>>,
    /// Who is in whose slots at last.
    slots: Vec<Vec<Option<Bound>>>,
}

struct Play {
    world: World,
    closed: [bool; PEOPLE_MAX],
    frame: u32,
}

impl Play {
    fn new(workers: usize) -> Self {
        // Each worker mixes for its own sessions: the same voices, in other bytes.
        let mut world = World::finely(workers);
        world.mixes_lost = true;
        Self { world, closed: [false; PEOPLE_MAX], frame: 0 }
    }

    fn is_there(&self, n: usize) -> bool {
        n < self.world.clients.len() && !self.closed[n]
    }

    fn act(&mut self, act: &Act) {
        let world = &mut self.world;
        let workers = world.workers.len();
        match *act {
            Act::Join(worker, to, who, which) if world.clients.len() < PEOPLE_MAX => {
                world.join_at(worker % workers, room(to), user(who), OPEN, shape(which));
                world.run(300);
                assert!(world.clients.last().unwrap().connected);
            }
            Act::Carry(n, to, gate) if self.is_there(n) => self.world.carry(n, room(to), gate),
            Act::Gate(n, gate) if self.is_there(n) => self.world.gate(n, gate),
            Act::View(n, who, seen) if self.is_there(n) => self.view(n, who, seen),
            Act::Close(n) if self.is_there(n) => {
                self.world.close(n);
                self.closed[n] = true;
            }
            Act::Frames(count, loud, quiet, film) => {
                (0..count).for_each(|_| self.frame(loud, quiet, film));
            }
            Act::Join(..) | Act::Carry(..) | Act::Gate(..) | Act::View(..) | Act::Close(_) => {}
        }
        // What happens now does not happen again when its time is over together with another's.
        self.world.run(20);
    }

    fn view(&mut self, n: usize, who: Option<usize>, seen: bool) {
        let slot = self.world.slots(n).into_iter().rfind(|s| s.kind == model::MediaKind::Video);
        let Some(mid) = slot.map(|slot| slot.mid) else { return };
        let width = if seen { 640 } else { 0 };
        let user = who.filter(|_| seen).map(user);
        let want = ViewRequest { mid, user, session: None, source: None, width, height: width };
        self.world.view(n, &[want]);
    }

    /// 20 milliseconds in which everybody sends at a time of their own.
    fn frame(&mut self, loud: u8, quiet: u8, film: u8) {
        self.frame += 1;
        let number = self.frame.to_be_bytes();
        for ms in 0..20 {
            self.world.run(1);
            let (n, now) = (ms / 3, self.world.now);
            let Some(client) = self.world.clients.get_mut(n) else { continue };
            let has = |set: u8| set >> n & 1 == 1;
            let contents = [&[n as u8][..], &number, &[9; 20]].concat();
            let high = client.layers && self.frame / 128 % 2 == 1;
            match ms % 3 {
                0 if has(loud) => client.say(now, LOUD, &contents),
                0 if has(quiet) => client.say(now, QUIET, &contents),
                1 if has(film) => client.roll(now, client.layers.then(|| "l".into()), &contents),
                2 if has(film) && high => {
                    client.roll(now, Some("h".into()), &[&contents[..], &[5; 300]].concat());
                }
                _ => {}
            }
        }
    }

    fn outcome(mut self) -> Outcome {
        self.world.run(200);
        let world = &mut self.world;
        let all = 0..world.clients.len();
        let of = |n: usize| {
            let about = |event: &&Event| about(event) == Some(session(n));
            world.events.iter().filter(about).cloned().collect()
        };
        let events = all.clone().map(of).collect();
        let bound = |n| world.slots(n).into_iter().map(|slot| slot.bound).collect();
        let slots = all.clone().map(bound).collect();
        let got = |n: usize| {
            let got = world.take_got(n).into_iter();
            // What a section is called is drawn anew for each client.
            let slots = &world.clients[n].slots;
            let slot = |mid: &str| slots.iter().position(|slot| **slot == *mid);
            let short = |got: crate::harness::Got| {
                let (payload, picture) = (&got.payload, got.level.is_none());
                let said = &payload[if picture { 2 } else { 0 }..];
                let sent = (said[0], u32::from_be_bytes(said[1..5].try_into().unwrap()));
                (slot(&got.mid), got.seq, sent, picture && payload[0] == 0x18, payload.len())
            };
            got.map(short).collect()
        };
        Outcome { got: all.map(got).collect(), events, slots }
    }
}

/// Whose an event is. Slots may be told more than once on the way to what they are in the end.
fn about(event: &Event) -> Option<SessionId> {
    match event {
        Event::Slots { .. } | Event::Lost { .. } => None,
        Event::Connected { session }
        | Event::Failed { session }
        | Event::SpeakingStarted { session }
        | Event::SpeakingStopped { session }
        | Event::Level { session, .. }
        | Event::SourceStarted { session, .. }
        | Event::SourceStopped { session, .. } => Some(*session),
    }
}

proptest! {
    // A case takes as long as a whole test elsewhere; what fails is shrunk only a little.
    #![proptest_config(ProptestConfig {
        cases: 12,
        max_shrink_iters: 100,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn three_workers_deliver_what_one_does(acts in acts()) {
        let (mut one, mut three) = (Play::new(1), Play::new(std::env::var("N").map_or(3, |n| n.parse().unwrap())));
        for act in &acts {
            one.act(act);
            three.act(act);
        }
        let (one, three) = (one.outcome(), three.outcome());
        for n in 0..one.got.len() {
            prop_assert_eq!(&one.events[n], &three.events[n], "events of {}", n);
            let (got, wanted) = (&three.got[n], &one.got[n]);
            let differ = got.iter().zip(wanted).position(|(a, b)| a != b);
            let at = differ.unwrap_or(got.len().min(wanted.len()));
            let next = |got: &[Got]| got.iter().skip(at).take(3).cloned().collect::<Vec<_>>();
            prop_assert_eq!(next(wanted), next(got), "packets of {} from {}", n, at);
            prop_assert_eq!(&one.slots[n], &three.slots[n], "slots of {}", n);
        }
    }
}
