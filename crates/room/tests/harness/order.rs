//! What holds for every list of events a room gives, and for every room after it.

use std::collections::{BTreeMap, BTreeSet};

use model::{SessionId, UserId};
use room::{Event, Gate, Room};

/// Follows the events as a listener would who knows nothing but them.
#[derive(Debug, Default)]
pub struct Order {
    sessions_by_member: BTreeMap<UserId, BTreeSet<SessionId>>,
    seen: BTreeSet<SessionId>,
    closed: bool,
}

impl Order {
    /// Follows what one command gave.
    ///
    /// Joined and left alternate, a member's sessions lie between them, no session starts twice, and
    /// nothing comes after the end.
    #[track_caller]
    pub fn follow(&mut self, events: &[Event]) {
        for event in events {
            assert!(!self.closed, "after the room was closed: {event:?}");
            self.follow_one(event);
        }
        let empty = self.sessions_by_member.iter().find(|(_, sessions)| sessions.is_empty());
        assert_eq!(empty, None, "a member without a session after {events:?}");
    }

    fn follow_one(&mut self, event: &Event) {
        match event {
            Event::MemberJoined { person, .. } => {
                let before = self.sessions_by_member.insert(person.id, BTreeSet::new());
                assert_eq!(before, None, "joined twice: {event:?}");
            }
            Event::SessionStarted { session, user, .. } => {
                assert!(self.seen.insert(*session), "a session again: {event:?}");
                self.sessions_of(*user, event).insert(*session);
            }
            Event::SessionEnded { session, user, .. } => {
                let was = self.sessions_of(*user, event).remove(session);
                assert!(was, "ended without having started: {event:?}");
            }
            Event::MemberLeft { user, .. } => {
                let left = self.sessions_by_member.remove(user);
                assert_eq!(left, Some(BTreeSet::new()), "{event:?}");
            }
            Event::SelfChanged { session, user, .. }
            | Event::Speaking { session, user, .. }
            | Event::Source { session, user, .. } => {
                assert!(self.sessions_of(*user, event).contains(session), "{event:?}");
            }
            Event::LinkUp { session, .. } | Event::LinkDown { session, .. } => {
                let known = self.sessions_by_member.values().any(|all| all.contains(session));
                assert!(known, "about no session: {event:?}");
            }
            Event::Moderated { user, .. } | Event::Reauthorized { user, .. } => {
                self.sessions_of(*user, event);
            }
            Event::Closed { .. } => {
                assert!(self.sessions_by_member.is_empty(), "closed over people");
                self.closed = true;
            }
        }
    }

    fn sessions_of(&mut self, user: UserId, event: &Event) -> &mut BTreeSet<SessionId> {
        let sessions = self.sessions_by_member.get_mut(&user);
        sessions.unwrap_or_else(|| panic!("about somebody who is not in: {event:?}"))
    }

    /// The room shows what the events told, and no gate lets through what a moderator forbade.
    #[track_caller]
    pub fn check(&self, room: &Room) {
        let view = room.view();
        let shown: BTreeMap<_, BTreeSet<_>> = view
            .members
            .iter()
            .map(|member| (member.person.id, member.sessions.iter().map(|s| s.id).collect()))
            .collect();
        assert_eq!(shown, self.sessions_by_member);
        assert_eq!((room.is_empty(), room.is_closed()), (shown.is_empty(), self.closed));
        for member in &view.members {
            let heard = member.sessions.iter().any(|session| room.gate(session.id).speak);
            assert!(heard || !member.speaking, "speaks unheard: {member:?}");
            for session in &member.sessions {
                let gate = room.gate(session.id);
                assert!(!(gate.speak && (member.server_mute || session.mute)), "{member:?}");
                assert!(!(gate.receive && (member.server_deaf || session.deaf)), "{member:?}");
            }
        }
        for gone in self.seen.iter().filter(|id| view.session(**id).is_none()) {
            assert_eq!(room.gate(*gone), Gate::SHUT);
        }
    }
}
