//! The use cases: what Parlor does, whichever wire API asked.
//!
//! Dialects call [`App`] with an [`Identity`] and plain values and get plain values or a [`Refusal`]
//! back. One actor owns each running room (`rooms`); facts become effects in one place
//! (`rooms/reactions`). Nothing here knows HTTP or JSON.

mod accounts;
mod background;
mod board;
mod calls;
mod captions;
mod catalog;
mod clock;
mod conferences;
mod devices;
mod floor;
mod gateway;
mod ice;
mod identity;
mod invitations;
mod join;
mod limits;
mod messages;
mod moderate;
mod passwords;
mod quota;
mod refusal;
mod registrations;
mod roles;
mod rooms;
pub mod secrets;
mod setup_code;
mod speech;
mod stage;
mod temporary;
mod tokens;
mod turnstile;
mod upload;
mod voice;

use std::sync::Arc;
use std::time::Duration;

use media::Event;
use model::NodeId;
use net::Media;
use room::{EndReason, Timing};
use store::{Store, StoreError};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use accounts::{Accounts, DISPLAY_NAME_LEN_MAX, LoggedIn, Origin, PASSWORD_LEN_MAX, SignUp};
pub use board::{Board, News, RoomNews};
pub use calls::{
    Asked, Call, CallJoin, Connections, Credentials, JoinedCall, Rung, Subscribed, Subscription,
};
pub use captions::{Voices, tap};
pub use catalog::{Listed, ROOM_NAME_LEN_MAX, RoomChanges, RoomCreation, RoomDraft, RoomRef};
pub use clock::{Ids, now};
pub use conferences::{
    Conference, ConferenceDraft, ConferenceMember, MemberDraft, NamedUser, Operator, PasswordChange,
};
pub use devices::DEVICE_LEN_MAX;
pub use gateway::GatewayPresence;
pub use ice::{IceServer, MediaAddress, OutsideTurn, host_and_port};
pub use identity::{Identity, PLATFORM_ISSUER};
pub use invitations::{Answered, DESTINATION_LEN_MAX, DESTINATIONS_MAX, Invited, Inviter};
pub use join::{CLIENT_LEN_MAX, JoinRequest, Joined, SDP_LEN_MAX};
pub use limits::{Allowance, Buckets, Rate};
pub use media::{Allocation, LayerInfo, SourceLabel, ViewRequest};
pub use messages::{Transcript, TranscriptLine};
pub use net::Pictures;
pub use quota::{CallKind, Quoted};
pub use refusal::Refusal;
pub use registrations::{Registration, Ring, Ringing};
pub use roles::{ROLE_NAME_LEN_MAX, ROLES_MAX};
pub use rooms::{
    CallWatch, Carried, Heard, Notice, Outcome, Rooms, Slot, Snapshot, Start, Watch, WatchBeside,
    What,
};
pub use setup_code::SetupCode;
pub use speech::{
    EngineChoice, Speech, SpeechError, SpeechSettings, SpeechState, SpeechStep, UploadLimits,
};
pub use stage::TOPIC_LEN_MAX;
pub use temporary::{TempRoom, TempRoomAsked};
pub use tokens::Tokens;
pub use upload::{Transcribed, Upload};
pub use voice::{Connect, Connected, MediaTokenTimes, OpenMedia, VoiceUpdate};

use captions::Captions;
use gateway::Gateways;
use quota::Quota;
use turnstile::Turnstile;
use upload::Uploads;

/// How long telling everybody may take when the server stops; the rest of its five seconds is for the
/// store and the sockets.
const GOODBYE_WITHIN: Duration = Duration::from_millis(2_500);

/// How long the last words may take to be transcribed and stored when the server stops.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);

/// What the use cases need to know of the configuration.
#[derive(Clone, Debug)]
pub struct AppSettings {
    /// Where media is reached.
    pub media: MediaAddress,
    /// Who may make rooms.
    pub room_creation: RoomCreation,
    /// Whether accounts are limited in how often they may do things.
    pub limited: bool,
    /// How long a room waits for what.
    pub timing: Timing,
    /// How long tokens of media connections live.
    pub media_tokens: MediaTokenTimes,
}

