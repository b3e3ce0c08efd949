//! What was said when: the result that everything else is made from.

/// The text of a recording.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Transcript {
    /// In order of time.
    pub segments: Vec<Segment>,
    /// The recording's length.
    pub duration_ms: u64,
    /// ISO 639-1, where it is known.
    pub language: Option<String>,
    /// The model that wrote it.
    pub model: String,
}

/// A stretch of speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Segment {
    /// From the recording's start.
    pub start_ms: u64,
    /// From the recording's start.
    pub end_ms: u64,
    /// Who, where that is known.
    pub speaker: Option<String>,
    /// The words, never empty.
    pub text: String,
    /// How sure the model was, 0 to 1, where it says so.
    pub confidence: Option<f32>,
}

impl Transcript {
    /// All of it as one text.
    #[must_use]
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.segments.iter().map(|segment| segment.text.as_str()).collect();
        texts.join(" ")
    }

    /// How sure the model was on average, by length.
    #[must_use]
    pub fn confidence(&self) -> Option<f32> {
        let (mut sum, mut millis) = (0.0, 0.0);
        for segment in &self.segments {
            let length = segment.end_ms.saturating_sub(segment.start_ms).max(1) as f32;
            sum += segment.confidence? * length;
            millis += length;
        }
        (millis > 0.0).then_some(sum / millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_confidence() {
        let segment = |start_ms, end_ms, text: &str, confidence| Segment {
            start_ms,
            end_ms,
            text: text.to_owned(),
            confidence,
            ..Segment::default()
        };
        let mut transcript = Transcript::default();
        assert_eq!((transcript.text().as_str(), transcript.confidence()), ("", None));
        transcript.segments.push(segment(0, 1000, "One", Some(0.5)));
        transcript.segments.push(segment(1000, 4000, "two.", Some(0.9)));
        assert_eq!(transcript.text(), "One two.");
        assert!((transcript.confidence().unwrap() - 0.8).abs() < 1e-6);
        transcript.segments.push(segment(4000, 5000, "Three.", None));
        assert_eq!(transcript.confidence(), None);
    }
}
