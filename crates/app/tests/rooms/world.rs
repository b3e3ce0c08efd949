//! The use cases over a store and a media plane of their own, and what must agree at rest.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use app::{
    Accounts, App, AppSettings, Identity, Ids, JoinRequest, Joined, MediaAddress, MediaSide,
    MediaTokenTimes, Refusal, RoomCreation, RoomDraft, SetupCode, SignUp, Speech, Tokens,
};
use model::{Redacted, RoomId, SessionId, UserId, Username, Via};
use net::{Media, MediaConfig};
use room::{ProfileKind, Timing};
use store::{Database, Store};
use tempfile::TempDir;

/// The one limit on waiting: far beyond anything that works.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A running server without doors. Clones share it.
#[derive(Clone)]
pub struct World {
    pub app: App,
    pub directory: Arc<TempDir>,
}

/// A session wherever it is noted: which, where, whose.
pub type Noted = BTreeSet<(SessionId, RoomId, UserId)>;

impl World {
    pub async fn new() -> Self {
        Self::with_timing(Timing::default()).await
    }

    pub async fn with_timing(timing: Timing) -> Self {
        let directory = Arc::new(tempfile::tempdir().unwrap());
        let path = directory.path();
        let store = Store::open(&Database::new(path, None).unwrap()).await.unwrap();
        let loopback = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let (tap, voices) = app::tap();
        let (bind, tap) = (Some(loopback), Some(tap));
        let config = MediaConfig { bind, workers: 2, tap, ..MediaConfig::default() };
        let (media, events) = Media::start(config).unwrap();
        let accounts = Accounts::new(
            store.clone(),
            Tokens::open(path, None).unwrap(),
            Arc::new(Ids::new(app::only_node())),
            SetupCode::open(path, false).unwrap(),
            false,
        );
        let address = MediaAddress {
            host: "127.0.0.1".into(),
            port: media.local_port(),
            secret: app::secrets::media_secret(path).unwrap(),
            own_turn: Vec::new(),
            turn: None,
        };
        let settings = AppSettings {
            media: address,
            room_creation: RoomCreation::Anyone,
            limited: false,
            timing,
            media_tokens: MediaTokenTimes::default(),
        };
        let media = MediaSide { media, events, voices };
        let app = App::start(settings, store, accounts, media, Speech::off()).await.unwrap();
        Self { app, directory }
    }

    /// Somebody who has shown a token.
    pub async fn person(&self, name: &str) -> Identity {
        let sign_up = SignUp {
            username: Username::new(name).unwrap(),
            email: None,
            display_name: None,
            password: Redacted::new("correct horse".into()),
            setup_code: None,
        };
        let account = self.app.accounts.create(sign_up, false).await.unwrap();
        Identity { account, roles: Vec::new(), from_platform: false }
    }

    /// A voice room for so many.
    pub async fn room(&self, by: &Identity, member_limit: u32) -> RoomId {
        let draft = RoomDraft {
            name: "den".into(),
            kind: ProfileKind::Voice,
            member_limit: Some(member_limit),
            overrides: Vec::new(),
            password: None,
            captions: None,
        };
        self.app.create_room(by, draft).await.unwrap().settings.id
    }

    pub async fn join(&self, by: &Identity, room: RoomId) -> Result<Joined, Refusal> {
        let (via, client) = (Via::VoiceService, None);
        let request = JoinRequest {
            room,
            via,
            client,
            mute: false,
            deaf: false,
            password: None,
            address: None,
        };
        self.app.join(by, request).await
    }

    /// The sessions in the rooms' own views.
    pub async fn in_views(&self, rooms: &[RoomId]) -> Noted {
        let mut noted = Noted::new();
        for room in rooms {
            for member in self.app.rooms.view(*room).await.unwrap().members {
                let user = member.person.id;
                noted.extend(member.sessions.iter().map(|session| (session.id, *room, user)));
            }
        }
        noted
    }

    /// The sessions that the store says are open.
    pub async fn in_store(&self) -> Noted {
        let open = self.app.store.open_sessions().await.unwrap();
        open.into_iter().map(|row| (row.id, row.room, row.user)).collect()
    }

    /// Fails unless views, index, store and media plane say the same, everyone is in one room at most,
    /// and no room has more than its limit. Gives the sessions.
    pub async fn check_agreement(&self, rooms: &[RoomId]) -> Noted {
        let seen = self.in_views(rooms).await;
        assert_eq!(self.in_store().await, seen, "store and views");
        let index = self.app.rooms.index();
        assert_eq!(index.session_count(), seen.len(), "index and views");
        assert_eq!(
            self.app.media.stats().await.core.sessions,
            seen.len() as u64,
            "media and views"
        );
        for (session, room, user) in &seen {
            assert_eq!(index.room_of(*session), Some(*room));
            assert_eq!(index.user_of(*session), Some(*user));
            assert_eq!(index.rooms_of(*user), vec![*room], "one membership");
            assert_eq!(index.exclusive_room_of(*user), Some(*room));
        }
        for room in rooms {
            let view = self.app.rooms.view(*room).await.unwrap();
            assert_eq!(index.member_count(*room), view.members.len());
            assert!(view.members.len() <= view.settings.member_limit as usize, "over the limit");
        }
        seen
    }
}

/// The id under which somebody is in rooms.
pub fn user(identity: &Identity) -> UserId {
    UserId::from(identity.account.id)
}
