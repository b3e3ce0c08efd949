//! The events of the stream: what each notice becomes in this dialect.

use app::{Notice, Slot, Snapshot, What};
use model::{MediaKind, SessionId, Timestamp};
use room::{EndReason, Event, MemberView, Message, RoomView};
use serde::Serialize;

use super::participant::{Participant, channel_id, sender_id, user_id};
use crate::kit::rfc3339;

/// One event on the wire.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Frame {
    #[serde(flatten)]
    body: FrameBody,
    seq: u64,
    /// RFC 3339.
    ts: String,
}

#[derive(Clone, Debug, Serialize)]
#[serde(tag = "type")]
enum FrameBody {
    #[serde(rename = "state")]
    State {
        session_id: String,
        channel_id: String,
        participants: Vec<Participant>,
        slots: Vec<SlotBody>,
        floor: Option<FloorBody>,
        captions: bool,
    },
    #[serde(rename = "room.updated")]
    RoomUpdated { captions: bool },
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

/// Who may speak alone, and until when unless they say that they go on.
#[derive(Clone, Debug, Serialize)]
struct FloorBody {
    user_id: String,
    expires_at: String,
}

/// What one receiving section carries.
#[derive(Clone, Debug, Serialize)]
struct SlotBody {
    mid: String,
    kind: &'static str,
    user_id: Option<String>,
    session_id: Option<String>,
    source: Option<String>,
}

impl Frame {
    /// The state that a stream starts from.
    pub(super) fn state(snapshot: &Snapshot, session: SessionId) -> Self {
        let body = FrameBody::State {
            session_id: session.to_uuid(),
            channel_id: channel_id(&snapshot.view.settings),
            participants: snapshot.view.members.iter().map(Participant::from).collect(),
            slots: snapshot.slots.iter().map(slot).collect(),
            floor: floor(&snapshot.view),
            captions: snapshot.view.settings.captions,
        };
        Self::new(body, snapshot.seq, snapshot.at)
    }

    /// What a notice becomes; `None` when this dialect does not tell it.
    pub(super) fn of(notice: &Notice, watching: SessionId) -> Option<Self> {
        let body = match &notice.what {
            What::Event { event: Event::SessionEnded { session, reason, .. }, member, stays } => {
                of_end(*session == watching, *reason, member.as_ref().filter(|_| *stays))?
            }
            What::Event { event, member, .. } => of_event(event, member.as_ref())?,
            What::Slots { slots, .. } => {
                FrameBody::Slots { slots: slots.iter().map(slot).collect() }
            }
            What::Reconnect { .. } => FrameBody::Reconnect {},
            What::Message(message) => caption(message),
        };
        Some(Self::new(body, notice.seq, notice.at))
    }

    /// Something the client sent cannot be used. Carries the number of the last event.
    pub(super) fn error(error: String, seq: u64, at: Timestamp) -> Self {
        Self::new(FrameBody::Error { error }, seq, at)
    }

    pub(super) fn seq(&self) -> u64 {
        self.seq
    }

    /// Why nothing comes after it; `None` when something may.
    pub(super) fn end_reason(&self) -> Option<&'static str> {
        match &self.body {
            FrameBody::Ended { reason } => Some(reason),
            FrameBody::Kicked { .. } => Some("kicked"),
            FrameBody::State { .. }
            | FrameBody::MemberJoined(_)
            | FrameBody::MemberLeft { .. }
            | FrameBody::MemberUpdated { .. }
            | FrameBody::SpeakingStarted { .. }
            | FrameBody::SpeakingStopped { .. }
            | FrameBody::Slots { .. }
            | FrameBody::Reconnect {}
            | FrameBody::RoomUpdated { .. }
            | FrameBody::Floor { .. }
            | FrameBody::Caption { .. }
            | FrameBody::Error { .. } => None,
        }
    }

    fn new(body: FrameBody, seq: u64, at: Timestamp) -> Self {
        Self { body, seq, ts: rfc3339(at) }
    }
}

