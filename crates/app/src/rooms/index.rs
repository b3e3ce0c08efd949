//! Where sessions and people are: which room a session belongs to, and which exclusive room a person
//! is in.
//!
//! Room actors write it as they apply events; everyone may read.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use model::{RoomId, SessionId, UserId, Via};
use room::{Event, Settings};

/// The two look-ups.
#[derive(Debug, Default)]
pub struct Index(RwLock<Maps>);

#[derive(Debug, Default)]
struct Maps {
    place_by_session: HashMap<SessionId, Place>,
    sessions_by_user: HashMap<UserId, Vec<SessionId>>,
    exclusive_room_by_user: HashMap<UserId, RoomId>,
    rooms_by_user: HashMap<UserId, Vec<RoomId>>,
    member_count_by_room: HashMap<RoomId, usize>,
}

/// Where a live session is, and whose.
#[derive(Clone, Copy, Debug)]
struct Place {
    room: RoomId,
    user: UserId,
    via: Via,
}

impl Index {
    /// The room of a live session.
    pub fn room_of(&self, session: SessionId) -> Option<RoomId> {
        self.read(|maps| maps.place_by_session.get(&session).map(|place| place.room))
    }

    /// Whose live session it is.
    pub fn user_of(&self, session: SessionId) -> Option<UserId> {
        self.read(|maps| maps.place_by_session.get(&session).map(|place| place.user))
    }

    /// The live sessions that a person opened through a door, oldest first.
    pub fn sessions_of(&self, user: UserId, via: Via) -> Vec<SessionId> {
        self.read(|maps| {
            let all = maps.sessions_by_user.get(&user).map(Vec::as_slice).unwrap_or_default();
            all.iter().copied().filter(|session| maps.is_via(*session, via)).collect()
        })
    }

    /// Whether a live session was opened through this door.
    pub fn is_via(&self, session: SessionId, via: Via) -> bool {
        self.read(|maps| maps.is_via(session, via))
    }

    /// The voice or stage room a person is in.
    pub fn exclusive_room_of(&self, user: UserId) -> Option<RoomId> {
        self.read(|maps| maps.exclusive_room_by_user.get(&user).copied())
    }

    /// All rooms a person is in.
    pub fn rooms_of(&self, user: UserId) -> Vec<RoomId> {
        self.read(|maps| maps.rooms_by_user.get(&user).cloned().unwrap_or_default())
    }

    /// Members of a room just now.
    pub fn member_count(&self, room: RoomId) -> usize {
        self.read(|maps| maps.member_count_by_room.get(&room).copied().unwrap_or_default())
    }

    /// Live sessions in all rooms.
    pub fn session_count(&self) -> usize {
        self.read(|maps| maps.place_by_session.len())
    }

    /// Follows what a room applied.
    pub fn apply(&self, settings: &Settings, event: &Event) {
        let room = settings.id;
        let mut maps = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::SessionStarted { session, user, via, .. } => {
                maps.enter(*session, Place { room, user: *user, via: *via });
            }
            Event::SessionArrived { session, user, carried, .. } => {
                maps.enter(*session, Place { room, user: *user, via: carried.via() });
            }
            // Who was moved is in the other room by then.
            Event::SessionEnded { session, .. } if maps.is_in(*session, room) => {
                maps.end(*session);
            }
            Event::SessionEnded { .. } => {}
            Event::MemberJoined { person, .. } => maps.join(person.id, settings),
            Event::MemberLeft { user, .. } => maps.leave(*user, room),
            Event::SelfChanged { .. }
            | Event::Moderated { .. }
            | Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::Speaking { .. }
            | Event::Source { .. }
            | Event::Reauthorized { .. }
            | Event::FloorTaken { .. }
            | Event::FloorKept { .. }
            | Event::FloorReleased { .. }
            | Event::CaptionsSwitched { .. }
            | Event::SpeakRequested { .. }
            | Event::SpeakRequestWithdrawn { .. }
            | Event::SpeakerInvited { .. }
            | Event::InviteEnded { .. }
            | Event::SpeakerMade { .. }
            | Event::SpeakerRevoked { .. }
            | Event::TopicChanged { .. }
            | Event::SettingsChanged { .. }
            | Event::RequestHeard { .. }
            | Event::HandRaised { .. }
            | Event::HandLowered { .. }
            | Event::Reacted { .. }
            | Event::Call { .. }
            | Event::MarksForgotten { .. }
            | Event::Closed { .. } => {}
        }
    }

    /// Forgets a room whose owner died, and says which sessions it had.
    pub fn forget_room(&self, room: RoomId) -> Vec<SessionId> {
        let mut maps = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let places = maps.place_by_session.iter().filter(|(_, place)| place.room == room);
        let sessions: Vec<SessionId> = places.map(|(session, _)| *session).collect();
        for session in &sessions {
            maps.end(*session);
        }
        maps.exclusive_room_by_user.retain(|_, other| *other != room);
        maps.member_count_by_room.remove(&room);
        maps.rooms_by_user.retain(|_, rooms| {
            rooms.retain(|other| *other != room);
            !rooms.is_empty()
        });
        sessions
    }

    fn read<T>(&self, look_up: impl FnOnce(&Maps) -> T) -> T {
        look_up(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Maps {
    fn is_via(&self, session: SessionId, via: Via) -> bool {
        self.place_by_session.get(&session).is_some_and(|place| place.via == via)
    }

    fn is_in(&self, session: SessionId, room: RoomId) -> bool {
        self.place_by_session.get(&session).is_some_and(|place| place.room == room)
    }

    fn enter(&mut self, session: SessionId, place: Place) {
        if self.place_by_session.insert(session, place).is_none() {
            self.sessions_by_user.entry(place.user).or_default().push(session);
        }
    }

    fn end(&mut self, session: SessionId) {
        let Some(place) = self.place_by_session.remove(&session) else { return };
        if let Some(sessions) = self.sessions_by_user.get_mut(&place.user) {
            sessions.retain(|other| *other != session);
            if sessions.is_empty() {
                self.sessions_by_user.remove(&place.user);
            }
        }
    }

    fn join(&mut self, user: UserId, settings: &Settings) {
        let room = settings.id;
        self.rooms_by_user.entry(user).or_default().push(room);
        *self.member_count_by_room.entry(room).or_default() += 1;
        if settings.kind.profile().exclusive {
            self.exclusive_room_by_user.insert(user, room);
        }
    }

    fn leave(&mut self, user: UserId, room: RoomId) {
        if self.exclusive_room_by_user.get(&user) == Some(&room) {
            self.exclusive_room_by_user.remove(&user);
        }
        if let Some(count) = self.member_count_by_room.get_mut(&room) {
            *count -= 1;
            if *count == 0 {
                self.member_count_by_room.remove(&room);
            }
        }
        if let Some(rooms) = self.rooms_by_user.get_mut(&user) {
            rooms.retain(|other| *other != room);
            if rooms.is_empty() {
                self.rooms_by_user.remove(&user);
            }
        }
    }
}
