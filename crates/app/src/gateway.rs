//! A person's gateway: a socket of theirs that belongs to no session, and keeps all they opened by Vox.
//!
//! While one is open the person is present wherever they are in voice, with media or without. Its client
//! may have gone silent long before the socket ends, so that whoever serves it says so.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use model::{SessionId, UserId, Via};
use room::{Command, Link};

use crate::App;

/// How many open gateways people have whose clients are heard of.
#[derive(Debug, Default)]
pub(crate) struct Gateways(Mutex<HashMap<UserId, u32>>);

impl Gateways {
    fn open(&self, user: UserId) {
        *self.counts().entry(user).or_default() += 1;
    }

    fn close(&self, user: UserId) {
        let mut counts = self.counts();
        if let Some(count) = counts.get_mut(&user) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&user);
            }
        }
    }

    fn count(&self, user: UserId) -> u32 {
        self.counts().get(&user).copied().unwrap_or_default()
    }

    fn counts(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, u32>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open gateway. Dropped with its socket.
pub struct GatewayPresence {
    /// `None` once it was dropped.
    app: Option<App>,
    user: UserId,
    up: bool,
    heard_at: Instant,
}

impl App {
    /// Somebody opened a gateway, or came back to one. A session that had lost its client is somebody
    /// else's to a new gateway: it is kept a little longer, and may be taken over; one that comes back
    /// is its own client again.
    pub async fn gateway_opened(&self, user: UserId, resumed: bool) -> GatewayPresence {
        let link = if resumed { Link::Socket } else { Link::Gateway };
        self.gateway_up(user, link).await;
        GatewayPresence { app: Some(self.clone()), user, up: true, heard_at: Instant::now() }
    }

    async fn gateway_up(&self, user: UserId, link: Link) {
        // Not between a join's coming in and its first look at the gateways.
        let _one_at_a_time = self.joins.lock(user).await;
        self.gateways.open(user);
        for session in self.rooms.index().sessions_of(user, Via::Vox) {
            self.rooms.tell(session, Command::LinkUp { session, link }).await;
        }
    }

    async fn gateway_down(&self, user: UserId, last_seen: Instant) {
        let _one_at_a_time = self.joins.lock(user).await;
        self.gateways.close(user);
        let link = Link::Gateway;
        for session in self.rooms.index().sessions_of(user, Via::Vox) {
            self.rooms.tell(session, Command::LinkDown { session, link, last_seen }).await;
        }
    }

    /// A session that has just begun is kept by the gateways that are open. The caller has the person's
    /// turn.
    pub(crate) async fn link_gateways(&self, user: UserId, session: SessionId) {
        for _ in 0..self.gateways.count(user) {
            self.rooms.tell(session, Command::LinkUp { session, link: Link::Gateway }).await;
        }
    }
}

impl GatewayPresence {
    /// Something came from the client.
    pub async fn heard(&mut self) {
        self.heard_at = Instant::now();
        if let (false, Some(app)) = (self.up, &self.app) {
            app.gateway_up(self.user, Link::Socket).await;
            self.up = true;
        }
    }

    /// The client gives no sign of life: the person is there only by what else they have.
    pub async fn silent(&mut self) {
        if let (true, Some(app)) = (self.up, &self.app) {
            self.up = false;
            app.gateway_down(self.user, self.heard_at).await;
        }
    }
}

impl Drop for GatewayPresence {
    fn drop(&mut self) {
        let (Some(app), true) = (self.app.take(), self.up) else { return };
        let (user, heard_at) = (self.user, self.heard_at);
        // Outside a runtime the server is gone, and with it whoever would be told.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { app.gateway_down(user, heard_at).await });
        }
    }
}
