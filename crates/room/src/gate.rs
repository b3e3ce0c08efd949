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
        let marks = self.marks(member.person.id);
        let (heard, seen) = match self.settings().kind.profile().speak {
            SpeakRule::Permission => (member.may(Permissions::SPEAK), true),
            SpeakRule::Everyone => (true, true),
            SpeakRule::FloorHolder => (self.holds_floor(member.person.id), true),
            // The stage is given by moderators: SPEAK is not asked for, and listeners are not seen.
            SpeakRule::Speakers => (marks.speaker, marks.speaker),
        };
        // By a second connection one only receives.
        let sends = session.beside.is_none();
        let speak = sends && heard && !marks.server_mute && !session.own.mute;
        Gate {
            speak,
            camera: sends
                && seen
                && member.may(Permissions::VIDEO)
                && !marks.server_video_mute
                && !session.own.video_mute,
            screen: sends && seen && member.may(Permissions::STREAM),
            receive: !marks.server_deaf && !session.own.deaf,
            captions: speak && self.settings().captions,
        }
    }
}
