//! Is this speech? A small neural detector behind our own type, a frame at a time.
//!
//! Its answer decides what a model ever gets to hear: models write words for silence too.

mod tonal;

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
/// Speech has frames at least this likely; noise that begins all at once reaches 0.7 for no frame.
const SURE_SCORE: f32 = 0.7;
/// How many of them there must be between other frames of speech: 112 ms with those, shorter than
/// any word said by itself. The ends of a beep are alone.
const SURE_FRAMES_MIN: usize = 5;
/// Speech rises and falls by more than this; buzzers and motors, however voice-like, do not.
const STEADY_DB: f32 = 1.5;
/// Frames quieter than this are not speech, whatever they sound like.
const FLOOR_DBFS: f32 = -60.0;

/// The detector of one stream; it remembers the frames before.
#[derive(Default)]
pub struct Detector {
    inner: Box<earshot::Detector>,
    tonal: tonal::Tonal,
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
        let tone = self.tonal.handle_frame(samples);
        Frame { score: if tone || level_dbfs < FLOOR_DBFS { 0.0 } else { score }, level_dbfs }
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

/// How much of a stretch of frames is speech, in milliseconds; `None` when all of it only seemed
/// to be some.
#[must_use]
pub fn speech_millis(frames: &[Frame]) -> Option<u64> {
    let speech: Vec<&Frame> =
        frames.iter().filter(|frame| frame.score >= SPEECH_GOES_ON_SCORE).collect();
    let sure = frames
        .windows(3)
        .filter(|near| near.iter().all(|frame| frame.score >= SPEECH_GOES_ON_SCORE))
        .filter(|near| near[1].score >= SURE_SCORE)
        .count();
    if sure < SURE_FRAMES_MIN {
        return None;
    }
    let mut levels: Vec<f32> = speech.iter().map(|frame| frame.level_dbfs).collect();
    levels.sort_by(f32::total_cmp);
    // Without the ends: how a sound begins and stops says nothing.
    let (low, high) = (levels.len() / 10, levels.len() - 1 - levels.len() / 10);
    (levels[high] - levels[low] >= STEADY_DB).then_some(speech.len() as u64 * FRAME_MILLIS)
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

    /// A sound of four seconds.
    fn sound(sample: impl Fn(usize, f32) -> f32) -> Vec<f32> {
        (0..64_000).map(|n| sample(n, n as f32 / 16_000.0)).collect()
    }

    fn sine(seconds: f32, frequency_hz: f32) -> f32 {
        (seconds * frequency_hz * std::f32::consts::TAU).sin()
    }

    /// White noise from a multiplicative generator, the same every time.
    fn noise(n: usize) -> f32 {
        let mixed = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let mixed = (mixed ^ mixed >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        (mixed >> 40) as f32 / (1_u64 << 23) as f32 - 1.0
    }

    #[test]
    fn silence_tones_and_noise_are_not_speech() {
        let sounds: [(&str, Vec<f32>); 10] = [
            ("silence", vec![0.0; 64_000]),
            ("tone", sound(|_, t| sine(t, 433.0) * 0.3)),
            ("high tone", sound(|_, t| sine(t, 2_000.0) * 0.3)),
            ("dial tone", sound(|_, t| (sine(t, 350.0) + sine(t, 440.0)) * 0.2)),
            ("busy tone", sound(|_, t| if t % 1.0 < 0.5 { sine(t, 425.0) * 0.3 } else { 0.0 })),
            ("hum", sound(|_, t| (sine(t, 50.0) + sine(t, 150.0) * 0.3) * 0.1)),
            ("square", sound(|_, t| sine(t, 440.0).signum() * 0.2)),
            ("buzzer", sound(|_, t| sine(t, 140.0).signum() * 0.2)),
            ("noise", sound(|n, _| noise(n) * 0.1)),
            ("quiet noise", sound(|n, _| noise(n) * 0.001)),
        ];
        for (name, samples) in sounds {
            assert_eq!(speech_millis(&frames(&samples)), None, "{name}");
        }
    }

    #[test]
    fn what_counts_as_speech() {
        let frame = |score, level_dbfs| Frame { score, level_dbfs };
        let mut frames: Vec<Frame> = (0..7).map(|n| frame(0.7, -20.0 - n as f32)).collect();
        assert_eq!(speech_millis(&frames), Some(7 * 16));
        frames.push(frame(0.35, -20.0));
        frames.push(frame(0.34, -20.0));
        assert_eq!(speech_millis(&frames), Some(8 * 16));
        assert_eq!(speech_millis(&frames[2..]), None, "too few sure ones");
        assert_eq!(speech_millis(&vec![frame(0.9, -20.0); 100]), None, "steady");
        assert_eq!(speech_millis(&[]), None);
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
