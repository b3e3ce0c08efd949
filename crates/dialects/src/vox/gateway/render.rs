//! What events of rooms are called here, whom they are for, and what they say.
//!
//! A room's news are told as what happened, specifically, where this dialect has a word for it, and as one
//! `voice_state_update` with all members where who is in or how they are has changed.

use std::collections::HashSet;

use app::{Identity, Listed, RoomNews};
use model::{Permissions, RoomId, Timestamp, TrackSource, UserId};
use room::{Event, InviteEnd, MemberView, RevokeReason, RoomView, Settings};
use serde::Serialize;
use serde_json::{Map, Value};

use super::envelope::CodecNeg;
use crate::vox::member::MemberBody;
use crate::vox::room::RoomBody;

/// What this server speaks.
pub(super) const PROTOCOL_VERSION: u32 = 1;
/// What it can do, of the words that clients know.
const CAPABILITIES: [&str; 3] = ["voice", "video", "compress.zstd"];

/// Kinds of events, as on the wire.
pub(super) mod kind {
    pub const READY: &str = "ready";
    pub const VOICE_STATE_UPDATE: &str = "voice_state_update";
    pub const STAGE_REQUEST: &str = "stage_request";
    pub const STAGE_INVITE: &str = "stage_invite";
    pub const STAGE_INVITE_DECLINE: &str = "stage_invite_decline";
    pub const STAGE_REVOKE: &str = "stage_revoke";
    pub const STAGE_TOPIC_UPDATE: &str = "stage_topic_update";
    pub const MEDIA_TOKEN_REFRESH: &str = "media_token_refresh";
    pub const VOICE_CODEC_NEG: &str = "voice_codec_neg";
    pub const ROOM_CREATE: &str = "room_create";
    pub const ROOM_UPDATE: &str = "room_update";
    pub const ROOM_DELETE: &str = "room_delete";
}

/// What is to be told of one event of a room.
#[derive(Debug)]
pub(super) enum Telling {
    /// Something about a person on a stage, for these people.
    Stage {
        /// The kind of event.
        kind: &'static str,
        /// Who it is about.
        about: UserId,
        /// Who is told, if they may view the room.
        to: Vec<UserId>,
    },
    /// What the stage is about, for all who may view the room.
    Topic(String),
    /// The room itself, for all who may view it now or could before.
    Settings,
}

/// What is to be told of one event beside the members; `None`: nothing.
pub(super) fn telling(event: &Event, view: &RoomView) -> Option<Telling> {
    match event {
        Event::SpeakRequested { user, .. } => {
            Some(stage(kind::STAGE_REQUEST, *user, moderators(view)))
        }
        Event::SpeakerInvited { user, .. } => Some(stage(kind::STAGE_INVITE, *user, vec![*user])),
        Event::InviteEnded { user, why } => match why {
            InviteEnd::Declined => Some(stage(kind::STAGE_INVITE_DECLINE, *user, moderators(view))),
            InviteEnd::Expired | InviteEnd::Revoked => None,
        },
        Event::SpeakerRevoked { user, why, .. } => match why {
            RevokeReason::Revoked | RevokeReason::SteppedDown => {
                Some(stage(kind::STAGE_REVOKE, *user, members(view)))
            }
            RevokeReason::Left => None,
        },
        Event::TopicChanged { topic, .. } => {
            Some(Telling::Topic(topic.clone().unwrap_or_default()))
        }
        Event::SettingsChanged { .. } | Event::CaptionsSwitched { .. } => Some(Telling::Settings),
        Event::MemberJoined { .. }
        | Event::SessionStarted { .. }
        | Event::SessionArrived { .. }
        | Event::SelfChanged { .. }
        | Event::Moderated { .. }
        | Event::SessionEnded { .. }
        | Event::MemberLeft { .. }
        | Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::RequestHeard { .. }
        | Event::Speaking { .. }
        | Event::Source { .. }
        | Event::Reauthorized { .. }
        | Event::SpeakRequestWithdrawn { .. }
        | Event::SpeakerMade { .. }
        | Event::FloorTaken { .. }
        | Event::FloorKept { .. }
        | Event::FloorReleased { .. }
        | Event::HandRaised { .. }
        | Event::HandLowered { .. }
        | Event::Reacted { .. }
        | Event::Call { .. }
        | Event::MarksForgotten { .. }
        | Event::Closed { .. } => None,
    }
}

fn stage(kind: &'static str, about: UserId, to: Vec<UserId>) -> Telling {
    Telling::Stage { kind, about, to }
}

/// Who decides about a stage: the moderators that are in, or everyone in it when none is.
fn moderators(view: &RoomView) -> Vec<UserId> {
    let decides = |member: &&MemberView| member.permissions.contains(Permissions::STAGE_MODERATOR);
    let deciding: Vec<_> = view.members.iter().filter(decides).map(|m| m.person.id).collect();
    if deciding.is_empty() { members(view) } else { deciding }
}

fn members(view: &RoomView) -> Vec<UserId> {
    view.members.iter().map(|member| member.person.id).collect()
}

