//! What was said in a room: read by those who are or were in it, live and later.

use std::time::Duration;

use model::{MessageId, RoomId, SessionId, Timestamp, UserId};
use room::{Action, Message, Person, RoomView, Sender, check};
use transcribe::export;
use transcribe::transcript::Segment;

use crate::rooms::Watch;
use crate::{App, Identity, Refusal};

/// Messages of one transcript, the newest: hours of conversation, and some megabytes.
const TRANSCRIPT_MAX: u32 = 10_000;
/// How long a line is shown whose length nobody measured.
const UNMEASURED: Duration = Duration::from_secs(3);

/// The history of a room as one text with times.
#[derive(Clone, Debug)]
pub struct Transcript {
    /// The room's name.
    pub room: String,
    /// When time zero of the lines is; `None` when nothing was said.
    pub began_at: Option<Timestamp>,
    /// In order of their beginnings.
    pub lines: Vec<TranscriptLine>,
}

/// A stretch of speech in a transcript.
#[derive(Clone, Debug)]
pub struct TranscriptLine {
    /// The message that it is of.
    pub message: MessageId,
    /// Who said it.
    pub user: UserId,
    /// When and what, with the speaker's name.
    segment: Segment,
}

impl TranscriptLine {
    /// From the transcript's beginning.
    pub fn start_ms(&self) -> u64 {
        self.segment.start_ms
    }

    /// From the transcript's beginning.
    pub fn end_ms(&self) -> u64 {
        self.segment.end_ms
    }

    /// The speaker's name.
    pub fn speaker(&self) -> &str {
        self.segment.speaker.as_deref().unwrap_or_default()
    }

    /// The words.
    pub fn text(&self) -> &str {
        &self.segment.text
    }
}

impl Transcript {
    /// As WebVTT.
    pub fn vtt(&self) -> String {
        export::vtt(&self.segments())
    }

    /// As SubRip.
    pub fn srt(&self) -> String {
        export::srt(&self.segments())
    }

    /// As plain text, a line each.
    pub fn txt(&self) -> String {
        export::txt(&self.segments())
    }

    fn segments(&self) -> Vec<Segment> {
        self.lines.iter().map(|line| line.segment.clone()).collect()
    }

    fn of(room: String, messages: &[Message]) -> Self {
        let began_at = messages.iter().map(|message| message.at).min();
        let mut lines: Vec<TranscriptLine> =
            messages.iter().flat_map(|message| lines_of(message, began_at)).collect();
        lines.sort_by_key(|line| (line.segment.start_ms, line.message));
        Self { room, began_at, lines }
    }
}

/// A message in stretches, where it has any: an upload's are timed from its own beginning.
fn lines_of(message: &Message, began_at: Option<Timestamp>) -> Vec<TranscriptLine> {
    let began_at = began_at.unwrap_or(message.at);
    let start = (message.at.as_micros() - began_at.as_micros()).max(0).unsigned_abs() / 1_000;
    let line = |from: u64, to: u64, text: &str, confidence: Option<f32>| TranscriptLine {
        message: message.id,
        user: message.sender.user,
        segment: Segment {
            start_ms: start + from,
            end_ms: start + to,
            speaker: Some(message.sender.name.clone()),
            text: text.to_owned(),
            confidence,
        },
    };
    let meta = &message.meta;
    if meta.segments.is_empty() {
        let length = meta.duration_ms.unwrap_or(UNMEASURED.as_millis() as u64);
        return vec![line(0, length, &message.text, meta.confidence)];
    }
    let stretches = meta.segments.iter();
    stretches.map(|part| line(part.start_ms, part.end_ms, &part.text, part.confidence)).collect()
}

/// Somebody in a room as the sender of a message.
pub(crate) fn sender_of(person: &Person) -> Sender {
    Sender {
        user: person.id,
        name: person.username.clone(),
        email: person.email.clone(),
        external_id: person.external_id.clone(),
    }
}

