//! What should be told to whom, worked out the long way: who may see a room is a table, what each session
//! is to get is a list that forgets nothing.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::dispatch::Dispatch;

/// The promise, in its own words.
const KEPT: usize = 1000;
const KEPT_FOR: Duration = Duration::from_secs(300);
const QUEUED: usize = 256;

/// What one session is to get, and where its client is.
#[derive(Debug)]
pub struct Expected {
    pub user: u64,
    /// Everything, from the first.
    pub log: Vec<(Instant, String)>,
    pub away_since: Option<Instant>,
    /// Told since the connection was attached, and not taken out of its queue.
    pub queued: usize,
}

/// What becomes of coming back.
#[derive(Debug, PartialEq, Eq)]
pub enum Back {
    Expired,
    Exhausted,
    /// Everything behind the last that the client has.
    With(Vec<String>),
}

impl Expected {
    pub fn new(user: u64, ready: String, now: Instant) -> Self {
        Self { user, log: vec![(now, ready)], away_since: None, queued: 0 }
    }

    /// It is told; whether its connection is let go of for it.
    pub fn tell(&mut self, what: &str, now: Instant) -> bool {
        self.log.push((now, what.to_owned()));
        if self.away_since.is_some() {
            return false;
        }
        if self.queued == QUEUED {
            self.away_since = Some(now);
            return true;
        }
        self.queued += 1;
        false
    }

    /// The client is back, with the events up to this one.
    pub fn resume(&mut self, last_seq: usize, now: Instant) -> Back {
        if self.away_since.is_some_and(|since| now - since >= KEPT_FOR) {
            return Back::Expired;
        }
        let count = self.log.len();
        let kept = |place: usize| place + KEPT >= count && now - self.log[place].0 < KEPT_FOR;
        if last_seq > count || !(last_seq..count).all(kept) {
            return Back::Exhausted;
        }
        self.away_since = None;
        self.queued = 0;
        Back::With(self.log[last_seq..].iter().map(|(_, what)| what.clone()).collect())
    }
}

/// A room.
#[derive(Clone, Debug, Default)]
pub struct RoomModel {
    pub exists: bool,
    /// Only insiders see it.
    pub hidden: bool,
    /// Only who is in sees who is in.
    pub has_password: bool,
    pub members: Vec<u64>,
}

/// Rooms and people.
#[derive(Debug)]
pub struct Model {
    pub rooms: BTreeMap<u64, RoomModel>,
    /// Whether they see hidden rooms.
    pub insiders: BTreeMap<u64, bool>,
}

/// Who is told what, in order.
pub type Told = Vec<(u64, String)>;

impl Model {
    pub fn sees(&self, user: u64, room: &RoomModel) -> bool {
        room.exists && (!room.hidden || self.insiders[&user])
    }

    fn members_text(number: u64, room: &RoomModel) -> String {
        format!("voice_state_update {number} {:?}", room.members)
    }

    /// The members are others now; this one was among them.
    pub fn members_changed(&self, number: u64, gone: Option<u64>) -> Told {
        let room = &self.rooms[&number];
        let may_know =
            |user: &u64| !room.has_password || room.members.contains(user) || gone == Some(*user);
        let told = self.insiders.keys().filter(|user| self.sees(**user, room) && may_know(user));
        told.map(|user| (*user, Self::members_text(number, room))).collect()
    }

    /// All who see a room are told this.
    pub fn viewers(&self, number: u64, what: &str) -> Told {
        let viewers = self.insiders.keys().filter(|user| self.sees(**user, &self.rooms[&number]));
        viewers.map(|user| (*user, what.to_owned())).collect()
    }

    /// A room, or somebody, is no longer what it was: what comes into sight and goes out of it.
    pub fn sight_changed(&self, before: &Self, user: u64, number: u64, told: &mut Told) {
        let (was, is) = (&before.rooms[&number], &self.rooms[&number]);
        match (before.sees(user, was), self.sees(user, is)) {
            (true, false) => told.push((user, format!("room_delete {number}"))),
            (false, true) => {
                told.push((user, format!("room_create {number}")));
                let may_know = !is.has_password || is.members.contains(&user);
                if may_know && !is.members.is_empty() {
                    told.push((user, Self::members_text(number, is)));
                }
            }
            (true, true) | (false, false) => {}
        }
    }
}

/// An event in the words of the model.
pub fn shown(dispatch: &Dispatch) -> String {
    let data: Value = serde_json::from_str(dispatch.data()).unwrap();
    let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
    let (kind, room) = (dispatch.kind(), text("room_id"));
    match kind {
        "ready" => format!("ready {}", text("session_id")),
        "voice_state_update" => {
            let id = |member: &Value| member["user_id"].as_str().unwrap().parse::<u64>().unwrap();
            let members: Vec<u64> = data["members"].as_array().unwrap().iter().map(id).collect();
            format!("{kind} {room} {members:?}")
        }
        "stage_topic_update" => format!("{kind} {room} {}", text("topic")),
        "media_token_refresh" => format!("{kind} {room} {}", text("media_token")),
        "voice_codec_neg" => format!("{kind} {room} {} {}", text("user_id"), text("codec")),
        _ => format!("{kind} {room}"),
    }
}
