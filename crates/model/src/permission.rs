//! Permissions: one 64-bit mask, the bit numbers of the Vox dialect, and how overrides resolve.

use std::fmt;
use std::ops::{BitAnd, BitOr, Not};
use std::str::FromStr;

use crate::id::{RoleId, UserId};

/// A set of permissions. Bit numbers are wire format (Vox sends masks).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Permissions(u64);

/// No permission has this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown permission")]
pub struct UnknownPermission;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $bit:literal),+ $(,)?) => {
        impl Permissions {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)+

            const NAMES: &'static [(&'static str, Self)] = &[$((stringify!($name), Self::$name)),+];
        }
    };
}

permissions! {
    /// See a room and who is in it.
    VIEW_SPACE = 0,
    /// Write messages.
    SEND_MESSAGES = 1,
    /// Read messages of earlier.
    READ_HISTORY = 5,
    /// Join a voice or stage room.
    CONNECT = 8,
    /// Be heard.
    SPEAK = 9,
    /// Be seen.
    VIDEO = 10,
    /// Mute others, and put them out of voice.
    MUTE_MEMBERS = 11,
    /// Deafen others.
    DEAFEN_MEMBERS = 12,
    /// Move others between rooms, and put them out of voice.
    MOVE_MEMBERS = 13,
    /// Speak over others.
    PRIORITY_SPEAKER = 14,
    /// Share a screen.
    STREAM = 15,
    /// Decide who speaks on a stage.
    STAGE_MODERATOR = 16,
    /// Create, change and delete rooms.
    MANAGE_SPACES = 24,
    /// Create and assign roles.
    MANAGE_ROLES = 25,
    /// Put an account out of the server.
    KICK_MEMBERS = 29,
    /// Ban an account.
    BAN_MEMBERS = 30,
    /// Everything.
    ADMINISTRATOR = 62,
}

impl Permissions {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// What every account has before roles and overrides.
    pub const EVERYONE: Self = Self(
        Self::VIEW_SPACE.0
            | Self::SEND_MESSAGES.0
            | Self::READ_HISTORY.0
            | Self::CONNECT.0
            | Self::SPEAK.0
            | Self::VIDEO.0
            | Self::STREAM.0,
    );

    /// What the creator of a room gets there.
    pub const ROOM_OWNER: Self = Self(
        Self::EVERYONE.0
            | Self::MUTE_MEMBERS.0
            | Self::DEAFEN_MEMBERS.0
            | Self::MOVE_MEMBERS.0
            | Self::PRIORITY_SPEAKER.0
            | Self::STAGE_MODERATOR.0
            | Self::MANAGE_SPACES.0,
    );

    /// Every bit: what an administrator resolves to.
    pub const ALL: Self = Self(u64::MAX >> 1);

    /// Takes a mask; bits without a name are kept.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// The mask.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Whether all of `wanted` is in the set.
    pub fn contains(self, wanted: Self) -> bool {
        self.0 & wanted.0 == wanted.0
    }

    /// The lowest of them; `None` when there is none.
    pub fn first(self) -> Option<Self> {
        (self != Self::NONE).then(|| Self(1 << self.0.trailing_zeros()))
    }

    /// The name of a single permission, as seeds and clients write it.
    pub fn name(self) -> Option<&'static str> {
        Self::NAMES.iter().find(|(_, p)| *p == self).map(|(name, _)| *name)
    }

    /// Applies a room's overrides: everyone's first, then the union of the roles', then the user's.
    /// ADMINISTRATOR ends it: everything, whatever an override denies.
    pub fn resolve(self, user: UserId, roles: &[RoleId], overrides: &[Override]) -> Self {
        if self.contains(Self::ADMINISTRATOR) {
            return Self::ALL;
        }
        let of = |wanted: &dyn Fn(&OverrideTarget) -> bool| {
            overrides
                .iter()
                .filter(|o| wanted(&o.target))
                .fold((Self::NONE, Self::NONE), |(allow, deny), o| (allow | o.allow, deny | o.deny))
        };
        let everyone = of(&|target| matches!(target, OverrideTarget::Everyone));
        let by_role =
            of(&|target| matches!(target, OverrideTarget::Role(role) if roles.contains(role)));
        let own = of(&|target| matches!(target, OverrideTarget::User(id) if *id == user));
        [everyone, by_role, own].into_iter().fold(self, |had, (allow, deny)| had & !deny | allow)
    }
}

/// Whom an override is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OverrideTarget {
    /// Every account.
    Everyone,
    /// Accounts that have the role.
    Role(RoleId),
    /// One person.
    User(UserId),
}

/// A change of permissions in one room. `allow` wins over `deny` at the same level.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// Whom it is about.
    pub target: OverrideTarget,
    /// Added.
    pub allow: Permissions,
    /// Taken away.
    pub deny: Permissions,
}

impl BitOr for Permissions {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Permissions {
    type Output = Self;
    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl Not for Permissions {
    type Output = Self;
    fn not(self) -> Self {
        Self(!self.0 & Self::ALL.0)
    }
}

impl fmt::Debug for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(_, p)| self.contains(*p)).map(|(name, _)| name);
        f.debug_set().entries(names).finish()
    }
}

impl FromStr for Permissions {
    type Err = UnknownPermission;

    fn from_str(text: &str) -> Result<Self, UnknownPermission> {
        Self::NAMES.iter().find(|(name, _)| *name == text).map(|(_, p)| *p).ok_or(UnknownPermission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::Id;

    fn id(raw: u64) -> Id {
        raw.to_string().parse().unwrap_or_else(|_| unreachable!("small numbers are ids"))
    }

    #[test]
    fn the_user_override_beats_the_role_and_the_role_beats_everyone() {
        let (user, role) = (UserId(id(1)), RoleId(id(2)));
        let deny = |target| Override { target, allow: Permissions::NONE, deny: Permissions::SPEAK };
        let allow =
            |target| Override { target, allow: Permissions::SPEAK, deny: Permissions::NONE };
        let check = |overrides: &[Override], speaks: bool| {
            let resolved = Permissions::EVERYONE.resolve(user, &[role], overrides);
            assert_eq!(resolved.contains(Permissions::SPEAK), speaks, "{overrides:?}");
        };
        use OverrideTarget::{Everyone, Role, User};
        check(&[], true);
        check(&[deny(Everyone)], false);
        check(&[allow(Role(role)), deny(Everyone)], true);
        check(&[allow(Role(role)), deny(User(user))], false);
        check(&[deny(Role(RoleId(id(9))))], true);
        check(&[deny(User(UserId(id(9))))], true);
    }

    #[test]
    fn an_administrator_cannot_be_denied() {
        let all = Override {
            target: OverrideTarget::Everyone,
            allow: Permissions::NONE,
            deny: Permissions::ALL,
        };
        let resolved = Permissions::ADMINISTRATOR.resolve(UserId(id(1)), &[], &[all]);
        assert_eq!(resolved, Permissions::ALL);
    }

    #[test]
    fn names_read_back() {
        for (name, permission) in Permissions::NAMES {
            assert_eq!(name.parse(), Ok(*permission));
            assert_eq!(permission.name(), Some(*name));
        }
        assert_eq!("FLY".parse::<Permissions>(), Err(UnknownPermission));
    }
}
