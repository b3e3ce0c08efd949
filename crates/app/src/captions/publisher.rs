//! The task that makes messages of texts: names their speaker, stores the finals, has the rooms tell
//! them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use model::{AccountId, MessageId, Timestamp};
use room::{Message, MessageMeta, MessageStatus, Sender};
use store::Store;
use tokio::sync::mpsc;
use transcribe::track::Caption;
use transcribe::transcript::Segment;
use transcribe::utterance::UtteranceId;

use super::{Report, Speaker};
use crate::clock::Ids;
use crate::messages::sender_of;
use crate::refusal::causes;
use crate::rooms::Rooms;
use crate::speech::{Speech, SpeechState};

/// Utterances of a stream whose messages are remembered: the one being said, the one before it that may
/// still be corrected, and some that wait to be decoded.
const UTTERANCES_MAX: usize = 32;
/// Messages that wait for the store. At one in three seconds and speaker, ten minutes of five speakers.
const OWED_MAX: usize = 1_000;
/// How long one write may take before the message is told and waits.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long to wait before the store is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

pub(super) struct Publisher {
    rooms: Rooms,
    store: Store,
    speech: Speech,
    ids: Arc<Ids>,
    streams: HashMap<u64, Named>,
    /// Told, and not stored yet; oldest first.
    owed: VecDeque<Arc<Message>>,
}

/// A stream with the name of its speaker, and the messages of its last utterances.
struct Named {
    speaker: Speaker,
    sender: Sender,
    said: VecDeque<(UtteranceId, Arc<Message>)>,
}

impl Publisher {
    pub fn new(rooms: Rooms, store: Store, speech: Speech, ids: Arc<Ids>) -> Self {
        Self { rooms, store, speech, ids, streams: HashMap::new(), owed: VecDeque::new() }
    }

    /// Runs until the hub is gone.
    pub async fn run(mut self, mut reports: mpsc::Receiver<Report>) {
        loop {
            let report = if self.owed.is_empty() {
                reports.recv().await
            } else {
                match tokio::time::timeout(RETRY_AFTER, reports.recv()).await {
                    Ok(report) => report,
                    Err(_) => {
                        self.pay().await;
                        continue;
                    }
                }
            };
            let Some(report) = report else { return };
            self.handle(report).await;
        }
    }

    async fn handle(&mut self, report: Report) {
        match report {
            Report::Began { stream, speaker } => {
                let Some(sender) = self.sender(speaker).await else { return };
                let said = VecDeque::new();
                self.streams.insert(stream, Named { speaker, sender, said });
            }
            Report::Caption { stream, caption, began_at, took_millis } => {
                self.caption(stream, caption, began_at, took_millis).await;
            }
            Report::Ended { stream } => {
                self.streams.remove(&stream);
            }
            Report::Settled(settled) => {
                self.pay().await;
                // Whoever asked may have lost patience.
                let _ = settled.send(());
            }
        }
    }

    /// How the room knows the speaker; one who has left again is named by their account.
    async fn sender(&self, speaker: Speaker) -> Option<Sender> {
        let view = self.rooms.view(speaker.room).await.ok();
        if let Some(member) = view.as_ref().and_then(|view| view.member(speaker.user)) {
            return Some(sender_of(&member.person));
        }
        let account = self.store.account(AccountId(speaker.user.0)).await.ok()??;
        Some(Sender { user: speaker.user, name: account.username, email: account.email })
    }

