//! The room written the naive way: one flat list of sessions, everything else worked out on demand.
//!
//! It follows the description of the rooms, not the crate: no members, no stored deadlines, numbers
//! written out. Only its answers are compared with the room's.

mod floor;
mod life;
mod rights;
mod shown;

use std::collections::BTreeSet;
use std::time::Instant;

use model::{Now, Permissions, SessionId, Timestamp, UserId, Via};
use room::Settings;
use room::{Actor, Caller, Command, Gate, Join, Marks, Person, ProfileKind, Refusal};

use floor::Lock;
use rights::bits;

/// One session, with all that is known about it and its person.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: SessionId,
    pub person: Person,
    bits: u64,
    since: Timestamp,
    via: Via,
    client: Option<String>,
    mute: bool,
    deaf: bool,
    speaking: bool,
    camera: bool,
    screen: bool,
    sockets: u32,
    media: bool,
    born: Instant,
    heard: Option<Instant>,
}

/// The rooms' description, executable.
#[derive(Clone, Debug, PartialEq)]
pub struct Naive {
    pub settings: Settings,
    pub rows: Vec<Row>,
    muted: BTreeSet<UserId>,
    deafened: BTreeSet<UserId>,
    pub lock: Lock,
    /// How often somebody was heard of, which is told whether or not it moves anything.
    heard: u32,
    pub closed: bool,
}

impl Naive {
    pub fn new(settings: Settings, muted: Vec<UserId>, deafened: Vec<UserId>) -> Self {
        let (muted, deafened) = (muted.into_iter().collect(), deafened.into_iter().collect());
        let (rows, lock, heard, closed) = Default::default();
        Self { settings, rows, muted, deafened, lock, heard, closed }
    }

