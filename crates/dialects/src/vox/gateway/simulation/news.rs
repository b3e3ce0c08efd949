//! News as the rooms put them up.

use std::sync::Arc;

use app::{Identity, News, RoomNews};
use model::{
    AccountId, Id, Override, OverrideTarget, Permissions, Redacted, RoleId, RoomId, SessionId,
    Timestamp, UserId, Via,
};
use room::{EndReason, Event, MemberView, Person, ProfileKind, RoomView, SessionView, Settings};
use store::{Account, Role};

use super::model::RoomModel;

const INSIDER: u64 = 7;

pub fn id(number: u64) -> Id {
    Id::from_u64(number).unwrap()
}

pub fn user(number: u64) -> UserId {
    UserId(id(number))
}

fn at() -> Timestamp {
    Timestamp::from_micros(1_769_644_800_000_000)
}

/// Somebody, who may be an insider.
pub fn identity(number: u64, insider: bool) -> Identity {
    let account = Account {
        id: AccountId(id(number)),
        username: format!("user{number}"),
        email: None,
        display_name: None,
        password_hash: None,
        epoch: 0,
        epoch_changed_at: at(),
        banned: false,
        external_id: None,
        created_at: at(),
    };
    let role = || Role {
        id: RoleId(id(INSIDER)),
        name: "insiders".to_owned(),
        permissions: Permissions::NONE,
    };
    let roles = insider.then(role).into_iter().collect();
    Identity { account, roles, from_platform: false }
}

pub fn settings(number: u64, room: &RoomModel) -> Settings {
    let view = Permissions::VIEW_SPACE;
    let hidden = [
        Override { target: OverrideTarget::Everyone, allow: Permissions::NONE, deny: view },
        Override {
            target: OverrideTarget::Role(RoleId(id(INSIDER))),
            allow: view,
            deny: Permissions::NONE,
        },
    ];
    Settings {
        id: RoomId(id(number)),
        external_id: None,
        name: format!("room{number}"),
        slug: format!("room{number}"),
        kind: ProfileKind::Stage,
        topic: None,
        has_password: room.has_password,
        captions: false,
        admission: room::Admission::default(),
        member_limit: 99,
        created_by: None,
        created_at: at(),
        temporary: false,
        overrides: if room.hidden { hidden.to_vec() } else { Vec::new() },
    }
}

fn member(number: u64) -> MemberView {
    let person = Person {
        id: user(number),
        username: format!("user{number}"),
        external_id: None,
        email: None,
    };
    let session = SessionView {
        id: SessionId(id(number)),
        via: Via::Vox,
        mute: false,
        deaf: false,
        video_mute: false,
        camera: false,
        screen: false,
        shares: false,
        speaking: false,
        hand_at: None,
        client: None,
        beside: None,
        call: None,
        detached: false,
    };
    MemberView {
        person,
        permissions: Permissions::EVERYONE,
        joined_at: at(),
        mute: false,
        deaf: false,
        server_mute: false,
        server_deaf: false,
        server_video_mute: false,
        speaking: false,
        camera: false,
        screen: false,
        stage: None,
        requested_at: None,
        invited: false,
        sessions: vec![session],
    }
}

fn of_room(number: u64, room: &RoomModel, event: Event, gone: Option<u64>) -> News {
    let members = room.members.iter().copied().map(member).collect();
    let view = RoomView {
        settings: settings(number, room),
        members,
        floor: None,
        waiting: Vec::new(),
        ringing: Vec::new(),
    };
    let gone = gone.into_iter().map(member).collect();
    News::Room(RoomNews { events: vec![event], view, gone })
}

/// Somebody came in: the room is as it is after it.
pub fn joined(number: u64, room: &RoomModel, who: u64) -> News {
    let event = Event::MemberJoined {
        person: member(who).person,
        roles: Vec::new(),
        base: Permissions::EVERYONE,
        permissions: Permissions::EVERYONE,
        at: at(),
    };
    of_room(number, room, event, None)
}

/// Somebody left.
pub fn left(number: u64, room: &RoomModel, who: u64) -> News {
    let event = Event::MemberLeft { user: user(who), reason: EndReason::Left };
    of_room(number, room, event, Some(who))
}

pub fn topic(number: u64, room: &RoomModel, topic: &str) -> News {
    let event = Event::TopicChanged { topic: Some(topic.to_owned()), by: None };
    of_room(number, room, event, None)
}

pub fn changed(number: u64, room: &RoomModel) -> News {
    let settings = Box::new(settings(number, room));
    of_room(number, room, Event::SettingsChanged { settings, by: None }, None)
}

pub fn media_token(number: u64, whose: u64, token: &str) -> News {
    let token = Redacted::new(token.to_owned());
    News::MediaToken { user: user(whose), room: RoomId(id(number)), token }
}

pub fn created(number: u64, room: &RoomModel) -> Arc<News> {
    Arc::new(News::RoomCreated { settings: settings(number, room) })
}

pub fn deleted(number: u64, room: &RoomModel) -> Arc<News> {
    Arc::new(News::RoomDeleted { settings: settings(number, room) })
}
