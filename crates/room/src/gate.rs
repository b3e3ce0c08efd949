//! What a session may send and receive just now: the room's word to the packet path.

use model::{Gate, Permissions, SessionId};

use crate::profile::SpeakRule;
use crate::room::{Member, Room, Session};

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
            // Nobody has been given the stage or the lock: the safe answer is silence.
            SpeakRule::Speakers | SpeakRule::FloorHolder => false,
        };
        let marks = self.marks(member.person.id);
        Gate {
            speak: heard && !marks.server_mute && !session.mute,
            camera: may(Permissions::VIDEO),
            screen: may(Permissions::STREAM),
            receive: !marks.server_deaf && !session.deaf,
        }
    }
}
