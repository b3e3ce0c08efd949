//! Vox's way in and out: a room is joined by account, media is opened with a token of its own.
//!
//! Who joins so is refused where they are already, rather than taken out of there. The token of a media
//! connection is short-lived, good for one session in one room, and replaced before it dies.

use std::net::IpAddr;
use std::time::Duration;

use model::{AccountId, Redacted, RoomId, SessionId, UserId, Via};
use room::{Action, Command, EndReason, RoomView, check};

use crate::board::News;
use crate::clock::now;
use crate::ice::IceServer;
use crate::rooms::{Start, Watch};
use crate::turnstile::to_the_end;
use crate::{App, Identity, JoinRequest, Refusal};

/// A new token that could not be made just now is tried again after this: several times before the old
/// one dies.
const REFRESH_RETRY: Duration = Duration::from_secs(5);

/// How long a move waits for the store, before it begins.
const RECORDED_WITHIN: Duration = Duration::from_secs(1);

/// How long tokens of media connections live.
#[derive(Clone, Copy, Debug)]
pub struct MediaTokenTimes {
    /// From issue to death: long enough to open a media connection, with some reconnects.
    pub lifetime: Duration,
    /// A new one is sent when the last has less than this left.
    pub refresh_before: Duration,
}

impl Default for MediaTokenTimes {
    fn default() -> Self {
        Self { lifetime: Duration::from_secs(5 * 60), refresh_before: Duration::from_secs(60) }
    }
}

/// How somebody wants to come in.
#[derive(Clone, Debug)]
pub struct Connect {
    /// Where.
    pub room: RoomId,
    /// Start muted.
    pub mute: bool,
    /// Start deafened.
    pub deaf: bool,
    /// The room's password, as typed.
    pub password: Option<Redacted<String>>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

/// Somebody is in.
#[derive(Debug)]
pub struct Connected {
    /// The new session.
    pub session: SessionId,
    /// The room with them in it.
    pub view: RoomView,
    /// Opens the media connection.
    pub media_token: Redacted<String>,
}

/// What somebody says of themselves; `None` is as it was.
#[derive(Clone, Copy, Debug, Default)]
pub struct VoiceUpdate {
    /// Muted.
    pub mute: Option<bool>,
    /// Deafened.
    pub deaf: Option<bool>,
    /// A camera is on.
    pub camera: Option<bool>,
    /// A screen is shared.
    pub screen: Option<bool>,
}

/// A media connection whose token was good.
#[derive(Debug)]
pub struct OpenMedia {
    /// Whose.
    pub caller: Identity,
    /// The session that media is of.
    pub session: SessionId,
    /// Where it is now.
    pub room: RoomId,
    /// For the client's peer connection.
    pub ice_servers: Vec<IceServer>,
    /// The room's notices. While it lives the session has a link.
    pub watch: Watch,
}

impl App {
    /// Lets somebody in who is in no other voice or stage room, and not in this one.
    pub async fn connect(&self, by: &Identity, connect: Connect) -> Result<Connected, Refusal> {
        let Connect { room, mute, deaf, password, address } = connect;
        let (via, client) = (Via::Vox, None);
        let request = JoinRequest { room, via, client, mute, deaf, password, address };
        let joined = self.join(by, request).await?;
        let user = UserId::from(by.account.id);
        let media_token = self.issue_media_token(by, room, joined.session)?;
        tokio::spawn(self.clone().keep_media_token(user, joined.session));
        Ok(Connected { session: joined.session, view: joined.view, media_token })
    }

    /// Leaves a room with every session of one's own.
    pub async fn disconnect(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        self.rooms.submit(room, &by.actor(), Command::LeaveAll).await.map(|_| ())
    }

    /// A new token for the media connection that the caller has, or may open, in a room.
    pub async fn media_token(
        &self,
        by: &Identity,
        room: RoomId,
    ) -> Result<Redacted<String>, Refusal> {
        let view = self.rooms.view(room).await?;
        let member = view.member(UserId::from(by.account.id));
        if member.is_none() {
            check(&view.settings, &by.actor(), Action::View)?;
        }
        let sessions = member.map(|member| member.sessions.as_slice()).unwrap_or_default();
        let own = sessions.iter().find(|session| session.via == Via::Vox);
        self.issue_media_token(by, room, own.ok_or(room::Refusal::NotInRoom)?.id)
    }

