//! What a client that asked for events is told: who is in which of its sections, and who speaks.

use std::collections::BTreeSet;

use app::{Notice, Snapshot, What};
use model::UserId;

use super::frame::FromServer;

/// Puts notices into frames.
pub(super) struct Teller {
    /// Whether the client asked for events. One that did not is told only what it cannot do without.
    events: bool,
    /// Who was told to speak: whoever stops, is muted, leaves, or is left behind by a move is told to have
    /// ceased, each once.
    speaking: BTreeSet<UserId>,
}

impl Teller {
    pub(super) fn new(events: bool) -> Self {
        Self { events, speaking: BTreeSet::new() }
    }

    /// The room as it is, at the beginning or after a move.
    pub(super) fn start(&mut self, snapshot: &Snapshot) -> Vec<FromServer> {
        if !self.events {
            return Vec::new();
        }
        let members = snapshot.view.members.iter();
        let speaking = members.filter(|member| member.speaking).map(|member| member.person.id);
        let speaking: BTreeSet<UserId> = speaking.collect();
        let ceased = self.speaking.difference(&speaking).map(|user| (*user, false));
        let began = speaking.difference(&self.speaking).map(|user| (*user, true));
        let slots = (!snapshot.slots.is_empty()).then(|| FromServer::slots(&snapshot.slots));
        let changed = ceased.chain(began).map(|(user, now)| FromServer::speaking(user, now));
        let frames = changed.chain(slots).collect();
        self.speaking = speaking;
        frames
    }

    /// What a notice becomes; `None` when it is nothing to this client.
    pub(super) fn notice(&mut self, notice: &Notice) -> Option<FromServer> {
        match &notice.what {
            What::Reconnect { .. } => Some(FromServer::media_failed()),
            What::Slots { slots, .. } => self.events.then(|| FromServer::slots(slots)),
            What::Event { member, stays, .. } => {
                let member = member.as_ref().filter(|_| self.events)?;
                self.changed(member.person.id, *stays && member.speaking)
            }
            // Nobody here asked for levels.
            What::Message(_) | What::Level { .. } | What::ActiveSpeaker { .. } => None,
        }
    }

    fn changed(&mut self, user: UserId, speaking: bool) -> Option<FromServer> {
        let news = if speaking { self.speaking.insert(user) } else { self.speaking.remove(&user) };
        news.then(|| FromServer::speaking(user, speaking))
    }
}

#[cfg(test)]
mod tests {
    use model::{SessionId, Timestamp};
    use serde_json::json;

    use super::*;

    #[test]
    fn a_dead_peer_connection_is_told_to_everyone_and_slots_to_those_who_asked() {
        let (session, at) = (SessionId::from_i64(1).unwrap(), Timestamp::from_micros(1));
        let told = |events: bool, what: What| {
            let told = Teller::new(events).notice(&Notice { seq: 1, at, what });
            serde_json::to_value(told).unwrap()
        };
        for events in [false, true] {
            let failed = told(events, What::Reconnect { session });
            assert_eq!(
                (&failed["type"], &failed["code"]),
                (&json!("error"), &json!("MEDIA_FAILED"))
            );
        }
        let slots = || What::Slots { session, slots: Vec::new() };
        assert_eq!(told(true, slots()), json!({ "type": "slots", "slots": [] }));
        assert_eq!(told(false, slots()), json!(null));
    }
}
