//! Coming in by two steps: a call is admitted, at once or by an admin, and then joins.
//!
//! A call has its client's own name and the id of the session that it will be. Being admitted is kept with
//! the call: it ends when the call hangs up, is turned away, leaves or is put out, and whatever was handed
//! out for it is worth nothing then. Until it is admitted a call is told nothing but what concerns itself.
//!
//! No two calls in a room have one name, so that what an admin decides is about the one they saw. Who was
//! turned away stays so for [`REJECTED_FOR`], under that name and, with an account, under any other.

use std::time::{Duration, Instant};

use model::{Now, Permissions, SessionId, UserId, Via};

use crate::actor::{Actor, Caller};
use crate::admission::{Entry, Shown, entry};
use crate::call::{Call, CallChange, RingEnd};
use crate::command::Join;
use crate::end::EndReason;
use crate::event::Event;
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;

/// Calls of a room at once that wait, and as many that may come in or did. More would let guests, who cost nothing, fill the memory.
pub const CALLS_MAX: usize = 2000;
/// How long somebody stays turned away.
pub const REJECTED_FOR: Duration = Duration::from_secs(30);
/// How often who waits may ask again.
pub const NUDGE_EVERY: Duration = Duration::from_secs(5);

/// Somebody who wants to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knock {
    /// The id of the session that it will be.
    pub session: SessionId,
    /// What the client calls it.
    pub call: String,
    /// What others read.
    pub name: String,
    /// Without an account.
    pub guest: bool,
    /// Through which door.
    pub via: Via,
    /// What was shown of the room's password.
    pub shown: Shown,
}

/// Who was turned away, by which name, until when.
pub(crate) type Rejected = Vec<(String, Option<UserId>, Instant)>;

impl Room {
    /// The call that a session is, will be, or waits to be.
    pub fn call(&self, session: SessionId) -> Option<&Call> {
        self.calls.get(&session)
    }

    /// Whether anybody wants to come in, may, or did in two steps.
    pub fn has_calls(&self) -> bool {
        !self.calls.is_empty()
    }

    /// Members who decide who is let in.
    pub fn admins(&self) -> Vec<UserId> {
        let admits = |member: &&crate::member::Member| member.may(Permissions::MUTE_MEMBERS);
        self.members.values().filter(admits).map(|member| member.person.id).collect()
    }

    pub(crate) fn waiting(&self) -> Vec<Call> {
        self.calls.values().filter(|call| !call.admitted).cloned().collect()
    }

    pub(crate) fn decide_knock(
        &self,
        by: &Actor,
        knock: Knock,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let Actor::Caller(caller) = by else { return Err(Refusal::RoomNotFound) };
        policy::check(self.settings(), by, Action::Join)?;
        self.check_may_knock(by)?;
        let Knock { session, call: id, name, guest, via, shown } = knock;
        let before = self.calls.get(&session);
        if before.is_some_and(|before| before.admitted) {
            return Ok(Vec::new());
        }
        if self.is_taken(session, &id) {
            return Err(Refusal::CallTaken);
        }
        let user = caller.person.id;
        let asked_at = now.mono;
        let (admitted, invitation) = (false, None);
        let call = Call { id, name, user, guest, via, admitted, asked_at, invitation };
        match entry(self.settings(), by, shown) {
            Entry::NeedsPassword => Err(Refusal::InvalidPassword),
            Entry::In => {
                if !self.members.contains_key(&user) {
                    self.check_has_place()?;
                }
                self.check_takes_calls(true, 1)?;
                Ok(vec![told(session, call, CallChange::Admitted { by: None })])
            }
            Entry::Waits if self.is_turned_away(&call, now) => Err(Refusal::TurnedAway),
            Entry::Waits if before.is_some() => Ok(Vec::new()),
            Entry::Waits => {
                self.check_takes_calls(false, 1)?;
                Ok(vec![told(session, call, CallChange::Waits)])
            }
        }
    }

