//! A hundred gateways under a stream of events, which break off and come back at random: each history is
//! complete and in order.

use std::time::{SystemTime, UNIX_EPOCH};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::harness::{Envelope, Gateway, Person, Room, Server, Told};

const PEOPLE: usize = 20;
const GATEWAYS_EACH: usize = 5;
/// Changes of each of the people who do something.
const CHANGES: usize = 100;
const STAGE_MODERATOR: u64 = 1 << 16;
/// The room that is made when all is over.
const END: &str = "the end";

/// What is the same for everyone.
fn common(told: &Told) -> (String, Value) {
    let mut data = told.data.clone();
    if let Some(data) = data.as_object_mut() {
        // One's own.
        data.remove("permissions");
    }
    (told.kind.clone(), data)
}

/// A client with what it has.
struct Client {
    who: Person,
    envelope: Envelope,
    gateway: Option<Gateway>,
    history: Vec<(String, Value)>,
    resumes: usize,
    random: StdRng,
}

impl Client {
    async fn open(who: &Person, number: usize, seed: u64) -> Self {
        let envelope = if number.is_multiple_of(2) { Envelope::Typed } else { Envelope::Evented };
        let query = if number.is_multiple_of(3) { "?compress=zstd" } else { "" };
        let gateway = Some(who.gateway_in(envelope, query).await);
        let random = StdRng::seed_from_u64(seed + number as u64);
        Self { who: who.clone(), envelope, gateway, history: Vec::new(), resumes: 0, random }
    }

    /// Follows until the end, breaking off now and then.
    async fn follow(mut self) -> Self {
        loop {
            let gateway = self.gateway.as_mut().unwrap();
            let told = gateway.next().await;
            if told.kind == "resumed" {
                continue;
            }
            assert_eq!(told.seq, Some(self.history.len() as u64 + 2), "the first was ready");
            let is_end = told.data["name"] == END;
            self.history.push(common(&told));
            if is_end {
                return self;
            }
            if self.random.random_range(0..100) < 4 {
                self.break_off().await;
            }
        }
    }

    async fn break_off(&mut self) {
        let gateway = self.gateway.take().unwrap();
        let (session, seq) = match self.random.random_range(0..3) {
            0 => gateway.leave().await,
            1 => gateway.cut(),
            // The old one is still there when the new one comes.
            _ => {
                let known = (gateway.session.clone(), gateway.seq);
                self.gateway = Some(gateway);
                known
            }
        };
        // What arrived is not always kept.
        let forgotten = self.random.random_range(0..4).min(seq - 1);
        let last_seq = seq - forgotten;
        let again = self.history.split_off(last_seq as usize - 1);
        let mut back = Gateway::back(&self.who, self.envelope, &session, last_seq).await;
        for (kind, data) in again {
            assert_eq!(common(&back.next().await), (kind.clone(), data.clone()));
            self.history.push((kind, data));
        }
        self.gateway = Some(back);
        self.resumes += 1;
    }
}

/// Comes and goes, says things of themselves, changes the topic.
async fn act(who: Person, rooms: Vec<Room>, stage: Room, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    for number in 0..CHANGES {
        let room = &rooms[random.random_range(0..rooms.len())];
        match random.random_range(0..6) {
            0 => drop(who.try_connect(room).await),
            1 => drop(who.ask(room, "voice/leave").await),
            2 => drop(who.ask(&stage, "stage/request").await),
            _ => {
                let topic = format!("{} {number}", who.name);
                drop(who.patch(&stage.vox("stage/topic"), json!({ "topic": topic })).await);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_histories_are_complete_and_in_order() {
    // Another order each time; the message of a failure says which.
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos().into();
    let server = Server::start().await;
    let operator = server.operator().await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        people.push(server.account(&format!("user{number}")).await);
    }
    let everyone = json!({ "target_type": "everyone", "allow": STAGE_MODERATOR.to_string() });
    let more = json!({ "type": "stage", "permission_overrides": [everyone] });
    let stage = operator.room_with("hall", more).await;
    let rooms = vec![operator.room("one").await, operator.room("two").await, stage.clone()];
    let mut reference = operator.gateway().await;
    let mut following = tokio::task::JoinSet::new();
    for number in 0..PEOPLE * GATEWAYS_EACH {
        let client = Client::open(&people[number % PEOPLE], number, seed).await;
        following.spawn(client.follow());
    }
    let mut acting = tokio::task::JoinSet::new();
    for (number, who) in people.iter().take(4).chain([&operator]).enumerate() {
        let (rooms, stage) = (rooms.clone(), stage.clone());
        acting.spawn(act(who.clone(), rooms, stage, seed + number as u64));
    }
    while let Some(acted) = acting.join_next().await {
        acted.unwrap();
    }
    operator.room(END).await;
    let mut expect = Vec::new();
    loop {
        let told = reference.next().await;
        expect.push(common(&told));
        if told.data["name"] == END {
            break;
        }
    }
    // Of those who speak to nobody but everyone, all is the same.
    expect.retain(|(kind, _)| is_for_all(kind));
    let mut resumes = 0;
    while let Some(client) = following.join_next().await {
        let client = client.unwrap();
        resumes += client.resumes;
        let history: Vec<_> =
            client.history.into_iter().filter(|(kind, _)| is_for_all(kind)).collect();
        assert_eq!(history, expect, "seed {seed}");
    }
    assert!(expect.len() > CHANGES && resumes > 100, "{} {resumes}", expect.len());
}

fn is_for_all(kind: &str) -> bool {
    kind != "stage_request"
}
