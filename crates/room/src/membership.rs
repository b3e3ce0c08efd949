//! Coming in and going out: members, and the sessions of a member.
//!
//! A person is one member however many sessions they have. `MemberJoined` comes before the first
//! session, `MemberLeft` after the last: everyone else sees one join and one leave.

use model::{Now, Permissions, RoleId, SessionId, UserId};

use crate::actor::{Actor, Caller};
use crate::command::Join;
use crate::end::EndReason;
use crate::event::Event;
use crate::member::{Member, Session};
use crate::policy::{self, Action};
use crate::presence::has_client;
use crate::refusal::Refusal;
use crate::room::Room;

/// Sessions of one member at once: a person's devices and tabs. Beyond it the oldest is replaced; more
/// would let one account fill the media plane.
pub const SESSIONS_PER_MEMBER_MAX: usize = 8;

impl Room {
    pub(crate) fn decide_join(
        &self,
        by: &Actor,
        join: Join,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        // Only people join: a session has somebody behind it.
        let Actor::Caller(caller) = by else { return Err(Refusal::RoomNotFound) };
        policy::check(self.settings(), by, Action::Join)?;
        self.check_call(caller, &join)?;
        let user = caller.person.id;
        let mut events = match self.members.get(&user) {
            Some(member) if join.only_once && is_here(member) => return Err(Refusal::AlreadyIn),
            Some(member) => {
                let reauthorized = self.reauthorized(member, &caller.roles, caller.base);
                // Who lives by requests is in, however often they ask to be.
                if let Some(heard) = self.heard_again(member, join.via, now) {
                    return Ok(reauthorized.into_iter().chain([heard]).collect());
                }
                let mut events = self.replaced_sessions(member, &join, now);
                events.extend(reauthorized);
                events
            }
            None => {
                self.check_has_place()?;
                self.check_admitted(by, &join)?;
                vec![self.joined(caller, now)]
            }
        };
        events.push(Event::SessionStarted {
            session: join.session,
            user,
            via: join.via,
            client: join.client,
            mute: join.mute,
            deaf: join.deaf,
            video_mute: join.video_mute,
            beside: join.beside,
            at: now.wall,
            gone_at: now.mono + self.first_wait(join.via),
        });
        Ok(events)
    }

    /// Whether there is a place for one more member.
    pub(crate) fn check_has_place(&self) -> Result<(), Refusal> {
        let limit = self.settings().member_limit;
        let has_place = self.members.len() < limit as usize;
        if has_place { Ok(()) } else { Err(Refusal::RoomFull { limit }) }
    }

    pub(crate) fn joined(&self, caller: &Caller, now: Now) -> Event {
        let Caller { person, roles, base } = caller.clone();
        let permissions = self.settings().resolve(person.id, &roles, base);
        Event::MemberJoined { person, roles, base, permissions, at: now.wall }
    }

    fn replaced_sessions(&self, member: &Member, join: &Join, now: Now) -> Vec<Event> {
        let same_client = |session: &Session| session.is_of(join.via, join.client.as_deref());
        let replaced = member.sessions.iter().filter(|(_, session)| same_client(session));
        let mut ids: Vec<SessionId> = replaced.map(|(id, _)| *id).collect();
        if member.sessions.len() - ids.len() >= SESSIONS_PER_MEMBER_MAX {
            ids.extend(member.sessions.keys().find(|id| !ids.contains(id)).copied());
        }
        let ids = member.with_companions(ids).into_iter();
        ids.flat_map(|id| ended(member, id, EndReason::Replaced, now)).collect()
    }

    pub(crate) fn decide_leave(
        &self,
        by: &Actor,
        session: SessionId,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        self.own_session(by, session)?;
        self.decide_end_session(session, EndReason::Left, now)
    }

    pub(crate) fn decide_leave_all(&self, by: &Actor, now: Now) -> Result<Vec<Event>, Refusal> {
        let user = self.asking(by)?.ok_or(Refusal::NotInRoom)?.person.id;
        Ok(self.end_member(user, EndReason::Left, now))
    }

