//! Is this speech? A small neural detector behind our own type, a frame at a time.
//!
//! Its answer decides what a model ever gets to hear: models write words for silence too.

use std::ops::Range;

use crate::audio::{level_dbfs, samples_in};

/// Samples in a frame: 16 ms, what the detector was trained on.
pub const FRAME_SAMPLES: usize = 256;
/// Milliseconds in a frame.
pub const FRAME_MILLIS: u64 = 16;

/// A frame at least this likely begins speech.
pub const SPEECH_SCORE: f32 = 0.5;
/// Speech that has begun goes on while frames are at least this likely: word ends are quiet.
pub const SPEECH_GOES_ON_SCORE: f32 = 0.35;
/// Frames quieter than this are not speech, whatever they sound like.
const FLOOR_DBFS: f32 = -60.0;

/// The detector of one stream; it remembers the frames before.
#[derive(Default)]
pub struct Detector {
    inner: Box<earshot::Detector>,
}

/// What is known of a frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// How likely it is speech, 0 to 1.
    pub score: f32,
    /// How loud it is.
    pub level_dbfs: f32,
}

impl Detector {
    /// A detector that has heard nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next frame of the stream.
    pub fn frame(&mut self, samples: &[f32; FRAME_SAMPLES]) -> Frame {
        let level_dbfs = level_dbfs(samples);
        let score = self.inner.predict_f32(samples);
        Frame { score: if level_dbfs < FLOOR_DBFS { 0.0 } else { score }, level_dbfs }
    }

    /// Forgets what it heard: the stream goes on elsewhere.
    pub fn reset(&mut self) {
        self.inner.reset();
    }
}

/// All whole frames of a finished recording.
#[must_use]
pub fn frames(samples: &[f32]) -> Vec<Frame> {
    let mut detector = Detector::new();
    let (whole, _) = samples.as_chunks::<FRAME_SAMPLES>();
    whole.iter().map(|frame| detector.frame(frame)).collect()
}

/// Frames that are averaged to find a pause between words and not within one.
const DIP_FRAMES: usize = 7;

/// The middle of the quietest moment in this range of frames; the later one of two alike. The
/// range's start when it is too short to have one.
#[must_use]
pub fn quietest(levels_dbfs: &[f32], range: Range<usize>) -> usize {
    let inside = levels_dbfs.get(range.clone()).unwrap_or_default();
    let quietest = inside
        .windows(DIP_FRAMES)
        .map(|window| window.iter().sum::<f32>())
        .enumerate()
        .reduce(|best, next| if next.1 <= best.1 { next } else { best });
    quietest.map_or(range.start, |(at, _)| range.start + at + DIP_FRAMES / 2)
}

/// Frames in so many milliseconds, rounded up.
#[must_use]
pub const fn frames_in(millis: u32) -> usize {
    samples_in(millis).div_ceil(FRAME_SAMPLES)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn speech_frames(samples: &[f32]) -> usize {
        frames(samples).iter().filter(|frame| frame.score >= SPEECH_SCORE).count()
    }

    #[test]
    fn silence_and_tones_are_not_speech() {
        assert_eq!(speech_frames(&[0.0; 16_000]), 0);
        let tone: Vec<f32> = (0..32_000).map(|n| (n as f32 * 0.17).sin() * 0.3).collect();
        assert!(speech_frames(&tone) <= 3, "{}", speech_frames(&tone));
    }

    #[test]
    fn the_quietest_moment_is_found() {
        let mut levels = vec![-20.0; 100];
        levels[40..47].fill(-50.0);
        levels[60] = -90.0;
        assert_eq!(quietest(&levels, 0..100), 43);
        assert_eq!(quietest(&levels, 50..100), 63, "the last window that has the single frame");
        assert_eq!(quietest(&levels, 98..100), 98);
        assert_eq!(quietest(&[-20.0; 20], 0..20), 16);
    }
}
