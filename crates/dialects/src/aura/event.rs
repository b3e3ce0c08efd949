//! What a client is told: notices of its room as JSON-RPC notifications.
//!
//! Most of what changes about members is told by comparing what was told before with how they are now, so
//! that each change is told once, whichever command brought it about.

use app::{Notice, What};
use model::{RoomId, SessionId};
use room::{Call, CallChange, EndReason, Event, MemberView};
use serde_json::{Value, json};

use super::member::Roster;
use super::rpc::Notification;

/// What a notice comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Told {
    /// This is sent, in this order.
    All(Vec<Notification>),
    /// The call may join now.
    Allowed,
    /// Its peer connection is dead: it joins again.
    Reconnect,
    /// The call is over. This is sent, and nothing after it.
    Over(Vec<Notification>),
}

/// Puts notices into words for one call.
#[derive(Debug)]
pub(super) struct Teller {
    room: RoomId,
    own: SessionId,
    pub roster: Roster,
}

impl Teller {
    pub(super) fn new(room: RoomId, own: SessionId) -> Self {
        Self { room, own, roster: Roster::default() }
    }

    /// What a notice is to this client.
    pub(super) fn notice(&mut self, notice: &Notice) -> Told {
        match &notice.what {
            What::Event { event, member, stays } => {
                self.event(event, member.as_ref().filter(|_| *stays))
            }
            What::Reconnect { session } if *session == self.own => Told::Reconnect,
            What::Level { session, dbov } => Told::All(self.level(*session, *dbov)),
            What::ActiveSpeaker { session } => Told::All(self.active(*session)),
            What::Reconnect { .. } | What::Slots { .. } | What::Message(_) => Told::All(Vec::new()),
        }
    }

    fn event(&mut self, event: &Event, member: Option<&MemberView>) -> Told {
        match event {
            Event::Call { session, what, .. } if *session == self.own => own_call(*what),
            Event::SessionEnded { session, reason, .. } if *session == self.own => {
                Told::Over(self.own_end(*reason))
            }
            other => Told::All(self.others(other, member)),
        }
    }

    fn others(&mut self, event: &Event, member: Option<&MemberView>) -> Vec<Notification> {
        match event {
            Event::Call { call, what, .. } => of_call(self.room, call, *what),
            Event::SessionEnded { session, reason, .. } => {
                let mut told = self.left(*session, *reason);
                told.extend(self.changed(member));
                told
            }
            Event::Reacted { session, reaction, .. } if *session != self.own => {
                let id = self.roster.id_of(*session);
                let params = |id: &str| json!({ "member": id, "reaction": reaction });
                id.map(|id| Notification::new("member_send_reaction", params(id)))
                    .into_iter()
                    .collect()
            }
            Event::MemberJoined { .. }
            | Event::SessionStarted { .. }
            | Event::SessionArrived { .. }
            | Event::SelfChanged { .. }
            | Event::Moderated { .. }
            | Event::HandRaised { .. }
            | Event::HandLowered { .. }
            | Event::Source { .. } => self.changed(member),
            Event::Reacted { .. }
            | Event::MarksForgotten { .. }
            | Event::MemberLeft { .. }
            | Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::RequestHeard { .. }
            | Event::Speaking { .. }
            | Event::Reauthorized { .. }
            | Event::SpeakRequested { .. }
            | Event::SpeakRequestWithdrawn { .. }
            | Event::SpeakerInvited { .. }
            | Event::InviteEnded { .. }
            | Event::SpeakerMade { .. }
            | Event::SpeakerRevoked { .. }
            | Event::TopicChanged { .. }
            | Event::SettingsChanged { .. }
            | Event::FloorTaken { .. }
            | Event::FloorKept { .. }
            | Event::FloorReleased { .. }
            | Event::CaptionsSwitched { .. }
            | Event::Closed { .. } => Vec::new(),
        }
    }

    fn changed(&mut self, member: Option<&MemberView>) -> Vec<Notification> {
        member.map(|member| self.roster.update(member, self.own)).unwrap_or_default()
    }

    fn left(&mut self, session: SessionId, reason: EndReason) -> Vec<Notification> {
        let id = self.roster.remove(session);
        id.map(|id| leave(&id, is_by_admin(reason))).into_iter().collect()
    }

