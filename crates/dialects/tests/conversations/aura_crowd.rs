//! A crowd at the door: everyone is told of once, gets one answer, and nobody is left behind.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use app::{Asked, Credentials, Origin};
use model::RoomId;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::harness::{AuraCall, Person, Pipes, SERVICE_KEY, Server, Setup, soon};

const GUESTS: usize = 1000;
/// Of each ten that wait, by their number.
const CLOSE: [usize; 2] = [0, 1];
const LEAVE: [usize; 2] = [2, 3];
const LET_IN: [usize; 2] = [4, 5];
const TURNED_AWAY: [usize; 2] = [6, 7];
/// Of those who are let in so many come in.
const COME_IN: usize = 8;

/// A room whose owner decides who comes in.
struct Door {
    server: Server,
    pipes: Pipes,
    room: String,
    admin: AuraCall,
}

impl Door {
    async fn open(rate_limits: bool) -> (Self, Person) {
        let server = Server::with(Setup { rate_limits, ..Setup::default() }).await;
        let ann = server.account("ann").await;
        let room = ann.conference(json!({ "force_waiting_room": true })).await;
        let (pipes, admin) = (Pipes::new(server.router.clone()), server.aura("ann's").await);
        (Self { server, pipes, room, admin }, ann)
    }

    /// All of them at once.
    async fn crowd(&self) -> BTreeMap<usize, AuraCall> {
        let mut ringing = JoinSet::new();
        for number in 0..GUESTS {
            let wire = self.pipes.open("/v1/ws").await;
            let mut guest = AuraCall::over(&self.server, wire, &name(number));
            let room = self.room.clone();
            ringing.spawn(async move {
                assert_eq!(guest.ring(&room, None).await.unwrap_err().0, 403);
                (number, guest)
            });
        }
        let mut guests = BTreeMap::new();
        while let Some(rung) = ringing.join_next().await {
            guests.extend([rung.unwrap()]);
        }
        guests
    }

    async fn decides(&mut self, method: &'static str, number: usize) {
        let params = json!({ "member": name(number), "auth_token": self.admin.token });
        assert_eq!(self.admin.does(method, params).await, json!({}));
    }

    /// What the admin is told of the next so many things: of whom, by which method.
    async fn told(&mut self, count: usize) -> BTreeMap<String, String> {
        let mut told = BTreeMap::new();
        for _ in 0..count {
            let (method, params) = self.admin.next().await;
            let whom = params["member"].as_str().unwrap().to_owned();
            let before = told.insert(whom, method);
            assert_eq!(before, None, "told twice: {params}");
        }
        told
    }

    async fn waiting(&mut self) -> Vec<String> {
        let listed = self.admin.does("get_waiting_room_members", json!({})).await;
        let ids = listed.as_array().unwrap().iter();
        ids.map(|one| one["member"].as_str().unwrap().to_owned()).collect()
    }

    async fn inside(&mut self) -> usize {
        let members = self.admin.does("get_room_members", json!({})).await;
        members.as_array().unwrap().len()
    }
}

fn name(number: usize) -> String {
    format!("guest {number}")
}

fn is(number: usize, fate: [usize; 2]) -> bool {
    fate.contains(&(number % 10))
}

/// What the admin is to be told of each, once.
fn fate(number: usize) -> Option<&'static str> {
    match number {
        _ if is(number, CLOSE) || is(number, LEAVE) => Some("member_leave_waiting_room"),
        _ if is(number, LET_IN) => Some("member_waiting_allowed"),
        _ if is(number, TURNED_AWAY) => Some("member_waiting_rejected"),
        _ => None,
    }
}

