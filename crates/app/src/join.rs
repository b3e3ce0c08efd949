//! Coming into a room, in two steps: the room admits, then the media plane answers an offer.
//!
//! Voice and stage rooms hold a person one at a time. Joins of one person are serialized, and the new
//! room is asked before the old one is left, so that a refusal costs nobody their place.

use std::net::IpAddr;

use media::{SourceLabel, ViewRequest};
use model::{Redacted, RoomId, SessionId, UserId, Via};
use room::{Actor, Command, EndReason, Join, RoomView};

use crate::clock::now;
use crate::ice::IceServer;
use crate::{App, Identity, Outcome, Refusal};

/// The largest SDP taken, in bytes. Chromium's largest offers, with dozens of sections, stay below.
pub const SDP_LEN_MAX: usize = 200 * 1024;
/// The longest name of a device or tab.
pub const CLIENT_LEN_MAX: usize = 64;

/// How somebody wants to come in.
#[derive(Clone, Debug)]
pub struct JoinRequest {
    /// Where.
    pub room: RoomId,
    /// The door.
    pub via: model::Via,
    /// Names the device or tab, see [`Join::client`].
    pub client: Option<String>,
    /// Start muted.
    pub mute: bool,
    /// Start deafened.
    pub deaf: bool,
    /// The room's password, as typed.
    pub password: Option<Redacted<String>>,
    /// Where the request came from: guesses at passwords are counted by it too.
    pub address: Option<IpAddr>,
}

/// Somebody is in.
#[derive(Debug)]
pub struct Joined {
    /// The new session.
    pub session: SessionId,
    /// The room with them in it.
    pub view: RoomView,
    /// How to reach the media plane, `host:port`.
    pub endpoint: String,
    /// For the client's peer connection.
    pub ice_servers: Vec<IceServer>,
}

impl App {
    /// Lets somebody in. In another exclusive room, that membership ends first.
    pub async fn join(&self, by: &Identity, request: JoinRequest) -> Result<Joined, Refusal> {
        if self.is_stopping() {
            return Err(Refusal::unavailable());
        }
        let user = UserId::from(by.account.id);
        let JoinRequest { room, via, client, mute, deaf, password, address } = request;
        let session = SessionId(self.ids.next());
        let join = Join { session, via, client, mute, deaf, unlocked: true };
        let actor = by.actor();
        self.limits.take_join(user)?;
        let unlocked = match password {
            Some(password) => self.unlock(user, room, &actor, &join, password, address).await?,
            None => false,
        };
        let _one_at_a_time = self.joins.lock(user).await;
        let join = Command::Join(Join { unlocked, ..join });
        self.rooms.consider(room, &actor, &join).await?;
        self.leave_other_room(user, room).await?;
        let outcome = self.rooms.submit(room, &actor, join).await?;
        self.put_out_if_banned_since(by, room).await?;
        Ok(Joined {
            session,
            view: outcome.view,
            endpoint: self.settings.media.endpoint(),
            ice_servers: self.settings.media.ice_servers(session, now().wall),
        })
    }

    /// Whether the caller has shown the room's password. It is looked at last: a full room says so, and
    /// nobody's guess is counted for it. Who is in already need not show it.
    async fn unlock(
        &self,
        user: UserId,
        room: RoomId,
        actor: &Actor,
        join: &Join,
        password: Redacted<String>,
        address: Option<IpAddr>,
    ) -> Result<bool, Refusal> {
        let view = self.rooms.view(room).await?;
        if !view.settings.has_password || view.member(user).is_some() {
            return Ok(false);
        }
        self.rooms.consider(room, actor, &Command::Join(join.clone())).await?;
        let Some(hash) = self.store.room_password(room).await? else { return Ok(false) };
        let guess = self.limits.take_guess(user, address, room)?;
        let right = self.accounts.passwords.verify(hash, password).await;
        if !matches!(right, Ok(false)) {
            self.limits.give_back(&guess);
        }
        Ok(right?)
    }

    /// Comes into a room for its messages and its speaker lock alone, without media. Who is in already
    /// stays in: nothing changes but the time of their last request.
    pub async fn attend(
        &self,
        by: &Identity,
        room: RoomId,
        password: Option<Redacted<String>>,
        address: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        let (via, client) = (Via::SttRoom, None);
        let request =
            JoinRequest { room, via, client, mute: false, deaf: false, password, address };
        self.join(by, request).await.map(|_| ())
    }

