//! One room, its naive twin, and what both have been told.

use std::fmt::Debug;

use model::{Now, SessionId};
use room::{Actor, Arrival, Command, EndReason, Event, InviteEnd, Room};

use crate::harness::Order;
use crate::naive::{Naive, Row};
use crate::rare::Rare;
use crate::steps::{Given, PEOPLE};

/// A room that is written twice.
pub struct Twins {
    pub room: Room,
    pub naive: Naive,
    order: Order,
}

impl Twins {
    pub fn new(given: Given) -> Self {
        let naive = Naive::new(given.clone());
        let marks = PEOPLE.iter().map(|who| (who.id(), naive.marks(who.id())));
        let room = Room::new(given.settings, marks);
        Self { room, naive, order: Order::default() }
    }

    /// Something is due at a deadline, all of it for want of life or of an answer, and then nothing more.
    pub fn wake(&mut self, now: Now, rare: &mut Rare) {
        let is_due = self.room.next_deadline().is_some_and(|at| at <= now.mono);
        let events = self.room.due(now);
        assert_eq!(!events.is_empty(), is_due, "{events:?}");
        check_reasons(&events, EndReason::Timeout);
        for event in &events {
            let ends = matches!(event, Event::SessionEnded { .. } | Event::MemberLeft { .. });
            let silent = matches!(event, Event::Speaking { speaking: false, .. });
            let free = matches!(event, Event::FloorReleased { .. });
            let late = matches!(event, Event::InviteEnded { why: InviteEnd::Expired, .. });
            let forgets = matches!(event, Event::MarksForgotten { .. });
            assert!(ends || silent || free || late || forgets, "brought about by time: {event:?}");
        }
        rare.note(&self.room, &events);
        self.apply(&events);
        self.naive.expire(now.mono);
        let next = self.room.next_deadline();
        assert!(next.is_none_or(|at| at > now.mono), "a deadline in the past");
        assert_eq!(self.room.due(now), []);
    }

    pub fn ask(&mut self, by: &Actor, command: &Command, now: Now, rare: &mut Rare) {
        let said = format!("{command:?} by {by:?}");
        let naive_before = self.naive.clone();
        let decided = self.decide(by, command, now);
        let done = self.naive.run(by, command, now);
        assert_eq!(decided.as_ref().map(drop), done.as_ref().map(drop), "{said}");
        let changed = self.naive != naive_before;
        match decided {
            Ok(events) => {
                assert_eq!(!events.is_empty(), changed, "{said} gives {events:?}");
                check_reasons(&events, reason_of(by, command));
                rare.note(&self.room, &events);
                self.apply(&events);
            }
            Err(refusal) => {
                assert!(!changed, "{refusal:?} for {said}");
                rare.note_refusal(refusal);
            }
        }
    }

    /// Whether the room would do it. Its twin agrees.
    pub fn would(&self, by: &Actor, command: &Command, now: Now) -> bool {
        let decided = self.decide(by, command, now).map(drop);
        assert_eq!(decided, self.naive.clone().run(by, command, now), "{command:?} by {by:?}");
        decided.is_ok()
    }

    /// Whether the room would have somebody who is moved here. Its twin agrees.
    pub fn takes_in(&self, by: &Actor, arrival: &Arrival, rows: &[Row], now: Now) -> bool {
        let decided = self.decide(by, &Command::MoveIn(arrival.clone()), now).map(drop);
        let taken = self.naive.clone().arrive(by, &arrival.caller, rows.to_vec(), now);
        assert_eq!(decided, taken, "{arrival:?} by {by:?}");
        decided.is_ok()
    }

    pub fn arrive(
        &mut self,
        by: &Actor,
        arrival: Arrival,
        rows: Vec<Row>,
        now: Now,
        rare: &mut Rare,
    ) {
        let done = self.naive.arrive(by, &arrival.caller, rows, now);
        let decided = self.decide(by, &Command::MoveIn(arrival), now);
        assert_eq!(decided.as_ref().map(drop), done.as_ref().map(drop));
        let events = decided.unwrap_or_else(|refusal| panic!("{refusal:?}: asked before"));
        check_reasons(&events, EndReason::Replaced);
        rare.note(&self.room, &events);
        self.apply(&events);
    }

    fn decide(&self, by: &Actor, command: &Command, now: Now) -> Result<Vec<Event>, room::Refusal> {
        let before = printed(&self.room);
        let decided = self.room.decide(by, command.clone(), now);
        assert_eq!(printed(&self.room), before, "decided, not done: {command:?} by {by:?}");
        decided
    }

    fn apply(&mut self, events: &[Event]) {
        for event in events {
            self.room.apply(event);
        }
        self.order.follow(events);
        self.order.check(&self.room);
    }

    /// Everything that can be read is the same.
    pub fn compare(&self, sessions: &[SessionId]) {
        assert_eq!(self.room.view().members, self.naive.view());
        assert_eq!(self.room.view().waiting, self.naive.waiting());
        assert_eq!(self.room.is_closed(), self.naive.closed);
        let ends = self.naive.rows.iter().filter_map(|row| row.ends_at());
        let invites = self.naive.invites.iter().map(|invite| invite.until);
        let next = ends.chain(self.naive.lock.ends_at()).chain(invites).min();
        assert_eq!(self.room.next_deadline(), next);
        assert_eq!(self.room.floor(), self.naive.lock.shown());
        assert_eq!(self.room.stage_moderators(), self.naive.moderators());
        assert_eq!(*self.room.settings(), self.naive.settings);
        for who in PEOPLE {
            assert_eq!(self.room.marks(who.id()), self.naive.marks(who.id()), "{}", who.name);
        }
        for id in sessions {
            assert_eq!(self.room.gate(*id), self.naive.gate(*id), "session {id}");
            assert_eq!(self.room.has_session(*id), self.naive.has_session(*id), "session {id}");
            assert_eq!(self.room.call(*id).cloned(), self.naive.call(*id), "session {id}");
        }
    }
}

fn printed(state: &impl Debug) -> String {
    format!("{state:?}")
}

/// Why sessions end by a command, if it ends any.
fn reason_of(by: &Actor, command: &Command) -> EndReason {
    match command {
        Command::Join(_) => EndReason::Replaced,
        Command::Kick { .. } => EndReason::Kicked { by: by.user() },
        Command::MoveOut { to, .. } => EndReason::MovedTo { room: *to, by: by.user() },
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
        | Event::Closed { reason, .. }) = event
        else {
            continue;
        };
        assert_eq!(*reason, want, "{event:?}");
    }
}
