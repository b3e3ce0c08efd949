//! A call: one client that comes in by two steps, and what can become of it before it is in.

use std::time::Instant;

use model::{SessionId, UserId, Via};

use crate::event::Audience;

/// A call: somebody who wants to come in, may, or is in.
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
}

impl CallChange {
    /// Who is to be told: who waits is everyone's news, what is decided of them the admins' and their own.
    pub(crate) fn audience(self, session: SessionId) -> Audience {
        match self {
            Self::Waits | Self::StillWaits { .. } | Self::Ended { waited: true } => Audience::Room,
            Self::Admitted { by: Some(_) } | Self::Rejected { .. } => Audience::AdminsAnd(session),
            Self::Admitted { by: None } | Self::Ended { waited: false } => Audience::Server,
        }
    }

    /// Whether nothing comes after it: the call is gone.
    pub fn is_end(self) -> bool {
        match self {
            Self::Rejected { .. } | Self::Ended { .. } => true,
            Self::Waits | Self::StillWaits { .. } | Self::Admitted { .. } => false,
        }
    }
}
