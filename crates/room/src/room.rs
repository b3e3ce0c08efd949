//! The room's state, and the two doors to it: `decide` and `apply`.

use std::collections::BTreeMap;

use model::{Now, Permissions, SessionId, UserId};

use crate::actor::Actor;
use crate::command::Command;
use crate::event::Event;
use crate::floor::FloorState;
use crate::member::{Marks, Member, Session};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::timing::Timing;

/// A room with the people in it.
#[derive(Clone, Debug)]
pub struct Room {
    settings: Settings,
    /// Everyone with at least one session; the map is never left with a member without one.
    pub(crate) members: BTreeMap<UserId, Member>,
    /// What moderators decided about people, kept while they are away.
    marks_by_user: BTreeMap<UserId, Marks>,
    pub(crate) floor: FloorState,
    pub(crate) timing: Timing,
    closed: bool,
}

impl Room {
    /// An empty room with what was stored about it.
    pub fn new(settings: Settings, marks: impl IntoIterator<Item = (UserId, Marks)>) -> Self {
        let marks_by_user = marks.into_iter().collect();
        let (members, floor, timing) = Default::default();
        Self { settings, members, marks_by_user, floor, timing, closed: false }
    }

    /// The same room with other times.
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// The stored part.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether it was closed for good.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What moderators decided about a person.
    pub fn marks(&self, user: UserId) -> Marks {
        self.marks_by_user.get(&user).copied().unwrap_or_default()
    }

    /// What the command would change, or why not. Changes nothing itself.
    pub fn decide(&self, by: &Actor, command: Command, now: Now) -> Result<Vec<Event>, Refusal> {
        if self.closed {
            return Err(Refusal::RoomNotFound);
        }
        if command.is_for_the_server() && matches!(by, Actor::Caller(_)) {
            return Err(Refusal::Missing(Permissions::ADMINISTRATOR));
        }
        self.answer(by, command, now)
    }

    fn answer(&self, by: &Actor, command: Command, now: Now) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Join(join) => self.decide_join(by, join, now),
            Command::Leave { session } => self.decide_leave(by, session, now),
            Command::LeaveAll => self.decide_leave_all(by, now),
            Command::SetSelf { session, mute, deaf } => self.decide_self(by, session, mute, deaf),
            Command::ServerMute { user, muted } => self.decide_server_mute(by, user, muted),
            Command::ServerDeafen { user, deafened } => {
                self.decide_server_deafen(by, user, deafened)
            }
            Command::Kick { user } => self.decide_kick(by, user, now),
            Command::TakeFloor => self.decide_take_floor(by, now),
            Command::KeepFloor => self.decide_keep_floor(by, now),
            Command::ReleaseFloor => self.decide_release_floor(by, now),
            Command::SwitchCaptions { on } => self.decide_captions(by, on),
            Command::EndSession { session, reason } => {
                self.decide_end_session(session, reason, now)
            }
            Command::EndMember { user, reason } => Ok(self.end_member(user, reason, now)),
            Command::Close { reason } => Ok(self.decide_close(reason, now)),
            Command::LinkUp { session, link } => self.decide_link_up(session, link),
            Command::LinkDown { session, link, last_seen } => {
                self.decide_link_down(session, link, last_seen)
            }
            Command::RequestHeard { user } => Ok(self.decide_request_heard(user, now)),
            Command::Speaking { session, speaking } => self.decide_speaking(session, speaking),
            Command::Source { session, source, flowing } => {
                self.decide_source(session, source, flowing)
            }
            Command::Reauthorize { user, roles, base } => {
                self.decide_reauthorize(user, &roles, base)
            }
        }
    }

    /// Makes it so. An event about a session that is gone changes nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::MemberJoined { person, permissions, at } => {
                let member = Member::new(person.clone(), *permissions, *at);
                self.members.insert(person.id, member);
            }
            Event::SessionStarted { session, user, via, client, mute, deaf, gone_at, .. } => {
                let new = Session::new(*via, client.clone(), *gone_at);
                let heard_at = self.heard_by_joining(*via, *gone_at);
                let new = Session { mute: *mute, deaf: *deaf, heard_at, ..new };
                self.with_member(*user, |member| drop(member.sessions.insert(*session, new)));
            }
            Event::SessionEnded { session, user, .. } => self.with_member(*user, |member| {
                member.sessions.remove(session);
            }),
            Event::MemberLeft { user, .. } => {
                self.members.remove(user);
            }
            Event::Reauthorized { user, permissions } => {
                self.with_member(*user, |member| member.permissions = *permissions);
            }
            Event::SelfChanged { session, mute, deaf, .. } => {
                self.with_session(*session, |s| (s.mute, s.deaf) = (*mute, *deaf));
            }
            Event::Moderated { user, server_mute, server_deaf, .. } => {
                let marks = Marks { server_mute: *server_mute, server_deaf: *server_deaf };
                self.apply_marks(*user, marks);
            }
            Event::LinkUp { session, link } => self.apply_link_up(*session, *link),
            Event::LinkDown { session, link, heard_at, gone_at } => {
                self.apply_link_down(*session, *link, *heard_at, *gone_at);
            }
            Event::RequestHeard { session, heard_at, gone_at } => {
                self.apply_request_heard(*session, *heard_at, *gone_at);
            }
            Event::Speaking { session, speaking, .. } => {
                self.with_session(*session, |s| s.speaking = *speaking);
            }
            Event::Source { session, source, flowing, .. } => {
                self.apply_source(*session, *source, *flowing);
            }
            Event::FloorTaken { user, fence, expires, expires_at }
            | Event::FloorKept { user, fence, expires, expires_at } => {
                self.apply_floor_held(*user, *fence, *expires, *expires_at);
            }
            Event::FloorReleased { fence, .. } => self.apply_floor_released(*fence),
            Event::CaptionsSwitched { on, .. } => self.settings.captions = *on,
            Event::Closed { .. } => self.closed = true,
        }
        self.check_invariants();
    }

    /// The member and session with this id.
    pub(crate) fn session(&self, id: SessionId) -> Option<(&Member, &Session)> {
        self.members.values().find_map(|member| Some((member, member.sessions.get(&id)?)))
    }

    fn with_member(&mut self, id: UserId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&id) {
            change(member);
        }
    }

    pub(crate) fn with_session(&mut self, id: SessionId, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.members.values_mut().find_map(|m| m.sessions.get_mut(&id)) {
            change(session);
        }
    }

    fn apply_marks(&mut self, user: UserId, marks: Marks) {
        if marks == Marks::default() {
            self.marks_by_user.remove(&user);
        } else {
            self.marks_by_user.insert(user, marks);
        }
    }

    fn check_invariants(&self) {
        debug_assert!(
            self.members.iter().all(|(id, member)| *id == member.person.id),
            "a member is filed under their own id"
        );
        self.check_floor();
    }
}
