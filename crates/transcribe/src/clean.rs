//! What a model wrote, made fit to show, or nothing.
//!
//! Speech models write words for breath, clicks and music ("You", "Thank you."), and fall into
//! loops. What was heard decides whether such a text is believed. Pure.

use crate::merge::plain_words;

/// What is known of the audio that a text was read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Heard {
    /// How much of it the voice detector took for speech.
    pub speech_millis: u64,
    /// Its loudness.
    pub level_dbfs: f32,
    /// What the model said of itself.
    pub confidence: Option<f32>,
}

/// Quieter than a whisper into a bad microphone.
const LEVEL_MIN_DBFS: f32 = -65.0;
/// What models write most when there is nothing to write.
const FILLERS: [&str; 12] = [
    "you",
    "thank you",
    "thanks",
    "thanks for watching",
    "thank you for watching",
    "bye",
    "the",
    "oh",
    "i",
    "a",
    "so",
    "i am sorry",
];
/// A filler is believed from this much speech on...
const FILLER_SPEECH_MIN_MILLIS: u64 = 250;
/// ...if the model was this sure.
const FILLER_CONFIDENCE_MIN: f32 = 0.6;
/// Auctioneers reach five words a second; a model in a loop has no limit.
const WORDS_PER_SECOND_MAX: u64 = 9;
/// A phrase said more often in a row than this is a loop.
const REPEATS_MAX: usize = 4;
/// The longest phrase looked at for that, in words.
const PHRASE_WORDS_MAX: usize = 8;

/// The text to show, `None` for none.
#[must_use]
pub fn clean(raw: &str, heard: Heard) -> Option<String> {
    if heard.level_dbfs < LEVEL_MIN_DBFS {
        return None;
    }
    let text = without_loops(&without_marks(raw));
    let words = plain_words(&text);
    let allowed = 3 + heard.speech_millis * WORDS_PER_SECOND_MAX / 1000;
    if words.is_empty() || words.len() as u64 > allowed {
        return None;
    }
    let sure = heard.confidence.is_none_or(|confidence| confidence >= FILLER_CONFIDENCE_MIN);
    let believable = sure && heard.speech_millis >= FILLER_SPEECH_MIN_MILLIS;
    if FILLERS.contains(&words.join(" ").as_str()) && !believable {
        return None;
    }
    Some(text)
}

/// The words with single spaces, without control characters and without notes like `[MUSIC]`,
/// `(applause)` and `♪`.
fn without_marks(raw: &str) -> String {
    let mut text = String::with_capacity(raw.len());
    let mut closing = None;
    for one in raw.chars() {
        match (closing, one) {
            (Some(end), one) if one == end => closing = None,
            (Some(_), _) => {}
            (None, '[') => closing = Some(']'),
            (None, '(') => closing = Some(')'),
            (None, '♪' | '♫' | '*') => {}
            (None, one) if one.is_control() => text.push(' '),
            (None, one) => text.push(one),
        }
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ")
}

/// A phrase repeated without end is kept once.
fn without_loops(text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let plain: Vec<String> = words.iter().map(|word| plain_words(word).concat()).collect();
    let mut kept = Vec::with_capacity(words.len());
    let mut at = 0;
    while at < words.len() {
        let phrase = (1..=PHRASE_WORDS_MAX)
            .find_map(|length| {
                let repeats = repeats(&plain[at..], length);
                (repeats > REPEATS_MAX).then_some((length, repeats))
            })
            .unwrap_or((1, 1));
        kept.extend_from_slice(&words[at..at + phrase.0]);
        at += phrase.0 * phrase.1;
    }
    kept.join(" ")
}

/// How often the first `length` words come in a row.
fn repeats(words: &[String], length: usize) -> usize {
    let Some(phrase) = words.get(..length) else { return 0 };
    words.chunks_exact(length).take_while(|chunk| *chunk == phrase).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEECH: Heard = Heard { speech_millis: 2000, level_dbfs: -25.0, confidence: Some(0.9) };

    #[test]
    fn what_is_shown() {
        let cases = [
            ("  Hello\n there. ", Some("Hello there.")),
            ("[BLANK_AUDIO]", None),
            ("(soft music) Hello ♪", Some("Hello")),
            ("...", None),
            ("", None),
            ("no no no no", Some("no no no no")),
            ("and then, and then, and then and then and then we", Some("and then, we")),
            ("you", Some("you")),
        ];
        for (raw, wanted) in cases {
            assert_eq!(clean(raw, SPEECH).as_deref(), wanted, "{raw}");
        }
    }

    #[test]
    fn fillers_need_speech() {
        let short = Heard { speech_millis: 130, ..SPEECH };
        assert_eq!(clean("You", short), None);
        assert_eq!(clean("Thank you.", Heard { confidence: Some(0.3), ..SPEECH }), None);
        assert_eq!(
            clean("Thank you.", Heard { confidence: None, ..SPEECH }).unwrap(),
            "Thank you."
        );
        assert_eq!(clean("Stop!", short).unwrap(), "Stop!");
    }

    #[test]
    fn nobody_is_that_quiet_or_that_fast() {
        assert_eq!(clean("Hello there", Heard { level_dbfs: -80.0, ..SPEECH }), None);
        let many: String = (0..40).map(|n| format!("w{n} ")).collect();
        assert_eq!(clean(&many, SPEECH), None);
    }
}
