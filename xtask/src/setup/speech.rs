//! Recorded speech for fake microphones.
//!
//! The recordings are those of Debian's `pocketsphinx-testdata` (LibriVox readings, 16 kHz mono).
//! Browsers take a fake microphone at 48 kHz without resampling it well, so each is written there
//! once, three samples for one. The tests pick them by name: `0870` to `0930`.

use std::path::Path;

use anyhow::{Context, Result, bail};

/// Where Debian puts the recordings.
pub const RECORDINGS: &str = "/usr/share/pocketsphinx/test/data/librivox";

const NAMES: [&str; 5] = ["0870", "0880", "0890", "0920", "0930"];
const HEADER_LENGTH: usize = 44;

/// Writes `NAME.wav` for each recording that is not there yet.
pub fn convert(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    for name in NAMES {
        let target = folder.join(format!("{name}.wav"));
        if target.exists() {
            continue;
        }
        let source = format!("{RECORDINGS}/sense_and_sensibility_01_austen_64kb-{name}.wav");
        let bytes = std::fs::read(&source).with_context(|| source.clone())?;
        let samples = samples_of(&bytes).with_context(|| source.clone())?;
        // Renamed when complete, so that a run that was stopped leaves no half of a file.
        let unfinished = target.with_extension("part");
        std::fs::write(&unfinished, wav(&three_for_one(&samples)))?;
        std::fs::rename(&unfinished, &target)?;
    }
    Ok(())
}

/// The samples of a 16 kHz mono 16-bit WAV file with the plain 44-byte header.
fn samples_of(bytes: &[u8]) -> Result<Vec<i16>> {
    let format = bytes.get(20..36).unwrap_or_default();
    let plain = [1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0];
    if format != plain || bytes.get(36..40) != Some(b"data") {
        bail!("not a plain 16 kHz mono 16-bit WAV file");
    }
    let data = bytes.get(HEADER_LENGTH..).unwrap_or_default();
    Ok(data.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]])).collect())
}

/// Straight lines between the samples: no filter is needed for a test voice.
fn three_for_one(samples: &[i16]) -> Vec<i16> {
    let mut output = Vec::with_capacity(samples.len() * 3);
    for (index, &sample) in samples.iter().enumerate() {
        let next = samples.get(index + 1).copied().unwrap_or(sample);
        let (from, to) = (i32::from(sample), i32::from(next));
        for third in 0..3 {
            let value = from + (to - from) * third / 3;
            output.push(i16::try_from(value).unwrap_or(sample));
        }
    }
    output
}

fn wav(samples: &[i16]) -> Vec<u8> {
    let data_length = u32::try_from(samples.len() * 2).unwrap_or(u32::MAX);
    let mut file = Vec::with_capacity(HEADER_LENGTH + samples.len() * 2);
    file.extend_from_slice(b"RIFF");
    file.extend_from_slice(&(36 + data_length).to_le_bytes());
    file.extend_from_slice(b"WAVEfmt ");
    file.extend_from_slice(&16_u32.to_le_bytes());
    for (value, width) in [(1_u32, 2), (1, 2), (48_000, 4), (96_000, 4), (2, 2), (16, 2)] {
        file.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    file.extend_from_slice(b"data");
    file.extend_from_slice(&data_length.to_le_bytes());
    for sample in samples {
        file.extend_from_slice(&sample.to_le_bytes());
    }
    file
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_between_samples() {
        assert_eq!(three_for_one(&[0, 30, -30]), [0, 10, 20, 30, 10, -10, -30, -30, -30]);
        assert_eq!(three_for_one(&[i16::MIN, i16::MAX])[..3], [-32768, -10923, 10922]);
    }

    #[test]
    fn a_written_file_says_48_khz_and_is_no_input() {
        let file = wav(&[1, -1]);
        assert_eq!(file.len(), 48);
        assert_eq!(&file[24..28], 48_000_u32.to_le_bytes());
        assert!(samples_of(&file).is_err());
    }

    #[test]
    fn input_is_read_after_the_header() {
        let mut file = wav(&[5, -5]);
        file[24..28].copy_from_slice(&16_000_u32.to_le_bytes());
        file[28..32].copy_from_slice(&32_000_u32.to_le_bytes());
        assert_eq!(samples_of(&file).unwrap(), [5, -5]);
    }
}
