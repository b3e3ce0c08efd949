//! All gateway sessions: whose they are, which connection is attached, what is kept for those that are
//! away. The time is an argument; nothing here waits.
//!
//! A connection is given events through a bounded queue. One that does not keep up is let go of: its
//! session stays, and the client resumes from where it is.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use model::UserId;
use tokio::sync::{mpsc, oneshot};

use super::close::Close;
use super::dispatch::Dispatch;
use super::replay::{ConnectionId, NotResumed, Replay};

/// Events that may wait for a connection. A client that is further behind gets them sooner by resuming than
/// by waiting; fewer would drop clients in a burst.
pub(super) const QUEUE_MAX: usize = 256;
/// Connections of one account at once: some devices with some tabs.
pub(super) const OPEN_PER_ACCOUNT_MAX: usize = 10;
/// Sessions of one account that are kept for clients that are away. Beyond it the one that is away for
/// longest is forgotten: a client that always identifies anew would otherwise leave one each time.
const AWAY_PER_ACCOUNT_MAX: usize = 20;
/// The same for all accounts: each costs up to 24 KB beside the events themselves.
const AWAY_MAX: usize = 10_000;

/// Every session there is.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_user: HashMap<UserId, Vec<Session>>,
    user_by_id: HashMap<Arc<str>, UserId>,
    connections: u64,
}

#[derive(Debug)]
struct Session {
    id: Arc<str>,
    /// Of the tokens it was opened with.
    epoch: i64,
    replay: Replay<Arc<Dispatch>>,
    /// To the attached connection.
    line: Option<Line>,
}

#[derive(Debug)]
struct Line {
    connection: ConnectionId,
    events: mpsc::Sender<(u64, Arc<Dispatch>)>,
    end: oneshot::Sender<Close>,
}

/// The near end of a connection's line.
#[derive(Debug)]
pub(super) struct Attached {
    /// The session.
    pub(super) id: Arc<str>,
    /// This connection.
    pub(super) connection: ConnectionId,
    /// What comes first, with its numbers.
    pub(super) first: Vec<(u64, Arc<Dispatch>)>,
    /// What comes behind it, without a gap.
    pub(super) events: mpsc::Receiver<(u64, Arc<Dispatch>)>,
    /// Why nothing comes any more.
    pub(super) end: oneshot::Receiver<Close>,
}

/// Who comes back, and to what.
#[derive(Clone, Copy, Debug)]
pub(super) struct Return<'a> {
    /// Whose token was shown.
    pub(super) user: UserId,
    /// Of that token.
    pub(super) epoch: i64,
    /// Which session.
    pub(super) id: &'a str,
    /// The last event that the client has.
    pub(super) last_seq: u64,
}

impl Session {
    fn tell(&mut self, dispatch: &Arc<Dispatch>, now: Instant) {
        let seq = self.replay.tell(Arc::clone(dispatch), now);
        let Some(line) = &self.line else { return };
        if line.events.try_send((seq, Arc::clone(dispatch))).is_err() {
            self.let_go(Close::UnknownError, now);
        }
    }

    /// Ends the attached connection; its client may come back.
    fn let_go(&mut self, why: Close, now: Instant) {
        if let Some(line) = self.line.take() {
            self.replay.detach(line.connection, now);
            // Nobody listens when the connection has just ended by itself.
            let _ = line.end.send(why);
        }
    }

    fn is_open(&self) -> bool {
        self.line.as_ref().is_some_and(|line| !line.events.is_closed())
    }
}

impl Sessions {
    /// A new session with its first connection. `first` makes its first event.
    pub(super) fn open(
        &mut self,
        user: UserId,
        epoch: i64,
        id: Arc<str>,
        first: &Arc<Dispatch>,
        now: Instant,
    ) -> Attached {
        let (line, mut attached) = self.line(Arc::clone(&id));
        let mut replay = Replay::new(line.connection);
        attached.first.push((replay.tell(Arc::clone(first), now), Arc::clone(first)));
        let session = Session { id: Arc::clone(&id), epoch, replay, line: Some(line) };
        self.by_user.entry(user).or_default().push(session);
        self.user_by_id.insert(id, user);
        attached
    }

    /// Another connection for a session that there is.
    pub(super) fn resume(&mut self, back: Return<'_>, now: Instant) -> Result<Attached, Close> {
        let owner = self.user_by_id.get(back.id).filter(|owner| **owner == back.user);
        let owner = *owner.ok_or(Close::SessionExpired)?;
        let (line, mut attached) = self.line(Arc::from(back.id));
        let of_owner = self.by_user.get_mut(&owner).into_iter().flatten();
        let session = of_owner.into_iter().find(|session| *session.id == *back.id);
        let session = session.ok_or(Close::SessionExpired)?;
        let resumed = session.replay.resume(line.connection, back.last_seq, now);
        let resumed = resumed.map_err(|refused| match refused {
            NotResumed::Expired => Close::SessionExpired,
            NotResumed::Exhausted => Close::ReplayExhausted,
        })?;
        session.epoch = back.epoch;
        attached.first = resumed.missed;
        if let Some(old) = session.line.replace(line) {
            let _ = old.end.send(Close::SessionExpired);
        }
        Ok(attached)
    }

