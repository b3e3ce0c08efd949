//! A moderator moves a member to another room: their sessions end here and go on there.
//!
//! Two rooms take part, and each decides for itself: whoever owns both asks [`Room::departing`] what goes
//! along, checks that the target would have it, and has the one give and the other take. What is known of
//! a session's client goes along, so that an open socket and flowing media count in the new room from the
//! first moment; who speaks and what flows is told anew by the media plane. What belongs to the person in
//! a room does not: marks stay behind, and those of the new room apply.
//!
//! The moderator answers for it: no CONNECT and no password are asked of who is moved. The room's limit
//! holds.

use model::{Now, RoomId, SessionId, UserId, Via};

use crate::actor::{Actor, Caller};
use crate::end::EndReason;
use crate::event::Event;
use crate::member::{Member, Session};
use crate::membership::{SESSIONS_PER_MEMBER_MAX, ended};
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;

/// What goes along with a session into another room: its door and client, what the client says of itself,
/// its links and when they were last heard of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried(Session);

impl Carried {
    /// The door.
    pub fn via(&self) -> Via {
        self.0.via
    }

    /// The session as it goes on.
    pub(crate) fn session(&self) -> Session {
        self.0.clone()
    }
}

/// A person with their sessions, as they come out of another room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Who, with what they may do before this room's overrides.
    pub caller: Caller,
    /// Where they come from.
    pub from: RoomId,
    /// What [`Room::departing`] gave there.
    pub sessions: Vec<(SessionId, Carried)>,
}

impl Room {
    /// What goes along when a member is moved: their sessions, oldest first. `None` when they are not in.
    pub fn departing(&self, user: UserId) -> Option<Vec<(SessionId, Carried)>> {
        let sessions = self.members.get(&user)?.sessions.iter();
        let carried = |state: &Session| {
            let (speaking, camera, screen) = (false, false, false);
            Carried(Session { speaking, camera, screen, ..state.clone() })
        };
        Some(sessions.map(|(id, state)| (*id, carried(state))).collect())
    }

    pub(crate) fn decide_move_out(
        &self,
        by: &Actor,
        user: UserId,
        to: RoomId,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::Move)?;
        if !self.members.contains_key(&user) {
            return Err(Refusal::TargetNotInRoom);
        }
        if to == self.settings().id {
            return Ok(Vec::new());
        }
        Ok(self.end_member(user, EndReason::MovedTo { room: to, by: by.user() }, now))
    }

    pub(crate) fn decide_move_in(
        &self,
        by: &Actor,
        arrival: Arrival,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::Move)?;
        let Arrival { caller, from, sessions } = arrival;
        if sessions.is_empty() {
            return Err(Refusal::TargetNotInRoom);
        }
        if from == self.settings().id {
            return Ok(Vec::new());
        }
        let mut events = match self.members.get(&caller.person.id) {
            Some(member) => {
                let mut events = self.give_way(member, &sessions, now);
                events.extend(self.reauthorized(member, &caller.roles, caller.base));
                events
            }
            None => {
                self.check_has_place()?;
                vec![self.joined(&caller, now)]
            }
        };
        let (user, at) = (caller.person.id, now.wall);
        events.extend(sessions.into_iter().map(|(session, carried)| Event::SessionArrived {
            session,
            user,
            carried,
            from,
            at,
        }));
        Ok(events)
    }

    /// The sessions of a member that end because others of theirs arrive: those of the same clients, as on
    /// joining, then the oldest ones beyond the limit.
    fn give_way(&self, member: &Member, arriving: &[(SessionId, Carried)], now: Now) -> Vec<Event> {
        let same_client = |state: &Session| {
            arriving.iter().any(|(_, other)| other.0.is_of(state.via, state.client.as_deref()))
        };
        let same: Vec<SessionId> =
            member.sessions.iter().filter(|(_, s)| same_client(s)).map(|(id, _)| *id).collect();
        let stay = member.sessions.keys().filter(|id| !same.contains(id));
        let count = member.sessions.len() - same.len() + arriving.len();
        let beyond = stay.take(count.saturating_sub(SESSIONS_PER_MEMBER_MAX));
        let ids = same.iter().chain(beyond).copied().collect();
        let ids = member.with_companions(ids).into_iter();
        ids.flat_map(|id| ended(member, id, EndReason::Replaced, now)).collect()
    }
}
