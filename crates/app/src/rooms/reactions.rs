//! Facts become effects: what the media plane must do after an event, and what rings. The only place where
//! that is so.

use model::{SessionId, UserId};
use net::Media;
use room::{Event, Room};

use crate::registrations::Registrations;

/// Has the media plane and what rings follow the events, which the room has applied. Comes back when they
/// have.
/// `Some` is a session that it could not take.
pub(super) async fn carry_out(
    room: &Room,
    events: &[Event],
    media: &Media,
    registrations: &Registrations,
) -> Option<SessionId> {
    let mut failed = None;
    for event in events {
        match event {
            Event::SessionStarted { session, user, .. } => {
                let gate = room.gate(*session);
                let room = room.settings().id;
                let open = media::OpenSession { session: *session, room, user: *user, gate };
                if let Err(refusal) = media.open(open).await {
                    tracing::warn!(%refusal, "the media plane refused a session");
                    failed = Some(*session);
                }
            }
            Event::SessionArrived { session, .. } => {
                let (room_id, gate) = (room.settings().id, room.gate(*session));
                if let Err(refusal) = media.carry(*session, room_id, gate).await {
                    tracing::warn!(%refusal, "the media plane could not carry a session over");
                    failed = Some(*session);
                }
            }
            // Of one that was carried over nothing is closed: it is in the other room by now.
            Event::SessionEnded { session, .. } => {
                media.close(*session, room.settings().id).await;
            }
            Event::SelfChanged { user, .. }
            | Event::Moderated { user, .. }
            | Event::Reauthorized { user, .. }
            | Event::FloorTaken { user, .. }
            | Event::FloorReleased { user, .. }
            | Event::SpeakerMade { user, .. }
            | Event::SpeakerRevoked { user, .. } => set_gates(room, *user, media).await,
            Event::Call { session, call, what } => {
                registrations.follow(room, *session, call, *what);
            }
            Event::CaptionsSwitched { .. } => {
                for member in room.view().members {
                    set_gates(room, member.person.id, media).await;
                }
            }
            Event::MemberJoined { .. }
            | Event::MemberLeft { .. }
            | Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::Speaking { .. }
            | Event::Source { .. }
            | Event::FloorKept { .. }
            | Event::SpeakRequested { .. }
            | Event::SpeakRequestWithdrawn { .. }
            | Event::SpeakerInvited { .. }
            | Event::InviteEnded { .. }
            | Event::TopicChanged { .. }
            | Event::SettingsChanged { .. }
            | Event::RequestHeard { .. }
            | Event::HandRaised { .. }
            | Event::HandLowered { .. }
            | Event::Reacted { .. }
            | Event::MarksForgotten { .. }
            | Event::Closed { .. } => {}
        }
    }
    failed
}

async fn set_gates(room: &Room, user: UserId, media: &Media) {
    let Some(member) = room.member(user) else { return };
    for session in member.sessions {
        // A session without a peer connection has nothing to shut; its gate is set when it opens.
        let _ = media.set_gate(session.id, room.settings().id, room.gate(session.id)).await;
    }
}
