//! The events that scripts expect, in the script's time. Every field is filled in.

use model::Permissions;
use room::{EndReason, Event, Join};

use super::{Script, Who, secs, session};

impl Script {
    /// Became a member with what everyone may do.
    pub fn joined(&self, who: Who) -> Event {
        self.joined_with(who, who.base())
    }

    /// Became a member with these permissions.
    pub fn joined_with(&self, who: Who, permissions: Permissions) -> Event {
        Event::MemberJoined { person: who.person(), permissions, at: self.now.wall }
    }

    /// A session began as asked; it has 30 s to show life.
    pub fn started(&self, who: Who, join: &Join) -> Event {
        Event::SessionStarted {
            session: join.session,
            user: who.id(),
            via: join.via,
            client: join.client.clone(),
            mute: join.mute,
            deaf: join.deaf,
            at: self.now.wall,
            gone_at: self.now.mono + secs(30),
        }
    }

    /// A session is over.
    pub fn ended(&self, who: Who, number: u64, reason: EndReason) -> Event {
        Event::SessionEnded { session: session(number), user: who.id(), reason, at: self.now.wall }
    }

    /// A session that spoke does not any more.
    pub fn silent(&self, who: Who, number: u64) -> Event {
        Event::Speaking { session: session(number), user: who.id(), speaking: false }
    }

    /// A member is out.
    pub fn left(&self, who: Who, reason: EndReason) -> Event {
        Event::MemberLeft { user: who.id(), reason }
    }
}
