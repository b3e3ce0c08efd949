//! What a room's watchers are told: numbered, in order, each thing once, resumable.
//!
//! The room actor owns the feed. A watcher that does not keep up is dropped and resumes with the number
//! of the last notice it got.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use model::{MediaKind, SessionId, Timestamp, TrackSource, UserId};
use room::{Event, MemberView, Message, Person, RoomView};
use tokio::sync::mpsc;

/// Notices kept for watchers that come back. A busy room says a few per second: minutes.
const HISTORY_MAX: usize = 1000;

/// Notices among which an earlier text of a message is looked for. It is a second or two old; one that is
/// further back stays.
const TEXTS_LOOKED_BACK: usize = 64;

/// Streams of one session at once: a client that reconnects has two for a moment, and STT Room's tabs of one
/// person are one session. Beyond it the oldest is dropped; fewer would have tabs push each other out.
const WATCHERS_PER_SESSION_MAX: usize = 32;

/// Notices a watcher may be behind before it is dropped and has to resume.
const WATCHER_QUEUE: usize = 256;

/// One thing that a watcher is told.
#[derive(Clone, Debug)]
pub struct Notice {
    /// Rises by one within a room; never used twice, not by a later life of the room either.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// What.
    pub what: What,
}

/// The kinds of notices.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "notices are few, and shared once they are made")]
pub enum What {
    /// Something happened in the room.
    Event {
        /// What happened.
        event: Event,
        /// The member concerned as they are since then, or were last when they are gone.
        member: Option<MemberView>,
        /// Whether they are still a member.
        stays: bool,
    },
    /// Who is in which receiving section of a session.
    Slots {
        /// Whose sections.
        session: SessionId,
        /// All of them.
        slots: Vec<Slot>,
    },
    /// The peer connection of a session is dead: make a new one.
    Reconnect {
        /// Whose.
        session: SessionId,
    },
    /// How loud a session is that speaks. Told to whoever asked for it, and kept for nobody: its number is
    /// that of the notice before.
    Level {
        /// Which session.
        session: SessionId,
        /// dBov: 0 is the loudest, -127 silence.
        dbov: i8,
    },
    /// Who is looked at now: the one who speaks, of several the loudest. Told like levels.
    ActiveSpeaker {
        /// Whose session. `None`: nobody speaks.
        session: Option<SessionId>,
    },
    /// Something was said. The same id again takes the place of what was told before, and an empty final
    /// takes it back.
    Message(Arc<Message>),
}

/// A receiving section of a session.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Its `a=mid`.
    pub mid: String,
    /// Audio or video.
    pub kind: MediaKind,
    /// What it carries just now.
    pub carries: Option<Carried>,
}

/// What a section carries.
#[derive(Clone, Debug)]
pub struct Carried {
    /// Whose track it is.
    pub person: Person,
    /// Of which session of theirs.
    pub session: SessionId,
    /// Microphone, camera or screen.
    pub source: TrackSource,
}

/// Who is told of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum To {
    /// Everyone who follows.
    All,
    /// Whoever follows for this session.
    Session(SessionId),
    /// Whoever follows for one of these.
    Sessions([SessionId; 2]),
    /// Whoever follows for a session of these.
    People(Arc<[UserId]>),
    /// Whoever follows for a session of these, and for that session.
    PeopleAnd(Arc<[UserId]>, SessionId),
}

impl To {
    fn concerns(&self, watching: Watching) -> bool {
        match self {
            Self::All => watching.inside,
            Self::Session(session) => *session == watching.session,
            Self::Sessions(sessions) => sessions.contains(&watching.session),
            Self::People(people) => watching.inside && people.contains(&watching.user),
            Self::PeopleAnd(people, session) => {
                watching.inside && people.contains(&watching.user) || *session == watching.session
            }
        }
    }
}

/// For whom somebody follows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Watching {
    pub session: SessionId,
    pub user: UserId,
    /// Is told what those in the room are told, and not only what is for the session.
    pub inside: bool,
    /// Is told levels and the active speaker.
    pub levels: bool,
}

impl What {
    fn ends(&self, watched: SessionId) -> bool {
        let Self::Event { event, .. } = self else { return false };
        match event {
            Event::SessionEnded { session, .. } => *session == watched,
            Event::Call { session, what, .. } => *session == watched && what.is_end(),
            _ => false,
        }
    }
}

/// The state a watcher starts from.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The notices up to this one are in it.
    pub seq: u64,
    /// When it was taken.
    pub at: Timestamp,
    /// The room.
    pub view: RoomView,
    /// The watching session's sections.
    pub slots: Vec<Slot>,
}

