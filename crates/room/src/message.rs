//! What a room's history holds: text that somebody spoke. Plain data; the room itself keeps none of it.
//!
//! Nothing here prints what was said: text must not reach a log.

use std::fmt;

use model::{ExternalId, MessageId, RoomId, Timestamp, UserId};

/// A message of a room. Its id stays the same from the first partial text to the final one.
#[derive(Clone, PartialEq)]
pub struct Message {
    /// Its id.
    pub id: MessageId,
    /// Where.
    pub room: RoomId,
    /// Whose words.
    pub sender: Sender,
    /// The text so far. Empty in a final message: the partial text that was shown is taken back, and
    /// nothing is stored.
    pub text: String,
    /// Whether more may come.
    pub status: MessageStatus,
    /// How the text came about.
    pub meta: MessageMeta,
    /// When it began.
    pub at: Timestamp,
}

/// Whose words a message has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Who.
    pub user: UserId,
    /// The username when it was said.
    pub name: String,
    /// The account's address, if it has one.
    pub email: Option<String>,
    /// The id under which the person's own platform knows them; live messages only, the history leaves
    /// it out.
    pub external_id: Option<ExternalId>,
}

/// Whether a message may still change. The text forms are wire format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageStatus {
    /// The text so far, of somebody who still speaks.
    Partial,
    /// All of it.
    Final,
}

/// How a message's text came about. What nobody knows is absent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MessageMeta {
    /// How long the transcription took, in milliseconds.
    pub processing_time_ms: Option<f64>,
    /// How long the speech is, in milliseconds.
    pub duration_ms: Option<u64>,
    /// The language heard, as the engine names it.
    pub language: Option<String>,
    /// How sure the engine is, 0 to 1.
    pub confidence: Option<f32>,
    /// Which model heard it.
    pub model: Option<String>,
    /// The upload was transcribed when its sender's floor had gone to somebody else or fallen free.
    pub lock_lost: bool,
    /// The text in pieces, in order; empty where the engine gives none.
    pub segments: Vec<Segment>,
}

/// A piece of the text with its place in the speech.
#[derive(Clone, PartialEq)]
pub struct Segment {
    /// Where it begins, in milliseconds from the beginning of the speech.
    pub start_ms: u64,
    /// Where it ends.
    pub end_ms: u64,
    /// What was said there.
    pub text: String,
    /// How sure the engine is, 0 to 1.
    pub confidence: Option<f32>,
}

impl MessageStatus {
    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partial => "partial",
            Self::Final => "final",
        }
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Message");
        shown.field("id", &self.id).field("room", &self.room).field("user", &self.sender.user);
        shown.field("status", &self.status).field("bytes", &self.text.len());
        shown.finish_non_exhaustive()
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Segment");
        shown.field("start_ms", &self.start_ms).field("end_ms", &self.end_ms);
        shown.field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}
