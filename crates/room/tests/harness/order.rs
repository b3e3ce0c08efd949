//! What holds for every list of events a room gives, and for every room after it.

use std::collections::{BTreeMap, BTreeSet};

use model::{SessionId, UserId};
use room::{CallChange, Event, FloorEnd, Gate, ProfileKind, Room, Settings};

use super::stage_order::{StageOrder, check_stage_left};

/// Sessions of one member at once.
const MOST: usize = 8;

/// Follows the events as a listener would who knows nothing but them.
#[derive(Debug, Default)]
pub struct Order {
    sessions_by_member: BTreeMap<UserId, BTreeSet<SessionId>>,
    seen: BTreeSet<SessionId>,
    speaking: BTreeSet<SessionId>,
    floor: Option<(UserId, u64)>,
    last_fence: u64,
    /// The last word about captions, if there was one.
    captions: Option<bool>,
    /// The same about the topic.
    topic: Option<Option<String>>,
    /// The same about all settings.
    settings: Option<Settings>,
    stage: StageOrder,
    /// Calls that wait to be let in.
    waiting: BTreeSet<SessionId>,
    /// Invitations that nobody has answered.
    ringing: BTreeSet<SessionId>,
    closed: bool,
}

impl Order {
    /// Follows what one command gave.
    ///
    /// Joined and left alternate, a member's sessions lie between them and are not too many, no session
    /// starts twice, speech begins and ends in turn and before its session does, the floor has one holder
    /// at a time who is in, with a number that rises, and nothing comes after the end.
    #[track_caller]
    pub fn follow(&mut self, events: &[Event]) {
        for event in events {
            assert!(!self.closed, "after the room was closed: {event:?}");
            let is_in = |user: &UserId| self.sessions_by_member.contains_key(user);
            self.stage.follow(event, is_in);
            self.follow_one(event);
        }
        check_neighbours(events);
        check_floor_left(events);
        check_stage_left(events);
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
                let sessions = self.sessions_of(*user, event);
                sessions.insert(*session);
                assert!(sessions.len() <= MOST, "one too many: {event:?}");
            }
            // It may have been here before.
            Event::SessionArrived { session, user, .. } => {
                self.seen.insert(*session);
                let sessions = self.sessions_of(*user, event);
                assert!(sessions.insert(*session), "here already: {event:?}");
                assert!(sessions.len() <= MOST, "one too many: {event:?}");
            }
            Event::SessionEnded { session, user, .. } => {
                assert!(
                    !self.speaking.contains(session),
                    "ended in the middle of speech: {event:?}"
                );
                let was = self.sessions_of(*user, event).remove(session);
                assert!(was, "ended without having started: {event:?}");
            }
            Event::MemberLeft { user, .. } => {
                let left = self.sessions_by_member.remove(user);
                assert_eq!(left, Some(BTreeSet::new()), "{event:?}");
                assert!(self.floor.is_none_or(|(holder, _)| holder != *user), "with the floor");
            }
            Event::Speaking { session, user, speaking } => {
                assert!(self.sessions_of(*user, event).contains(session), "{event:?}");
                assert!(self.turns(*session, *speaking), "no news: {event:?}");
            }
            Event::SelfChanged { session, user, .. }
            | Event::HandRaised { session, user, .. }
            | Event::HandLowered { session, user }
            | Event::Reacted { session, user, .. }
            | Event::Source { session, user, .. } => {
                assert!(self.sessions_of(*user, event).contains(session), "{event:?}");
            }
            Event::LinkUp { session, .. }
            | Event::LinkDown { session, .. }
            | Event::RequestHeard { session, .. } => {
                let known = self.sessions_by_member.values().any(|all| all.contains(session));
                assert!(known, "about no session: {event:?}");
            }
            Event::Moderated { user, .. } | Event::Reauthorized { user, .. } => {
                self.sessions_of(*user, event);
            }
            Event::FloorTaken { user, fence, .. } => {
                self.sessions_of(*user, event);
                assert_eq!(self.floor, None, "taken from somebody: {event:?}");
                assert!(*fence > self.last_fence, "an old number: {event:?}");
                (self.floor, self.last_fence) = (Some((*user, *fence)), *fence);
            }
            Event::FloorKept { user, fence, .. } => {
                assert_eq!(self.floor, Some((*user, *fence)), "{event:?}");
            }
            Event::FloorReleased { user, fence, .. } => {
                assert_eq!(self.floor.take(), Some((*user, *fence)), "{event:?}");
            }
            Event::CaptionsSwitched { on, .. } => {
                assert_ne!(self.captions.replace(*on), Some(*on), "no news: {event:?}");
            }
            Event::Call { session, what, .. } => self.follow_call(*session, *what, event),
            Event::MarksForgotten { .. }
            | Event::SpeakRequested { .. }
            | Event::SpeakRequestWithdrawn { .. }
            | Event::SpeakerInvited { .. }
            | Event::InviteEnded { .. }
            | Event::SpeakerMade { .. }
            | Event::SpeakerRevoked { .. } => {}
            Event::TopicChanged { topic, .. } => {
                let before = self.topic.replace(topic.clone());
                assert_ne!(before.as_ref(), Some(topic), "no news: {event:?}");
                assert_ne!(topic.as_deref(), Some(""), "an empty topic: {event:?}");
            }
            Event::SettingsChanged { settings, .. } => {
                let before = self.settings.replace(Settings::clone(settings));
                assert_ne!(before.as_ref(), Some(&**settings), "no news: {event:?}");
            }
            Event::Closed { .. } => {
                assert!(self.sessions_by_member.is_empty(), "closed over people");
                self.closed = true;
            }
        }
    }

    fn follow_call(&mut self, session: SessionId, what: CallChange, event: &Event) {
        let waiting = &mut self.waiting;
        match what {
            CallChange::Waits => assert!(waiting.insert(session), "waits already: {event:?}"),
            CallChange::StillWaits { .. } => {
                assert!(waiting.contains(&session), "does not wait: {event:?}");
            }
            CallChange::Admitted { by } => {
                let waited = waiting.remove(&session);
                assert!(waited || by.is_none(), "did not wait: {event:?}");
            }
            CallChange::Rejected { .. } => {
                assert!(waiting.remove(&session), "did not wait: {event:?}");
            }
            CallChange::Ended { waited } => {
                assert_eq!(waiting.remove(&session), waited, "{event:?}");
            }
            CallChange::Rings => assert!(self.ringing.insert(session), "rings: {event:?}"),
            CallChange::Answered | CallChange::Unanswered { .. } => {
                assert!(self.ringing.remove(&session), "does not ring: {event:?}");
            }
        }
    }

    /// Nothing has changed but what was told.
    #[track_caller]
    fn check_settings(&self, now: &Settings) {
        assert_eq!(now.captions, self.captions.unwrap_or(now.captions));
        assert_eq!(Some(&now.topic), self.topic.as_ref().or(Some(&now.topic)));
        let told = self.settings.as_ref().unwrap_or(now);
        assert_eq!((&now.name, now.member_limit), (&told.name, told.member_limit));
        assert_eq!((&now.overrides, &now.slug), (&told.overrides, &told.slug));
        assert_eq!((now.id, now.kind, now.temporary), (told.id, told.kind, told.temporary));
    }

    fn turns(&mut self, session: SessionId, speaking: bool) -> bool {
        if speaking { self.speaking.insert(session) } else { self.speaking.remove(&session) }
    }

    fn sessions_of(&mut self, user: UserId, event: &Event) -> &mut BTreeSet<SessionId> {
        let sessions = self.sessions_by_member.get_mut(&user);
        sessions.unwrap_or_else(|| panic!("about somebody who is not in: {event:?}"))
    }

    /// The room shows what the events told, and no gate lets through what a moderator forbade or what
    /// comes from others than the floor's holder.
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
        let floor = room.floor();
        assert_eq!((floor.map(|f| (f.holder, f.fence)), view.floor), (self.floor, floor));
        self.stage.check(room);
        self.check_settings(&view.settings);
        let captions = view.settings.captions;
        let has_floor = view.settings.kind == ProfileKind::Talk;
        for member in &view.members {
            let holds = floor.is_some_and(|floor| floor.holder == member.person.id);
            let mut ids = member.sessions.iter().map(|session| session.id);
            let heard = ids.any(|id| self.speaking.contains(&id) && room.gate(id).speak);
            assert_eq!(member.speaking, heard, "told to speak and let through: {member:?}");
            for session in &member.sessions {
                assert!(room.has_session(session.id), "{session:?}");
                let gate = room.gate(session.id);
                assert!(!(gate.speak && (member.server_mute || session.mute)), "{member:?}");
                assert!(!(gate.speak && has_floor && !holds), "{member:?}");
                assert_eq!(gate.captions, gate.speak && captions, "{member:?}");
                assert!(!(gate.receive && (member.server_deaf || session.deaf)), "{member:?}");
            }
        }
        for gone in self.seen.iter().filter(|id| view.session(**id).is_none()) {
            assert_eq!((room.has_session(*gone), room.gate(*gone)), (false, Gate::SHUT));
        }
    }
}