#[tokio::test]
async fn of_a_thousand_guests_each_is_told_of_once_and_none_is_left_behind() {
    let (mut door, ann) = Door::open(true).await;
    let _peer = door.admin.enters(&door.room.clone(), Some(&ann)).await;
    let mut guests = door.crowd().await;
    let told = door.told(GUESTS).await;
    assert!(told.values().all(|method| method == "member_waiting"));
    let names: BTreeSet<String> = (0..GUESTS).map(name).collect();
    assert_eq!(told.into_keys().collect::<BTreeSet<_>>(), names);
    assert_eq!(door.waiting().await.into_iter().collect::<BTreeSet<_>>(), names);
    // Who asks again is told of again, once in a while: of ten times in a row at most once.
    for guest in guests.values_mut().step_by(7) {
        for _ in 0..10 {
            guest.note("still_waiting", json!({})).await;
        }
        assert_eq!(guest.refused("get_room_members", json!({})).await, 401);
    }
    let nudged: BTreeSet<String> = (0..GUESTS).step_by(7).map(name).collect();
    let again = door.admin.knows_all().await;
    let again: Vec<&str> =
        again.iter().filter_map(|told| told["params"]["member"].as_str()).collect();
    let whom: BTreeSet<String> = again.iter().copied().map(str::to_owned).collect();
    assert!(again.len() == whom.len() && whom.is_subset(&nudged), "{again:?}");

    // Some go while the admin decides about others.
    let going: Vec<usize> = (0..GUESTS).filter(|n| is(*n, CLOSE) || is(*n, LEAVE)).collect();
    let going: Vec<(usize, AuraCall)> =
        going.into_iter().map(|number| (number, guests.remove(&number).unwrap())).collect();
    let leaving = tokio::spawn(async move {
        for (number, mut guest) in going {
            if is(number, LEAVE) {
                guest.note("leave_room", json!({})).await;
                assert_eq!(guest.refused("get_room_members", json!({})).await, 401);
            }
        }
    });
    for number in 0..GUESTS {
        if is(number, LET_IN) {
            door.decides("allow_member", number).await;
        }
        if is(number, TURNED_AWAY) {
            door.decides("reject_member", number).await;
        }
    }
    leaving.await.unwrap();
    let expected: BTreeMap<String, String> =
        (0..GUESTS).filter_map(|n| Some((name(n), fate(n)?.to_owned()))).collect();
    assert_eq!(door.told(expected.len()).await, expected);
    let staying: BTreeSet<String> = (0..GUESTS).filter(|n| fate(*n).is_none()).map(name).collect();
    assert_eq!(door.waiting().await.into_iter().collect::<BTreeSet<_>>(), staying);
    assert_eq!(door.inside().await, 1, "let in is not in");

    // Each got one answer.
    let mut peers = Vec::new();
    for (number, guest) in &mut guests {
        if is(*number, LET_IN) {
            let told = guest.told("member_allowed").await;
            guest.token = told["auth_token"].as_str().unwrap().to_owned();
            if peers.len() < COME_IN {
                peers.push(guest.join().await);
                door.admin.told("member_join_room").await;
            }
        }
        if is(*number, TURNED_AWAY) {
            assert_eq!(guest.told("member_rejected").await, json!({}));
        }
    }
    assert_eq!(door.inside().await, 1 + COME_IN);

    // All the others close their sockets, wherever they had come to.
    drop(guests);
    let told = door.told(staying.len() + COME_IN).await;
    let of = |method: &str| told.values().filter(|told| *told == method).count();
    assert_eq!(
        (of("member_leave_waiting_room"), of("member_leave_room")),
        (staying.len(), COME_IN)
    );
    assert_eq!((door.waiting().await, door.inside().await), (Vec::new(), 1));
    assert_eq!(door.admin.knows_all().await, [] as [Value; 0]);
    let by_rest = door.server.bearer(SERVICE_KEY);
    let by_rest = by_rest.get(&format!("/v1/rooms/{}/members", door.room)).await.expect(200);
    assert_eq!(by_rest.as_array().unwrap().len(), 1);
    let alone = async {
        while door.server.app.media.stats().await.core.sessions != 1 {
            tokio::task::yield_now().await;
        }
    };
    soon("the end of the others' media", alone).await;
}

#[tokio::test]
async fn a_full_waiting_room_says_so() {
    let (mut door, ann) = Door::open(false).await;
    let room: RoomId = door.room.parse().unwrap();
    let mut waiting = Vec::new();
    for number in 0..room::CALLS_MAX {
        let asked = Asked {
            room,
            call: name(number),
            name: None,
            credentials: Credentials::Nothing,
            password: None,
            origin: Origin { address: IpAddr::V4(Ipv4Addr::LOCALHOST), local: false },
        };
        waiting.push(door.server.app.ring(asked, None).await.unwrap());
    }
    let mut beyond = door.server.aura("one more").await;
    let full = Err((403, "the room is full".to_owned()));
    assert_eq!(beyond.ring(&door.room, None).await, full);
    // Who decides about them is not kept out by them.
    let _peer = door.admin.enters(&door.room.clone(), Some(&ann)).await;
    assert_eq!(door.waiting().await.len(), room::CALLS_MAX);
    // Its socket is good for another try, when there is a place.
    drop(waiting.pop());
    let waits = async {
        while beyond.ring(&door.room, None).await == full {
            tokio::task::yield_now().await;
        }
    };
    soon("a place", waits).await;
    assert!(door.waiting().await.contains(&"one more".to_owned()));
}
