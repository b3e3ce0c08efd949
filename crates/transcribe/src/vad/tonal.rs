//! Is a frame a tone? The detector takes dial tones, beeps and held notes for voices.
//!
//! A sum of two sines is predicted exactly from its last four samples, and a chord nearly so;
//! speech is not, but for a few frames of a vowel. So: linear prediction of order four by the
//! covariance method (Makhoul 1975), and how much of the frame's energy it leaves over. Measured:
//! tones, also through Opus and mu-law, leave less than -36 dB; speech leaves -20 to -24 dB in the
//! median, and less than -36 dB in single frames only.

use super::FRAME_SAMPLES;

const ORDER: usize = 4;
/// A frame that leaves less than this is one of a tone.
const LEFT_OVER_DB: f64 = -35.0;
/// From so many such frames in a row on it is a tone: vowels have one or two.
const RUN: u32 = 3;

/// Follows one stream.
#[derive(Default)]
pub struct Tonal {
    run: u32,
}

impl Tonal {
    /// Whether the stream is a tone at this frame.
    pub fn handle_frame(&mut self, samples: &[f32; FRAME_SAMPLES]) -> bool {
        let tone = left_over_db(samples) < LEFT_OVER_DB;
        self.run = if tone { self.run.saturating_add(1) } else { 0 };
        self.run >= RUN
    }
}

/// The part of the energy that prediction leaves over.
fn left_over_db(samples: &[f32; FRAME_SAMPLES]) -> f64 {
    // products[i][j]: the samples delayed by i with those delayed by j.
    let mut products = [[0.0_f64; ORDER + 1]; ORDER + 1];
    for window in samples.windows(ORDER + 1) {
        for (row, one) in products.iter_mut().zip(window.iter().rev()) {
            for (product, other) in row.iter_mut().zip(window.iter().rev()) {
                *product += f64::from(*one) * f64::from(*other);
            }
        }
    }
    let energy = products[0][0];
    if energy <= 0.0 {
        return 0.0;
    }
    // A pure tone leaves nothing to the higher orders: without this the system has no one solution.
    for (at, row) in products.iter_mut().enumerate() {
        row[at] += energy * 1e-9;
    }
    let left = eliminated(products).max(0.0);
    10.0 * ((left + 1e-12 * energy) / energy).log10()
}

/// What is left of the first row's energy once the others have explained what they can: the Schur
/// complement, by elimination from the last row up.
fn eliminated(mut rows: [[f64; ORDER + 1]; ORDER + 1]) -> f64 {
    for at in (1..=ORDER).rev() {
        let pivot = rows[at];
        for row in &mut rows[..at] {
            let factor = row[at] / pivot[at];
            for (value, above) in row.iter_mut().zip(pivot) {
                *value -= factor * above;
            }
        }
    }
    rows[0][0]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(sample: impl Fn(f64) -> f64) -> [f32; FRAME_SAMPLES] {
        std::array::from_fn(|n| sample(n as f64 / 16_000.0) as f32)
    }

    fn sine(seconds: f64, frequency_hz: f64) -> f64 {
        (seconds * frequency_hz * std::f64::consts::TAU).sin()
    }

    #[test]
    fn tones_leave_nothing() {
        assert!(left_over_db(&frame(|t| 0.3 * sine(t, 433.0))) < -60.0);
        assert!(left_over_db(&frame(|t| 0.2 * sine(t, 770.0) + 0.2 * sine(t, 1336.0))) < -60.0);
        let chord = |t| sine(t, 262.0) + sine(t, 330.0) + sine(t, 392.0);
        assert!(left_over_db(&frame(|t| 0.2 * chord(t))) < -60.0);
        // A telephone's eight bits on top.
        let coarse = |t| (sine(t, 350.0) * 40.0).round() / 128.0;
        assert!(left_over_db(&frame(coarse)) < -35.0);
    }

    #[test]
    fn other_sound_leaves_something() {
        assert_eq!(left_over_db(&[0.0; FRAME_SAMPLES]), 0.0);
        let buzz = |t| sine(t, 140.0).signum() * 0.2;
        assert!(left_over_db(&frame(buzz)) > -30.0);
        // What goes through a rough throat: pulses in a resonance that dies away.
        let voice = |t: f64| (-(t * 130.0).fract() * 12.0).exp() * sine(t, 620.0);
        assert!(left_over_db(&frame(voice)) > -30.0);
    }

    #[test]
    fn a_single_frame_is_no_tone_yet() {
        let mut tonal = Tonal::default();
        let tone = frame(|t| sine(t, 500.0));
        let other = frame(|t| sine(t, 140.0).signum());
        let told: Vec<bool> = [tone, tone, other, tone, tone, tone, tone, other]
            .iter()
            .map(|samples| tonal.handle_frame(samples))
            .collect();
        assert_eq!(told, [false, false, false, false, false, true, true, false]);
    }
}
