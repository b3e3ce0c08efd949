//! What the media plane reports: speech, cameras, screens.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, BEA, MUTER, SERVER, Script, Who, join, join_from, room_of, session};
use harness::{set_self, voice};
use model::{Permissions, TrackSource};
use room::{Actor, Command, Event, Join, ProfileKind, Refusal};

fn speech(number: u64, speaking: bool) -> Command {
    Command::Speaking { session: session(number), speaking }
}

fn speaks(who: Who, number: u64, speaking: bool) -> Event {
    Event::Speaking { session: session(number), user: who.id(), speaking }
}

fn mute(number: u64, mute: bool) -> Command {
    set_self(number, Some(mute), None)
}

fn source(number: u64, source: TrackSource, flowing: bool) -> Command {
    Command::Source { session: session(number), source, flowing }
}

fn flows(who: Who, number: u64, source: TrackSource, flowing: bool) -> Event {
    Event::Source { session: session(number), user: who.id(), source, flowing }
}

#[test]
fn speech_is_told_when_it_begins_and_when_it_ends() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.when(SERVER, speech(1, false), &[]);
    script.when(SERVER, speech(1, true), &[speaks(ANN, 1, true)]);
    script.when(SERVER, speech(1, true), &[]);
    assert!(script.member(ANN).speaking);
    script.when(SERVER, speech(1, false), &[speaks(ANN, 1, false)]);
    assert!(!script.member(ANN).speaking);
}

#[test]
fn who_may_not_be_heard_does_not_speak() {
    let mut muted = Script::given(voice());
    muted.does(ANN, Command::Join(Join { mute: true, ..join(1) }));
    muted.when(SERVER, speech(1, true), &[]);

    let mut server_muted = Script::given(voice());
    server_muted.comes_in(ANN, 1);
    server_muted.does(SERVER, Command::ServerMute { user: ANN.id(), muted: true });
    server_muted.when(SERVER, speech(1, true), &[]);

    let mut listener = Script::given(room_of(ProfileKind::Stage));
    listener.comes_in(ANN, 1);
    listener.when(SERVER, speech(1, true), &[]);
}

#[test]
fn a_report_that_crosses_a_mute_ends_the_speech() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, speech(1, true));
    script.does(SERVER, Command::ServerMute { user: ANN.id(), muted: true });
    script.when(SERVER, speech(1, true), &[speaks(ANN, 1, false)]);
    script.when(SERVER, speech(1, false), &[]);
}

/// Media's word that the speech ended is on its way in each of these.
#[test]
fn nobody_is_shown_speaking_through_a_shut_gate() {
    let check = |by: Actor, command: Command| {
        let mut script = Script::given(voice());
        script.comes_in(ANN, 1);
        script.does(SERVER, speech(1, true));
        assert!(script.member(ANN).speaking);
        script.does(by, command);
        assert!(!script.member(ANN).speaking);
        assert!(script.room.view().members.iter().all(|member| !member.speaking));
        script.when(SERVER, speech(1, false), &[speaks(ANN, 1, false)]);
    };
    let (user, base) = (ANN.id(), Permissions::VIEW_SPACE);
    check(ANN.into(), mute(1, true));
    check(MUTER.into(), Command::ServerMute { user, muted: true });
    check(SERVER, Command::Reauthorize { user, roles: Vec::new(), base });
}

#[test]
fn a_session_that_is_muted_does_not_speak_for_another() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.does(SERVER, speech(1, true));
    script.does(ANN, mute(2, true));
    assert!(script.member(ANN).speaking, "the other session is muted");
    script.does(ANN, mute(1, true));
    script.does(ANN, mute(2, false));
    assert!(!script.member(ANN).speaking, "the open one says nothing");
    script.does(SERVER, speech(2, true));
    assert!(script.member(ANN).speaking);
}

