//! A hundred clients in simulated time: they come, read slowly or not at all, break off, and come back with
//! whatever number they like, under a stream of events. What each has got is held against a model that
//! keeps everything, and against the promise of what is kept: complete, in order, each event once, or the
//! right word of why not.

mod model;
pub(super) mod news;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use app::News;
pub(super) use model::RoomModel;
use model::{Back, Expected, Model, Told, shown};
use news::{identity, user};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;

use super::close::Close;
use super::desk::Desk;
use super::dispatch::Dispatch;
use super::sessions::Attached;

const CLIENTS: usize = 100;
/// Some people have several clients.
const PEOPLE: u64 = 70;
const ROOMS: u64 = 5;
/// Small rooms: what is told of large ones is no different, and longer.
const MEMBERS_MAX: usize = 8;
/// Enough for each outcome to come about many times in every run.
const STEPS: usize = 6_000;

/// One client: what it has, and its connection if there is one.
struct Client {
    /// The session it is in, as the model knows it.
    session: usize,
    id: Arc<str>,
    got: Vec<String>,
    line: Option<Line>,
    /// Takes events out of its connection this often, in a hundred steps.
    diligence: u32,
}

struct Line {
    first: VecDeque<(u64, Arc<Dispatch>)>,
    attached: Attached,
}

/// How often each thing came about: a run in which something never did shows nothing of it.
#[derive(Debug, Default)]
struct Tally {
    resumed: usize,
    taken_over: usize,
    exhausted: usize,
    expired: usize,
    let_go: usize,
    compared: usize,
}

struct World {
    desk: Desk,
    model: Model,
    expected: Vec<Expected>,
    /// Those that some client is in.
    sessions: BTreeMap<u64, Vec<usize>>,
    clients: Vec<Client>,
    now: Instant,
    random: StdRng,
    tally: Tally,
    made: u64,
}

impl World {
    fn new(seed: u64) -> Self {
        let rooms = (1..=ROOMS).map(|number| {
            (number, RoomModel { exists: true, has_password: number == 3, ..RoomModel::default() })
        });
        let insiders = (101..=100 + PEOPLE).map(|user| (user, user % 3 == 0));
        let model = Model { rooms: rooms.collect(), insiders: insiders.collect() };
        let mut desk = Desk::new("Parlor".to_owned(), false);
        for (number, room) in &model.rooms {
            desk.know_room(news::settings(*number, room), None);
        }
        let mut world = Self {
            desk,
            model,
            expected: Vec::new(),
            sessions: BTreeMap::new(),
            clients: Vec::new(),
            now: Instant::now(),
            random: StdRng::seed_from_u64(seed),
            tally: Tally::default(),
            made: 0,
        };
        for number in 0..CLIENTS {
            let user = 101 + number as u64 % PEOPLE;
            let client = world.identify(user);
            world.clients.push(client);
        }
        world
    }

    fn identify(&mut self, user: u64) -> Client {
        let who = identity(user, self.model.insiders[&user]);
        self.made += 1;
        let id: Arc<str> = format!("session{}", self.made).into();
        let wall = model_time();
        let welcome = self.desk.identify(who, Arc::clone(&id), wall, self.now).unwrap();
        let mut expected = Expected::new(user, format!("ready {id}"), self.now);
        // What comes first waits outside the queue.
        expected.queued = 0;
        self.expected.push(expected);
        let mut attached = welcome.attached;
        let line = Line { first: attached.first.drain(..).collect(), attached };
        let diligence = *[2, 30, 90].get(self.random.random_range(0..3)).unwrap();
        let session = self.expected.len() - 1;
        self.sessions.entry(user).or_default().push(session);
        Client { session, id, got: Vec::new(), line: Some(line), diligence }
    }

    /// Tells the desk, and the model who should have heard.
    fn happen(&mut self, news: News, told: Told) {
        self.desk.handle_news(&Arc::new(news), self.now);
        self.expect(told);
    }

    fn expect(&mut self, told: Told) {
        for (user, what) in told {
            for session in self.sessions.get(&user).into_iter().flatten() {
                let let_go = self.expected[*session].tell(&what, self.now);
                self.tally.let_go += usize::from(let_go);
            }
        }
    }

    fn step(&mut self) {
        match self.random.random_range(0..1000) {
            0..350 => self.something_happens(),
            350..353 => self.much_happens(),
            353..950 => self.client_acts(),
            950..997 => self.now += Duration::from_millis(self.random.random_range(0..3_000)),
            _ => {
                self.now += Duration::from_secs(self.random.random_range(0..250));
                self.desk.tidy(self.now);
            }
        }
    }

    fn much_happens(&mut self) {
        for _ in 0..self.random.random_range(100..1_500) {
            self.something_happens();
        }
    }

    fn someone(&mut self) -> u64 {
        self.random.random_range(101..=100 + PEOPLE)
    }

