//! The events that scripts expect, in the script's time. Every field is filled in.

use model::{Permissions, Timestamp, Via};
use room::{Caller, EndReason, Event, FloorEnd, InviteEnd, Join, RevokeReason};

use super::{Script, Who, secs, session};

impl Script {
    /// Became a member with what everyone may do.
    pub fn joined(&self, who: Who) -> Event {
        self.joined_with(who, who.base())
    }

    /// Became a member with these permissions.
    pub fn joined_with(&self, who: Who, permissions: Permissions) -> Event {
        let Caller { person, roles, base } = who.caller();
        Event::MemberJoined { person, roles, base, permissions, at: self.now.wall }
    }

    /// A member has other roles or permissions, and no override changes them.
    pub fn reauthorized(&self, who: Who) -> Event {
        self.reauthorized_to(who, who.base())
    }

    /// A member has other roles or permissions, and these permissions here.
    pub fn reauthorized_to(&self, who: Who, permissions: Permissions) -> Event {
        let Caller { person, roles, base } = who.caller();
        Event::Reauthorized { user: person.id, roles, base, permissions }
    }

    /// A session began as asked; it has 30 s to show life, one that lives by requests 60 s.
    pub fn started(&self, who: Who, join: &Join) -> Event {
        let wait = if join.via == Via::SttRoom { 60 } else { 30 };
        Event::SessionStarted {
            session: join.session,
            user: who.id(),
            via: join.via,
            client: join.client.clone(),
            mute: join.mute,
            deaf: join.deaf,
            video_mute: join.video_mute,
            beside: join.beside,
            at: self.now.wall,
            gone_at: self.now.mono + secs(wait),
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

    /// A request keeps this session for 60 s from now.
    pub fn heard(&self, number: u64) -> Event {
        let heard_at = self.now.mono;
        let gone_at = Some(heard_at + secs(60));
        Event::RequestHeard { session: session(number), heard_at, gone_at }
    }

    /// A member has the floor for 20 s.
    pub fn taken(&self, who: Who, fence: u64) -> Event {
        let (expires, expires_at) = (self.now.mono + secs(20), self.wall_in(20));
        Event::FloorTaken { user: who.id(), fence, expires, expires_at }
    }

    /// A member keeps the floor for 20 s from now.
    pub fn kept(&self, who: Who, fence: u64) -> Event {
        let (expires, expires_at) = (self.now.mono + secs(20), self.wall_in(20));
        Event::FloorKept { user: who.id(), fence, expires, expires_at }
    }

    /// A member has the floor no more.
    pub fn released(&self, who: Who, fence: u64, reason: FloorEnd) -> Event {
        Event::FloorReleased { user: who.id(), fence, reason }
    }

    /// A listener asks to speak, now.
    pub fn requested(&self, who: Who) -> Event {
        Event::SpeakRequested { user: who.id(), at: self.now.wall }
    }

    /// A listener is invited, for 300 s from now.
    pub fn invited(&self, who: Who, by: Option<Who>) -> Event {
        let (expires, expires_at) = (self.now.mono + secs(300), self.wall_in(300));
        Event::SpeakerInvited { user: who.id(), by: by.map(Who::id), expires, expires_at }
    }

    /// An invite is over.
    pub fn invite_ended(&self, who: Who, why: InviteEnd) -> Event {
        Event::InviteEnded { user: who.id(), why }
    }

    /// A listener speaks.
    pub fn made(&self, who: Who, by: Option<Who>) -> Event {
        Event::SpeakerMade { user: who.id(), by: by.map(Who::id) }
    }

    /// A speaker does not any more.
    pub fn revoked(&self, who: Who, by: Option<Who>, why: RevokeReason) -> Event {
        Event::SpeakerRevoked { user: who.id(), by: by.map(Who::id), why }
    }

    /// The number of a grant now, if there was none just before.
    pub fn fence(&self) -> u64 {
        self.now.wall.as_micros().unsigned_abs()
    }

    /// What the wall clock will show.
    pub fn wall_in(&self, seconds: u64) -> Timestamp {
        self.now.wall.plus(secs(seconds))
    }

    /// The room is over, now.
    pub fn closed(&self, reason: EndReason) -> Event {
        Event::Closed { reason, at: self.now.wall }
    }

    /// A member is out.
    pub fn left(&self, who: Who, reason: EndReason) -> Event {
        Event::MemberLeft { user: who.id(), reason }
    }
}
