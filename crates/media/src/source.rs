//! One sending section of a session.

use std::time::{Duration, Instant};

use model::{MediaKind, TrackSource};
use str0m::format::PayloadParams;
use str0m::media::{Mid, Pt};

use crate::layer::Layers;
use crate::limit::{AUDIO_ABSENT_AFTER, KEYFRAME_INTERVAL, SLOT_GRACE, VIDEO_ABSENT_AFTER};
use crate::voice::Tapped;

/// Which source: the session's slab key and the index in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SourceRef {
    pub session: usize,
    pub source: usize,
}

/// Which slot: the session's slab key and the index in its list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SlotRef {
    pub session: usize,
    pub slot: usize,
}

/// A sending section. It stays at its index for as long as the connection lives.
pub(crate) struct Source {
    pub name: String,
    pub mid: Mid,
    pub kind: MediaKind,
    /// What it carries; `None`: more than we have words for, and not forwarded.
    pub label: Option<TrackSource>,
    /// The last offer says it sends.
    pub sending: bool,
    /// Packets come and the gate is open.
    pub live: bool,
    /// Since when it is not, if it was.
    pub rested_at: Option<Instant>,
    pub arrived_at: Option<Instant>,
    /// Last loud packet.
    pub heard_at: Option<Instant>,
    /// Its section is gone for good and nothing refers to it.
    pub retired: bool,
    /// Where it goes. The per-packet loop walks this and nothing else.
    pub legs: Vec<SlotRef>,
    /// It is tapped for captions, under these numbers. Only while it is live.
    pub voice: Option<Tapped>,
    /// What it sends, and since when.
    pub codec: Option<(Pt, PayloadParams)>,
    pub codec_at: Option<Instant>,
    pub layers: Layers,
    pub keyframes: Keyframes,
}

impl Source {
    pub fn new(name: String, kind: MediaKind) -> Self {
        Self {
            mid: Mid::from(name.as_str()),
            name,
            kind,
            label: None,
            sending: false,
            live: false,
            rested_at: None,
            arrived_at: None,
            heard_at: None,
            retired: false,
            legs: Vec::new(),
            voice: None,
            codec: None,
            codec_at: None,
            layers: Layers::default(),
            keyframes: Keyframes::default(),
        }
    }

    /// When it counts as absent, if it is live.
    pub fn absent_at(&self) -> Option<Instant> {
        let after = match self.kind {
            MediaKind::Audio => AUDIO_ABSENT_AFTER,
            MediaKind::Video => VIDEO_ABSENT_AFTER,
        };
        self.arrived_at.filter(|_| self.live).map(|at| at + after)
    }

    /// Whether its slots may be given to others that are not even louder.
    pub fn rested(&self, now: Instant) -> bool {
        !self.live && self.rested_at.is_none_or(|at| now >= at + SLOT_GRACE)
    }

    /// The next thing to look at.
    pub fn deadline(&self) -> Option<Instant> {
        let grace = self.rested_at.filter(|_| !self.legs.is_empty()).map(|at| at + SLOT_GRACE);
        [self.absent_at(), grace, self.keyframes.due_at()].into_iter().flatten().min()
    }
}

/// Keyframe requests to one sender, at most one per [`KEYFRAME_INTERVAL`] and none forgotten.
#[derive(Default)]
pub(crate) struct Keyframes {
    asked_at: Option<Instant>,
    waiting: bool,
}

impl Keyframes {
    /// Somebody needs one. `true`: ask now; else it is due later.
    pub fn want(&mut self, now: Instant) -> bool {
        let free = self.asked_at.is_none_or(|at| now >= at + KEYFRAME_INTERVAL);
        self.waiting = !free;
        if free {
            self.asked_at = Some(now);
        }
        free
    }

    /// Whether a held-back request is to go out now.
    pub fn take_due(&mut self, now: Instant) -> bool {
        self.due_at().is_some_and(|at| at <= now) && self.want(now)
    }

    pub fn due_at(&self) -> Option<Instant> {
        self.asked_at.filter(|_| self.waiting).map(|at: Instant| at + KEYFRAME_INTERVAL)
    }
}

/// Zero duration guard: a grace of nothing would make every mute reshuffle the slots.
const _: () = assert!(SLOT_GRACE.as_millis() > Duration::ZERO.as_millis());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keyframe_requests_are_spaced_and_not_forgotten() {
        let (mut keyframes, start) = (Keyframes::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert!(keyframes.want(at(0)));
        assert!(!keyframes.want(at(100)));
        assert!(!keyframes.want(at(200)));
        assert!(!keyframes.take_due(at(499)));
        assert!(keyframes.take_due(at(500)), "the two in between became one");
        assert_eq!(keyframes.due_at(), None);
    }
}
