//! Hands in the order in which they went up, reactions that leave nothing behind, cameras that are stopped.

#[path = "harness/script.rs"]
mod harness;

use harness::*;
use model::{Now, Timestamp};
use room::{Command, EndReason, Event, ProfileKind, Refusal};

fn two_in() -> Script {
    let mut script = Script::given(room_of(ProfileKind::Conference));
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    script
}

fn hand(number: u64, raised: bool) -> Command {
    Command::SetHand { session: session(number), raised }
}

#[test]
fn hands_go_up_in_order_whatever_the_clock_does() {
    let mut script = two_in();
    let at = script.now.wall;
    let first = Event::HandRaised { session: session(1), user: ANN.id(), at };
    script.when(ANN, hand(1, true), &[first]);
    script.when(ANN, hand(1, true), &[]);
    let back = Timestamp::from_micros(at.as_micros() - 1_000_000);
    script.now = Now { wall: back, ..script.now };
    let at = Timestamp::from_micros(at.as_micros() + 1);
    let second = Event::HandRaised { session: session(2), user: BEA.id(), at };
    script.when(BEA, hand(2, true), &[second]);
    assert!(script.member(ANN).sessions[0].hand_at < script.member(BEA).sessions[0].hand_at);
    let lowered = Event::HandLowered { session: session(1), user: ANN.id() };
    script.when(ANN, hand(1, false), &[lowered]);
    script.when(ANN, hand(1, false), &[]);
    script.refuses(ANN, hand(2, false), Refusal::NotYourSession);
    script.refuses(ANN, hand(7, true), Refusal::UnknownSession);
}

#[test]
fn a_hand_goes_down_with_its_session() {
    let mut script = two_in();
    script.does(ANN, hand(1, true));
    script.does(SERVER, Command::EndMember { user: ANN.id(), reason: EndReason::Left });
    script.comes_in(ANN, 3);
    assert_eq!(script.member(ANN).sessions[0].hand_at, None);
}

#[test]
fn a_reaction_is_told_and_gone() {
    let mut script = two_in();
    let reaction = || "thumbs_up".to_owned();
    let before = format!("{:?}", script.room);
    let react = |number| Command::React { session: session(number), reaction: reaction() };
    let told = Event::Reacted { session: session(1), user: ANN.id(), reaction: reaction() };
    script.when(ANN, react(1), &[told]);
    assert_eq!(format!("{:?}", script.room), before);
    script.refuses(BEA, react(1), Refusal::NotYourSession);
}

#[test]
fn a_stopped_camera_stays_stopped() {
    let mut script = two_in();
    assert!(script.gate(1).camera);
    let user = ANN.id();
    let stop = |muted| Command::ServerVideoMute { user, muted };
    script.refuses(BEA, stop(true), Refusal::Missing(model::Permissions::MUTE_MEMBERS));
    let (server_mute, server_deaf, by) = (false, false, Some(ADA.id()));
    let moderated = |server_video_mute| Event::Moderated {
        user,
        by,
        server_mute,
        server_deaf,
        server_video_mute,
    };
    script.when(ADA, stop(true), &[moderated(true)]);
    script.when(ADA, stop(true), &[]);
    assert!(!script.gate(1).camera && script.gate(1).screen && script.gate(1).speak);
    let (session, mute, deaf, camera, screen) = (session(1), None, None, None, None);
    let own = |on| Command::SetSelf { session, mute, deaf, camera, screen, video_mute: Some(on) };
    script.does(ANN, own(true));
    script.does(ANN, own(false));
    assert!(!script.gate(1).camera, "one's own switch does not undo it");
    script.does(ANN, own(true));
    script.when(ADA, stop(false), &[moderated(false)]);
    assert!(!script.gate(1).camera, "still off by oneself");
    script.does(ANN, own(false));
    assert!(script.gate(1).camera);
}
