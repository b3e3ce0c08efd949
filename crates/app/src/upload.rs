//! A recording that the speaker of a push-to-talk room sends, and what is said in it.
//!
//! In two steps, so that nobody sends megabytes for nothing: [`App::begin_upload`] looks at the speaker
//! lock and the speech engine before the body is read, [`Upload::finish`] decodes and transcribes.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use model::{MessageId, RoomId, UserId};
use room::{Action, MemberView, Message, MessageMeta, MessageStatus, Segment, Sender, check};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use transcribe::pool::{FileError, FileSlot, Pool};
use transcribe::transcript::Transcript;
use transcribe::upload;

use crate::clock::now;
use crate::messages::sender_of;
use crate::{App, Identity, Refusal};

/// Bodies that are read at the same time: 400 MB of memory at the default size. The decoding behind them
/// has its own, smaller limit.
const READING_MAX: usize = 16;
/// Files that are decoded at the same time: a small file can hold ten minutes in eight channels, seconds of
/// work and 65 MB. More would take cores from live captions.
const DECODING_MAX: usize = 2;
/// Bodies of one person that are read at the same time: a client that sends each utterance when it ends has the next one ready before
/// the text of the last is there. More would let one person keep everybody else waiting.
const READING_OF_ONE_MAX: usize = 3;
/// When a place to read into may be free again: a body takes seconds.
const BUSY_FOR: Duration = Duration::from_secs(5);

/// An upload that may be sent now.
pub struct Upload {
    app: App,
    room: RoomId,
    sender: Sender,
    /// Of the speaker lock under which it was begun.
    fence: u64,
    pool: Arc<Pool>,
    /// Given back when the upload is over, however it ends.
    _place: Place,
}

/// Who uploads just now, and how many recordings: a few for each, and not too many of all.
#[derive(Clone, Debug)]
pub(crate) struct Uploads {
    taken: Arc<Mutex<HashMap<UserId, usize>>>,
    cores: Arc<Semaphore>,
}

/// Somebody's place among those who upload.
struct Place {
    user: UserId,
    uploads: Uploads,
}

impl Default for Uploads {
    fn default() -> Self {
        Self { taken: Arc::default(), cores: Arc::new(Semaphore::new(DECODING_MAX)) }
    }
}

impl Uploads {
    /// Leave to decode; who gives up waiting never begins.
    async fn core(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let core = Arc::clone(&self.cores).acquire_owned().await;
        core.map_err(|_| Refusal::unavailable())
    }

    fn take(&self, user: UserId) -> Option<Place> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let own = taken.get(&user).copied().unwrap_or_default();
        if own >= READING_OF_ONE_MAX || taken.values().sum::<usize>() >= READING_MAX {
            return None;
        }
        taken.insert(user, own + 1);
        Some(Place { user, uploads: self.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.uploads.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(own) = taken.get_mut(&self.user) {
            *own -= 1;
        }
        taken.retain(|_, own| *own > 0);
    }
}

/// What came of an upload.
#[derive(Clone, Debug, PartialEq)]
pub struct Transcribed {
    /// The message it became; `None` when nothing was said.
    pub message: Option<MessageId>,
    /// What was said.
    pub text: String,
    /// From the last byte to the text, in milliseconds.
    pub took_ms: f64,
}

impl App {
    /// Whether the caller may send a recording now: they hold the speaker lock, and there is an engine
    /// with room for it.
    pub async fn begin_upload(&self, by: &Identity, room: RoomId) -> Result<Upload, Refusal> {
        let view = self.rooms.view(room).await?;
        check(&view.settings, &by.actor(), Action::View)?;
        let user = UserId::from(by.account.id);
        let held = view.floor.filter(|floor| floor.holder == user);
        // Whom a moderator has muted is not transcribed by this road either.
        let member = view.member(user).filter(|member| !member.server_mute);
        let (floor, member) = held.zip(member).ok_or(room::Refusal::NotSpeaker)?;
        let pool = self.speech.pool()?;
        // A look ahead: who would be refused after sending it all is refused now.
        drop(pool.admit_file()?);
        Ok(Upload {
            app: self.clone(),
            room,
            sender: sender_of(&member.person),
            fence: floor.fence,
            pool,
            _place: self.uploads.take(user).ok_or(Refusal::SpeechBusy(BUSY_FOR))?,
        })
    }
}

impl Upload {
    /// The most bytes that the file may have.
    pub fn bytes_max(&self) -> usize {
        self.app.speech.upload_limits().bytes
    }

