//! A recording cut at its pauses into pieces that a model can take, with silence left out.
//!
//! Pieces are the segments of a file's transcript: short enough for subtitles and long enough for
//! the model to understand. Pure.

use std::ops::Range;

use crate::vad::{
    FRAME_SAMPLES, Frame, SPEECH_GOES_ON_SCORE, SPEECH_SCORE, frames, frames_in, quietest,
    speech_millis,
};

/// Speech apart by less than this is one stretch.
const PAUSE_MIN: usize = frames_in(350);
/// Kept before and after speech, whose ends are quiet.
const MARGIN: usize = frames_in(250);
/// A piece of this length ends at the next pause.
const LENGTH_WANTED: usize = frames_in(8_000);
/// A piece shorter than that still ends at a pause of this length.
const LONG_PAUSE: usize = frames_in(1_500);
/// The longest piece. Moonshine was trained on up to 30 s and is best well below.
const LENGTH_MAX: usize = frames_in(18_000);
/// Speech without a pause is cut at its quietest moment in the last part of this length.
const CUT_WINDOW: usize = frames_in(6_000);

/// One piece.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// Its samples in the recording.
    pub samples: Range<usize>,
    /// How much of it is speech.
    pub speech_millis: u64,
}

/// The pieces of a recording, in order; none when there is no speech in it.
#[must_use]
pub fn pieces(samples: &[f32]) -> Vec<Piece> {
    cut(&frames(samples))
}

fn cut(frames: &[Frame]) -> Vec<Piece> {
    let mut pieces: Vec<Range<usize>> = Vec::new();
    for stretch in stretches(frames).into_iter().flat_map(|stretch| shortened(stretch, frames)) {
        match pieces.last_mut() {
            Some(piece) if belongs(piece, &stretch) => piece.end = stretch.end,
            _ => pieces.push(stretch),
        }
    }
    (0..pieces.len())
        .map(|at| {
            let piece = &pieces[at];
            // Margins never reach into a neighbour: no word may be heard twice.
            let before = at.checked_sub(1).map_or(0, |before| pieces[before].end);
            let after = pieces.get(at + 1).map_or(frames.len(), |after| after.start);
            let start = piece.start.saturating_sub(MARGIN).max(before.midpoint(piece.start));
            let end = (piece.end + MARGIN).min(piece.end.midpoint(after));
            let start = if at == 0 { piece.start.saturating_sub(MARGIN) } else { start };
            let end = if at + 1 == pieces.len() { (piece.end + MARGIN).min(after) } else { end };
            Piece {
                samples: start * FRAME_SAMPLES..end * FRAME_SAMPLES,
                speech_millis: speech_millis(&frames[piece.clone()]).unwrap_or_default(),
            }
        })
        .collect()
}

fn belongs(piece: &Range<usize>, next: &Range<usize>) -> bool {
    let pause = next.start - piece.end;
    // Where a stretch had to be cut there is no pause at all, and the cut stands.
    (PAUSE_MIN..LONG_PAUSE).contains(&pause)
        && piece.len() < LENGTH_WANTED
        && next.end - piece.start <= LENGTH_MAX
}

/// The frames from where speech begins to where it ends, without short pauses and clicks.
fn stretches(frames: &[Frame]) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for (at, frame) in frames.iter().enumerate() {
        match found.last_mut() {
            Some(range) if frame.score >= SPEECH_GOES_ON_SCORE && at - range.end < PAUSE_MIN => {
                range.end = at + 1;
            }
            _ if frame.score >= SPEECH_SCORE => found.push(at..at + 1),
            _ => {}
        }
    }
    found.retain(|range| speech_millis(&frames[range.clone()]).is_some());
    found
}

/// A stretch longer than a piece may be, in parts.
fn shortened(mut stretch: Range<usize>, frames: &[Frame]) -> Vec<Range<usize>> {
    let mut parts = Vec::new();
    while stretch.len() > LENGTH_MAX {
        let window = stretch.start + LENGTH_MAX - CUT_WINDOW..stretch.start + LENGTH_MAX;
        let levels: Vec<f32> = frames[..window.end].iter().map(|frame| frame.level_dbfs).collect();
        let at = quietest(&levels, window);
        parts.push(stretch.start..at);
        stretch.start = at;
    }
    parts.push(stretch);
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Frames by the letter: `s` speech, `.` silence, each 100 frames (1.6 s); `-` is 30 frames of
    /// silence, `,` 5 frames, `!` 3 frames of speech.
    fn script(script: &str) -> Vec<Frame> {
        let mut frames = Vec::new();
        for one in script.chars() {
            let (score, count) = match one {
                's' => (0.9, 100),
                '!' => (0.9, 3),
                '.' => (0.0, 100),
                '-' => (0.0, 30),
                _ => (0.0, 5),
            };
            // Uneven, as speech is.
            let level = |n| if score < 0.5 { -70.0 } else { -20.0 - 4.0 * (n % 2) as f32 };
            frames.extend((0..count).map(|n| Frame { score, level_dbfs: level(n) }));
        }
        frames
    }

    #[track_caller]
    fn check(text: &str, wanted: &str) {
        let found = cut(&script(text));
        let frames = |piece: &Piece| {
            let Range { start, end } = piece.samples;
            format!("{}..{}", start / FRAME_SAMPLES, end / FRAME_SAMPLES)
        };
        let found: Vec<String> = found.iter().map(frames).collect();
        assert_eq!(found.join(" "), wanted, "{text}");
    }

    #[test]
    fn cut_at_pauses() {
        check("", "");
        check("..", "");
        check(".!.", "");
        check("s", "0..100");
        check(".s.", "84..216");
        // A short pause joins, a long one parts.
        check("s-s", "0..230");
        check("s.s", "0..116 184..300");
        // From the length wanted on, any pause parts; the margins meet in its middle.
        check("ssssss-s", "0..615 615..730");
    }

    #[test]
    fn speech_without_a_pause_is_cut_where_it_is_quietest() {
        // 1126 frames are the longest piece; the dip is in the last 375.
        check("ssssssssss,ss", "0..1003 1003..1205");
    }

    proptest! {
        #[test]
        fn all_speech_is_in_one_piece(scores in proptest::collection::vec((0.0..1.0_f32, 1..200_usize), 0..40)) {
            let frames: Vec<Frame> = scores
                .iter()
                .flat_map(|&(score, count)| vec![Frame { score, level_dbfs: -60.0 + 40.0 * score }; count])
                .collect();
            let pieces = cut(&frames);
            let mut end = 0;
            for piece in &pieces {
                prop_assert!(piece.samples.start >= end && piece.samples.start < piece.samples.end);
                prop_assert!(piece.samples.len() <= (LENGTH_MAX + 2 * MARGIN) * FRAME_SAMPLES);
                end = piece.samples.end;
            }
            prop_assert!(end <= frames.len() * FRAME_SAMPLES);
            for stretch in stretches(&frames) {
                for at in [stretch.start, stretch.end - 1] {
                    let sample = at * FRAME_SAMPLES;
                    prop_assert_eq!(pieces.iter().filter(|one| one.samples.contains(&sample)).count(), 1);
                }
            }
        }
    }
}
