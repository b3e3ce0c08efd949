//! Who is connected, which rooms there are, and who is told what of them. The time is an argument; the
//! hub's task is the only one that has it.
//!
//! Who may know of a room is asked where everything else asks, in `room::check`, with the permissions that
//! people have now. What is the same for everyone is made once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use app::{Identity, News, RoomNews};
use model::{Permissions, RoomId, Timestamp, UserId};
use room::{Action, Actor, RoomView, Settings, check};
use serde::Serialize;
use tokio::sync::watch;

use super::close::Close;
use super::dispatch::{Dispatch, Held};
use super::pace::Pace;
use super::render::{
    MediaTokenData, ReadyData, RoomIdData, StageData, Telling, TopicData, VoiceStateData,
    changes_members, kind, participants, room_data, telling,
};
use super::sessions::{Attached, OPEN_PER_ACCOUNT_MAX, Return, Sessions};

#[cfg(test)]
mod tests;

/// Rooms that may come into or go out of somebody's sight at once and are told one by one. With more, the
/// client has to ask for the list anyway.
const SIGHT_CHANGES_MAX: usize = 100;

/// Bytes of events that all sessions together keep. Beyond it each forgets its older half: who is away for
/// long identifies again. Enough for a hundred thousand events of rooms with ten members.
const HELD_MAX: usize = 256 * 1024 * 1024;

/// Everything the hub knows.
#[derive(Debug)]
pub(super) struct Desk {
    server_name: String,
    /// Whether accounts are limited in how many connections they have.
    limited: bool,
    people: HashMap<UserId, Someone>,
    sessions: Sessions,
    rooms: HashMap<RoomId, Known>,
    pace: Pace,
    held: Held,
    held_max: usize,
    stopped: bool,
}

/// Somebody with a gateway session.
#[derive(Debug)]
struct Someone {
    /// As they are now, for their connections.
    identity: watch::Sender<Arc<Identity>>,
    actor: Actor,
}

/// What was last heard of a room.
#[derive(Debug)]
enum Known {
    /// Its settings; nobody has been in since.
    Stored(Settings),
    /// News of it.
    Seen(Arc<News>),
}

impl Known {
    fn settings(&self) -> Option<&Settings> {
        match self {
            Self::Stored(settings) => Some(settings),
            Self::Seen(news) => room_news(news).map(|news| &news.view.settings),
        }
    }

    fn view(&self) -> Option<&RoomView> {
        match self {
            Self::Stored(_) => None,
            Self::Seen(news) => room_news(news).map(|news| &news.view),
        }
    }
}

fn room_news(news: &News) -> Option<&RoomNews> {
    match news {
        News::Room(news) => Some(news),
        News::RoomCreated { .. }
        | News::RoomDeleted { .. }
        | News::MediaToken { .. }
        | News::Reauthorized { .. }
        | News::SignedOut { .. }
        | News::Stopping => None,
    }
}

/// A connection that is let in.
#[derive(Debug)]
pub(super) struct Welcome {
    /// The line to the hub.
    pub(super) attached: Attached,
    /// Who it is, from now on.
    pub(super) identity: watch::Receiver<Arc<Identity>>,
}

impl Desk {
    /// Nobody connected, and no rooms known.
    pub(super) fn new(server_name: String, limited: bool) -> Self {
        Self {
            server_name,
            limited,
            people: HashMap::new(),
            sessions: Sessions::default(),
            rooms: HashMap::new(),
            pace: Pace::default(),
            held: Held::default(),
            held_max: HELD_MAX,
            stopped: false,
        }
    }

    /// A room that is there, as it is if anybody is in.
    pub(super) fn know_room(&mut self, settings: Settings, running: Option<RoomView>) {
        let room = settings.id;
        let seen = |view| RoomNews { events: Vec::new(), view, gone: Vec::new() };
        let known = match running {
            Some(view) => Known::Seen(Arc::new(News::Room(seen(view)))),
            None => Known::Stored(settings),
        };
        self.rooms.insert(room, known);
    }

