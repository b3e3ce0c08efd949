//! Who asks: a person with the permissions they bring, or the server itself.

use model::{ExternalId, Permissions, RoleId, UserId};

/// How a person is shown in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The account's or guest's id.
    pub id: UserId,
    /// The name others read.
    pub username: String,
    /// The id under which the person's own platform knows them.
    pub external_id: Option<ExternalId>,
    /// The account's address, if it has one. Shown where a dialect shows it.
    pub email: Option<String>,
}

/// A person with what they may do before a room's overrides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Who.
    pub person: Person,
    /// Their roles, for role overrides.
    pub roles: Vec<RoleId>,
    /// Everyone's permissions and those of the roles.
    pub base: Permissions,
}

/// Who a command comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A person through some dialect.
    Caller(Caller),
    /// The server: media reports, shutdown, bans. May do everything.
    Server,
}

impl Actor {
    /// The person's id; `None` for the server.
    pub fn user(&self) -> Option<UserId> {
        match self {
            Self::Caller(caller) => Some(caller.person.id),
            Self::Server => None,
        }
    }
}