    fn something_happens(&mut self) {
        let number = self.random.random_range(1..=ROOMS);
        self.made += 1;
        let text = format!("t{}", self.made);
        match self.random.random_range(0..100) {
            0..45 => self.members_change(number),
            45..70 => {
                let room = &self.model.rooms[&number];
                if room.exists {
                    let told =
                        self.model.viewers(number, &format!("stage_topic_update {number} {text}"));
                    self.happen(news::topic(number, room, &text), told);
                }
            }
            70..85 => {
                let whose = self.someone();
                let told = vec![(whose, format!("media_token_refresh {number} {text}"))];
                self.happen(news::media_token(number, whose, &text), told);
            }
            85..93 => self.relay(number, &text),
            93..96 => self.room_changes(number),
            96..98 => self.person_changes(),
            _ => self.room_comes_or_goes(number),
        }
    }

    fn members_change(&mut self, number: u64) {
        let who = self.someone();
        let room = self.model.rooms.get_mut(&number).unwrap();
        if !room.exists {
            return;
        }
        // A full room loses its first.
        let who = if room.members.len() == MEMBERS_MAX { room.members[0] } else { who };
        let was_in = room.members.contains(&who);
        room.members.retain(|member| *member != who);
        if !was_in {
            room.members.push(who);
        }
        let room = &self.model.rooms[&number];
        if was_in {
            let told = self.model.members_changed(number, Some(who));
            self.happen(news::left(number, room, who), told);
        } else {
            let told = self.model.members_changed(number, None);
            self.happen(news::joined(number, room, who), told);
        }
    }

    fn relay(&mut self, number: u64, text: &str) {
        let members = self.model.rooms[&number].members.clone();
        let Some((from, others)) = members.split_first() else { return };
        let to: Vec<_> = others.iter().copied().map(user).collect();
        let data =
            json!({ "room_id": number.to_string(), "user_id": from.to_string(), "codec": text });
        self.desk.relay(&to, "voice_codec_neg", &data, self.now);
        let what = format!("voice_codec_neg {number} {from} {text}");
        self.expect(others.iter().map(|other| (*other, what.clone())).collect());
    }

    fn room_changes(&mut self, number: u64) {
        let before =
            Model { rooms: self.model.rooms.clone(), insiders: self.model.insiders.clone() };
        let room = self.model.rooms.get_mut(&number).unwrap();
        if !room.exists {
            return;
        }
        room.hidden = !room.hidden;
        let room = &self.model.rooms[&number];
        let mut told = Told::new();
        for user in before.insiders.keys() {
            if before.sees(*user, &before.rooms[&number]) && self.model.sees(*user, room) {
                told.push((*user, format!("room_update {number}")));
            }
            self.model.sight_changed(&before, *user, number, &mut told);
        }
        self.happen(news::changed(number, room), told);
    }

    fn person_changes(&mut self) {
        let who = self.someone();
        let before =
            Model { rooms: self.model.rooms.clone(), insiders: self.model.insiders.clone() };
        let insider = self.model.insiders.get_mut(&who).unwrap();
        *insider = !*insider;
        let identity = Box::new(identity(who, *insider));
        let mut told = Told::new();
        for number in 1..=ROOMS {
            self.model.sight_changed(&before, who, number, &mut told);
        }
        self.happen(News::Reauthorized { identity }, told);
    }

    fn room_comes_or_goes(&mut self, number: u64) {
        let room = &self.model.rooms[&number];
        if room.exists && !room.members.is_empty() {
            return;
        }
        let news =
            if room.exists { news::deleted(number, room) } else { news::created(number, room) };
        let what = if room.exists { "room_delete" } else { "room_create" };
        let what = format!("{what} {number}");
        let goes = room.exists.then(|| self.model.viewers(number, &what));
        self.model.rooms.get_mut(&number).unwrap().exists ^= true;
        let told = goes.unwrap_or_else(|| self.model.viewers(number, &what));
        self.desk.handle_news(&news, self.now);
        self.expect(told);
    }

    fn client_acts(&mut self) {
        let number = self.random.random_range(0..self.clients.len());
        let mut client = self.clients.swap_remove(number);
        match self.random.random_range(0..100) {
            0..12 => self.break_off(&mut client),
            12..15 => self.resume(&mut client),
            _ if client.line.is_none() => self.resume(&mut client),
            _ if self.random.random_range(0..100) < client.diligence => {
                let count = self.random.random_range(0..400);
                self.read(&mut client, count);
            }
            _ => {}
        }
        self.clients.push(client);
    }

