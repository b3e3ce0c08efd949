//! Figures that are read off when somebody asks for the metrics.

use std::time::Duration;

use app::{App, SpeechState};
use metrics::{describe_gauge, gauge};

/// Who collects metrics waits about ten seconds: a media thread that hangs must not take them all.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);

/// Says once what the gauges are.
pub fn describe() {
    describe_gauge!("parlor_sessions", "Live sessions in all rooms");
    describe_gauge!("parlor_rooms_running", "Rooms with somebody in them or recently so");
    describe_gauge!("parlor_speech_waiting", "Decodes of speech that wait for a thread");
    describe_gauge!("parlor_speech_state", "1 for the state that speech to text is in");
}

/// Brings the gauges up to date.
pub async fn refresh(app: &App) {
    gauge!("parlor_sessions").set(app.rooms.index().session_count() as f64);
    gauge!("parlor_rooms_running").set(app.rooms.running_count() as f64);
    let speech = app.speech.state();
    for word in SpeechState::WORDS {
        gauge!("parlor_speech_state", "state" => word).set(f64::from(word == speech.word()));
    }
    let waiting = app.speech.pool().map_or(0, |pool| pool.waiting());
    gauge!("parlor_speech_waiting").set(waiting as f64);
    // It sets its own; without an answer the last ones stand.
    let _ = tokio::time::timeout(ANSWER_WITHIN, app.media.stats()).await;
}
