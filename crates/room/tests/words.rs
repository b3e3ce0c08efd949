//! The words that clients and the store keep, the rules of each kind of room, and who is told what.

#[path = "harness/script.rs"]
mod harness;

use std::collections::BTreeSet;

use harness::{ANN, BEA, Script, call_of, elsewhere, id, join, session, stage, start, voice};
use model::{MessageId, RoomId, TrackSource};
use room::{
    Audience, Call, CallChange, EndReason, Event, FloorEnd, Invitation, InviteEnd, Link, Message,
};
use room::{
    MessageMeta, MessageStatus, ProfileKind, RevokeReason, RingEnd, Segment, Sender, StageRole,
    UnknownProfile,
};

#[test]
fn reasons_keep_their_words() {
    let words = [
        (EndReason::Left, "left"),
        (EndReason::Replaced, "replaced"),
        (EndReason::Kicked { by: None }, "kicked"),
        (EndReason::Kicked { by: Some(ANN.id()) }, "kicked"),
        (EndReason::Moved, "moved"),
        (EndReason::MovedTo { room: elsewhere(), by: None }, "moved"),
        (EndReason::MovedTo { room: elsewhere(), by: Some(ANN.id()) }, "moved"),
        (EndReason::Timeout, "timeout"),
        (EndReason::Banned, "banned"),
        (EndReason::RoomDeleted, "channel_deleted"),
        (EndReason::MediaFailed, "media_failed"),
        (EndReason::ServerShutdown, "server_shutdown"),
        (EndReason::ServerRestart, "server_restart"),
    ];
    for (reason, word) in words {
        assert_eq!((reason.as_str(), reason.to_string()), (word, word.to_owned()));
    }
}

#[test]
fn kinds_of_room_read_back() {
    let words: Vec<_> = ProfileKind::ALL.into_iter().map(ProfileKind::as_str).collect();
    assert_eq!(words, ["voice", "stage", "talk", "conference"]);
    for kind in ProfileKind::ALL {
        assert_eq!(kind.to_string().parse(), Ok(kind));
    }
    for unknown in ["", "Voice", "text"] {
        assert_eq!(unknown.parse::<ProfileKind>(), Err(UnknownProfile));
    }
}

#[test]
fn kinds_of_room_differ_in_door_and_size() {
    let check = |kind: ProfileKind, exclusive, needs_connect, limit| {
        let profile = kind.profile();
        let rules = (profile.exclusive, profile.needs_connect, profile.member_limit);
        assert_eq!(rules, (exclusive, needs_connect, limit), "{kind}");
    };
    check(ProfileKind::Voice, true, true, 99);
    check(ProfileKind::Stage, true, true, 1000);
    check(ProfileKind::Talk, false, false, 2);
    check(ProfileKind::Conference, false, false, 1000);
}

#[test]
fn only_a_stage_has_speakers_and_listeners() {
    let with_stage = ProfileKind::ALL.into_iter().filter(|kind| kind.profile().has_stage());
    assert_eq!(with_stage.collect::<Vec<_>>(), [ProfileKind::Stage]);
    let words = [StageRole::Speaker, StageRole::Listener].map(StageRole::as_str);
    assert_eq!(words, ["speaker", "listener"]);
}

#[test]
fn every_kind_of_event_has_its_audience() {
    let audiences = [about_members(), about_talking(), about_calls(), about_the_room()].concat();
    let kinds: BTreeSet<_> = audiences.iter().map(|(event, _)| name_of(event)).collect();
    assert_eq!(kinds.len(), audiences.len(), "every kind of event once");
    for (event, audience) in audiences {
        assert_eq!(event.audience(), audience, "{event:?}");
        let person = (!names_nobody(&event)).then_some(ANN.id());
        assert_eq!(event.user(), person, "{event:?}");
    }
}

