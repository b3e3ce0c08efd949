//! The room written the naive way: one flat list of sessions, everything else worked out on demand.
//!
//! It follows the description of the rooms, not the crate: no members, no stored deadlines, numbers
//! written out. Only its answers are compared with the room's.

mod calls;
mod floor;
mod life;
mod rights;
mod shown;
mod stage;
mod visit;

use std::collections::BTreeSet;
use std::time::Instant;

use model::{Now, Permissions, RoleId, SessionId, Timestamp, UserId, Via};
use room::{Actor, Call, Caller, Command, EndReason, Gate, Marks, Person, ProfileKind, Refusal};
use room::{Settings, SettingsChange};

use floor::Lock;
use rights::bits;
use stage::Invite;

use crate::steps::Given;

/// One session, with all that is known about it and its person.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub id: SessionId,
    pub person: Person,
    roles: Vec<RoleId>,
    base: Permissions,
    bits: u64,
    since: Timestamp,
    pub via: Via,
    pub client: Option<String>,
    mute: bool,
    deaf: bool,
    /// A camera and a screen, as the client has it.
    says: (bool, bool),
    /// No camera is to be seen.
    video_mute: bool,
    hand: Option<Timestamp>,
    speaking: bool,
    camera: bool,
    screen: bool,
    pub sockets: u32,
    pub media: bool,
    born: Instant,
    heard: Option<Instant>,
    detached: bool,
}

/// The rooms' description, executable.
#[derive(Clone, Debug, PartialEq)]
pub struct Naive {
    pub settings: Settings,
    pub rows: Vec<Row>,
    muted: BTreeSet<UserId>,
    deafened: BTreeSet<UserId>,
    unseen: BTreeSet<UserId>,
    speakers: BTreeSet<UserId>,
    /// Who asks to speak, first come first.
    pub hands: Vec<(UserId, Timestamp)>,
    pub invites: Vec<Invite>,
    pub lock: Lock,
    /// Who came to the door by two steps: waits, may come in, or is in.
    pub calls: Vec<(SessionId, Call)>,
    /// By which name, and who, until when.
    turned_away: Vec<(String, Option<UserId>, Instant)>,
    /// How often somebody was heard of, which is told whether or not it moves anything.
    heard: u32,
    /// How often something was told that changes nothing.
    told: u32,
    pub closed: bool,
}

impl Naive {
    pub fn new(given: Given) -> Self {
        let Given { settings, muted, deafened, speakers } = given;
        let (muted, deafened) = (muted.into_iter().collect(), deafened.into_iter().collect());
        let is_stage = settings.kind == ProfileKind::Stage;
        let speakers = speakers.into_iter().filter(|_| is_stage).collect();
        let (rows, hands, invites, lock, heard, closed) = Default::default();
        let (unseen, told, calls, turned_away) = Default::default();
        Self {
            settings,
            rows,
            muted,
            deafened,
            unseen,
            speakers,
            hands,
            invites,
            lock,
            calls,
            turned_away,
            heard,
            told,
            closed,
        }
    }

    /// Does it, or says why not.
    pub fn run(&mut self, by: &Actor, command: &Command, now: Now) -> Result<(), Refusal> {
        if self.closed {
            return Err(Refusal::RoomNotFound);
        }
        let (were_in, before) = (self.people(), self.in_by_session());
        self.carry_out(by, command, now)?;
        self.clear_calls(&before);
        self.free_if_holder_is_out();
        self.clear_stage(&were_in, reason_of(by, command));
        Ok(())
    }

