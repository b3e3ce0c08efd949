//! The task that makes messages of texts: names their speaker, stores the finals, has the rooms tell
//! them.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{AccountId, MessageId, Timestamp};
use room::{Message, MessageMeta, MessageStatus, Sender};
use store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio::time::timeout;
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
/// How long a speaker's name is looked for, once in the room and once in the store.
const NAME_WITHIN: Duration = Duration::from_millis(250);
/// How long to wait before the store is tried again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

pub(super) struct Publisher {
    rooms: Rooms,
    store: Store,
    speech: Speech,
    ids: Arc<Ids>,
    streams: HashMap<u64, Said>,
    /// Told, and not stored yet; oldest first.
    owed: VecDeque<Arc<Message>>,
    /// When the store last did not take what is owed.
    failed_at: Option<Instant>,
}

/// A stream with its speaker, and the messages of its last utterances.
struct Said {
    speaker: Speaker,
    /// `None` until somebody could say who it is.
    sender: Option<Sender>,
    said: VecDeque<(UtteranceId, Arc<Message>)>,
}

impl Publisher {
    pub fn new(rooms: Rooms, store: Store, speech: Speech, ids: Arc<Ids>) -> Self {
        Self {
            rooms,
            store,
            speech,
            ids,
            streams: HashMap::new(),
            owed: VecDeque::new(),
            failed_at: None,
        }
    }

    /// Runs until the hub is gone.
    pub async fn run(mut self, mut reports: mpsc::Receiver<Report>) {
        loop {
            let report = if self.owed.is_empty() {
                reports.recv().await
            } else {
                match timeout(RETRY_AFTER, reports.recv()).await {
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
                let sender = self.sender(speaker).await;
                self.streams.insert(stream, Said { speaker, sender, said: VecDeque::new() });
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

    /// How the room knows the speaker; one who has left again is named by their account. Does not wait for
    /// a room that is busy.
    async fn sender(&self, speaker: Speaker) -> Option<Sender> {
        let view = timeout(NAME_WITHIN, self.rooms.view_if_running(speaker.room)).await;
        if let Ok(Some(view)) = view
            && let Some(member) = view.member(speaker.user)
        {
            return Some(sender_of(&member.person));
        }
        let account = self.store.account(AccountId(speaker.user.0));
        let account = timeout(NAME_WITHIN, account).await.ok()?.ok()??;
        Some(Sender {
            user: speaker.user,
            name: account.username,
            email: account.email,
            external_id: account.external_id,
        })
    }

    async fn caption(&mut self, stream: u64, caption: Caption, began_at: Timestamp, took: u32) {
        let model = match self.speech.state() {
            SpeechState::Ready { model } => Some(model),
            SpeechState::Off
            | SpeechState::Fetching { .. }
            | SpeechState::Loading
            | SpeechState::Failed(_) => None,
        };
        let Some(said) = self.streams.get(&stream) else { return };
        let sender = match &said.sender {
            Some(sender) => Some(sender.clone()),
            None => self.sender(said.speaker).await,
        };
        let (Some(said), Some(sender)) = (self.streams.get_mut(&stream), sender) else {
            tracing::warn!("a caption is lost: nobody knows whose it is");
            return;
        };
        said.sender = Some(sender.clone());
        let ids = &self.ids;
        let message = match caption {
            Caption::Partial { utterance, start_ms, text } => said.say(
                utterance,
                &sender,
                ids,
                began_at.plus(Duration::from_millis(start_ms)),
                |message| Message { text, ..message },
            ),
            Caption::Final { utterance, segment } => {
                let at = began_at.plus(Duration::from_millis(segment.start_ms));
                let meta = meta_of(&segment, took, model);
                said.say(utterance, &sender, ids, at, |message| Message {
                    text: segment.text,
                    status: MessageStatus::Final,
                    meta,
                    ..message
                })
            }
            Caption::Amended { utterance, text } => {
                let Some(before) = said.said(utterance) else { return };
                said.remember(utterance, Message { text, ..Message::clone(&before) })
            }
            Caption::Withdrawn { utterance } => {
                let Some(before) = said.said(utterance) else { return };
                let (text, status) = (String::new(), MessageStatus::Final);
                said.remember(utterance, Message { text, status, ..Message::clone(&before) })
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
        let rested = |at: Instant| at.elapsed() >= RETRY_AFTER;
        if self.failed_at.is_none_or(rested) {
            self.pay().await;
        }
    }

    /// Writes what is owed, in order, as far as the store takes it.
    async fn pay(&mut self) {
        self.failed_at = None;
        while let Some(message) = self.owed.front() {
            match timeout(PATIENCE, self.store.insert_message(message)).await {
                Ok(Ok(())) => {}
                Ok(Err(StoreError::Unavailable(error))) => {
                    tracing::warn!(error = causes(&*error), "a caption waits for the store");
                    self.failed_at = Some(Instant::now());
                    return;
                }
                Err(_) => {
                    tracing::warn!("the store is slow; captions wait");
                    self.failed_at = Some(Instant::now());
                    return;
                }
                // It would fail again, and hold up all that follow.
                Ok(Err(error)) => {
                    tracing::error!(error = causes(&error), "a caption could not be stored");
                }
            }
            self.owed.pop_front();
        }
    }
}

impl Said {
    /// The message of an utterance, made when it is first heard of, changed and remembered.
    fn say(
        &mut self,
        utterance: UtteranceId,
        sender: &Sender,
        ids: &Ids,
        at: Timestamp,
        change: impl FnOnce(Message) -> Message,
    ) -> Arc<Message> {
        let before = match self.said(utterance) {
            Some(before) => Message::clone(&before),
            None => Message {
                id: MessageId(ids.next()),
                room: self.speaker.room,
                sender: sender.clone(),
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
