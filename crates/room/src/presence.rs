//! Whether somebody is still there: a session lives while a socket or its media does.
//!
//! Through the door of STT Room nobody needs either: such a session lives by requests, and its socket and
//! media only keep it as long as they are up.
//!
//! The room is told of links going up and down and keeps one deadline per session without any. It never
//! polls: its owner wakes it at [`Room::next_deadline`].

use std::time::{Duration, Instant};

use model::{Now, SessionId, UserId, Via};

use crate::end::EndReason;
use crate::event::Event;
use crate::member::Member;
use crate::membership::ended;
use crate::refusal::Refusal;
use crate::room::Room;

/// A session without any link for this long has left. Less would drop people who change networks;
/// more would leave ghosts in the list.
pub const GONE_AFTER: Duration = Duration::from_secs(10);

/// A session that never had a link has left after this long: time to answer a permission prompt.
pub const JOIN_TIMEOUT: Duration = Duration::from_secs(30);

/// What ties a session to a living client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// A socket of some dialect.
    Socket,
    /// A socket for everything of the person that the session's own client need not have opened. It keeps
    /// a session that lost its links, and does not undo that it is detached.
    Gateway,
    /// Packets from its peer connection.
    Media,
}

impl Room {
    pub(crate) fn decide_link_up(
        &self,
        session: SessionId,
        link: Link,
    ) -> Result<Vec<Event>, Refusal> {
        let (_, state) = self.session(session).ok_or(Refusal::UnknownSession)?;
        if link == Link::Media && state.media {
            return Ok(Vec::new());
        }
        Ok(vec![Event::LinkUp { session, link }])
    }

    pub(crate) fn decide_link_down(
        &self,
        session: SessionId,
        link: Link,
        last_seen: Instant,
    ) -> Result<Vec<Event>, Refusal> {
        let (_, state) = self.session(session).ok_or(Refusal::UnknownSession)?;
        let (was_up, others) = match link {
            Link::Socket | Link::Gateway => (state.sockets > 0, state.sockets > 1 || state.media),
            Link::Media => (state.media, state.sockets > 0),
        };
        if !was_up {
            return Ok(Vec::new());
        }
        // The other link may have been heard of later than this one.
        let heard_at = state.heard_at.map_or(last_seen, |heard| heard.max(last_seen));
        let gone_at = (!others).then(|| heard_at + self.wait(state.via));
        Ok(vec![Event::LinkDown { session, link, heard_at, gone_at }])
    }

    pub(crate) fn decide_request_heard(&self, user: UserId, now: Now) -> Vec<Event> {
        let member = self.members.get(&user);
        let heard = member.and_then(|member| self.heard_again(member, Via::SttRoom, now));
        heard.into_iter().collect()
    }

    /// A request of a member who is in through a door where that keeps them in.
    pub(crate) fn heard_again(&self, member: &Member, via: Via, now: Now) -> Option<Event> {
        if !lives_by_requests(via) {
            return None;
        }
        let (session, state) = member.sessions.iter().find(|(_, state)| state.via == via)?;
        // A link's last packet may be later than the clock that was read for this request.
        let heard_at = state.heard_at.map_or(now.mono, |heard| heard.max(now.mono));
        let gone_at = (!state.is_linked()).then(|| heard_at + self.wait(via));
        Some(Event::RequestHeard { session: *session, heard_at, gone_at })
    }

    /// How long a new session has for its first link or request.
    pub(crate) fn first_wait(&self, via: Via) -> Duration {
        if lives_by_requests(via) { self.wait(via) } else { JOIN_TIMEOUT }
    }

    /// How long a session stays after it was last heard of.
    fn wait(&self, via: Via) -> Duration {
        if lives_by_requests(via) { self.timing.request_idle } else { GONE_AFTER }
    }

    /// When a session that was given until then to show life was last heard of: who lives by requests
    /// asked to come in just now.
    pub(crate) fn heard_by_joining(&self, via: Via, gone_at: Instant) -> Option<Instant> {
        if lives_by_requests(via) { gone_at.checked_sub(self.wait(via)) } else { None }
    }

    pub(crate) fn apply_request_heard(
        &mut self,
        session: SessionId,
        heard_at: Instant,
        gone_at: Option<Instant>,
    ) {
        self.with_session(session, |state| {
            (state.heard_at, state.gone_at) = (Some(heard_at), gone_at);
        });
    }

    pub(crate) fn apply_link_up(&mut self, session: SessionId, link: Link) {
        self.with_session(session, |state| {
            state.gone_at = None;
            match link {
                Link::Socket | Link::Gateway => state.sockets += 1,
                Link::Media => state.media = true,
            }
            state.detached &= link == Link::Gateway;
        });
    }

    pub(crate) fn apply_link_down(
        &mut self,
        session: SessionId,
        link: Link,
        heard_at: Instant,
        gone_at: Option<Instant>,
    ) {
        self.with_session(session, |state| {
            (state.heard_at, state.gone_at) = (Some(heard_at), gone_at);
            match link {
                Link::Socket | Link::Gateway => state.sockets = state.sockets.saturating_sub(1),
                Link::Media => state.media = false,
            }
            state.detached |= gone_at.is_some();
        });
    }

    /// When [`Room::due`] will have something; `None` while nothing is waited for.
    pub fn next_deadline(&self) -> Option<Instant> {
        let sessions = self.members.values().flat_map(|member| member.sessions.values());
        let sessions = sessions.filter_map(|session| session.gone_at);
        let sessions = sessions.chain(self.rings_expire());
        sessions.chain(self.floor_expires()).chain(self.invites_expire()).min()
    }

    /// What time alone has brought about by now.
    pub fn due(&self, now: Now) -> Vec<Event> {
        let mut events: Vec<Event> = self.floor_expired(now).into_iter().collect();
        let floor_is_over = !events.is_empty();
        events.extend(self.invites_expired(now));
        events.extend(self.rings_expired(now));
        for member in self.members.values() {
            let user = member.person.id;
            let gone = |at: Option<Instant>| at.is_some_and(|at| at <= now.mono);
            let gone = member.sessions.iter().filter(|(_, session)| gone(session.gone_at));
            let gone = member.with_companions(gone.map(|(id, _)| *id).collect());
            let leaves = gone.len() == member.sessions.len();
            events.extend(self.floor_left(user, now).filter(|_| leaves && !floor_is_over));
            let timed_out = |id: &SessionId| ended(member, *id, EndReason::Timeout, now);
            events.extend(gone.iter().flat_map(timed_out));
            if leaves {
                events.extend(self.forgotten(user));
                events.push(Event::MemberLeft { user, reason: EndReason::Timeout });
            }
        }
        self.with_end(events, now)
    }
}

/// Whether a living client is behind a session, or on its way to it: a detached one is gone, and who lives
/// by requests may be nobody's any more.
pub(crate) fn has_client(via: Via, detached: bool) -> bool {
    !detached && !lives_by_requests(via)
}

/// Whether requests alone keep a session: STT Room's client closes its socket when nobody looks, and that
/// is not leaving.
pub(crate) fn lives_by_requests(via: Via) -> bool {
    match via {
        Via::SttRoom => true,
        Via::Vox | Via::VoiceService | Via::Aura | Via::OriginChats | Via::Sip => false,
    }
}
