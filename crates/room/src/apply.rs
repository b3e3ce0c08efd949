//! The room's only mutator: events become state.

use model::{Permissions, RoleId, SessionId, UserId};

use crate::event::Event;
use crate::member::{Marks, Member, SelfState, Session};
use crate::room::Room;

impl Room {
    /// Makes it so. An event about a session that is gone changes nothing.
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::MemberJoined { person, roles, base, permissions, at } => {
                let member = Member::new(person.clone(), *at);
                self.members.insert(person.id, member);
                self.apply_reauthorized(person.id, roles, *base, *permissions);
            }
            Event::SessionStarted {
                session,
                user,
                via,
                client,
                mute,
                deaf,
                video_mute,
                beside,
                gone_at,
                ..
            } => {
                let (mute, deaf, video_mute) = (*mute, *deaf, *video_mute);
                let own = SelfState { mute, deaf, video_mute, ..SelfState::default() };
                let heard_at = self.heard_by_joining(*via, *gone_at);
                let new = Session::new(*via, client.clone(), *gone_at);
                let new = Session { own, heard_at, beside: *beside, ..new };
                self.apply_session(*user, *session, new);
            }
            Event::SessionArrived { session, user, carried, .. } => {
                self.apply_session(*user, *session, carried.session());
            }
            Event::SessionEnded { session, user, .. } => {
                self.with_member(*user, |member| {
                    member.sessions.remove(session);
                });
                self.calls.remove(session);
            }
            Event::MemberLeft { user, .. } => {
                self.members.remove(user);
                self.forget_on_stage(*user);
            }
            Event::Reauthorized { user, roles, base, permissions } => {
                self.apply_reauthorized(*user, roles, *base, *permissions);
            }
            Event::SelfChanged { session, mute, deaf, camera, screen, video_mute, .. } => {
                let (mute, deaf, video_mute) = (*mute, *deaf, *video_mute);
                let (camera, screen) = (*camera, *screen);
                let own = SelfState { mute, deaf, camera, screen, video_mute };
                self.with_session(*session, |state| state.own = own);
            }
            Event::Moderated { user, server_mute, server_deaf, server_video_mute, .. } => {
                let (server_mute, server_deaf) = (*server_mute, *server_deaf);
                let server_video_mute = *server_video_mute;
                self.apply_marks(*user, |had| Marks {
                    server_mute,
                    server_deaf,
                    server_video_mute,
                    ..had
                });
            }
            Event::MarksForgotten { user } => self.apply_marks(*user, |_| Marks::default()),
            Event::LinkUp { session, link } => self.apply_link_up(*session, *link),
            Event::LinkDown { session, link, heard_at, gone_at } => {
                self.apply_link_down(*session, *link, *heard_at, *gone_at);
            }
            Event::RequestHeard { session, heard_at, gone_at } => {
                self.apply_request_heard(*session, *heard_at, *gone_at);
            }
            other => self.apply_to_room(other),
        }
        self.check_invariants();
    }

    /// What is said and done in the room, and before its door.
    fn apply_to_room(&mut self, event: &Event) {
        match event {
            Event::Speaking { session, speaking, .. } => {
                self.with_session(*session, |s| s.speaking = *speaking);
            }
            Event::Source { session, source, flowing, .. } => {
                self.apply_source(*session, *source, *flowing);
            }
            Event::FloorTaken { user, fence, expires, expires_at }
            | Event::FloorKept { user, fence, expires, expires_at } => {
                self.apply_floor_held(*user, *fence, *expires, *expires_at);
            }
            Event::FloorReleased { fence, .. } => self.apply_floor_released(*fence),
            Event::SpeakRequested { user, at } => self.apply_requested(*user, *at),
            Event::SpeakRequestWithdrawn { user } => self.apply_request_withdrawn(*user),
            Event::SpeakerInvited { user, by, expires, .. } => {
                self.apply_invited(*user, *by, *expires);
            }
            Event::InviteEnded { user, .. } => self.apply_invite_ended(*user),
            Event::SpeakerMade { user, .. } => self.apply_speaker(*user, true),
            Event::SpeakerRevoked { user, .. } => self.apply_speaker(*user, false),
            Event::TopicChanged { topic, .. } => self.settings.topic.clone_from(topic),
            Event::SettingsChanged { settings, .. } => self.settings.clone_from(settings),
            Event::CaptionsSwitched { on, .. } => self.settings.captions = *on,
            Event::HandRaised { session, at, .. } => {
                self.with_session(*session, |state| state.hand_at = Some(*at));
            }
            Event::HandLowered { session, .. } => {
                self.with_session(*session, |state| state.hand_at = None);
            }
            Event::Reacted { .. } => {}
            Event::Call { session, call, what } => self.apply_call(*session, call, *what),
            Event::Closed { .. } => self.closed = true,
            // Applied above.
            Event::MemberJoined { .. }
            | Event::SessionStarted { .. }
            | Event::SessionArrived { .. }
            | Event::SessionEnded { .. }
            | Event::MemberLeft { .. }
            | Event::Reauthorized { .. }
            | Event::SelfChanged { .. }
            | Event::Moderated { .. }
            | Event::MarksForgotten { .. }
            | Event::LinkUp { .. }
            | Event::LinkDown { .. }
            | Event::RequestHeard { .. } => {}
        }
    }

    fn apply_session(&mut self, user: UserId, session: SessionId, new: Session) {
        self.with_member(user, |member| {
            member.sessions.insert(session, new);
        });
    }

    fn apply_reauthorized(
        &mut self,
        user: UserId,
        roles: &[RoleId],
        base: Permissions,
        permissions: Permissions,
    ) {
        self.with_member(user, |member| {
            member.roles = roles.to_vec();
            (member.base, member.permissions) = (base, permissions);
        });
    }

    /// People without any mark are not listed.
    pub(crate) fn apply_marks(&mut self, user: UserId, change: impl FnOnce(Marks) -> Marks) {
        let marks = change(self.marks(user));
        if marks == Marks::default() {
            self.marks_by_user.remove(&user);
        } else {
            self.marks_by_user.insert(user, marks);
        }
    }
}
