//! The stage: speakers speak, everyone else listens and may ask to speak or be invited to.
//!
//! Being a speaker is a mark like a moderator's mute ([`crate::Marks::speaker`]): the packet path goes by
//! it, and it is kept for whoever times out. Who leaves, or is put out or moved, gives it up. Requests
//! and invites are only a member's: they end with the last session, and nobody is told of that.
//!
//! - Requests are ordered by their time, which rises even when the wall clock does not. They end by being
//!   taken back, by becoming a speaker and by leaving; a declined invite leaves the hand up, as a person
//!   may want to speak later.
//! - An invite lives for [`INVITE_TTL`]. Its end is an event like any other ([`Room::due`]); until it is
//!   told the person is still shown as invited, but an answer comes too late. Another invite before that
//!   takes the place of the first and has its own end.
//! - What changes nothing is no event: a request of who asked already, an invite of a speaker.
//!
//! Asked in this order: may they know of the room, is it a stage, do they have the permission, are the
//! people concerned in. Moderators need not be in themselves.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use model::{Now, Permissions, Timestamp, UserId};

use crate::actor::Actor;
use crate::end::EndReason;
use crate::event::Event;
use crate::member::{Marks, Member};
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;

/// An invite that nobody answers ends after this long (seed 000's clients' rule): time to finish a
/// sentence elsewhere. More would have people come on stage whom nobody expects any more.
pub const INVITE_TTL: Duration = Duration::from_secs(300);

/// What a member of a stage does there. The text forms are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StageRole {
    /// May be heard and seen.
    Speaker,
    /// Hears and sees.
    Listener,
}

impl StageRole {
    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Speaker => "speaker",
            Self::Listener => "listener",
        }
    }
}

/// How an invite to speak ended without a speaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InviteEnd {
    /// The invited said no.
    Declined,
    /// The invited said nothing for [`INVITE_TTL`].
    Expired,
    /// A moderator took it back.
    Revoked,
}

/// Why somebody is a speaker no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RevokeReason {
    /// By a moderator.
    Revoked,
    /// By themselves, and they stay as a listener.
    SteppedDown,
    /// Their last session ends, and not by an accident.
    Left,
}

/// What a room knows about its stage, beside who speaks. About members only.
#[derive(Clone, Debug, Default)]
pub(crate) struct StageState {
    /// When each asked to speak; no two at the same time.
    requests_by_user: BTreeMap<UserId, Timestamp>,
    invites_by_user: BTreeMap<UserId, Invite>,
}

/// An invite that was neither answered nor told to be over.
#[derive(Clone, Copy, Debug)]
struct Invite {
    by: Option<UserId>,
    expires: Instant,
}

impl Invite {
    fn is_over(&self, now: Now) -> bool {
        self.expires <= now.mono
    }
}

impl Room {
    /// The members who decide who speaks: whom requests concern.
    pub fn stage_moderators(&self) -> Vec<UserId> {
        let moderates = |member: &&Member| member.may(Permissions::STAGE_MODERATOR);
        self.members.values().filter(moderates).map(|member| member.person.id).collect()
    }

    pub(crate) fn decide_request_to_speak(
        &self,
        by: &Actor,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let user = self.on_stage(by)?.person.id;
        if self.marks(user).speaker || self.stage.requests_by_user.contains_key(&user) {
            return Ok(Vec::new());
        }
        let last = self.stage.requests_by_user.values().max();
        let after_last = last.map(|at| at.plus(Duration::from_micros(1)));
        let at = after_last.map_or(now.wall, |after_last| now.wall.max(after_last));
        Ok(vec![Event::SpeakRequested { user, at }])
    }

    pub(crate) fn decide_withdraw_request(&self, by: &Actor) -> Result<Vec<Event>, Refusal> {
        let user = self.on_stage(by)?.person.id;
        if self.marks(user).speaker {
            let why = RevokeReason::SteppedDown;
            return Ok(vec![Event::SpeakerRevoked { user, by: None, why }]);
        }
        let asked = self.stage.requests_by_user.contains_key(&user);
        Ok(asked.then_some(Event::SpeakRequestWithdrawn { user }).into_iter().collect())
    }

    pub(crate) fn decide_invite_to_speak(
        &self,
        by: &Actor,
        user: UserId,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        self.moderates_stage(by)?;
        let by = by.user();
        if !self.members.contains_key(&user) {
            return Err(Refusal::TargetNotInRoom);
        }
        if self.marks(user).speaker {
            return Ok(Vec::new());
        }
        if by == Some(user) {
            return Ok(vec![Event::SpeakerMade { user, by }]);
        }
        let (expires, expires_at) = (now.mono + INVITE_TTL, now.wall.plus(INVITE_TTL));
        Ok(vec![Event::SpeakerInvited { user, by, expires, expires_at }])
    }

    pub(crate) fn decide_respond_invite(
        &self,
        by: &Actor,
        accepted: bool,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        let user = self.on_stage(by)?.person.id;
        let invite = self.live_invite(user, now).ok_or(Refusal::NoPendingInvite)?;
        let declined = Event::InviteEnded { user, why: InviteEnd::Declined };
        let made = Event::SpeakerMade { user, by: invite.by };
        Ok(vec![if accepted { made } else { declined }])
    }

