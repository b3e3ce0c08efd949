//! Inviting and being invited: rooms for one call, who is rung on this socket, and what it answers.

use app::{CallJoin, Invited, Inviter, Registration, Ring, Ringing, TempRoomAsked};
use model::SessionId;
use serde_json::{Value, json};

use super::connection::{Connection, OpenCall};
use super::event::not_coming;
use super::method::{Answer, of_credentials, only_admin};
use super::refusal::RpcError;
use super::request::{
    ConvertToRoom, CreateTempRoom, CredentialsBody, InviteExten, Shown, check_destinations,
};
use super::rpc::Notification;
use crate::kit::Closed;

/// An account that is rung on this socket.
pub(super) struct Registered {
    pub(super) registration: Registration,
    /// The invitations that the client was told of and that still ring.
    told: Vec<SessionId>,
}

/// What a registered socket is told next; never, where none is.
pub(super) async fn next_ring(registration: Option<&mut Registration>) -> Option<Ring> {
    match registration {
        Some(registration) => registration.next().await,
        None => std::future::pending().await,
    }
}

impl Connection {
    pub(super) async fn register(&mut self, wanted: CredentialsBody) -> Answer {
        let registered = self.app.register_client(wanted.read()?, self.origin).await;
        let registration = registered.map_err(of_credentials)?;
        let user = registration.user();
        match &mut self.registered {
            // What rings goes on ringing, and is not told again.
            Some(own) if own.registration.user() == user => own.registration.renew(),
            Some(_) | None => self.registered = Some(Registered { registration, told: Vec::new() }),
        }
        Ok(json!({ "user": user.to_uuid() }))
    }

    pub(super) async fn create_temp_room(&mut self, mut wanted: CreateTempRoom) -> Answer {
        wanted.check()?;
        self.check_is_in_no_room()?;
        let sources = wanted.sources();
        let CreateTempRoom { call_id: call, credentials, sdp, invited, .. } = wanted;
        let (mute, video_mute) = (wanted.audio_muted, wanted.video_muted);
        let join = CallJoin { sdp, sources, mute, video_mute };
        let (credentials, origin) = (credentials.read()?, self.origin);
        let asked = TempRoomAsked { call, credentials, origin, destinations: invited, join };
        let made = self.app.create_temp_room(asked).await.map_err(of_credentials)?;
        let room = made.call.room.to_uuid();
        let mut open = OpenCall::new(made.call, made.watch);
        open.is_in(&made.joined);
        self.open = Some(open);
        let (sdp, invited) = (made.joined.sdp, bodies(made.invited));
        Ok(json!({ "room_id": room, "sdp": sdp, "invited": invited }))
    }

    pub(super) async fn invite_exten(&mut self, InviteExten { extens }: InviteExten) -> Answer {
        check_destinations(&extens)?;
        let invited = self.app.invite(&self.inviter(), extens).await;
        let invited = invited.map_err(only_admin("only admin can invite"))?;
        Ok(json!({ "invited": bodies(invited) }))
    }

    pub(super) async fn convert_to_room(&mut self, wanted: ConvertToRoom) -> Answer {
        wanted.check()?;
        match self.app.convert_call(&self.inviter()).await? {}
    }

    pub(super) async fn reject_invite(&mut self, Shown { auth_token }: Shown) -> Answer {
        let session = self.app.decline_invitation(&auth_token).await?;
        self.stops_ringing(session);
        Ok(json!({}))
    }

    /// Takes the call that an invitation's token is for, if it still rings.
    pub(super) async fn answer_invitation(
        &mut self,
        token: &str,
        sdp: &str,
    ) -> Result<(), RpcError> {
        let answered = self.app.answer_invitation(token, sdp).await?;
        self.stops_ringing(answered.call.session);
        self.open = Some(OpenCall::new(answered.call, answered.watch));
        Ok(())
    }

    fn inviter(&self) -> Inviter {
        Inviter {
            call: self.open.as_ref().map(|open| open.call.clone()),
            registered: self.registered.as_ref().map(|own| own.registration.user()),
        }
    }

    /// The client of this socket knows that an invitation is over: it was it. Whether it had been told.
    fn stops_ringing(&mut self, session: SessionId) -> bool {
        let Some(Registered { told, .. }) = &mut self.registered else { return false };
        let before = told.len();
        told.retain(|other| *other != session);
        told.len() < before
    }

    /// Tells what rings, and what does not any more. `None`: the client has not renewed its registration.
    pub(super) async fn tell_ring(&mut self, ring: Option<Ring>) -> Result<(), Closed> {
        match ring {
            None => {
                self.registered = None;
                Ok(())
            }
            Some(Ring::Rings(ringing)) => self.tell_invite(&ringing).await,
            Some(Ring::Over { room, session }) if self.stops_ringing(session) => {
                let params = json!({ "room": room.to_uuid() });
                self.tell(Notification::new("room_invite_completed_elsewhere", params)).await
            }
            Some(Ring::Over { .. }) => Ok(()),
            Some(Ring::NotComing { room, call }) => self.tell(not_coming(room, &call)).await,
        }
    }

    async fn tell_invite(&mut self, ringing: &Ringing) -> Result<(), Closed> {
        let Ringing { room, session, call, by } = ringing;
        // Without a token nothing can be joined: it goes unanswered here.
        let Ok(token) = self.app.ring_token(*room, *session) else { return Ok(()) };
        if let Some(own) = &mut self.registered {
            own.told.push(*session);
        }
        let external = by.external_id.as_ref().map(ToString::to_string);
        let from = external.unwrap_or_else(|| by.id.to_uuid());
        let params = json!({ "room": room.to_uuid(), "call_id": call, "from_user": from,
            "auth_token": token.expose() });
        self.tell(Notification::new("room_invite", params)).await
    }
}

/// `bridge_id` is what the call is called.
fn bodies(invited: Vec<Invited>) -> Vec<Value> {
    let body = |one: Invited| json!({ "bridge_id": one.call, "destination": one.destination });
    invited.into_iter().map(body).collect()
}
