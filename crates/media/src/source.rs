//! One sending section of a session.

use std::time::{Duration, Instant};

use model::{MediaKind, TrackSource};
use str0m::format::PayloadParams;
use str0m::media::{Mid, Pt};

use crate::credentials::WorkerNumber;
use crate::gaps::Gaps;
use crate::layer::Layers;
use crate::limit::{AUDIO_ABSENT_AFTER, KEYFRAME_INTERVAL, SLOT_GRACE, VIDEO_ABSENT_AFTER};
use crate::relay::ShownSource;
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

/// A sending section, or what another worker shows of one. It stays at its index for as long as the
/// connection lives.
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
    /// It has been live and has not ended since: it may be in slots, here and on other workers.
    pub shown: bool,
    /// Since when it is not, if it was.
    pub rested_at: Option<Instant>,
    pub arrived_at: Option<Instant>,
    /// Last loud packet.
    pub heard_at: Option<Instant>,
    /// Its section is gone for good and nothing refers to it.
    pub retired: bool,
    /// Where it goes. The per-packet loop walks this and nothing else.
    pub legs: Vec<SlotRef>,
    /// The other workers that its packets are relayed to. Empty in a room that lives here alone.
    pub abroad: Vec<Abroad>,
    /// Which run of packets this is: another one after each gap that its legs must not show.
    pub run: u32,
    /// What its home is to know, if it lives elsewhere.
    pub wish: Wish,
    /// It is tapped for captions, under these numbers. Only while it is live.
    pub voice: Option<Tapped>,
    /// The same of what the mixer is handed.
    pub mixed: Option<Tapped>,
    /// What it sends, and since when.
    pub codec: Option<(Pt, PayloadParams)>,
    pub codec_at: Option<Instant>,
    pub layers: Layers,
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
            shown: false,
            rested_at: None,
            arrived_at: None,
            heard_at: None,
            retired: false,
            legs: Vec::new(),
            abroad: Vec::new(),
            run: 0,
            wish: Wish::default(),
            voice: None,
            mixed: None,
            codec: None,
            codec_at: None,
            layers: Layers::default(),
        }
    }

    /// A source of a session that lives on another worker.
    pub fn of_stand_in(shown: &ShownSource) -> Self {
        let mut source = Self::new(String::new(), shown.label.kind());
        source.label = Some(shown.label);
        source.heard_at = shown.heard_at;
        source.layers.table = shown.layers;
        source
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
        [self.absent_at(), grace, self.layers.due_at()].into_iter().flatten().min()
    }
}

/// Another worker that a source's packets are relayed to.
pub(crate) struct Abroad {
    pub worker: WorkerNumber,
    /// The layers that somebody there is sent or is to be, as bits by place. Sound has none.
    pub layers: u8,
    /// Layers left out of the middle of a stream show no gap there.
    pub gaps: Gaps,
}

impl Abroad {
    /// One that is relayed everything.
    pub fn all(worker: WorkerNumber) -> Self {
        Self { worker, layers: u8::MAX, gaps: Gaps::default() }
    }
}

/// What the home of a picture is to know about it.
#[derive(Default)]
pub(crate) struct Wish {
    /// What it knows: the layers that somebody here is sent or is to be, as bits by place. `None`: it
    /// waits for an answer.
    pub told: Option<u8>,
    /// Streams of which somebody here needs a keyframe, as bits by place.
    pub keyframes: u8,
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
