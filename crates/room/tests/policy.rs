//! Who may do what: every action and every command, for every sort of asker.

#[path = "harness/script.rs"]
mod harness;

use std::time::Instant;

use harness::{ADA, ANN, BEA, CID, DEAFENER, MODDY, MOVER, MUTER, NOBODY, OWEN, RON, SERVER};
use harness::{Script, Who, allow, deny, elsewhere, join, join_from, room_of, session, set_self};
use harness::{the_role, voice, with_overrides};
use model::{Override, OverrideTarget, Permissions, TrackSource};
use room::SettingsChange;
use room::{Action, Actor, Arrival, Command, EndReason, Link, ProfileKind, Refusal, Settings};
use room::{check, permissions};

type Answer = Result<(), Refusal>;

const OK: Answer = Ok(());
const HID: Answer = Err(Refusal::RoomNotFound);
const NOT: Answer = Err(Refusal::NotYourSession);
const CON: Answer = Err(Refusal::Missing(Permissions::CONNECT));
const MUT: Answer = Err(Refusal::Missing(Permissions::MUTE_MEMBERS));
const DEA: Answer = Err(Refusal::Missing(Permissions::DEAFEN_MEMBERS));
const MOV: Answer = Err(Refusal::Missing(Permissions::MOVE_MEMBERS));
const ADM: Answer = Err(Refusal::Missing(Permissions::ADMINISTRATOR));
const MAN: Answer = Err(Refusal::Missing(Permissions::MANAGE_SPACES));
const STA: Answer = Err(Refusal::Missing(Permissions::STAGE_MODERATOR));
const OUT: Answer = Err(Refusal::NotAParticipant);
const NIN: Answer = Err(Refusal::NotInRoom);
const NST: Answer = Err(Refusal::NoStage);
const MIC: Answer = Err(Refusal::NotSpeaker);

const ACTIONS: [Action; 8] = [
    Action::View,
    Action::Join,
    Action::MuteMembers,
    Action::DeafenMembers,
    Action::Kick,
    Action::Move,
    Action::ModerateStage,
    Action::Manage,
];

/// Without overrides: what the asker brings decides.
#[test]
fn every_action_for_every_asker() {
    let settings = Settings { created_by: Some(OWEN.id()), ..voice() };
    let table: [(Actor, [Answer; 8]); 9] = [
        (NOBODY.into(), [HID; 8]),
        (ANN.into(), [OK, OK, MUT, DEA, MOV, MOV, STA, MAN]),
        (MUTER.into(), [OK, OK, OK, DEA, OK, MOV, STA, MAN]),
        (DEAFENER.into(), [OK, OK, MUT, OK, MOV, MOV, STA, MAN]),
        (MOVER.into(), [OK, OK, MUT, DEA, OK, OK, STA, MAN]),
        (MODDY.into(), [OK, OK, MUT, DEA, MOV, MOV, OK, MAN]),
        (OWEN.into(), [OK, OK, MUT, DEA, MOV, MOV, STA, OK]),
        (ADA.into(), [OK; 8]),
        (SERVER, [OK; 8]),
    ];
    for (asker, answers) in table {
        check_row(&settings, &asker, answers);
    }
}

/// Overrides for everyone, a role and a user, from weak to strong; the asker has the role.
#[test]
fn every_action_under_every_kind_of_override() {
    use OverrideTarget::{Everyone, User};
    let all = Permissions::ROOM_OWNER;
    let ron = || User(RON.id());
    let plain = [OK, OK, MUT, DEA, MOV, MOV, STA, MAN];
    let every = [OK; 8];
    let hidden = [HID; 8];
    let connect = Permissions::CONNECT;
    let barred = [OK, CON, MUT, DEA, MOV, MOV, STA, MAN];
    let table: [(&[Override], [Answer; 8]); 13] = [
        (&[], plain),
        (&[allow(Everyone, all)], every),
        (&[allow(the_role(), all)], every),
        (&[allow(ron(), all)], every),
        (&[allow(User(ANN.id()), all)], plain),
        (&[deny(Everyone, connect)], barred),
        (&[deny(Everyone, all)], hidden),
        (&[deny(Everyone, all), allow(the_role(), all)], every),
        (&[deny(the_role(), connect), allow(Everyone, connect)], barred),
        (&[deny(the_role(), all), allow(Everyone, all)], hidden),
        (&[deny(the_role(), all), allow(ron(), all)], every),
        (&[allow(the_role(), all), deny(ron(), all)], hidden),
        (&[deny(Everyone, all), allow(Everyone, all)], every),
    ];
    for (overrides, answers) in table {
        check_row(&with_overrides(voice(), overrides), &RON.into(), answers);
    }
}

