//! Results in, captions out; and what gaps in the audio do. The audio of these tests is a voice
//! made of noise bursts, which the detector takes for speech or not: what it says is not the point
//! here, so utterances are made by hand where texts are.

use std::sync::Arc;

use super::*;
use crate::audio::Clip;
use crate::vad::Frame;

fn utterance(id: u64) -> Utterance {
    let start = Position::from_millis(id * 2_000);
    let samples: Arc<[f32]> = vec![0.1; samples_in(1_000)].into();
    let clip = Clip { range: start..start.after(samples.len()), samples };
    Utterance { id: UtteranceId(id), clip, speech_millis: 900 }
}

fn joined(id: u64) -> Joined {
    Joined { previous: UtteranceId(id), clip: utterance(id).clip }
}

fn decoded(text: &str) -> Decoded {
    Decoded { text: text.to_owned(), confidence: Some(0.9), language: None }
}

fn partial(track: &mut Track, id: u64, text: Option<&str>) -> Vec<String> {
    let texts = text.map(|text| Texts { own: decoded(text), joined: None });
    told(track, Outcome { action: Action::Partial(utterance(id)), texts, took_millis: 50 })
}

fn finals(track: &mut Track, id: u64, own: &str, with: Option<(u64, &str)>) -> Vec<String> {
    let texts = Some(Texts { own: decoded(own), joined: with.map(|(_, text)| decoded(text)) });
    let action = Action::Final(utterance(id), with.map(|(previous, _)| joined(previous)));
    told(track, Outcome { action, texts, took_millis: 50 })
}

fn told(track: &mut Track, outcome: Outcome) -> Vec<String> {
    let line = |caption| match caption {
        Caption::Partial { utterance, start_ms, text } => {
            assert_eq!(start_ms, utterance.0 * 2_000);
            format!("{} {text}...", utterance.0)
        }
        Caption::Final { utterance, segment } => {
            let start_ms = utterance.0 * 2_000;
            assert_eq!((segment.start_ms, segment.end_ms), (start_ms, start_ms + 1_000));
            format!("{} {}", utterance.0, segment.text)
        }
        Caption::Amended { utterance, text } => format!("{} amended {text}", utterance.0),
        Caption::Withdrawn { utterance } => format!("{} withdrawn", utterance.0),
    };
    track.handle_outcome(outcome).into_iter().map(line).collect()
}

const NOTHING: [&str; 0] = [];

fn track() -> Track {
    Track::new(Tuning::default())
}

#[test]
fn guesses_then_the_final_text() {
    let mut track = track();
    assert_eq!(partial(&mut track, 0, Some("Hello")), ["0 Hello..."]);
    assert_eq!(partial(&mut track, 0, Some("Hello")), NOTHING, "nothing new");
    assert_eq!(partial(&mut track, 0, None), NOTHING, "given up");
    assert_eq!(partial(&mut track, 0, Some("Hello there")), ["0 Hello there..."]);
    assert_eq!(finals(&mut track, 0, "Hello there.", None), ["0 Hello there."]);
    assert_eq!(partial(&mut track, 0, Some("Hello th")), NOTHING, "too late");
}

#[test]
fn a_guess_that_was_no_speech_goes_away() {
    let mut track = track();
    assert_eq!(partial(&mut track, 0, Some("Hm")), ["0 Hm..."]);
    assert_eq!(finals(&mut track, 0, "[noise]", None), ["0 withdrawn"]);
    assert_eq!(finals(&mut track, 1, "...", None), NOTHING);
}

#[test]
fn a_lost_final_is_the_last_guess() {
    let mut track = track();
    partial(&mut track, 0, Some("Hello there"));
    let lost =
        |id| Outcome { action: Action::Final(utterance(id), None), texts: None, took_millis: 0 };
    assert_eq!(told(&mut track, lost(0)), ["0 Hello there"]);
    assert_eq!(told(&mut track, lost(1)), NOTHING);
}

#[test]
fn neighbours_correct_each_other() {
    let mut track = track();
    assert_eq!(finals(&mut track, 0, "And so my fellow", None), ["0 And so my fellow"]);
    let joined = "And so, my fellow, ask not";
    assert_eq!(finals(&mut track, 1, "As not.", Some((0, joined))), ["1 ask not"]);
    let joined = "Ask not what your country can do";
    let wanted = ["2 what your country can do"];
    assert_eq!(finals(&mut track, 2, "your country can do", Some((1, joined))), wanted);
    let joined = "What your country can't do for you";
    let wanted = ["2 amended What your country can't do", "3 for you"];
    assert_eq!(finals(&mut track, 3, "for you", Some((2, joined))), wanted);
}

#[test]
fn a_joined_text_that_makes_no_sense_changes_nothing() {
    let mut track = track();
    finals(&mut track, 0, "And so my fellow Americans", None);
    let nonsense = Some((0, "you you you"));
    assert_eq!(finals(&mut track, 1, "ask not what", nonsense), ["1 ask not what"]);
    // Nor one with an utterance whose text is not known.
    assert_eq!(finals(&mut track, 3, "Bye now", Some((2, "what Bye now"))), ["3 Bye now"]);
}

#[test]
fn silence_asks_for_nothing_and_time_goes_on() {
    let mut track = track();
    let packet = [0.0; 320];
    for n in 0..500 {
        assert_eq!(track.push(Position::from_samples(n * 320), &packet), []);
    }
    assert_eq!(track.expected(), Position::from_millis(10_000));
    // Late and double packets change nothing.
    track.push(Position::from_millis(9_000), &packet);
    assert_eq!(track.expected(), Position::from_millis(10_000));
    track.push(Position::from_millis(9_990), &packet);
    assert_eq!(track.expected(), Position::from_millis(10_010));
    // A short gap is silence, a long one a new beginning, far back another stream.
    track.push(Position::from_millis(10_500), &packet);
    assert_eq!(track.expected(), Position::from_millis(10_520));
    track.push(Position::from_millis(90_000), &packet);
    assert_eq!(track.expected(), Position::from_millis(90_020));
    track.push(Position::from_millis(5), &packet);
    assert_eq!(track.expected(), Position::from_millis(25));
    assert_eq!(track.advance(Position::from_millis(100_000)), []);
    assert_eq!(track.expected(), Position::from_millis(100_000));
}

/// Says something for about a second, past the detector.
fn speak(track: &mut Track) {
    for n in 0..62 {
        let frame = Frame { score: 0.9, level_dbfs: -20.0 - 4.0 * (n % 2) as f32 };
        track.utterances.handle_frame(&[0.1; FRAME_SAMPLES], frame);
    }
}

#[test]
fn without_packets_the_last_words_end_when_time_is_told() {
    let mut track = track();
    speak(&mut track);
    let end = track.expected();
    let after = |millis| end.after(samples_in(millis));
    // Packets may only be late: nothing is taken for silence yet.
    for millis in [100, 300, 690] {
        assert_eq!(track.advance(after(millis)), []);
        assert_eq!(track.expected(), end);
    }
    let actions = track.advance(after(730));
    let [Action::Final(utterance, None)] = actions.as_slice() else { panic!("{actions:?}") };
    assert_eq!(utterance.clip.range.end, after(250));
    assert_eq!(track.advance(after(900)), []);
    assert_eq!(track.expected(), after(730));
}

#[test]
fn late_packets_are_heard() {
    let mut track = track();
    speak(&mut track);
    let end = track.expected();
    assert_eq!(track.advance(end.after(samples_in(600))), []);
    track.push(end, &[0.1; 320]);
    assert_eq!(track.expected(), end.after(320));
}
