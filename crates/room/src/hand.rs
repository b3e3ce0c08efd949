//! Hands and reactions. A hand belongs to a session and goes down with it; a reaction is told and gone.

use model::{Now, SessionId, Timestamp};

use crate::actor::Actor;
use crate::event::Event;
use crate::refusal::Refusal;
use crate::room::Room;

impl Room {
    pub(crate) fn decide_hand(
        &self,
        by: &Actor,
        session: SessionId,
        raised: bool,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, state) = self.own_session(by, session)?;
        let user = member.person.id;
        Ok(match (state.hand_at, raised) {
            (None, true) => {
                let at = now.wall.max(self.after_all_hands());
                vec![Event::HandRaised { session, user, at }]
            }
            (Some(_), false) => vec![Event::HandLowered { session, user }],
            (None, false) | (Some(_), true) => Vec::new(),
        })
    }

    pub(crate) fn decide_reaction(
        &self,
        by: &Actor,
        session: SessionId,
        reaction: String,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, _) = self.own_session(by, session)?;
        Ok(vec![Event::Reacted { session, user: member.person.id, reaction }])
    }

    /// Later than every hand that is up, whatever the wall clock does.
    fn after_all_hands(&self) -> Timestamp {
        let sessions = self.members.values().flat_map(|member| member.sessions.values());
        let last = sessions.filter_map(|session| session.hand_at).max();
        last.map_or(Timestamp::from_micros(0), |at| Timestamp::from_micros(at.as_micros() + 1))
    }
}
