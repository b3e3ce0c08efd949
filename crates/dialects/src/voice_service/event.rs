//! The events of the stream: what each notice becomes in this dialect.

mod body;

use app::{Notice, Snapshot, Start, What};
use model::{SessionId, Timestamp, UserId};
use room::{EndReason, Event, InviteEnd, MemberView, Settings};
use serde::Serialize;

use self::body::{About, FloorBody, FrameBody, slot};
use super::participant::{Participant, channel_id, user_id};
use crate::kit::{Moved, own_end, rfc3339};

/// One event on the wire.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Frame {
    #[serde(flatten)]
    body: FrameBody,
    seq: u64,
    /// RFC 3339.
    ts: String,
}

impl Frame {
    /// Something the client sent cannot be used. Carries the number of the last event.
    pub(super) fn error(error: String, seq: u64, at: Timestamp) -> Self {
        Self::new(FrameBody::Error { error }, seq, at)
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Why nothing comes after it; `None` when something may.
    pub(super) fn end_reason(&self) -> Option<&'static str> {
        self.body.end_reason()
    }

    fn new(body: FrameBody, seq: u64, at: Timestamp) -> Self {
        Self { body, seq, ts: rfc3339(at) }
    }
}

/// Puts what a session's follower is told into this dialect. Remembers of the channel what is told all at
/// once although it changes piece by piece.
pub(super) struct Teller {
    session: SessionId,
    about: About,
}

impl Teller {
    pub(super) fn new(session: SessionId, channel: &Settings) -> Self {
        Self { session, about: channel.into() }
    }

    /// The frames that a stream starts with.
    pub(super) fn start(&mut self, start: Start) -> Vec<Frame> {
        match start {
            Start::Snapshot(snapshot) => vec![self.state(&snapshot)],
            Start::Missed(notices) => {
                notices.iter().filter_map(|notice| self.notice(notice)).collect()
            }
        }
    }

    /// The frames of a session that goes on in another channel.
    pub(super) fn moved(&mut self, moved: &Moved) -> [Frame; 2] {
        let channel_id = channel_id(&moved.snapshot.view.settings);
        let by = moved.by.map(|by| by.to_uuid());
        let left = Frame::new(FrameBody::Moved { channel_id, by }, moved.seq, moved.at);
        [left, self.state(&moved.snapshot)]
    }

    /// What a notice becomes; `None` when this dialect does not tell it.
    pub(super) fn notice(&mut self, notice: &Notice) -> Option<Frame> {
        let body = match &notice.what {
            What::Event { event, member, stays } => match own_end(notice, self.session) {
                Some(reason) => FrameBody::ended(reason),
                None => self.event(event, member.as_ref(), *stays)?,
            },
            What::Slots { slots, .. } => FrameBody::slots(slots),
            What::Reconnect { .. } => FrameBody::Reconnect {},
            What::Message(message) => FrameBody::caption(message),
            What::Level { .. } | What::ActiveSpeaker { .. } => return None,
        };
        Some(Frame::new(body, notice.seq, notice.at))
    }

    fn state(&mut self, snapshot: &Snapshot) -> Frame {
        let view = &snapshot.view;
        self.about = About::from(&view.settings);
        let body = FrameBody::State {
            session_id: self.session.to_uuid(),
            channel_id: channel_id(&view.settings),
            participants: view.members.iter().map(Participant::from).collect(),
            slots: snapshot.slots.iter().map(slot).collect(),
            floor: FloorBody::of(view),
            about: self.about.clone(),
        };
        Frame::new(body, snapshot.seq, snapshot.at)
    }

    fn changed(&mut self, change: impl FnOnce(&mut About)) -> FrameBody {
        change(&mut self.about);
        FrameBody::RoomUpdated(self.about.clone())
    }

    fn event(
        &mut self,
        event: &Event,
        member: Option<&MemberView>,
        stays: bool,
    ) -> Option<FrameBody> {
        match event {
            Event::MemberJoined { .. } => {
                member.map(Participant::from).map(FrameBody::MemberJoined)
            }
            // The first session came with its member; another one may change what holds for all.
            Event::SessionStarted { at, .. } | Event::SessionArrived { at, .. } => {
                member.filter(|member| member.joined_at != *at).map(updated)
            }
            // What is left of the member. The session that takes the place of a replaced one is told next,
            // and nothing more need be said.
            Event::SessionEnded { reason, .. } => {
                member.filter(|_| stays && *reason != EndReason::Replaced).map(updated)
            }
            Event::SelfChanged { .. }
            | Event::Source { .. }
            | Event::SpeakRequested { .. }
            | Event::SpeakRequestWithdrawn { .. } => member.map(updated),
            Event::Moderated { by, .. } | Event::SpeakerMade { by, .. } => {
                member.map(|member| updated_by(member, *by))
            }
            // Of who leaves, that is told next.
            Event::SpeakerRevoked { by, .. } => {
                member.filter(|_| stays).map(|member| updated_by(member, *by))
            }
            Event::MemberLeft { user, reason } => {
                let (user_id, reason) = (id(*user, member), reason.as_str());
                Some(FrameBody::MemberLeft { user_id, reason })
            }
            Event::Speaking { session, user, speaking } => {
                Some(of_speaking(*session, id(*user, member), *speaking))
            }
            other => self.of_room(other, member),
        }
    }

