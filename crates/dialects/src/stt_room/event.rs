//! The events of the socket in the seed's envelope `{type, payload, ts}`, and how the socket ends.

use app::{Notice, What};
use axum::extract::ws::close_code;
use model::{RoomId, Timestamp, UserId};
use room::{EndReason, Event, Message, RoomView};
use serde::Serialize;

use super::message::{KIND, email_of};
use crate::kit::{SERVICE_RESTART, rfc3339};

/// The token is missing, wrong or dead.
pub(super) const BAD_TOKEN: u16 = 4401;
/// Not a participant of the room, or not any more.
pub(super) const NO_PARTICIPANT: u16 = 4403;
/// There is no such room, or not any more.
pub(super) const NO_ROOM: u16 = 4404;

/// One event on the wire.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Frame {
    #[serde(flatten)]
    body: FrameBody,
    /// RFC 3339.
    ts: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type", content = "payload")]
enum FrameBody {
    #[serde(rename = "speaker.changed")]
    SpeakerChanged {
        room_id: String,
        current_speaker_user_id: Option<String>,
        expires_at: Option<String>,
    },
    #[serde(rename = "message.created")]
    MessageCreated(Box<MessagePayload>),
    #[serde(rename = "room.participant.joined")]
    ParticipantJoined { user_id: String },
    #[serde(rename = "room.participant.left")]
    ParticipantLeft { user_id: String },
}

#[derive(Clone, Debug, Serialize)]
struct MessagePayload {
    message_id: String,
    room_id: String,
    sender_user_id: String,
    sender_email: String,
    r#type: &'static str,
    text: String,
    /// `partial` while somebody speaks, then `final` under the same id. A final without text takes
    /// back what was shown.
    status: &'static str,
    created_at: String,
}

impl Frame {
    /// Who speaks just now: first on every socket.
    pub(super) fn current(view: &RoomView, at: Timestamp) -> Self {
        let held = view.floor.as_ref().map(|floor| (floor.holder, floor.expires_at));
        Self::new(speaker(view.settings.id, held), at)
    }

    /// What a notice becomes; `None` when this dialect does not tell it.
    pub(super) fn of(notice: &Notice, room: RoomId) -> Option<Self> {
        let body = match &notice.what {
            What::Event { event, .. } => of_event(event, room)?,
            What::Message(message) => FrameBody::MessageCreated(Box::new(message.as_ref().into())),
            What::Slots { .. }
            | What::Level { .. }
            | What::ActiveSpeaker { .. }
            | What::Reconnect { .. } => return None,
        };
        Some(Self::new(body, notice.at))
    }

    fn new(body: FrameBody, at: Timestamp) -> Self {
        Self { body, ts: rfc3339(at) }
    }
}

fn of_event(event: &Event, room: RoomId) -> Option<FrameBody> {
    match event {
        Event::FloorTaken { user, expires_at, .. } | Event::FloorKept { user, expires_at, .. } => {
            Some(speaker(room, Some((*user, *expires_at))))
        }
        Event::FloorReleased { .. } => Some(speaker(room, None)),
        Event::MemberJoined { person, .. } => {
            Some(FrameBody::ParticipantJoined { user_id: person.id.to_uuid() })
        }
        Event::MemberLeft { user, .. } => {
            Some(FrameBody::ParticipantLeft { user_id: user.to_uuid() })
        }
        // Who comes by being moved has joined like everyone else; a stage has no place here.
        Event::SessionStarted { .. }
        | Event::SessionArrived { .. }
        | Event::SessionEnded { .. }
        | Event::SelfChanged { .. }
        | Event::Moderated { .. }
        | Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::Speaking { .. }
        | Event::Source { .. }
        | Event::Reauthorized { .. }
        | Event::CaptionsSwitched { .. }
        | Event::SpeakRequested { .. }
        | Event::SpeakRequestWithdrawn { .. }
        | Event::SpeakerInvited { .. }
        | Event::InviteEnded { .. }
        | Event::SpeakerMade { .. }
        | Event::SpeakerRevoked { .. }
        | Event::TopicChanged { .. }
        | Event::SettingsChanged { .. }
        | Event::RequestHeard { .. }
        | Event::HandRaised { .. }
        | Event::HandLowered { .. }
        | Event::Reacted { .. }
        | Event::Call { .. }
        | Event::MarksForgotten { .. }
        | Event::Closed { .. } => None,
    }
}

fn speaker(room: RoomId, held: Option<(UserId, Timestamp)>) -> FrameBody {
    FrameBody::SpeakerChanged {
        room_id: room.to_uuid(),
        current_speaker_user_id: held.map(|(user, _)| user.to_uuid()),
        expires_at: held.map(|(_, expires_at)| rfc3339(expires_at)),
    }
}

impl From<&Message> for MessagePayload {
    fn from(message: &Message) -> Self {
        Self {
            message_id: message.id.to_uuid(),
            room_id: message.room.to_uuid(),
            sender_user_id: message.sender.user.to_uuid(),
            sender_email: email_of(&message.sender).to_owned(),
            r#type: KIND,
            text: message.text.clone(),
            status: message.status.as_str(),
            created_at: rfc3339(message.at),
        }
    }
}

/// The close code for a session that is over.
pub(super) fn close_code_of(reason: EndReason) -> u16 {
    match reason {
        EndReason::Left
        | EndReason::Replaced
        | EndReason::Moved
        | EndReason::MovedTo { .. }
        | EndReason::Timeout => close_code::NORMAL,
        EndReason::Kicked { .. } => NO_PARTICIPANT,
        EndReason::Banned => BAD_TOKEN,
        EndReason::RoomDeleted => NO_ROOM,
        EndReason::MediaFailed => close_code::ERROR,
        EndReason::ServerShutdown | EndReason::ServerRestart => SERVICE_RESTART,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::{Id, MessageId};
    use room::{MessageMeta, MessageStatus, Sender};
    use serde_json::{Value, json};

    use super::*;

    fn told(text: &str, status: MessageStatus, email: Option<&str>) -> Value {
        let id = Id::from_u64(7).unwrap();
        let sender = Sender {
            user: UserId(id),
            name: "maya".into(),
            email: email.map(str::to_owned),
            external_id: None,
        };
        let at = Timestamp::from_micros(1_769_644_800_000_000);
        let (room, text, meta) = (RoomId(id), text.to_owned(), MessageMeta::default());
        let message = Message { id: MessageId(id), room, sender, text, status, meta, at };
        let what = What::Message(Arc::new(message));
        let frame = Frame::of(&Notice { seq: 1, at, what }, room);
        serde_json::to_value(frame).unwrap()
    }

    #[test]
    fn live_speech_is_told_under_one_id_until_it_is_final() {
        let id = Id::from_u64(7).map(Id::to_uuid);
        let wanted = |text: &str, status: &str, email: &str| {
            json!({
                "type": "message.created",
                "payload": {
                    "message_id": id, "room_id": id, "sender_user_id": id, "sender_email": email,
                    "type": "stt", "text": text, "status": status,
                    "created_at": "2026-01-29T00:00:00.000Z",
                },
                "ts": "2026-01-29T00:00:00.000Z",
            })
        };
        let email = Some("maya@example.com");
        for (text, status, name) in [
            ("go", MessageStatus::Partial, "partial"),
            ("go forward", MessageStatus::Final, "final"),
            // Taken back.
            ("", MessageStatus::Final, "final"),
        ] {
            assert_eq!(told(text, status, email), wanted(text, name, "maya@example.com"));
        }
        assert_eq!(told("go", MessageStatus::Final, None), wanted("go", "final", "maya"));
    }
}
