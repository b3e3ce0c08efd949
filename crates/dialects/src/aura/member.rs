//! Members as Aura shows them: one for each session that somebody is in with.

use std::collections::BTreeMap;

use model::{Permissions, SessionId, UserId, Via};
use room::{MemberView, RoomView, SessionView};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::rpc::Notification;
use crate::kit::rfc3339_exact;

/// A member of a room.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = AuraRoomMember)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomMember {
    /// The call's own id; of who came in by another API the session's UUID.
    id: String,
    /// UUID; null for a guest.
    #[schema(required)]
    user: Option<String>,
    name: String,
    is_admin: bool,
    hand_raised: bool,
    /// RFC 3339; null while it is down.
    #[schema(required)]
    hand_raised_at: Option<String>,
    screen_share: bool,
    audio_muted: bool,
    video_muted: bool,
    audio_muted_by_admin: bool,
    video_muted_by_admin: bool,
    is_sip: bool,
}

impl RoomMember {
    /// One session of a member.
    pub(super) fn new(member: &MemberView, session: &SessionView) -> Self {
        let call = session.call.as_ref();
        let person = &member.person;
        let external = || person.external_id.as_ref().map(ToString::to_string);
        let user = || external().unwrap_or_else(|| person.id.to_uuid());
        let own_client = session.via == Via::Aura;
        // Other clients say by the camera itself that there is none.
        let video_off = session.video_mute || !own_client && !session.camera;
        Self {
            id: member_id(session),
            user: (!call.is_some_and(|call| call.guest)).then(user),
            name: call.map_or(&person.username, |call| &call.name).clone(),
            is_admin: member.permissions.contains(Permissions::MUTE_MEMBERS),
            hand_raised: session.hand_at.is_some(),
            hand_raised_at: session.hand_at.map(rfc3339_exact),
            screen_share: if own_client { session.shares } else { session.screen },
            audio_muted: session.mute || member.server_mute,
            video_muted: video_off || member.server_video_mute,
            audio_muted_by_admin: member.server_mute,
            video_muted_by_admin: member.server_video_mute,
            is_sip: session.via == Via::Sip,
        }
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// What a session is called on the wire.
pub(super) fn member_id(session: &SessionView) -> String {
    let call = session.client.as_ref().filter(|_| session.via == Via::Aura);
    call.cloned().unwrap_or_else(|| session.id.to_uuid())
}

/// Everyone in a room, first come first.
pub(super) fn members(view: &RoomView) -> impl Iterator<Item = (SessionId, RoomMember)> {
    view.members.iter().flat_map(sessions_of)
}

fn sessions_of(member: &MemberView) -> impl Iterator<Item = (SessionId, RoomMember)> {
    let shown = member.sessions.iter().filter(|session| session.beside.is_none());
    shown.map(move |session| (session.id, RoomMember::new(member, session)))
}

/// Whose member that is, and which session of theirs.
pub(super) fn session_of(view: &RoomView, id: &str) -> Option<(UserId, SessionId)> {
    view.members.iter().find_map(|member| {
        let shown = member.sessions.iter().filter(|session| session.beside.is_none());
        let session = shown.into_iter().find(|session| member_id(session) == id)?;
        Some((member.person.id, session.id))
    })
}

/// The members that a client has been told of.
#[derive(Debug, Default)]
pub(super) struct Roster {
    shown: BTreeMap<SessionId, (UserId, RoomMember)>,
}

impl Roster {
    /// As the room is.
    pub(super) fn of(view: &RoomView) -> Self {
        let sessions = |member: &MemberView| {
            let user = member.person.id;
            let all: Vec<_> = sessions_of(member).map(|(id, body)| (id, (user, body))).collect();
            all
        };
        Self { shown: view.members.iter().flat_map(sessions).collect() }
    }

    /// A member by session.
    pub(super) fn get(&self, session: SessionId) -> Option<&RoomMember> {
        self.shown.get(&session).map(|(_, body)| body)
    }

    /// What a session is called.
    pub(super) fn id_of(&self, session: SessionId) -> Option<&str> {
        self.get(session).map(RoomMember::id)
    }

    /// A session is gone; what it was called.
    pub(super) fn remove(&mut self, session: SessionId) -> Option<String> {
        self.shown.remove(&session).map(|(_, body)| body.id)
    }

    /// A member as they are now: what is to be told of what changed. Of `own` only what an admin did.
    pub(super) fn update(&mut self, member: &MemberView, own: SessionId) -> Vec<Notification> {
        let mut told = Vec::new();
        for (session, now) in sessions_of(member) {
            let before = self.shown.insert(session, (member.person.id, now.clone()));
            match before {
                Some((_, before)) => told.extend(changes(&before, &now, session == own)),
                None if session == own => {}
                None => told.push(Notification::new("member_join_room", json!(now))),
            }
        }
        told
    }
}

/// What is told of one member's change.
fn changes(before: &RoomMember, now: &RoomMember, own: bool) -> Vec<Notification> {
    let mut told = Vec::new();
    if !own && before.hand_raised != now.hand_raised {
        told.push(about(["member_unraise_hand", "member_raise_hand"], now.hand_raised, now));
    }
    if !own && before.screen_share != now.screen_share {
        let methods = ["member_stop_screen_share", "member_start_screen_share"];
        told.push(about(methods, now.screen_share, now));
    }
    let audio = ["member_unmute_audio", "member_mute_audio"];
    let was = (before.audio_muted, before.audio_muted_by_admin);
    told.extend(mutes(audio, was, (now.audio_muted, now.audio_muted_by_admin), now, own));
    let video = ["member_unmute_video", "member_mute_video"];
    let was = (before.video_muted, before.video_muted_by_admin);
    told.extend(mutes(video, was, (now.video_muted, now.video_muted_by_admin), now, own));
    told
}

fn about(methods: [&'static str; 2], on: bool, member: &RoomMember) -> Notification {
    Notification::new(methods[usize::from(on)], json!({ "member": member.id }))
}

/// Muted, and by an admin, before and now. What an admin takes back leaves one's own mute, which is told
/// after it.
fn mutes(
    methods: [&'static str; 2],
    (was, was_by_admin): (bool, bool),
    (is, by_admin): (bool, bool),
    member: &RoomMember,
    own: bool,
) -> Vec<Notification> {
    let tell = |on: bool, by_admin: bool| muted(methods[usize::from(on)], &member.id, by_admin);
    match (was_by_admin, by_admin) {
        (false, true) => vec![tell(true, true)],
        (true, false) if is && !own => vec![tell(false, true), tell(true, false)],
        (true, false) => vec![tell(false, true)],
        (false, false) if was != is && !own => vec![tell(is, false)],
        (false, false) | (true, true) => Vec::new(),
    }
}

/// A mute or unmute, as told.
pub(super) fn muted(method: &'static str, member: &str, by_admin: bool) -> Notification {
    Notification::new(method, json!({ "member": member, "by_admin": by_admin }))
}
