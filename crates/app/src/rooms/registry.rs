//! The running room actors, started when first needed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use model::{RoomId, SessionId};
use net::Media;
use room::{Command, Marks, Room};
use store::{Mark, Store};
use tokio::sync::mpsc;

use super::actor::{Message, RoomActor};
use super::index::Index;
use crate::Refusal;

/// Messages that may wait for a room. Beyond it senders wait: a room decides thousands a second.
const MAILBOX: usize = 256;

/// What all room actors share.
pub(super) struct Shared {
    pub store: Store,
    pub media: Media,
    pub index: Index,
    mailboxes: Mutex<HashMap<RoomId, mpsc::Sender<Message>>>,
}

impl Shared {
    pub(super) fn new(store: Store, media: Media) -> Self {
        Self { store, media, index: Index::default(), mailboxes: Mutex::default() }
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

    /// Tells the room of a live session something; nothing when the session is gone.
    pub(super) async fn tell(&self, session: SessionId, command: Command) {
        self.to_room_of(session, Message::Tell { command }).await;
    }

    pub(super) async fn to_room_of(&self, session: SessionId, message: Message) {
        let Some(mailbox) = self.index.room_of(session).and_then(|room| self.running(room)) else {
            return;
        };
        // A room that ends just now has ended the session too.
        let _ = mailbox.send(message).await;
    }

    /// The rooms that are running.
    pub(super) fn all_running(&self) -> Vec<RoomId> {
        self.with_mailboxes(|mailboxes| mailboxes.keys().copied().collect())
    }

    pub(super) fn forget(&self, room: RoomId) {
        self.forget_if(room, || true);
    }

    /// Forgets a room unless the condition, seen under the registry's lock, speaks against it.
    pub(super) fn forget_if(&self, room: RoomId, condition: impl FnOnce() -> bool) -> bool {
        self.with_mailboxes(|mailboxes| {
            let forgotten = condition();
            if forgotten {
                mailboxes.remove(&room);
            }
            forgotten
        })
    }

    fn running(&self, room: RoomId) -> Option<mpsc::Sender<Message>> {
        self.with_mailboxes(|mailboxes| {
            mailboxes.get(&room).filter(|mailbox| !mailbox.is_closed()).cloned()
        })
    }

    async fn start(self: &Arc<Self>, room: RoomId) -> Result<mpsc::Sender<Message>, Refusal> {
        let settings = self.store.room(room).await?.ok_or(room::Refusal::RoomNotFound)?;
        let marks = self.store.marks(room).await?.into_iter().map(|mark| {
            let Mark { user, server_mute, server_deaf } = mark;
            (user, Marks { server_mute, server_deaf })
        });
        let loaded = Room::new(settings, marks);
        Ok(self.with_mailboxes(|mailboxes| {
            // Somebody else may have started it while this read the store.
            if let Some(mailbox) = mailboxes.get(&room).filter(|mailbox| !mailbox.is_closed()) {
                return mailbox.clone();
            }
            let (sender, mailbox) = mpsc::channel(MAILBOX);
            tokio::spawn(RoomActor::new(loaded, Arc::clone(self), mailbox).run());
            mailboxes.insert(room, sender.clone());
            sender
        }))
    }

    fn with_mailboxes<T>(
        &self,
        look: impl FnOnce(&mut HashMap<RoomId, mpsc::Sender<Message>>) -> T,
    ) -> T {
        look(&mut self.mailboxes.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