    /// Somebody new to the gateway, or on one more device.
    pub(super) fn identify(
        &mut self,
        who: Identity,
        id: Arc<str>,
        wall: Timestamp,
        now: Instant,
    ) -> Result<Welcome, Close> {
        let user = UserId::from(who.account.id);
        self.check_open(user, None)?;
        self.judge_anew(&who, now);
        let ready = ReadyData::new(&id, &who, &self.server_name, wall);
        let ready = self.held.dispatch(kind::READY, &ready);
        let attached = self.sessions.open(user, who.account.epoch, id, &ready, now);
        Ok(Welcome { attached, identity: self.know(who) })
    }

    /// Somebody back from a break.
    pub(super) fn resume(
        &mut self,
        who: Identity,
        id: &str,
        last_seq: u64,
        now: Instant,
    ) -> Result<Welcome, Close> {
        let user = UserId::from(who.account.id);
        self.check_open(user, Some(id))?;
        self.judge_anew(&who, now);
        let back = Return { user, epoch: who.account.epoch, id, last_seq };
        let attached = self.sessions.resume(back, now)?;
        Ok(Welcome { attached, identity: self.know(who) })
    }

    /// A token may show somebody with other roles than the connections that they have: the command line
    /// tells nobody.
    fn judge_anew(&mut self, who: &Identity, now: Instant) {
        let known = self.people.get(&UserId::from(who.account.id));
        if known.is_some_and(|known| known.actor != who.actor()) {
            self.handle_reauthorized(who, now);
        }
    }

    /// Whether one more connection is let in; one that takes over another is not one more.
    fn check_open(&self, user: UserId, takes_over: Option<&str>) -> Result<(), Close> {
        if self.stopped {
            return Err(Close::ServerRestart);
        }
        let is_more = !takes_over.is_some_and(|id| self.sessions.is_open(user, id));
        if self.limited && is_more && self.sessions.open_count(user) >= OPEN_PER_ACCOUNT_MAX {
            return Err(Close::RateLimited);
        }
        Ok(())
    }

    /// Remembers somebody as their token has just shown them.
    fn know(&mut self, who: Identity) -> watch::Receiver<Arc<Identity>> {
        let (user, actor, who) = (UserId::from(who.account.id), who.actor(), Arc::new(who));
        let unknown =
            || Someone { identity: watch::Sender::new(Arc::clone(&who)), actor: actor.clone() };
        let someone = self.people.entry(user).or_insert_with(unknown);
        someone.actor = actor.clone();
        someone.identity.send_replace(who.clone());
        someone.identity.subscribe()
    }

    /// All sessions.
    pub(super) fn sessions(&mut self) -> &mut Sessions {
        &mut self.sessions
    }

    /// From one client to those of other people: they have been looked up, and may know of it.
    pub(super) fn relay(
        &mut self,
        to: &[UserId],
        kind: &'static str,
        data: &impl Serialize,
        now: Instant,
    ) {
        let dispatch = self.held.dispatch(kind, data);
        self.tell(to, &dispatch, now);
    }

    /// Forgets what is old, and whoever is gone.
    pub(super) fn tidy(&mut self, now: Instant) {
        self.sessions.tidy(now);
        self.pace.tidy(now);
        self.people.retain(|user, _| self.sessions.has(*user));
        if self.held.bytes() > self.held_max {
            tracing::warn!(
                "more events are kept for gateways than there is space for; the older half goes"
            );
            self.sessions.forget_half();
        }
    }

    /// Tells everyone concerned.
    pub(super) fn handle_news(&mut self, news: &Arc<News>, now: Instant) {
        match &**news {
            News::Room(room) => {
                let before =
                    self.rooms.insert(room.view.settings.id, Known::Seen(Arc::clone(news)));
                self.handle_room(room, before.as_ref(), now);
            }
            News::RoomCreated { settings } => self.handle_created(settings, now),
            News::RoomDeleted { settings } => {
                self.pace.forget(settings.id);
                let before = self.rooms.remove(&settings.id);
                let settings = before.as_ref().and_then(Known::settings).unwrap_or(settings);
                let told = self.viewers(settings);
                self.tell_gone(settings.id, &told, now);
            }
            News::MediaToken { user, room, token } => {
                let data = MediaTokenData::new(*room, token.expose());
                self.relay(&[*user], kind::MEDIA_TOKEN_REFRESH, &data, now);
            }
            News::Reauthorized { identity } => self.handle_reauthorized(identity, now),
            News::SignedOut { user, epoch } => self.sessions.sign_out(*user, *epoch, now),
            News::Stopping => self.stop(now),
        }
    }

