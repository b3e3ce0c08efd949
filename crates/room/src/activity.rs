//! What the media plane sees: who speaks, whose camera and screen flow.

use model::{SessionId, TrackSource};

use crate::event::Event;
use crate::refusal::Refusal;
use crate::room::Room;

impl Room {
    pub(crate) fn decide_speaking(
        &self,
        session: SessionId,
        speaking: bool,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, state) = self.session(session).ok_or(Refusal::UnknownSession)?;
        // The report may have crossed a mute on its way: who may not be heard does not speak.
        let speaking = speaking && self.gate(session).speak;
        if state.speaking == speaking {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Speaking { session, user: member.person.id, speaking }])
    }

    pub(crate) fn decide_source(
        &self,
        session: SessionId,
        source: TrackSource,
        flowing: bool,
    ) -> Result<Vec<Event>, Refusal> {
        let (member, state) = self.session(session).ok_or(Refusal::UnknownSession)?;
        let known = match source {
            TrackSource::Microphone => return Ok(Vec::new()),
            TrackSource::Camera => state.camera,
            TrackSource::Screen => state.screen,
        };
        if known == flowing {
            return Ok(Vec::new());
        }
        Ok(vec![Event::Source { session, user: member.person.id, source, flowing }])
    }

    pub(crate) fn apply_source(&mut self, session: SessionId, source: TrackSource, flowing: bool) {
        self.with_session(session, |state| match source {
            TrackSource::Microphone => {}
            TrackSource::Camera => state.camera = flowing,
            TrackSource::Screen => state.screen = flowing,
        });
    }
}