impl App {
    /// Who is in a room, for who may know it: of one with a password only its members.
    pub async fn participants(&self, by: &Identity, room: RoomId) -> Result<RoomView, Refusal> {
        let view = self.rooms.view(room).await?;
        // Who is in knows of it, whatever else they may.
        if view.member(UserId::from(by.account.id)).is_none() {
            check(&view.settings, &by.actor(), Action::SeeMembers { participant: false })?;
        }
        Ok(view)
    }

    /// What was said in a room, oldest first.
    pub async fn messages(
        &self,
        by: &Identity,
        room: RoomId,
        limit: u32,
        offset: u64,
    ) -> Result<Vec<Message>, Refusal> {
        self.check_history(by, room).await?;
        Ok(self.store.messages(room, limit, offset).await?)
    }

    /// The newest of what was said in a room, with times.
    pub async fn transcript(&self, by: &Identity, room: RoomId) -> Result<Transcript, Refusal> {
        let name = self.check_history(by, room).await?.settings.name;
        Ok(Transcript::of(name, &self.store.latest_messages(room, TRANSCRIPT_MAX).await?))
    }

    /// Follows a room that one is in.
    pub async fn watch_room(
        &self,
        by: &Identity,
        room: RoomId,
    ) -> Result<(SessionId, Watch), Refusal> {
        let view = self.rooms.view(room).await?;
        check(&view.settings, &by.actor(), Action::View)?;
        let member = view.member(UserId::from(by.account.id));
        let sessions = member.map(|member| member.sessions.as_slice()).unwrap_or_default();
        // The session that lives by requests is the one that a client of sockets alone has.
        let own = sessions.iter().find(|session| session.via == model::Via::SttRoom);
        let session = own.or(sessions.first()).ok_or(room::Refusal::NotAParticipant)?.id;
        match self.rooms.watch(session, None).await {
            // It ended just now.
            Err(Refusal::Room(room::Refusal::UnknownSession)) => {
                Err(room::Refusal::NotAParticipant.into())
            }
            watch => Ok((session, watch?)),
        }
    }

    async fn check_history(&self, by: &Identity, room: RoomId) -> Result<RoomView, Refusal> {
        let view = self.rooms.view(room).await?;
        let user = UserId::from(by.account.id);
        let participant =
            view.member(user).is_some() || self.store.was_participant(room, user).await?;
        check(&view.settings, &by.actor(), Action::ReadHistory { participant })?;
        Ok(view)
    }
}

#[cfg(test)]
mod tests {
    use model::Id;
    use room::{MessageMeta, MessageStatus};

    use super::*;

    fn message(number: u64, at_ms: i64, text: &str, meta: MessageMeta) -> Message {
        let id = Id::from_u64(number).unwrap();
        let sender =
            Sender { user: UserId(id), name: "maya".into(), email: None, external_id: None };
        let (room, status) = (RoomId(id), MessageStatus::Final);
        let at = Timestamp::from_micros(at_ms * 1_000);
        Message { id: MessageId(id), room, sender, text: text.into(), status, meta, at }
    }

    #[test]
    fn times_count_from_the_first_words() {
        let measured = MessageMeta { duration_ms: Some(1_500), ..MessageMeta::default() };
        let part = |start_ms, end_ms, text: &str| room::Segment {
            start_ms,
            end_ms,
            text: text.into(),
            confidence: None,
        };
        let segments = vec![part(0, 900, "two"), part(2_000, 2_500, "four")];
        let upload = MessageMeta { segments, ..MessageMeta::default() };
        let messages = [
            message(1, 10_000, "one", measured),
            message(2, 12_000, "two four", upload),
            message(3, 13_000, "three", MessageMeta::default()),
        ];
        let transcript = Transcript::of("den".into(), &messages);
        let lines: Vec<_> = transcript
            .lines
            .iter()
            .map(|line| (line.start_ms(), line.end_ms(), line.text()))
            .collect();
        let expect = [
            (0, 1_500, "one"),
            (2_000, 2_900, "two"),
            (3_000, 6_000, "three"),
            (4_000, 4_500, "four"),
        ];
        assert_eq!(lines, expect);
        assert!(transcript.vtt().contains("00:00:02.000 --> 00:00:02.900\n<v maya>two</v>"));
    }
}
