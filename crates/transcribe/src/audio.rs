//! What every part of this crate means by audio: mono `f32` samples at 16 kHz, full scale 1.0.
//!
//! Time is counted in samples of the stream itself ([`Position`]), never by a clock: what was said
//! when stays right whatever the machine was doing at that moment.

use std::ops::{Range, Sub};

/// The rate that the models and the voice detector were trained at, in Hz.
pub const SAMPLE_RATE: u32 = 16_000;

/// Quieter than anything this crate tells from silence.
pub const SILENCE_DBFS: f32 = -120.0;

/// A moment of a stream: samples at [`SAMPLE_RATE`] since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(u64);

impl Position {
    /// The stream's first sample.
    pub const ZERO: Self = Self(0);

    /// So many samples from the start.
    #[must_use]
    pub const fn from_samples(samples: u64) -> Self {
        Self(samples)
    }

    /// So many milliseconds from the start.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * (SAMPLE_RATE as u64 / 1000))
    }

    /// Samples since the start.
    #[must_use]
    pub const fn samples(self) -> u64 {
        self.0
    }

    /// Whole milliseconds since the start.
    #[must_use]
    pub const fn millis(self) -> u64 {
        self.0 / (SAMPLE_RATE as u64 / 1000)
    }

    /// So many samples later.
    #[must_use]
    pub const fn after(self, samples: usize) -> Self {
        Self(self.0 + samples as u64)
    }

    /// So many samples earlier, not before the start.
    #[must_use]
    pub const fn before(self, samples: usize) -> Self {
        Self(self.0.saturating_sub(samples as u64))
    }
}

impl Sub for Position {
    type Output = usize;

    /// Samples between the two; zero when `earlier` is not earlier.
    fn sub(self, earlier: Self) -> usize {
        usize::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(usize::MAX)
    }
}

/// Samples in so many milliseconds.
#[must_use]
pub const fn samples_in(millis: u32) -> usize {
    millis as usize * (SAMPLE_RATE as usize / 1000)
}

/// How long so many samples are, in whole milliseconds.
#[must_use]
pub const fn millis_of(samples: usize) -> u64 {
    samples as u64 / (SAMPLE_RATE as u64 / 1000)
}

/// Root mean square in decibels below full scale, at least [`SILENCE_DBFS`].
#[must_use]
pub fn level_dbfs(samples: &[f32]) -> f32 {
    if samples.is_empty() {
        return SILENCE_DBFS;
    }
    let sum: f64 = samples.iter().map(|&sample| f64::from(sample).powi(2)).sum();
    let rms = (sum / samples.len() as f64).sqrt();
    if rms > 0.0 { (20.0 * rms.log10() as f32).max(SILENCE_DBFS) } else { SILENCE_DBFS }
}

/// A stretch of audio that knows where in its stream it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Clip {
    /// Where it is.
    pub range: Range<Position>,
    /// Its samples, as many as the range is long.
    pub samples: std::sync::Arc<[f32]>,
}

impl Clip {
    /// Its length in whole milliseconds.
    #[must_use]
    pub fn millis(&self) -> u64 {
        millis_of(self.samples.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_samples() {
        assert_eq!(Position::from_millis(250).samples(), 4000);
        assert_eq!(Position::from_samples(4015).millis(), 250);
        assert_eq!(Position::from_millis(2) - Position::from_millis(1), 16);
        assert_eq!(Position::from_millis(1) - Position::from_millis(2), 0);
        assert_eq!(Position::from_millis(1).before(1000), Position::ZERO);
    }

    #[test]
    fn level_of_known_signals() {
        assert!((level_dbfs(&[1.0, -1.0, 1.0, -1.0])).abs() < 0.001);
        assert!((level_dbfs(&[0.1; 64]) + 20.0).abs() < 0.001);
        assert_eq!(level_dbfs(&[0.0; 64]), SILENCE_DBFS);
        assert_eq!(level_dbfs(&[]), SILENCE_DBFS);
    }
}