    /// Elsewhere nobody is let in who could not come by themselves: CONNECT keeps guests out.
    fn check_may_knock(&self, by: &Actor) -> Result<(), Refusal> {
        let waits = self.settings().kind.profile().has_waiting_room;
        let connects = policy::permissions(self.settings(), by).contains(Permissions::CONNECT);
        if waits || connects { Ok(()) } else { Err(Refusal::Missing(Permissions::CONNECT)) }
    }

    /// Those who wait keep nobody out who need not.
    pub(crate) fn check_takes_calls(&self, admitted: bool, more: usize) -> Result<(), Refusal> {
        let alike = self.calls.values().filter(|call| call.admitted == admitted);
        let has_place = alike.count() + more <= CALLS_MAX;
        if has_place { Ok(()) } else { Err(Refusal::RoomFull { limit: CALLS_MAX as u32 }) }
    }

    /// Whether another call has that name, or a session of somebody who came in without one.
    pub(crate) fn is_taken(&self, session: SessionId, id: &str) -> bool {
        let sessions = self.members.values().flat_map(|member| &member.sessions);
        let mut joined = sessions.filter(|(other, _)| **other != session);
        let is_it = |client: Option<&str>| client == Some(id);
        self.calls.iter().any(|(other, call)| *other != session && call.id == id)
            || joined.any(|(_, state)| state.via == Via::Aura && is_it(state.client.as_deref()))
    }

    fn is_turned_away(&self, call: &Call, now: Now) -> bool {
        self.rejected.iter().any(|(id, user, until)| {
            *until > now.mono && (*id == call.id || *user == Some(call.user))
        })
    }

    /// Asking again too soon is no news.
    pub(crate) fn decide_nudge(
        &self,
        by: &Actor,
        session: SessionId,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let call = self.calls.get(&session).filter(|call| by.user() == Some(call.user));
        let call = call.filter(|call| !call.admitted).ok_or(Refusal::CallNotAdmitted)?;
        if now.mono < call.asked_at + NUDGE_EVERY {
            return Ok(Vec::new());
        }
        Ok(vec![told(session, call.clone(), CallChange::StillWaits { at: now.mono })])
    }

    pub(crate) fn decide_allow(&self, by: &Actor, call: &str) -> Result<Vec<Event>, Refusal> {
        let (session, call) = self.to_decide(by, call)?;
        Ok(vec![told(session, call.clone(), CallChange::Admitted { by: by.user() })])
    }

    pub(crate) fn decide_reject(
        &self,
        by: &Actor,
        call: &str,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let (session, call) = self.to_decide(by, call)?;
        let (by, until) = (by.user(), now.mono + REJECTED_FOR);
        Ok(vec![told(session, call.clone(), CallChange::Rejected { by, until })])
    }

    fn to_decide(&self, by: &Actor, id: &str) -> Result<(SessionId, &Call), Refusal> {
        policy::check(self.settings(), by, Action::Admit)?;
        let mut calls = self.calls.iter().filter(|(_, call)| call.id == id);
        match calls.next() {
            Some((_, call)) if call.admitted => Err(Refusal::AlreadyDecided),
            Some((session, call)) => Ok((*session, call)),
            None if self.rejected.iter().any(|(other, _, _)| other == id) => {
                Err(Refusal::AlreadyDecided)
            }
            None => Err(Refusal::NobodyWaiting),
        }
    }

    pub(crate) fn decide_hang_up(&self, session: SessionId, now: Now) -> Vec<Event> {
        if self.has_session(session) {
            return self.decide_end_session(session, EndReason::Left, now).unwrap_or_default();
        }
        self.calls.get(&session).map(|call| ended(session, call)).into_iter().collect()
    }

    /// Who comes through a door with two steps must have done the first.
    pub(crate) fn check_call(&self, caller: &Caller, join: &Join) -> Result<(), Refusal> {
        match join.via {
            Via::Aura => {
                if let Some(main) = join.beside {
                    return self.check_beside(caller, main);
                }
                let call = self.calls.get(&join.session);
                let is_own = |call: &&Call| call.may_join() && call.user == caller.person.id;
                call.filter(is_own).map(|_| ()).ok_or(Refusal::CallNotAdmitted)
            }
            Via::Vox | Via::SttRoom | Via::VoiceService | Via::OriginChats | Via::Sip => Ok(()),
        }
    }

