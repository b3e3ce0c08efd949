//! What workers tell each other about a room that has members on several of them.
//!
//! A session stays on the worker that made it, whatever room it is in, so a room may span workers. In
//! such a room every worker keeps a *stand-in* for each session that shows something and lives
//! elsewhere: a session without a connection, in the same tables, so that who is heard and seen where
//! is decided by the same code on every worker, and comes out as if there were one.
//!
//! How workers find each other: the caller of [`crate::Worker::open`] and [`crate::Worker::carry`] says
//! which others have members of the room ([`Content::Here`] goes there). Who hears it remembers it, with
//! members of its own or without, says the same back once it has members, and hands over all that it shows
//! ([`Content::All`]). A worker that has lost its last member says so to all it had told
//! ([`Content::Away`]); it drops its stand-ins of that room at once.
//!
//! What is told of a session ([`Content::Shown`]) is always the whole of it, so a newer one makes an older
//! one void. Packets follow on the same way, in order. What its home does not tell, a stand-in works
//! out of the packets: who speaks, who was heard last.
//!
//! Values here leave in [`crate::Output::Relay`] and come in by [`crate::Worker::handle_relay`]. Between two
//! workers they must arrive in the order in which they left, except that packets may be lost, and that
//! of two with the same [`Topic`] only the later one, merged with the earlier ([`Relay::merge`]), need
//! come, in the place of the later. A packet that left after something that still waits must be lost.

use std::time::Instant;

use model::{Gate, RoomId, SessionId, TrackSource, UserId};
use str0m::format::PayloadParams;
use str0m::media::Pt;

use crate::credentials::WorkerNumber;
use crate::layer::Table;
use crate::packet::Packet;
use crate::speaker::Meter;

/// Something for another worker.
#[derive(Clone, Debug)]
pub struct Relay {
    /// Whose it is.
    pub to: WorkerNumber,
    pub(crate) from: WorkerNumber,
    pub(crate) content: Content,
}

#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// The sender has members of this room and is to be shown what there is.
    Here(RoomId),
    /// It has none any more.
    Away(RoomId),
    /// All that the sender shows of this room.
    All(RoomId, Vec<Shown>),
    /// What the sender shows of a session.
    Shown(Box<Shown>),
    /// A packet of a source that is shown and live.
    Packet(Relayed),
    /// In which layers a picture is there now.
    Layers { session: SessionId, source: TrackSource, layers: Table },
    /// Which layers of a picture anybody at the sender is sent or is to be, none if nobody sees it, and of
    /// which streams somebody needs a keyframe. Both as bits by place in the table.
    Wish { session: SessionId, source: TrackSource, layers: u8, keyframes: u8 },
}

/// A session as its home shows it.
#[derive(Clone, Debug)]
pub(crate) struct Shown {
    pub session: SessionId,
    pub room: RoomId,
    pub user: UserId,
    /// How often its gate or room has changed.
    pub turn: u64,
    pub meter: Meter,
    /// None left: it is gone.
    pub sources: Vec<ShownSource>,
}

/// One of its sources, which has started and not ended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShownSource {
    pub label: TrackSource,
    pub live: bool,
    pub codec: (Pt, PayloadParams),
    pub run: u32,
    pub heard_at: Option<Instant>,
    /// Of a picture.
    pub layers: Table,
}

/// A packet that passed its session's gate.
#[derive(Clone, Debug)]
pub(crate) struct Relayed {
    pub session: SessionId,
    pub source: TrackSource,
    /// Changes when packets were left out: the legs begin a new run.
    pub run: u32,
    /// How loud it is, if it is a microphone's and can be told.
    pub level: Option<i8>,
    pub packet: Packet,
}

/// What something is about: of two about the same only the later counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Topic(About);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum About {
    Presence(RoomId),
    Room(RoomId),
    Session(SessionId),
    Source(SessionId, TrackSource),
    Layers(SessionId, TrackSource),
}

impl Relay {
    /// What this is about. `None`: a packet, which may be lost.
    pub fn topic(&self) -> Option<Topic> {
        let about = match &self.content {
            Content::Here(room) | Content::Away(room) => About::Presence(*room),
            Content::All(room, _) => About::Room(*room),
            Content::Shown(shown) => About::Session(shown.session),
            Content::Packet(_) => return None,
            Content::Wish { session, source, .. } => About::Source(*session, *source),
            Content::Layers { session, source, .. } => About::Layers(*session, *source),
        };
        Some(Topic(about))
    }

    /// Takes over what is left of an earlier one about the same, which will not arrive.
    pub fn merge(&mut self, earlier: &Self) {
        if let (
            Content::Wish { layers: 1.., keyframes, .. },
            Content::Wish { keyframes: asked, .. },
        ) = (&mut self.content, &earlier.content)
        {
            *keyframes |= asked;
        }
    }
}

/// What is left to do on another worker before the promise of a verb holds in the whole process. To be
/// handed to [`crate::Worker::forbid`] there, after all that came from this worker until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Where.
    pub worker: WorkerNumber,
    pub(crate) session: SessionId,
    /// The worker that the session lives or lived on: what another shows of it since is not meant.
    pub(crate) home: WorkerNumber,
    /// It applies while the session is in this room; `None`: in any.
    pub(crate) room: Option<RoomId>,
    /// `None`: it has left the room.
    pub(crate) allowed: Option<Gate>,
    pub(crate) turn: u64,
}

impl Ban {
    /// Of everything of a session whose home died.
    pub fn of_orphan(worker: WorkerNumber, session: SessionId, home: WorkerNumber) -> Self {
        Self { worker, session, home, room: None, allowed: None, turn: u64::MAX }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(layers: u8, keyframes: u8) -> Relay {
        let session = SessionId::from_i64(7).unwrap();
        let content = Content::Wish { session, source: TrackSource::Camera, layers, keyframes };
        Relay { to: WorkerNumber(1), from: WorkerNumber(0), content }
    }

    #[test]
    fn a_keyframe_that_was_asked_for_is_not_forgotten_while_the_picture_is_wanted() {
        for (earlier, later, expect) in [
            (wish(1, 1), wish(3, 2), 3),
            (wish(1, 0), wish(1, 1), 1),
            (wish(1, 0), wish(1, 0), 0),
            (wish(1, 1), wish(0, 0), 0),
        ] {
            let mut merged = later;
            merged.merge(&earlier);
            let Content::Wish { keyframes, .. } = merged.content else { unreachable!() };
            assert_eq!(keyframes, expect, "{earlier:?}");
        }
    }

    #[test]
    fn coming_and_going_are_about_the_same() {
        let room = RoomId::from_i64(1).unwrap();
        let relay = |content| Relay { to: WorkerNumber(1), from: WorkerNumber(0), content };
        let (here, away) = (relay(Content::Here(room)), relay(Content::Away(room)));
        assert_eq!(here.topic(), away.topic());
        assert_ne!(here.topic(), relay(Content::All(room, Vec::new())).topic());
        assert_ne!(here.topic(), None);
    }
}