    /// Who leaves knows it; who is put out is told.
    fn own_end(&mut self, reason: EndReason) -> Vec<Notification> {
        let told = self.left(self.own, reason);
        if reason == EndReason::Left { Vec::new() } else { told }
    }

    fn level(&self, session: SessionId, dbov: i8) -> Vec<Notification> {
        if session == self.own {
            return Vec::new();
        }
        let params = |id: &str| json!({ "member": id, "audio_level": amplitude(dbov) });
        let id = self.roster.id_of(session);
        id.map(|id| Notification::new("member_audio_level", params(id))).into_iter().collect()
    }

    fn active(&self, session: Option<SessionId>) -> Vec<Notification> {
        match session {
            None => vec![Notification::new("room_clear_active_speaker", json!({}))],
            Some(session) => {
                let id = self.roster.id_of(session);
                id.map(|id| one("room_active_speaker", id)).unwrap_or_default()
            }
        }
    }
}

/// What became of the client's own call.
fn own_call(what: CallChange) -> Told {
    match what {
        // It knows, or is told by the answer to its request.
        CallChange::Waits | CallChange::StillWaits { .. } => Told::All(Vec::new()),
        CallChange::Admitted { .. } => Told::Allowed,
        CallChange::Rejected { .. } => {
            Told::Over(vec![Notification::new("member_rejected", json!({}))])
        }
        CallChange::Ended { .. } | CallChange::Unanswered { .. } => Told::Over(Vec::new()),
        // Told on sockets that are registered.
        CallChange::Rings | CallChange::Answered => Told::All(Vec::new()),
    }
}

/// What became of somebody else's.
fn of_call(room: RoomId, call: &Call, what: CallChange) -> Vec<Notification> {
    match what {
        CallChange::Waits | CallChange::StillWaits { .. } => {
            vec![Notification::new("member_waiting", waiting(call))]
        }
        CallChange::Admitted { .. } => one("member_waiting_allowed", &call.id),
        CallChange::Rejected { by: Some(_), .. } => one("member_waiting_rejected", &call.id),
        CallChange::Rejected { by: None, .. } => Vec::new(),
        CallChange::Ended { waited: true } => one("member_leave_waiting_room", &call.id),
        CallChange::Ended { waited: false } | CallChange::Unanswered { .. } => {
            vec![not_coming(room, &call.id)]
        }
        CallChange::Rings | CallChange::Answered => Vec::new(),
    }
}

/// Whom one has invited does not come.
pub(super) fn not_coming(room: RoomId, call: &str) -> Notification {
    let params = json!({ "room": room.to_uuid(), "call_id": call });
    Notification::new("room_invite_reject", params)
}

fn one(method: &'static str, member: &str) -> Vec<Notification> {
    vec![Notification::new(method, json!({ "member": member }))]
}

/// A member is gone.
fn leave(member: &str, by_admin: bool) -> Notification {
    let params = json!({ "member": member, "by_admin": by_admin });
    Notification::new("member_leave_room", params)
}

/// Somebody who waits. `user` is only there for who has an account.
fn waiting(call: &Call) -> Value {
    let mut params = json!({ "member": call.id, "name": call.name });
    if let (false, Some(params)) = (call.guest, params.as_object_mut()) {
        params.insert("user".to_owned(), json!(call.user.to_uuid()));
    }
    params
}

/// Whether somebody else wanted it so.
fn is_by_admin(reason: EndReason) -> bool {
    match reason {
        EndReason::Kicked { .. }
        | EndReason::MovedTo { .. }
        | EndReason::Banned
        | EndReason::RoomDeleted => true,
        EndReason::Left
        | EndReason::Replaced
        | EndReason::Moved
        | EndReason::Timeout
        | EndReason::MediaFailed
        | EndReason::ServerShutdown
        | EndReason::ServerRestart => false,
    }
}

/// 0 to 1, as WebRTC statistics have audio levels: 1 is full scale, 0 silence (-127 dBov).
fn amplitude(dbov: i8) -> f64 {
    if dbov <= -127 {
        return 0.0;
    }
    let exact = 10_f64.powf(f64::from(dbov) / 20.0);
    (exact * 10_000.0).round() / 10_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_amplitudes() {
        assert_eq!([0, -20, -40, -127].map(amplitude), [1.0, 0.1, 0.01, 0.0]);
    }
}