    /// A second connection is of a call that is in.
    fn check_beside(&self, caller: &Caller, main: SessionId) -> Result<(), Refusal> {
        let own = self.session(main).filter(|(member, session)| {
            member.person.id == caller.person.id && session.beside.is_none()
        });
        own.map(|_| ()).ok_or(Refusal::CallNotAdmitted)
    }

    /// Whether somebody who is not in may come in: an admitted call, or by the room's table.
    pub(crate) fn check_admitted(&self, by: &Actor, join: &Join) -> Result<(), Refusal> {
        if self.calls.get(&join.session).is_some_and(Call::may_join) {
            return Ok(());
        }
        let shown = if join.unlocked { Shown::Right } else { Shown::Nothing };
        match entry(self.settings(), by, shown) {
            Entry::In => Ok(()),
            Entry::NeedsPassword => Err(Refusal::InvalidPassword),
            Entry::Waits => Err(Refusal::MustWait),
        }
    }

    /// What is told when the room closes to those of them who are not in.
    pub(crate) fn turned_away(
        &self,
        reason: EndReason,
        now: Now,
        of: impl Fn(SessionId) -> bool,
    ) -> impl Iterator<Item = Event> {
        let is_outside = move |session: SessionId| !self.has_session(session) && of(session);
        let outside = self.calls.iter().filter(move |(session, _)| is_outside(**session));
        outside.map(move |(session, call)| {
            // Who waits when the server stops may wait again.
            if call.admitted || reason != EndReason::RoomDeleted {
                return ended(*session, call);
            }
            told(*session, call.clone(), CallChange::Rejected { by: None, until: now.mono })
        })
    }

    /// The ends of a person's calls that were let in and have not come in.
    pub(crate) fn other_ways_in(&self, user: UserId) -> impl Iterator<Item = Event> {
        let own = self.calls.iter().filter(move |(_, call)| call.user == user && call.admitted);
        let outside = own.filter(|(session, _)| !self.has_session(**session));
        outside.map(|(session, call)| ended(*session, call))
    }

    /// Nothing is kept of who has no account and leaves.
    pub(crate) fn forgotten(&self, user: UserId) -> Option<Event> {
        let guest = self.calls.values().any(|call| call.user == user && call.guest);
        let marked = self.marks_by_user.contains_key(&user);
        (guest && marked).then_some(Event::MarksForgotten { user })
    }

    pub(crate) fn apply_call(&mut self, session: SessionId, call: &Call, what: CallChange) {
        match what {
            CallChange::Waits => drop(self.calls.insert(session, call.clone())),
            CallChange::StillWaits { at } => {
                if let Some(call) = self.calls.get_mut(&session) {
                    call.asked_at = at;
                }
            }
            CallChange::Admitted { .. } => {
                self.calls.insert(session, Call { admitted: true, ..call.clone() });
            }
            CallChange::Rejected { until, .. } => self.apply_rejected(session, until),
            CallChange::Ended { .. } | CallChange::Unanswered { .. } => {
                self.calls.remove(&session);
            }
            CallChange::Rings => drop(self.calls.insert(session, call.clone())),
            CallChange::Answered => self.apply_answered(session),
        }
    }

    fn apply_rejected(&mut self, session: SessionId, until: Instant) {
        let Some(call) = self.calls.remove(&session) else { return };
        // What is over by the time of this one's beginning is over.
        let now = until.checked_sub(REJECTED_FOR);
        self.rejected.retain(|(_, _, other)| now.is_none_or(|now| *other > now));
        let user = (!call.guest).then_some(call.user);
        self.rejected.push((call.id, user, until));
    }
}

fn ended(session: SessionId, call: &Call) -> Event {
    let what = match call.rings() {
        true => CallChange::Unanswered { why: RingEnd::RoomClosed },
        false => CallChange::Ended { waited: !call.admitted },
    };
    told(session, call.clone(), what)
}

pub(crate) fn told(session: SessionId, call: Call, what: CallChange) -> Event {
    Event::Call { session, call: Box::new(call), what }
}
