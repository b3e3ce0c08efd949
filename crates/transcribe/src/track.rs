//! One speaker's live captions: audio in, decodes to do out, their results in, captions out.
//!
//! Whoever taps a speaker's audio owns one of these and calls it from one thread; the decodes it
//! asks for go to the [`pool`](crate::pool). Pure: the audio's own time is the only one, and a pause
//! in which no packets come does not end by itself: [`Track::advance`] has to be called then.

use std::collections::BTreeMap;

use crate::audio::{Position, level_dbfs, samples_in};
use crate::clean::{Heard, clean};
use crate::engine::Decoded;
use crate::merge::{same_words, split};
use crate::transcript::Segment;
use crate::utterance::{Action, Joined, Tuning, Utterance, UtteranceId, Utterances};
use crate::vad::{Detector, FRAME_SAMPLES};

/// A gap up to this is silence (a codec that sends nothing then); after a longer one the stream is
/// taken to begin anew.
const GAP_FILLED_MAX: usize = samples_in(1_000);
/// Audio this far back is not late but another stream.
const BACKWARDS_MAX: usize = samples_in(5_000);

/// What there is to show.
#[derive(Clone, Debug, PartialEq)]
pub enum Caption {
    /// What the utterance seems to be so far; replaces what it seemed before.
    Partial {
        /// Which.
        utterance: UtteranceId,
        /// When it began, from the stream's start.
        start_ms: u64,
        /// So far.
        text: String,
    },
    /// What it was.
    Final {
        /// Which.
        utterance: UtteranceId,
        /// When and what.
        segment: Segment,
    },
    /// An utterance that was final reads better now that the next one is known.
    Amended {
        /// Which.
        utterance: UtteranceId,
        /// Its whole text.
        text: String,
    },
    /// It was no speech after all: the guess that was shown goes away.
    Withdrawn {
        /// Which.
        utterance: UtteranceId,
    },
}

/// A decode that is over.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was asked for.
    pub action: Action,
    /// `None` when it was given up: the engine failed, or there was no time for a guess.
    pub texts: Option<Texts>,
    /// How long the decode took.
    pub took_millis: u32,
}

/// What the models read.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    /// In the utterance alone.
    pub own: Decoded,
    /// In it and its predecessor.
    pub joined: Option<Decoded>,
}

/// One speaker.
pub struct Track {
    detector: Detector,
    utterances: Utterances,
    /// Samples that do not fill a frame yet.
    rest: Vec<f32>,
    /// Guesses shown for utterances that are not final.
    shown: BTreeMap<UtteranceId, String>,
    last_final: Option<(UtteranceId, String)>,
}

impl Track {
    /// A speaker who said nothing yet.
    #[must_use]
    pub fn new(tuning: Tuning) -> Self {
        Self {
            detector: Detector::new(),
            utterances: Utterances::new(tuning),
            rest: Vec::new(),
            shown: BTreeMap::new(),
            last_final: None,
        }
    }

    /// Audio that begins at `at`. What was heard already is skipped, a gap is silence.
    pub fn push(&mut self, at: Position, samples: &[f32]) -> Vec<Action> {
        let mut actions = Vec::new();
        let expected = self.expected();
        let (gap, overlap) = (at - expected, expected - at);
        if gap > GAP_FILLED_MAX || overlap > BACKWARDS_MAX {
            actions.extend(self.flush(at));
        } else if gap > 0 {
            self.feed(&vec![0.0; gap], &mut actions);
        }
        let known = if overlap > BACKWARDS_MAX { 0 } else { overlap };
        self.feed(samples.get(known..).unwrap_or_default(), &mut actions);
        actions
    }

    /// No audio came up to `to`: call it a few times a second while nothing comes, so that the last
    /// words do not wait for the next ones. What comes late still counts until the pause has been
    /// long enough to end what was being said.
    pub fn advance(&mut self, to: Position) -> Vec<Action> {
        let mut actions = Vec::new();
        let silence = to - self.expected();
        if silence > GAP_FILLED_MAX {
            actions.extend(self.flush(to));
        } else if self.utterances.ends_at().is_some_and(|end| to >= end) {
            self.feed(&vec![0.0; silence], &mut actions);
        }
        actions
    }

