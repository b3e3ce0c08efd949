//! The switch of live captions: whether what is heard is also transcribed ([`Gate::captions`]).
//!
//! [`Gate::captions`]: crate::Gate::captions

use crate::actor::Actor;
use crate::event::Event;
use crate::policy::{self, Action};
use crate::refusal::Refusal;
use crate::room::Room;

impl Room {
    pub(crate) fn decide_captions(&self, by: &Actor, on: bool) -> Result<Vec<Event>, Refusal> {
        policy::check(self.settings(), by, Action::Manage)?;
        if self.settings().captions == on {
            return Ok(Vec::new());
        }
        Ok(vec![Event::CaptionsSwitched { on, by: by.user() }])
    }
}
