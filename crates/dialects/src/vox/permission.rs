//! Permission masks and a room's overrides of them, as Vox writes them.

use app::Refusal;
use model::{Override, OverrideTarget, Permissions, RoleId, UserId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kit::{Fault, IdText};

/// Changes of permissions in one room: each is looked at whenever somebody does something in it.
const OVERRIDES_MAX: usize = 100;

/// A change of permissions in one room.
#[derive(Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OverrideBody {
    /// `role` or `user`; `everyone` with target 0.
    target_type: &'static str,
    /// Decimal.
    target_id: String,
    /// Decimal mask.
    allow: String,
    /// Decimal mask.
    deny: String,
}

impl From<&Override> for OverrideBody {
    fn from(change: &Override) -> Self {
        let (target_type, target_id) = match change.target {
            OverrideTarget::Everyone => ("everyone", "0".to_owned()),
            OverrideTarget::Role(role) => ("role", role.to_string()),
            OverrideTarget::User(user) => ("user", user.to_string()),
        };
        let (allow, deny) = (change.allow.bits().to_string(), change.deny.bits().to_string());
        Self { target_type, target_id, allow, deny }
    }
}

/// A change of permissions to be made. Ids and masks may be strings or integers.
#[derive(Deserialize, ToSchema)]
pub(crate) struct OverrideDraft {
    /// `role`, `user` or `everyone`.
    target_type: String,
    #[schema(value_type = String)]
    target_id: Option<IdText>,
    #[schema(value_type = Option<String>)]
    allow: Option<IdText>,
    #[schema(value_type = Option<String>)]
    deny: Option<IdText>,
}

/// All changes of a request.
pub(super) fn overrides(drafts: &[OverrideDraft]) -> Result<Vec<Override>, Fault> {
    if drafts.len() > OVERRIDES_MAX {
        let what = format!("permission_overrides has at most {OVERRIDES_MAX} entries");
        return Err(Refusal::Invalid(what).into());
    }
    drafts.iter().map(OverrideDraft::parse).collect()
}

impl OverrideDraft {
    fn parse(&self) -> Result<Override, Fault> {
        let id = || {
            let id = self.target_id.as_ref().ok_or_else(|| invalid("target_id is missing"))?;
            id.parse()?.own("target_id")
        };
        let target = match self.target_type.as_str() {
            "everyone" => OverrideTarget::Everyone,
            "role" => OverrideTarget::Role(RoleId(id()?)),
            "user" => OverrideTarget::User(UserId(id()?)),
            _ => return Err(invalid("target_type must be role, user or everyone")),
        };
        // Nobody hands out more in a room than its owner has.
        let of_room = |name: &str, text: &Option<IdText>| match text {
            Some(text) => mask(name, text).map(|mask| mask & Permissions::ROOM_OWNER),
            None => Ok(Permissions::NONE),
        };
        let (allow, deny) = (of_room("allow", &self.allow)?, of_room("deny", &self.deny)?);
        Ok(Override { target, allow, deny })
    }
}

/// A mask, in decimal; the name is that of its key.
pub(super) fn mask(name: &str, IdText(text): &IdText) -> Result<Permissions, Fault> {
    let malformed = |_| invalid(&format!("{name} must be a permission mask of 64 bits"));
    let bits = text.parse().map_err(malformed)?;
    Ok(Permissions::from_bits(bits))
}

fn invalid(what: &str) -> Fault {
    Fault::Refused(Refusal::Invalid(what.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(drafts: Value) -> Result<Vec<Override>, Fault> {
        overrides(&serde_json::from_value::<Vec<OverrideDraft>>(drafts).unwrap())
    }

    #[test]
    fn overrides_are_few_and_about_rooms() {
        let all = u64::MAX.to_string();
        let change = json!({ "target_type": "everyone", "allow": all, "deny": 1_u64 << 62 });
        let read_back = read(json!([change])).unwrap();
        assert_eq!(read_back[0].allow, Permissions::ROOM_OWNER);
        assert_eq!(read_back[0].deny, Permissions::NONE);
        assert!(read(json!(vec![change.clone(); OVERRIDES_MAX])).is_ok());
        assert!(read(json!(vec![change; OVERRIDES_MAX + 1])).is_err());
    }

    #[test]
    fn masks_are_numbers_of_64_bits() {
        let read = |text: &str| mask("allow", &IdText(text.to_owned())).map(Permissions::bits);
        assert_eq!(read("2048"), Ok(2048));
        assert_eq!(read(&u64::MAX.to_string()), Ok(Permissions::ALL.bits()));
        for bad in ["", "-1", "1.5", "0x10", "SPEAK", "18446744073709551616"] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
