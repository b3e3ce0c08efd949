//! Invitations: calls that somebody inside wants, admitted before their client is there.
//!
//! An invitation rings until a client answers it, it is declined, its time is over, or the room closes. One
//! client answers: whichever asks the room first; the call is that client's from then on, and comes in like
//! any other. What rings, and where, is not the room's: it says that something does, and when it stops.

use std::time::Instant;

use model::{Now, SessionId, UserId, Via};

use crate::actor::{Actor, Caller};
use crate::call::{Call, CallChange, Invitation, RingEnd};
use crate::event::Event;
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::waiting::told;

/// Invitations of a room that ring at once. A meeting calls so many in; more would be a way to ring people
/// who do not want it.
pub const RINGING_MAX: usize = 64;

/// Somebody who is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invite {
    /// The id of the session that it will be.
    pub session: SessionId,
    /// What the call is called from the start: no client is there to name it.
    pub call: String,
    /// Whom, as it was typed.
    pub destination: String,
    /// What others read.
    pub name: String,
    /// Whose call it will be.
    pub user: UserId,
    /// Without an account.
    pub guest: bool,
}

impl Room {
    /// Who is in, or rings already, is not called once more. Whether the inviter is in is not asked: who
    /// may let people in may also call them.
    pub(crate) fn decide_invite(
        &self,
        by: &Actor,
        invites: Vec<Invite>,
        by_call: Option<SessionId>,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let Actor::Caller(inviter) = by else { return Err(Refusal::RoomNotFound) };
        policy::check(self.settings(), by, Action::Admit)?;
        let mut events: Vec<Event> = Vec::new();
        for invite in invites {
            let is_here = self.members.contains_key(&invite.user);
            let again = |event: &Event| matches!(event, Event::Call { call, .. } if call.user == invite.user);
            let is_called = self.rings_for(invite.user) || events.iter().any(again);
            if is_here || is_called || invite.user == inviter.person.id {
                continue;
            }
            if self.is_taken(invite.session, &invite.call) {
                return Err(Refusal::CallTaken);
            }
            events.push(self.rung(inviter, invite, by_call, now));
        }
        let ringing = self.calls.values().filter(|call| call.rings()).count();
        if ringing + events.len() > RINGING_MAX {
            return Err(Refusal::TooManyRing { limit: RINGING_MAX as u32 });
        }
        self.check_takes_calls(true, events.len())?;
        Ok(events)
    }

    fn rung(
        &self,
        inviter: &Caller,
        invite: Invite,
        by_call: Option<SessionId>,
        now: Now,
    ) -> Event {
        let Invite { session, call: id, destination, name, user, guest } = invite;
        let rings_until = Some(now.mono + self.timing.ring);
        let by = inviter.person.clone();
        let invitation = Some(Box::new(Invitation { destination, by, by_call, rings_until }));
        let (via, admitted, asked_at) = (Via::Aura, true, now.mono);
        let call = Call { id, name, user, guest, via, admitted, asked_at, invitation };
        told(session, call, CallChange::Rings)
    }

    fn rings_for(&self, user: UserId) -> bool {
        self.calls.values().any(|call| call.user == user && call.rings())
    }

    /// The first who asks has it.
    pub(crate) fn decide_answer(&self, session: SessionId) -> Result<Vec<Event>, Refusal> {
        let call = self.ringing_call(session)?.clone();
        Ok(vec![told(session, call, CallChange::Answered)])
    }

    pub(crate) fn decide_stop_ringing(
        &self,
        session: SessionId,
        why: RingEnd,
    ) -> Result<Vec<Event>, Refusal> {
        let call = self.ringing_call(session)?.clone();
        Ok(vec![told(session, call, CallChange::Unanswered { why })])
    }

    fn ringing_call(&self, session: SessionId) -> Result<&Call, Refusal> {
        let call = self.calls.get(&session).filter(|call| call.rings());
        call.ok_or(Refusal::CallNotAdmitted)
    }

    /// Invitations that ring, oldest first.
    pub(crate) fn ringing(&self) -> Vec<Call> {
        self.calls.values().filter(|call| call.rings()).cloned().collect()
    }

    pub(crate) fn rings_expire(&self) -> impl Iterator<Item = Instant> {
        self.calls.values().filter_map(Call::rings_until)
    }

    pub(crate) fn rings_expired(&self, now: Now) -> impl Iterator<Item = Event> {
        let why = RingEnd::TimedOut;
        let over = move |call: &Call| call.rings_until().is_some_and(|until| until <= now.mono);
        let expired = self.calls.iter().filter(move |(_, call)| over(call));
        expired.map(move |(id, call)| told(*id, call.clone(), CallChange::Unanswered { why }))
    }

    pub(crate) fn apply_answered(&mut self, session: SessionId) {
        let call = self.calls.get_mut(&session);
        if let Some(invitation) = call.and_then(|call| call.invitation.as_mut()) {
            invitation.rings_until = None;
        }
    }
}