/// The running media plane and what comes from it.
pub struct MediaSide {
    /// The plane.
    pub media: Media,
    /// Its reports.
    pub events: mpsc::Receiver<Event>,
    /// The audio that its tap gives; see [`tap`].
    pub voices: Voices,
}

/// Everything that lives as long as the server. Cheap to clone.
#[derive(Clone)]
pub struct App(Arc<Parts>);

/// The parts of an [`App`].
pub struct Parts {
    /// Accounts and tokens.
    pub accounts: Accounts,
    /// Running rooms.
    pub rooms: Rooms,
    /// What is kept.
    pub store: Store,
    /// The media plane.
    pub media: Media,
    /// Speech to text.
    pub speech: Speech,
    /// What is told to those outside rooms.
    pub board: Arc<Board>,
    gateways: Gateways,
    captions: Captions,
    uploads: Uploads,
    settings: AppSettings,
    ids: Arc<Ids>,
    joins: Turnstile,
    limits: Quota,
    /// Open sockets of all dialects: waited for when the server stops, so that goodbyes arrive.
    pub sockets: TaskTracker,
    /// Cancelled once the server stops: nobody comes in any more.
    stopping: CancellationToken,
}

impl std::ops::Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl App {
    /// Starts the use cases over an open store and a running media plane. Sessions that a crash left
    /// open are ended first, and rooms that were made for one call deleted.
    pub async fn start(
        settings: AppSettings,
        store: Store,
        accounts: Accounts,
        media: MediaSide,
        speech: Speech,
    ) -> Result<Self, StoreError> {
        let ended = store.end_open_sessions(EndReason::ServerRestart.as_str(), now().wall).await?;
        if ended > 0 {
            tracing::info!(ended, "sessions that the last run left open are ended");
        }
        let deleted = store.delete_temporary_rooms(now().wall).await?;
        if deleted > 0 {
            tracing::info!(deleted, "rooms that the last run had made for one call are deleted");
        }
        let MediaSide { media, events, voices } = media;
        let board = Arc::new(Board::default());
        let rooms = Rooms::new(store.clone(), media.clone(), Arc::clone(&board), settings.timing);
        let ids = Arc::clone(&accounts.ids);
        let captions =
            Captions::start(voices, speech.clone(), rooms.clone(), store.clone(), Arc::clone(&ids));
        let joins = Turnstile::default();
        let limits = Quota::new(settings.limited);
        let sockets = TaskTracker::new();
        let app = Self(Arc::new(Parts {
            accounts,
            rooms,
            store,
            media,
            speech,
            board,
            gateways: Gateways::default(),
            captions,
            uploads: Uploads::default(),
            settings,
            ids,
            joins,
            limits,
            sockets,
            stopping: CancellationToken::new(),
        }));
        tokio::spawn(background::follow_media(app.rooms.clone(), events));
        tokio::spawn(background::follow_bans(app.clone()));
        Ok(app)
    }

    /// Whether the server is on its way down.
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_cancelled()
    }

    /// Waits until the server is on its way down.
    pub async fn stops(&self) {
        self.stopping.cancelled().await;
    }

    /// Ends every session, telling the members, and stops the media plane.
    pub async fn shut_down(&self) {
        self.stopping.cancel();
        let told = async {
            self.rooms.close_all(EndReason::ServerShutdown).await;
            self.board.tell(News::Stopping).await;
            self.sockets.close();
            self.sockets.wait().await;
        };
        if tokio::time::timeout(GOODBYE_WITHIN, told).await.is_err() {
            tracing::warn!("not everybody could be told in time");
        }
        self.captions.settle(LAST_WORDS_WITHIN).await;
        let (media, speech) = (self.media.clone(), self.speech.clone());
        // Joining the threads waits for them; a failure to do so ends with the process.
        let speech = tokio::task::spawn_blocking(move || speech.stop());
        let media = tokio::task::spawn_blocking(move || media.stop());
        let _ = tokio::join!(speech, media);
        self.store.close().await;
    }
}

/// The number of this process among those that share a store. One process has its store to itself.
pub fn only_node() -> NodeId {
    NodeId::ZERO
}
