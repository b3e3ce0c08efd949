//! Any commands in any order in two rooms, and people moved between them: each room and its naive twin
//! answer alike, step by step.

#[path = "harness/script.rs"]
mod harness;
#[path = "model/naive.rs"]
mod naive;
#[path = "model/pick.rs"]
mod pick;
#[path = "model/rare.rs"]
mod rare;
#[path = "model/steps.rs"]
mod steps;
#[path = "model/twins.rs"]
mod twins;

use std::collections::BTreeSet;
use std::time::Duration;

use harness::{join, session, start};
use model::{Now, Via};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rare::Rare;
use room::{Actor, Arrival, Caller, Command, Join};
use steps::{CLIENTS, Given, PEOPLE, Step, given, steps};
use twins::Twins;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn the_rooms_do_what_the_naive_rooms_do(given in given(), steps in steps()) {
        let mut world = World::new(given);
        for step in steps {
            world.take(step);
            world.compare();
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
        let mut world = World::new(given);
        steps.into_iter().for_each(|step| world.take(step));
        reached.extend(world.rare.reached);
    }
    let want: BTreeSet<_> = rare::wanted().collect();
    let missing: Vec<_> = want.difference(&reached).collect();
    let unheard_of: Vec<_> = reached.difference(&want).collect();
    assert!(missing.is_empty() && unheard_of.is_empty(), "{missing:?} {unheard_of:?}");
}

/// Some seconds of them; PROPTEST_CASES asks for more.
const CASES: u32 = 2000;

fn config() -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig { cases: default.cases.max(CASES), failure_persistence: None, ..default }
}

/// Two rooms, each with its naive twin, and the people who go in and out.
struct World {
    rooms: [Twins; 2],
    now: Now,
    /// Sessions get rising numbers, as ids do.
    sessions: u64,
    callers: Vec<Caller>,
    /// Which of the rare things have come up.
    rare: Rare,
}

impl World {
    fn new(given: [Given; 2]) -> Self {
        let callers = PEOPLE.iter().map(|who| who.caller()).collect();
        let rooms = given.map(Twins::new);
        Self { rooms, now: start(), sessions: 0, callers, rare: Rare::default() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Wait { millis, awake } => self.wait(Duration::from_millis(millis), awake),
            Step::Devices { room, by, from, count } => self.devices(room, by, from, count),
            Step::Move { from, by, whom } => self.carry(from, by, whom),
            Step::Ask(ask) => {
                let (by, command) = self.pick(&ask);
                self.rooms[ask.room].ask(&by, &command, self.now, &mut self.rare);
            }
        }
    }

    fn devices(&mut self, room: usize, by: usize, from: usize, count: usize) {
        for nth in from..from + count {
            let client = CLIENTS[nth / 2 % CLIENTS.len()];
            let via = if nth % 2 == 0 { Via::Vox } else { Via::VoiceService };
            let join = Join { via, client: client.map(str::to_owned), ..self.join() };
            let by = Actor::Caller(self.callers[by].clone());
            self.rooms[room].ask(&by, &Command::Join(join), self.now, &mut self.rare);
            self.compare();
        }
    }

    /// As whoever owns both rooms does: nobody leaves who would not be taken in.
    fn carry(&mut self, from: usize, by: usize, whom: usize) {
        let (user, to) = (PEOPLE[whom].id(), self.rooms[1 - from].room.settings().id);
        let by = self.callers.get(by).cloned().map_or(Actor::Server, Actor::Caller);
        let out = Command::MoveOut { user, to };
        let Some(sessions) = self.rooms[from].room.departing(user) else {
            self.rooms[from].ask(&by, &out, self.now, &mut self.rare);
            return;
        };
        let caller = self.callers[whom].clone();
        let rows = self.rooms[from].naive.rows_of(user);
        let from_id = self.rooms[from].room.settings().id;
        let arrival = Arrival { caller, from: from_id, sessions };
        if !self.rooms[from].would(&by, &out, self.now)
            || !self.rooms[1 - from].takes_in(&by, &arrival, &rows, self.now)
        {
            return;
        }
        self.rooms[from].ask(&by, &out, self.now, &mut self.rare);
        self.rooms[1 - from].arrive(&by, arrival, rows, self.now, &mut self.rare);
    }

    /// Goes from deadline to deadline, or past them in one leap without looking.
    fn wait(&mut self, by: Duration, awake: bool) {
        let until = self.now.plus(by);
        let due = |rooms: &[Twins; 2]| rooms.iter().filter_map(|r| r.room.next_deadline()).min();
        while awake && let Some(at) = due(&self.rooms).filter(|at| *at <= until.mono) {
            let wait = at.saturating_duration_since(self.now.mono);
            self.now = self.now.plus(wait);
            for twins in &mut self.rooms {
                twins.wake(self.now, &mut self.rare);
            }
            self.compare();
        }
        self.now = until;
    }

    /// The plain way in with the next session, by somebody who knows the password.
    fn join(&mut self) -> Join {
        self.sessions += 1;
        Join { unlocked: true, ..join(self.sessions) }
    }

    fn compare(&self) {
        let ids: Vec<_> = (1..=self.sessions + 1).map(session).collect();
        self.rooms.iter().for_each(|twins| twins.compare(&ids));
    }
}
