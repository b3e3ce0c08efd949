//! What a session may send and receive just now: the room's word to the packet path.

use model::{Gate, Permissions, SessionId};

use crate::member::{Member, Session};
use crate::profile::SpeakRule;
use crate::room::Room;

impl Room {
    /// The gate of a session; shut for one that the room does not know.
    pub fn gate(&self, session: SessionId) -> Gate {
        match self.session(session) {
            Some((member, session)) => self.gate_of(member, session),
            None => Gate::SHUT,
        }
    }

    pub(crate) fn gate_of(&self, member: &Member, session: &Session) -> Gate {
        let may = |permission| member.permissions.contains(permission);
        let heard = match self.settings().kind.profile().speak {
            SpeakRule::Permission => may(Permissions::SPEAK),
            SpeakRule::Everyone => true,
            SpeakRule::FloorHolder => self.holds_floor(member.person.id),
            // Nobody has been given the stage: the safe answer is silence.
            SpeakRule::Speakers => false,
        };
        let marks = self.marks(member.person.id);
        let speak = heard && !marks.server_mute && !session.mute;
        Gate {
            speak,
            camera: may(Permissions::VIDEO),
            screen: may(Permissions::STREAM),
            receive: !marks.server_deaf && !session.deaf,
            captions: speak && self.settings().captions,
        }
    }
}
