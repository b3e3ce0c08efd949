//! The naive door: a list of those who came to it by two steps, and a list of who was turned away.

use std::time::Duration;

use model::{Now, Permissions, SessionId, UserId, Via};
use room::{Actor, Call, Caller, Command, Knock, ProfileKind, Refusal, Shown};

use super::Naive;
use super::rights::bits;

/// What the door says to somebody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Door {
    Open,
    AsksPassword,
    Waits,
}

/// A session that is in.
pub(super) struct Inside {
    session: SessionId,
    user: UserId,
    /// Has come to the door without an account.
    guest: bool,
}

impl Naive {
    /// What is done at the door.
    pub(super) fn at_the_door(
        &mut self,
        by: &Actor,
        command: &Command,
        now: Now,
    ) -> Result<(), Refusal> {
        match command {
            Command::Knock(knock) => self.knock(by, knock, now),
            Command::Nudge { session } => self.nudge(by, *session, now),
            Command::AllowCall { call } => {
                let at = self.who_waits(by, call)?;
                self.calls[at].1.admitted = true;
                Ok(())
            }
            Command::RejectCall { call } => {
                let at = self.who_waits(by, call)?;
                let (_, call) = self.calls.remove(at);
                // What is over is forgotten when the next one is turned away.
                self.turned_away.retain(|(_, _, until)| *until > now.mono);
                let user = if call.guest { None } else { Some(call.user) };
                self.turned_away.push((call.id, user, now.mono + Duration::from_secs(30)));
                Ok(())
            }
            other => panic!("not at the door: {other:?}"),
        }
    }

    fn knock(&mut self, by: &Actor, knock: &Knock, now: Now) -> Result<(), Refusal> {
        let Actor::Caller(caller) = by else { return Err(Refusal::RoomNotFound) };
        let is_meeting = self.settings.kind == ProfileKind::Conference;
        self.may(by, if is_meeting { &[] } else { &[Permissions::CONNECT] })?;
        let Knock { session, call: id, name, guest, via, shown } = knock.clone();
        let before = self.calls.iter().find(|(known, _)| *known == session);
        let (is_let_in, has_waited) =
            (before.is_some_and(|(_, call)| call.admitted), before.is_some());
        if is_let_in {
            return Ok(());
        }
        let called = self.calls.iter().any(|(other, call)| *other != session && call.id == id);
        let named = self.rows.iter().filter(|row| row.id != session && row.via == Via::Aura);
        if called || named.clone().any(|row| row.client.as_ref() == Some(&id)) {
            return Err(Refusal::CallTaken);
        }
        let user = caller.person.id;
        let (asked_at, admitted, invitation) = (now.mono, false, None);
        let call = Call { id, name, user, guest, via, admitted, asked_at, invitation };
        let admitted = match self.door(by, shown) {
            Door::AsksPassword => return Err(Refusal::InvalidPassword),
            Door::Open => true,
            Door::Waits if self.is_turned_away(&call, now) => return Err(Refusal::TurnedAway),
            Door::Waits if has_waited => return Ok(()),
            Door::Waits => false,
        };
        if admitted {
            self.check_place(user)?;
        }
        self.calls.retain(|(other, _)| *other != session);
        self.calls.push((session, Call { admitted, ..call }));
        Ok(())
    }

    fn is_turned_away(&self, call: &Call, now: Now) -> bool {
        let by_name = |id: &String| *id == call.id;
        let by_person = |user: &Option<UserId>| user.is_some_and(|user| user == call.user);
        let mut away = self.turned_away.iter().filter(|(_, _, until)| *until > now.mono);
        away.any(|(id, user, _)| by_name(id) || by_person(user))
    }

    fn nudge(&mut self, by: &Actor, session: SessionId, now: Now) -> Result<(), Refusal> {
        let waits = |(id, call): &&mut (SessionId, Call)| *id == session && !call.admitted;
        let found =
            self.calls.iter_mut().find(waits).filter(|(_, call)| by.user() == Some(call.user));
        let (_, call) = found.ok_or(Refusal::CallNotAdmitted)?;
        if now.mono >= call.asked_at + Duration::from_secs(5) {
            call.asked_at = now.mono;
        }
        Ok(())
    }

