//! Following a room: by session, by a call that has not come in, beside one, and what is only mentioned.

use std::sync::{Arc, Mutex};
use std::time::Instant;

use model::{RoomId, SessionId, UserId};
use room::{ActiveChange, Actor, Call, Command, Event, Knock, Link};
use tokio_util::sync::CancellationToken;

use super::{CallWatch, Heard, Knocked, RoomActor, Watch, WatchBeside};
use crate::clock::now;
use crate::rooms::actor::Message;
use crate::rooms::feed::{Watching, What};
use crate::rooms::registry::Shared;

/// The level of silence, dBov (RFC 6464).
const SILENCE: i8 = -127;

impl RoomActor {
    pub(super) async fn watch(
        &mut self,
        session: SessionId,
        after: Option<u64>,
    ) -> Result<Watch, crate::Refusal> {
        let up = Command::LinkUp { session, link: Link::Socket };
        self.carry_out(&Actor::Server, up).await?;
        let room = &self.room;
        let user = self.shared.index.user_of(session).ok_or(room::Refusal::UnknownSession)?;
        let watching = Watching { session, user, inside: true, levels: false };
        let (start, notices) = self.feed.watch(watching, after, || room.view(), now().wall);
        let heard = Heard(Arc::new(Mutex::new(Instant::now())));
        let gone = CancellationToken::new();
        tokio::spawn(report_gone(Arc::clone(&self.shared), session, heard.clone(), gone.clone()));
        Ok(Watch { start, notices, heard, gone: gone.drop_guard() })
    }

    /// Lets somebody knock. The first time they follow from here on, so that nothing of what is decided
    /// of them is missed.
    pub(super) async fn knock(
        &mut self,
        by: &Actor,
        knock: Knock,
    ) -> Result<Knocked, crate::Refusal> {
        let (session, user) = (knock.session, by.user().ok_or(room::Refusal::RoomNotFound)?);
        let is_new = self.room.call(session).is_none();
        self.carry_out(by, Command::Knock(knock)).await?;
        let admitted = self.room.call(session).is_some_and(|call| call.admitted);
        if !is_new {
            return Ok(Knocked { admitted, watch: None });
        }
        Ok(Knocked { admitted, watch: Some(self.watch_call(session, user)) })
    }

    /// Gives an invitation to the client that asks first. It follows from here on, like who knocks.
    pub(super) async fn answer(
        &mut self,
        session: SessionId,
    ) -> Result<(Call, CallWatch), crate::Refusal> {
        self.carry_out(&Actor::Server, Command::Answer { session }).await?;
        let call = self.room.call(session).ok_or(room::Refusal::CallNotAdmitted)?.clone();
        let watch = self.watch_call(session, call.user);
        Ok((call, watch))
    }

    /// What keeps a call that is not in yet.
    fn watch_call(&mut self, session: SessionId, user: UserId) -> CallWatch {
        let watching = Watching { session, user, inside: false, levels: true };
        let room = &self.room;
        let (_, notices) = self.feed.watch(watching, None, || room.view(), now().wall);
        let (gone, id) = (CancellationToken::new(), self.room.settings().id);
        tokio::spawn(report_hang_up(Arc::clone(&self.shared), id, session, gone.clone()));
        CallWatch { notices, gone: gone.drop_guard() }
    }

    pub(super) fn watch_along(
        &mut self,
        session: SessionId,
    ) -> Result<WatchBeside, crate::Refusal> {
        let call = self.room.call(session).filter(|call| call.admitted);
        let user = call.ok_or(room::Refusal::CallNotAdmitted)?.user;
        let watching = Watching { session, user, inside: true, levels: true };
        let room = &self.room;
        let (_, notices) = self.feed.watch(watching, None, || room.view(), now().wall);
        Ok(WatchBeside { session, view: self.room.view(), notices })
    }

    pub(super) fn handle_level(&mut self, session: SessionId, dbov: i8) {
        if !self.feed.has_levels() || !self.room.is_speaking(session) {
            return;
        }
        self.feed.mention(What::Level { session, dbov }, now().wall);
        let change = self.active.handle_level(session, dbov);
        self.tell_active(change);
    }

    pub(super) fn follow_speech(&mut self, event: &Event) {
        let change = match event {
            Event::Speaking { session, speaking: false, .. }
            | Event::SessionEnded { session, .. } => self.active.handle_silence(*session),
            _ => return,
        };
        if let Event::Speaking { session, .. } = event {
            self.feed.mention(What::Level { session: *session, dbov: SILENCE }, now().wall);
        }
        self.tell_active(change);
    }

    fn tell_active(&self, change: Option<ActiveChange>) {
        if let Some(ActiveChange(session)) = change {
            self.feed.mention(What::ActiveSpeaker { session }, now().wall);
        }
    }
}

/// Waits for a watch to be dropped, however that comes about, and tells the room.
async fn report_gone(
    shared: Arc<Shared>,
    session: SessionId,
    heard: Heard,
    gone: CancellationToken,
) {
    gone.cancelled().await;
    let last_seen = heard.at();
    shared.tell(session, Command::LinkDown { session, link: Link::Socket, last_seen }).await;
}

/// Waits for a call's watch to be dropped, however that comes about, and hangs the call up.
async fn report_hang_up(
    shared: Arc<Shared>,
    room: RoomId,
    session: SessionId,
    gone: CancellationToken,
) {
    gone.cancelled().await;
    shared.to_running(room, Message::Tell { command: Command::HangUp { session } }).await;
}