#[test]
fn a_camera_and_a_screen_are_told_apart() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let (camera, screen) = (TrackSource::Camera, TrackSource::Screen);
    script.when(SERVER, source(1, camera, true), &[flows(ANN, 1, camera, true)]);
    assert_eq!((script.member(ANN).camera, script.member(ANN).screen), (true, false));
    script.when(SERVER, source(1, screen, true), &[flows(ANN, 1, screen, true)]);
    script.when(SERVER, source(1, screen, true), &[]);
    script.when(SERVER, source(1, camera, false), &[flows(ANN, 1, camera, false)]);
    assert_eq!((script.member(ANN).camera, script.member(ANN).screen), (false, true));
    script.when(SERVER, source(1, camera, false), &[]);
}

/// What a client says of itself is shown as well, and goes with its session.
#[test]
fn what_a_client_says_that_it_sends_is_shown() {
    let (session, user) = (session(1), ANN.id());
    let says = |camera, screen| {
        let (mute, deaf) = (None, None);
        Command::SetSelf { session, mute, deaf, camera, screen, video_mute: None }
    };
    let said = |camera, screen| {
        let (mute, deaf) = (false, false);
        Event::SelfChanged { session, user, mute, deaf, camera, screen, video_mute: false }
    };
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let shown = |script: &Script| (script.member(ANN).camera, script.member(ANN).screen);
    script.when(ANN, says(Some(true), None), &[said(true, false)]);
    assert_eq!(shown(&script), (true, false));
    script.when(ANN, says(Some(true), Some(false)), &[]);
    script.when(ANN, says(None, Some(true)), &[said(true, true)]);
    script.when(ANN, set_self(1, Some(false), None), &[]);
    assert_eq!(shown(&script), (true, true));

    script.does(SERVER, source(1, TrackSource::Camera, true));
    script.when(ANN, says(Some(false), Some(false)), &[said(false, false)]);
    assert_eq!(shown(&script), (true, false), "it flows, whatever is said");
    script.does(SERVER, source(1, TrackSource::Camera, false));
    assert_eq!(shown(&script), (false, false));
}

#[test]
fn what_a_client_says_opens_no_gate() {
    let mut script = Script::given(room_of(ProfileKind::Stage));
    script.comes_in(ANN, 1);
    let (camera, screen) = (Some(true), Some(true));
    let set = Command::SetSelf {
        session: session(1),
        mute: None,
        deaf: None,
        camera,
        screen,
        video_mute: None,
    };
    script.does(ANN, set);
    assert!(script.member(ANN).camera && !script.gate(1).camera && !script.gate(1).screen);
}

#[test]
fn a_microphone_that_flows_is_no_news() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.when(SERVER, source(1, TrackSource::Microphone, true), &[]);
    script.when(SERVER, source(1, TrackSource::Microphone, false), &[]);
}

#[test]
fn a_member_does_what_any_session_does() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.comes_in(BEA, 3);
    script.when(SERVER, speech(2, true), &[speaks(ANN, 2, true)]);
    script.when(SERVER, speech(1, false), &[]);
    script.does(SERVER, source(1, TrackSource::Screen, true));
    script.does(SERVER, source(2, TrackSource::Camera, true));
    let ann = script.member(ANN);
    assert_eq!((ann.speaking, ann.camera, ann.screen), (true, true, true));
    let bea = script.member(BEA);
    assert_eq!((bea.speaking, bea.camera, bea.screen), (false, false, false));
    script.does(ANN, Command::Leave { session: session(2) });
    let ann = script.member(ANN);
    assert_eq!((ann.speaking, ann.camera, ann.screen), (false, false, true));
}

#[test]
fn a_report_about_a_session_that_is_gone_is_refused() {
    let mut script = Script::given(voice());
    let unknown = Refusal::UnknownSession;
    script.refuses(SERVER, speech(1, true), unknown);
    script.refuses(SERVER, source(1, TrackSource::Camera, true), unknown);
    script.refuses(SERVER, source(1, TrackSource::Microphone, true), unknown);
}
