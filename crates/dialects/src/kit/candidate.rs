//! ICE candidates as clients write them.

use serde::de::Error;
use serde::{Deserialize, Deserializer};
use utoipa::ToSchema;

/// An RTCIceCandidateInit (W3C WebRTC), or just its `candidate` line.
#[derive(Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum CandidateBody {
    /// Just the line.
    Line(String),
    /// As `RTCIceCandidate.toJSON` makes it; all sections are bundled, so the section does not matter.
    Init {
        /// Empty when there are no more.
        candidate: String,
    },
}

impl CandidateBody {
    /// The line; `None` when it says that there are no more.
    pub(crate) fn into_line(self) -> Option<String> {
        let (Self::Line(line) | Self::Init { candidate: line }) = self;
        (!line.is_empty()).then_some(line)
    }
}

/// Reads one or null, and says what is wanted in plain words, which serde does not for such an enum.
pub(crate) fn candidate<'de, D: Deserializer<'de>>(
    reader: D,
) -> Result<Option<CandidateBody>, D::Error> {
    Option::deserialize(reader).map_err(|_| {
        D::Error::custom("candidate must be null, a line, or an object with candidate")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Frame {
        #[serde(deserialize_with = "candidate")]
        candidate: Option<CandidateBody>,
    }

    fn read(candidate: &str) -> Result<Option<String>, String> {
        let frame = serde_json::from_str::<Frame>(&format!(r#"{{"candidate":{candidate}}}"#));
        let line = |frame: Frame| frame.candidate.and_then(CandidateBody::into_line);
        frame.map(line).map_err(|error| error.to_string())
    }

    #[test]
    fn a_candidate_is_null_a_line_or_an_object_and_anything_else_is_told_so() {
        assert_eq!(read("null"), Ok(None));
        assert_eq!(read(r#""""#), Ok(None));
        assert_eq!(read(r#""candidate:1""#), Ok(Some("candidate:1".to_owned())));
        assert_eq!(read(r#"{"candidate":"a","sdpMid":"0"}"#), Ok(Some("a".to_owned())));
        assert_eq!(read(r#"{"candidate":"","sdpMid":"0"}"#), Ok(None));
        let wanted = "candidate must be null, a line, or an object with candidate";
        for bad in ["{}", "1", r#"{"candidate":null}"#, "[]"] {
            assert!(read(bad).is_err_and(|error| error.starts_with(wanted)), "{bad}");
        }
    }
}
