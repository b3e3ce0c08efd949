//! Any sample rate to 16 kHz, as a stream.
//!
//! A windowed-sinc low-pass evaluated at rational positions (one row of the table per phase), used
//! by uploads and by whoever taps audio at another rate. Pure; its delay is removed, so a sample
//! stays at its time.

use crate::audio::SAMPLE_RATE;

/// Zero crossings of the sinc on each side at the lower rate. More would sharpen the edge, which
/// speech recognition does not hear.
const CROSSINGS: f64 = 16.0;
/// The pass band's end, as a part of the lower rate's Nyquist frequency.
const PASS_BAND: f64 = 0.92;
/// Rows in the table. Rates that would need more (44,101 Hz) use the nearest row, an error far
/// below what a lossy codec makes.
const PHASES_MAX: u64 = 512;

/// Turns a stream of one rate into one of 16 kHz.
pub struct Resampler {
    /// Input samples not yet passed by the kernel, with `half` samples of the past.
    pending: Vec<f32>,
    /// The next output is at `pending[at]` plus `fraction / up` samples.
    at: usize,
    fraction: u64,
    up: u64,
    down: u64,
    half: usize,
    phases: u64,
    table: Vec<f32>,
    taken: u64,
    given: u64,
}

impl Resampler {
    /// From `rate_hz`; `None` for zero.
    #[must_use]
    pub fn new(rate_hz: u32) -> Option<Self> {
        if rate_hz == 0 {
            return None;
        }
        let common = greatest_common_divisor(u64::from(rate_hz), u64::from(SAMPLE_RATE));
        let (up, down) = (u64::from(SAMPLE_RATE) / common, u64::from(rate_hz) / common);
        let cutoff = (up as f64 / down as f64).min(1.0) * PASS_BAND;
        let half = (CROSSINGS / cutoff).ceil() as usize;
        let phases = up.min(PHASES_MAX);
        let table = if up == down { Vec::new() } else { kernel(phases, half, cutoff) };
        let pending = vec![0.0; half];
        let (at, fraction, taken, given) = (half, 0, 0, 0);
        Some(Self { pending, at, fraction, up, down, half, phases, table, taken, given })
    }

    /// Takes `input` and appends what is due to `output`.
    pub fn push(&mut self, input: &[f32], output: &mut Vec<f32>) {
        self.taken += input.len() as u64;
        if self.up == self.down {
            output.extend_from_slice(input);
            self.given = self.taken;
            return;
        }
        self.pending.extend_from_slice(input);
        self.drain(output, u64::MAX);
    }

    /// The end of the stream: appends what the kernel still held back.
    pub fn finish(&mut self, output: &mut Vec<f32>) {
        if self.up == self.down {
            return;
        }
        self.pending.resize(self.pending.len() + self.half + 1, 0.0);
        let total = (self.taken * self.up).div_ceil(self.down);
        self.drain(output, total);
    }

    fn drain(&mut self, output: &mut Vec<f32>, total: u64) {
        let taps = 2 * self.half;
        while self.at + self.half < self.pending.len() && self.given < total {
            let phase = (self.fraction * self.phases / self.up) as usize;
            let row = &self.table[phase * taps..(phase + 1) * taps];
            let window = &self.pending[self.at + 1 - self.half..=self.at + self.half];
            output.push(row.iter().zip(window).map(|(tap, sample)| tap * sample).sum());
            self.given += 1;
            self.fraction += self.down;
            self.at += (self.fraction / self.up) as usize;
            self.fraction %= self.up;
        }
        let past = (self.at + 1).saturating_sub(self.half).min(self.pending.len());
        self.pending.drain(..past);
        self.at -= past;
    }
}

/// One row of `2 * half` taps per phase: the sinc around that fraction of a sample, each row with
/// gain one.
fn kernel(phases: u64, half: usize, cutoff: f64) -> Vec<f32> {
    let mut table = Vec::with_capacity(phases as usize * 2 * half);
    for phase in 0..phases {
        let fraction = phase as f64 / phases as f64;
        let row: Vec<f64> = (0..2 * half)
            .map(|tap| tap as f64 - (half as f64 - 1.0) - fraction)
            .map(|distance| sinc(distance * cutoff) * blackman(distance / half as f64))
            .collect();
        let gain: f64 = row.iter().sum();
        table.extend(row.iter().map(|tap| (tap / gain) as f32));
    }
    table
}

fn sinc(x: f64) -> f64 {
    let angle = x * std::f64::consts::PI;
    if angle.abs() < 1e-9 { 1.0 } else { angle.sin() / angle }
}

/// The Blackman window, `x` from -1 to 1.
fn blackman(x: f64) -> f64 {
    if x.abs() >= 1.0 {
        return 0.0;
    }
    let angle = x * std::f64::consts::PI;
    0.42 + 0.5 * angle.cos() + 0.08 * (2.0 * angle).cos()
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audio::level_dbfs;

    fn tone(rate_hz: u32, frequency_hz: f64, seconds: f64) -> Vec<f32> {
        (0..(f64::from(rate_hz) * seconds) as usize)
            .map(|n| {
                (n as f64 / f64::from(rate_hz) * frequency_hz * std::f64::consts::TAU).sin() as f32
            })
            .collect()
    }

    /// The input cut in pieces of `piece` samples.
    fn converted(rate_hz: u32, input: &[f32], piece: usize) -> Vec<f32> {
        let mut resampler = Resampler::new(rate_hz).unwrap();
        let mut output = Vec::new();
        for part in input.chunks(piece) {
            resampler.push(part, &mut output);
        }
        resampler.finish(&mut output);
        output
    }

    #[test]
    fn a_tone_stays_itself_at_every_rate() {
        for rate_hz in
            [8000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 44_101, 48_000, 96_000]
        {
            let output = converted(rate_hz, &tone(rate_hz, 1000.0, 1.0), 960);
            let wanted = tone(SAMPLE_RATE, 1000.0, 1.0);
            assert_eq!(output.len(), wanted.len(), "{rate_hz}");
            let middle = 500..15_500;
            let error: Vec<f32> =
                output[middle.clone()].iter().zip(&wanted[middle]).map(|(a, b)| a - b).collect();
            assert!(level_dbfs(&error) < -50.0, "{rate_hz}: {}", level_dbfs(&error));
        }
    }

    #[test]
    fn what_does_not_fit_is_filtered_out() {
        let output = converted(48_000, &tone(48_000, 11_000.0, 0.5), 480);
        assert!(level_dbfs(&output[500..7500]) < -50.0);
    }

    #[test]
    fn pieces_do_not_matter() {
        let input = tone(44_100, 440.0, 0.3);
        let whole = converted(44_100, &input, input.len());
        for piece in [1, 7, 441, 5000] {
            assert_eq!(converted(44_100, &input, piece), whole);
        }
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(Resampler::new(0).is_none());
        assert_eq!(converted(48_000, &[], 1), Vec::<f32>::new());
    }
}