/// What holds between the events of one command: speech ends just before its session, a member leaves
/// just after their last one, and for its reason. Closing alone tells every end before any departure.
#[track_caller]
fn check_neighbours(events: &[Event]) {
    let closes = matches!(events.last(), Some(Event::Closed { .. }));
    for (at, event) in events.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| &events[at]);
        let fits = match event {
            Event::Closed { .. } => true,
            // Who never came in is told after those who did.
            Event::Call { .. } if closes => true,
            Event::SessionEnded { .. }
            | Event::Speaking { .. }
            | Event::FloorReleased { .. }
            | Event::SpeakerRevoked { .. }
                if closes =>
            {
                !matches!(before, Some(Event::MemberLeft { .. }))
            }
            Event::MemberLeft { .. } | Event::MarksForgotten { .. } if closes => true,
            Event::MemberLeft { user, reason } => {
                // What is kept of a guest goes between the two.
                let forgets = matches!(before, Some(Event::MarksForgotten { .. }));
                let before = if forgets { &events[at - 2] } else { &events[at - 1] };
                let Event::SessionEnded { user: whose, reason: why, .. } = before else {
                    panic!("left without an end: {events:?}");
                };
                (whose, why) == (user, reason)
            }
            _ => !closes,
        };
        assert!(fits, "out of order: {event:?} in {events:?}");
    }
    for pair in events.windows(2) {
        if let Event::Speaking { session, .. } = &pair[0] {
            let ends = matches!(&pair[1], Event::SessionEnded { session: it, .. } if it == session);
            assert!(ends, "silent without an end: {pair:?}");
        }
    }
}

/// Who takes the floor along gives it back before all that ends with them.
#[track_caller]
fn check_floor_left(events: &[Event]) {
    for (at, event) in events.iter().enumerate() {
        let Event::FloorReleased { user, reason: FloorEnd::Left, .. } = event else { continue };
        let about = |event: &&Event| event.user() == Some(*user);
        assert_eq!(events[..at].iter().find(about), None, "before {event:?}");
        let leaves =
            |event: &Event| matches!(event, Event::MemberLeft { user: who, .. } if who == user);
        assert!(events[at..].iter().any(leaves), "{event:?} and stays");
    }
}
