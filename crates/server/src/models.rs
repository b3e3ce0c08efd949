//! `voice-service models …`: the speech model ahead of the first start, or for another machine.

use app::EngineChoice;
use transcribe::fetch;

use crate::compose;
use crate::config::Config;
use crate::progress::Download;

/// Downloads the model unless it is there, and says where it is.
pub fn fetch(config: &Config) -> anyhow::Result<()> {
    let speech = &config.speech;
    let other = match &speech.engine {
        EngineChoice::Moonshine { at: None } => None,
        EngineChoice::Moonshine { at: Some(path) } => {
            Some(format!("STT_MODEL is {}", path.display()))
        }
        #[cfg(feature = "whisper")]
        EngineChoice::Whisper { model } => Some(format!("STT_MODEL is {}", model.display())),
        EngineChoice::Http { .. } => Some("STT_ENGINE is http".to_owned()),
        EngineChoice::Off => Some("STT_ENGINE is off".to_owned()),
    };
    if let Some(other) = other {
        println!("{other}: there is nothing to fetch.");
        return Ok(());
    }
    let dir = speech.models_dir.display();
    if fetch::fetched(&speech.models_dir).is_some() {
        println!("The speech model is in {dir} already.");
        return Ok(());
    }
    compose::make_data_dir(&config.data_dir)?;
    let mut download = Download::default();
    speech.fetch(&mut |step| download.step(step))?;
    drop(download);
    println!("The speech model is in {dir}.");
    Ok(())
}
