//! What holds for the events of a stage, and for every stage after them.

use std::collections::{BTreeMap, BTreeSet};

use model::{SessionId, Timestamp, UserId};
use room::{Event, Gate, ProfileKind, RevokeReason, Room, StageRole};

/// Who asks, is invited and speaks, as far as the events have told.
#[derive(Debug, Default)]
pub struct StageOrder {
    requests_by_user: BTreeMap<UserId, Timestamp>,
    invited: BTreeSet<UserId>,
    /// The last word about each, if there was one.
    speaks_by_user: BTreeMap<UserId, bool>,
}

impl StageOrder {
    /// Follows one event. Who asks or is invited is in and does not speak, each request is later than all
    /// before it, and nothing ends that had not begun.
    pub fn follow(&mut self, event: &Event, is_in: impl Fn(&UserId) -> bool) {
        match event {
            Event::SpeakRequested { user, at } => {
                assert!(is_in(user) && !self.speaks(user), "{event:?}");
                assert!(self.requests_by_user.values().all(|before| before < at), "{event:?}");
                assert_eq!(self.requests_by_user.insert(*user, *at), None, "again: {event:?}");
            }
            Event::SpeakRequestWithdrawn { user } => {
                assert!(self.requests_by_user.remove(user).is_some(), "not asked: {event:?}");
            }
            Event::SpeakerInvited { user, .. } => {
                assert!(is_in(user) && !self.speaks(user), "{event:?}");
                self.invited.insert(*user);
            }
            Event::InviteEnded { user, .. } => {
                assert!(self.invited.remove(user), "not invited: {event:?}");
            }
            Event::SpeakerMade { user, .. } => {
                assert!(is_in(user) && !self.speaks(user), "{event:?}");
                self.speaks_by_user.insert(*user, true);
                self.forget(user);
            }
            Event::SpeakerRevoked { user, why, .. } => {
                assert_ne!(self.speaks_by_user.insert(*user, false), Some(false), "{event:?}");
                assert!(is_in(user) || *why == RevokeReason::Revoked, "{event:?}");
            }
            // Nothing is kept of a guest.
            Event::MarksForgotten { user } => {
                self.speaks_by_user.insert(*user, false);
            }
            Event::MemberLeft { user, .. } => self.forget(user),
            _ => {}
        }
    }

    fn speaks(&self, user: &UserId) -> bool {
        self.speaks_by_user.get(user) == Some(&true)
    }

    fn forget(&mut self, user: &UserId) {
        self.requests_by_user.remove(user);
        self.invited.remove(user);
    }

    /// The room shows what the events told, and lets nothing through from a listener.
    #[track_caller]
    pub fn check(&self, room: &Room) {
        let is_stage = room.settings().kind == ProfileKind::Stage;
        for member in room.view().members {
            let user = member.person.id;
            let speaks = self.speaks_by_user.get(&user).copied();
            let speaks = speaks.unwrap_or(room.marks(user).speaker);
            assert_eq!(room.marks(user).speaker, speaks, "{member:?}");
            let role = if speaks { StageRole::Speaker } else { StageRole::Listener };
            assert_eq!(member.stage, is_stage.then_some(role), "{member:?}");
            assert_eq!(member.requested_at.as_ref(), self.requests_by_user.get(&user));
            assert_eq!(member.invited, self.invited.contains(&user), "{member:?}");
            if is_stage && !speaks {
                let shut = |id: SessionId| Gate { receive: false, ..room.gate(id) } == Gate::SHUT;
                assert!(member.sessions.iter().all(|session| shut(session.id)), "{member:?}");
            }
        }
    }
}

/// Who takes the role along gives it up before all else that ends with them.
#[track_caller]
pub fn check_stage_left(events: &[Event]) {
    for (at, event) in events.iter().enumerate() {
        let Event::SpeakerRevoked { user, by, why: RevokeReason::Left } = event else { continue };
        assert_eq!(*by, None, "{event:?}");
        let about = |event: &&Event| event.user() == Some(*user);
        assert_eq!(events[..at].iter().find(about), None, "before {event:?}");
        let leaves =
            |event: &Event| matches!(event, Event::MemberLeft { user: who, .. } if who == user);
        assert!(events[at..].iter().any(leaves), "{event:?} and stays");
    }
}
