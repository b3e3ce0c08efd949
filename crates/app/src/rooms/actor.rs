//! The one owner of a room: a task that decides, stores, applies, tells, and reacts, one message at a
//! time.
//!
//! The order is the promise: an event is in the store before it is applied, the media plane has carried
//! out its effect before the reply, so that after the reply to a mute no later packet leaves.

mod following;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use media::SlotBinding;
use model::{Now, RoomId, SessionId};
use room::{
    ActiveSpeaker, Actor, Arrival, Audience, Call, Caller, Command, EndReason, Event, Knock,
    MemberView, Room, RoomView,
};
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::DropGuard;

use super::feed::{Carried, Feed, Notice, Slot, Start, To, What};
use super::journal::Journal;
use super::reactions;
use super::registry::Shared;
use crate::board::{News, RoomNews, is_news};
use crate::clock::now;

/// An empty, unwatched room is put away after this long: rejoining at once costs no look-up.
const IDLE_AFTER: Duration = Duration::from_secs(30);

/// What reaches a room's mailbox.
#[derive(Debug)]
pub(super) enum Message {
    /// Carry out a command; the reply comes when its effects have.
    Submit { by: Actor, command: Command, reply: oneshot::Sender<Result<Outcome, crate::Refusal>> },
    /// Say whether a command would be refused, and change nothing.
    Consider { by: Actor, command: Command, reply: oneshot::Sender<Result<(), room::Refusal>> },
    /// Carry somebody over to another room; the reply comes when they are there and no longer here, with
    /// their sessions.
    Carry {
        by: Actor,
        whom: Caller,
        to: RoomId,
        reply: oneshot::Sender<Result<Vec<SessionId>, crate::Refusal>>,
    },
    /// Carry out a command nobody waits for.
    Tell { command: Command },
    /// The peer connection of a session is dead.
    PeerFailed { session: SessionId },
    /// The media plane has put sources into a session's receiving sections.
    Slots { session: SessionId, bindings: Vec<SlotBinding> },
    /// Tell that something was said.
    Say { message: Arc<room::Message> },
    /// The room as it is.
    View { reply: oneshot::Sender<RoomView> },
    /// How loud a session is that speaks, dBov.
    Level { session: SessionId, dbov: i8 },
    /// Somebody wants to come in by two steps, and follows what concerns them from here on.
    Knock { by: Actor, knock: Knock, reply: oneshot::Sender<Result<Knocked, crate::Refusal>> },
    /// The room, for a call that was admitted; it may be told from now on what those in it are.
    Admitted {
        session: SessionId,
        watch: bool,
        reply: oneshot::Sender<Result<RoomView, crate::Refusal>>,
    },
    /// A client answers an invitation, and follows what concerns it from here on.
    Answer { session: SessionId, reply: oneshot::Sender<Result<(Call, CallWatch), crate::Refusal>> },
    /// Follow the room beside an admitted call.
    WatchAlong { session: SessionId, reply: oneshot::Sender<Result<WatchBeside, crate::Refusal>> },
    /// Follow the room for a session.
    Watch {
        session: SessionId,
        after: Option<u64>,
        reply: oneshot::Sender<Result<Watch, crate::Refusal>>,
    },
}

/// What a command brought about.
#[derive(Debug)]
pub struct Outcome {
    /// What happened; empty when all was so already.
    pub events: Vec<Event>,
    /// The room after it.
    pub view: RoomView,
}

/// What became of somebody who wants to come in by two steps.
#[derive(Debug)]
pub struct Knocked {
    /// They may. Otherwise they wait.
    pub admitted: bool,
    /// Their watch, if this was the first time that they asked.
    pub watch: Option<CallWatch>,
}

/// What somebody is told who wants to come in, waits to, or is in.
#[derive(Debug)]
pub struct CallWatch {
    /// What comes; ends when the call does or the watcher falls behind.
    pub notices: mpsc::Receiver<Arc<Notice>>,
    /// Dropped with the watch: the call hangs up.
    pub gone: DropGuard,
}

/// A watch by the token of a call that is somebody else's to keep.
#[derive(Debug)]
pub struct WatchBeside {
    /// The call's session.
    pub session: SessionId,
    /// The room as it is.
    pub view: RoomView,
    /// What comes after; ends when the call does or the watcher falls behind.
    pub notices: mpsc::Receiver<Arc<Notice>>,
}