#[test]
fn a_hidden_room_is_no_room_except_to_its_owner_and_to_administrators() {
    let everything = deny(OverrideTarget::Everyone, Permissions::ALL);
    let settings = Settings { created_by: Some(OWEN.id()), ..voice() };
    let hidden = with_overrides(settings, &[everything]);
    for asker in [NOBODY, ANN, MUTER, DEAFENER, MOVER, MODDY, RON] {
        check_row(&hidden, &asker.into(), [HID; 8]);
    }
    check_row(&hidden, &OWEN.into(), [OK, CON, MUT, DEA, MOV, MOV, STA, OK]);
    check_row(&hidden, &ADA.into(), [OK; 8]);
    check_row(&hidden, &SERVER, [OK; 8]);
}

#[test]
fn only_voice_rooms_and_stages_need_connect() {
    for kind in ProfileKind::ALL {
        let no_connect = deny(OverrideTarget::Everyone, Permissions::CONNECT);
        let settings = with_overrides(room_of(kind), &[no_connect]);
        let needs = matches!(kind, ProfileKind::Voice | ProfileKind::Stage);
        let join = if needs { CON } else { OK };
        check_row(&settings, &ANN.into(), [OK, join, MUT, DEA, MOV, MOV, STA, MAN]);
    }
}

#[test]
fn history_is_for_who_is_or_was_in_and_may_read_it() {
    let read = Permissions::READ_HISTORY;
    let owned = Settings { created_by: Some(OWEN.id()), ..voice() };
    let check_all = |settings: &Settings, asker: Actor, was_in: Answer, never_in: Answer| {
        for (participant, answer) in [(true, was_in), (false, never_in)] {
            let action = Action::ReadHistory { participant };
            assert_eq!(check(settings, &asker, action), answer, "{participant} by {asker:?}");
        }
    };
    for asker in [ANN, OWEN, ADA, MUTER] {
        check_all(&owned, asker.into(), OK, OUT);
    }
    check_all(&owned, NOBODY.into(), HID, HID);
    check_all(&owned, SERVER, OK, OK);
    let unread = with_overrides(owned, &[deny(OverrideTarget::Everyone, read)]);
    check_all(&unread, ANN.into(), Err(Refusal::Missing(read)), OUT);
    check_all(&unread, OWEN.into(), Err(Refusal::Missing(read)), OUT);
    check_all(&unread, ADA.into(), OK, OUT);
}

#[test]
fn a_password_hides_who_is_in_from_who_never_was() {
    for has_password in [false, true] {
        let settings = Settings { has_password, created_by: Some(OWEN.id()), ..voice() };
        let never = if has_password { OUT } else { OK };
        for (participant, answer) in [(true, OK), (false, never)] {
            let action = Action::SeeMembers { participant };
            for asker in [ANN, OWEN, ADA] {
                assert_eq!(check(&settings, &asker.into(), action), answer, "{asker:?}");
            }
            assert_eq!(check(&settings, &NOBODY.into(), action), HID);
            assert_eq!(check(&settings, &SERVER, action), OK);
        }
    }
}

#[test]
fn a_member_has_what_the_overrides_leave() {
    let video = Permissions::VIDEO;
    let overrides = [deny(OverrideTarget::Everyone, video), allow(the_role(), video)];
    let settings = with_overrides(voice(), &overrides);
    assert_eq!(permissions(&settings, &RON.into()), Permissions::EVERYONE);
    assert_eq!(permissions(&settings, &ADA.into()), Permissions::ALL);
    assert_eq!(permissions(&settings, &SERVER), Permissions::ALL);
    let mut script = Script::given(settings);
    let left = Permissions::EVERYONE & !video;
    let events = [script.joined_with(ANN, left), script.started(ANN, &join(1))];
    script.when(ANN, Command::Join(join(1)), &events);
    assert_eq!(script.member(ANN).permissions, left);
}

/// Who asks the commands below, in the order of the answers.
const ASKERS: usize = 10;

fn askers() -> [Actor; ASKERS] {
    let [nobody, outside, member] = [NOBODY, RON, BEA].map(Actor::from);
    let [mutes, deafens, moves, stages] = [MUTER, DEAFENER, MOVER, MODDY].map(Actor::from);
    [nobody, outside, member, mutes, deafens, moves, stages, OWEN.into(), ADA.into(), SERVER]
}

/// Ann is in with session 1, Bea with session 2; the others are not. Every command once per asker.
#[test]
fn every_command_for_every_asker() {
    let of_the_server = commands_only_the_server_passes().map(|command| {
        let mut answers = [ADM; ASKERS];
        answers[ASKERS - 1] = OK;
        (command, answers)
    });
    for (command, answers) in commands_people_ask().into_iter().chain(of_the_server) {
        for (asker, answer) in askers().iter().zip(answers) {
            let decided = two_people().room.decide(asker, command.clone(), harness::start());
            assert_eq!(decided.map(drop), answer, "{command:?} by {asker:?}");
        }
    }
}

