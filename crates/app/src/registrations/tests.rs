//! Who is told what, how much is kept of it, and for how long.

use model::{Id, Timestamp, Via};
use room::{Admission, Invitation, ProfileKind, RingEnd, Settings};

use super::*;

fn id(raw: u64) -> Id {
    Id::from_u64(raw).unwrap()
}

/// The people of the tests: Ann invites, Bea is invited.
const ANN: u64 = 1;
const BEA: u64 = 2;

fn user(raw: u64) -> UserId {
    UserId(id(raw))
}

fn room(raw: u64) -> Room {
    let settings = Settings {
        id: RoomId(id(raw)),
        external_id: None,
        name: "Ann's call".to_owned(),
        slug: "ann-s-call".to_owned(),
        kind: ProfileKind::Conference,
        topic: None,
        has_password: false,
        captions: false,
        admission: Admission::default(),
        member_limit: 9,
        created_by: None,
        created_at: Timestamp::from_micros(1),
        temporary: true,
        overrides: Vec::new(),
    };
    Room::new(settings, [])
}

fn ann() -> Person {
    let username = "ann".to_owned();
    Person { id: user(ANN), username, external_id: None, email: None }
}

/// An invitation of Ann's to Bea.
fn call(session: u64) -> Call {
    let now = std::time::Instant::now();
    let invitation = Invitation {
        destination: "bea".to_owned(),
        by: ann(),
        by_call: None,
        rings_until: Some(now),
    };
    Call {
        id: format!("call {session}"),
        name: "bea".to_owned(),
        user: user(BEA),
        guest: false,
        via: Via::Aura,
        admitted: true,
        asked_at: now,
        invitation: Some(Box::new(invitation)),
    }
}

fn session(raw: u64) -> SessionId {
    SessionId(id(raw))
}

fn rings(room: u64, number: u64) -> Ring {
    let call = format!("call {number}");
    Ring::Rings(Ringing { room: RoomId(id(room)), session: session(number), call, by: ann() })
}

fn over(room: u64, number: u64) -> Ring {
    Ring::Over { room: RoomId(id(room)), session: session(number) }
}

fn tell(all: &Registrations, of: u64, number: u64, what: CallChange) {
    all.follow(&room(of), session(number), &call(number), what);
}

/// What there is to be told just now.
fn told(registration: &mut Registration) -> Vec<Ring> {
    std::iter::from_fn(|| registration.rings.try_recv().ok()).collect()
}

#[tokio::test]
async fn all_clients_of_an_account_ring_until_it_is_over() {
    let all = Arc::new(Registrations::default());
    let (mut first, mut other) = (all.register(user(BEA)), all.register(user(ANN)));
    tell(&all, 7, 10, CallChange::Rings);
    let mut second = all.register(user(BEA));
    for client in [&mut first, &mut second] {
        assert_eq!(told(client), [rings(7, 10)]);
    }
    tell(&all, 7, 10, CallChange::Answered);
    // It ended long after, or by itself: that it was over is not said again.
    tell(&all, 7, 10, CallChange::Unanswered { why: RingEnd::TimedOut });
    for client in [&mut first, &mut second] {
        assert_eq!(told(client), [over(7, 10)]);
    }
    assert_eq!(told(&mut all.register(user(BEA))), []);
    let not_coming = Ring::NotComing { room: RoomId(id(7)), call: "call 10".to_owned() };
    assert_eq!(told(&mut other), [not_coming]);
}

#[tokio::test]
async fn a_room_that_is_forgotten_rings_no_more_and_the_others_do() {
    let all = Arc::new(Registrations::default());
    let mut client = all.register(user(BEA));
    for (room, session) in [(7, 10), (8, 11), (7, 12)] {
        tell(&all, room, session, CallChange::Rings);
    }
    assert_eq!(told(&mut client).len(), 3);
    all.forget_room(RoomId(id(7)));
    assert_eq!(told(&mut client), [over(7, 10), over(7, 12)]);
    assert_eq!(told(&mut all.register(user(BEA))), [rings(8, 11)]);
}

#[tokio::test]
async fn nothing_is_kept_of_who_is_not_registered_and_not_rung() {
    let all = Arc::new(Registrations::default());
    let client = all.register(user(BEA));
    tell(&all, 7, 10, CallChange::Rings);
    drop(client);
    assert_eq!(all.known().by_user.len(), 1, "it rings");
    tell(&all, 7, 10, CallChange::Unanswered { why: RingEnd::Declined });
    assert!(all.known().by_user.is_empty());
}

#[tokio::test]
async fn an_account_has_so_many_clients_and_the_oldest_gives_way() {
    let all = Arc::new(Registrations::default());
    let mut clients: Vec<_> = (0..=CLIENTS_MAX).map(|_| all.register(user(BEA))).collect();
    tell(&all, 7, 10, CallChange::Rings);
    assert_eq!(clients[0].next().await, None);
    for client in &mut clients[1..] {
        assert_eq!(told(client), [rings(7, 10)]);
    }
}

#[tokio::test]
async fn so_many_invitations_ring_for_one_account() {
    let all = Arc::new(Registrations::default());
    let mut client = all.register(user(BEA));
    for number in 0..=RINGING_MAX as u64 {
        tell(&all, 7, 10 + number, CallChange::Rings);
    }
    assert_eq!(told(&mut client).len(), RINGING_MAX);
    assert_eq!(told(&mut all.register(user(BEA))).len(), RINGING_MAX);
    // One that was not told begins nothing and ends nothing.
    tell(&all, 7, 10 + RINGING_MAX as u64, CallChange::Answered);
    assert_eq!(told(&mut client), []);
}

#[tokio::test]
async fn who_does_not_read_is_registered_no_more() {
    let all = Arc::new(Registrations::default());
    let mut client = all.register(user(BEA));
    for _ in 0..=QUEUE / 2 {
        tell(&all, 7, 10, CallChange::Rings);
        tell(&all, 7, 10, CallChange::Answered);
    }
    assert!(all.known().by_user.is_empty());
    for _ in 0..QUEUE {
        assert!(client.next().await.is_some(), "what was told stays told");
    }
    assert_eq!(client.next().await, None);
}

#[tokio::test]
async fn a_registration_lasts_ninety_seconds_unless_it_is_renewed() {
    tokio::time::pause();
    let all = Arc::new(Registrations::default());
    let mut client = all.register(user(BEA));
    let start = Instant::now();
    tokio::time::advance(Duration::from_secs(60)).await;
    client.renew();
    assert_eq!(client.next().await, None);
    assert_eq!(start.elapsed().as_secs(), 150);
}
