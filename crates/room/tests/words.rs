//! The words that clients and the store keep, the rules of each kind of room, and who is told what.

#[path = "harness/script.rs"]
mod harness;

use std::collections::BTreeSet;

use harness::{ANN, Script, id, join, session, start, voice};
use model::{MessageId, Permissions, RoomId, TrackSource};
use room::{Audience, EndReason, Event, FloorEnd, Link, Message, MessageMeta, MessageStatus};
use room::{ProfileKind, Segment, Sender, UnknownProfile};

#[test]
fn reasons_keep_their_words() {
    let words = [
        (EndReason::Left, "left"),
        (EndReason::Replaced, "replaced"),
        (EndReason::Kicked { by: None }, "kicked"),
        (EndReason::Kicked { by: Some(ANN.id()) }, "kicked"),
        (EndReason::Moved, "moved"),
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
fn members_and_sessions_are_everyones_news_and_a_link_nobodys() {
    let script = Script::given(voice());
    let (user, session, mono) = (ANN.id(), session(1), start().mono);
    let reason = EndReason::Left;
    let (link, source) = (Link::Media, TrackSource::Camera);
    let permissions = Permissions::NONE;
    let audiences = [
        (script.joined(ANN), Audience::Room),
        (script.started(ANN, &join(1)), Audience::Room),
        (Event::SelfChanged { session, user, mute: true, deaf: true }, Audience::Room),
        (Event::Moderated { user, by: None, server_mute: true, server_deaf: true }, Audience::Room),
        (script.ended(ANN, 1, reason), Audience::Room),
        (script.left(ANN, reason), Audience::Room),
        (Event::LinkUp { session, link }, Audience::Server),
        (Event::LinkDown { session, link, heard_at: mono, gone_at: None }, Audience::Server),
        (Event::Speaking { session, user, speaking: true }, Audience::Room),
        (Event::Source { session, user, source, flowing: true }, Audience::Room),
        (Event::Reauthorized { user, permissions }, Audience::Server),
        (script.heard(1), Audience::Server),
        (script.taken(ANN, 1), Audience::Room),
        (script.kept(ANN, 1), Audience::Room),
        (script.released(ANN, 1, FloorEnd::Expired), Audience::Room),
        (Event::CaptionsSwitched { on: true, by: Some(user) }, Audience::Room),
        (Event::Closed { reason }, Audience::Room),
    ];
    let kinds: BTreeSet<_> = audiences.iter().map(|(event, _)| name_of(event)).collect();
    assert_eq!(kinds.len(), audiences.len(), "every kind of event once");
    for (event, audience) in audiences {
        assert_eq!(event.audience(), audience, "{event:?}");
        let person = (!names_nobody(&event)).then_some(user);
        assert_eq!(event.user(), person, "{event:?}");
    }
}

/// One name per kind; a new kind does not compile until the table above has it.
fn name_of(event: &Event) -> &'static str {
    match event {
        Event::MemberJoined { .. } => "member joined",
        Event::SessionStarted { .. } => "session started",
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
        Event::CaptionsSwitched { .. } => "captions switched",
    }
}

/// About the room or a link, whoever did it.
fn names_nobody(event: &Event) -> bool {
    ["link up", "link down", "request heard", "captions switched", "closed"]
        .contains(&name_of(event))
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
