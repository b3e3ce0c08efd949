//! Sessions that live by requests: they need no link, and a link only keeps them while it is up.

#[path = "harness/script.rs"]
mod harness;

use std::time::Duration;

use harness::{ANN, BEA, SERVER, Script, Who, join, join_stt, millis, secs, session, talk};
use harness::{voice, with_overrides};
use model::Permissions;
use room::{Command, EndReason, Event, Join, Link, Refusal, Timing};

const TIMEOUT: EndReason = EndReason::Timeout;

fn up(number: u64, link: Link) -> Command {
    Command::LinkUp { session: session(number), link }
}

/// A link of session 1 goes down now that was last heard of so long ago.
#[track_caller]
fn goes_down(script: &mut Script, link: Link, ago: Duration) {
    let last_seen = script.now.mono - ago;
    script.does(SERVER, Command::LinkDown { session: session(1), link, last_seen });
}

fn heard(who: Who) -> Command {
    Command::RequestHeard { user: who.id() }
}

/// A request while a link is up: kept in mind for when it is not.
fn heard_linked(script: &Script, number: u64) -> Event {
    let heard_at = script.now.mono;
    Event::RequestHeard { session: session(number), heard_at, gone_at: None }
}

fn ann_by_requests() -> Script {
    let mut script = Script::given(talk());
    script.does(ANN, Command::Join(join_stt(1)));
    script
}

#[test]
fn a_minute_without_any_request_ends_it_once() {
    let mut script = ann_by_requests();
    assert_eq!(script.deadline(), Some(secs(60)));
    script.later(millis(59_999));
    script.due(&[]);
    script.later(millis(1));
    script.due(&[script.ended(ANN, 1, TIMEOUT), script.left(ANN, TIMEOUT)]);
    assert_eq!(script.deadline(), None);
    script.when(SERVER, heard(ANN), &[]);
}

#[test]
fn each_request_gives_it_another_minute() {
    let mut script = ann_by_requests();
    script.later(secs(59));
    script.when(SERVER, heard(ANN), &[script.heard(1)]);
    assert_eq!(script.deadline(), Some(secs(119)));
    script.later(secs(59));
    script.when(SERVER, heard(ANN), &[script.heard(1)]);
    script.later(secs(60));
    script.due(&[script.ended(ANN, 1, TIMEOUT), script.left(ANN, TIMEOUT)]);
}

#[test]
fn to_join_again_is_a_request_and_starts_nothing() {
    let mut script = ann_by_requests();
    for (number, client) in [(2, None), (3, Some("phone".to_owned()))] {
        script.later(secs(30));
        let again = Join { client, mute: true, deaf: true, ..join_stt(number) };
        script.when(ANN, Command::Join(again), &[script.heard(1)]);
    }
    let sessions = script.member(ANN).sessions;
    assert_eq!(sessions.len(), 1);
    assert!(!sessions[0].mute && !script.room.has_session(session(3)));
    assert_eq!(script.deadline(), Some(secs(120)));
}

#[test]
fn to_join_again_brings_what_the_person_may_do_by_now() {
    let mut script = ann_by_requests();
    let less = Who { base: &[Permissions::VIEW_SPACE], ..ANN };
    let changed = script.reauthorized(less);
    script.when(less, Command::Join(join_stt(2)), &[changed, script.heard(1)]);
    let barred = Who { base: &[], ..ANN };
    script.refuses(barred, Command::Join(join_stt(2)), Refusal::RoomNotFound);
}

#[test]
fn while_a_link_is_up_nothing_is_waited_for() {
    for link in [Link::Socket, Link::Media] {
        let mut script = ann_by_requests();
        script.does(SERVER, up(1, link));
        assert_eq!(script.deadline(), None);
        script.later(secs(3600));
        script.due(&[]);
        goes_down(&mut script, link, secs(1));
        assert_eq!(script.deadline(), Some(secs(3659)));
        script.later(secs(59));
        script.due(&[script.ended(ANN, 1, TIMEOUT), script.left(ANN, TIMEOUT)]);
    }
}

