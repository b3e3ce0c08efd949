//! `voice-service transcribe`.

use std::fs::File;

use crate::house::{Ended, House, model, recording, run};

const WORDS: &str = "ask what you can do for your country";

fn transcribe(house: &House, format: &str) -> Ended {
    let file = recording("speech.flac").display().to_string();
    let arguments = ["transcribe", &file, "--format", format];
    let ended = run(house.command(&arguments).env("STT_MODEL", model()));
    assert!(ended.succeeded && ended.stderr.is_empty(), "{ended:?}");
    ended
}

#[track_caller]
fn check_words(text: &str) {
    let text = text.to_lowercase();
    assert!(text.contains(WORDS), "{text}");
}

#[test]
fn a_recording_is_written_down_in_every_format() {
    let house = House::new();
    check_words(&transcribe(&house, "txt").stdout);
    let vtt = transcribe(&house, "vtt").stdout;
    assert!(vtt.starts_with("WEBVTT\n\n00:00:0") && vtt.contains(" --> "), "{vtt}");
    let srt = transcribe(&house, "srt").stdout;
    assert!(srt.starts_with("1\n00:00:0"), "{srt}");
    let json: serde_json::Value = serde_json::from_str(&transcribe(&house, "json").stdout).unwrap();
    check_words(json["text"].as_str().unwrap());
    assert_eq!((&json["language"], &json["model"]), (&"en".into(), &"moonshine-tiny-en".into()));
    assert!(json["duration_ms"].as_u64().unwrap() > 1000, "{json}");
    assert!(json["segments"][0]["confidence"].as_f64().unwrap() > 0.5, "{json}");
}

#[test]
fn standard_input_is_read() {
    let house = House::new();
    let file = File::open(recording("recorder.webm")).unwrap();
    let mut command = house.command(&["transcribe", "-"]);
    let ended = run(command.env("STT_MODEL", model()).stdin(file));
    assert!(ended.succeeded, "{ended:?}");
    check_words(&ended.stdout);
}

#[test]
fn a_recording_without_speech_is_no_failure() {
    let house = House::new();
    let silence = house.write("silence.wav", silence());
    let mut command = house.command(&["transcribe", &silence.display().to_string()]);
    let ended = run(command.env("STT_MODEL", model()));
    assert_eq!((ended.succeeded, ended.stdout.as_str()), (true, ""), "{ended:?}");
    assert!(ended.stderr.contains("no speech was found"), "{ended:?}");
}

/// A second of nothing at 8 kHz, eight bits a sample.
fn silence() -> Vec<u8> {
    let mut file = b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(&8_000_u32.to_le_bytes());
    file.extend_from_slice(b"\x01\0\x08\0data\x40\x1f\0\0");
    file.extend_from_slice(&[128; 8_000]);
    file
}

#[test]
fn what_is_no_audio_is_one_line_before_any_model() {
    let house = House::new();
    // Were the model asked for first, its line would come.
    let path = house.only_python(None);
    let refused = |file: &str, expect: &str| {
        let ended = run(house.command(&["transcribe", file]).env("PATH", &path));
        ended.check_refused(expect);
        ended.check_refused(if file == "-" { "standard input" } else { file });
    };
    house.write("text.mp3", "not a recording");
    house.write("empty.wav", "");
    house.write("half.flac", &std::fs::read(recording("speech.flac")).unwrap()[..60]);
    refused("text.mp3", "this file cannot be read as audio: its format is not known");
    refused("empty.wav", "this file cannot be read as audio: it is empty");
    refused("half.flac", "this file cannot be read as audio: ");
    refused("missing.wav", "cannot read missing.wav: No such file");
    refused(".", "cannot read .: Is a directory");
    refused("-", "this file cannot be read as audio: it is empty");
    assert!(!house.path("data").exists());
}

#[test]
fn no_engine_is_one_line() {
    let house = House::new();
    let file = recording("speech.mp3").display().to_string();
    let refused = |settings: &[(&str, &str)], expect: &str| {
        let mut command = house.command(&["transcribe", &file]);
        run(command.envs(settings.iter().copied())).check_refused(expect);
    };
    refused(&[("STT_ENGINE", "off")], "speech to text is switched off: set STT_ENGINE");
    refused(&[("STT_ENGINE", "http")], "STT_ENGINE=http needs STT_HTTP_URL");
    refused(&[("STT_MODEL", "missing")], "STT_MODEL: there is no missing");
    let nobody = [("STT_ENGINE", "http"), ("STT_HTTP_URL", "http://127.0.0.1:1/v1")];
    refused(&nobody, "the transcription server cannot be reached");
}