    async fn caption(&mut self, stream: u64, caption: Caption, began_at: Timestamp, took: u32) {
        let model = match self.speech.state() {
            SpeechState::Ready { model } => Some(model),
            SpeechState::Off
            | SpeechState::Fetching { .. }
            | SpeechState::Loading
            | SpeechState::Failed(_) => None,
        };
        let Some(named) = self.streams.get_mut(&stream) else { return };
        let ids = &self.ids;
        let message = match caption {
            Caption::Partial { utterance, start_ms, text } => named.say(
                utterance,
                ids,
                began_at.plus(Duration::from_millis(start_ms)),
                |message| Message { text, ..message },
            ),
            Caption::Final { utterance, segment } => {
                let at = began_at.plus(Duration::from_millis(segment.start_ms));
                let meta = meta_of(&segment, took, model);
                named.say(utterance, ids, at, |message| Message {
                    text: segment.text,
                    status: MessageStatus::Final,
                    meta,
                    ..message
                })
            }
            Caption::Amended { utterance, text } => {
                let Some(before) = named.said(utterance) else { return };
                named.remember(utterance, Message { text, ..Message::clone(&before) })
            }
            Caption::Withdrawn { utterance } => {
                let Some(before) = named.said(utterance) else { return };
                let (text, status) = (String::new(), MessageStatus::Final);
                named.remember(utterance, Message { text, status, ..Message::clone(&before) })
            }
        };
        if message.status == MessageStatus::Final && !message.text.is_empty() {
            self.keep(Arc::clone(&message)).await;
        }
        self.rooms.say(message).await;
    }

    /// Stores a message, now or later.
    async fn keep(&mut self, message: Arc<Message>) {
        if self.owed.len() >= OWED_MAX {
            self.owed.pop_front();
            tracing::error!("the store has been away too long: a caption is lost to the history");
        }
        self.owed.push_back(message);
        self.pay().await;
    }

    /// Writes what is owed, in order, as far as the store takes it.
    async fn pay(&mut self) {
        while let Some(message) = self.owed.front() {
            let written = self.store.insert_message(message);
            match tokio::time::timeout(PATIENCE, written).await {
                Ok(Ok(())) => {}
                // Its room is gone, and the history with it.
                Ok(Err(store::StoreError::Missing)) => {}
                Ok(Err(error)) => {
                    tracing::warn!(error = causes(&error), "a caption waits for the store");
                    return;
                }
                Err(_) => {
                    tracing::warn!("the store is slow; captions wait");
                    return;
                }
            }
            self.owed.pop_front();
        }
    }
}

impl Named {
    /// The message of an utterance, made when it is first heard of, changed and remembered.
    fn say(
        &mut self,
        utterance: UtteranceId,
        ids: &Ids,
        at: Timestamp,
        change: impl FnOnce(Message) -> Message,
    ) -> Arc<Message> {
        let before = match self.said(utterance) {
            Some(before) => Message::clone(&before),
            None => Message {
                id: MessageId(ids.next()),
                room: self.speaker.room,
                sender: self.sender.clone(),
                text: String::new(),
                status: MessageStatus::Partial,
                meta: MessageMeta::default(),
                at,
            },
        };
        self.remember(utterance, change(before))
    }

    fn said(&self, utterance: UtteranceId) -> Option<Arc<Message>> {
        let of = |(id, message): &(UtteranceId, Arc<Message>)| {
            (*id == utterance).then(|| Arc::clone(message))
        };
        self.said.iter().find_map(of)
    }

    fn remember(&mut self, utterance: UtteranceId, message: Message) -> Arc<Message> {
        let message = Arc::new(message);
        match self.said.iter_mut().find(|(id, _)| *id == utterance) {
            Some((_, known)) => *known = Arc::clone(&message),
            None => {
                if self.said.len() >= UTTERANCES_MAX {
                    self.said.pop_front();
                }
                self.said.push_back((utterance, Arc::clone(&message)));
            }
        }
        message
    }
}

fn meta_of(segment: &Segment, took_millis: u32, model: Option<String>) -> MessageMeta {
    MessageMeta {
        processing_time_ms: Some(f64::from(took_millis)),
        duration_ms: Some(segment.end_ms.saturating_sub(segment.start_ms)),
        confidence: segment.confidence,
        model,
        ..MessageMeta::default()
    }
}