#[test]
fn a_request_while_a_link_is_up_counts_when_it_is_gone() {
    let mut script = ann_by_requests();
    script.does(SERVER, up(1, Link::Socket));
    script.later(secs(100));
    script.when(SERVER, heard(ANN), &[heard_linked(&script, 1)]);
    assert_eq!(script.deadline(), None);
    script.later(secs(5));
    goes_down(&mut script, Link::Socket, secs(30));
    assert_eq!(script.deadline(), Some(secs(160)), "the request was later than the socket");
    script.later(secs(55));
    script.due(&[script.ended(ANN, 1, TIMEOUT), script.left(ANN, TIMEOUT)]);
}

#[test]
fn to_have_joined_counts_when_the_link_is_gone() {
    let mut script = ann_by_requests();
    script.does(SERVER, up(1, Link::Media));
    goes_down(&mut script, Link::Media, secs(9));
    assert_eq!(script.deadline(), Some(secs(60)));
}

#[test]
fn a_request_does_not_count_less_than_a_link() {
    let mut script = ann_by_requests();
    script.does(SERVER, up(1, Link::Socket));
    let ahead = millis(5);
    let last_seen = script.now.mono + ahead;
    let down = Command::LinkDown { session: session(1), link: Link::Socket, last_seen };
    script.does(SERVER, down);
    script.does(SERVER, heard(ANN));
    assert_eq!(script.deadline(), Some(secs(60) + ahead));
}

#[test]
fn one_of_two_links_is_enough() {
    let mut script = ann_by_requests();
    script.does(SERVER, up(1, Link::Socket));
    script.does(SERVER, up(1, Link::Media));
    goes_down(&mut script, Link::Socket, secs(0));
    assert_eq!(script.deadline(), None);
    script.when(SERVER, heard(ANN), &[heard_linked(&script, 1)]);
    script.later(secs(70));
    goes_down(&mut script, Link::Media, secs(60));
    assert_eq!(script.deadline(), Some(secs(70)), "sixty seconds after what was heard last");
}

#[test]
fn sessions_through_other_doors_live_by_their_links_alone() {
    let mut script = Script::given(voice());
    script.comes_in(ANN, 1);
    script.comes_in(BEA, 2);
    script.when(SERVER, heard(ANN), &[]);
    assert_eq!(script.deadline(), Some(secs(30)));
    let stt = join_stt(3);
    script.when(ANN, Command::Join(stt.clone()), &[script.started(ANN, &stt)]);
    script.later(secs(29));
    script.when(SERVER, heard(ANN), &[script.heard(3)]);
    script.when(SERVER, heard(BEA), &[]);
    script.later(secs(1));
    let events =
        [script.ended(ANN, 1, TIMEOUT), script.ended(BEA, 2, TIMEOUT), script.left(BEA, TIMEOUT)];
    script.due(&events);
    assert_eq!(script.deadline(), Some(secs(89)));
}

#[test]
fn one_door_is_not_another() {
    let mut script = ann_by_requests();
    script.when(ANN, Command::Join(join(2)), &[script.started(ANN, &join(2))]);
    assert_eq!(script.member(ANN).sessions.len(), 2);
}

#[test]
fn a_request_of_somebody_who_is_not_in_is_no_news() {
    let mut script = ann_by_requests();
    script.when(SERVER, heard(BEA), &[]);
    script.refuses(BEA, heard(BEA), Refusal::Missing(Permissions::ADMINISTRATOR));
    script.refuses(ANN, heard(ANN), Refusal::Missing(Permissions::ADMINISTRATOR));
}

#[test]
fn how_long_it_waits_can_be_set() {
    let timing = Timing { request_idle: secs(5), ..Timing::default() };
    let mut script = Script::given_timing(with_overrides(talk(), &[]), timing);
    script.does(ANN, Command::Join(join_stt(1)));
    script.comes_in(BEA, 2);
    assert_eq!(script.deadline(), Some(secs(5)));
    script.later(secs(3));
    script.does(SERVER, heard(ANN));
    assert_eq!(script.deadline(), Some(secs(8)));
    script.does(SERVER, up(1, Link::Socket));
    assert_eq!(script.deadline(), Some(secs(30)), "the others wait as long as ever");
    script.later(secs(1));
    goes_down(&mut script, Link::Socket, secs(0));
    assert_eq!(script.deadline(), Some(secs(9)));
}