/// Members and sessions are everyone's news, links and rights nobody's.
fn about_members() -> Vec<(Event, Audience)> {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    let (user, session, mono) = (ANN.id(), session(1), start().mono);
    let (reason, from, at) = (EndReason::Left, elsewhere(), start().wall);
    let carried = script.departing(ANN).sessions.remove(0).1;
    let (mute, deaf, camera, screen) = (true, true, false, false);
    let (video_mute, server_video_mute) = (false, true);
    let link = Link::Media;
    vec![
        (script.joined(ANN), Audience::Room),
        (script.started(ANN, &join(1)), Audience::Room),
        (Event::SessionArrived { session, user, carried, from, at }, Audience::Room),
        (
            Event::SelfChanged { session, user, mute, deaf, camera, screen, video_mute },
            Audience::Room,
        ),
        (
            Event::Moderated {
                user,
                by: None,
                server_mute: true,
                server_deaf: true,
                server_video_mute,
            },
            Audience::Room,
        ),
        (Event::MarksForgotten { user }, Audience::Server),
        (Event::HandRaised { session, user, at }, Audience::Room),
        (Event::HandLowered { session, user }, Audience::Room),
        (Event::Reacted { session, user, reaction: "heart".to_owned() }, Audience::Room),
        (script.ended(ANN, 1, reason), Audience::Room),
        (script.left(ANN, reason), Audience::Room),
        (Event::LinkUp { session, link }, Audience::Server),
        (Event::LinkDown { session, link, heard_at: mono, gone_at: None }, Audience::Server),
        (script.reauthorized(ANN), Audience::Server),
        (script.heard(1), Audience::Server),
    ]
}

/// Who speaks and who may is everyone's news; an invite is between those it concerns.
fn about_talking() -> Vec<(Event, Audience)> {
    let script = Script::given(voice());
    let (user, session, source) = (ANN.id(), session(1), TrackSource::Camera);
    vec![
        (Event::Speaking { session, user, speaking: true }, Audience::Room),
        (Event::Source { session, user, source, flowing: true }, Audience::Room),
        (script.requested(ANN), Audience::Room),
        (Event::SpeakRequestWithdrawn { user }, Audience::Room),
        (script.invited(ANN, None), Audience::Person(user)),
        (script.invite_ended(ANN, InviteEnd::Declined), Audience::StageModerators),
        (script.made(ANN, None), Audience::Room),
        (script.revoked(ANN, None, RevokeReason::Left), Audience::Room),
        (script.taken(ANN, 1), Audience::Room),
        (script.kept(ANN, 1), Audience::Room),
        (script.released(ANN, 1, FloorEnd::Expired), Audience::Room),
    ]
}

/// Who waits is everyone's news; what is decided of them is the admins' and their own.
fn about_calls() -> Vec<(Event, Audience)> {
    let (session, at, by) = (session(1), start().mono, Some(ANN.id()));
    let (decided, of_call) =
        (Audience::AdminsAnd(session), |inviter| Audience::Call { session, inviter });
    let told = |what| Event::Call { session, call: Box::new(call_of(BEA, "a call")), what };
    vec![
        (told(CallChange::Waits), Audience::Room),
        (told(CallChange::StillWaits { at }), Audience::Room),
        (told(CallChange::Admitted { by }), decided),
        (told(CallChange::Rejected { by, until: at }), decided),
        (told(CallChange::Ended { waited: true }), Audience::Room),
        (told(CallChange::Rings), Audience::Server),
        (told(CallChange::Answered), Audience::Server),
        (told(CallChange::Unanswered { why: RingEnd::Declined }), of_call(None)),
    ]
}

#[test]
fn who_did_not_wait_is_told_of_by_coming_in() {
    let call = || Box::new(call_of(BEA, "a call"));
    let told = |what| Event::Call { session: session(1), call: call(), what };
    assert_eq!(told(CallChange::Admitted { by: None }).audience(), Audience::Server);
    let own = Audience::Call { session: session(1), inviter: None };
    assert_eq!(told(CallChange::Ended { waited: false }).audience(), own);
}

#[test]
fn who_invited_is_told_when_nobody_comes() {
    let (by, by_call) = (ANN.caller().person, Some(session(7)));
    let invitation = Invitation { destination: "bea".to_owned(), by, by_call, rings_until: None };
    let call = Call { invitation: Some(Box::new(invitation)), ..call_of(BEA, "a call") };
    let why = RingEnd::TimedOut;
    for what in [CallChange::Ended { waited: false }, CallChange::Unanswered { why }] {
        let told = Event::Call { session: session(1), call: Box::new(call.clone()), what };
        let both = Audience::Call { session: session(1), inviter: by_call };
        assert_eq!(told.audience(), both);
    }
}

fn about_the_room() -> Vec<(Event, Audience)> {
    let (by, settings) = (Some(ANN.id()), Box::new(voice()));
    vec![
        (Event::CaptionsSwitched { on: true, by }, Audience::Room),
        (Event::TopicChanged { topic: None, by }, Audience::Room),
        (Event::SettingsChanged { settings, by }, Audience::Room),
        (Event::Closed { reason: EndReason::Left, at: start().wall }, Audience::Room),
    ]
}

