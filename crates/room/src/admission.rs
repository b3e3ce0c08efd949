//! Who is let into a room with a waiting room, and who waits: one table, whichever door is knocked at.
//!
//! An open room lets everyone in. A forced password is asked of everyone, admins too, and comes before the
//! waiting room; a forced waiting room holds everyone but admins, whatever password they show. Without
//! either, who is listed comes in, others by the room's password, and the rest waits.

use model::{Permissions, UserId};

use crate::actor::Actor;
use crate::policy;
use crate::settings::Settings;

/// How a room takes people in. Stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Admission {
    /// Everyone comes in.
    pub open: bool,
    /// The password is asked of everyone.
    pub force_password: bool,
    /// All but admins wait.
    pub force_waiting_room: bool,
    /// Who is expected, in the order given; nobody twice. Whoever made the room need not be listed.
    pub members: Vec<Listed>,
}

/// Somebody who is expected in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub user: UserId,
    /// May do there what its owner may.
    pub admin: bool,
}

/// What somebody has shown of a room's password.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// Nothing.
    Nothing,
    /// Something else.
    Wrong,
    /// It.
    Right,
}

/// What becomes of somebody who wants to come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// They may.
    In,
    /// They must show the right password first.
    NeedsPassword,
    /// An admin decides.
    Waits,
}

impl Default for Admission {
    /// Open, with nobody listed.
    fn default() -> Self {
        Self { open: true, force_password: false, force_waiting_room: false, members: Vec::new() }
    }
}

impl Admission {
    /// Whether they are expected.
    pub fn is_listed(&self, user: UserId) -> bool {
        self.members.iter().any(|listed| listed.user == user)
    }

    /// Whether they are listed as an admin.
    pub fn is_admin(&self, user: UserId) -> bool {
        self.members.iter().any(|listed| listed.user == user && listed.admin)
    }
}

/// What becomes of somebody who wants to come in with this much of the password. Whether they may know of
/// the room, and whether there is a place, is asked elsewhere.
pub fn entry(settings: &Settings, actor: &Actor, shown: Shown) -> Entry {
    let right = shown == Shown::Right;
    if !settings.kind.profile().has_waiting_room {
        return if settings.has_password && !right { Entry::NeedsPassword } else { Entry::In };
    }
    let Admission { open, force_password, force_waiting_room, .. } = settings.admission;
    let is_admin = policy::permissions(settings, actor).contains(Permissions::MUTE_MEMBERS);
    let listed = actor.user().is_some_and(|user| settings.admission.is_listed(user));
    match (force_password, force_waiting_room) {
        _ if open => Entry::In,
        (true, _) if !right => Entry::NeedsPassword,
        (_, true) if is_admin => Entry::In,
        (_, true) => Entry::Waits,
        (true, false) => Entry::In,
        (false, false) if is_admin || listed || right => Entry::In,
        (false, false) => Entry::Waits,
    }
}
