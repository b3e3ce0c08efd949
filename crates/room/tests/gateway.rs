//! A person's gateway as a link of their session: it keeps the session, and does not bring its client back.

#[path = "harness/script.rs"]
mod harness;

use harness::{ANN, SERVER, Script, join_from, join_stt, millis, secs, session, voice};
use room::{Command, EndReason, Event, Link, Refusal};

const LINKS: [Link; 3] = [Link::Socket, Link::Gateway, Link::Media];

fn ann_is_in() -> Script {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script
}

fn is_detached(script: &Script) -> bool {
    script.member(ANN).sessions[0].detached
}

#[test]
fn a_gateway_keeps_a_session_as_a_socket_does() {
    let mut script = ann_is_in();
    let up = Command::LinkUp { session: session(1), link: Link::Gateway };
    script.when(SERVER, up, &[Event::LinkUp { session: session(1), link: Link::Gateway }]);
    assert_eq!(script.deadline(), None);
    script.later(secs(60));
    let (session, link) = (session(1), Link::Gateway);
    let (last_seen, heard_at) = (script.now.mono - secs(4), script.now.mono - secs(4));
    let gone_at = Some(heard_at + secs(10));
    let down = Command::LinkDown { session, link, last_seen };
    script.when(SERVER, down, &[Event::LinkDown { session, link, heard_at, gone_at }]);
    script.later(millis(5_999));
    script.due(&[]);
    script.later(millis(1));
    let timeout = EndReason::Timeout;
    script.due(&[script.ended(ANN, 1, timeout), script.left(ANN, timeout)]);
}

#[test]
fn gateways_and_sockets_count_together() {
    let mut script = ann_is_in();
    script.linked(1, Link::Gateway);
    script.linked(1, Link::Gateway);
    script.linked(1, Link::Socket);
    for link in [Link::Gateway, Link::Socket] {
        script.unlinked(1, link);
        assert_eq!((script.deadline(), is_detached(&script)), (None, false), "{link:?}");
    }
    script.unlinked(1, Link::Gateway);
    assert_eq!((script.deadline(), is_detached(&script)), (Some(secs(10)), true));
    let (session, last_seen) = (session(1), script.now.mono);
    let down = Command::LinkDown { session, link: Link::Gateway, last_seen };
    script.when(SERVER, down, &[]);
}

#[test]
fn a_gateway_keeps_a_session_whose_media_is_gone_and_the_other_way() {
    for (goes, stays) in [(Link::Media, Link::Gateway), (Link::Gateway, Link::Media)] {
        let mut script = ann_is_in();
        script.linked(1, goes);
        script.linked(1, stays);
        script.unlinked(1, goes);
        assert_eq!((script.deadline(), is_detached(&script)), (None, false), "{goes:?}");
    }
}

#[test]
fn a_session_is_detached_from_its_last_link_on_and_not_before() {
    for link in LINKS {
        let mut script = ann_is_in();
        assert!(!is_detached(&script), "it waits for its first link");
        script.linked(1, link);
        assert!(!is_detached(&script));
        script.unlinked(1, link);
        assert!(is_detached(&script));
    }
}

#[test]
fn what_its_client_opened_undoes_it_and_a_gateway_does_not() {
    for link in LINKS {
        let mut script = ann_is_in();
        script.linked(1, Link::Socket);
        script.unlinked(1, Link::Socket);
        script.linked(1, link);
        assert_eq!(is_detached(&script), link == Link::Gateway, "{link:?}");
        assert_eq!(script.deadline(), None, "either way something keeps it");
    }
}

#[test]
fn a_client_behind_a_gateway_that_came_back_is_there_again() {
    let mut script = ann_is_in();
    script.linked(1, Link::Socket);
    script.unlinked(1, Link::Socket);
    script.linked(1, Link::Gateway);
    script.linked(1, Link::Media);
    assert!(!is_detached(&script));
    script.unlinked(1, Link::Media);
    assert!(!is_detached(&script), "the gateway is up");
    script.unlinked(1, Link::Gateway);
    assert!(is_detached(&script));
}

#[test]
fn sessions_are_detached_one_by_one() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.linked(1, Link::Socket);
    script.linked(2, Link::Socket);
    script.unlinked(2, Link::Socket);
    let detached: Vec<_> = script.member(ANN).sessions.iter().map(|s| s.detached).collect();
    assert_eq!(detached, [false, true]);
}

/// Through the door of STT Room too, where it says less: a request is enough to stay.
#[test]
fn who_lives_by_requests_is_detached_as_well() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_stt(1)));
    script.linked(1, Link::Socket);
    script.unlinked(1, Link::Socket);
    assert_eq!((script.deadline(), is_detached(&script)), (Some(secs(60)), true));
}

#[test]
fn a_gateway_of_a_session_that_is_gone_is_refused() {
    let mut script = ann_is_in();
    script.does(ANN, Command::LeaveAll);
    let (session, link, last_seen) = (session(1), Link::Gateway, script.now.mono);
    script.refuses(SERVER, Command::LinkUp { session, link }, Refusal::UnknownSession);
    let down = Command::LinkDown { session, link, last_seen };
    script.refuses(SERVER, down, Refusal::UnknownSession);
}
