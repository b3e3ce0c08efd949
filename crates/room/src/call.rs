//! A call: one client that comes in by two steps, and what can become of it before it is in.

use std::time::Instant;

use model::{SessionId, UserId, Via};

use crate::actor::Person;
use crate::event::Audience;

/// A call: somebody who wants to come in or is wanted inside, may come in, or is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// What its client calls it.
    pub id: String,
    /// What others read.
    pub name: String,
    /// Whose.
    pub user: UserId,
    /// Without an account.
    pub guest: bool,
    /// Through which door.
    pub via: Via,
    /// Let in. Otherwise it waits.
    pub admitted: bool,
    /// When it last asked, if it waits.
    pub asked_at: Instant,
    /// Somebody inside wanted it: it was admitted before its client was there.
    pub invitation: Option<Box<Invitation>>,
}

/// That somebody inside wants somebody to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Whom, as it was typed.
    pub destination: String,
    /// Who wants it.
    pub by: Person,
    /// The call by which they said so, if they have one: it is told when nobody comes.
    pub by_call: Option<SessionId>,
    /// It rings until then. `None`: somebody answered.
    pub rings_until: Option<Instant>,
}

/// What became of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallChange {
    /// Nobody expects it: it waits to be let in.
    Waits,
    /// It asks again for somebody to let it in.
    StillWaits {
        /// When.
        at: Instant,
    },
    /// It may come in.
    Admitted {
        /// The admin who decided it. `None`: nobody had to.
        by: Option<UserId>,
    },
    /// It waited, and an admin turned it away, or the room was closed.
    Rejected {
        /// The admin who did it; `None` is the server.
        by: Option<UserId>,
        /// They may ask again then.
        until: Instant,
    },
    /// It is over, and had not come in.
    Ended {
        /// It waited, and had not been let in.
        waited: bool,
    },
    /// An invitation: whatever of the invited person's can ring does so from now on.
    Rings,
    /// A client answered an invitation: the call is its own now, and all others stop ringing.
    Answered,
    /// An invitation is over without an answer: all stop ringing.
    Unanswered {
        /// Why.
        why: RingEnd,
    },
}

/// Why an invitation is over that nobody answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RingEnd {
    /// Who was invited does not want to.
    Declined,
    /// There is nobody who could be reached so.
    Unreachable,
    /// Nobody answered in time, see [`crate::Timing::ring`].
    TimedOut,
    /// The room is closed, to all or to them.
    RoomClosed,
}

impl Call {
    /// Whether it is an invitation that nobody has answered.
    pub fn rings(&self) -> bool {
        self.rings_until().is_some()
    }

    /// Let in, and its client is there.
    pub fn may_join(&self) -> bool {
        self.admitted && !self.rings()
    }

    pub(crate) fn rings_until(&self) -> Option<Instant> {
        self.invitation.as_ref().and_then(|invitation| invitation.rings_until)
    }

    /// The call that is told when nobody comes.
    fn inviter(&self) -> Option<SessionId> {
        self.invitation.as_ref().and_then(|invitation| invitation.by_call)
    }
}

impl CallChange {
    /// Who is to be told: who waits is everyone's news, what is decided of them the admins' and their own,
    /// an invitation is between those it concerns. What rings does so outside the room.
    pub(crate) fn audience(self, session: SessionId, call: &Call) -> Audience {
        match self {
            Self::Waits | Self::StillWaits { .. } | Self::Ended { waited: true } => Audience::Room,
            Self::Admitted { by: Some(_) } | Self::Rejected { .. } => Audience::AdminsAnd(session),
            Self::Ended { waited: false } | Self::Unanswered { .. } => {
                Audience::Call { session, inviter: call.inviter() }
            }
            Self::Admitted { by: None } | Self::Rings | Self::Answered => Audience::Server,
        }
    }

    /// Whether nothing comes after it: the call is gone.
    pub fn is_end(self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Ended { .. } | Self::Unanswered { .. } => true,
            Self::Waits
            | Self::StillWaits { .. }
            | Self::Admitted { .. }
            | Self::Rings
            | Self::Answered => false,
        }
    }
}