fn commands_people_ask() -> Vec<(Command, [Answer; ASKERS])> {
    let user = ANN.id();
    let session = session(1);
    let set = set_self(1, Some(true), None);
    // Nobody, outside, member, mutes, deafens, moves, stages, owner, administrator, server.
    vec![
        (Command::Join(join_from(9, "other")), [HID, OK, OK, OK, OK, OK, OK, OK, OK, HID]),
        (Command::Leave { session }, [NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, OK]),
        (set, [NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, NOT, OK]),
        (
            Command::ServerMute { user, muted: true },
            [HID, MUT, MUT, OK, MUT, MUT, MUT, MUT, OK, OK],
        ),
        (
            Command::ServerDeafen { user, deafened: true },
            [HID, DEA, DEA, DEA, OK, DEA, DEA, DEA, OK, OK],
        ),
        (Command::Kick { user }, [HID, MOV, MOV, OK, MOV, OK, MOV, MOV, OK, OK]),
        (
            Command::MoveOut { user, to: elsewhere() },
            [HID, MOV, MOV, MOV, MOV, OK, MOV, MOV, OK, OK],
        ),
        (Command::MoveIn(arriving()), [HID, MOV, MOV, MOV, MOV, OK, MOV, MOV, OK, OK]),
        (Command::LeaveAll, [HID, NIN, OK, NIN, NIN, NIN, NIN, NIN, NIN, NIN]),
        (Command::SwitchCaptions { on: true }, [HID, MAN, MAN, MAN, MAN, MAN, MAN, OK, OK, OK]),
        (
            Command::ChangeSettings(SettingsChange::default()),
            [HID, MAN, MAN, MAN, MAN, MAN, MAN, OK, OK, OK],
        ),
    ]
}

/// It is a voice room; whoever may know of it learns that it has neither floor nor stage.
#[test]
fn what_a_kind_of_room_lacks_is_refused_to_everyone() {
    let (user, topic) = (ANN.id(), "news".to_owned());
    let table = [
        (Command::TakeFloor, MIC),
        (Command::KeepFloor, MIC),
        (Command::ReleaseFloor, MIC),
        (Command::RequestToSpeak, NST),
        (Command::WithdrawRequest, NST),
        (Command::InviteToSpeak { user }, NST),
        (Command::RespondInvite { accepted: true }, NST),
        (Command::RevokeSpeaker { user }, NST),
        (Command::SetTopic { topic }, NST),
    ];
    for (command, answer) in table {
        for (nth, asker) in askers().iter().enumerate() {
            let decided = two_people().room.decide(asker, command.clone(), harness::start());
            let want = if nth == 0 { HID } else { answer };
            assert_eq!(decided.map(drop), want, "{command:?} by {asker:?}");
        }
    }
}

/// Cid, on the way here from another room.
fn arriving() -> Arrival {
    let mut script = Script::given(Settings { id: elsewhere(), ..voice() });
    script.comes_in(CID, 3);
    script.departing(CID)
}

/// The server's own commands, all about Ann and her session.
fn commands_only_the_server_passes() -> [Command; 9] {
    let user = ANN.id();
    let (session, link, last_seen) = (session(1), Link::Socket, Instant::now());
    let reason = EndReason::ServerShutdown;
    let source = TrackSource::Camera;
    [
        Command::EndSession { session, reason },
        Command::EndMember { user, reason },
        Command::Close { reason },
        Command::LinkUp { session, link },
        Command::LinkDown { session, link, last_seen },
        Command::RequestHeard { user },
        Command::Speaking { session, speaking: true },
        Command::Source { session, source, flowing: true },
        Command::Reauthorize { user, roles: Vec::new(), base: Permissions::NONE },
    ]
}

#[test]
fn nobody_passes_a_command_of_the_server_about_themselves() {
    let mut script = two_people();
    let administrator = Who { base: ADA.base, ..ANN };
    for command in commands_only_the_server_passes() {
        let missing = Refusal::Missing(Permissions::ADMINISTRATOR);
        script.refuses(ANN, command.clone(), missing);
        script.refuses(administrator, command, missing);
    }
}

#[test]
fn without_permission_one_does_not_learn_who_is_in() {
    let script = &mut two_people();
    let (here, away) = (ANN.id(), RON.id());
    for user in [here, away] {
        script.refuses(BEA, Command::Kick { user }, Refusal::Missing(Permissions::MOVE_MEMBERS));
        script.refuses(NOBODY, Command::Kick { user }, Refusal::RoomNotFound);
    }
    script.refuses(MUTER, Command::Kick { user: away }, Refusal::TargetNotInRoom);
}

fn two_people() -> Script {
    let mut script = Script::given(Settings { created_by: Some(OWEN.id()), ..voice() });
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    script
}

#[track_caller]
fn check_row(settings: &Settings, asker: &Actor, answers: [Answer; 8]) {
    for (action, answer) in ACTIONS.into_iter().zip(answers) {
        assert_eq!(check(settings, asker, action), answer, "{action:?} by {asker:?}");
    }
}