    /// What is about the room, its floor and its stage.
    fn of_room(&mut self, event: &Event, member: Option<&MemberView>) -> Option<FrameBody> {
        match event {
            Event::FloorTaken { user, expires_at, .. }
            | Event::FloorKept { user, expires_at, .. } => Some(FrameBody::Floor {
                user_id: Some(id(*user, member)),
                expires_at: Some(rfc3339(*expires_at)),
            }),
            Event::FloorReleased { .. } => {
                Some(FrameBody::Floor { user_id: None, expires_at: None })
            }
            Event::SpeakerInvited { by, expires_at, .. } => Some(FrameBody::StageInvited {
                by: by.map(|by| by.to_uuid()),
                expires_at: rfc3339(*expires_at),
            }),
            Event::InviteEnded { user, why } => {
                let (user_id, why) = (id(*user, member), invite_end(*why));
                Some(FrameBody::StageInviteEnded { user_id, why })
            }
            Event::CaptionsSwitched { on, .. } => Some(self.changed(|about| about.captions = *on)),
            Event::TopicChanged { topic, .. } => {
                Some(self.changed(|about| about.topic.clone_from(topic)))
            }
            Event::SettingsChanged { settings, .. } => {
                Some(self.changed(|about| *about = About::from(&**settings)))
            }
            Event::RequestHeard { .. }
            | Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::Reauthorized { .. }
            | Event::HandRaised { .. }
            | Event::HandLowered { .. }
            | Event::Reacted { .. }
            | Event::Call { .. }
            | Event::MarksForgotten { .. }
            | Event::Closed { .. }
            // Told as members' own.
            | Event::MemberJoined { .. }
            | Event::SessionStarted { .. }
            | Event::SessionArrived { .. }
            | Event::SessionEnded { .. }
            | Event::SelfChanged { .. }
            | Event::Source { .. }
            | Event::SpeakRequested { .. }
            | Event::SpeakRequestWithdrawn { .. }
            | Event::Moderated { .. }
            | Event::SpeakerMade { .. }
            | Event::SpeakerRevoked { .. }
            | Event::MemberLeft { .. }
            | Event::Speaking { .. } => None,
        }
    }
}

fn updated(member: &MemberView) -> FrameBody {
    updated_by(member, None)
}

fn updated_by(member: &MemberView, by: Option<UserId>) -> FrameBody {
    FrameBody::MemberUpdated { participant: member.into(), by: by.map(|by| by.to_uuid()) }
}

fn of_speaking(session: SessionId, user_id: String, speaking: bool) -> FrameBody {
    let session_id = session.to_uuid();
    if speaking {
        FrameBody::SpeakingStarted { user_id, session_id }
    } else {
        FrameBody::SpeakingStopped { user_id, session_id }
    }
}

fn invite_end(why: InviteEnd) -> &'static str {
    match why {
        InviteEnd::Declined => "declined",
        InviteEnd::Expired => "expired",
        InviteEnd::Revoked => "revoked",
    }
}

/// What this dialect calls somebody that an event is about.
fn id(user: UserId, member: Option<&MemberView>) -> String {
    member.map_or_else(|| user.to_uuid(), |member| user_id(&member.person))
}

#[cfg(test)]
mod tests {
    use model::Id;
    use serde_json::{Value, json};

    use super::*;

    fn id() -> Id {
        Id::from_u64(7).unwrap()
    }

    fn told(event: Event) -> Value {
        let at = Timestamp::from_micros(1_769_644_800_000_000);
        let about = About { captions: false, topic: None, name: "hall".to_owned() };
        let mut teller = Teller { session: SessionId(id()), about };
        let what = What::Event { event, member: None, stays: true };
        serde_json::to_value(teller.notice(&Notice { seq: 1, at, what })).unwrap()
    }

    #[test]
    fn however_an_invitation_ends_it_is_said() {
        for (why, said) in [
            (InviteEnd::Declined, "declined"),
            (InviteEnd::Expired, "expired"),
            (InviteEnd::Revoked, "revoked"),
        ] {
            let wanted = json!({
                "type": "stage.invite_ended", "user_id": id().to_uuid(), "why": said, "seq": 1,
                "ts": "2026-01-29T00:00:00.000Z",
            });
            assert_eq!(told(Event::InviteEnded { user: UserId(id()), why }), wanted);
        }
    }
}
