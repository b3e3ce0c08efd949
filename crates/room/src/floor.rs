//! The floor of a talk room, its speaker lock: one member holds it, for a while, and is heard.
//!
//! It is the member's and not a session's, and comes back before their last session ends: the holder is
//! always in the room. Time that ran out is an event like any other ([`Room::due`]); until it is told,
//! the holder is still shown and heard, but cannot keep the floor any more, and anyone may take it.

use std::time::Instant;

use model::{Now, Timestamp, UserId};

use crate::actor::Actor;
use crate::event::{Event, FloorEnd};
use crate::profile::SpeakRule;
use crate::refusal::Refusal;
use crate::room::Room;

/// Who holds a room's floor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Floor {
    /// The member who is heard.
    pub holder: UserId,
    /// The number of this grant. Later grants of the room have higher ones, also after a restart:
    /// who comes late with an old number held the floor before somebody else.
    pub fence: u64,
    /// It falls free then unless it is kept.
    pub expires_at: Timestamp,
}

/// What a room knows about its floor.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct FloorState {
    held: Option<Held>,
    /// The highest number that a grant had.
    last_fence: u64,
}

/// A floor that somebody holds, in both clocks.
#[derive(Clone, Copy, Debug)]
struct Held {
    user: UserId,
    fence: u64,
    expires: Instant,
    expires_at: Timestamp,
}

impl Held {
    fn is_over(&self, now: Now) -> bool {
        self.expires <= now.mono
    }

    fn released(self, reason: FloorEnd) -> Event {
        Event::FloorReleased { user: self.user, fence: self.fence, reason }
    }
}

impl Room {
    /// Who holds the floor. One whose time is over is listed until [`Room::due`] has said so.
    pub fn floor(&self) -> Option<Floor> {
        let Held { user, fence, expires_at, .. } = self.floor.held?;
        Some(Floor { holder: user, fence, expires_at })
    }

    pub(crate) fn holds_floor(&self, user: UserId) -> bool {
        self.floor.held.is_some_and(|held| held.user == user)
    }

    pub(crate) fn floor_expires(&self) -> Option<Instant> {
        self.floor.held.map(|held| held.expires)
    }

    pub(crate) fn decide_take_floor(&self, by: &Actor, now: Now) -> Result<Vec<Event>, Refusal> {
        let member = self.asking(by)?;
        if self.settings().kind.profile().speak != SpeakRule::FloorHolder {
            return Err(Refusal::NotSpeaker);
        }
        let user = member.ok_or(Refusal::NotAParticipant)?.person.id;
        match self.floor.held {
            None => Ok(vec![self.granted(user, now)]),
            Some(held) if held.is_over(now) => {
                Ok(vec![held.released(FloorEnd::Expired), self.granted(user, now)])
            }
            // What a client needs that has not heard the answer and asks again.
            Some(held) if held.user == user => Ok(vec![self.kept(held, now)]),
            Some(_) => Err(Refusal::SpeakerTaken),
        }
    }

    pub(crate) fn decide_keep_floor(&self, by: &Actor, now: Now) -> Result<Vec<Event>, Refusal> {
        self.held_by(by, now).map(|held| vec![self.kept(held, now)])
    }

    pub(crate) fn decide_release_floor(&self, by: &Actor, now: Now) -> Result<Vec<Event>, Refusal> {
        self.held_by(by, now).map(|held| vec![held.released(FloorEnd::Released)])
    }

    /// The caller's own floor, while its time lasts.
    fn held_by(&self, by: &Actor, now: Now) -> Result<Held, Refusal> {
        let user = self.asking(by)?.map(|member| member.person.id);
        let own = |held: &Held| Some(held.user) == user && !held.is_over(now);
        self.floor.held.filter(own).ok_or(Refusal::NotSpeaker)
    }

    fn granted(&self, user: UserId, now: Now) -> Event {
        // The wall clock keeps numbers rising over restarts, which forget the last one.
        let micros = u64::try_from(now.wall.as_micros()).unwrap_or(0);
        let fence = micros.max(self.floor.last_fence.saturating_add(1));
        let (expires, expires_at) = self.floor_until(now);
        Event::FloorTaken { user, fence, expires, expires_at }
    }

    fn kept(&self, Held { user, fence, .. }: Held, now: Now) -> Event {
        let (expires, expires_at) = self.floor_until(now);
        Event::FloorKept { user, fence, expires, expires_at }
    }

    fn floor_until(&self, now: Now) -> (Instant, Timestamp) {
        let ttl = self.timing.speaker_ttl;
        (now.mono + ttl, now.wall.plus(ttl))
    }

    /// The end of a floor that was held too long.
    pub(crate) fn floor_expired(&self, now: Now) -> Option<Event> {
        let over = self.floor.held.filter(|held| held.is_over(now))?;
        Some(over.released(FloorEnd::Expired))
    }

    /// What comes before the last session of a member ends: nobody holds the floor from outside.
    pub(crate) fn floor_left(&self, user: UserId, now: Now) -> Option<Event> {
        let held = self.floor.held.filter(|held| held.user == user)?;
        let reason = if held.is_over(now) { FloorEnd::Expired } else { FloorEnd::Left };
        Some(held.released(reason))
    }

    pub(crate) fn apply_floor_held(
        &mut self,
        user: UserId,
        fence: u64,
        expires: Instant,
        expires_at: Timestamp,
    ) {
        self.floor.last_fence = self.floor.last_fence.max(fence);
        self.floor.held = Some(Held { user, fence, expires, expires_at });
    }

    pub(crate) fn apply_floor_released(&mut self, fence: u64) {
        self.floor.held = self.floor.held.filter(|held| held.fence != fence);
    }

    pub(crate) fn check_floor(&self) {
        let Some(held) = self.floor.held else { return };
        debug_assert!(self.members.contains_key(&held.user), "the floor's holder is a member");
        debug_assert!(held.fence <= self.floor.last_fence, "a grant's number is known");
        let rule = self.settings().kind.profile().speak;
        debug_assert!(rule == SpeakRule::FloorHolder, "a floor where nobody asks for it");
    }
}
