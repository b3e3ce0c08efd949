//! What everyone who may know of a room is told, whether they are in it or not: who is in, who may
//! speak, rooms that come and go.
//!
//! The board knows no permissions and keeps nothing: whoever subscribes judges who of theirs may be told,
//! and remembers what they have to tell again. Room actors write it in order, so that the news of one
//! room are in order; between rooms there is none.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use model::{Redacted, RoomId, TrackSource, UserId};
use room::{Event, MemberView, RoomView, Settings};
use tokio::sync::mpsc;

use crate::Identity;

/// News that may wait for a subscriber. Beyond it rooms wait: more would only hide one that has stopped.
const NEWS_MAX: usize = 4096;
/// A subscriber that has taken nothing for this long is let go, and sees its queue end: a room must not
/// stand still for it.
const TAKEN_WITHIN: Duration = Duration::from_secs(2);

/// One thing that is told.
#[derive(Debug)]
pub enum News {
    /// Something changed in a room that is shown to those outside too.
    Room(RoomNews),
    /// A room was made.
    RoomCreated {
        /// The stored part.
        settings: Settings,
    },
    /// A room is gone.
    RoomDeleted {
        /// The stored part, as it was last.
        settings: Settings,
    },
    /// A new token for somebody's media connection: the old one is about to expire, or was good for
    /// another room.
    MediaToken {
        /// For them alone.
        user: UserId,
        /// Good for this room.
        room: RoomId,
        /// The token.
        token: Redacted<String>,
    },
    /// Somebody's roles changed: what they may see is judged by this from now on.
    Reauthorized {
        /// The account with its roles.
        identity: Box<Identity>,
    },
    /// Somebody's tokens died, by a ban or a new password.
    SignedOut {
        /// Whose.
        user: UserId,
        /// The account's epoch now: what was opened with another is theirs no more.
        epoch: i64,
    },
    /// The server stops.
    Stopping,
}

/// What changed in a room, all of one decision.
#[derive(Debug)]
pub struct RoomNews {
    /// What happened, in order. Who speaks just now and whose client is alive is left out.
    pub events: Vec<Event>,
    /// The room after it.
    pub view: RoomView,
    /// Members who are gone by it, as they were.
    pub gone: Vec<MemberView>,
}

/// Where news are put up.
#[derive(Debug)]
pub struct Board {
    subscribers: Mutex<Vec<mpsc::Sender<Arc<News>>>>,
    taken_within: Duration,
}

impl Default for Board {
    fn default() -> Self {
        Self { subscribers: Mutex::default(), taken_within: TAKEN_WITHIN }
    }
}

impl Board {
    /// Everything from now on. Who does not read is let go.
    pub fn subscribe(&self) -> mpsc::Receiver<Arc<News>> {
        let (sender, receiver) = mpsc::channel(NEWS_MAX);
        self.subscribers(|subscribers| subscribers.push(sender));
        receiver
    }

    /// Whether anybody would be told.
    pub(crate) fn is_followed(&self) -> bool {
        self.subscribers(|subscribers| !subscribers.is_empty())
    }

    /// Tells all subscribers.
    pub(crate) async fn tell(&self, news: News) {
        let news = Arc::new(news);
        for subscriber in self.subscribers(|subscribers| subscribers.clone()) {
            let sent = subscriber.send_timeout(Arc::clone(&news), self.taken_within).await;
            if sent.is_err() {
                let is_it = |other: &mpsc::Sender<_>| other.same_channel(&subscriber);
                self.subscribers(|subscribers| subscribers.retain(|other| !is_it(other)));
            }
        }
    }

    fn subscribers<T>(&self, look: impl FnOnce(&mut Vec<mpsc::Sender<Arc<News>>>) -> T) -> T {
        look(&mut self.subscribers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether an event is shown to those outside the room.
pub(crate) fn is_news(event: &Event) -> bool {
    match event {
        // Whether a microphone flows is not shown.
        Event::Source { source, .. } => *source != TrackSource::Microphone,
        Event::MemberJoined { .. }
        | Event::MemberLeft { .. }
        | Event::SessionStarted { .. }
        | Event::SessionArrived { .. }
        | Event::SessionEnded { .. }
        | Event::SelfChanged { .. }
        | Event::Moderated { .. }
        | Event::SpeakRequested { .. }
        | Event::SpeakRequestWithdrawn { .. }
        | Event::SpeakerInvited { .. }
        | Event::InviteEnded { .. }
        | Event::SpeakerMade { .. }
        | Event::SpeakerRevoked { .. }
        | Event::TopicChanged { .. }
        | Event::SettingsChanged { .. }
        | Event::CaptionsSwitched { .. } => true,
        Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::RequestHeard { .. }
        | Event::Speaking { .. }
        | Event::Reauthorized { .. }
        | Event::FloorTaken { .. }
        | Event::FloorKept { .. }
        | Event::FloorReleased { .. }
        | Event::HandRaised { .. }
        | Event::HandLowered { .. }
        | Event::Reacted { .. }
        | Event::Call { .. }
        | Event::MarksForgotten { .. }
        | Event::Closed { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_does_not_read_is_let_go_and_the_others_are_told_all() {
        let taken_within = Duration::from_millis(100);
        let board = Board { taken_within, ..Board::default() };
        let (deaf, mut reader) = (board.subscribe(), board.subscribe());
        let reading = tokio::spawn(async move {
            let mut read = 0;
            while reader.recv().await.is_some() {
                read += 1;
            }
            read
        });
        for _ in 0..=NEWS_MAX {
            board.tell(News::Stopping).await;
        }
        assert_eq!(deaf.len(), NEWS_MAX);
        assert_eq!(board.subscribers(|subscribers| subscribers.len()), 1, "it was let go");
        drop(board);
        assert_eq!(reading.await.unwrap(), NEWS_MAX + 1);
    }
}
