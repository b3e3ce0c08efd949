//! Who may do what on a stage, and in which order it is asked.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, CID, MODDY, MUTER, NOBODY, OWEN, RON, SERVER, Script, Who, allow};
use harness::{deny, join, stage, the_role, voice, with_overrides};
use model::{OverrideTarget, Permissions};
use room::{Actor, Command, Link, Refusal, Settings};

type Answer = Result<(), Refusal>;

const OK: Answer = Ok(());
const HID: Answer = Err(Refusal::RoomNotFound);
const STA: Answer = Err(Refusal::Missing(Permissions::STAGE_MODERATOR));
const OUT: Answer = Err(Refusal::TargetNotInRoom);
const NIN: Answer = Err(Refusal::NotInRoom);
const NOI: Answer = Err(Refusal::NoPendingInvite);

fn invite(who: Who) -> Command {
    Command::InviteToSpeak { user: who.id() }
}

fn revoke(who: Who) -> Command {
    Command::RevokeSpeaker { user: who.id() }
}

/// Ann (1) listens, Bea (2) speaks, and Cid (3) is invited. Ron is away.
fn three() -> Script {
    let mut script = Script::given(Settings { created_by: Some(OWEN.id()), ..stage() });
    for (who, number) in [(ANN, 1), (BEA, 2), (CID, 3)] {
        script.comes_in(who, number);
        script.linked(number, Link::Socket);
    }
    script.on_stage(BEA);
    script.does(SERVER, invite(CID));
    script
}

/// Every command of a stage for every sort of asker.
#[test]
fn every_command_for_every_asker() {
    let [nobody, outside, listens, speaks, invited] = [NOBODY, RON, ANN, BEA, CID].map(Actor::from);
    let others = [MUTER.into(), MODDY.into(), OWEN.into(), ADA.into(), SERVER];
    let askers: Vec<Actor> =
        [nobody, outside, listens, speaks, invited].into_iter().chain(others).collect();
    let topic = "news".to_owned();
    // Nobody, outside, listens, speaks, invited, mutes, moderates, owner, administrator, server.
    let table = [
        (Command::RequestToSpeak, [HID, NIN, OK, OK, OK, NIN, NIN, NIN, NIN, NIN]),
        (Command::WithdrawRequest, [HID, NIN, OK, OK, OK, NIN, NIN, NIN, NIN, NIN]),
        (
            Command::RespondInvite { accepted: true },
            [HID, NIN, NOI, NOI, OK, NIN, NIN, NIN, NIN, NIN],
        ),
        (invite(ANN), [HID, STA, STA, STA, STA, STA, OK, STA, OK, OK]),
        (invite(BEA), [HID, STA, STA, STA, STA, STA, OK, STA, OK, OK]),
        (invite(RON), [HID, STA, STA, STA, STA, STA, OUT, STA, OUT, OUT]),
        (revoke(ANN), [HID, STA, STA, STA, STA, STA, OK, STA, OK, OK]),
        (revoke(BEA), [HID, STA, STA, STA, STA, STA, OK, STA, OK, OK]),
        (revoke(RON), [HID, STA, STA, STA, STA, STA, OUT, STA, OUT, OUT]),
        (Command::SetTopic { topic }, [HID, STA, STA, STA, STA, STA, OK, STA, OK, OK]),
    ];
    for (command, answers) in table {
        for (asker, answer) in askers.iter().zip(answers) {
            let script = three();
            let decided = script.room.decide(asker, command.clone(), script.now);
            assert_eq!(decided.map(drop), answer, "{command:?} by {asker:?}");
        }
    }
}

/// May they know of it, is it a stage, do they have the permission, are the people in.
#[test]
fn each_question_hides_those_after_it() {
    let away = RON;
    let mut elsewhere = Script::given(voice());
    elsewhere.refuses(NOBODY, invite(away), Refusal::RoomNotFound);
    elsewhere.refuses(NOBODY, Command::RequestToSpeak, Refusal::RoomNotFound);
    elsewhere.refuses(ANN, invite(away), Refusal::NoStage);
    elsewhere.refuses(ANN, Command::RequestToSpeak, Refusal::NoStage);
    let script = &mut three();
    script.refuses(ANN, invite(away), Refusal::Missing(Permissions::STAGE_MODERATOR));
    script.refuses(MODDY, invite(away), Refusal::TargetNotInRoom);
    // Who invites themselves must be in to speak.
    script.refuses(MODDY, invite(MODDY), Refusal::TargetNotInRoom);
}

#[test]
fn moderators_need_not_be_in() {
    let mut script = three();
    script.when(MODDY, invite(ANN), &[script.invited(ANN, Some(MODDY))]);
    script.does(MODDY, revoke(BEA));
    script.does(MODDY, Command::SetTopic { topic: "news".to_owned() });
}

/// What overrides give and take counts, and who moderates is read off the members.
#[test]
fn the_moderators_are_the_members_who_may() {
    let stages = Permissions::STAGE_MODERATOR;
    let overrides = [
        allow(the_role(), stages),
        allow(OverrideTarget::User(ANN.id()), stages),
        deny(OverrideTarget::User(MODDY.id()), stages),
    ];
    let mut script = Script::given(with_overrides(stage(), &overrides));
    assert_eq!(script.room.stage_moderators(), []);
    for (who, number) in [(RON, 1), (ANN, 2), (BEA, 3), (MODDY, 4), (ADA, 5)] {
        script.comes_in(who, number);
    }
    assert_eq!(script.room.stage_moderators(), [ANN, RON, ADA].map(Who::id));
    script.does(RON, Command::LeaveAll);
    script.does(SERVER, Command::Reauthorize { user: ADA.id(), roles: vec![], base: ANN.base() });
    assert_eq!(script.room.stage_moderators(), [ANN.id()]);
    script.refuses(MODDY, invite(BEA), Refusal::Missing(stages));
}

/// They are in; that they might not come in any more, or know of it, is another matter.
#[test]
fn who_is_in_asks_whatever_they_brought() {
    let mut script = three();
    let (user, base) = (ANN.id(), Permissions::NONE);
    script.does(SERVER, Command::Reauthorize { user, roles: Vec::new(), base });
    let blind = Who { base: NOBODY.base, ..ANN };
    script.refuses(blind, Command::Join(join(9)), Refusal::RoomNotFound);
    script.when(blind, Command::RequestToSpeak, &[script.requested(ANN)]);
    script.refuses(blind, Command::SetTopic { topic: String::new() }, Refusal::RoomNotFound);
}
