//! One script: a room, simulated time, commands, and exactly what they give.
//!
//! Every test of this crate goes through [`Script`]. After each step it also checks what must hold
//! whatever the script is about ([`Order`]), so a script about mutes fails when it breaks membership.

#![allow(dead_code, reason = "every test file uses its own part")]

mod order;
mod people;
mod stage_order;
mod told;

use std::time::{Duration, Instant};

use model::{Now, Timestamp, UserId};
use room::{
    Actor, Arrival, Command, Event, Gate, Link, Marks, MemberView, Refusal, Room, Settings, Timing,
};

pub use order::Order;
pub use people::*;

/// A room in simulated time.
pub struct Script {
    /// The room under test, to be read.
    pub room: Room,
    /// The time of the next step.
    pub now: Now,
    origin: Instant,
    order: Order,
}

impl Script {
    /// An empty room.
    pub fn given(settings: Settings) -> Self {
        Self::given_marks(settings, [])
    }

    /// An empty room with other times.
    pub fn given_timing(settings: Settings, timing: Timing) -> Self {
        let script = Self::given(settings);
        let room = script.room.with_timing(timing);
        Self { room, ..script }
    }

    /// An empty room that remembers what moderators decided.
    pub fn given_marks(
        settings: Settings,
        marks: impl IntoIterator<Item = (UserId, Marks)>,
    ) -> Self {
        let now = start();
        let room = Room::new(settings, marks);
        Self { room, now, origin: now.mono, order: Order::default() }
    }

    /// Another empty room, in the same time.
    pub fn beside(&self, settings: Settings) -> Self {
        let (room, order) = (Room::new(settings, []), Order::default());
        Self { room, now: self.now, origin: self.origin, order }
    }

    /// Part of what is given: this person came in with this session.
    #[track_caller]
    pub fn comes_in(&mut self, who: Who, session: u64) {
        self.does(who, Command::Join(join(session)));
    }

    /// Part of what is given: this session of somebody who is in is heard speaking.
    #[track_caller]
    pub fn speaks(&mut self, number: u64) {
        self.does(SERVER, Command::Speaking { session: session(number), speaking: true });
    }

    /// Part of what is given: this link of a session is up.
    #[track_caller]
    pub fn linked(&mut self, number: u64, link: Link) {
        self.does(SERVER, Command::LinkUp { session: session(number), link });
    }

    /// Part of what is given: this link of a session went down just now.
    #[track_caller]
    pub fn unlinked(&mut self, number: u64, link: Link) {
        let (session, last_seen) = (session(number), self.now.mono);
        self.does(SERVER, Command::LinkDown { session, link, last_seen });
    }

    /// Part of what is given: this member speaks on the stage.
    #[track_caller]
    pub fn on_stage(&mut self, who: Who) {
        self.does(SERVER, Command::InviteToSpeak { user: who.id() });
        self.does(who, Command::RespondInvite { accepted: true });
    }

    /// Part of what is given: this member has the floor. The number of the grant.
    #[track_caller]
    pub fn takes_floor(&mut self, who: Who) -> u64 {
        self.does(who, Command::TakeFloor);
        let floor = self.room.floor().filter(|floor| floor.holder == who.id());
        floor.unwrap_or_else(|| panic!("{} has no floor", who.name)).fence
    }

    /// Part of what is given: a command that is not what the script is about. It must be taken.
    #[track_caller]
    pub fn does(&mut self, by: impl Into<Actor>, command: Command) {
        let events = self.room.decide(&by.into(), command, self.now);
        let events = events.unwrap_or_else(|refusal| panic!("refused: {refusal:?}"));
        self.follow(&events);
    }

    /// Time passes. Nobody wakes the room.
    pub fn later(&mut self, by: Duration) {
        self.now = self.now.plus(by);
    }

    /// The command gives exactly these events; they are applied.
    #[track_caller]
    pub fn when(&mut self, by: impl Into<Actor>, command: Command, want: &[Event]) {
        let decided = self.room.decide(&by.into(), command, self.now);
        assert_eq!(decided.as_deref(), Ok(want));
        self.follow(want);
    }

    /// The command is refused, and nothing has changed.
    #[track_caller]
    pub fn refuses(&mut self, by: impl Into<Actor>, command: Command, want: Refusal) {
        let before = format!("{:?}", self.room);
        let decided = self.room.decide(&by.into(), command, self.now);
        assert_eq!(decided, Err(want));
        assert_eq!(format!("{:?}", self.room), before);
    }

    /// Time alone has brought about exactly this; it is applied, and leaves no deadline behind.
    #[track_caller]
    pub fn due(&mut self, want: &[Event]) {
        assert_eq!(self.room.due(self.now), want);
        self.follow(want);
        assert_eq!(self.room.due(self.now), [], "nothing is due twice");
    }

    /// The next deadline, counted from the start of the script.
    pub fn deadline(&self) -> Option<Duration> {
        self.room.next_deadline().map(|at| at.duration_since(self.origin))
    }

    /// A member as they are shown.
    #[track_caller]
    pub fn member(&self, who: Who) -> MemberView {
        self.room.member(who.id()).unwrap_or_else(|| panic!("{} is not in", who.name))
    }

    /// A member with what goes along when they are moved away from here.
    #[track_caller]
    pub fn departing(&self, who: Who) -> Arrival {
        let sessions = self.room.departing(who.id());
        let sessions = sessions.unwrap_or_else(|| panic!("{} is not in", who.name));
        Arrival { caller: who.caller(), from: self.room.settings().id, sessions }
    }

    /// The gate of a session.
    pub fn gate(&self, number: u64) -> Gate {
        self.room.gate(session(number))
    }

    #[track_caller]
    fn follow(&mut self, events: &[Event]) {
        for event in events {
            self.room.apply(event);
        }
        self.order.follow(events);
        self.order.check(&self.room);
    }
}

/// Where simulated time begins: late enough that "an hour ago" exists.
pub fn start() -> Now {
    let mono = Instant::now() + Duration::from_secs(3600);
    Now { mono, wall: Timestamp::from_micros(1_750_000_000_000_000) }
}

/// Whole seconds.
pub fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Thousandths of a second.
pub fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