    pub(crate) fn decide_kick(
        &self,
        by: &Actor,
        user: UserId,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::Kick)?;
        if !self.members.contains_key(&user) {
            return Err(Refusal::TargetNotInRoom);
        }
        let mut events = self.end_member(user, EndReason::Kicked { by: by.user() }, now);
        events.extend(self.other_ways_in(user));
        Ok(events)
    }

    pub(crate) fn decide_end_session(
        &self,
        session: SessionId,
        reason: EndReason,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, _) = self.session(session).ok_or(Refusal::UnknownSession)?;
        let over = member.with_companions(vec![session]);
        if member.sessions.len() == over.len() {
            return Ok(self.end_member(member.person.id, reason, now));
        }
        Ok(over.into_iter().flat_map(|id| ended(member, id, reason, now)).collect())
    }

    /// Ends all sessions of a person; nothing when they are not in.
    pub(crate) fn end_member(&self, user: UserId, reason: EndReason, now: Now) -> Vec<Event> {
        let Some(member) = self.members.get(&user) else { return Vec::new() };
        let sessions = self.all_ended(member, reason, now);
        sessions.chain(self.forgotten(user)).chain([Event::MemberLeft { user, reason }]).collect()
    }

    pub(crate) fn decide_close(&self, reason: EndReason, now: Now) -> Vec<Event> {
        // Everyone's own end first: it is then the first thing that is told to each, however many
        // departures of others follow.
        let sessions = self.members.values().flat_map(|member| self.all_ended(member, reason, now));
        let members = self.members.keys().map(|user| Event::MemberLeft { user: *user, reason });
        let calls = self.turned_away(reason, now, |_| true);
        let closed = Event::Closed { reason, at: now.wall };
        sessions.chain(members).chain(calls).chain([closed]).collect()
    }

    /// What follows when the last one leaves a room that was made for one call: nobody is there any more
    /// whom others would come to, so nothing rings any more and the room closes.
    pub(crate) fn with_end(&self, mut events: Vec<Event>, now: Now) -> Vec<Event> {
        if !self.settings().temporary || !self.is_left_by(&events) {
            return events;
        }
        let is_over = |call: SessionId| {
            let of_it =
                |event: &Event| matches!(event, Event::Call { session, .. } if *session == call);
            events.iter().any(of_it)
        };
        let reason = EndReason::RoomDeleted;
        let calls = self.turned_away(reason, now, |call| !is_over(call)).collect::<Vec<_>>();
        events.extend(calls);
        events.push(Event::Closed { reason, at: now.wall });
        events
    }

    /// Whether nobody is in after these, and somebody was.
    fn is_left_by(&self, events: &[Event]) -> bool {
        let left = events.iter().filter(|event| matches!(event, Event::MemberLeft { .. })).count();
        let closes = events.iter().any(|event| matches!(event, Event::Closed { .. }));
        left > 0 && left == self.members.len() && !closes
    }

    fn all_ended(
        &self,
        member: &Member,
        reason: EndReason,
        now: Now,
    ) -> impl Iterator<Item = Event> {
        let user = member.person.id;
        let sessions = member.sessions.keys().flat_map(move |id| ended(member, *id, reason, now));
        let (floor, stage) = (self.floor_left(user, now), self.stage_left(user, reason));
        floor.into_iter().chain(stage).chain(sessions)
    }

    pub(crate) fn decide_reauthorize(
        &self,
        user: UserId,
        roles: &[RoleId],
        base: Permissions,
    ) -> Result<Vec<Event>, Refusal> {
        let member = self.members.get(&user).ok_or(Refusal::TargetNotInRoom)?;
        Ok(self.reauthorized(member, roles, base).into_iter().collect())
    }

    pub(crate) fn reauthorized(
        &self,
        member: &Member,
        roles: &[RoleId],
        base: Permissions,
    ) -> Option<Event> {
        member.reauthorized(roles, base, self.settings())
    }

    /// The member who asks; `None` for somebody else, if they may know of the room at all.
    pub(crate) fn asking(&self, by: &Actor) -> Result<Option<&Member>, Refusal> {
        let member = by.user().and_then(|user| self.members.get(&user));
        if member.is_none() {
            policy::check(self.settings(), by, Action::View)?;
        }
        Ok(member)
    }

    /// The member behind a session of the caller's own. Somebody else's is refused, not hidden:
    /// session ids are no secret inside a room.
    pub(crate) fn own_session(
        &self,
        by: &Actor,
        session: SessionId,
    ) -> Result<(&Member, &Session), Refusal> {
        let found = self.session(session).ok_or(Refusal::UnknownSession)?;
        let own = by.user().is_none_or(|user| user == found.0.person.id);
        if own { Ok(found) } else { Err(Refusal::NotYourSession) }
    }
}

fn is_here(member: &Member) -> bool {
    member.sessions.values().any(|state| has_client(state.via, state.detached))
}

/// What the end of one session of a member is told as: it does not speak any more, and is over.
pub(crate) fn ended(
    member: &Member,
    session: SessionId,
    reason: EndReason,
    now: Now,
) -> Vec<Event> {
    let user = member.person.id;
    let spoke = member.sessions.get(&session).is_some_and(|state| state.speaking);
    let silent = spoke.then_some(Event::Speaking { session, user, speaking: false });
    let ended = Event::SessionEnded { session, user, reason, at: now.wall };
    silent.into_iter().chain([ended]).collect()
}
