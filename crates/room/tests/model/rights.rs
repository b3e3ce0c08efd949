//! What somebody may do, worked out bit by bit.

use model::{Override, OverrideTarget, Permissions, RoleId, UserId};
use room::Settings;

/// Of the base and the overrides, and of being listed as an admin.
pub fn bits(user: UserId, roles: &[RoleId], base: Permissions, settings: &Settings) -> u64 {
    let admin = settings.admission.members.iter().any(|listed| listed.user == user && listed.admin);
    let owners = if admin { Permissions::ROOM_OWNER.bits() } else { 0 };
    overridden(user, roles, base, &settings.overrides) | owners
}

/// Bit by bit: the strongest level that says something about it decides.
fn overridden(user: UserId, roles: &[RoleId], base: Permissions, overrides: &[Override]) -> u64 {
    if base.bits() >> 62 & 1 == 1 {
        return u64::MAX >> 1;
    }
    let level = |target: &OverrideTarget| match target {
        OverrideTarget::User(id) => (*id == user).then_some(3),
        OverrideTarget::Role(role) => roles.contains(role).then_some(2),
        OverrideTarget::Everyone => Some(1),
    };
    let has = |bit: u64| {
        let said = |o: &Override| {
            let (allow, deny) = (o.allow.bits() >> bit & 1 == 1, o.deny.bits() >> bit & 1 == 1);
            if allow || deny { level(&o.target).map(|level| (level, allow)) } else { None }
        };
        let strongest = overrides.iter().filter_map(said).max();
        strongest.map_or(base.bits() >> bit & 1 == 1, |(_, allowed)| allowed)
    };
    (0..63).filter(|bit| has(*bit)).map(|bit| 1 << bit).sum()
}
