//! Who is looked at: of those who speak the loudest, without flapping.
//!
//! Whoever speaks first stays it until they are silent, or another has clearly been louder for a while. Fed
//! with the levels of those who speak, a few times a second.

use std::collections::BTreeMap;

use model::SessionId;

/// How much louder another must be, dB. Less would change with every word.
const LOUDER_BY_DB: f32 = 6.0;
/// How many reports in a row: most of a second.
const LOUDER_TIMES: u32 = 3;
/// How much of a new level is taken over into the smoothed one.
const NEW_PART: f32 = 0.4;

/// The active speaker of a room.
#[derive(Clone, Debug, Default)]
pub struct ActiveSpeaker {
    active: Option<SessionId>,
    /// Smoothed level of each who speaks, dBov.
    levels: BTreeMap<SessionId, f32>,
    challenger: Option<(SessionId, u32)>,
}

/// It is somebody else now, or nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ActiveChange(pub Option<SessionId>);

impl ActiveSpeaker {
    /// A session that speaks is so loud, dBov: 0 is the loudest.
    pub fn handle_level(&mut self, session: SessionId, dbov: i8) -> Option<ActiveChange> {
        let level = f32::from(dbov);
        let smoothed = self.levels.entry(session).or_insert(level);
        *smoothed += (level - *smoothed) * NEW_PART;
        let smoothed = *smoothed;
        let Some(active) = self.active else { return self.change(Some(session)) };
        let bar = self.levels.get(&active).copied().unwrap_or(f32::NEG_INFINITY) + LOUDER_BY_DB;
        if session == active {
            return None;
        }
        let before = self.challenger.filter(|(other, _)| *other == session);
        let times = before.map_or(0, |(_, times)| times) + 1;
        if smoothed < bar {
            self.challenger = self.challenger.filter(|(other, _)| *other != session);
            return None;
        }
        if times >= LOUDER_TIMES {
            return self.change(Some(session));
        }
        self.challenger = Some((session, times));
        None
    }

    /// A session does not speak any more.
    pub fn handle_silence(&mut self, session: SessionId) -> Option<ActiveChange> {
        self.levels.remove(&session);
        self.challenger = self.challenger.filter(|(other, _)| *other != session);
        if self.active != Some(session) {
            return None;
        }
        let loudest = self.levels.iter().max_by(|one, other| one.1.total_cmp(other.1));
        let next = loudest.map(|(session, _)| *session);
        self.change(next)
    }

    fn change(&mut self, active: Option<SessionId>) -> Option<ActiveChange> {
        (self.active, self.challenger) = (active, None);
        Some(ActiveChange(active))
    }
}

#[cfg(test)]
mod tests {
    use model::Id;

    use super::*;

    fn id(number: u64) -> SessionId {
        SessionId(Id::from_u64(number).unwrap_or_else(|| unreachable!("small numbers are ids")))
    }

    /// A session, its level or silence, and whom that makes the active speaker, if it changes.
    type Step = (u64, Option<i8>, Option<Option<u64>>);

    fn check(steps: &[Step]) {
        let mut speaker = ActiveSpeaker::default();
        for (step, (session, level, want)) in steps.iter().enumerate() {
            let change = match level {
                Some(level) => speaker.handle_level(id(*session), *level),
                None => speaker.handle_silence(id(*session)),
            };
            assert_eq!(change, want.map(|who| ActiveChange(who.map(id))), "step {step}");
        }
    }

    #[test]
    fn who_speaks_first_stays_until_silent() {
        check(&[
            (1, Some(-30), Some(Some(1))),
            (2, Some(-31), None),
            (3, Some(-40), None),
            (2, Some(-31), None),
            (1, None, Some(Some(2))),
            (3, None, None),
            (2, None, Some(None)),
            (2, None, None),
        ]);
    }

    #[test]
    fn who_is_clearly_louder_for_a_while_takes_over() {
        check(&[
            (1, Some(-40), Some(Some(1))),
            (2, Some(-20), None),
            (2, Some(-20), None),
            (1, Some(-40), None),
            (2, Some(-20), Some(Some(2))),
        ]);
    }

    #[test]
    fn a_cough_does_not() {
        check(&[
            (1, Some(-30), Some(Some(1))),
            (2, Some(-10), None),
            (2, Some(-60), None),
            (2, Some(-60), None),
            (2, Some(-60), None),
        ]);
    }
}