#[test]
fn the_end_of_an_invite_is_told_to_whoever_did_not_bring_it_about() {
    let script = Script::given(stage());
    let audience = |why| script.invite_ended(ANN, why).audience();
    assert_eq!(audience(InviteEnd::Declined), Audience::StageModerators);
    assert_eq!(audience(InviteEnd::Expired), Audience::Person(ANN.id()));
    assert_eq!(audience(InviteEnd::Revoked), Audience::Person(ANN.id()));
}

/// One name per kind; a new kind does not compile until the table above has it.
fn name_of(event: &Event) -> &'static str {
    match event {
        Event::MemberJoined { .. } => "member joined",
        Event::SessionStarted { .. } => "session started",
        Event::SessionArrived { .. } => "session arrived",
        Event::SelfChanged { .. } => "self changed",
        Event::Moderated { .. } => "moderated",
        Event::SessionEnded { .. } => "session ended",
        Event::MemberLeft { .. } => "member left",
        Event::LinkUp { .. } => "link up",
        Event::LinkDown { .. } => "link down",
        Event::Speaking { .. } => "speaking",
        Event::Source { .. } => "source",
        Event::Reauthorized { .. } => "reauthorized",
        Event::Closed { .. } => "closed",
        Event::RequestHeard { .. } => "request heard",
        Event::FloorTaken { .. } => "floor taken",
        Event::FloorKept { .. } => "floor kept",
        Event::FloorReleased { .. } => "floor released",
        Event::SpeakRequested { .. } => "speak requested",
        Event::SpeakRequestWithdrawn { .. } => "speak request withdrawn",
        Event::SpeakerInvited { .. } => "speaker invited",
        Event::InviteEnded { .. } => "invite ended",
        Event::SpeakerMade { .. } => "speaker made",
        Event::SpeakerRevoked { .. } => "speaker revoked",
        Event::TopicChanged { .. } => "topic changed",
        Event::SettingsChanged { .. } => "settings changed",
        Event::CaptionsSwitched { .. } => "captions switched",
        Event::MarksForgotten { .. } => "marks forgotten",
        Event::HandRaised { .. } => "hand raised",
        Event::HandLowered { .. } => "hand lowered",
        Event::Reacted { .. } => "reacted",
        Event::Call { what, .. } => match what {
            CallChange::Waits => "call waits",
            CallChange::StillWaits { .. } => "call still waits",
            CallChange::Admitted { .. } => "call admitted",
            CallChange::Rejected { .. } => "call rejected",
            CallChange::Ended { .. } => "call ended",
            CallChange::Rings => "call rings",
            CallChange::Answered => "call answered",
            CallChange::Unanswered { .. } => "call unanswered",
        },
    }
}

/// About the room or a link, whoever did it.
fn names_nobody(event: &Event) -> bool {
    let of_links = ["link up", "link down", "request heard"];
    let of_the_room = ["captions switched", "topic changed", "settings changed", "closed"];
    let is_one = of_links.iter().chain(&of_the_room).any(|name| *name == name_of(event));
    is_one || matches!(event, Event::Call { .. })
}

#[test]
fn a_message_says_whether_more_may_come() {
    let words = [(MessageStatus::Partial, "partial"), (MessageStatus::Final, "final")];
    for (status, word) in words {
        assert_eq!((status.as_str(), status.to_string()), (word, word.to_owned()));
    }
}

#[test]
fn what_was_said_is_not_printed() {
    let text = || "the secret word".to_owned();
    let segment = Segment { start_ms: 0, end_ms: 900, text: text(), confidence: Some(0.5) };
    let message = Message {
        id: MessageId(id(1)),
        room: RoomId(id(2)),
        sender: Sender { user: ANN.id(), name: "ann".to_owned(), email: None, external_id: None },
        text: text(),
        status: MessageStatus::Final,
        meta: MessageMeta { segments: vec![segment.clone()], ..MessageMeta::default() },
        at: start().wall,
    };
    let printed = format!("{message:?} {segment:?} {:?}", message.meta);
    assert!(!printed.contains("secret"), "{printed}");
    assert!(printed.contains("bytes: 15") && printed.contains("end_ms: 900"), "{printed}");
}