    /// The speaker stopped, left or lost the floor: what was begun is final now. The stream goes
    /// on at `position`.
    pub fn flush(&mut self, position: Position) -> Option<Action> {
        self.rest.clear();
        self.detector.reset();
        self.utterances.flush(position)
    }

    /// A decode is over. Outcomes of finals must come in the order they were asked for.
    pub fn handle_outcome(&mut self, outcome: Outcome) -> Vec<Caption> {
        match outcome.action {
            Action::Partial(utterance) => {
                let took = outcome.texts.is_some().then_some(outcome.took_millis);
                self.utterances.handle_partial_done(took);
                outcome
                    .texts
                    .and_then(|texts| self.partial(&utterance, &texts.own))
                    .into_iter()
                    .collect()
            }
            Action::Final(utterance, joined) => self.finals(&utterance, joined, outcome.texts),
        }
    }

    fn expected(&self) -> Position {
        self.utterances.position().after(self.rest.len())
    }

    fn feed(&mut self, samples: &[f32], actions: &mut Vec<Action>) {
        self.rest.extend_from_slice(samples);
        let (frames, rest) = self.rest.as_chunks::<FRAME_SAMPLES>();
        for samples in frames {
            let frame = self.detector.frame(samples);
            actions.extend(self.utterances.handle_frame(samples, frame));
        }
        let rest = rest.len();
        self.rest.drain(..self.rest.len() - rest);
    }

    fn partial(&mut self, utterance: &Utterance, own: &Decoded) -> Option<Caption> {
        // A guess that comes after the final text says nothing.
        if self.last_final.as_ref().is_some_and(|(last, _)| *last >= utterance.id) {
            return None;
        }
        let text = clean(&own.text, heard(utterance, own))?;
        if self.shown.insert(utterance.id, text.clone()).as_ref() == Some(&text) {
            return None;
        }
        let start_ms = utterance.clip.range.start.millis();
        Some(Caption::Partial { utterance: utterance.id, start_ms, text })
    }

    fn finals(
        &mut self,
        utterance: &Utterance,
        joined: Option<Joined>,
        texts: Option<Texts>,
    ) -> Vec<Caption> {
        let shown = self.shown.remove(&utterance.id);
        let previous = self.last_final.take();
        let mut captions = Vec::new();
        let (text, confidence) = match texts {
            Some(texts) => {
                let own = clean(&texts.own.text, heard(utterance, &texts.own));
                let before =
                    previous.filter(|(id, _)| joined.is_some_and(|one| one.previous == *id));
                let text = match (own, before, texts.joined) {
                    (Some(own), Some(before), Some(joined)) => {
                        in_context(own, before, &joined.text, &mut captions)
                    }
                    (own, _, _) => own,
                };
                (text, texts.own.confidence)
            }
            // Better the last guess than nothing.
            None => (shown.clone(), None),
        };
        self.last_final = Some((utterance.id, text.clone().unwrap_or_default()));
        match text {
            Some(text) => {
                let (start, end) = (utterance.clip.range.start, utterance.clip.range.end);
                let (start_ms, end_ms) = (start.millis(), end.millis());
                let segment = Segment { start_ms, end_ms, speaker: None, text, confidence };
                captions.push(Caption::Final { utterance: utterance.id, segment });
            }
            None if shown.is_some() => {
                captions.push(Caption::Withdrawn { utterance: utterance.id });
            }
            None => {}
        }
        captions
    }
}

/// The utterance's own text as it reads together with the one before it, whose better reading is
/// added to `captions`.
fn in_context(
    own: String,
    (previous, shown): (UtteranceId, String),
    joined: &str,
    captions: &mut Vec<Caption>,
) -> Option<String> {
    let Some(split) = split(&shown, &own, joined) else { return Some(own) };
    if !split.before.is_empty() && !same_words(&split.before, &shown) {
        captions.push(Caption::Amended { utterance: previous, text: split.before });
    }
    // All its words may have gone to the one before: then they are said, there.
    (!split.after.is_empty()).then_some(split.after)
}

fn heard(utterance: &Utterance, decoded: &Decoded) -> Heard {
    Heard {
        speech_millis: utterance.speech_millis,
        level_dbfs: level_dbfs(&utterance.clip.samples),
        confidence: decoded.confidence,
    }
}

#[cfg(test)]
mod tests;
