//! Coming into a room, in two steps: the room admits, then the media plane answers an offer.
//!
//! Voice and stage rooms hold a person one at a time. Joins of one person are serialized, and the new
//! room is asked before the old one is left, so that a refusal costs nobody their place.

use std::net::IpAddr;

use media::{SourceLabel, ViewRequest};
use model::{Redacted, RoomId, SessionId, UserId, Via};
use room::{Actor, Command, EndReason, Join, MemberView, RoomView};

use crate::clock::now;
use crate::ice::IceServer;
use crate::turnstile::to_the_end;
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
        let only_once = refuses_elsewhere(via);
        let (video_mute, unlocked) = (false, true);
        let join = Join {
            session,
            via,
            client,
            mute,
            deaf,
            video_mute,
            beside: None,
            unlocked,
            only_once,
        };
        let actor = by.actor();
        self.limits.take_join(user)?;
        let unlocked = match password {
            Some(password) => self.unlock(user, room, &actor, &join, password, address).await?,
            None => false,
        };
        let join = Join { unlocked, ..join };
        let (app, by) = (self.clone(), by.clone());
        let outcome = to_the_end(async move { app.join_now(&by, room, join).await }).await?;
        Ok(Joined {
            session,
            view: outcome.view,
            endpoint: self.settings.media.endpoint(),
            ice_servers: self.settings.media.ice_servers(user, now().wall),
        })
    }

    pub(crate) async fn join_now(
        &self,
        by: &Identity,
        room: RoomId,
        join: Join,
    ) -> Result<Outcome, Refusal> {
        let (user, actor) = (UserId::from(by.account.id), by.actor());
        let Join { session, via, only_once, .. } = join;
        let _one_at_a_time = self.joins.lock(user).await;
        let join = Command::Join(join);
        self.rooms.consider(room, &actor, &join).await?;
        self.leave_other_room(user, room, only_once).await?;
        let outcome = self.rooms.submit(room, &actor, join).await?;
        if via == Via::Vox {
            self.link_gateways(user, session).await;
        }
        self.look_again(by, room).await?;
        Ok(outcome)
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
            Ok(_) | Err(Refusal::Room(room::Refusal::NotInRoom)) => Ok(()),
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

    /// Ends the membership in another exclusive room; `refuses`: unless its client is still there.
    async fn leave_other_room(
        &self,
        user: UserId,
        target: RoomId,
        refuses: bool,
    ) -> Result<(), Refusal> {
        let exclusive = self.rooms.view(target).await?.settings.kind.profile().exclusive;
        let Some(other) = self.rooms.index().exclusive_room_of(user) else { return Ok(()) };
        if !exclusive || other == target {
            return Ok(());
        }
        if refuses && self.is_live_in(user, other).await {
            return Err(room::Refusal::AlreadyIn.into());
        }
        // The new session could not be recorded: that costs nobody the place they have.
        self.store.takes_sessions().await?;
        self.end_membership(user, other, EndReason::Moved).await
    }

    async fn is_live_in(&self, user: UserId, room: RoomId) -> bool {
        let view = self.rooms.view_if_running(room).await;
        let member = view.as_ref().and_then(|view| view.member(user));
        member.is_some_and(MemberView::is_live)
    }

    /// Puts somebody out of a room, if they are in.
    pub(crate) async fn end_membership(
        &self,
        user: UserId,
        room: RoomId,
        reason: EndReason,
    ) -> Result<(), Refusal> {
        let end = Command::EndMember { user, reason };
        match self.rooms.submit(room, &room::Actor::Server, end).await {
            // Deleted just now: nobody is in it.
            Ok(_) | Err(Refusal::Room(room::Refusal::RoomNotFound)) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// The token was read before the join; a ban in between has looked for them too early, a change of
    /// roles too.
    async fn look_again(&self, by: &Identity, room: RoomId) -> Result<(), Refusal> {
        let now = self.accounts.identity(by.account.id).await?;
        let good = |now: &Identity| !now.account.banned && now.account.epoch == by.account.epoch;
        let Some(now) = now.filter(good) else {
            self.end_membership(UserId::from(by.account.id), room, EndReason::Banned).await?;
            return Err(Refusal::Banned);
        };
        if now.roles == by.roles { Ok(()) } else { self.reauthorize_in(&now, room).await }
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
        let (camera, screen, video_mute) = (None, None, None);
        let command = Command::SetSelf { session, mute, deaf, camera, screen, video_mute };
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
        let view = self.rooms.view_of(session).await?;
        let (member, _) = view.session(session).ok_or(room::Refusal::UnknownSession)?;
        if member.person.id != UserId::from(by.account.id) {
            return Err(room::Refusal::NotYourSession.into());
        }
        Ok(view)
    }
}

/// Whether who comes in through a door is refused where they are elsewhere, rather than taken out of there
/// (Vox: 409).
fn refuses_elsewhere(via: Via) -> bool {
    match via {
        Via::Vox => true,
        Via::SttRoom | Via::VoiceService | Via::Aura | Via::OriginChats | Via::Sip => false,
    }
}
