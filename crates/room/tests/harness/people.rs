//! The people, sessions and rooms of the scripts.

use model::{Id, Override, OverrideTarget, Permissions, RoleId, RoomId, SessionId, Timestamp};
use model::{UserId, Via};
use room::{
    Actor, Admission, Call, Caller, Command, Invite, Join, Knock, Person, ProfileKind, Settings,
    Shown,
};

/// A person, as short as a script needs.
#[derive(Clone, Copy, Debug)]
pub struct Who {
    /// The id's number.
    pub number: u64,
    /// The username.
    pub name: &'static str,
    /// What they may do before overrides: the union.
    pub base: &'static [Permissions],
    /// The numbers of their roles.
    pub roles: &'static [u64],
}

const PLAIN: &[Permissions] = &[Permissions::EVERYONE];
const MUTES: &[Permissions] = &[Permissions::EVERYONE, Permissions::MUTE_MEMBERS];
const DEAFENS: &[Permissions] = &[Permissions::EVERYONE, Permissions::DEAFEN_MEMBERS];
const STAGES: &[Permissions] = &[Permissions::EVERYONE, Permissions::STAGE_MODERATOR];
const MOVES: &[Permissions] = &[Permissions::EVERYONE, Permissions::MOVE_MEMBERS];

/// A person like everyone.
pub const ANN: Who = Who { number: 1, name: "ann", base: PLAIN, roles: &[] };
/// Another one.
pub const BEA: Who = Who { number: 2, name: "bea", base: PLAIN, roles: &[] };
/// A third one.
pub const CID: Who = Who { number: 3, name: "cid", base: PLAIN, roles: &[] };
/// May mute.
pub const MUTER: Who = Who { number: 4, name: "muter", base: MUTES, roles: &[] };
/// May deafen.
pub const DEAFENER: Who = Who { number: 5, name: "deafener", base: DEAFENS, roles: &[] };
/// May move.
pub const MOVER: Who = Who { number: 6, name: "mover", base: MOVES, roles: &[] };
/// Has the role that the scripts' role overrides are about.
pub const RON: Who = Who { number: 7, name: "ron", base: PLAIN, roles: &[ROLE] };
/// Made the rooms that have an owner.
pub const OWEN: Who = Who { number: 8, name: "owen", base: PLAIN, roles: &[] };
/// An administrator, with no other permission.
pub const ADA: Who =
    Who { number: 9, name: "ada", base: &[Permissions::ADMINISTRATOR], roles: &[] };
/// Somebody without any permission.
pub const NOBODY: Who = Who { number: 10, name: "nobody", base: &[], roles: &[] };
/// May decide who speaks on a stage.
pub const MODDY: Who = Who { number: 11, name: "moddy", base: STAGES, roles: &[] };
/// The server itself.
pub const SERVER: Actor = Actor::Server;

/// The number of the one role.
pub const ROLE: u64 = 500;

impl Who {
    /// Their id.
    pub fn id(self) -> UserId {
        UserId(id(self.number))
    }

    /// How they are shown.
    pub fn person(self) -> Person {
        Person { id: self.id(), username: self.name.to_owned(), external_id: None, email: None }
    }

    /// What they bring.
    pub fn base(self) -> Permissions {
        self.base.iter().fold(Permissions::NONE, |all, one| all | *one)
    }

    /// Them, asking.
    pub fn caller(self) -> Caller {
        let roles = self.roles.iter().map(|number| RoleId(id(*number))).collect();
        Caller { person: self.person(), roles, base: self.base() }
    }
}

impl From<Who> for Actor {
    fn from(who: Who) -> Self {
        Self::Caller(who.caller())
    }
}

/// A small number as an id.
pub fn id(number: u64) -> Id {
    Id::from_u64(number).unwrap_or_else(|| unreachable!("small numbers are ids"))
}

/// A session's id.
pub fn session(number: u64) -> SessionId {
    SessionId(id(number))
}