    /// Takes events out of a client's connection, and sees whether it was let go of.
    fn read(&mut self, client: &mut Client, count: usize) {
        let Some(line) = &mut client.line else { return };
        for _ in 0..count {
            let next = match line.first.pop_front() {
                Some(next) => next,
                None => match line.attached.events.try_recv() {
                    Ok(next) => {
                        let expected = &mut self.expected[client.session];
                        expected.queued = expected.queued.saturating_sub(1);
                        next
                    }
                    Err(_) => break,
                },
            };
            client.got.push(shown(&next.1));
            assert_eq!(next.0, client.got.len() as u64, "numbers have no gaps");
        }
        if let Ok(why) = line.attached.end.try_recv() {
            assert_eq!(why, Close::UnknownError, "only those are let go of who do not keep up");
            assert!(self.expected[client.session].away_since.is_some());
            client.line = None;
        }
    }

    /// The connection ends with something still on its way, and the hub learns of it.
    fn break_off(&mut self, client: &mut Client) {
        let Some(line) = client.line.take() else { return };
        self.desk.sessions().detach(&client.id, line.attached.connection, self.now);
        self.expected[client.session].away_since.get_or_insert(self.now);
    }

    fn resume(&mut self, client: &mut Client) {
        let has = client.got.len();
        let last_seq = match self.random.random_range(0..10) {
            0 => self.random.random_range(0..=has),
            1 => has + self.random.random_range(0..3),
            _ => has,
        };
        let expected = &mut self.expected[client.session];
        let was_attached = expected.away_since.is_none();
        let who = identity(expected.user, self.model.insiders[&expected.user]);
        let resumed = self.desk.resume(who, &client.id, last_seq as u64, self.now);
        match (resumed, expected.resume(last_seq, self.now)) {
            (Ok(welcome), Back::With(missed)) => {
                let mut attached = welcome.attached;
                let first: VecDeque<_> = attached.first.drain(..).collect();
                let told: Vec<String> = first.iter().map(|(_, what)| shown(what)).collect();
                assert_eq!(told, missed);
                let expect = last_seq as u64 + 1..;
                assert!(first.iter().map(|(seq, _)| *seq).eq(expect.take(first.len())));
                // What it says that it has, it is not told: its own loss.
                let log = &self.expected[client.session].log;
                let claimed = log.iter().skip(has).take(last_seq.saturating_sub(has));
                client.got.extend(claimed.map(|(_, what)| what.clone()));
                client.got.truncate(last_seq);
                self.tally.resumed += 1;
                if let Some(mut old) = client.line.replace(Line { first, attached }) {
                    let word = old.attached.end.try_recv().unwrap();
                    let expect =
                        if was_attached { Close::SessionExpired } else { Close::UnknownError };
                    assert_eq!(word, expect);
                    self.tally.taken_over += usize::from(was_attached);
                }
            }
            (Err(Close::SessionExpired), Back::Expired) => self.begin_anew(client, true),
            (Err(Close::ReplayExhausted), Back::Exhausted) => self.begin_anew(client, false),
            (resumed, expected) => panic!("{:?}, expected {expected:?}", resumed.map(|_| ())),
        }
    }

    /// What the client has until now is compared and done with; it identifies.
    fn begin_anew(&mut self, client: &mut Client, expired: bool) {
        self.tally.expired += usize::from(expired);
        self.tally.exhausted += usize::from(!expired);
        self.break_off(client);
        self.compare(client);
        let user = self.expected[client.session].user;
        self.sessions.entry(user).or_default().retain(|session| *session != client.session);
        *client = self.identify(user);
    }

    /// What a client has is the beginning of what it was to get.
    fn compare(&mut self, client: &Client) {
        let log = &self.expected[client.session].log;
        assert!(client.got.len() <= log.len());
        for (got, (_, expect)) in client.got.iter().zip(log) {
            assert_eq!(got, expect);
        }
        self.tally.compared += client.got.len();
    }

    /// Everyone reads on to the end, coming back where needed: then they have all of it.
    fn finish(&mut self) {
        let clients = std::mem::take(&mut self.clients);
        for mut client in clients {
            loop {
                self.read(&mut client, usize::MAX);
                if client.line.is_some() {
                    break;
                }
                self.resume(&mut client);
            }
            self.compare(&client);
            let log = &self.expected[client.session].log;
            assert_eq!(client.got.len(), log.len(), "nothing is left out at the end");
        }
    }
}

pub(super) fn model_time() -> ::model::Timestamp {
    ::model::Timestamp::from_micros(1_769_644_800_000_000)
}

#[test]
fn every_history_is_complete_in_order_and_said_once() {
    for seed in 0..2 {
        let mut world = World::new(seed);
        for _ in 0..STEPS {
            world.step();
        }
        world.finish();
        let Tally { resumed, taken_over, exhausted, expired, let_go, compared } = world.tally;
        let all = [resumed, taken_over, exhausted, expired, let_go];
        assert!(all.iter().all(|count| *count > 10), "{seed}: {:?}", world.tally);
        assert!(compared > 50_000, "{seed}: {:?}", world.tally);
    }
}
