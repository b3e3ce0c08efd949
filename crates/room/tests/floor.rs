//! The floor of a talk room: who gets it, how long they have it, and who is heard. How it ends with its
//! holder is in `floor_ends.rs`.

#[path = "harness/script.rs"]
mod harness;

use harness::{ADA, ANN, BEA, CID, NOBODY, OWEN, RON, SERVER, Script, Who, join, join_from};
use harness::{allow, deny, millis, room_of, secs, session, set_self, start, talk, with_overrides};
use model::{Now, OverrideTarget, Permissions, Timestamp};
use room::{Command, EndReason, Floor, FloorEnd, Gate, ProfileKind, Refusal, Settings, Timing};

const TAKE: Command = Command::TakeFloor;
const KEEP: Command = Command::KeepFloor;
const RELEASE: Command = Command::ReleaseFloor;
const EXPIRED: FloorEnd = FloorEnd::Expired;

/// Ann (1), Bea (2) and Cid (3) are in.
fn three() -> Script {
    let mut script = Script::given(talk());
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    script.comes_in(CID, 3);
    // Presence is not what these scripts are about.
    for number in 1..=3 {
        let link = room::Link::Socket;
        script.does(SERVER, Command::LinkUp { session: session(number), link });
    }
    script
}

#[test]
fn a_free_floor_is_taken_kept_and_given_back() {
    let mut script = three();
    assert_eq!(script.room.floor(), None);
    let fence = script.fence();
    script.when(ANN, TAKE, &[script.taken(ANN, fence)]);
    let floor = Floor { holder: ANN.id(), fence, expires_at: script.wall_in(20) };
    assert_eq!((script.room.floor(), script.room.view().floor), (Some(floor), Some(floor)));

    script.later(secs(15));
    script.when(ANN, KEEP, &[script.kept(ANN, fence)]);
    let expires_at = script.wall_in(20);
    assert_eq!(script.room.floor(), Some(Floor { expires_at, ..floor }));

    script.when(ANN, RELEASE, &[script.released(ANN, fence, FloorEnd::Released)]);
    assert_eq!((script.room.floor(), script.room.view().floor), (None, None));
    assert_eq!(script.deadline(), None);
    script.refuses(ANN, RELEASE, Refusal::NotSpeaker);
    script.refuses(ANN, KEEP, Refusal::NotSpeaker);
}

#[test]
fn nobody_but_the_holder_keeps_releases_or_takes_a_held_floor() {
    let mut script = three();
    script.takes_floor(ANN);
    for by in [BEA, CID] {
        script.refuses(by, TAKE, Refusal::SpeakerTaken);
        script.refuses(by, KEEP, Refusal::NotSpeaker);
        script.refuses(by, RELEASE, Refusal::NotSpeaker);
    }
    script.refuses(SERVER, KEEP, Refusal::NotSpeaker);
    script.refuses(SERVER, RELEASE, Refusal::NotSpeaker);
}

#[test]
fn a_free_floor_is_neither_kept_nor_released() {
    let script = &mut three();
    for by in [ANN.into(), RON.into(), SERVER] {
        script.refuses(by, KEEP, Refusal::NotSpeaker);
    }
    script.refuses(ANN, RELEASE, Refusal::NotSpeaker);
}

#[test]
fn the_holder_who_asks_again_has_it_for_longer_with_the_same_number() {
    let mut script = three();
    let fence = script.takes_floor(ANN);
    script.later(millis(19_999));
    script.when(ANN, TAKE, &[script.kept(ANN, fence)]);
    script.later(millis(19_999));
    script.due(&[]);
    script.refuses(BEA, TAKE, Refusal::SpeakerTaken);
    script.later(millis(1));
    script.due(&[script.released(ANN, fence, EXPIRED)]);
}

#[test]
fn of_fifty_who_ask_at_once_one_gets_it() {
    let mut script = Script::given(Settings { member_limit: 50, ..talk() });
    let crowd: Vec<Who> = (100..150).map(|number| Who { number, ..ANN }).collect();
    for (who, number) in crowd.iter().zip(1..) {
        script.comes_in(*who, number);
    }
    let decide = |script: &Script, who: Who| script.room.decide(&who.into(), TAKE, script.now);
    let mut answers = Vec::new();
    for who in crowd.iter().rev() {
        let decided = decide(&script, *who);
        answers.push(decided.as_ref().map(Vec::len).map_err(|refusal| *refusal));
        if decided.is_ok() {
            script.does(*who, TAKE);
        }
    }
    let mut want = vec![Err(Refusal::SpeakerTaken); 50];
    want[0] = Ok(1);
    assert_eq!(answers, want);
    assert_eq!(script.room.floor().map(|floor| floor.holder), Some(crowd[49].id()));
}