/// A plain way in: no client named, neither muted nor deafened.
pub fn join(number: u64) -> Join {
    let (session, via) = (session(number), Via::VoiceService);
    let (mute, deaf, video_mute, unlocked, only_once) = Default::default();
    let (client, beside) = (None, None);
    Join { session, via, client, mute, deaf, video_mute, beside, unlocked, only_once }
}

/// A call as it waits from the start of a script.
pub fn call_of(who: Who, id: &str) -> Call {
    let (id, name, user) = (id.to_owned(), who.name.to_owned(), who.id());
    let (guest, via, asked_at) = (false, Via::Aura, super::start().mono);
    Call { id, name, user, guest, via, admitted: false, asked_at, invitation: None }
}

/// Somebody wants to come in, without a password.
pub fn knock(who: Who, number: u64, call: &str) -> Knock {
    let (session, call, name) = (session(number), call.to_owned(), who.name.to_owned());
    Knock { session, call, name, guest: false, via: Via::Aura, shown: Shown::Nothing }
}

/// Somebody with an account who is to be called in.
pub fn invite(who: Who, number: u64, call: &str) -> Invite {
    let (destination, name) = (who.name.to_owned(), who.name.to_owned());
    let (session, call, user) = (session(number), call.to_owned(), who.id());
    Invite { session, call, destination, name, user, guest: false }
}

/// The way in of an admitted call.
pub fn join_call(number: u64, call: &str) -> Join {
    Join { via: Via::Aura, ..join_from(number, call) }
}

/// The same from a named device.
pub fn join_from(number: u64, client: &str) -> Join {
    Join { client: Some(client.to_owned()), ..join(number) }
}

/// The way in of STT Room.
pub fn join_stt(number: u64) -> Join {
    Join { via: Via::SttRoom, ..join(number) }
}

/// A room of a kind, with the kind's limit and captions, no owner, no password and no overrides.
pub fn room_of(kind: ProfileKind) -> Settings {
    Settings {
        id: RoomId(id(1000)),
        external_id: None,
        name: "Lounge".to_owned(),
        slug: "lounge".to_owned(),
        kind,
        topic: None,
        has_password: false,
        captions: kind.profile().captions,
        admission: Admission::default(),
        member_limit: kind.profile().member_limit,
        created_by: None,
        created_at: Timestamp::from_micros(1_740_000_000_000_000),
        temporary: false,
        overrides: Vec::new(),
    }
}

/// A voice room.
pub fn voice() -> Settings {
    room_of(ProfileKind::Voice)
}

/// A stage.
pub fn stage() -> Settings {
    room_of(ProfileKind::Stage)
}

/// Another room, as far as the first one is concerned.
pub fn elsewhere() -> RoomId {
    RoomId(id(2000))
}

/// The caller's own switches, as far as they are mutes.
pub fn set_self(number: u64, mute: Option<bool>, deaf: Option<bool>) -> Command {
    Command::SetSelf {
        session: session(number),
        mute,
        deaf,
        camera: None,
        screen: None,
        video_mute: None,
    }
}

/// A talk room for three: one more than a pair, to look on.
pub fn talk() -> Settings {
    Settings { member_limit: 3, ..room_of(ProfileKind::Talk) }
}

/// The same room with these overrides.
pub fn with_overrides(settings: Settings, overrides: &[Override]) -> Settings {
    Settings { overrides: overrides.to_vec(), ..settings }
}

/// An override that adds.
pub fn allow(target: OverrideTarget, allow: Permissions) -> Override {
    Override { target, allow, deny: Permissions::NONE }
}

/// An override that takes away.
pub fn deny(target: OverrideTarget, deny: Permissions) -> Override {
    Override { target, allow: Permissions::NONE, deny }
}

/// Of the one role.
pub fn the_role() -> OverrideTarget {
    OverrideTarget::Role(RoleId(id(ROLE)))
}
