//! Changes of a room's settings while people are in it.
//!
//! New overrides count at once for everyone who is in: what a member may not do any more is not forwarded
//! from then on. Nobody is put out: who may no longer come in, or is beyond a lower limit, stays until
//! they leave, as with roles that change.

use model::Override;

use crate::actor::Actor;
use crate::admission::Admission;
use crate::event::Event;
use crate::member::Member;
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;
use crate::settings::Settings;

/// What is to change. `None`: as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SettingsChange {
    /// What people read. The room's unique name in addresses stays.
    pub name: Option<String>,
    /// Members at once.
    pub member_limit: Option<u32>,
    /// All changes of permissions here: they take the place of those before.
    pub overrides: Option<Vec<Override>>,
    /// Who is let in and who waits. Who is in stays in, who waits goes on waiting.
    pub admission: Option<Admission>,
    /// Whether coming in needs a password.
    pub has_password: Option<bool>,
}

impl Room {
    pub(crate) fn decide_change_settings(
        &self,
        by: &Actor,
        change: SettingsChange,
    ) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::Manage)?;
        let before = self.settings();
        let settings = Settings {
            name: change.name.unwrap_or_else(|| before.name.clone()),
            member_limit: change.member_limit.unwrap_or(before.member_limit),
            overrides: change.overrides.unwrap_or_else(|| before.overrides.clone()),
            admission: change.admission.unwrap_or_else(|| before.admission.clone()),
            has_password: change.has_password.unwrap_or(before.has_password),
            ..before.clone()
        };
        if settings == *before {
            return Ok(Vec::new());
        }
        let under = |member: &Member| member.reauthorized(&member.roles, member.base, &settings);
        let reauthorized: Vec<Event> = self.members.values().filter_map(under).collect();
        let changed = Event::SettingsChanged { settings: Box::new(settings), by: by.user() };
        Ok([changed].into_iter().chain(reauthorized).collect())
    }
}