/// How a watcher starts.
#[derive(Debug)]
pub enum Start {
    /// From the state as it is.
    Snapshot(Box<Snapshot>),
    /// From where it was: what it missed.
    Missed(Vec<Arc<Notice>>),
}

#[derive(Debug)]
struct Watcher {
    watching: Watching,
    queue: mpsc::Sender<Arc<Notice>>,
}

/// The numbered history of a room and those who follow it.
#[derive(Debug)]
pub struct Feed {
    next_seq: u64,
    history: VecDeque<(To, Arc<Notice>)>,
    /// The newest notice that the history has forgotten; those after it are there, but for messages
    /// that a later text took the place of.
    forgotten: u64,
    watchers: Vec<Watcher>,
    slots_by_session: HashMap<SessionId, Vec<Slot>>,
}

impl Feed {
    /// Numbers start at the wall clock's microseconds, so that a later life of the room, which opens
    /// later, cannot repeat one. They stay below 2^53 and so exact in JSON until the year 2255.
    pub fn new(now: Timestamp) -> Self {
        let next_seq = now.as_micros().max(1) as u64;
        Self {
            next_seq,
            history: VecDeque::new(),
            forgotten: next_seq - 1,
            watchers: Vec::new(),
            slots_by_session: HashMap::new(),
        }
    }

    /// Whether nobody follows.
    pub fn is_unwatched(&mut self) -> bool {
        self.watchers.retain(|watcher| !watcher.queue.is_closed());
        self.watchers.is_empty()
    }

    /// Tells everyone concerned. Those whose session this ends are told and let go.
    pub(super) fn publish(&mut self, what: What, to: To, at: Timestamp) {
        self.remember_slots(&what);
        let notice = Arc::new(Notice { seq: self.next_seq, at, what });
        self.next_seq += 1;
        self.watchers.retain(|watcher| {
            let kept = !to.concerns(watcher.watching)
                || watcher.queue.try_send(Arc::clone(&notice)).is_ok();
            kept && !notice.what.ends(watcher.watching.session)
        });
        self.forget_earlier_texts(&notice.what);
        if self.history.len() == HISTORY_MAX
            && let Some((_, oldest)) = self.history.pop_front()
        {
            self.forgotten = oldest.seq;
        }
        self.history.push_back((to, notice));
    }

    /// Begins to follow for a session, after a notice it already has.
    pub(super) fn watch(
        &mut self,
        watching: Watching,
        after: Option<u64>,
        view: impl FnOnce() -> RoomView,
        at: Timestamp,
    ) -> (Start, mpsc::Receiver<Arc<Notice>>) {
        let (queue, notices) = mpsc::channel(WATCHER_QUEUE);
        let session = watching.session;
        let is_own = |watcher: &Watcher| watcher.watching.session == session;
        if self.watchers.iter().filter(|watcher| is_own(watcher)).count()
            >= WATCHERS_PER_SESSION_MAX
            && let Some(oldest) = self.watchers.iter().position(is_own)
        {
            self.watchers.remove(oldest);
        }
        self.watchers.push(Watcher { watching, queue });
        let start = match after.and_then(|seq| self.missed(watching, seq)) {
            Some(missed) => Start::Missed(missed),
            None => {
                let slots = self.slots_by_session.get(&session).cloned().unwrap_or_default();
                Start::Snapshot(Box::new(Snapshot {
                    seq: self.next_seq - 1,
                    at,
                    view: view(),
                    slots,
                }))
            }
        };
        (start, notices)
    }

    /// What came after a notice; `None` when it is older than the history or not of this life.
    fn missed(&self, watching: Watching, after: u64) -> Option<Vec<Arc<Notice>>> {
        if after < self.forgotten || after >= self.next_seq {
            return None;
        }
        let later = self.history.iter().filter(|(_, notice)| notice.seq > after);
        let concerned = later.filter(|(to, _)| to.concerns(watching));
        Some(concerned.map(|(_, notice)| Arc::clone(notice)).collect())
    }

    /// Only the last text of a message is worth telling later: guesses come a few times a second, and would
    /// push everything else out.
    fn forget_earlier_texts(&mut self, what: &What) {
        let What::Message(message) = what else { return };
        let same = |(_, notice): &(To, Arc<Notice>)| matches!(&notice.what, What::Message(earlier) if earlier.id == message.id);
        let recent = self.history.len().saturating_sub(TEXTS_LOOKED_BACK);
        if let Some(at) = self.history.iter().skip(recent).position(same) {
            self.history.remove(recent + at);
        }
    }

