//! Coming in by two steps: calls that are admitted, wait, are turned away, and cannot walk around it.

#[path = "harness/script.rs"]
mod harness;

use harness::*;
use model::Via;
use room::{
    Admission, Call, CallChange, Command, EndReason, Event, Join, Knock, Listed, ProfileKind,
    Refusal, Settings, Shown,
};

/// A meeting of Ann, who is an admin, and Bea.
fn meeting() -> Settings {
    let members =
        [(ANN, true), (BEA, false)].map(|(who, admin)| Listed { user: who.id(), admin }).to_vec();
    let admission = Admission { open: false, members, ..Admission::default() };
    Settings { admission, ..room_of(ProfileKind::Conference) }
}

/// Ann is in, Cid waits.
fn with_cid_waiting() -> Script {
    let mut script = Script::given(meeting());
    script.does(ANN, Command::Knock(knock(ANN, 1, "ann's")));
    script.does(ANN, Command::Join(join_call(1, "ann's")));
    script.does(CID, Command::Knock(knock(CID, 3, "cid's")));
    script
}

/// What became of a call.
fn told(number: u64, call: Box<Call>, what: CallChange) -> Event {
    Event::Call { session: session(number), call, what }
}

fn asks(script: &Script, who: Who, id: &str) -> Box<Call> {
    Box::new(Call { asked_at: script.now.mono, ..call_of(who, id) })
}

fn allow_call(id: &str) -> Command {
    Command::AllowCall { call: id.to_owned() }
}

fn reject_call(id: &str) -> Command {
    Command::RejectCall { call: id.to_owned() }
}

fn waiting(script: &Script) -> Vec<String> {
    script.room.view().waiting.into_iter().map(|call| call.id).collect()
}

#[test]
fn who_is_listed_is_admitted_at_once_and_joins_as_that_session() {
    let mut script = Script::given(meeting());
    let call = asks(&script, BEA, "bea's");
    let admitted = told(2, call, CallChange::Admitted { by: None });
    script.when(BEA, Command::Knock(knock(BEA, 2, "bea's")), &[admitted]);
    assert!(script.room.view().members.is_empty(), "admitted is not in");
    let join = join_call(2, "bea's");
    let want = [script.joined(BEA), script.started(BEA, &join)];
    script.when(BEA, Command::Join(join), &want);
    let session = script.member(BEA).sessions.remove(0);
    assert_eq!(
        (session.client.as_deref(), session.call.map(|call| call.admitted)),
        (Some("bea's"), Some(true))
    );
}

#[test]
fn who_waits_is_told_of_and_let_in_by_an_admin() {
    let mut script = Script::given(meeting());
    script.does(ANN, Command::Knock(knock(ANN, 1, "ann's")));
    script.does(ANN, Command::Join(join_call(1, "ann's")));
    let waits = told(3, asks(&script, CID, "cid's"), CallChange::Waits);
    script.when(CID, Command::Knock(knock(CID, 3, "cid's")), &[waits]);
    assert_eq!(waiting(&script), ["cid's"]);
    // Asking again is no news, and lets nobody in.
    script.when(CID, Command::Knock(knock(CID, 3, "cid's")), &[]);
    script.refuses(CID, Command::Join(join_call(3, "cid's")), Refusal::CallNotAdmitted);
    let call = asks(&script, CID, "cid's");
    let admitted = told(3, call, CallChange::Admitted { by: Some(ANN.id()) });
    script.when(ANN, allow_call("cid's"), &[admitted]);
    assert_eq!(waiting(&script), [""; 0]);
    script.refuses(ANN, allow_call("cid's"), Refusal::AlreadyDecided);
    script.refuses(ANN, reject_call("cid's"), Refusal::AlreadyDecided);
    script.does(CID, Command::Join(join_call(3, "cid's")));
    assert_eq!(script.room.admins(), [ANN.id()]);
}

