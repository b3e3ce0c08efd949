//! The real speech model and recordings, fetched once into the folder of all tests with speech.

#[allow(dead_code, reason = "the tests of transcribe use all of it")]
#[path = "../../../../transcribe/tests/speech/clips.rs"]
pub mod clips;

use std::time::Duration;

use app::{EngineChoice, Speech, SpeechSettings, SpeechState, UploadLimits};

use super::soon;

/// How often the model is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A recording in the formats of the uploads' own tests.
pub fn file(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../transcribe/tests/uploads/files");
    std::fs::read(std::path::Path::new(folder).join(name)).unwrap()
}

/// A recording of real speech as a file.
pub fn clip(name: &str) -> Vec<u8> {
    std::fs::read(clips::ready().join(name)).unwrap()
}

/// Samples at 16 kHz as a WAV file.
pub fn wav(samples: &[i16]) -> Vec<u8> {
    let length = samples.len() as u32 * 2;
    let mut file = Vec::from(*b"RIFF");
    file.extend((36 + length).to_le_bytes());
    file.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    file.extend(16_000_u32.to_le_bytes());
    file.extend(32_000_u32.to_le_bytes());
    file.extend(b"\x02\0\x10\0data");
    file.extend(length.to_le_bytes());
    file.extend(samples.iter().flat_map(|sample| sample.to_le_bytes()));
    file
}

/// So many seconds of nothing.
pub fn silence(seconds: usize) -> Vec<u8> {
    wav(&vec![0; seconds * 16_000])
}

/// The model, loaded.
pub async fn start(upload: UploadLimits) -> Speech {
    // Fetches what is missing, which blocks.
    tokio::task::spawn_blocking(|| drop(clips::model())).await.unwrap();
    let speech = Speech::start(SpeechSettings {
        engine: EngineChoice::Moonshine { at: None },
        models_dir: clips::folder().join("model"),
        threads: 1,
        upload,
    });
    let loaded = async {
        while !matches!(speech.state(), SpeechState::Ready { .. }) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    soon("the speech model", loaded).await;
    speech
}