#[test]
fn only_rooms_where_the_holder_is_heard_have_a_floor() {
    for kind in ProfileKind::ALL {
        let mut script = Script::given(room_of(kind));
        script.comes_in(ANN, 1);
        if kind == ProfileKind::Talk {
            script.takes_floor(ANN);
            continue;
        }
        for by in [ANN.into(), RON.into(), SERVER] {
            for command in [TAKE, KEEP, RELEASE] {
                script.refuses(by.clone(), command, Refusal::NotSpeaker);
            }
        }
    }
}

#[test]
fn who_is_not_in_the_room_is_no_participant() {
    let everyone = deny(OverrideTarget::Everyone, Permissions::VIEW_SPACE);
    let ron = allow(OverrideTarget::User(RON.id()), Permissions::VIEW_SPACE);
    let hidden = Settings { created_by: Some(OWEN.id()), ..talk() };
    let mut script = Script::given(with_overrides(hidden, &[everyone, ron]));
    for by in [RON, OWEN, ADA] {
        script.refuses(by, TAKE, Refusal::NotAParticipant);
        script.refuses(by, KEEP, Refusal::NotSpeaker);
        script.refuses(by, RELEASE, Refusal::NotSpeaker);
    }
    script.refuses(SERVER, TAKE, Refusal::NotAParticipant);
    for by in [ANN, NOBODY] {
        for command in [TAKE, KEEP, RELEASE] {
            script.refuses(by, command, Refusal::RoomNotFound);
        }
    }
    script.comes_in(RON, 1);
    script.takes_floor(RON);
    script.refuses(OWEN, TAKE, Refusal::NotAParticipant);
}

#[test]
fn a_floor_that_is_not_kept_falls_free_at_its_time_and_once() {
    let mut script = three();
    let fence = script.takes_floor(ANN);
    assert_eq!(script.deadline(), Some(secs(20)));
    script.later(millis(19_999));
    script.due(&[]);
    script.later(millis(1));
    script.due(&[script.released(ANN, fence, EXPIRED)]);
    assert_eq!((script.room.floor(), script.deadline()), (None, None));
    assert_eq!(script.gate(1), Gate { camera: true, screen: true, receive: true, ..Gate::SHUT });
    script.later(secs(60));
    script.due(&[]);
}

#[test]
fn keeping_moves_the_deadline() {
    let mut script = three();
    let fence = script.takes_floor(ANN);
    script.later(secs(15));
    script.does(ANN, KEEP);
    assert_eq!(script.deadline(), Some(secs(35)));
    script.later(millis(19_999));
    script.when(ANN, KEEP, &[script.kept(ANN, fence)]);
    script.later(secs(20));
    script.due(&[script.released(ANN, fence, EXPIRED)]);
}

#[test]
fn a_floor_whose_time_is_over_is_nobodys_before_it_is_told() {
    let mut script = three();
    let fence = script.takes_floor(ANN);
    script.later(secs(20));
    script.refuses(ANN, KEEP, Refusal::NotSpeaker);
    script.refuses(ANN, RELEASE, Refusal::NotSpeaker);
    assert_eq!(script.room.floor().map(|floor| floor.fence), Some(fence), "not told yet");
    script.due(&[script.released(ANN, fence, EXPIRED)]);
}

#[test]
fn who_takes_a_floor_that_expired_untold_has_that_told_first() {
    for by in [ANN, BEA] {
        let mut script = three();
        let (old, at) = (script.takes_floor(ANN), start().plus(secs(20)).wall);
        script.later(secs(20));
        let fence = old + 20_000_000;
        script.when(by, TAKE, &[script.released(ANN, old, EXPIRED), script.taken(by, fence)]);
        assert!(script.room.floor().is_some_and(|floor| floor.expires_at > at));
        assert_eq!(script.deadline(), Some(secs(40)));
        script.due(&[]);
    }
}