    fn issue_media_token(
        &self,
        of: &Identity,
        room: RoomId,
        session: SessionId,
    ) -> Result<Redacted<String>, Refusal> {
        let (user, epoch) = (UserId::from(of.account.id), of.account.epoch);
        let lifetime = self.settings.media_tokens.lifetime;
        let tokens = &self.accounts.tokens;
        let token = tokens.issue_media(user, room, session, epoch, now().wall, lifetime);
        token.map(Redacted::new).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Refusal::unavailable()
        })
    }

    /// Sends a session's person a new token before the last one dies, for as long as the session lives.
    async fn keep_media_token(self, user: UserId, session: SessionId) {
        let times = self.settings.media_tokens;
        let every = times.lifetime.saturating_sub(times.refresh_before);
        let mut wait = every;
        loop {
            tokio::time::sleep(wait).await;
            let _one_at_a_time = self.joins.lock(user).await;
            let Some(room) = self.rooms.index().room_of(session) else { return };
            wait = match self.send_media_token(user, room, session).await {
                Ok(()) => every,
                Err(_) => REFRESH_RETRY,
            };
        }
    }

    async fn send_media_token(
        &self,
        user: UserId,
        room: RoomId,
        session: SessionId,
    ) -> Result<(), Refusal> {
        let identity = self.accounts.identity(AccountId(user.0)).await?;
        let identity = identity.ok_or(Refusal::UserNotFound)?;
        let token = self.issue_media_token(&identity, room, session)?;
        self.board.tell(News::MediaToken { user, room, token }).await;
        Ok(())
    }

    /// Opens the media connection that a token is for.
    pub async fn open_media(&self, token: &str) -> Result<OpenMedia, Refusal> {
        let bearer = self.accounts.tokens.verify_media(token, now().wall)?;
        let caller = self.accounts.identity(AccountId(bearer.user.0)).await?;
        let caller = caller.ok_or(Refusal::Unauthenticated)?;
        if caller.account.banned {
            return Err(Refusal::Banned);
        }
        let (session, index) = (bearer.session, self.rooms.index());
        let is_its = index.user_of(session) == Some(bearer.user)
            && index.room_of(session) == Some(bearer.room)
            && caller.account.epoch == bearer.epoch;
        // Before anything is opened: a dead token keeps nobody in.
        if !is_its {
            return Err(Refusal::Unauthenticated);
        }
        let watch = self.rooms.watch(session, None).await.map_err(|refusal| match refusal {
            // It ended just now.
            Refusal::Room(room::Refusal::UnknownSession) => Refusal::Unauthenticated,
            refusal => refusal,
        })?;
        let here = match &watch.start {
            Start::Snapshot(snapshot) => snapshot.view.settings.id,
            Start::Missed(_) => bearer.room,
        };
        // The session was moved just now: a token for one room opens no other.
        if here != bearer.room {
            return Err(Refusal::Unauthenticated);
        }
        let ice_servers =
            self.settings.media.ice_servers(UserId::from(caller.account.id), now().wall);
        Ok(OpenMedia { caller, session, room: bearer.room, ice_servers, watch })
    }

    /// Changes what the caller says of themselves, on every session that they have by Vox.
    pub async fn update_voice(&self, by: &Identity, update: VoiceUpdate) -> Result<(), Refusal> {
        let user = UserId::from(by.account.id);
        let sessions = self.rooms.index().sessions_of(user, Via::Vox);
        if sessions.is_empty() {
            return Err(room::Refusal::NotInRoom.into());
        }
        self.limits.take_voice_update(user)?;
        let VoiceUpdate { mute, deaf, camera, screen } = update;
        for session in sessions {
            let video_mute = None;
            let command = Command::SetSelf { session, mute, deaf, camera, screen, video_mute };
            match self.rooms.submit_to_room_of(session, &by.actor(), command).await {
                // It ended just now.
                Ok(_) | Err(Refusal::Room(room::Refusal::UnknownSession)) => {}
                Err(refusal) => return Err(refusal),
            }
        }
        Ok(())
    }

    /// Takes somebody from one room to another, with their media connections. When it returns they are
    /// heard there and no longer here.
    pub async fn move_member(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
        to: RoomId,
    ) -> Result<(), Refusal> {
        let (app, by) = (self.clone(), by.clone());
        to_the_end(async move { app.move_now(&by, room, user, to).await }).await
    }

    async fn move_now(
        &self,
        by: &Identity,
        room: RoomId,
        user: UserId,
        to: RoomId,
    ) -> Result<(), Refusal> {
        let actor = by.actor();
        let out = Command::MoveOut { user, to };
        let _one_at_a_time = self.joins.lock(user).await;
        let considered = self.rooms.consider(room, &actor, &out).await;
        self.or_unknown(user, considered).await?;
        if room == to {
            return Ok(());
        }
        let moved = self.accounts.identity(AccountId(user.0)).await?;
        let moved = moved.ok_or(Refusal::UserNotFound)?;
        if moved.account.banned {
            return Err(room::Refusal::TargetNotInRoom.into());
        }
        let target = self.rooms.view(to).await?.settings;
        check(&target, &actor, Action::Move)?;
        // While somebody is carried over, the room they leave does nothing else.
        let recorded = tokio::time::timeout(RECORDED_WITHIN, self.store.takes_sessions()).await;
        recorded.map_err(|_| Refusal::unavailable())??;
        // Who is moved from a room that is not exclusive into one that is may be in a third.
        let exclusive = target.kind.profile().exclusive;
        let third = self.rooms.index().exclusive_room_of(user).filter(|_| exclusive);
        let sessions = self.rooms.carry(room, &actor, moved.caller(), to).await?;
        if let Some(third) = third.filter(|third| *third != room && *third != to) {
            self.end_membership(user, third, EndReason::Moved).await?;
        }
        for session in sessions {
            if self.rooms.index().is_via(session, Via::Vox) {
                // Without the token their media goes on all the same; the next one comes in time.
                let _ = self.send_media_token(user, to, session).await;
            }
        }
        Ok(())
    }
}