    /// Whom an admin means who decides.
    fn who_waits(&self, by: &Actor, id: &str) -> Result<usize, Refusal> {
        self.may(by, &[Permissions::MUTE_MEMBERS])?;
        match self.calls.iter().position(|(_, call)| call.id == id) {
            Some(at) if self.calls[at].1.admitted => Err(Refusal::AlreadyDecided),
            Some(at) => Ok(at),
            None if self.turned_away.iter().any(|(name, _, _)| name == id) => {
                Err(Refusal::AlreadyDecided)
            }
            None => Err(Refusal::NobodyWaiting),
        }
    }

    /// A client is gone, wherever it had come to.
    pub(super) fn hang_up(&mut self, session: SessionId) {
        if self.has_session(session) {
            self.rows.retain(|row| row.id != session);
        } else {
            self.calls.retain(|(id, _)| *id != session);
        }
    }

    /// Who was in by a call and is out has none any more, and of a guest who is out nothing is kept.
    pub(super) fn clear_calls(&mut self, before: &[Inside]) {
        let are_in: Vec<SessionId> = self.rows.iter().map(|row| row.id).collect();
        let people = self.people();
        for Inside { user, guest, .. } in before.iter().filter(|it| !people.contains(&it.user)) {
            if !self.closed && *guest {
                self.muted.remove(user);
                self.deafened.remove(user);
                self.unseen.remove(user);
                self.speakers.remove(user);
            }
        }
        let ended =
            |id: &SessionId| before.iter().any(|was| was.session == *id) && !are_in.contains(id);
        self.calls.retain(|(id, _)| !ended(id));
    }

    /// Who is in just now.
    pub(super) fn in_by_session(&self) -> Vec<Inside> {
        let is_guest = |user| self.calls.iter().any(|(_, call)| call.user == user && call.guest);
        let inside = self.rows.iter().map(|row| {
            let user = row.person.id;
            Inside { session: row.id, user, guest: is_guest(user) }
        });
        inside.collect()
    }

    /// Refuses who comes by a door with two steps and has not done the first.
    pub(super) fn check_first_step(
        &self,
        user: UserId,
        session: SessionId,
        via: Via,
    ) -> Result<(), Refusal> {
        let is_own = |call: &Call| call.admitted && call.user == user;
        let done = self.calls.iter().any(|(id, call)| *id == session && is_own(call));
        if via != Via::Aura || done { Ok(()) } else { Err(Refusal::CallNotAdmitted) }
    }

    /// Refuses who is not in and may not come in, by whichever door.
    pub(super) fn check_door(
        &self,
        by: &Actor,
        session: SessionId,
        unlocked: bool,
    ) -> Result<(), Refusal> {
        if self.calls.iter().any(|(id, call)| *id == session && call.admitted) {
            return Ok(());
        }
        match self.door(by, if unlocked { Shown::Right } else { Shown::Nothing }) {
            Door::Open => Ok(()),
            Door::AsksPassword => Err(Refusal::InvalidPassword),
            Door::Waits => Err(Refusal::MustWait),
        }
    }

    /// The table of the page, row by row.
    fn door(&self, by: &Actor, shown: Shown) -> Door {
        let right = shown == Shown::Right;
        let locked = |locked: bool| if locked && !right { Door::AsksPassword } else { Door::Open };
        if self.settings.kind != ProfileKind::Conference {
            return locked(self.settings.has_password);
        }
        let admission = &self.settings.admission;
        let Actor::Caller(Caller { person, roles, base }) = by else { return Door::Open };
        let listed = admission.members.iter().any(|member| member.user == person.id);
        let had = bits(person.id, roles, *base, &self.settings);
        let admin = had & Permissions::MUTE_MEMBERS.bits() != 0;
        if admission.open {
            return Door::Open;
        }
        if admission.force_password && !right {
            return Door::AsksPassword;
        }
        let passes = match admission.force_waiting_room {
            true => admin,
            false => admission.force_password || listed || admin || right,
        };
        if passes { Door::Open } else { Door::Waits }
    }
}
