//! One mix: voices are added up, kept within bounds, and encoded.

use std::sync::Arc;

use codec::opus::Encoder;

use super::Sound;
use crate::level::level_of;

const SAMPLES: usize = Encoder::FRAME;
/// What a sum is kept below: a little room for what coding adds.
const PEAK_MAX: f32 = 0.95;
/// How fast it becomes louder again after a peak: from half to whole in about a third of a second.
const RISE_PER_FRAME: f32 = 0.03;
/// In how many samples it becomes less loud: 2.5 ms. Less would click.
const FALL_SAMPLES: usize = 120;

/// One sum and its encoder.
pub(super) struct Bus {
    encoder: Encoder,
    gain: f32,
}

impl Bus {
    /// `None` when there is no memory for one.
    pub fn new() -> Option<Self> {
        Some(Self { encoder: Encoder::new()?, gain: 1.0 })
    }

    /// Forgets what was mixed before.
    pub fn reset(&mut self) {
        self.encoder.reset();
        self.gain = 1.0;
    }

    /// The sum of these.
    pub fn mix<'a>(&mut self, parts: impl Iterator<Item = &'a [f32; SAMPLES]>) -> Option<Sound> {
        let mut sum = [0.0; SAMPLES];
        for part in parts {
            for (sum, sample) in sum.iter_mut().zip(part) {
                *sum += sample;
            }
        }
        self.limit(&mut sum);
        let level = level_of(&sum);
        self.encoder.encode(&sum).map(|packet| Sound { payload: Arc::from(packet), level })
    }

    /// Turns a sum down as far as its loudest sample needs, and slowly up again.
    fn limit(&mut self, sum: &mut [f32; SAMPLES]) {
        let peak = sum.iter().fold(0.0_f32, |peak, sample| peak.max(sample.abs()));
        let fits = if peak > PEAK_MAX { PEAK_MAX / peak } else { 1.0 };
        let (from, to) = (self.gain, fits.min(self.gain + RISE_PER_FRAME));
        self.gain = to;
        if from == 1.0 && to == 1.0 {
            return;
        }
        let steps = if to < from { FALL_SAMPLES } else { SAMPLES };
        for (at, sample) in sum.iter_mut().enumerate() {
            let part = (at + 1).min(steps) as f32 / steps as f32;
            // On the way down the first samples may still be too loud.
            *sample = (*sample * (from + (to - from) * part)).clamp(-1.0, 1.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loud_voices_together_stay_within_bounds_and_come_back_up() {
        let mut bus = Bus::new().unwrap();
        let mut loud = [0.6; SAMPLES];
        bus.limit(&mut loud);
        assert_eq!(loud, [0.6; SAMPLES], "what fits is not touched");
        let mut sum = [1.9; SAMPLES];
        bus.limit(&mut sum);
        assert!(sum.iter().all(|sample| *sample <= 1.0));
        assert!((sum[SAMPLES - 1] - PEAK_MAX).abs() < 1e-3, "{}", sum[SAMPLES - 1]);
        let mut frames = 0;
        loop {
            let mut quiet = [0.5; SAMPLES];
            bus.limit(&mut quiet);
            frames += 1;
            if quiet[SAMPLES - 1] > 0.499 {
                break;
            }
        }
        assert!((10..30).contains(&frames), "{frames}");
    }
}