/// A running watch.
#[derive(Debug)]
pub struct Watch {
    /// Where it starts.
    pub start: Start,
    /// What comes after; ends when the session does or the watcher falls behind.
    pub notices: mpsc::Receiver<Arc<Notice>>,
    /// The watcher notes here that its client is alive.
    pub heard: Heard,
    /// Dropped with the watch: how the room learns that the watcher is gone.
    pub gone: DropGuard,
}

/// When a watcher's client was last heard of.
#[derive(Clone, Debug)]
pub struct Heard(Arc<Mutex<Instant>>);

impl Heard {
    /// Something arrived from the client just now.
    pub fn mark(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn at(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) struct RoomActor {
    room: Room,
    feed: Feed,
    journal: Journal,
    shared: Arc<Shared>,
    mailbox: mpsc::Receiver<Message>,
    active: ActiveSpeaker,
    /// Reports about sessions that were moved; there once there was one.
    passed: Option<mpsc::UnboundedSender<(SessionId, Message)>>,
}

impl RoomActor {
    pub(super) fn new(room: Room, shared: Arc<Shared>, mailbox: mpsc::Receiver<Message>) -> Self {
        let journal = Journal::new(shared.store.clone(), room.settings().id);
        let (feed, active) = (Feed::new(now().wall), ActiveSpeaker::default());
        Self { room, feed, journal, shared, mailbox, active, passed: None }
    }

    /// Runs until the room is closed or has been idle.
    pub(super) async fn run(mut self) {
        let mut idle_since = Instant::now();
        while !self.room.is_closed() {
            let in_use =
                !self.room.is_empty() || self.room.has_calls() || !self.feed.is_unwatched();
            if in_use || self.journal.has_pending() {
                idle_since = Instant::now();
            } else if idle_since.elapsed() >= IDLE_AFTER && self.put_away() {
                return;
            }
            let wake_at = self.wake_at(idle_since);
            tokio::select! {
                message = self.mailbox.recv() => match message {
                    Some(message) => self.handle_message(message).await,
                    None => return,
                },
                () = tokio::time::sleep_until(wake_at.into()) => {}
            }
            self.handle_deadline().await;
        }
        self.journal.settle().await;
        self.shared.forget(self.room.settings().id);
    }

    /// Takes the room out of the registry unless a message is already on its way.
    fn put_away(&mut self) -> bool {
        self.shared.forget_if(self.room.settings().id, || self.mailbox.is_empty())
    }

    fn wake_at(&self, idle_since: Instant) -> Instant {
        let deadlines = [self.room.next_deadline(), self.journal.retry_at()];
        let next = deadlines.into_iter().flatten().min();
        next.unwrap_or(Instant::now().max(idle_since) + IDLE_AFTER)
    }

    async fn handle_message(&mut self, message: Message) {
        match message {
            Message::Submit { by, command, reply } => {
                let outcome = self.submit(&by, command).await;
                // Who asked may be gone; what was done stays done.
                let _ = reply.send(outcome);
            }
            Message::Consider { by, command, reply } => {
                let _ = reply.send(self.room.decide(&by, command, now()).map(|_| ()));
            }
            Message::Carry { by, whom, to, reply } => {
                let carried = self.carry(&by, whom, to).await;
                let _ = reply.send(carried);
            }
            Message::Tell { command } => self.handle_report(command).await,
            // A report that was overtaken by the session's move is for the other room; by its end, about
            // nobody. Who is in which section is told anew after a move.
            Message::PeerFailed { session } if !self.room.has_session(session) => {
                self.pass_on(session, Message::PeerFailed { session });
            }
            Message::Slots { session, .. } if !self.room.has_session(session) => {}
            Message::PeerFailed { session } => {
                self.feed.publish(What::Reconnect { session }, To::Session(session), now().wall);
            }
            Message::Slots { session, bindings } => {
                let slots = bindings.into_iter().map(|binding| self.slot(binding)).collect();
                let what = What::Slots { session, slots };
                self.feed.publish(what, To::Session(session), now().wall);
            }
            Message::Say { message } => {
                self.feed.publish(What::Message(message), To::All, now().wall);
            }
            Message::Level { session, dbov } => self.handle_level(session, dbov),
            Message::Knock { by, knock, reply } => {
                let knocked = self.knock(&by, knock).await;
                let _ = reply.send(knocked);
            }
            Message::Admitted { session, watch, reply } => {
                let admitted = self.room.call(session).is_some_and(|call| call.admitted);
                if admitted && watch {
                    self.feed.let_in(session);
                }
                let view = admitted.then(|| self.room.view());
                let _ = reply.send(view.ok_or(room::Refusal::CallNotAdmitted.into()));
            }
            Message::Answer { session, reply } => {
                let answered = self.answer(session).await;
                let _ = reply.send(answered);
            }
            Message::WatchAlong { session, reply } => {
                let _ = reply.send(self.watch_along(session));
            }
            Message::View { reply } => {
                let _ = reply.send(self.room.view());
            }
            Message::Watch { session, after, reply } => {
                let watch = self.watch(session, after).await;
                let _ = reply.send(watch);
            }
        }
    }

    /// Something that nobody waits for. A report about a session that has just ended is no news.
    async fn handle_report(&mut self, command: Command) {
        let about = session_of(&command).filter(|session| !self.room.has_session(*session));
        match about {
            Some(moved) => self.pass_on(moved, Message::Tell { command }),
            None => {
                let _ = self.carry_out(&Actor::Server, command).await;
            }
        }
    }

    /// Gives a report to the room that its session is in now, if that is another.
    fn pass_on(&mut self, session: SessionId, message: Message) {
        if self.shared.index.room_of(session).is_none_or(|room| room == self.room.settings().id) {
            return;
        }
        let passed = self.passed.get_or_insert_with(|| self.shared.pass_on());
        // The task that passes them on ends after this.
        let _ = passed.send((session, message));
    }

    /// Hands somebody over to another room. While that room decides, this one does nothing else: what it
    /// hands over is how things are.
    async fn carry(
        &mut self,
        by: &Actor,
        whom: Caller,
        to: RoomId,
    ) -> Result<Vec<SessionId>, crate::Refusal> {
        let (here, user) = (self.room.settings().id, whom.person.id);
        let out = Command::MoveOut { user, to };
        self.room.decide(by, out.clone(), now())?;
        let sessions = self.room.departing(user).unwrap_or_default();
        let ids: Vec<SessionId> = sessions.iter().map(|(session, _)| *session).collect();
        let command = Command::MoveIn(Arrival { caller: whom, from: here, sessions });
        let submit = |reply| Message::Submit { by: by.clone(), command: command.clone(), reply };
        let taken = self.shared.ask(to, submit).await.and_then(|outcome| outcome);
        let is_here = |session: &SessionId| self.shared.index.room_of(*session) == Some(here);
        if let Err(refusal) = &taken
            && ids.iter().all(is_here)
        {
            return Err(refusal.clone());
        }
        // They are there, or were, and it cannot be undone: who may move somebody was asked above.
        self.carry_out(by, out).await?;
        taken.map(|_| ids)
    }

    async fn handle_deadline(&mut self) {
        let now = now();
        self.journal.retry(now.mono).await;
        if self.room.next_deadline().is_some_and(|at| at <= now.mono) {
            let events = self.room.due(now);
            // Time cannot be refused: what the store does not take now, it takes later.
            let _ = self.commit(&events, now).await;
            self.tell_if_over().await;
        }
    }

    async fn submit(&mut self, by: &Actor, command: Command) -> Result<Outcome, crate::Refusal> {
        let events = self.carry_out(by, command).await?;
        Ok(Outcome { events, view: self.room.view() })
    }

    async fn carry_out(
        &mut self,
        by: &Actor,
        command: Command,
    ) -> Result<Vec<Event>, crate::Refusal> {
        let now = now();
        let closes = matches!(command, Command::Close { .. });
        let events = self.room.decide(by, command, now)?;
        let done = self.commit(&events, now).await;
        // Who closes it tells that themselves.
        if !closes {
            self.tell_if_over().await;
        }
        done.map(|()| events)
    }

    /// A room that was made for one call has ended by itself.
    async fn tell_if_over(&self) {
        if self.room.is_closed() {
            let settings = self.room.settings().clone();
            self.shared.board.tell(News::RoomDeleted { settings }).await;
        }
    }

    /// Stores, applies, tells, and has the media plane follow. A session that the media plane cannot
    /// take is ended again, and the refusal says so.
    async fn commit(&mut self, events: &[Event], now: Now) -> Result<(), crate::Refusal> {
        self.journal.append(events, now.mono).await?;
        let gone = self.apply(events, now);
        let failed = self.react(events).await;
        self.put_up(events, gone).await;
        let Some(failed) = failed else { return Ok(()) };
        let end = Command::EndSession { session: failed, reason: EndReason::MediaFailed };
        if let Ok(ended) = self.room.decide(&Actor::Server, end, now) {
            self.journal.append(&ended, now.mono).await?;
            let gone = self.apply(&ended, now);
            self.react(&ended).await;
            self.put_up(&ended, gone).await;
        }
        Err(crate::Refusal::unavailable())
    }

    async fn react(&self, events: &[Event]) -> Option<SessionId> {
        let Shared { media, registrations, .. } = &*self.shared;
        reactions::carry_out(&self.room, events, media, registrations).await
    }

    /// Tells those outside.
    async fn put_up(&self, events: &[Event], gone: Vec<MemberView>) {
        let news: Vec<Event> = events.iter().filter(|event| is_news(event)).cloned().collect();
        if news.is_empty() || !self.shared.board.is_followed() {
            return;
        }
        let news = RoomNews { events: news, view: self.room.view(), gone };
        self.shared.board.tell(News::Room(news)).await;
    }

    /// Applies all of the events, then tells them: who is told of one sees the state after the last.
    /// Comes back with the members who are gone by them.
    fn apply(&mut self, events: &[Event], now: Now) -> Vec<MemberView> {
        let user = |event: &Event| event.user();
        let before: Vec<_> = events
            .iter()
            .map(|event| user(event).and_then(|user| self.room.member(user)))
            .collect();
        for event in events {
            self.room.apply(event);
            self.shared.index.apply(self.room.settings(), event);
        }
        let mut gone = Vec::new();
        for (event, before) in events.iter().zip(before) {
            let member = user(event).and_then(|user| self.room.member(user));
            let (stays, member) = (member.is_some(), member.or(before));
            if let (Event::MemberLeft { .. }, Some(member)) = (event, &member) {
                gone.push(member.clone());
            }
            if let Event::SessionStarted { session, .. } = event {
                self.feed.let_in(*session);
            }
            self.follow_speech(event);
            let Some(to) = self.told(event) else { continue };
            self.feed.publish(What::Event { event: event.clone(), member, stays }, to, now.wall);
        }
        gone
    }

    /// Who is told of an event; `None`: nobody.
    fn told(&self, event: &Event) -> Option<To> {
        match event.audience() {
            Audience::Room => Some(To::All),
            Audience::Call { session, inviter: None } => Some(To::Session(session)),
            Audience::Call { session, inviter: Some(inviter) } => {
                Some(To::Sessions([session, inviter]))
            }
            Audience::Person(user) => Some(To::People(Arc::from([user]))),
            Audience::StageModerators => Some(To::People(self.room.stage_moderators().into())),
            Audience::AdminsAnd(session) => Some(To::PeopleAnd(self.room.admins().into(), session)),
            Audience::Server => None,
        }
    }

    /// A binding with the person in it; one who has just left is in no section.
    fn slot(&self, binding: SlotBinding) -> Slot {
        let carries = binding.bound.and_then(|bound| {
            let person = self.room.member(bound.user)?.person;
            Some(Carried { person, session: bound.session, source: bound.source })
        });
        Slot { mid: binding.mid, kind: binding.kind, carries }
    }
}

/// The session that a report is about.
fn session_of(command: &Command) -> Option<SessionId> {
    match command {
        Command::LinkUp { session, .. }
        | Command::LinkDown { session, .. }
        | Command::Speaking { session, .. }
        | Command::Source { session, .. }
        | Command::EndSession { session, .. }
        | Command::Leave { session }
        | Command::SetHand { session, .. }
        | Command::React { session, .. }
        | Command::SetSelf { session, .. } => Some(*session),
        Command::Join(_)
        | Command::LeaveAll
        | Command::ServerMute { .. }
        | Command::ServerDeafen { .. }
        | Command::ServerVideoMute { .. }
        | Command::Knock(_)
        | Command::Nudge { .. }
        | Command::AllowCall { .. }
        | Command::RejectCall { .. }
        | Command::HangUp { .. }
        | Command::Invite { .. }
        | Command::Answer { .. }
        | Command::StopRinging { .. }
        | Command::Kick { .. }
        | Command::TakeFloor
        | Command::KeepFloor
        | Command::ReleaseFloor
        | Command::SwitchCaptions { .. }
        | Command::EndMember { .. }
        | Command::Close { .. }
        | Command::RequestHeard { .. }
        | Command::Reauthorize { .. }
        | Command::RequestToSpeak
        | Command::WithdrawRequest
        | Command::InviteToSpeak { .. }
        | Command::RespondInvite { .. }
        | Command::RevokeSpeaker { .. }
        | Command::SetTopic { .. }
        | Command::ChangeSettings(_)
        | Command::MoveOut { .. }
        | Command::MoveIn(_) => None,
    }
}