    /// Ends everything, and lets nobody in any more.
    pub(super) fn stop(&mut self, now: Instant) {
        self.stopped = true;
        self.sessions.stop(now);
    }

    fn handle_room(&mut self, news: &RoomNews, before: Option<&Known>, now: Instant) {
        let (settings, room) = (&news.view.settings, news.view.settings.id);
        let viewers = self.viewers(settings);
        for event in &news.events {
            match telling(event, &news.view) {
                None => {}
                Some(Telling::Stage { kind, about, mut to }) => {
                    to.retain(|user| self.may(*user, settings, Action::View));
                    self.relay(&to, kind, &StageData::new(room, about), now);
                }
                Some(Telling::Topic(topic)) => {
                    let data = TopicData::new(room, topic);
                    self.relay(&viewers, kind::STAGE_TOPIC_UPDATE, &data, now);
                }
                Some(Telling::Settings) => self.handle_settings(&news.view, before, &viewers, now),
            }
        }
        if news.events.iter().any(changes_members) {
            let concerned = participants(news);
            let members = news.view.members.len();
            if let Some(concerned) = self.pace.changed(room, members, concerned, now) {
                self.tell_members(&news.view, &viewers, &concerned, now);
            }
        }
    }

    /// When [`Desk::handle_due`] has something to do.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.pace.next_due()
    }

    /// Tells of large rooms what was held back.
    pub(super) fn handle_due(&mut self, now: Instant) {
        for (room, concerned) in self.pace.take_due(now) {
            let Some(known) = self.rooms.remove(&room) else { continue };
            if let Some(view) = known.view() {
                let viewers = self.viewers(&view.settings);
                self.tell_members(view, &viewers, &concerned, now);
            }
            self.rooms.insert(room, known);
        }
    }

    fn tell_members(
        &mut self,
        view: &RoomView,
        viewers: &[UserId],
        concerned: &HashSet<UserId>,
        now: Instant,
    ) {
        let told = self.may_see_members(viewers, &view.settings, concerned);
        self.relay(&told, kind::VOICE_STATE_UPDATE, &VoiceStateData::from(view), now);
    }

    /// Tells of changed settings those who see the room, and of its coming or going those for whom that
    /// changes.
    fn handle_settings(
        &mut self,
        view: &RoomView,
        before: Option<&Known>,
        viewers: &[UserId],
        now: Instant,
    ) {
        let room = view.settings.id;
        let could = before.and_then(Known::settings).map(|settings| self.viewers(settings));
        // Of a room that was not known nobody can say who saw it: all who do are told of it as it is.
        let could: HashSet<UserId> =
            could.unwrap_or_else(|| viewers.to_vec()).into_iter().collect();
        let (stay, come): (Vec<_>, Vec<_>) = viewers.iter().partition(|user| could.contains(user));
        let can: HashSet<UserId> = viewers.iter().copied().collect();
        let go: Vec<UserId> = could.difference(&can).copied().collect();
        self.tell_gone(room, &go, now);
        self.tell_room(kind::ROOM_UPDATE, &view.settings, view.members.len(), &stay, now);
        self.tell_come(&view.settings, Some(view), &come, now);
    }

    fn handle_created(&mut self, settings: &Settings, now: Instant) {
        // Somebody may have found it and come in before everyone was told.
        let known =
            self.rooms.entry(settings.id).or_insert_with(|| Known::Stored(settings.clone()));
        let count = known.view().map_or(0, |view| view.members.len());
        let viewers = self.viewers(settings);
        self.tell_room(kind::ROOM_CREATE, settings, count, &viewers, now);
    }

    fn handle_reauthorized(&mut self, identity: &Identity, now: Instant) {
        let user = UserId::from(identity.account.id);
        let Some(someone) = self.people.get(&user) else { return };
        // A platform names our people, it does not become our administrators.
        let from_platform = someone.identity.borrow().from_platform;
        if from_platform && !identity.from_platform && !identity.roles.is_empty() {
            return self.sessions.end_all_of(user, Close::AuthFailed, now);
        }
        let (old, new) = (&someone.actor, identity.actor());
        let (mut come, mut go) = (Vec::new(), Vec::new());
        for (room, known) in &self.rooms {
            let Some(settings) = known.settings() else { continue };
            match (may_view(settings, old), may_view(settings, &new)) {
                (false, true) => come.push(*room),
                (true, false) => go.push(*room),
                (true, true) | (false, false) => {}
            }
        }
        // Between rooms there is no order; the same one each time, then.
        come.sort();
        go.sort();
        self.know(identity.clone());
        if come.len() + go.len() > SIGHT_CHANGES_MAX {
            return self.sessions.end_all_of(user, Close::SessionExpired, now);
        }
        for room in go {
            self.tell_gone(room, &[user], now);
        }
        for room in come {
            let Some(known) = self.rooms.remove(&room) else { continue };
            if let Some(settings) = known.settings() {
                self.tell_come(settings, known.view(), &[user], now);
            }
            self.rooms.insert(room, known);
        }
    }

    /// Tells people of a room that they did not see until now, and who is in it.
    fn tell_come(
        &mut self,
        settings: &Settings,
        view: Option<&RoomView>,
        to: &[UserId],
        now: Instant,
    ) {
        let count = view.map_or(0, |view| view.members.len());
        self.tell_room(kind::ROOM_CREATE, settings, count, to, now);
        let Some(view) = view.filter(|view| !view.members.is_empty()) else { return };
        let inside = view.members.iter().map(|member| member.person.id).collect();
        let told = self.may_see_members(to, settings, &inside);
        self.relay(&told, kind::VOICE_STATE_UPDATE, &VoiceStateData::from(view), now);
    }

    fn tell_gone(&mut self, room: RoomId, to: &[UserId], now: Instant) {
        self.relay(to, kind::ROOM_DELETE, &RoomIdData::from(room), now);
    }

    /// Tells of a room with each receiver's own permissions in it.
    fn tell_room(
        &mut self,
        kind: &'static str,
        settings: &Settings,
        member_count: usize,
        to: &[UserId],
        now: Instant,
    ) {
        let mut made: HashMap<u64, Arc<Dispatch>> = HashMap::new();
        for user in to {
            let Some(someone) = self.people.get(user) else { continue };
            let permissions: Permissions = room::permissions(settings, &someone.actor);
            let make = || self.held.dispatch(kind, &room_data(settings, member_count, permissions));
            let dispatch = made.entry(permissions.bits()).or_insert_with(make);
            self.sessions.tell(*user, dispatch, now);
        }
    }

    fn tell(&mut self, to: &[UserId], dispatch: &Arc<Dispatch>, now: Instant) {
        for user in to {
            self.sessions.tell(*user, dispatch, now);
        }
    }

    /// The connected people who may know of a room.
    fn viewers(&self, settings: &Settings) -> Vec<UserId> {
        let viewers = self.people.iter().filter(|(_, someone)| may_view(settings, &someone.actor));
        viewers.map(|(user, _)| *user).collect()
    }

    /// Those of the viewers who may see who is in: where a password keeps people out, only who is in.
    fn may_see_members(
        &self,
        viewers: &[UserId],
        settings: &Settings,
        participants: &HashSet<UserId>,
    ) -> Vec<UserId> {
        let may_see = |user: &UserId| {
            let participant = participants.contains(user);
            self.may(*user, settings, Action::SeeMembers { participant })
        };
        viewers.iter().copied().filter(may_see).collect()
    }

    fn may(&self, user: UserId, settings: &Settings, action: Action) -> bool {
        let someone = self.people.get(&user);
        someone.is_some_and(|someone| check(settings, &someone.actor, action).is_ok())
    }
}

fn may_view(settings: &Settings, actor: &Actor) -> bool {
    check(settings, actor, Action::View).is_ok()
}