    /// Whether somebody follows levels.
    pub(super) fn has_levels(&self) -> bool {
        self.watchers.iter().any(|watcher| watcher.watching.levels)
    }

    /// Tells those who follow levels, and nobody else, and keeps nothing of it. A watcher that is behind
    /// misses it.
    pub(super) fn mention(&self, what: What, at: Timestamp) {
        let notice = Arc::new(Notice { seq: self.next_seq - 1, at, what });
        for watcher in &self.watchers {
            let Watching { inside, levels, .. } = watcher.watching;
            if inside && levels && watcher.queue.capacity() > WATCHER_QUEUE / 2 {
                // Closed: it is let go with the next notice.
                let _ = watcher.queue.try_send(Arc::clone(&notice));
            }
        }
    }

    /// Whoever follows for a session is told from now on what those in the room are.
    pub(super) fn let_in(&mut self, session: SessionId) {
        let its = |watcher: &&mut Watcher| watcher.watching.session == session;
        for watcher in self.watchers.iter_mut().filter(its) {
            watcher.watching.inside = true;
        }
    }

    fn remember_slots(&mut self, what: &What) {
        match what {
            What::Slots { session, slots } => {
                self.slots_by_session.insert(*session, slots.clone());
            }
            What::Event { event: Event::SessionEnded { session, .. }, .. } => {
                self.slots_by_session.remove(session);
            }
            What::Event { .. }
            | What::Reconnect { .. }
            | What::Level { .. }
            | What::ActiveSpeaker { .. }
            | What::Message(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Id, MessageId, RoomId, UserId};
    use room::{Message, MessageMeta, MessageStatus, Sender};

    use super::*;

    fn at() -> Timestamp {
        Timestamp::from_micros(1_000)
    }

    fn session() -> SessionId {
        SessionId::from_i64(1).unwrap()
    }

    fn watching() -> Watching {
        let user = UserId::from_i64(2).unwrap();
        Watching { session: session(), user, inside: true, levels: false }
    }

    fn text(message: u64, text: &str, status: MessageStatus) -> What {
        let id = Id::from_u64(message).unwrap();
        let sender =
            Sender { user: UserId(id), name: "maya".into(), email: None, external_id: None };
        let (room, meta) = (RoomId(id), MessageMeta::default());
        let text = text.to_owned();
        let message = Message { id: MessageId(id), room, sender, text, status, meta, at: at() };
        What::Message(Arc::new(message))
    }

    /// What somebody missed who has the notice with this number.
    fn missed(feed: &Feed, after: u64) -> Option<Vec<(u64, String)>> {
        let said = |notice: Arc<Notice>| match &notice.what {
            What::Message(message) => (notice.seq, message.text.clone()),
            What::Event { .. }
            | What::Slots { .. }
            | What::Level { .. }
            | What::ActiveSpeaker { .. }
            | What::Reconnect { .. } => (notice.seq, String::new()),
        };
        Some(feed.missed(watching(), after)?.into_iter().map(said).collect())
    }

    #[test]
    fn of_a_message_only_the_last_text_is_kept() {
        let mut feed = Feed::new(at());
        let first = feed.next_seq;
        feed.publish(What::Reconnect { session: session() }, To::All, at());
        for guess in 0..3 * HISTORY_MAX {
            feed.publish(text(7, &format!("guess {guess}"), MessageStatus::Partial), To::All, at());
            feed.publish(text(8, "other", MessageStatus::Partial), To::All, at());
        }
        feed.publish(text(7, "said", MessageStatus::Final), To::All, at());
        let last = feed.next_seq - 1;
        let told = missed(&feed, first - 1).expect("nothing was pushed out");
        let expect = [(first, ""), (last - 1, "other"), (last, "said")];
        assert_eq!(told, expect.map(|(seq, text)| (seq, text.to_owned())));
        assert_eq!(missed(&feed, last), Some(Vec::new()));
        assert_eq!(missed(&feed, last + 1), None, "not of this life");
        assert_eq!(missed(&feed, first - 2), None, "before it");
    }

    #[test]
    fn what_was_forgotten_is_said_so() {
        let mut feed = Feed::new(at());
        let first = feed.next_seq;
        for _ in 0..=HISTORY_MAX {
            feed.publish(What::Reconnect { session: session() }, To::All, at());
        }
        assert_eq!(missed(&feed, first - 1), None);
        assert_eq!(missed(&feed, first).map(|told| told.len()), Some(HISTORY_MAX));
    }
}
