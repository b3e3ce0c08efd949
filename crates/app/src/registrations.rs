//! Clients that can be rung: sockets that are registered for an account, and what rings for it.
//!
//! Rooms say what rings and when it stops (`rooms/reactions`); whoever registers while something rings for
//! them is told of it at once. A registration ends with its time or when it is dropped.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{RoomId, SessionId, UserId};
use room::{Call, CallChange, Person, Room};
use tokio::sync::mpsc;
use tokio::time::Instant;

/// How long a registration lasts. Clients renew it every minute (seed 003): one may be late, none is rung
/// that is long gone.
const REGISTERED_FOR: Duration = Duration::from_secs(90);
/// Registered clients of one account: their devices, and those that were lost without a word. Beyond it the
/// oldest gives way.
const CLIENTS_MAX: usize = 16;
/// What rings for one account at once. More is not told, and goes unanswered.
const RINGING_MAX: usize = 64;
/// What a client may be behind before its registration ends: all that rings, beginning and ending.
const QUEUE: usize = 2 * RINGING_MAX;

/// Everybody's registered clients.
#[derive(Debug, Default)]
pub(crate) struct Registrations(Mutex<Known>);

#[derive(Debug, Default)]
struct Known {
    by_user: HashMap<UserId, Reachable>,
    next_client: u64,
}

/// What is known of one account. Never kept empty.
#[derive(Debug, Default)]
struct Reachable {
    clients: Vec<Client>,
    ringing: Vec<Ringing>,
}

#[derive(Debug)]
struct Client {
    number: u64,
    queue: mpsc::Sender<Ring>,
}

/// An invitation that rings for an account.
#[derive(Clone, Debug, PartialEq)]
pub struct Ringing {
    /// Where to.
    pub room: RoomId,
    /// The session that it will be.
    pub session: SessionId,
    /// What the call is called.
    pub call: String,
    /// Who invites.
    pub by: Person,
}

/// What a registered client is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Ring {
    /// Ring.
    Rings(Ringing),
    /// Stop ringing: another client answered, or nobody will.
    Over {
        /// Where to.
        room: RoomId,
        /// Which invitation.
        session: SessionId,
    },
    /// Whom the account invited does not come.
    NotComing {
        /// Where to.
        room: RoomId,
        /// What the call was called.
        call: String,
    },
}

/// A client that is registered, as its socket keeps it. Dropped, it is not rung any more.
#[derive(Debug)]
pub struct Registration {
    user: UserId,
    number: u64,
    rings: mpsc::Receiver<Ring>,
    until: Instant,
    all: Arc<Registrations>,
}

impl Registration {
    /// Whose client it is.
    pub fn user(&self) -> UserId {
        self.user
    }

    /// The client has said again that it is there.
    pub fn renew(&mut self) {
        self.until = Instant::now() + REGISTERED_FOR;
    }

    /// What the client is told next. `None`: the registration is over.
    pub async fn next(&mut self) -> Option<Ring> {
        tokio::select! {
            ring = self.rings.recv() => ring,
            () = tokio::time::sleep_until(self.until) => None,
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut known = self.all.known();
        known.with(self.user, |own| own.clients.retain(|client| client.number != self.number));
    }
}

impl Registrations {
    /// Registers a client of an account; what rings for it already is the first that it is told.
    pub(crate) fn register(self: &Arc<Self>, user: UserId) -> Registration {
        let (queue, rings) = mpsc::channel(QUEUE);
        let mut known = self.known();
        known.next_client += 1;
        let number = known.next_client;
        known.with(user, |own| {
            for ringing in &own.ringing {
                // There is a place for each.
                let _ = queue.try_send(Ring::Rings(ringing.clone()));
            }
            if own.clients.len() == CLIENTS_MAX {
                own.clients.remove(0);
            }
            own.clients.push(Client { number, queue });
        });
        let until = Instant::now() + REGISTERED_FOR;
        Registration { user, number, rings, until, all: Arc::clone(self) }
    }

    /// Follows what became of a call, which the room has applied.
    pub(crate) fn follow(&self, room: &Room, session: SessionId, call: &Call, what: CallChange) {
        let id = room.settings().id;
        match what {
            // A number, or somebody unknown: nothing of theirs is registered here.
            CallChange::Rings if call.guest => {}
            CallChange::Rings => {
                let Some(invitation) = &call.invitation else { return };
                let (name, by) = (call.id.clone(), invitation.by.clone());
                let ringing = Ringing { room: id, session, call: name, by };
                self.known().with(call.user, |own| own.ring(ringing));
            }
            CallChange::Answered => self.known().with(call.user, |own| own.stop(id, session)),
            CallChange::Unanswered { .. } => {
                let mut known = self.known();
                known.with(call.user, |own| own.stop(id, session));
                known.tell_inviter(room, call);
            }
            CallChange::Ended { .. } => self.known().tell_inviter(room, call),
            CallChange::Waits
            | CallChange::StillWaits { .. }
            | CallChange::Admitted { .. }
            | CallChange::Rejected { .. } => {}
        }
    }

    /// A room's owner died: nothing rings for it any more.
    pub(crate) fn forget_room(&self, room: RoomId) {
        let mut known = self.known();
        let users: Vec<UserId> = known.by_user.keys().copied().collect();
        for user in users {
            known.with(user, |own| {
                let of_room = own.ringing.iter().filter(|ringing| ringing.room == room);
                let over: Vec<SessionId> = of_room.map(|ringing| ringing.session).collect();
                over.into_iter().for_each(|session| own.stop(room, session));
            });
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn with(&mut self, user: UserId, change: impl FnOnce(&mut Reachable)) {
        let own = self.by_user.entry(user).or_default();
        change(own);
        if own.clients.is_empty() && own.ringing.is_empty() {
            self.by_user.remove(&user);
        }
    }

    /// Somebody does not come. Whose call is still there is told on its socket, see
    /// [`room::Audience::Call`].
    fn tell_inviter(&mut self, room: &Room, call: &Call) {
        let Some(invitation) = &call.invitation else { return };
        let by_call = invitation.by_call.and_then(|session| room.call(session));
        if by_call.is_none() {
            let not_coming = Ring::NotComing { room: room.settings().id, call: call.id.clone() };
            self.with(invitation.by.id, |own| own.tell(&not_coming));
        }
    }
}

impl Reachable {
    fn ring(&mut self, ringing: Ringing) {
        if self.ringing.len() < RINGING_MAX {
            self.tell(&Ring::Rings(ringing.clone()));
            self.ringing.push(ringing);
        }
    }

    fn stop(&mut self, room: RoomId, session: SessionId) {
        let before = self.ringing.len();
        self.ringing.retain(|ringing| ringing.session != session);
        if self.ringing.len() < before {
            self.tell(&Ring::Over { room, session });
        }
    }

    /// Who does not read is registered no more.
    fn tell(&mut self, ring: &Ring) {
        self.clients.retain(|client| client.queue.try_send(ring.clone()).is_ok());
    }
}

#[cfg(test)]
mod tests;