    /// Decodes, transcribes, stores and tells. Who drops the future gives the file up.
    pub async fn finish(self, bytes: Vec<u8>) -> Result<Transcribed, Refusal> {
        let began = Instant::now();
        let transcript = self.transcribe(bytes).await?;
        let took_ms = (began.elapsed().as_secs_f64() * 100_000.0).round() / 100.0;
        let text = transcript.text();
        if text.is_empty() {
            return Ok(Transcribed { message: None, text, took_ms });
        }
        // Who hangs up now has said it all the same: what is stored is also told.
        let said = tokio::spawn(self.say(transcript, text.clone(), took_ms));
        let message = said.await.map_err(|_| Refusal::unavailable())??;
        Ok(Transcribed { message: Some(message), text, took_ms })
    }

    async fn say(
        self,
        transcript: Transcript,
        text: String,
        took_ms: f64,
    ) -> Result<MessageId, Refusal> {
        // The room may have been deleted meanwhile, and its speaker muted.
        self.app.store.room(self.room).await?.ok_or(room::Refusal::RoomNotFound)?;
        let view = self.app.rooms.view_if_running(self.room).await;
        let muted = |member: &MemberView| member.server_mute;
        if view.as_ref().and_then(|view| view.member(self.sender.user)).is_some_and(muted) {
            return Err(room::Refusal::NotSpeaker.into());
        }
        let fence = view.and_then(|view| view.floor).map(|floor| floor.fence);
        let message = Message {
            id: MessageId(self.app.ids.next()),
            room: self.room,
            sender: self.sender.clone(),
            text,
            status: MessageStatus::Final,
            meta: meta_of(&transcript, took_ms, fence != Some(self.fence)),
            at: now().wall,
        };
        let id = message.id;
        self.app.store.insert_message(&message).await?;
        self.app.rooms.say(Arc::new(message)).await;
        Ok(id)
    }

    async fn transcribe(&self, bytes: Vec<u8>) -> Result<Transcript, Refusal> {
        let slot = self.pool.admit_file()?;
        let limits = self.app.speech.upload_limits();
        // From here on the file is given up when nobody waits for it any more.
        let _file = Given { pool: Arc::clone(&self.pool), id: slot.id() };
        let (pool, (told, transcript)) = (Arc::clone(&self.pool), oneshot::channel());
        let core = self.app.uploads.core().await?;
        let decoding = tokio::task::spawn_blocking(move || {
            let _core = core;
            let samples = upload::decode(&bytes, limits);
            drop(bytes);
            hand_over(&pool, slot, samples?, told);
            Ok(())
        });
        let decoded = decoding.await.map_err(|_| Refusal::unavailable())?;
        decoded.map_err(|error: upload::UploadError| Refusal::from(error))?;
        Ok(transcript.await.map_err(|_| Refusal::unavailable())??)
    }
}

fn meta_of(transcript: &Transcript, took_ms: f64, lock_lost: bool) -> MessageMeta {
    let part = |segment: &transcribe::transcript::Segment| Segment {
        start_ms: segment.start_ms,
        end_ms: segment.end_ms,
        text: segment.text.clone(),
        confidence: segment.confidence,
    };
    MessageMeta {
        processing_time_ms: Some(took_ms),
        duration_ms: Some(transcript.duration_ms),
        language: transcript.language.clone(),
        confidence: transcript.confidence(),
        model: Some(transcript.model.clone()),
        lock_lost,
        segments: transcript.segments.iter().map(part).collect(),
    }
}

fn hand_over(
    pool: &Pool,
    slot: FileSlot,
    samples: Vec<f32>,
    told: oneshot::Sender<Result<Transcript, FileError>>,
) {
    // Nobody waits for it any more: it need not even begin.
    if told.is_closed() {
        return;
    }
    pool.transcribe(slot, samples, move |result| drop(told.send(result)));
}

/// Gives a file up when it is dropped; one that is done is unknown by then.
struct Given {
    pool: Arc<Pool>,
    id: u64,
}

impl Drop for Given {
    fn drop(&mut self) {
        self.pool.cancel_file(self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_few_for_one_and_for_all() {
        let uploads = Uploads::default();
        let user = |number| UserId::from_i64(number).unwrap();
        let mut places: Vec<Place> =
            (0..READING_OF_ONE_MAX).map(|_| uploads.take(user(1)).unwrap()).collect();
        assert!(uploads.take(user(1)).is_none());
        places.extend((2..).map_while(|number| uploads.take(user(number))));
        assert_eq!(places.len(), READING_MAX);
        places.remove(0);
        places.push(uploads.take(user(1)).expect("one was given back"));
        places.clear();
        assert!(uploads.taken.lock().unwrap().is_empty());
    }
}
