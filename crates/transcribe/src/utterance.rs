//! One speaker's live audio cut into utterances: when to ask for a guess, when for the final text.
//!
//! Called by [`track`](crate::track) with one frame of the stream after another and what the voice
//! detector made of it; time is the stream's own. It must hold that every frame of speech is in
//! exactly one utterance's range, and that ranges do not overlap.
//!
//! An utterance begins with speech (and a little of what was before it), and ends by a pause, at
//! a limit of length (cut where it is quietest), or when the speaker stops. A final whose
//! predecessor is near carries the two as one clip besides: models mishear short pieces, and the
//! joined text tells how both really read (see [`merge`](crate::merge)).

use std::ops::Range;

use crate::audio::{Clip, Position, samples_in};
use crate::vad::{
    FRAME_SAMPLES, Frame, SPEECH_GOES_ON_SCORE, SPEECH_SCORE, frames_in, quietest, speech_millis,
};

/// Names an utterance within its stream; they count up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UtteranceId(pub u64);

/// The times that decide, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tuning {
    /// Audio kept from before the detector noticed: first consonants are quiet.
    pub pre_roll: u32,
    /// The pause that ends an utterance. Less cuts sentences, more delays every final text.
    pub hangover: u32,
    /// What is kept of that pause.
    pub tail: u32,
    /// The longest utterance. More helps the model little, and makes every guess dearer.
    pub length_max: u32,
    /// At that limit it is cut at the quietest moment in the last part of this length.
    pub cut_window: u32,
    /// Guesses come at most this often...
    pub partial_interval: u32,
    /// ...and take at most one part in this of a thread's time.
    pub partial_duty: u32,
    /// Neighbours this near are decoded together for the final text.
    pub join_gap: u32,
    /// But not if they are longer than this together (a decode takes 30 s at most).
    pub joined_max: u32,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            pre_roll: 300,
            hangover: 700,
            tail: 250,
            length_max: 13_000,
            cut_window: 5_000,
            partial_interval: 500,
            partial_duty: 4,
            join_gap: 1_500,
            joined_max: 28_000,
        }
    }
}

/// What should be decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// A guess at an utterance that goes on.
    Partial(Utterance),
    /// The text of an utterance that is over.
    Final(Utterance, Option<Joined>),
}

/// An utterance as it is at this moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Utterance {
    /// Which.
    pub id: UtteranceId,
    /// Its audio.
    pub clip: Clip,
    /// How much of it the detector took for speech.
    pub speech_millis: u64,
}

/// An utterance together with the one before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The one before.
    pub previous: UtteranceId,
    /// Both, with the pause between them.
    pub clip: Clip,
}

/// The state of one stream.
pub struct Utterances {
    tuning: Tuning,
    /// The recent audio that may still be needed; ends at the present.
    tape: Vec<f32>,
    tape_start: Position,
    current: Option<Current>,
    previous: Option<Closed>,
    next_id: u64,
    partial_pending: bool,
    last_decode_millis: u32,
}

/// The utterance that goes on.
struct Current {
    id: UtteranceId,
    start: Position,
    /// All its frames.
    frames: Vec<Frame>,
    last_speech: Position,
    last_partial: Position,
}

struct Closed {
    id: UtteranceId,
    range: Range<Position>,
}

impl Utterances {
    /// A stream of which nothing was heard.
    #[must_use]
    pub fn new(tuning: Tuning) -> Self {
        Self {
            tuning,
            tape: Vec::new(),
            tape_start: Position::ZERO,
            current: None,
            previous: None,
            next_id: 0,
            partial_pending: false,
            last_decode_millis: 0,
        }
    }

    /// Where the stream is: the end of the last frame.
    #[must_use]
    pub fn position(&self) -> Position {
        self.tape_start.after(self.tape.len())
    }

    /// When the utterance that has begun is over if nothing more is said.
    #[must_use]
    pub fn ends_at(&self) -> Option<Position> {
        let current = self.current.as_ref()?;
        Some(current.last_speech.after(samples_in(self.tuning.hangover)))
    }

    /// The next frame of the stream.
    pub fn handle_frame(&mut self, samples: &[f32; FRAME_SAMPLES], frame: Frame) -> Option<Action> {
        self.tape.extend_from_slice(samples);
        let now = self.position();
        let action = match &mut self.current {
            None => {
                if frame.score >= SPEECH_SCORE {
                    self.begin(frame);
                }
                None
            }
            Some(current) => {
                current.frames.push(frame);
                if frame.score >= SPEECH_GOES_ON_SCORE {
                    current.last_speech = now;
                }
                if now - current.last_speech >= samples_in(self.tuning.hangover) {
                    self.close()
                } else if now - current.start >= samples_in(self.tuning.length_max) {
                    self.cut()
                } else {
                    self.partial()
                }
            }
        };
        self.trim();
        action
    }

