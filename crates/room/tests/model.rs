//! Any commands in any order: the room and its naive twin answer alike, step by step.

#[path = "harness/script.rs"]
mod harness;
#[path = "model/naive.rs"]
mod naive;
#[path = "model/rare.rs"]
mod rare;
#[path = "model/steps.rs"]
mod steps;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use harness::{Order, join, session, start};
use model::{Now, SessionId, TrackSource, Via};
use naive::Naive;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rare::Rare;
use room::{Actor, Caller, Command, EndReason, Event, Join, Link, Room};
use steps::{Ask, CLIENTS, Given, PEOPLE, Step, Verb, given, steps};

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_room_does_what_the_naive_room_does(given in given(), steps in steps()) {
        let mut twins = Twins::new(given);
        for step in steps {
            twins.take(step);
            twins.compare();
        }
    }
}

/// The same commands every time: what is rare is among them, or the twins would agree for want of it.
#[test]
fn the_steps_reach_what_is_rare() {
    let mut runner = TestRunner::deterministic();
    let mut reached = BTreeSet::new();
    for _ in 0..CASES {
        let case = (given(), steps()).new_tree(&mut runner).expect("nothing is filtered out");
        let (given, steps) = case.current();
        let mut twins = Twins::new(given);
        steps.into_iter().for_each(|step| twins.take(step));
        reached.extend(twins.rare.reached);
    }
    let ends = ["banned", "kicked", "left", "replaced", "timeout"];
    let ends = ends.map(|word| format!("{word} while speaking"));
    let with_floor = ["banned", "kicked", "left", "timeout", "closed"];
    let with_floor = with_floor.map(|word| format!("{word} with the floor"));
    let late = ["left", "timeout"].map(|word| format!("{word} after the floor"));
    let others = ["closed over several", "closed while speaking", "the oldest replaced"];
    let floor =
        ["the floor expired", "an expired floor taken", "the floor kept", "a floor refused"];
    let requests = ["heard while linked", "heard without a link", "a password refused"];
    let others = others.into_iter().chain(floor).chain(requests).map(str::to_owned);
    let want: BTreeSet<_> = ends.into_iter().chain(with_floor).chain(late).chain(others).collect();
    assert_eq!(reached, want);
}

/// A second of them; PROPTEST_CASES asks for more.
const CASES: u32 = 1000;

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(CASES), failure_persistence: None, ..default }
}

/// The room, its naive twin, and what both have been told.
struct Twins {
    room: Room,
    naive: Naive,
    order: Order,
    now: Now,
    /// Sessions get rising numbers, as ids do.
    sessions: u64,
    callers: Vec<Caller>,
    /// Which of the rare things have come up.
    rare: Rare,
}