#[test]
fn every_grant_has_a_higher_number_whatever_the_clock_does() {
    let mut script = three();
    let first = script.takes_floor(ANN);
    assert_eq!(first, script.fence());
    script.does(ANN, RELEASE);
    assert_eq!(script.takes_floor(BEA), first + 1, "in the same microsecond");
    script.does(BEA, RELEASE);

    let wall = Timestamp::from_micros(1_000_000);
    script.now = Now { wall, ..script.now };
    assert_eq!(script.takes_floor(ANN), first + 2, "the clock was put back");
    script.does(ANN, RELEASE);
    script.now = Now { wall: Timestamp::from_micros(-5), ..script.now };
    assert_eq!(script.takes_floor(ANN), first + 3);
    script.does(ANN, RELEASE);
    script.now = Now { wall: start().wall, ..script.now };
    script.later(secs(1));
    assert_eq!(script.takes_floor(CID), first + 1_000_000);
}

#[test]
fn numbers_rise_over_a_restart() {
    let mut before = three();
    let last = before.takes_floor(ANN);
    let mut after = three();
    after.later(millis(1));
    assert!(after.takes_floor(BEA) > last);
}

#[test]
fn how_long_it_lasts_can_be_set() {
    let timing = Timing { speaker_ttl: secs(5), ..Timing::default() };
    assert_eq!(
        Timing::default(),
        Timing { speaker_ttl: secs(20), request_idle: secs(60), ring: secs(120) }
    );
    let mut script = Script::given_timing(talk(), timing);
    script.comes_in(ANN, 1);
    let fence = script.takes_floor(ANN);
    let expires_at = script.wall_in(5);
    assert_eq!(script.room.floor(), Some(Floor { holder: ANN.id(), fence, expires_at }));
    assert_eq!(script.deadline(), Some(secs(5)));
    script.later(secs(4));
    script.does(ANN, KEEP);
    assert_eq!(script.deadline(), Some(secs(9)));
}

#[test]
fn all_sessions_of_the_holder_are_heard_and_nobody_else() {
    let mut script = three();
    script.does(ANN, Command::Join(join_from(4, "phone")));
    let heard = |script: &Script| [1, 2, 3, 4].map(|number| script.gate(number).speak);
    assert_eq!(heard(&script), [false; 4]);
    script.takes_floor(ANN);
    assert_eq!(heard(&script), [true, false, false, true]);
    script.does(ANN, RELEASE);
    assert_eq!(heard(&script), [false; 4]);
    script.takes_floor(CID);
    assert_eq!(heard(&script), [false, false, true, false]);
}

#[test]
fn mutes_hold_for_who_has_the_floor() {
    let mut script = three();
    script.does(ANN, Command::Join(join_from(4, "phone")));
    script.takes_floor(ANN);
    script.does(ANN, set_self(1, Some(true), None));
    assert_eq!((script.gate(1).speak, script.gate(4).speak), (false, true));
    let mute = |muted| Command::ServerMute { user: ANN.id(), muted };
    script.does(SERVER, mute(true));
    assert_eq!((script.gate(1).speak, script.gate(4).speak), (false, false));
    script.does(SERVER, mute(false));
    assert_eq!((script.gate(1).speak, script.gate(4).speak), (false, true));
}

/// Media's word that the speech ended comes a moment after the floor did.
#[test]
fn nobody_is_shown_speaking_without_the_floor() {
    let mut script = three();
    script.when(SERVER, Command::Speaking { session: session(1), speaking: true }, &[]);
    script.takes_floor(ANN);
    script.speaks(1);
    assert!(script.member(ANN).speaking);
    script.does(ANN, RELEASE);
    assert!(!script.member(ANN).speaking);
    let silent = script.silent(ANN, 1);
    script.when(SERVER, Command::Speaking { session: session(1), speaking: true }, &[silent]);
}

#[test]
fn a_new_session_of_the_holder_is_heard_from_the_start() {
    let mut script = three();
    script.takes_floor(ANN);
    let replaced = script.ended(ANN, 1, EndReason::Replaced);
    let events = [replaced, script.started(ANN, &join(4))];
    script.when(ANN, Command::Join(join(4)), &events);
    assert!(script.gate(4).speak, "the member never left");
    assert!(script.room.floor().is_some());
}
