//! Who is still there: links, the ten seconds after the last one, the thirty before the first.

#[path = "harness/script.rs"]
mod harness;

use std::time::{Duration, Instant};

use harness::{ANN, BEA, CID, SERVER, Script, join_from, millis, secs, session, voice};
use room::{Command, EndReason, Event, Link, Refusal};

fn up(number: u64, link: Link) -> Command {
    Command::LinkUp { session: session(number), link }
}

fn down(number: u64, link: Link, last_seen: Instant) -> Command {
    Command::LinkDown { session: session(number), link, last_seen }
}

fn is_up(number: u64, link: Link) -> Event {
    Event::LinkUp { session: session(number), link }
}

/// A link of a session goes down now; the script's deadline is then `at`.
#[track_caller]
fn goes_down(script: &mut Script, link: Link, last_seen: Duration, at: Option<Duration>) {
    let heard_at = script.now.mono - last_seen;
    script.does(SERVER, down(1, link, heard_at));
    assert_eq!(script.deadline(), at);
}

#[test]
fn a_session_that_never_shows_life_ends_after_thirty_seconds() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    assert_eq!(script.deadline(), Some(secs(30)));
    script.later(millis(29_999));
    script.due(&[]);
    script.later(millis(1));
    let timeout = EndReason::Timeout;
    script.due(&[script.ended(ANN, 1, timeout), script.left(ANN, timeout)]);
    assert_eq!(script.deadline(), None);
}

#[test]
fn either_link_keeps_a_session() {
    for link in [Link::Socket, Link::Media] {
        let mut script = Script::given(voice());
        script.comes_in(ANN, 1);
        script.when(SERVER, up(1, link), &[is_up(1, link)]);
        assert_eq!(script.deadline(), None);
        script.later(secs(86_400));
        script.due(&[]);
    }
}

#[test]
fn ten_seconds_after_the_last_link_a_session_ends_once() {
    for link in [Link::Socket, Link::Media] {
        let mut script = Script::given(voice());
        script.comes_in(ANN, 1);
        script.does(SERVER, up(1, link));
        script.later(secs(60));
        let (heard_at, gone_at) = (script.now.mono, Some(script.now.mono + secs(10)));
        let event = Event::LinkDown { session: session(1), link, heard_at, gone_at };
        script.when(SERVER, down(1, link, heard_at), &[event]);
        script.later(millis(9_999));
        script.due(&[]);
        script.later(millis(1));
        let timeout = EndReason::Timeout;
        script.due(&[script.ended(ANN, 1, timeout), script.left(ANN, timeout)]);
        script.refuses(SERVER, up(1, link), Refusal::UnknownSession);
    }
}

#[test]
fn the_seconds_count_from_when_it_was_last_heard_of() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Media));
    script.later(secs(60));
    goes_down(&mut script, Link::Media, secs(4), Some(secs(66)));
}

#[test]
fn a_link_reported_late_is_due_at_once() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Media));
    script.later(secs(60));
    goes_down(&mut script, Link::Media, secs(20), Some(secs(50)));
    let timeout = EndReason::Timeout;
    script.due(&[script.ended(ANN, 1, timeout), script.left(ANN, timeout)]);
}

#[test]
fn the_link_heard_of_last_counts_not_the_one_reported_last() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Socket));
    script.does(SERVER, up(1, Link::Media));
    script.later(secs(60));
    goes_down(&mut script, Link::Socket, secs(0), None);
    script.later(secs(1));
    goes_down(&mut script, Link::Media, secs(7), Some(secs(70)));
}

#[test]
fn a_socket_keeps_a_session_whose_media_is_gone() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Media));
    script.does(SERVER, up(1, Link::Socket));
    goes_down(&mut script, Link::Media, secs(0), None);
    script.later(secs(60));
    goes_down(&mut script, Link::Socket, secs(0), Some(secs(70)));
}

#[test]
fn a_link_that_came_back_wipes_the_deadline() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Socket));
    goes_down(&mut script, Link::Socket, secs(0), Some(secs(10)));
    script.later(secs(9));
    script.when(SERVER, up(1, Link::Media), &[is_up(1, Link::Media)]);
    assert_eq!(script.deadline(), None);
    script.later(secs(9));
    script.due(&[]);
}

#[test]
fn a_client_that_reconnects_has_two_sockets_for_a_while() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Socket));
    script.when(SERVER, up(1, Link::Socket), &[is_up(1, Link::Socket)]);
    goes_down(&mut script, Link::Socket, secs(0), None);
    goes_down(&mut script, Link::Socket, secs(0), Some(secs(10)));
    script.when(SERVER, down(1, Link::Socket, script.now.mono), &[]);
}

#[test]
fn media_is_up_or_down_however_often_it_is_said() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.when(SERVER, down(1, Link::Media, script.now.mono), &[]);
    assert_eq!(script.deadline(), Some(secs(30)), "it was never up: the thirty seconds stay");
    script.when(SERVER, up(1, Link::Media), &[is_up(1, Link::Media)]);
    script.when(SERVER, up(1, Link::Media), &[]);
    goes_down(&mut script, Link::Media, secs(0), Some(secs(10)));
    script.when(SERVER, down(1, Link::Media, script.now.mono), &[]);
    assert_eq!(script.deadline(), Some(secs(10)));
}

#[test]
fn one_session_of_a_member_may_go_while_another_stays() {
    let mut script = Script::given(voice());
    script.does(ANN, Command::Join(join_from(1, "phone")));
    script.does(ANN, Command::Join(join_from(2, "tab")));
    script.does(SERVER, up(2, Link::Socket));
    script.later(secs(30));
    script.due(&[script.ended(ANN, 1, EndReason::Timeout)]);
    assert_eq!(script.member(ANN).sessions.len(), 1);
}

#[test]
fn the_nearest_deadline_comes_first_and_a_late_waker_gets_all() {
    let mut script = Script::given(voice());
    script.comes_in(BEA, 1);
    script.later(secs(5));
    script.does(ANN, Command::Join(join_from(2, "phone")));
    script.does(ANN, Command::Join(join_from(3, "tab")));
    script.later(secs(5));
    script.comes_in(CID, 4);
    assert_eq!(script.deadline(), Some(secs(30)));
    script.later(secs(29));
    let timeout = EndReason::Timeout;
    script.due(&[
        script.ended(ANN, 2, timeout),
        script.ended(ANN, 3, timeout),
        script.left(ANN, timeout),
        script.ended(BEA, 1, timeout),
        script.left(BEA, timeout),
    ]);
    assert_eq!(script.deadline(), Some(secs(40)));
}

#[test]
fn a_replacing_session_has_its_own_thirty_seconds_and_links() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.does(SERVER, up(1, Link::Socket));
    script.later(secs(20));
    script.comes_in(ANN, 2);
    assert_eq!(script.deadline(), Some(secs(50)));
    script.refuses(SERVER, down(1, Link::Socket, script.now.mono), Refusal::UnknownSession);
}
