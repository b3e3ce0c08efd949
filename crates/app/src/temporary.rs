//! Rooms that are made for one call: with whom they begin, and who is called in.
//!
//! Such a room is a conference like any other while somebody is in it; it ends by itself when everyone has
//! left (`room::Settings::temporary`), and what a crash leaves is deleted at the next start.

use model::{RoomId, UserId};
use room::{Actor, Admission, Knock, ProfileKind, Settings, Shown};
use store::NewRoom;

use crate::accounts::Origin;
use crate::board::News;
use crate::calls::{Call, CallJoin, Credentials, JoinedCall};
use crate::catalog::with_owner;
use crate::clock::now;
use crate::invitations::{Destination, Invited};
use crate::refusal::causes;
use crate::rooms::CallWatch;
use crate::{App, Identity, Refusal};

/// Somebody wants a room with others at once.
#[derive(Clone, Debug)]
pub struct TempRoomAsked {
    /// What their client calls their call.
    pub call: String,
    /// Who they say they are. Guests have nobody called.
    pub credentials: Credentials,
    /// Where the request came from.
    pub origin: Origin,
    /// Whom they want.
    pub destinations: Vec<String>,
    /// How they come in themselves.
    pub join: CallJoin,
}

/// A room with its maker in it.
#[derive(Debug)]
pub struct TempRoom {
    /// The maker's call.
    pub call: Call,
    /// What it is told from now on.
    pub watch: CallWatch,
    /// How it came in.
    pub joined: JoinedCall,
    /// Who was called.
    pub invited: Vec<Invited>,
}

impl App {
    /// Makes a room for one call, lets its maker in and calls the others. Of what is refused nothing stays.
    pub async fn create_temp_room(&self, asked: TempRoomAsked) -> Result<TempRoom, Refusal> {
        if self.is_stopping() {
            return Err(Refusal::unavailable());
        }
        let TempRoomAsked { call, credentials, origin, destinations, join } = asked;
        let identity = self.who_rings(credentials, origin).await?;
        let identity = identity.ok_or(Refusal::WrongCredentials)?;
        media::outline(&join.sdp)?;
        self.check_may_create(&identity)?;
        self.limits.take_room(identity.account.id)?;
        let user = UserId::from(identity.account.id);
        let destinations = self.destinations(user, destinations).await?;
        let settings = self.store.create_room(&self.temp_room_of(&identity)).await?;
        self.board.tell(News::RoomCreated { settings: settings.clone() }).await;
        let begun = self.begin(&identity, settings.id, call, join, destinations).await;
        if begun.is_err() {
            self.undo(settings).await;
        }
        begun
    }

    fn temp_room_of(&self, maker: &Identity) -> NewRoom {
        let creator = Some(UserId::from(maker.account.id));
        let profile = ProfileKind::Conference.profile();
        NewRoom {
            id: RoomId(self.ids.next()),
            name: format!("{}'s call", maker.account.shown_name()),
            kind: ProfileKind::Conference,
            topic: None,
            member_limit: profile.member_limit,
            temporary: true,
            created_by: creator,
            external: None,
            created_at: now().wall,
            overrides: with_owner(creator, Vec::new()),
            password_hash: None,
            captions: profile.captions,
            // Who is called comes by token, others wait.
            admission: Admission { open: false, ..Admission::default() },
        }
    }

    async fn begin(
        &self,
        maker: &Identity,
        room: RoomId,
        call: String,
        join: CallJoin,
        destinations: Vec<Destination>,
    ) -> Result<TempRoom, Refusal> {
        let (call, actor) = (self.new_call(room, call, Some(maker), None), maker.actor());
        let knock = Knock {
            session: call.session,
            call: call.id.clone(),
            name: maker.account.shown_name().to_owned(),
            guest: false,
            via: model::Via::Aura,
            shown: Shown::Nothing,
        };
        let watch = self.rooms.knock(room, &actor, knock).await?.watch;
        // It is new, and so is its watch.
        let watch = watch.ok_or_else(Refusal::unavailable)?;
        let joined = self.join_call(&call, join).await?;
        let by_call = Some(call.session);
        let invited = self.ring_all(room, &actor, by_call, destinations).await?;
        Ok(TempRoom { call, watch, joined, invited })
    }

    /// Its maker could not come in. They may have been in for a moment, and it is over then.
    async fn undo(&self, settings: Settings) {
        match self.delete_room_as(&Actor::Server, settings).await {
            Ok(()) | Err(Refusal::Room(room::Refusal::RoomNotFound)) => {}
            Err(refusal) => {
                tracing::warn!(error = causes(&refusal), "a room stays until the next start");
            }
        }
    }
}
