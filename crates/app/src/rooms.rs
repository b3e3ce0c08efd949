//! The rooms that are running, as the rest of the server sees them: one actor each, reached by id.

mod actor;
mod feed;
mod index;
mod journal;
mod reactions;
mod registry;

use std::sync::Arc;

use media::SlotBinding;
use model::{RoomId, SessionId, UserId};
use net::Media;
use room::{Actor, Call, Caller, Command, EndReason, Knock, RoomView, Timing};
use store::Store;
use tokio::sync::{Mutex, oneshot};
use tokio::task::JoinSet;

pub use self::actor::{CallWatch, Heard, Knocked, Outcome, Watch, WatchBeside};
pub use self::feed::{Carried, Notice, Slot, Snapshot, Start, What};
pub use self::index::Index;

use self::actor::Message;
use self::registry::Shared;
use crate::Refusal;
use crate::board::Board;
use crate::registrations::Registrations;

/// Reaches rooms. Cheap to clone.
#[derive(Clone)]
pub struct Rooms {
    shared: Arc<Shared>,
    /// Held while somebody is carried from one room to another, where one room waits for the other: two
    /// such at once could wait in a circle. Moderators move people by hand.
    carrying: Arc<Mutex<()>>,
}

impl Rooms {
    pub(crate) fn new(store: Store, media: Media, board: Arc<Board>, timing: Timing) -> Self {
        let shared = Arc::new(Shared::new(store, media, board, timing));
        Self { shared, carrying: Arc::default() }
    }

    /// Where sessions and people are.
    pub fn index(&self) -> &Index {
        &self.shared.index
    }

    /// Rooms with a running actor.
    pub fn running_count(&self) -> usize {
        self.shared.all_running().len()
    }

    /// Has a room carry out a command. The reply comes when all its effects are there.
    pub async fn submit(
        &self,
        room: RoomId,
        by: &Actor,
        command: Command,
    ) -> Result<Outcome, Refusal> {
        let submit = |reply| Message::Submit { by: by.clone(), command: command.clone(), reply };
        self.shared.ask(room, submit).await?
    }

    /// Whether the room would refuse a command just now. Changes nothing.
    pub async fn consider(
        &self,
        room: RoomId,
        by: &Actor,
        command: &Command,
    ) -> Result<(), Refusal> {
        let consider =
            |reply| Message::Consider { by: by.clone(), command: command.clone(), reply };
        Ok(self.shared.ask(room, consider).await??)
    }

    /// Carries a person with all their sessions from one room to another; says which sessions.
    pub(crate) async fn carry(
        &self,
        from: RoomId,
        by: &Actor,
        whom: Caller,
        to: RoomId,
    ) -> Result<Vec<SessionId>, Refusal> {
        let _one_at_a_time = self.carrying.lock().await;
        let carry = |reply| Message::Carry { by: by.clone(), whom: whom.clone(), to, reply };
        self.shared.ask(from, carry).await?
    }

    /// Has the room of a live session carry out a command.
    pub async fn submit_to_room_of(
        &self,
        session: SessionId,
        by: &Actor,
        command: Command,
    ) -> Result<Outcome, Refusal> {
        let room = self.room_of(session)?;
        let outcome = self.submit(room, by, command.clone()).await;
        match self.went_on_to(room, session, outcome.as_ref().err()) {
            Some(room) => self.submit(room, by, command).await,
            None => outcome,
        }
    }

    /// The room as it is now. The caller checks whether who asks may see it.
    pub async fn view(&self, room: RoomId) -> Result<RoomView, Refusal> {
        self.shared.ask(room, |reply| Message::View { reply }).await
    }

    /// The room as it is now, if it runs: one that does not is empty.
    pub async fn view_if_running(&self, room: RoomId) -> Option<RoomView> {
        let (reply, answer) = oneshot::channel();
        self.shared.to_running(room, Message::View { reply }).await;
        answer.await.ok()
    }

    /// Follows the room of a session, from a notice on or from its present state. The watch is a link
    /// of the session: it is present while the watch lives.
    pub async fn watch(&self, session: SessionId, after: Option<u64>) -> Result<Watch, Refusal> {
        let ask = |reply| Message::Watch { session, after, reply };
        let room = self.room_of(session)?;
        let watch = self.shared.ask(room, ask).await?;
        match self.went_on_to(room, session, watch.as_ref().err()) {
            Some(room) => self.shared.ask(room, ask).await?,
            None => watch,
        }
    }