#[test]
fn only_admins_decide_and_only_of_who_waits() {
    let mut script = with_cid_waiting();
    script.does(BEA, Command::Knock(knock(BEA, 2, "bea's")));
    script.does(BEA, Command::Join(join_call(2, "bea's")));
    let missing = Refusal::Missing(model::Permissions::MUTE_MEMBERS);
    for who in [BEA, CID] {
        script.refuses(who, allow_call("cid's"), missing);
        script.refuses(who, reject_call("cid's"), missing);
    }
    script.refuses(ANN, allow_call("nobody's"), Refusal::NobodyWaiting);
    script.refuses(ANN, reject_call("nobody's"), Refusal::NobodyWaiting);
}

#[test]
fn who_was_turned_away_stays_so_for_half_a_minute_under_any_name() {
    let mut script = with_cid_waiting();
    let call = asks(&script, CID, "cid's");
    let until = script.now.mono + secs(30);
    let rejected = told(3, call, CallChange::Rejected { by: Some(ANN.id()), until });
    script.when(ANN, reject_call("cid's"), &[rejected]);
    script.refuses(ANN, reject_call("cid's"), Refusal::AlreadyDecided);
    script.refuses(CID, Command::Join(join_call(3, "cid's")), Refusal::CallNotAdmitted);
    script.later(millis(29_999));
    for (session, name) in [(3, "cid's"), (4, "another")] {
        script.refuses(CID, Command::Knock(knock(CID, session, name)), Refusal::TurnedAway);
    }
    // The name is another's too: whoever has no account may have any.
    let guest = Knock { guest: true, ..knock(RON, 5, "cid's") };
    script.refuses(RON, Command::Knock(guest), Refusal::TurnedAway);
    script.later(millis(1));
    script.does(CID, Command::Knock(knock(CID, 3, "cid's")));
    assert_eq!(waiting(&script), ["cid's"]);
}

#[test]
fn asking_again_is_told_every_five_seconds_at_most() {
    let mut script = with_cid_waiting();
    let nudge = || Command::Nudge { session: session(3) };
    script.later(millis(4_999));
    script.when(CID, nudge(), &[]);
    script.later(millis(1));
    let (at, call) = (script.now.mono, Box::new(script.room.view().waiting.remove(0)));
    script.when(CID, nudge(), &[told(3, call, CallChange::StillWaits { at })]);
    script.later(secs(4));
    script.when(CID, nudge(), &[]);
    script.refuses(RON, nudge(), Refusal::CallNotAdmitted);
    script.does(ANN, allow_call("cid's"));
    script.refuses(CID, nudge(), Refusal::CallNotAdmitted);
}

#[test]
fn a_name_is_one_calls() {
    let mut script = with_cid_waiting();
    for taken in ["ann's", "cid's"] {
        script.refuses(RON, Command::Knock(knock(RON, 5, taken)), Refusal::CallTaken);
        script.refuses(ANN, Command::Knock(knock(ANN, 6, taken)), Refusal::CallTaken);
    }
    script.does(CID, Command::Knock(knock(CID, 7, "also cid's")));
}

#[test]
fn an_admission_is_for_one_person_and_ends_with_the_call() {
    let mut script = with_cid_waiting();
    script.does(ANN, allow_call("cid's"));
    script.refuses(RON, Command::Join(join_call(3, "cid's")), Refusal::CallNotAdmitted);
    script.refuses(BEA, Command::Join(join_call(9, "cid's")), Refusal::CallNotAdmitted);
    let call = asks(&script, CID, "cid's");
    let call = Box::new(Call { admitted: true, ..*call });
    let ended = told(3, call, CallChange::Ended { waited: false });
    script.when(SERVER, Command::HangUp { session: session(3) }, &[ended]);
    script.refuses(CID, Command::Join(join_call(3, "cid's")), Refusal::CallNotAdmitted);
    script.when(SERVER, Command::HangUp { session: session(3) }, &[]);
}