    /// Does it, or says why not.
    pub fn run(&mut self, by: &Actor, command: &Command, now: Now) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::RoomNotFound);
        }
        self.carry_out(by, command, now)?;
        self.free_if_holder_is_out();
        Ok(())
    }

    fn carry_out(&mut self, by: &Actor, command: &Command, now: Now) -> Result<(), Refusal> {
        match command {
            Command::Join(join) => return self.join(by, join, now),
            Command::Leave { session } => {
                self.own(by, *session)?;
                self.rows.retain(|row| row.id != *session);
            }
            Command::SetSelf { session, mute, deaf } => {
                let row = self.own(by, *session)?;
                row.mute = mute.unwrap_or(row.mute);
                row.deaf = deaf.unwrap_or(row.deaf);
            }
            Command::ServerMute { user, muted } => {
                self.may(by, &[Permissions::MUTE_MEMBERS])?;
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                mark(&mut self.muted, *user, *muted);
            }
            Command::ServerDeafen { user, deafened } => {
                self.may(by, &[Permissions::DEAFEN_MEMBERS])?;
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                mark(&mut self.deafened, *user, *deafened);
            }
            Command::Kick { user } => {
                self.may(by, &[Permissions::MUTE_MEMBERS, Permissions::MOVE_MEMBERS])?;
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                self.rows.retain(|row| row.person.id != *user);
            }
            Command::LeaveAll => {
                let user = self.asking(by)?.ok_or(Refusal::NotAParticipant)?;
                self.rows.retain(|row| row.person.id != user);
            }
            Command::TakeFloor => return self.take_floor(by, now),
            Command::KeepFloor => {
                self.own_floor(by, now)?;
                self.keep_floor(now);
            }
            Command::ReleaseFloor => {
                self.own_floor(by, now)?;
                self.lock.holder = None;
            }
            Command::SwitchCaptions { on } => {
                let owns = by.user().is_some() && by.user() == self.settings.created_by;
                self.may(by, if owns { &[] } else { &[Permissions::MANAGE_SPACES] })?;
                self.settings.captions = *on;
            }
            other => {
                let Actor::Server = by else {
                    return Err(Refusal::Missing(Permissions::ADMINISTRATOR));
                };
                return self.serve(other, now);
            }
        }
        Ok(())
    }

    /// What only the server asks.
    fn serve(&mut self, command: &Command, now: Now) -> Result<(), Refusal> {
        match command {
            Command::EndSession { session, .. } => {
                self.row(*session)?;
                self.rows.retain(|row| row.id != *session);
            }
            Command::EndMember { user, .. } => self.rows.retain(|row| row.person.id != *user),
            Command::Close { .. } => {
                self.rows.clear();
                self.closed = true;
            }
            Command::Reauthorize { user, roles, base } => {
                let bits = bits(*user, roles, *base, &self.settings.overrides);
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                let own = self.rows.iter_mut().filter(|row| row.person.id == *user);
                own.for_each(|row| row.bits = bits);
            }
            Command::RequestHeard { user } => self.hear(*user, now.mono),
            report => return self.report(report),
        }
        Ok(())
    }

    fn join(&mut self, by: &Actor, join: &Join, now: Now) -> Result<(), Refusal> {
        let Actor::Caller(Caller { person, roles, base }) = by else {
            return Err(Refusal::RoomNotFound);
        };
        let free = matches!(self.settings.kind, ProfileKind::Talk | ProfileKind::Conference);
        self.may(by, if free { &[] } else { &[Permissions::CONNECT] })?;
        let limit = self.settings.member_limit;
        let others = self.people().iter().filter(|user| **user != person.id).count();
        let before = self.of(person.id).next().map(|row| row.since);
        if before.is_none() && others >= limit as usize {
            return Err(Refusal::RoomFull { limit });
        }
        if before.is_none() && self.settings.has_password && !join.unlocked {
            return Err(Refusal::InvalidPassword);
        }
        let bits = bits(person.id, roles, *base, &self.settings.overrides);
        let since = before.unwrap_or(now.wall);
        let Join { session: id, via, client, mute, deaf, .. } = join.clone();
        let again = |row: &Row| (row.person.id, row.via) == (person.id, Via::SttRoom);
        if via == Via::SttRoom && self.rows.iter().any(again) {
            self.rows
                .iter_mut()
                .filter(|row| row.person.id == person.id)
                .for_each(|row| row.bits = bits);
            self.hear(person.id, now.mono);
            return Ok(());
        }
        self.rows.retain(|r| (r.person.id, r.via, &r.client) != (person.id, via, &client));
        self.make_room_for(person.id);
        let own = self.rows.iter_mut().filter(|row| row.person.id == person.id);
        own.for_each(|row| row.bits = bits);
        let person = person.clone();
        let (speaking, camera, screen, sockets, media) = (false, false, false, 0, false);
        let (born, heard) = (now.mono, None);
        self.rows.push(Row {
            id,
            person,
            bits,
            since,
            via,
            client,
            mute,
            deaf,
            speaking,
            camera,
            screen,
            sockets,
            media,
            born,
            heard,
        });
        Ok(())
    }

    /// A ninth session takes the place of the first one that is left. Rows are in order of coming.
    fn make_room_for(&mut self, user: UserId) {
        if self.of(user).count() == 8 {
            let oldest = self.rows.iter().position(|row| row.person.id == user);
            oldest.map(|at| self.rows.remove(at));
        }
    }

    pub fn gate(&self, id: SessionId) -> Gate {
        let Some(row) = self.rows.iter().find(|row| row.id == id) else { return Gate::SHUT };
        let has = |one: Permissions| row.bits & one.bits() != 0;
        let speaks = match self.settings.kind {
            ProfileKind::Voice => has(Permissions::SPEAK),
            ProfileKind::Conference => true,
            ProfileKind::Stage => false,
            ProfileKind::Talk => self.lock.holder == Some(row.person.id),
        };
        let Marks { server_mute, server_deaf } = self.marks(row.person.id);
        let speak = speaks && !row.mute && !server_mute;
        Gate {
            speak,
            camera: has(Permissions::VIDEO),
            screen: has(Permissions::STREAM),
            receive: !row.deaf && !server_deaf,
            captions: speak && self.settings.captions,
        }
    }

    pub fn has_session(&self, id: SessionId) -> bool {
        self.rows.iter().any(|row| row.id == id)
    }

    pub fn marks(&self, user: UserId) -> Marks {
        Marks {
            server_mute: self.muted.contains(&user),
            server_deaf: self.deafened.contains(&user),
        }
    }

    fn people(&self) -> Vec<UserId> {
        let mut people: Vec<_> = self.rows.iter().map(|row| row.person.id).collect();
        people.sort();
        people.dedup();
        people
    }

    fn of(&self, user: UserId) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.person.id == user)
    }

    fn row(&mut self, id: SessionId) -> Result<&mut Row, Refusal> {
        self.rows.iter_mut().find(|row| row.id == id).ok_or(Refusal::UnknownSession)
    }

    fn own(&mut self, by: &Actor, id: SessionId) -> Result<&mut Row, Refusal> {
        let row = self.row(id)?;
        match by {
            Actor::Caller(caller) if caller.person.id != row.person.id => {
                Err(Refusal::NotYourSession)
            }
            _ => Ok(row),
        }
    }

    /// Any of these is enough, and none when none is named; the last is the one missed.
    fn may(&self, by: &Actor, any_of: &[Permissions]) -> Result<(), Refusal> {
        let Actor::Caller(Caller { person, roles, base }) = by else { return Ok(()) };
        let had = bits(person.id, roles, *base, &self.settings.overrides);
        let sees = had & Permissions::VIEW_SPACE.bits() != 0;
        if !sees && self.settings.created_by != Some(person.id) {
            return Err(Refusal::RoomNotFound);
        }
        match any_of.last() {
            Some(last) if any_of.iter().all(|p| had & p.bits() == 0) => {
                Err(Refusal::Missing(*last))
            }
            _ => Ok(()),
        }
    }
}

fn mark(marked: &mut BTreeSet<UserId>, user: UserId, on: bool) {
    if on {
        marked.insert(user)
    } else {
        marked.remove(&user)
    };
}
