//! What clients ask for over the gateway. Each is one call of a use case; what it leads to is told like
//! everything else.

use std::sync::Arc;

use app::{App, Identity, Refusal};
use model::{RoomId, UserId};
use tokio::sync::watch;

use super::envelope::{CodecNeg, Said};
use super::hub::Hub;
use crate::kit::Fault;

/// The largest message that is passed on to others, in bytes of JSON: it is kept for all who may have
/// missed it.
const RELAY_MAX: usize = 4 * 1024;

/// One client's requests.
pub(super) struct Requests {
    app: App,
    hub: Hub,
    /// Who asks, as they are now.
    identity: watch::Receiver<Arc<Identity>>,
}

impl Requests {
    pub(super) fn new(app: App, hub: Hub, identity: watch::Receiver<Arc<Identity>>) -> Self {
        Self { app, hub, identity }
    }

    /// Own mute, deafen, camera and screen.
    pub(super) async fn update_voice(&self, said: Said) -> Result<(), Fault> {
        let update = said.voice_update()?;
        Ok(self.app.update_voice(&self.identity(), update).await?)
    }

    /// The answer to a stage invite.
    pub(super) async fn answer_invite(&self, said: Said) -> Result<(), Fault> {
        let answer = said.stage_response()?;
        Ok(self.app.respond_invite(&self.identity(), answer.room, answer.accepted).await?)
    }

    /// Passes something on to the clients of the others in a room.
    pub(super) async fn relay(&self, said: Said) -> Result<(), Fault> {
        let said = said.codec_neg()?;
        check_relay(&said)?;
        let (identity, room) = (self.identity(), said.room);
        let me = UserId::from(identity.account.id);
        let members = self.members(&identity, room).await?;
        if !members.contains(&me) {
            return Err(Refusal::from(room::Refusal::NotInRoom).into());
        }
        let others = members.into_iter().filter(|member| *member != me).collect();
        self.hub.relay(others, said, me).await;
        Ok(())
    }

    async fn members(&self, identity: &Identity, room: RoomId) -> Result<Vec<UserId>, Refusal> {
        let view = match self.app.participants(identity, room).await {
            // A password keeps those out who are not in.
            Err(Refusal::Room(room::Refusal::NotAParticipant)) => return Ok(Vec::new()),
            found => found?,
        };
        Ok(view.members.iter().map(|member| member.person.id).collect())
    }

    fn identity(&self) -> Arc<Identity> {
        Arc::clone(&self.identity.borrow())
    }
}

fn check_relay(said: &CodecNeg) -> Result<(), Fault> {
    let length = serde_json::to_string(&said.data).map_or(0, |text| text.len());
    if length > RELAY_MAX {
        let what = format!("voice_codec_neg has at most {RELAY_MAX} bytes");
        return Err(Fault::Malformed(what));
    }
    Ok(())
}