#[test]
fn hanging_up_leaves_the_waiting_room_or_the_room() {
    let mut script = with_cid_waiting();
    let call = asks(&script, CID, "cid's");
    let ended = told(3, call, CallChange::Ended { waited: true });
    script.when(SERVER, Command::HangUp { session: session(3) }, &[ended]);
    let (left, gone) = (script.ended(ANN, 1, EndReason::Left), script.left(ANN, EndReason::Left));
    script.when(SERVER, Command::HangUp { session: session(1) }, &[left, gone]);
    assert!(script.room.is_empty());
    script.refuses(ANN, Command::Join(join_call(1, "ann's")), Refusal::CallNotAdmitted);
}

#[test]
fn who_is_put_out_needs_to_be_let_in_again() {
    let mut script = with_cid_waiting();
    script.does(ANN, allow_call("cid's"));
    script.does(CID, Command::Join(join_call(3, "cid's")));
    script.does(ANN, Command::Kick { user: CID.id() });
    script.refuses(CID, Command::Join(join_call(3, "cid's")), Refusal::CallNotAdmitted);
    script.does(CID, Command::Knock(knock(CID, 4, "cid's")));
    assert_eq!(waiting(&script), ["cid's"]);
}

#[test]
fn who_is_put_out_has_no_second_call_to_come_in_by() {
    let mut script = with_cid_waiting();
    script.does(BEA, Command::Knock(knock(BEA, 2, "bea's")));
    script.does(BEA, Command::Join(join_call(2, "bea's")));
    script.does(BEA, Command::Knock(knock(BEA, 4, "bea's other")));
    let reason = EndReason::Kicked { by: Some(ANN.id()) };
    let call = Box::new(Call { admitted: true, ..*asks(&script, BEA, "bea's other") });
    let want = [
        script.ended(BEA, 2, reason),
        script.left(BEA, reason),
        told(4, call, CallChange::Ended { waited: false }),
    ];
    script.when(ANN, Command::Kick { user: BEA.id() }, &want);
    script.refuses(BEA, Command::Join(join_call(4, "bea's other")), Refusal::CallNotAdmitted);
    assert_eq!(waiting(&script), ["cid's"], "who waits goes on waiting");
}

#[test]
fn no_other_door_leads_around_the_waiting_room() {
    let mut script = with_cid_waiting();
    for via in [Via::Vox, Via::VoiceService, Via::SttRoom, Via::OriginChats, Via::Sip] {
        for unlocked in [false, true] {
            let locked = Join { via, unlocked, ..join(5) };
            let decided = script.room.decide(&CID.into(), Command::Join(locked), script.now);
            // A right password is a way in where no waiting room is forced.
            assert_eq!(decided.err(), (!unlocked).then_some(Refusal::MustWait), "{via}");
        }
    }
    let admission = Admission { force_waiting_room: true, ..meeting().admission };
    let change = room::SettingsChange { admission: Some(admission), ..Default::default() };
    script.does(ANN, Command::ChangeSettings(change));
    for who in [CID, BEA] {
        let join = Join { unlocked: true, ..join(5) };
        script.refuses(who, Command::Join(join), Refusal::MustWait);
    }
    script.comes_in(ADA, 9);
}

#[test]
fn a_room_that_closes_turns_away_who_waits() {
    let mut script = with_cid_waiting();
    script.does(BEA, Command::Knock(knock(BEA, 2, "bea's")));
    let reason = EndReason::RoomDeleted;
    let (until, call) = (script.now.mono, asks(&script, CID, "cid's"));
    let bea = Box::new(Call { admitted: true, ..*asks(&script, BEA, "bea's") });
    let want = [
        script.ended(ANN, 1, reason),
        script.left(ANN, reason),
        told(2, bea, CallChange::Ended { waited: false }),
        told(3, call, CallChange::Rejected { by: None, until }),
        script.closed(reason),
    ];
    script.when(SERVER, Command::Close { reason }, &want);
}

