//! Live captions: what speakers say becomes messages of their rooms, under the right name.
//!
//! The media plane's tap gives the audio of every speaker who may be heard and whose room has captions on
//! ([`media::Voice`]). One thread (`hub`) decodes it and finds utterances; the speech pool turns them
//! into text; one task (`publisher`) makes messages of the texts, stores the finals and has the
//! rooms tell them. Decoding never runs on the async threads, and none of the three waits for a
//! room.
//!
//! What must hold: a speaker's finals come in order, each is told once it is stored (or, while the store is
//! away, queued for it), and one that could be heard is never lost to a full queue. Guesses may be.

mod hub;
mod publisher;
mod stream;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use media::Voice;
use model::Timestamp;
use net::Tap;
use tokio::sync::{mpsc, oneshot};
use transcribe::track::{Caption, Outcome};

use crate::clock::Ids;
use crate::rooms::Rooms;
use crate::speech::Speech;
use store::Store;

/// Packets between the media plane and the hub: 80 s of one speaker, two seconds of forty. More would only
/// make captions later that are late already; what does not fit is heard as silence.
const INPUTS_MAX: usize = 4096;
/// Captions between the hub and the publisher, which only waits for the store, and not for long.
const CAPTIONS_MAX: usize = 1024;

/// What reaches the hub.
enum Input {
    /// From the media plane.
    Voice(Voice),
    /// A decode is over: look for its outcome.
    Wake,
    /// Say when everything that was said has been told.
    Settle(oneshot::Sender<()>),
}

/// The hub's end of the tap.
pub struct Voices {
    inputs: Receiver<Input>,
    own: SyncSender<Input>,
}

/// A tap for the media plane, and where its voices arrive.
pub fn tap() -> (Tap, Voices) {
    let (own, inputs) = sync_channel(INPUTS_MAX);
    let sender = own.clone();
    let tap = Tap::new(move |voice| {
        match sender.try_send(Input::Voice(voice)) {
            Err(TrySendError::Full(Input::Voice(voice))) => Err(voice),
            // Without a hub nobody listens; what is no voice is not sent here.
            Ok(()) | Err(TrySendError::Disconnected(_)) => Ok(()),
            Err(TrySendError::Full(Input::Wake | Input::Settle(_))) => Ok(()),
        }
    });
    (tap, Voices { inputs, own })
}

/// What the hub tells the publisher.
enum Report {
    /// Somebody's audio begins to be listened to.
    Began { stream: u64, speaker: Speaker },
    /// A text, or a correction of one.
    Caption { stream: u64, caption: Caption, began_at: Timestamp, took_millis: u32 },
    /// Nothing more comes of this stream.
    Ended { stream: u64 },
    /// Everything before this was told.
    Settled(oneshot::Sender<()>),
}

/// Whose audio a stream is.
#[derive(Clone, Copy, Debug)]
struct Speaker {
    room: model::RoomId,
    user: model::UserId,
}

/// A decode that is over, and of which stream.
type Done = (u64, Outcome);

/// The running captions.
#[derive(Clone)]
pub(crate) struct Captions {
    inputs: SyncSender<Input>,
}

impl Captions {
    /// Starts the thread and the task.
    pub(crate) fn start(
        voices: Voices,
        speech: Speech,
        rooms: Rooms,
        store: Store,
        ids: Arc<Ids>,
    ) -> Self {
        let Voices { inputs, own } = voices;
        let (reports, received) = mpsc::channel(CAPTIONS_MAX);
        let captions = Self { inputs: own.clone() };
        let hub = hub::Hub::new(inputs, own, speech.clone(), reports);
        let started =
            std::thread::Builder::new().name("captions".to_owned()).spawn(move || hub.run());
        if let Err(error) = started {
            tracing::error!(%error, "live captions are off: their thread could not start");
        }
        tokio::spawn(publisher::Publisher::new(rooms, store, speech, ids).run(received));
        captions
    }

    /// Waits until what was said has been told and stored, but not longer than this.
    pub(crate) async fn settle(&self, within: Duration) {
        let (settled, all_told) = oneshot::channel();
        if self.inputs.try_send(Input::Settle(settled)).is_ok() {
            let _ = tokio::time::timeout(within, all_told).await;
        }
    }
}
