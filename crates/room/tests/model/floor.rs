//! The naive lock: one name, and when it is over.

use std::time::{Duration, Instant};

use model::{Now, Timestamp, UserId};
use room::{Actor, Floor, ProfileKind, Refusal};

use super::Naive;

/// Who has it. What stands beside no name means nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Lock {
    pub holder: Option<UserId>,
    number: u64,
    until: Option<(Instant, Timestamp)>,
}

impl Lock {
    pub fn shown(&self) -> Option<Floor> {
        let (holder, (_, expires_at)) = self.holder.zip(self.until)?;
        Some(Floor { holder, fence: self.number, expires_at })
    }

    /// When it falls free by itself.
    pub fn ends_at(&self) -> Option<Instant> {
        self.holder.and(self.until).map(|(until, _)| until)
    }
}

impl Naive {
    pub(super) fn take_floor(&mut self, by: &Actor, now: Now) -> Result<(), Refusal> {
        let member = self.asking(by)?;
        if self.settings.kind != ProfileKind::Talk {
            return Err(Refusal::NotSpeaker);
        }
        let user = member.ok_or(Refusal::NotAParticipant)?;
        // A refusal leaves everything as it was, and nobody is refused a floor that is over.
        self.free_if_over(now.mono);
        match self.lock.holder {
            Some(holder) if holder != user => return Err(Refusal::SpeakerTaken),
            Some(_) => {}
            None => {
                let micros = now.wall.as_micros().unsigned_abs();
                self.lock.number = micros.max(self.lock.number + 1);
                self.lock.holder = Some(user);
            }
        }
        self.keep_floor(now);
        Ok(())
    }

    pub(super) fn own_floor(&self, by: &Actor, now: Now) -> Result<(), Refusal> {
        let member = self.asking(by)?;
        let lasts = self.lock.ends_at().is_some_and(|at| at > now.mono);
        if lasts && member == self.lock.holder { Ok(()) } else { Err(Refusal::NotSpeaker) }
    }

    pub(super) fn keep_floor(&mut self, now: Now) {
        let later = now.plus(Duration::from_secs(20));
        self.lock.until = Some((later.mono, later.wall));
        self.heard += 1;
    }

    pub(super) fn free_if_over(&mut self, now: Instant) {
        if self.lock.ends_at().is_some_and(|at| at <= now) {
            self.lock.holder = None;
        }
    }

    pub(super) fn free_if_holder_is_out(&mut self) {
        self.lock.holder = self.lock.holder.filter(|user| self.of(*user).next().is_some());
    }

    /// The person who asks, if they are in; who may not know of the room is told that there is none.
    pub(super) fn asking(&self, by: &Actor) -> Result<Option<UserId>, Refusal> {
        match by.user().filter(|user| self.of(*user).next().is_some()) {
            None => self.may(by, &[]).map(|()| None),
            member => Ok(member),
        }
    }
}
