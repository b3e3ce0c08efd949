//! How a message's text came about, as the column `meta_json` has it: JSON of this crate's own, which no
//! client sees. Absent is what nobody knew; keys that are not known are passed over.

use room::{Message, MessageMeta, Segment};
use serde::{Deserialize, Serialize};

/// Bytes of JSON that are kept with a message: its text once more, in pieces of a few words with their
/// times. More only fills the disk.
pub const MESSAGE_META_BYTES_MAX: usize = 2 * 1024 * 1024;

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Stored {
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_time_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    language: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    model: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    lock_lost: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    segments: Vec<StoredSegment>,
}

#[derive(Serialize, Deserialize)]
struct StoredSegment {
    start_ms: u64,
    end_ms: u64,
    text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    confidence: Option<f32>,
}

/// The JSON of a message's meta, in its limit: without the pieces if it is longer with them, and empty if
/// it is still too long.
pub fn write(message: &Message) -> String {
    let whole = Stored::from(&message.meta);
    if let Some(json) = within_limit(&whole) {
        return json;
    }
    tracing::warn!(id = %message.id, "a message's meta is too long and is cut");
    within_limit(&Stored { segments: Vec::new(), ..whole }).unwrap_or_else(|| "{}".to_owned())
}

fn within_limit(stored: &Stored) -> Option<String> {
    // Of such a type nothing can fail; if it did, a message without its meta is still one.
    serde_json::to_string(stored).ok().filter(|json| json.len() <= MESSAGE_META_BYTES_MAX)
}

/// Reads the JSON. If it is not ours, says where, and nothing of what it is.
pub fn read(json: &str) -> Result<MessageMeta, String> {
    let stored: Stored = serde_json::from_str(json).map_err(|error| {
        // The error's own text may quote the value.
        format!("{:?} error in meta_json at byte {}", error.classify(), error.column())
    })?;
    Ok(stored.into())
}

impl From<&MessageMeta> for Stored {
    fn from(meta: &MessageMeta) -> Self {
        let MessageMeta {
            processing_time_ms,
            duration_ms,
            language,
            confidence,
            model,
            lock_lost,
            segments,
        } = meta.clone();
        let segments = segments.into_iter().map(StoredSegment::from).collect();
        Self { processing_time_ms, duration_ms, language, confidence, model, lock_lost, segments }
    }
}

impl From<Stored> for MessageMeta {
    fn from(stored: Stored) -> Self {
        let Stored {
            processing_time_ms,
            duration_ms,
            language,
            confidence,
            model,
            lock_lost,
            segments,
        } = stored;
        let segments = segments.into_iter().map(Segment::from).collect();
        Self { processing_time_ms, duration_ms, language, confidence, model, lock_lost, segments }
    }
}

impl From<Segment> for StoredSegment {
    fn from(segment: Segment) -> Self {
        let Segment { start_ms, end_ms, text, confidence } = segment;
        Self { start_ms, end_ms, text, confidence }
    }
}

impl From<StoredSegment> for Segment {
    fn from(stored: StoredSegment) -> Self {
        let StoredSegment { start_ms, end_ms, text, confidence } = stored;
        Self { start_ms, end_ms, text, confidence }
    }
}