    /// The room of a live session as it is now.
    pub(crate) async fn view_of(&self, session: SessionId) -> Result<RoomView, Refusal> {
        let room = self.room_of(session)?;
        let view = self.view(room).await?;
        let unknown = Refusal::Room(room::Refusal::UnknownSession);
        if view.session(session).is_some() {
            return Ok(view);
        }
        match self.went_on_to(room, session, Some(&unknown)) {
            Some(room) => self.view(room).await,
            None => Err(unknown),
        }
    }

    /// Where a session was moved to while one room was asked, which did not know it any more.
    fn went_on_to(
        &self,
        from: RoomId,
        session: SessionId,
        answer: Option<&Refusal>,
    ) -> Option<RoomId> {
        let unknown = Refusal::Room(room::Refusal::UnknownSession);
        self.index().room_of(session).filter(|now| *now != from && answer == Some(&unknown))
    }

    /// Has somebody knock at a room, see [`room::Knock`].
    pub(crate) async fn knock(
        &self,
        room: RoomId,
        by: &Actor,
        knock: Knock,
    ) -> Result<Knocked, Refusal> {
        let ask = |reply| Message::Knock { by: by.clone(), knock: knock.clone(), reply };
        self.shared.ask(room, ask).await?
    }

    /// The room, for a call that was admitted. With `watch` it is told from now on what those in the
    /// room are, without coming in.
    pub(crate) async fn admitted(
        &self,
        room: RoomId,
        session: SessionId,
        watch: bool,
    ) -> Result<RoomView, Refusal> {
        self.shared.ask(room, |reply| Message::Admitted { session, watch, reply }).await?
    }

    /// Follows a room beside a call that was admitted, without keeping it.
    pub(crate) async fn watch_along(
        &self,
        room: RoomId,
        session: SessionId,
    ) -> Result<WatchBeside, Refusal> {
        self.shared.ask(room, |reply| Message::WatchAlong { session, reply }).await?
    }

    /// Answers an invitation, if it still rings: the call, which hangs up when its watch is dropped.
    pub(crate) async fn answer(
        &self,
        room: RoomId,
        session: SessionId,
    ) -> Result<(Call, CallWatch), Refusal> {
        self.shared.ask(room, |reply| Message::Answer { session, reply }).await?
    }

    /// Who can be rung.
    pub(crate) fn registrations(&self) -> &Arc<Registrations> {
        &self.shared.registrations
    }

    /// How loud a session is that speaks.
    pub(crate) async fn level(&self, session: SessionId, dbov: i8) {
        self.shared.to_room_of(session, Message::Level { session, dbov }).await;
    }

    /// The room of a live session.
    pub fn room_of(&self, session: SessionId) -> Result<RoomId, Refusal> {
        let room = self.index().room_of(session);
        room.ok_or(Refusal::Room(room::Refusal::UnknownSession))
    }

    /// Reports about a session that nobody waits for.
    pub(crate) async fn tell(&self, session: SessionId, command: Command) {
        self.shared.tell(session, command).await;
    }

    /// Reports to a room that nobody waits for; nothing when it does not run.
    pub(crate) async fn tell_room(&self, room: RoomId, command: Command) {
        self.shared.to_running(room, Message::Tell { command }).await;
    }

    /// Has a room tell that something was said; nothing when it does not run.
    pub(crate) async fn say(&self, message: Arc<room::Message>) {
        self.shared.to_running(message.room, Message::Say { message }).await;
    }

    /// The peer connection of a session is dead.
    pub(crate) async fn peer_failed(&self, session: SessionId) {
        self.shared.to_room_of(session, Message::PeerFailed { session }).await;
    }

    /// The media plane has put sources into a session's receiving sections.
    pub(crate) async fn slots(&self, session: SessionId, bindings: Vec<SlotBinding>) {
        self.shared.to_room_of(session, Message::Slots { session, bindings }).await;
    }

    /// Puts a person out of every room they are in. `false` when one of them could not do it now.
    pub async fn end_member_everywhere(&self, user: UserId, reason: EndReason) -> bool {
        let mut all = true;
        for room in self.index().rooms_of(user) {
            let end = Command::EndMember { user, reason };
            if let Err(refusal) = self.submit(room, &Actor::Server, end).await {
                tracing::warn!(%refusal, "a member could not be put out");
                all = false;
            }
        }
        all
    }

    /// Puts everyone out of every room, all rooms at once, and lets no room start any more.
    pub async fn close_all(&self, reason: EndReason) {
        let mut closing = JoinSet::new();
        for room in self.shared.stop_starting() {
            let rooms = self.clone();
            closing.spawn(async move {
                let close = Command::Close { reason };
                if let Err(refusal) = rooms.submit(room, &Actor::Server, close).await {
                    tracing::warn!(%refusal, "a room could not be closed");
                }
            });
        }
        closing.join_all().await;
    }
}
