//! The bodies of the stream's events, as they are written.

use app::Slot;
use room::{EndReason, Message, RoomView, Settings};
use serde::Serialize;

use crate::kit::{SlotBody, rfc3339};
use crate::voice_service::participant::{Participant, sender_id, user_id};

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
pub(super) enum FrameBody {
    #[serde(rename = "state")]
    State {
        session_id: String,
        channel_id: String,
        participants: Vec<Participant>,
        slots: Vec<SlotBody>,
        floor: Option<FloorBody>,
        #[serde(flatten)]
        about: About,
    },
    #[serde(rename = "moved")]
    Moved { channel_id: String, by: Option<String> },
    #[serde(rename = "room.updated")]
    RoomUpdated(About),
    #[serde(rename = "floor")]
    Floor { user_id: Option<String>, expires_at: Option<String> },
    #[serde(rename = "caption")]
    Caption { message_id: String, user_id: String, text: String, status: &'static str },
    #[serde(rename = "member.joined")]
    MemberJoined(Participant),
    #[serde(rename = "member.left")]
    MemberLeft { user_id: String, reason: &'static str },
    #[serde(rename = "member.updated")]
    MemberUpdated {
        #[serde(flatten)]
        participant: Participant,
        /// The moderator whose doing it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        by: Option<String>,
    },
    #[serde(rename = "stage.invited")]
    StageInvited { by: Option<String>, expires_at: String },
    #[serde(rename = "stage.invite_ended")]
    StageInviteEnded { user_id: String, why: &'static str },
    #[serde(rename = "speaking.started")]
    SpeakingStarted { user_id: String, session_id: String },
    #[serde(rename = "speaking.stopped")]
    SpeakingStopped { user_id: String, session_id: String },
    #[serde(rename = "slots")]
    Slots { slots: Vec<SlotBody> },
    #[serde(rename = "reconnect")]
    Reconnect {},
    #[serde(rename = "kicked")]
    Kicked { by: Option<String> },
    #[serde(rename = "ended")]
    Ended { reason: &'static str },
    #[serde(rename = "error")]
    Error { error: String },
}

/// What is told of the channel itself, always all of it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct About {
    pub captions: bool,
    pub topic: Option<String>,
    pub name: String,
}

impl From<&Settings> for About {
    fn from(settings: &Settings) -> Self {
        let Settings { captions, topic, name, .. } = settings;
        Self { captions: *captions, topic: topic.clone(), name: name.clone() }
    }
}

/// Who may speak alone, and until when unless they say that they go on.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FloorBody {
    user_id: String,
    expires_at: String,
}

impl FloorBody {
    pub(super) fn of(view: &RoomView) -> Option<Self> {
        let floor = view.floor.as_ref()?;
        let holder = view.member(floor.holder).map(|member| user_id(&member.person));
        let user_id = holder.unwrap_or_else(|| floor.holder.to_uuid());
        Some(Self { user_id, expires_at: rfc3339(floor.expires_at) })
    }
}

/// A section with the ids of this dialect.
pub(super) fn slot(slot: &Slot) -> SlotBody {
    SlotBody::new(slot, |carried| (user_id(&carried.person), carried.session.to_uuid()))
}

impl FrameBody {
    /// Everything, the session's own sections included.
    pub(super) fn slots(slots: &[Slot]) -> Self {
        Self::Slots { slots: slots.iter().map(slot).collect() }
    }

    pub(super) fn caption(message: &Message) -> Self {
        Self::Caption {
            message_id: message.id.to_uuid(),
            user_id: sender_id(&message.sender),
            text: message.text.clone(),
            status: message.status.as_str(),
        }
    }

    /// The end of the session that follows.
    pub(super) fn ended(reason: EndReason) -> Self {
        match reason {
            EndReason::Kicked { by } => Self::Kicked { by: by.map(|by| by.to_uuid()) },
            EndReason::Left
            | EndReason::Replaced
            | EndReason::Moved
            | EndReason::MovedTo { .. }
            | EndReason::Timeout
            | EndReason::Banned
            | EndReason::RoomDeleted
            | EndReason::MediaFailed
            | EndReason::ServerShutdown
            | EndReason::ServerRestart => Self::Ended { reason: reason.as_str() },
        }
    }

    /// Why nothing comes after it; `None` when something may.
    pub(super) fn end_reason(&self) -> Option<&'static str> {
        match self {
            Self::Ended { reason } => Some(reason),
            Self::Kicked { .. } => Some("kicked"),
            Self::State { .. }
            | Self::Moved { .. }
            | Self::MemberJoined(_)
            | Self::MemberLeft { .. }
            | Self::MemberUpdated { .. }
            | Self::StageInvited { .. }
            | Self::StageInviteEnded { .. }
            | Self::SpeakingStarted { .. }
            | Self::SpeakingStopped { .. }
            | Self::Slots { .. }
            | Self::Reconnect {}
            | Self::RoomUpdated(_)
            | Self::Floor { .. }
            | Self::Caption { .. }
            | Self::Error { .. } => None,
        }
    }
}
