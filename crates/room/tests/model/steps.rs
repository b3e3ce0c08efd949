//! Two random rooms and random steps in them, small enough to shrink well.

use model::{Override, OverrideTarget, Permissions, UserId};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use room::{Admission, Listed, ProfileKind, Settings};

use crate::harness::{ADA, ANN, BEA, MUTER, RON, Who, elsewhere, room_of, the_role};

/// Who takes part.
pub const PEOPLE: [Who; 5] = [ANN, BEA, RON, MUTER, ADA];
/// Which of them is the first who may decide who comes in; those before are like everyone.
pub const MUTES: usize = 3;

/// The permissions that decide something in a room.
const DECIDING: [Permissions; 11] = [
    Permissions::VIEW_SPACE,
    Permissions::CONNECT,
    Permissions::SPEAK,
    Permissions::VIDEO,
    Permissions::STREAM,
    Permissions::MUTE_MEMBERS,
    Permissions::DEAFEN_MEMBERS,
    Permissions::MOVE_MEMBERS,
    Permissions::STAGE_MODERATOR,
    Permissions::MANAGE_SPACES,
    Permissions::ADMINISTRATOR,
];

/// A room and what moderators had decided before.
#[derive(Clone, Debug)]
pub struct Given {
    pub settings: Settings,
    pub muted: Vec<UserId>,
    pub deafened: Vec<UserId>,
    pub speakers: Vec<UserId>,
}

/// What happens next. Numbers pick from what is there when the step is taken.
#[derive(Clone, Debug)]
pub enum Step {
    /// Time passes; whoever owns the room wakes it at its deadlines, or oversleeps them.
    Wait { millis: u64, awake: bool },
    /// One person comes into a room from several devices, one after the other.
    Devices { room: usize, by: usize, from: usize, count: usize },
    /// Somebody moves a person out of a room into the other one.
    Move { from: usize, by: usize, whom: usize },
    /// Somebody asks something.
    Ask(Ask),
}

/// A command, before its people and sessions are picked.
#[derive(Clone, Debug)]
pub struct Ask {
    pub verb: Verb,
    /// In which of the two rooms.
    pub room: usize,
    /// Who asks: one of [`PEOPLE`], or the server.
    pub by: usize,
    /// Whether instead the one asks whose business it is: the session's person, or the server for
    /// its own commands.
    pub rightful: bool,
    /// Whom it is about.
    pub whom: usize,
    /// Which live session, or none of them; or which call.
    pub session: Option<usize>,
    /// Which client, and through which of two doors, or through the one where requests count.
    pub client: Option<&'static str>,
    pub door: bool,
    pub stt: bool,
    /// Whether the password is shown.
    pub unlocked: bool,
    pub only_once: bool,
    /// Whether a link is a gateway.
    pub gateway: bool,
    /// Whether the server ends something by accident.
    pub accident: bool,
    pub overrides: Vec<Override>,
    pub admission: Admission,
    pub flags: (bool, bool),
    /// How long before now a link was last heard of.
    pub ago_millis: u64,
    pub base: Permissions,
}

/// What devices call themselves: through two doors more than one member may have at once.
pub const CLIENTS: [Option<&str>; 5] =
    [None, Some("phone"), Some("tab"), Some("desk"), Some("car")];

/// The commands, closing apart: it ends the fun and is tried at the end.
#[derive(Clone, Copy, Debug)]
pub enum Verb {
    Join,
    Leave,
    LeaveAll,
    TakeFloor,
    KeepFloor,
    ReleaseFloor,
    RequestToSpeak,
    WithdrawRequest,
    InviteToSpeak,
    RespondInvite,
    RevokeSpeaker,
    SetTopic,
    ChangeSettings,
    SwitchCaptions,
    RequestHeard,
    SetSelf,
    ServerMute,
    ServerDeafen,
    ServerVideoMute,
    SetHand,
    React,
    Kick,
    EndSession,
    EndMember,
    Close,
    LinkUp,
    LinkDown,
    Speaking,
    Source,
    Reauthorize,
    Knock,
    Nudge,
    AllowCall,
    RejectCall,
    JoinCall,
    HangUp,
}

/// A room, and another one beside it.
pub fn given() -> impl Strategy<Value = [Given; 2]> {
    (a_room(), a_room()).prop_map(|(one, other)| {
        let settings = Settings { id: elsewhere(), ..other.settings };
        [one, Given { settings, ..other }]
    })
}

fn a_room() -> impl Strategy<Value = Given> {
    let ids: Vec<UserId> = PEOPLE.iter().map(|who| who.id()).collect();
    let marked = || subsequence(ids.clone(), 0..=2);
    let owner = select(vec![None, Some(BEA.id())]);
    // Voice rooms have most permissions, talk rooms a floor, and stages speakers.
    let (voice, talk) = (Just(ProfileKind::Voice), Just(ProfileKind::Talk));
    let stage = Just(ProfileKind::Stage);
    let meeting = Just(ProfileKind::Conference);
    let kinds = prop_oneof![2 => voice, 3 => talk, 3 => stage, 2 => meeting];
    let switches = (prop::bool::weighted(0.3), any::<bool>());
    let overrides = prop::collection::vec(an_override(), 0..4);
    let marks = (marked(), marked(), marked());
    let doors = (overrides, an_admission());
    (kinds, 2..5_u32, owner, doors, switches, marks).prop_map(
        |(kind, member_limit, created_by, (overrides, admission), switches, marks)| {
            let (muted, deafened, speakers) = marks;
            let (has_password, captions) = switches;
            let settings = Settings { member_limit, created_by, overrides, ..room_of(kind) };
            let settings = Settings { has_password, captions, admission, ..settings };
            Given { settings, muted, deafened, speakers }
        },
    )
}