impl Twins {
    fn new(given: Given) -> Self {
        let Given { settings, muted, deafened } = given;
        let naive = Naive::new(settings.clone(), muted, deafened);
        let marks = PEOPLE.iter().map(|who| (who.id(), naive.marks(who.id())));
        let room = Room::new(settings, marks);
        let callers = PEOPLE.iter().map(|who| who.caller()).collect();
        let (order, rare) = (Order::default(), Rare::default());
        Self { room, naive, order, now: start(), sessions: 0, callers, rare }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait { millis, awake } => self.wait(Duration::from_millis(millis), awake),
            Step::Devices { by, from, count } => self.devices(by, from, count),
            Step::Ask(ask) => {
                let (by, command) = self.pick(&ask);
                self.ask(&by, &command);
            }
        }
    }

    fn devices(&mut self, by: usize, from: usize, count: usize) {
        for nth in from..from + count {
            let client = CLIENTS[nth / 2 % CLIENTS.len()];
            let via = if nth % 2 == 0 { Via::Vox } else { Via::VoiceService };
            let join = Join { via, client: client.map(str::to_owned), ..self.join() };
            self.ask(&Actor::Caller(self.callers[by].clone()), &Command::Join(join));
            self.compare();
        }
    }

    /// Goes from deadline to deadline, or past them in one leap without looking.
    fn wait(&mut self, by: Duration, awake: bool) {
        let until = self.now.plus(by);
        if !awake {
            self.now = until;
            return;
        }
        while let Some(at) = self.room.next_deadline().filter(|at| *at <= until.mono) {
            let wait = at.saturating_duration_since(self.now.mono);
            self.now = self.now.plus(wait);
            self.wake();
            self.compare();
        }
        self.now = until;
    }

    /// Something is due at a deadline, all of it for want of life, and then nothing more.
    fn wake(&mut self) {
        let events = self.room.due(self.now);
        assert!(!events.is_empty(), "a deadline without anything due");
        check_reasons(&events, EndReason::Timeout);
        for event in &events {
            let ends = matches!(event, Event::SessionEnded { .. } | Event::MemberLeft { .. });
            let silent = matches!(event, Event::Speaking { speaking: false, .. });
            let free = matches!(event, Event::FloorReleased { .. });
            assert!(ends || silent || free, "brought about by time: {event:?}");
        }
        self.rare.note(&self.room, &events);
        self.apply(&events);
        self.naive.expire(self.now.mono);
        let next = self.room.next_deadline();
        assert!(next.is_none_or(|at| at > self.now.mono), "a deadline in the past");
        assert_eq!(self.room.due(self.now), []);
    }

    fn ask(&mut self, by: &Actor, command: &Command) {
        let said = format!("{command:?} by {by:?}");
        let (room_before, naive_before) = (format!("{:?}", self.room), self.naive.clone());
        let decided = self.room.decide(by, command.clone(), self.now);
        assert_eq!(format!("{:?}", self.room), room_before, "decided, not done: {said}");
        let done = self.naive.run(by, command, self.now);
        assert_eq!(decided.as_ref().map(drop), done.as_ref().map(drop), "{said}");
        let changed = self.naive != naive_before;
        match decided {
            Ok(events) => {
                assert_eq!(!events.is_empty(), changed, "{said} gives {events:?}");
                check_reasons(&events, reason_of(by, command));
                self.rare.note(&self.room, &events);
                self.apply(&events);
            }
            Err(refusal) => {
                assert!(!changed, "{refusal:?} for {said}");
                self.rare.note_refusal(refusal);
            }
        }
    }

    fn apply(&mut self, events: &[Event]) {
        for event in events {
            self.room.apply(event);
        }
        self.order.follow(events);
        self.order.check(&self.room);
    }

    /// Fills in the people and sessions of this moment.
    fn pick(&mut self, ask: &Ask) -> (Actor, Command) {
        let live = |nth: usize| self.naive.rows.get(nth % self.naive.rows.len().max(1));
        let row = ask.session.and_then(live);
        let session = row.map_or(session(self.sessions + 1), |row| row.id);
        let own = row.map(|row| row.person.id).filter(|_| ask.rightful);
        let own = own.and_then(|id| self.callers.iter().find(|c| c.person.id == id)).cloned();
        let asker = self.callers.get(ask.by).cloned();
        let (user, reason) = (PEOPLE[ask.whom].id(), EndReason::Banned);
        let (on, also) = ask.flags;
        let holder = self.naive.lock.holder.filter(|_| ask.rightful);
        let holder = holder.and_then(|id| self.callers.iter().find(|c| c.person.id == id)).cloned();
        let for_the_server = asker.clone().filter(|_| !ask.rightful);
        let (by, command) = match ask.verb {
            Verb::Leave => (own.or(asker), Command::Leave { session }),
            Verb::SetSelf => {
                let (mute, deaf) = (ask.door.then_some(on), Some(also));
                (own.or(asker), Command::SetSelf { session, mute, deaf })
            }
            Verb::LeaveAll => (own.or(asker), Command::LeaveAll),
            Verb::TakeFloor => (own.or(asker), Command::TakeFloor),
            Verb::KeepFloor => (holder.or(asker), Command::KeepFloor),
            Verb::ReleaseFloor => (holder.or(asker), Command::ReleaseFloor),
            Verb::SwitchCaptions => (asker, Command::SwitchCaptions { on }),
            Verb::RequestHeard => (for_the_server, Command::RequestHeard { user }),
            Verb::Join => (asker, Command::Join(self.pick_join(ask))),
            Verb::ServerMute => (asker, Command::ServerMute { user, muted: on }),
            Verb::ServerDeafen => (asker, Command::ServerDeafen { user, deafened: on }),
            Verb::Kick => (asker, Command::Kick { user }),
            Verb::EndSession => (for_the_server, Command::EndSession { session, reason }),
            Verb::EndMember => (for_the_server, Command::EndMember { user, reason }),
            Verb::Close => (for_the_server, Command::Close { reason }),
            Verb::Reauthorize => (for_the_server, self.pick_reauthorize(ask)),
            Verb::LinkUp | Verb::LinkDown | Verb::Speaking | Verb::Source => {
                (for_the_server, self.pick_report(ask, session))
            }
        };
        (by.map_or(Actor::Server, Actor::Caller), command)
    }

    /// The plain way in with the next session, by somebody who knows the password.
    fn join(&mut self) -> Join {
        self.sessions += 1;
        Join { unlocked: true, ..join(self.sessions) }
    }

    fn pick_join(&mut self, ask: &Ask) -> Join {
        let via = match (ask.stt, ask.door) {
            (true, _) => Via::SttRoom,
            (false, true) => Via::Vox,
            (false, false) => Via::VoiceService,
        };
        let ((mute, deaf), unlocked) = (ask.flags, ask.unlocked);
        let client = ask.client.map(str::to_owned);
        Join { via, client, mute, deaf, unlocked, ..self.join() }
    }

    /// The account changes too: what the caller brings from now on, even if the room does not take it.
    fn pick_reauthorize(&mut self, ask: &Ask) -> Command {
        let caller = &mut self.callers[ask.whom];
        caller.roles = if ask.door { harness::RON.caller().roles } else { Vec::new() };
        caller.base = ask.base;
        let Caller { person, roles, base } = caller.clone();
        Command::Reauthorize { user: person.id, roles, base }
    }

    fn pick_report(&self, ask: &Ask, session: SessionId) -> Command {
        let on = ask.flags.0;
        let link = if ask.door { Link::Socket } else { Link::Media };
        let last_seen: Instant = self.now.mono - Duration::from_millis(ask.ago_millis);
        let source = match ask.client {
            None => TrackSource::Microphone,
            Some("phone") => TrackSource::Camera,
            Some(_) => TrackSource::Screen,
        };
        match ask.verb {
            Verb::LinkUp => Command::LinkUp { session, link },
            Verb::LinkDown => Command::LinkDown { session, link, last_seen },
            Verb::Speaking => Command::Speaking { session, speaking: on },
            _ => Command::Source { session, source, flowing: on },
        }
    }

    /// Everything that can be read is the same.
    fn compare(&self) {
        assert_eq!(self.room.view().members, self.naive.view());
        assert_eq!(self.room.is_closed(), self.naive.closed);
        let ends = self.naive.rows.iter().filter_map(|row| row.ends_at());
        assert_eq!(self.room.next_deadline(), ends.chain(self.naive.lock.ends_at()).min());
        assert_eq!(self.room.floor(), self.naive.lock.shown());
        assert_eq!(*self.room.settings(), self.naive.settings);
        for who in PEOPLE {
            assert_eq!(self.room.marks(who.id()), self.naive.marks(who.id()), "{}", who.name);
        }
        for number in 1..=self.sessions + 1 {
            let id = session(number);
            assert_eq!(self.room.gate(id), self.naive.gate(id), "session {number}");
            assert_eq!(self.room.has_session(id), self.naive.has_session(id), "session {number}");
        }
    }
}

/// Why sessions end by a command, if it ends any.
fn reason_of(by: &Actor, command: &Command) -> EndReason {
    match command {
        Command::Join(_) => EndReason::Replaced,
        Command::Kick { .. } => EndReason::Kicked { by: by.user() },
        Command::EndSession { reason, .. }
        | Command::EndMember { reason, .. }
        | Command::Close { reason } => *reason,
        _ => EndReason::Left,
    }
}

fn check_reasons(events: &[Event], want: EndReason) {
    for event in events {
        let (Event::SessionEnded { reason, .. }
        | Event::MemberLeft { reason, .. }
        | Event::Closed { reason }) = event
        else {
            continue;
        };
        assert_eq!(*reason, want, "{event:?}");
    }
}