    fn line(&mut self, id: Arc<str>) -> (Line, Attached) {
        self.connections += 1;
        let connection = ConnectionId(self.connections);
        let (sender, events) = mpsc::channel(QUEUE_MAX);
        let (ending, end) = oneshot::channel();
        let line = Line { connection, events: sender, end: ending };
        (line, Attached { id, connection, first: Vec::new(), events, end })
    }

    /// A connection has ended.
    pub(super) fn detach(&mut self, id: &str, connection: ConnectionId, now: Instant) {
        let Some(user) = self.user_by_id.get(id).copied() else { return };
        let sessions = self.by_user.get_mut(&user).into_iter().flatten();
        for session in sessions.filter(|session| session.replay.is_attached_to(connection)) {
            session.line = None;
            session.replay.detach(connection, now);
        }
        self.limit_away(user);
    }

    /// Tells somebody something on all their sessions, open or away.
    pub(super) fn tell(&mut self, user: UserId, dispatch: &Arc<Dispatch>, now: Instant) {
        for session in self.by_user.get_mut(&user).into_iter().flatten() {
            session.tell(dispatch, now);
        }
    }

    /// Open connections of somebody.
    pub(super) fn open_count(&self, user: UserId) -> usize {
        let sessions = self.by_user.get(&user).map(Vec::as_slice).unwrap_or_default();
        sessions.iter().filter(|session| session.is_open()).count()
    }

    /// Whether somebody has a session, open or away.
    pub(super) fn has(&self, user: UserId) -> bool {
        self.by_user.contains_key(&user)
    }

    /// Whether this is somebody's session with a connection that is open.
    pub(super) fn is_open(&self, user: UserId, id: &str) -> bool {
        let sessions = self.by_user.get(&user).map(Vec::as_slice).unwrap_or_default();
        sessions.iter().any(|session| *session.id == *id && session.is_open())
    }

    /// Ends all sessions of somebody.
    pub(super) fn end_all_of(&mut self, user: UserId, why: Close, now: Instant) {
        self.end(user, why, now, |_| true);
    }

    /// Ends the sessions of somebody that were opened with tokens that are dead since.
    pub(super) fn sign_out(&mut self, user: UserId, epoch: i64, now: Instant) {
        self.end(user, Close::AuthFailed, now, |session| session.epoch < epoch);
    }

    /// Ends every session.
    pub(super) fn stop(&mut self, now: Instant) {
        for session in self.by_user.values_mut().flatten() {
            session.let_go(Close::ServerRestart, now);
        }
        *self = Self { connections: self.connections, ..Self::default() };
    }

    fn end(&mut self, user: UserId, why: Close, now: Instant, which: impl Fn(&Session) -> bool) {
        self.remove(user, |session| {
            let ends = which(session);
            if ends {
                session.let_go(why, now);
            }
            ends
        });
    }

    /// Forgets what is kept for long enough, and sessions whose clients do not come back.
    pub(super) fn tidy(&mut self, now: Instant) {
        for session in self.by_user.values_mut().flatten() {
            session.replay.forget_old(now);
            // A connection that ended without a word.
            if session.line.is_some() && !session.is_open() {
                session.let_go(Close::UnknownError, now);
            }
        }
        let users: Vec<UserId> = self.by_user.keys().copied().collect();
        for user in users {
            self.remove(user, |session| session.replay.is_over(now));
        }
    }

    /// Forgets the older half of all events.
    pub(super) fn forget_half(&mut self) {
        for session in self.by_user.values_mut().flatten() {
            session.replay.forget_half();
        }
    }

    /// Forgets those that are away for longest, beyond what is kept for one account and for all.
    fn limit_away(&mut self, user: UserId) {
        let of_user = self.by_user.get(&user).map(Vec::as_slice).unwrap_or_default();
        if of_user.len() > AWAY_PER_ACCOUNT_MAX && away(of_user).count() > AWAY_PER_ACCOUNT_MAX {
            self.forget_longest_away(Some(user));
        }
        if self.user_by_id.len() > AWAY_MAX {
            let all = self.by_user.values().flat_map(|sessions| away(sessions));
            if all.count() > AWAY_MAX {
                self.forget_longest_away(None);
            }
        }
    }

    fn forget_longest_away(&mut self, of: Option<UserId>) {
        let candidates = self.by_user.iter().filter(|(user, _)| of.is_none_or(|of| of == **user));
        let aways = candidates.flat_map(|(user, sessions)| {
            away(sessions).map(move |(since, id)| (since, *user, Arc::clone(id)))
        });
        if let Some((_, user, id)) = aways.min_by_key(|(since, ..)| *since) {
            self.remove(user, |session| session.id == id);
        }
    }

    fn remove(&mut self, user: UserId, mut which: impl FnMut(&mut Session) -> bool) {
        let Some(sessions) = self.by_user.get_mut(&user) else { return };
        for session in sessions.extract_if(.., |session| which(session)) {
            self.user_by_id.remove(&session.id);
        }
        if sessions.is_empty() {
            self.by_user.remove(&user);
        }
    }
}

/// The sessions without a connection, with since when.
fn away(sessions: &[Session]) -> impl Iterator<Item = (Instant, &Arc<str>)> {
    let away = |session: &Session| session.replay.away_since();
    sessions.iter().filter_map(move |session| Some((away(session)?, &session.id)))
}