/// Mostly one with a waiting room.
fn an_admission() -> impl Strategy<Value = Admission> {
    let ids = [ANN, BEA, RON].map(|who| who.id()).to_vec();
    let listed = (subsequence(ids, 0..=1), any::<[bool; 3]>());
    let often = |weight| prop::bool::weighted(weight);
    (often(0.1), often(0.1), often(0.5), listed).prop_map(
        |(open, force_password, waits, listed)| {
            let (users, admins) = listed;
            let listed = users.into_iter().zip(admins);
            let members = listed.map(|(user, admin)| Listed { user, admin }).collect();
            Admission { open, force_password, force_waiting_room: waits, members }
        },
    )
}

fn an_override() -> impl Strategy<Value = Override> {
    let targets = vec![OverrideTarget::Everyone, the_role(), OverrideTarget::User(ANN.id())];
    let few = || subsequence(DECIDING.to_vec(), 0..=2).prop_map(union);
    (select(targets), few(), few()).prop_map(|(target, allow, deny)| Override {
        target,
        allow,
        deny,
    })
}

pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let short = vec![0, 1, 1000, 4000, 5000, 9_999, 10_000, 20_000, 29_999, 30_000, 60_000];
    let waits = prop_oneof![12 => select(short), 1 => select(vec![299_999, 300_000])];
    let wait =
        (waits, prop::bool::weighted(0.8)).prop_map(|(millis, awake)| Step::Wait { millis, awake });
    let most = 2 * CLIENTS.len();
    let devices = (0..2_usize, 0..PEOPLE.len(), 0..most, 1..=most)
        .prop_map(|(room, by, from, count)| Step::Devices { room, by, from, count });
    let moves = (0..2_usize, 0..=PEOPLE.len(), 0..PEOPLE.len())
        .prop_map(|(from, by, whom)| Step::Move { from, by, whom });
    let step = prop_oneof![4 => wait, 3 => moves, 22 => ask().prop_map(Step::Ask), 1 => devices];
    prop::collection::vec(step, 1..140)
}

fn ask() -> impl Strategy<Value = Ask> {
    let session = prop::option::weighted(0.9, 0..32_usize);
    let client = select(&CLIENTS[..]);
    let ago = select(vec![0, 0, 0, 1, 3000, 9_999, 10_000, 15_000]);
    let base = prop_oneof![
        Just(Permissions::EVERYONE),
        subsequence(DECIDING.to_vec(), 0..=DECIDING.len()).prop_map(union),
    ];
    let room = prop_oneof![4 => Just(0_usize), 1 => Just(1)];
    let who = (0..=PEOPLE.len(), prop::bool::weighted(0.8), 0..PEOPLE.len(), session);
    let doors = (any::<bool>(), prop::bool::weighted(0.4), prop::bool::weighted(0.8));
    let ways = (prop::bool::weighted(0.2), prop::bool::weighted(0.4), prop::bool::weighted(0.4));
    let overrides = (prop::collection::vec(an_override(), 0..3), an_admission());
    let what = (client, doors, ways, overrides, any::<(bool, bool)>(), ago, base);
    (verb(), room, who, what).prop_map(|(verb, room, (by, rightful, whom, session), what)| {
        let (client, (door, stt, unlocked), ways, overrides, flags, ago_millis, base) = what;
        let (only_once, gateway, accident) = ways;
        let (overrides, admission) = overrides;
        Ask {
            verb,
            room,
            by,
            rightful,
            whom,
            session,
            client,
            door,
            stt,
            unlocked,
            only_once,
            gateway,
            accident,
            overrides,
            admission,
            flags,
            ago_millis,
            base,
        }
    })
}

fn verb() -> impl Strategy<Value = Verb> {
    prop_oneof![
        24 => Just(Verb::Join),
        6 => Just(Verb::Leave),
        3 => Just(Verb::LeaveAll),
        20 => Just(Verb::TakeFloor),
        8 => Just(Verb::KeepFloor),
        6 => Just(Verb::ReleaseFloor),
        12 => Just(Verb::RequestToSpeak),
        6 => Just(Verb::WithdrawRequest),
        16 => Just(Verb::InviteToSpeak),
        13 => Just(Verb::RespondInvite),
        8 => Just(Verb::RevokeSpeaker),
        4 => Just(Verb::SetTopic),
        6 => Just(Verb::ChangeSettings),
        5 => Just(Verb::SwitchCaptions),
        12 => Just(Verb::RequestHeard),
        12 => Just(Verb::SetSelf),
        8 => Just(Verb::ServerMute),
        8 => Just(Verb::ServerDeafen),
        6 => Just(Verb::ServerVideoMute),
        6 => Just(Verb::SetHand),
        2 => Just(Verb::React),
        6 => Just(Verb::Kick),
        3 => Just(Verb::EndSession),
        3 => Just(Verb::EndMember),
        2 => Just(Verb::Close),
        20 => Just(Verb::LinkUp),
        16 => Just(Verb::LinkDown),
        20 => Just(Verb::Speaking),
        8 => Just(Verb::Source),
        6 => Just(Verb::Reauthorize),
        14 => Just(Verb::Knock),
        3 => Just(Verb::Nudge),
        6 => Just(Verb::AllowCall),
        7 => Just(Verb::RejectCall),
        9 => Just(Verb::JoinCall),
        3 => Just(Verb::HangUp),
    ]
}

fn union(all: Vec<Permissions>) -> Permissions {
    all.into_iter().fold(Permissions::NONE, |had, one| had | one)
}