    pub(crate) fn decide_revoke_speaker(
        &self,
        by: &Actor,
        user: UserId,
        now: Now,
    ) -> Result<Vec<Event>, Refusal> {
        self.moderates_stage(by)?;
        if self.marks(user).speaker {
            let why = RevokeReason::Revoked;
            return Ok(vec![Event::SpeakerRevoked { user, by: by.user(), why }]);
        }
        if !self.members.contains_key(&user) {
            return Err(Refusal::TargetNotInRoom);
        }
        let ended = Event::InviteEnded { user, why: InviteEnd::Revoked };
        Ok(self.live_invite(user, now).map(|_| ended).into_iter().collect())
    }

    pub(crate) fn decide_set_topic(
        &self,
        by: &Actor,
        topic: String,
    ) -> Result<Vec<Event>, Refusal> {
        self.moderates_stage(by)?;
        let topic = Some(topic).filter(|topic| !topic.is_empty());
        if topic == self.settings().topic {
            return Ok(Vec::new());
        }
        Ok(vec![Event::TopicChanged { topic, by: by.user() }])
    }

    /// The member who asks for themselves.
    fn on_stage(&self, by: &Actor) -> Result<&Member, Refusal> {
        let member = self.asking(by)?;
        self.is_stage()?;
        member.ok_or(Refusal::NotInRoom)
    }

    fn moderates_stage(&self, by: &Actor) -> Result<(), Refusal> {
        policy::check(self.settings(), by, Action::View)?;
        self.is_stage()?;
        policy::check(self.settings(), by, Action::ModerateStage)
    }

    fn is_stage(&self) -> Result<(), Refusal> {
        if self.settings().kind.profile().has_stage() { Ok(()) } else { Err(Refusal::NoStage) }
    }

    fn live_invite(&self, user: UserId, now: Now) -> Option<&Invite> {
        self.stage.invites_by_user.get(&user).filter(|invite| !invite.is_over(now))
    }

    /// When the first invite ends by itself.
    pub(crate) fn invites_expire(&self) -> Option<Instant> {
        self.stage.invites_by_user.values().map(|invite| invite.expires).min()
    }

    /// The ends of invites that were not answered in time.
    pub(crate) fn invites_expired(&self, now: Now) -> impl Iterator<Item = Event> {
        let over = self.stage.invites_by_user.iter().filter(move |(_, invite)| invite.is_over(now));
        over.map(|(user, _)| Event::InviteEnded { user: *user, why: InviteEnd::Expired })
    }

    /// What comes before the last session of a member ends: a speaker who goes gives the role up. Who is
    /// lost by an accident has it again on coming back.
    pub(crate) fn stage_left(&self, user: UserId, reason: EndReason) -> Option<Event> {
        let gives_up = self.marks(user).speaker && reason.is_departure();
        let why = RevokeReason::Left;
        gives_up.then_some(Event::SpeakerRevoked { user, by: None, why })
    }

    pub(crate) fn stage_role(&self, user: UserId) -> Option<StageRole> {
        self.is_stage().ok()?;
        let speaks = self.marks(user).speaker;
        Some(if speaks { StageRole::Speaker } else { StageRole::Listener })
    }

    pub(crate) fn requested_at(&self, user: UserId) -> Option<Timestamp> {
        self.stage.requests_by_user.get(&user).copied()
    }

    pub(crate) fn is_invited(&self, user: UserId) -> bool {
        self.stage.invites_by_user.contains_key(&user)
    }

    pub(crate) fn apply_requested(&mut self, user: UserId, at: Timestamp) {
        if self.members.contains_key(&user) {
            self.stage.requests_by_user.insert(user, at);
        }
    }

    pub(crate) fn apply_request_withdrawn(&mut self, user: UserId) {
        self.stage.requests_by_user.remove(&user);
    }

    pub(crate) fn apply_invited(&mut self, user: UserId, by: Option<UserId>, expires: Instant) {
        if self.members.contains_key(&user) {
            self.stage.invites_by_user.insert(user, Invite { by, expires });
        }
    }

    pub(crate) fn apply_invite_ended(&mut self, user: UserId) {
        self.stage.invites_by_user.remove(&user);
    }

    pub(crate) fn apply_speaker(&mut self, user: UserId, speaker: bool) {
        self.apply_marks(user, |had| Marks { speaker, ..had });
        if speaker {
            self.forget_on_stage(user);
        }
    }

    /// What a speaker needs no more, and who is gone does not leave behind.
    pub(crate) fn forget_on_stage(&mut self, user: UserId) {
        self.stage.requests_by_user.remove(&user);
        self.stage.invites_by_user.remove(&user);
    }

    pub(crate) fn check_stage(&self) {
        if !cfg!(debug_assertions) {
            return;
        }
        let StageState { requests_by_user, invites_by_user } = &self.stage;
        for user in requests_by_user.keys().chain(invites_by_user.keys()) {
            debug_assert!(self.members.contains_key(user), "who asks or is invited is a member");
            debug_assert!(!self.marks(*user).speaker, "a speaker neither asks nor is invited");
            debug_assert!(self.is_stage().is_ok(), "a request or an invite without a stage");
        }
        let times: BTreeSet<_> = requests_by_user.values().collect();
        debug_assert!(times.len() == requests_by_user.len(), "requests are in an order");
        let speaks = |marks: &Marks| marks.speaker;
        let nobody = !self.marks_by_user.values().any(speaks);
        debug_assert!(nobody || self.is_stage().is_ok(), "a speaker without a stage");
    }
}