    fn carry_out(&mut self, by: &Actor, command: &Command, now: Now) -> Result<(), Refusal> {
        match command {
            Command::Join(join) => return self.join(by, join, now),
            Command::Leave { session } => {
                self.own(by, *session)?;
                self.rows.retain(|row| row.id != *session);
            }
            Command::SetSelf { session, mute, deaf, camera, screen, video_mute } => {
                let row = self.own(by, *session)?;
                row.mute = mute.unwrap_or(row.mute);
                row.deaf = deaf.unwrap_or(row.deaf);
                row.video_mute = video_mute.unwrap_or(row.video_mute);
                row.says = (camera.unwrap_or(row.says.0), screen.unwrap_or(row.says.1));
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
            Command::ServerVideoMute { user, muted } => {
                self.may(by, &[Permissions::MUTE_MEMBERS])?;
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                mark(&mut self.unseen, *user, *muted);
            }
            Command::SetHand { session, raised } => {
                // Later than all that are up, whatever the clock says.
                let last = self.rows.iter().filter_map(|row| row.hand).max();
                let next = last.map(|at| Timestamp::from_micros(at.as_micros() + 1));
                let row = self.own(by, *session)?;
                let at = row.hand.or(Some(now.wall.max(next.unwrap_or(now.wall))));
                row.hand = at.filter(|_| *raised);
            }
            Command::React { session, .. } => {
                self.own(by, *session)?;
                self.told += 1;
            }
            Command::Kick { user } => {
                self.may(by, &[Permissions::MUTE_MEMBERS, Permissions::MOVE_MEMBERS])?;
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                self.calls.retain(|(id, call)| {
                    call.user != *user
                        || !call.admitted
                        || self.rows.iter().any(|row| row.id == *id)
                });
                self.rows.retain(|row| row.person.id != *user);
            }
            Command::LeaveAll => {
                let user = self.asking(by)?.ok_or(Refusal::NotInRoom)?;
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
                self.may_manage(by)?;
                self.settings.captions = *on;
            }
            Command::ChangeSettings(change) => {
                self.may_manage(by)?;
                self.change(change.clone());
            }
            Command::MoveOut { user, to } => {
                self.may(by, &[Permissions::MOVE_MEMBERS])?;
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                let stays = *to == self.settings.id;
                self.rows.retain(|row| row.person.id != *user || stays);
            }
            Command::RequestToSpeak
            | Command::WithdrawRequest
            | Command::InviteToSpeak { .. }
            | Command::RespondInvite { .. }
            | Command::RevokeSpeaker { .. }
            | Command::SetTopic { .. } => return self.act_on_stage(by, command, now),
            Command::Knock(_)
            | Command::Nudge { .. }
            | Command::AllowCall { .. }
            | Command::RejectCall { .. } => return self.at_the_door(by, command, now),
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
            Command::HangUp { session } => self.hang_up(*session),
            Command::Close { .. } => {
                self.rows.clear();
                self.calls.clear();
                self.closed = true;
            }
            Command::Reauthorize { user, roles, base } => {
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                self.reauthorize(*user, roles, *base);
            }
            Command::RequestHeard { user } => self.hear(*user, now.mono),
            report => return self.report(report),
        }
        Ok(())
    }

    /// What everyone may do is worked out anew.
    fn change(&mut self, change: SettingsChange) {
        let settings = &mut self.settings;
        settings.name = change.name.unwrap_or(settings.name.clone());
        settings.member_limit = change.member_limit.unwrap_or(settings.member_limit);
        settings.overrides = change.overrides.unwrap_or(settings.overrides.clone());
        settings.admission = change.admission.unwrap_or(settings.admission.clone());
        for row in &mut self.rows {
            row.bits = bits(row.person.id, &row.roles, row.base, &self.settings);
        }
    }

    fn reauthorize(&mut self, user: UserId, roles: &[RoleId], base: Permissions) {
        let bits = bits(user, roles, base, &self.settings);
        for row in self.rows.iter_mut().filter(|row| row.person.id == user) {
            (row.roles, row.base, row.bits) = (roles.to_vec(), base, bits);
        }
    }

    pub fn gate(&self, id: SessionId) -> Gate {
        let Some(row) = self.rows.iter().find(|row| row.id == id) else { return Gate::SHUT };
        let has = |one: Permissions| row.bits & one.bits() != 0;
        let speaks = match self.settings.kind {
            ProfileKind::Voice => has(Permissions::SPEAK),
            ProfileKind::Conference => true,
            ProfileKind::Stage => self.speakers.contains(&row.person.id),
            ProfileKind::Talk => self.lock.holder == Some(row.person.id),
        };
        let Marks { server_mute, server_deaf, server_video_mute, speaker } =
            self.marks(row.person.id);
        let speak = speaks && !row.mute && !server_mute;
        let seen = self.settings.kind != ProfileKind::Stage || speaker;
        Gate {
            speak,
            camera: seen && has(Permissions::VIDEO) && !row.video_mute && !server_video_mute,
            screen: seen && has(Permissions::STREAM),
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
            server_video_mute: self.unseen.contains(&user),
            speaker: self.speakers.contains(&user),
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

    fn may_manage(&self, by: &Actor) -> Result<(), Refusal> {
        let owns = by.user().is_some() && by.user() == self.settings.created_by;
        self.may(by, if owns { &[] } else { &[Permissions::MANAGE_SPACES] })
    }

    /// Any of these is enough, and none when none is named; the last is the one missed.
    fn may(&self, by: &Actor, any_of: &[Permissions]) -> Result<(), Refusal> {
        let Actor::Caller(Caller { person, roles, base }) = by else { return Ok(()) };
        let had = bits(person.id, roles, *base, &self.settings);
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

/// Why people are out after a command, if any are.
fn reason_of(by: &Actor, command: &Command) -> EndReason {
    match command {
        Command::Kick { .. } => EndReason::Kicked { by: by.user() },
        Command::MoveOut { to, .. } => EndReason::MovedTo { room: *to, by: by.user() },
        Command::EndSession { reason, .. }
        | Command::EndMember { reason, .. }
        | Command::Close { reason } => *reason,
        _ => EndReason::Left,
    }
}

fn mark(marked: &mut BTreeSet<UserId>, user: UserId, on: bool) {
    if on {
        marked.insert(user)
    } else {
        marked.remove(&user)
    };
}
