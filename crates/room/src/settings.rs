//! What a room is when nobody is in it: the stored part.

use model::{ExternalId, Override, Permissions, RoleId, RoomId, Timestamp, UserId};

use crate::admission::Admission;
use crate::profile::ProfileKind;

/// A room's settings, as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Its id.
    pub id: RoomId,
    /// The id under which the surrounding platform knows it.
    pub external_id: Option<ExternalId>,
    /// What people read.
    pub name: String,
    /// Its unique name in addresses.
    pub slug: String,
    /// What kind of room.
    pub kind: ProfileKind,
    /// What it is about just now.
    pub topic: Option<String>,
    /// Whether coming in needs a password; whoever keeps it compares it.
    pub has_password: bool,
    /// Whether what is heard here is also transcribed.
    pub captions: bool,
    /// Who is let in, and who waits. In rooms without a waiting room it is as good as open.
    pub admission: Admission,
    /// Members at once.
    pub member_limit: u32,
    /// Who made it; `None` for rooms that a platform named.
    pub created_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// Made for one call: it is over when everyone has left, and deleted.
    pub temporary: bool,
    /// Changes of permissions here.
    pub overrides: Vec<Override>,
}

impl Settings {
    /// What a person may do here who brings these permissions: the overrides, then what a listed admin may.
    pub fn resolve(&self, user: UserId, roles: &[RoleId], base: Permissions) -> Permissions {
        let resolved = base.resolve(user, roles, &self.overrides);
        if self.admission.is_admin(user) { resolved | Permissions::ROOM_OWNER } else { resolved }
    }
}