fn of_event(event: &Event, member: Option<&MemberView>) -> Option<FrameBody> {
    let id = |member: Option<&MemberView>| member.map(|member| user_id(&member.person));
    match event {
        Event::MemberJoined { .. } => member.map(Participant::from).map(FrameBody::MemberJoined),
        // The first session came with its member; another one may change what holds for all.
        Event::SessionStarted { at, .. } => {
            member.filter(|member| member.joined_at != *at).map(updated)
        }
        Event::SelfChanged { .. } | Event::Source { .. } => member.map(updated),
        Event::Moderated { by, .. } => {
            let by = by.map(|by| by.to_uuid());
            member.map(|member| FrameBody::MemberUpdated { participant: member.into(), by })
        }
        Event::MemberLeft { user, reason } => {
            let user_id = id(member).unwrap_or_else(|| user.to_uuid());
            Some(FrameBody::MemberLeft { user_id, reason: reason.as_str() })
        }
        Event::Speaking { session, user, speaking } => {
            let user_id = id(member).unwrap_or_else(|| user.to_uuid());
            let session_id = session.to_uuid();
            Some(if *speaking {
                FrameBody::SpeakingStarted { user_id, session_id }
            } else {
                FrameBody::SpeakingStopped { user_id, session_id }
            })
        }
        Event::FloorTaken { user, expires_at, .. } | Event::FloorKept { user, expires_at, .. } => {
            Some(FrameBody::Floor {
                user_id: Some(id(member).unwrap_or_else(|| user.to_uuid())),
                expires_at: Some(rfc3339(*expires_at)),
            })
        }
        Event::FloorReleased { .. } => Some(FrameBody::Floor { user_id: None, expires_at: None }),
        Event::CaptionsSwitched { on, .. } => Some(FrameBody::RoomUpdated { captions: *on }),
        Event::SessionEnded { .. }
        | Event::RequestHeard { .. }
        | Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::Reauthorized { .. }
        | Event::Closed { .. } => None,
    }
}

/// The end of one's own session is told as such; of another's, what is left of its member. The session
/// that takes the place of a replaced one is told next, and nothing more need be said.
fn of_end(own: bool, reason: EndReason, staying: Option<&MemberView>) -> Option<FrameBody> {
    if own {
        return Some(ended(reason));
    }
    staying.filter(|_| reason != EndReason::Replaced).map(updated)
}

fn updated(member: &MemberView) -> FrameBody {
    FrameBody::MemberUpdated { participant: member.into(), by: None }
}

fn ended(reason: EndReason) -> FrameBody {
    match reason {
        EndReason::Kicked { by } => FrameBody::Kicked { by: by.map(|by| by.to_uuid()) },
        EndReason::Left
        | EndReason::Replaced
        | EndReason::Moved
        | EndReason::Timeout
        | EndReason::Banned
        | EndReason::RoomDeleted
        | EndReason::MediaFailed
        | EndReason::ServerShutdown
        | EndReason::ServerRestart => FrameBody::Ended { reason: reason.as_str() },
    }
}

fn floor(view: &RoomView) -> Option<FloorBody> {
    let floor = view.floor.as_ref()?;
    let holder = view.member(floor.holder).map(|member| user_id(&member.person));
    Some(FloorBody {
        user_id: holder.unwrap_or_else(|| floor.holder.to_uuid()),
        expires_at: rfc3339(floor.expires_at),
    })
}

fn caption(message: &Message) -> FrameBody {
    FrameBody::Caption {
        message_id: message.id.to_uuid(),
        user_id: sender_id(&message.sender),
        text: message.text.clone(),
        status: message.status.as_str(),
    }
}

fn slot(slot: &Slot) -> SlotBody {
    let carried = slot.carries.as_ref();
    SlotBody {
        mid: slot.mid.clone(),
        kind: match slot.kind {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
        },
        user_id: carried.map(|carried| user_id(&carried.person)),
        session_id: carried.map(|carried| carried.session.to_uuid()),
        source: carried.map(|carried| carried.source.to_string()),
    }
}