    /// Nothing is coming for now (a gap in the stream, the speaker left or lost the floor): what
    /// was begun is over. The stream goes on at `position`, unrelated to what was before it.
    pub fn flush(&mut self, position: Position) -> Option<Action> {
        let action = self.close();
        self.previous = None;
        self.tape.clear();
        self.tape_start = position;
        action
    }

    /// The last partial was decoded (`Some`, with the time that took) or given up (`None`).
    pub fn handle_partial_done(&mut self, took_millis: Option<u32>) {
        self.partial_pending = false;
        if let Some(millis) = took_millis {
            self.last_decode_millis = millis;
        }
    }

    fn begin(&mut self, frame: Frame) {
        let now = self.position();
        let onset = now.before(FRAME_SAMPLES);
        let free_from = self.previous.as_ref().map_or(Position::ZERO, |closed| closed.range.end);
        let earliest = self.tape_start.max(free_from).min(onset);
        let start = onset.before(samples_in(self.tuning.pre_roll)).max(earliest);
        let id = self.take_id();
        let frames = vec![frame];
        self.current = Some(Current { id, start, frames, last_speech: now, last_partial: start });
    }

    fn take_id(&mut self) -> UtteranceId {
        let id = UtteranceId(self.next_id);
        self.next_id += 1;
        id
    }

    fn partial(&mut self) -> Option<Action> {
        let now = self.position();
        let by_cost = self.last_decode_millis.saturating_mul(self.tuning.partial_duty);
        let interval = samples_in(self.tuning.partial_interval.max(by_cost));
        let current = self.current.as_mut()?;
        if self.partial_pending || now - current.last_partial < interval {
            return None;
        }
        let speech_millis = speech_millis(&current.frames)?;
        current.last_partial = now;
        self.partial_pending = true;
        let (id, start) = (current.id, current.start);
        Some(Action::Partial(Utterance { id, clip: self.clip(start..now), speech_millis }))
    }

    /// The end of the current utterance, if it was one.
    fn close(&mut self) -> Option<Action> {
        let current = self.current.take()?;
        let end = current.last_speech.after(samples_in(self.tuning.tail)).min(self.position());
        self.finish(current, end)
    }

    /// The current utterance is long enough: it ends where it was quietest, and the next begins
    /// there.
    fn cut(&mut self) -> Option<Action> {
        let mut current = self.current.take()?;
        let now = self.position();
        let levels: Vec<f32> = current.frames.iter().map(|frame| frame.level_dbfs).collect();
        let window = frames_in(self.tuning.cut_window).min(levels.len() / 2);
        let at = quietest(&levels, levels.len() - window..levels.len());
        let rest = current.frames.split_off(at);
        let end = now.before(rest.len() * FRAME_SAMPLES);
        let action = self.finish(current, end);
        if let Some(last) = rest.iter().rposition(|frame| frame.score >= SPEECH_GOES_ON_SCORE) {
            let last_speech = now.before((rest.len() - 1 - last) * FRAME_SAMPLES);
            let id = self.take_id();
            let (start, last_partial) = (end, now);
            self.current = Some(Current { id, start, frames: rest, last_speech, last_partial });
        }
        action
    }

    fn finish(&mut self, current: Current, end: Position) -> Option<Action> {
        let speech_millis = speech_millis(&current.frames)?;
        let range = current.start..end;
        let joined = self.previous.take().filter(|previous| {
            range.start - previous.range.end <= samples_in(self.tuning.join_gap)
                && range.end - previous.range.start <= samples_in(self.tuning.joined_max)
        });
        let joined = joined.map(|previous| Joined {
            previous: previous.id,
            clip: self.clip(previous.range.start..range.end),
        });
        self.previous = Some(Closed { id: current.id, range: range.clone() });
        Some(Action::Final(
            Utterance { id: current.id, clip: self.clip(range), speech_millis },
            joined,
        ))
    }

    fn clip(&self, range: Range<Position>) -> Clip {
        let (from, to) = (range.start - self.tape_start, range.end - self.tape_start);
        let samples = self.tape.get(from..to).unwrap_or_default();
        Clip { range, samples: samples.into() }
    }

    /// Forgets audio that no clip can reach any more.
    fn trim(&mut self) {
        let now = self.position();
        let mut keep = now.before(samples_in(self.tuning.pre_roll));
        if let Some(current) = &self.current {
            keep = keep.min(current.start);
        } else {
            let join_gap = samples_in(self.tuning.join_gap + self.tuning.pre_roll);
            self.previous =
                self.previous.take().filter(|closed| now - closed.range.end <= join_gap);
        }
        if let Some(closed) = &self.previous {
            keep = keep.min(closed.range.start);
        }
        let excess = keep - self.tape_start;
        // Moving the tape costs; once a second is often enough.
        if excess >= samples_in(1000) {
            self.tape.drain(..excess);
            self.tape_start = keep;
        }
    }
}

#[cfg(test)]
mod tests;