#[test]
fn nothing_is_kept_of_a_guest() {
    let mut script = with_cid_waiting();
    let guest = Knock { guest: true, ..knock(RON, 5, "guest's") };
    script.does(RON, Command::Knock(guest));
    script.does(ANN, allow_call("guest's"));
    script.does(RON, Command::Join(join_call(5, "guest's")));
    script.does(ANN, Command::ServerMute { user: RON.id(), muted: true });
    let left = EndReason::Left;
    let want = [
        script.ended(RON, 5, left),
        Event::MarksForgotten { user: RON.id() },
        script.left(RON, left),
    ];
    script.when(SERVER, Command::HangUp { session: session(5) }, &want);
    assert_eq!(script.room.marks(RON.id()), Default::default());
}

#[test]
fn no_more_calls_than_the_room_takes() {
    let mut script = Script::given(meeting());
    for number in 0..room::CALLS_MAX as u64 {
        let call = knock(CID, 100 + number, &number.to_string());
        let events = script.room.decide(&CID.into(), Command::Knock(call), script.now).unwrap();
        events.iter().for_each(|event| script.room.apply(event));
    }
    let limit = room::CALLS_MAX as u32;
    let more = Command::Knock(knock(CID, 50, "one more"));
    let decided = script.room.decide(&CID.into(), more, script.now);
    assert_eq!(decided, Err(Refusal::RoomFull { limit }));
    // Who need not wait is not kept out by those who do, or nobody could ever decide about them.
    for number in 0..room::CALLS_MAX as u64 {
        let call = knock(BEA, 10_000 + number, &format!("bea's {number}"));
        let events = script.room.decide(&BEA.into(), Command::Knock(call), script.now).unwrap();
        events.iter().for_each(|event| script.room.apply(event));
    }
    let more = Command::Knock(knock(BEA, 51, "hers"));
    let decided = script.room.decide(&BEA.into(), more, script.now);
    assert_eq!(decided, Err(Refusal::RoomFull { limit }));
}

#[test]
fn a_wrong_password_is_told_where_it_is_asked_for() {
    let admission = Admission { force_password: true, ..meeting().admission };
    let settings = Settings { admission, has_password: true, ..meeting() };
    let mut script = Script::given(settings);
    let with = |shown| Command::Knock(Knock { shown, ..knock(ANN, 1, "ann's") });
    script.refuses(ANN, with(Shown::Nothing), Refusal::InvalidPassword);
    script.refuses(ANN, with(Shown::Wrong), Refusal::InvalidPassword);
    script.does(ANN, with(Shown::Right));
}

#[test]
fn other_rooms_let_in_who_could_come_by_themselves() {
    let guest = |number| Knock { guest: true, ..knock(NOBODY, number, "guest's") };
    let missing = Refusal::Missing(model::Permissions::CONNECT);
    for settings in [voice(), talk(), stage()] {
        let view = allow(model::OverrideTarget::Everyone, model::Permissions::VIEW_SPACE);
        let mut script = Script::given(with_overrides(settings, &[view]));
        script.refuses(NOBODY, Command::Knock(guest(1)), missing);
        script.does(ANN, Command::Knock(knock(ANN, 2, "ann's")));
        script.does(ANN, Command::Join(join_call(2, "ann's")));
    }
}

#[test]
fn a_second_connection_only_receives_and_ends_with_the_first() {
    let mut script = with_cid_waiting();
    let beside = |number, main| Join {
        beside: Some(session(main)),
        ..join_call(number, "ann's, to receive by")
    };
    script.refuses(CID, Command::Join(beside(8, 1)), Refusal::CallNotAdmitted);
    script.refuses(ANN, Command::Join(beside(8, 7)), Refusal::CallNotAdmitted);
    script.does(ANN, Command::Join(beside(8, 1)));
    script.refuses(ANN, Command::Join(beside(9, 8)), Refusal::CallNotAdmitted);
    let gate = script.gate(8);
    assert!(gate.receive && !gate.speak && !gate.camera && !gate.screen);
    let left = EndReason::Left;
    let want = [script.ended(ANN, 1, left), script.ended(ANN, 8, left), script.left(ANN, left)];
    script.when(SERVER, Command::HangUp { session: session(1) }, &want);
}
