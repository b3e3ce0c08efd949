//! Transcripts as files: WebVTT, SubRip, plain text, and a structure for JSON.
//!
//! Used for one recording and for a room's history alike; the caller gives segments in order.

use std::fmt::Write;

use serde::Serialize;

use crate::transcript::{Segment, Transcript};

/// WebVTT (W3C), with speakers as voice spans.
#[must_use]
pub fn vtt(segments: &[Segment]) -> String {
    let mut text = "WEBVTT\n".to_owned();
    for segment in segments {
        let (start, end) = (clock(segment.start_ms, '.'), clock(segment.end_ms, '.'));
        let words = escape(&one_line(&segment.text));
        let _ = match &segment.speaker {
            Some(speaker) => {
                let speaker = escape(&one_line(speaker));
                write!(text, "\n{start} --> {end}\n<v {speaker}>{words}</v>\n")
            }
            None => write!(text, "\n{start} --> {end}\n{words}\n"),
        };
    }
    text
}

/// SubRip.
#[must_use]
pub fn srt(segments: &[Segment]) -> String {
    let mut text = String::new();
    for (index, segment) in segments.iter().enumerate() {
        let (start, end) = (clock(segment.start_ms, ','), clock(segment.end_ms, ','));
        let gap = if index == 0 { "" } else { "\n" };
        let number = index + 1;
        let _ = write!(text, "{gap}{number}\n{start} --> {end}\n{}\n", line(segment));
    }
    text
}

/// One line for each segment.
#[must_use]
pub fn txt(segments: &[Segment]) -> String {
    segments.iter().map(|segment| line(segment) + "\n").collect()
}

/// What a JSON export holds; the names are the format.
#[derive(Debug, Serialize)]
pub struct Document<'transcript> {
    text: String,
    language: Option<&'transcript str>,
    model: &'transcript str,
    duration_ms: u64,
    confidence: Option<f32>,
    segments: Vec<Entry<'transcript>>,
}

/// One segment in JSON, also in a message's `meta_json`.
#[derive(Debug, Serialize)]
pub struct Entry<'transcript> {
    start_ms: u64,
    end_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    speaker: Option<&'transcript str>,
    text: &'transcript str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
}

impl<'transcript> From<&'transcript Transcript> for Document<'transcript> {
    fn from(transcript: &'transcript Transcript) -> Self {
        Self {
            text: transcript.text(),
            language: transcript.language.as_deref(),
            model: &transcript.model,
            duration_ms: transcript.duration_ms,
            confidence: transcript.confidence(),
            segments: transcript.segments.iter().map(Entry::from).collect(),
        }
    }
}

impl<'transcript> From<&'transcript Segment> for Entry<'transcript> {
    fn from(segment: &'transcript Segment) -> Self {
        Self {
            start_ms: segment.start_ms,
            end_ms: segment.end_ms,
            speaker: segment.speaker.as_deref(),
            text: &segment.text,
            confidence: segment.confidence,
        }
    }
}

fn line(segment: &Segment) -> String {
    let text = one_line(&segment.text);
    match &segment.speaker {
        Some(speaker) => format!("{}: {text}", one_line(speaker)),
        None => text,
    }
}

/// A blank line ends a cue, and `-->` begins one: neither may come from what was said.
fn one_line(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.join(" ").replace("-->", "→")
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn clock(millis: u64, point: char) -> String {
    let (seconds, minutes) = (millis / 1000, millis / 60_000);
    let hours = minutes / 60;
    format!("{hours:02}:{:02}:{:02}{point}{:03}", minutes % 60, seconds % 60, millis % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Transcript {
        let segment = |start_ms, end_ms, speaker: Option<&str>, text: &str| Segment {
            start_ms,
            end_ms,
            speaker: speaker.map(str::to_owned),
            text: text.to_owned(),
            confidence: None,
        };
        Transcript {
            segments: vec![
                segment(0, 1500, Some("Ann <3"), "Hi\n\nthere --> & you."),
                segment(3_661_002, 3_662_000, None, "Bye."),
            ],
            duration_ms: 3_700_000,
            language: Some("en".to_owned()),
            model: "m".to_owned(),
        }
    }

    #[test]
    fn as_files() {
        let segments = example().segments;
        assert_eq!(
            vtt(&segments),
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n<v Ann &lt;3>Hi there → &amp; you.</v>\n\
             \n01:01:01.002 --> 01:01:02.000\nBye.\n"
        );
        assert_eq!(
            srt(&segments),
            "1\n00:00:00,000 --> 00:00:01,500\nAnn <3: Hi there → & you.\n\
             \n2\n01:01:01,002 --> 01:01:02,000\nBye.\n"
        );
        assert_eq!(txt(&segments), "Ann <3: Hi there → & you.\nBye.\n");
        assert_eq!((vtt(&[]).as_str(), srt(&[]).as_str(), txt(&[]).as_str()), ("WEBVTT\n", "", ""));
    }

    #[test]
    fn as_json() {
        let transcript = example();
        let json = serde_json::to_value(Document::from(&transcript)).unwrap();
        assert_eq!(
            json["segments"][1],
            serde_json::json!(
            {"start_ms": 3_661_002, "end_ms": 3_662_000, "text": "Bye."})
        );
        assert_eq!(json["language"], "en");
        assert_eq!(json["confidence"], serde_json::Value::Null);
    }
}
