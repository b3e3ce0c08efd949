//! The room written the naive way: one flat list of sessions, everything else worked out on demand.
//!
//! It follows the description of the rooms, not the crate: no members, no stored deadlines, numbers
//! written out. Only its answers are compared with the room's.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use model::{
    Now, Override, OverrideTarget, Permissions, RoleId, SessionId, Timestamp, TrackSource,
};
use model::{UserId, Via};
use room::{Actor, Caller, Command, Gate, Join, Link, Marks, MemberView, Person, ProfileKind};
use room::{Refusal, SessionView, Settings};

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
    settings: Settings,
    pub rows: Vec<Row>,
    muted: BTreeSet<UserId>,
    deafened: BTreeSet<UserId>,
    pub closed: bool,
}

impl Row {
    /// Ten seconds after the last link, or thirty without a first one.
    pub fn ends_at(&self) -> Option<Instant> {
        match (self.sockets, self.media, self.heard) {
            (0, false, Some(heard)) => Some(heard + Duration::from_secs(10)),
            (0, false, None) => Some(self.born + Duration::from_secs(30)),
            _ => None,
        }
    }
}

impl Naive {
    pub fn new(settings: Settings, muted: Vec<UserId>, deafened: Vec<UserId>) -> Self {
        let (muted, deafened) = (muted.into_iter().collect(), deafened.into_iter().collect());
        Self { settings, rows: Vec::new(), muted, deafened, closed: false }
    }

    /// Does it, or says why not.
    pub fn run(&mut self, by: &Actor, command: &Command, now: Now) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::RoomNotFound);
        }
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
            other => {
                let Actor::Server = by else {
                    return Err(Refusal::Missing(Permissions::ADMINISTRATOR));
                };
                return self.serve(other);
            }
        }
        Ok(())
    }

    /// What only the server asks.
    fn serve(&mut self, command: &Command) -> Result<(), Refusal> {
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
            report => return self.report(report),
        }
        Ok(())
    }

    /// What links and media say about one session.
    fn report(&mut self, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::LinkUp { session, link: Link::Socket } => self.row(*session)?.sockets += 1,
            Command::LinkUp { session, link: Link::Media } => self.row(*session)?.media = true,
            Command::LinkDown { session, link, last_seen } => {
                let row = self.row(*session)?;
                let was_up = if *link == Link::Media { row.media } else { row.sockets > 0 };
                if was_up {
                    row.heard = row.heard.max(Some(*last_seen));
                    row.sockets -= u32::from(*link == Link::Socket);
                    row.media &= *link != Link::Media;
                }
            }
            Command::Speaking { session, speaking } => {
                let heard = self.gate(*session).speak;
                self.row(*session)?.speaking = *speaking && heard;
            }
            Command::Source { session, source, flowing } => {
                let row = self.row(*session)?;
                match source {
                    TrackSource::Microphone => {}
                    TrackSource::Camera => row.camera = *flowing,
                    TrackSource::Screen => row.screen = *flowing,
                }
            }
            other => panic!("no report: {other:?}"),
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
        let bits = bits(person.id, roles, *base, &self.settings.overrides);
        let since = before.unwrap_or(now.wall);
        let Join { session: id, via, client, mute, deaf } = join.clone();
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

    /// Ends whose time is over.
    pub fn expire(&mut self, now: Instant) {
        self.rows.retain(|row| row.ends_at().is_none_or(|at| at > now));
    }

    pub fn gate(&self, id: SessionId) -> Gate {
        let Some(row) = self.rows.iter().find(|row| row.id == id) else { return Gate::SHUT };
        let has = |one: Permissions| row.bits & one.bits() != 0;
        let speaks = match self.settings.kind {
            ProfileKind::Voice => has(Permissions::SPEAK),
            ProfileKind::Conference => true,
            ProfileKind::Stage | ProfileKind::Talk => false,
        };
        let Marks { server_mute, server_deaf } = self.marks(row.person.id);
        Gate {
            speak: speaks && !row.mute && !server_mute,
            camera: has(Permissions::VIDEO),
            screen: has(Permissions::STREAM),
            receive: !row.deaf && !server_deaf,
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

    /// Everyone as they are to be shown.
    pub fn view(&self) -> Vec<MemberView> {
        let mut members: Vec<_> = self.people().iter().map(|user| self.member(*user)).collect();
        members.sort_by_key(|member| (member.joined_at, member.person.id));
        members
    }

    fn member(&self, user: UserId) -> MemberView {
        let mut rows: Vec<_> = self.of(user).collect();
        rows.sort_by_key(|row| row.id);
        let Marks { server_mute, server_deaf } = self.marks(user);
        let show =
            |row: &&Row| SessionView { id: row.id, via: row.via, mute: row.mute, deaf: row.deaf };
        MemberView {
            person: rows[0].person.clone(),
            permissions: Permissions::from_bits(rows[0].bits),
            joined_at: rows[0].since,
            mute: !rows.iter().any(|row| !row.mute),
            deaf: !rows.iter().any(|row| !row.deaf),
            server_mute,
            server_deaf,
            speaking: rows.iter().any(|row| row.speaking && self.gate(row.id).speak),
            camera: rows.iter().any(|row| row.camera),
            screen: rows.iter().any(|row| row.screen),
            sessions: rows.iter().map(show).collect(),
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

/// Bit by bit: the strongest level that says something about it decides.
fn bits(user: UserId, roles: &[RoleId], base: Permissions, overrides: &[Override]) -> u64 {
    if base.bits() >> 62 & 1 == 1 {
        return u64::MAX >> 1;
    }
    let level = |target: &OverrideTarget| match target {
        OverrideTarget::User(id) => (*id == user).then_some(3),
        OverrideTarget::Role(role) => roles.contains(role).then_some(2),
        OverrideTarget::Everyone => Some(1),
    };
    let has = |bit: u64| {
        let said = |o: &Override| {
            let (allow, deny) = (o.allow.bits() >> bit & 1 == 1, o.deny.bits() >> bit & 1 == 1);
            if allow || deny { level(&o.target).map(|level| (level, allow)) } else { None }
        };
        let strongest = overrides.iter().filter_map(said).max();
        strongest.map_or(base.bits() >> bit & 1 == 1, |(_, allowed)| allowed)
    };
    (0..63).filter(|bit| has(*bit)).map(|bit| 1 << bit).sum()
}