/// Whether members as this dialect shows them may be others than before.
pub(super) fn changes_members(event: &Event) -> bool {
    match event {
        Event::MemberJoined { .. }
        | Event::SessionStarted { .. }
        | Event::SessionArrived { .. }
        | Event::SelfChanged { .. }
        | Event::Moderated { .. }
        | Event::SessionEnded { .. }
        | Event::MemberLeft { .. }
        | Event::SpeakRequested { .. }
        | Event::SpeakRequestWithdrawn { .. }
        | Event::SpeakerMade { .. }
        | Event::SpeakerRevoked { .. } => true,
        // Whose microphone flows is not shown.
        Event::Source { source, .. } => match source {
            TrackSource::Camera | TrackSource::Screen => true,
            TrackSource::Microphone => false,
        },
        Event::LinkUp { .. }
        | Event::LinkDown { .. }
        | Event::RequestHeard { .. }
        | Event::Speaking { .. }
        | Event::Reauthorized { .. }
        | Event::SpeakerInvited { .. }
        | Event::InviteEnded { .. }
        | Event::TopicChanged { .. }
        | Event::SettingsChanged { .. }
        | Event::FloorTaken { .. }
        | Event::FloorKept { .. }
        | Event::FloorReleased { .. }
        | Event::CaptionsSwitched { .. }
        | Event::HandRaised { .. }
        | Event::HandLowered { .. }
        | Event::Reacted { .. }
        | Event::Call { .. }
        | Event::MarksForgotten { .. }
        | Event::Closed { .. } => false,
    }
}

/// Who is in the room, or was until these news.
pub(super) fn participants(news: &RoomNews) -> HashSet<UserId> {
    let inside = news.view.members.iter().chain(&news.gone);
    inside.map(|member| member.person.id).collect()
}

#[derive(Serialize)]
pub(super) struct ReadyData<'a> {
    session_id: &'a str,
    user_id: String,
    display_name: &'a str,
    server_name: &'a str,
    /// Unix seconds.
    server_time: i64,
    protocol_version: u32,
    capabilities: [&'static str; 3],
}

impl<'a> ReadyData<'a> {
    pub(super) fn new(
        session_id: &'a str,
        who: &'a Identity,
        server_name: &'a str,
        at: Timestamp,
    ) -> Self {
        let account = &who.account;
        Self {
            session_id,
            user_id: account.id.to_string(),
            display_name: account.display_name.as_ref().unwrap_or(&account.username),
            server_name,
            server_time: at.as_secs(),
            protocol_version: PROTOCOL_VERSION,
            capabilities: CAPABILITIES,
        }
    }
}

#[derive(Serialize)]
pub(super) struct VoiceStateData {
    room_id: String,
    members: Vec<MemberBody>,
}

impl From<&RoomView> for VoiceStateData {
    fn from(view: &RoomView) -> Self {
        let members = view.members.iter().map(MemberBody::from).collect();
        Self { room_id: view.settings.id.to_string(), members }
    }
}

#[derive(Serialize)]
pub(super) struct StageData {
    room_id: String,
    user_id: String,
}

impl StageData {
    pub(super) fn new(room: RoomId, about: UserId) -> Self {
        Self { room_id: room.to_string(), user_id: about.to_string() }
    }
}

#[derive(Serialize)]
pub(super) struct TopicData {
    room_id: String,
    /// Empty: none.
    topic: String,
}

impl TopicData {
    pub(super) fn new(room: RoomId, topic: String) -> Self {
        Self { room_id: room.to_string(), topic }
    }
}

#[derive(Serialize)]
pub(super) struct MediaTokenData<'a> {
    room_id: String,
    media_token: &'a str,
}

impl<'a> MediaTokenData<'a> {
    pub(super) fn new(room: RoomId, media_token: &'a str) -> Self {
        Self { room_id: room.to_string(), media_token }
    }
}

#[derive(Serialize)]
pub(super) struct RoomIdData {
    room_id: String,
}

impl From<RoomId> for RoomIdData {
    fn from(room: RoomId) -> Self {
        Self { room_id: room.to_string() }
    }
}

/// A room as somebody with these permissions in it sees it.
pub(super) fn room_data(
    settings: &Settings,
    member_count: usize,
    permissions: Permissions,
) -> RoomBody {
    let settings = settings.clone();
    RoomBody::from(Listed { settings, member_count, permissions, floor: None })
}

/// What a member's client has for those of the others, with who it is from.
pub(super) fn codec_neg_data(said: CodecNeg, from: UserId) -> Map<String, Value> {
    let mut data = said.data;
    data.insert("room_id".to_owned(), Value::String(said.room.to_string()));
    data.insert("user_id".to_owned(), Value::String(from.to_string()));
    data
}

/// Data of a message that says nothing but its kind.
pub(super) const NOTHING: &str = "{}";

#[derive(Serialize)]
pub(super) struct ErrorData<'a> {
    /// For programs.
    pub(super) code: &'static str,
    /// For people.
    pub(super) message: &'a str,
}
