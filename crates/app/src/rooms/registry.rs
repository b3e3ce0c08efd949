//! The running room actors, started when first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{RoomId, SessionId};
use net::Media;
use room::{Command, EndReason, Marks, Room, Timing};
use store::{Mark, Store};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::actor::{Message, RoomActor};
use super::index::Index;
use crate::Refusal;
use crate::board::Board;
use crate::clock::now;
use crate::refusal::causes;
use crate::registrations::Registrations;

/// Messages that may wait for a room. Beyond it senders wait: a room decides thousands a second.
const MAILBOX: usize = 256;

/// How often a message is put into a mailbox before giving up: once more than a room can be put away
/// between the look-up and the sending.
const TRIES: usize = 3;

/// What all room actors share.
pub(super) struct Shared {
    pub store: Store,
    pub media: Media,
    pub board: Arc<Board>,
    pub index: Index,
    pub timing: Timing,
    pub registrations: Arc<Registrations>,
    mailboxes: Mutex<Mailboxes>,
}

#[derive(Default)]
struct Mailboxes {
    by_room: HashMap<RoomId, mpsc::Sender<Message>>,
    /// The server stops: no room starts any more.
    stopped: bool,
}

impl Shared {
    pub(super) fn new(store: Store, media: Media, board: Arc<Board>, timing: Timing) -> Self {
        let (index, registrations, mailboxes) = Default::default();
        Self { store, media, board, index, timing, registrations, mailboxes }
    }

    /// Puts a message into a room's mailbox. `false` when the room was just being put away: it is
    /// running again on the next try.
    pub(super) async fn send(
        self: &Arc<Self>,
        room: RoomId,
        message: Message,
    ) -> Result<bool, Refusal> {
        let mailbox = match self.running(room) {
            Some(mailbox) => mailbox,
            None => self.start(room).await?,
        };
        Ok(mailbox.send(message).await.is_ok())
    }

    /// Asks a room something, starting it if it does not run.
    pub(super) async fn ask<T>(
        self: &Arc<Self>,
        room: RoomId,
        message: impl Fn(oneshot::Sender<T>) -> Message,
    ) -> Result<T, Refusal> {
        for _ in 0..TRIES {
            let (reply, answer) = oneshot::channel();
            if self.send(room, message(reply)).await?
                && let Ok(answer) = answer.await
            {
                return Ok(answer);
            }
        }
        Err(Refusal::unavailable())
    }

    /// Where a room puts reports about sessions that were moved: they reach the room that each is in, in
    /// order. A room does not wait for another itself, or two could wait for each other for ever. There
    /// are no more than came through the room's own mailbox while somebody was being moved.
    pub(super) fn pass_on(self: &Arc<Self>) -> mpsc::UnboundedSender<(SessionId, Message)> {
        let (sender, mut passed) = mpsc::unbounded_channel();
        let shared = Arc::clone(self);
        tokio::spawn(async move {
            while let Some((session, message)) = passed.recv().await {
                shared.to_room_of(session, message).await;
            }
        });
        sender
    }

    /// Tells the room of a live session something; nothing when the session is gone.
    pub(super) async fn tell(&self, session: SessionId, command: Command) {
        self.to_room_of(session, Message::Tell { command }).await;
    }

    pub(super) async fn to_room_of(&self, session: SessionId, message: Message) {
        if let Some(room) = self.index.room_of(session) {
            self.to_running(room, message).await;
        }
    }

    /// Tells a room something if it runs: one that does not has nobody to tell it to.
    pub(super) async fn to_running(&self, room: RoomId, message: Message) {
        let Some(mailbox) = self.running(room) else { return };
        // A room that ends just now has ended the session too.
        let _ = mailbox.send(message).await;
    }

    /// The rooms that are running.
    pub(super) fn all_running(&self) -> Vec<RoomId> {
        self.with_mailboxes(|mailboxes| mailboxes.by_room.keys().copied().collect())
    }

    /// No room starts any more; says which run.
    pub(super) fn stop_starting(&self) -> Vec<RoomId> {
        self.with_mailboxes(|mailboxes| mailboxes.stopped = true);
        self.all_running()
    }

    pub(super) fn forget(&self, room: RoomId) {
        self.forget_if(room, || true);
    }

    /// Forgets a room unless the condition, seen under the registry's lock, speaks against it.
    pub(super) fn forget_if(&self, room: RoomId, condition: impl FnOnce() -> bool) -> bool {
        self.with_mailboxes(|mailboxes| {
            let forgotten = condition();
            if forgotten {
                mailboxes.by_room.remove(&room);
            }
            forgotten
        })
    }

    fn running(&self, room: RoomId) -> Option<mpsc::Sender<Message>> {
        self.with_mailboxes(|mailboxes| {
            mailboxes.by_room.get(&room).filter(|mailbox| !mailbox.is_closed()).cloned()
        })
    }

    async fn start(self: &Arc<Self>, room: RoomId) -> Result<mpsc::Sender<Message>, Refusal> {
        let settings = self.store.room(room).await?.ok_or(room::Refusal::RoomNotFound)?;
        let marks = self.store.marks(room).await?.into_iter().map(|mark| {
            let Mark { user, server_mute, server_deaf, server_video_mute, stage_speaker } = mark;
            let speaker = stage_speaker;
            (user, Marks { server_mute, server_deaf, server_video_mute, speaker })
        });
        let loaded = Room::new(settings, marks).with_timing(self.timing);
        let mailbox = self.with_mailboxes(|mailboxes| self.spawn(mailboxes, loaded))?;
        // It may have been deleted between the reading and the starting; whoever deletes it after this
        // look finds it running.
        if self.store.room(room).await?.is_none() {
            let close = Command::Close { reason: EndReason::RoomDeleted };
            let _ = mailbox.send(Message::Tell { command: close }).await;
            return Err(room::Refusal::RoomNotFound.into());
        }
        Ok(mailbox)
    }

    fn spawn(
        self: &Arc<Self>,
        mailboxes: &mut Mailboxes,
        loaded: Room,
    ) -> Result<mpsc::Sender<Message>, Refusal> {
        let room = loaded.settings().id;
        // Somebody else may have started it while this read the store.
        let running = mailboxes.by_room.get(&room).filter(|mailbox| !mailbox.is_closed());
        if let Some(mailbox) = running {
            return Ok(mailbox.clone());
        }
        if mailboxes.stopped {
            return Err(Refusal::unavailable());
        }
        let (sender, mailbox) = mpsc::channel(MAILBOX);
        let actor = tokio::spawn(RoomActor::new(loaded, Arc::clone(self), mailbox).run());
        tokio::spawn(Arc::clone(self).clean_up_after(room, actor));
        mailboxes.by_room.insert(room, sender.clone());
        Ok(sender)
    }

    /// A room's owner that died of a bug leaves nobody behind: its sessions end everywhere, and their
    /// clients join again.
    async fn clean_up_after(self: Arc<Self>, room: RoomId, actor: JoinHandle<()>) {
        if actor.await.is_ok() {
            return;
        }
        let sessions = self.index.forget_room(room);
        self.registrations.forget_room(room);
        tracing::error!(%room, sessions = sessions.len(), "a room's owner died; its sessions end");
        for session in sessions {
            self.media.close(session, room).await;
            let reason = EndReason::ServerRestart.as_str();
            if let Err(error) = self.store.end_session(session, room, reason, now().wall).await {
                tracing::error!(
                    error = causes(&error),
                    "the end of a session could not be written"
                );
            }
        }
    }

    fn with_mailboxes<T>(&self, look: impl FnOnce(&mut Mailboxes) -> T) -> T {
        look(&mut self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