    /// Leaves a room with every session of one's own. Who is not in has left.
    pub async fn leave_room(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        match self.rooms.submit(room, &by.actor(), Command::LeaveAll).await {
            Ok(_) | Err(Refusal::Room(room::Refusal::NotAParticipant)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// Something was asked for by somebody: where they are present by their requests alone, they still
    /// are.
    pub async fn note_request(&self, by: &Identity) {
        let user = UserId::from(by.account.id);
        for room in self.rooms.index().rooms_of(user) {
            self.rooms.tell_room(room, Command::RequestHeard { user }).await;
        }
    }

    async fn leave_other_room(&self, user: UserId, target: RoomId) -> Result<(), Refusal> {
        let exclusive = self.rooms.view(target).await?.settings.kind.profile().exclusive;
        let Some(other) = self.rooms.index().exclusive_room_of(user) else { return Ok(()) };
        if !exclusive || other == target {
            return Ok(());
        }
        // The new session could not be recorded: that costs nobody the place they have.
        self.store.takes_sessions().await?;
        let end = Command::EndMember { user, reason: EndReason::Moved };
        match self.rooms.submit(other, &room::Actor::Server, end).await {
            // Deleted just now: nobody is in it.
            Ok(_) | Err(Refusal::Room(room::Refusal::RoomNotFound)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// The token was read before the join; a ban in between has looked for them too early.
    async fn put_out_if_banned_since(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        let account = self.store.account(by.account.id).await?;
        let good = account.is_some_and(|now| !now.banned && now.epoch == by.account.epoch);
        if good {
            return Ok(());
        }
        let user = UserId::from(by.account.id);
        let end = Command::EndMember { user, reason: EndReason::Banned };
        self.rooms.submit(room, &room::Actor::Server, end).await?;
        Err(Refusal::Banned)
    }

    /// Refuses a session that is somebody else's or over, by the index alone.
    fn check_own(&self, by: &Identity, session: SessionId) -> Result<(), Refusal> {
        let user = self.rooms.index().user_of(session).ok_or(room::Refusal::UnknownSession)?;
        if user != UserId::from(by.account.id) {
            return Err(room::Refusal::NotYourSession.into());
        }
        Ok(())
    }

    /// Ends one session of one's own.
    pub async fn leave(&self, by: &Identity, session: SessionId) -> Result<(), Refusal> {
        let leave = Command::Leave { session };
        self.rooms.submit_to_room_of(session, &by.actor(), leave).await.map(|_| ())
    }

    /// Changes mute and deafen of one session of one's own.
    pub async fn set_self(
        &self,
        by: &Identity,
        session: SessionId,
        mute: Option<bool>,
        deaf: Option<bool>,
    ) -> Result<Outcome, Refusal> {
        let command = Command::SetSelf { session, mute, deaf };
        self.rooms.submit_to_room_of(session, &by.actor(), command).await
    }

    /// Answers an offer of a session's client.
    pub async fn offer(
        &self,
        by: &Identity,
        session: SessionId,
        sdp: String,
        sources: Vec<SourceLabel>,
    ) -> Result<String, Refusal> {
        self.check_own(by, session)?;
        if sdp.len() > SDP_LEN_MAX {
            return Err(Refusal::BadSdp(format!("sdp is longer than {SDP_LEN_MAX} bytes")));
        }
        Ok(self.media.offer(session, sdp, sources).await?)
    }

    /// Takes a client's answer to an offer of ours.
    pub async fn answer(
        &self,
        by: &Identity,
        session: SessionId,
        sdp: String,
    ) -> Result<(), Refusal> {
        self.check_own(by, session)?;
        Ok(self.media.answer(session, sdp).await?)
    }

    /// Takes a trickled candidate; `None` is the end of them.
    pub async fn candidate(
        &self,
        by: &Identity,
        session: SessionId,
        candidate: Option<String>,
    ) -> Result<(), Refusal> {
        self.check_own(by, session)?;
        Ok(self.media.candidate(session, candidate).await?)
    }

    /// Which video a session wants in which section, and how large.
    pub async fn view(
        &self,
        by: &Identity,
        session: SessionId,
        wants: Vec<ViewRequest>,
    ) -> Result<(), Refusal> {
        self.check_own(by, session)?;
        Ok(self.media.view(session, wants).await?)
    }

    /// Refuses a session that is somebody else's or over. The room is in the answer.
    pub async fn own_session(
        &self,
        by: &Identity,
        session: SessionId,
    ) -> Result<RoomView, Refusal> {
        let view = self.rooms.view(self.rooms.room_of(session)?).await?;
        let (member, _) = view.session(session).ok_or(room::Refusal::UnknownSession)?;
        if member.person.id != UserId::from(by.account.id) {
            return Err(room::Refusal::NotYourSession.into());
        }
        Ok(view)
    }
}
