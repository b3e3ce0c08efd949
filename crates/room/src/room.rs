//! The room's state, and the two doors to it: `decide` and `apply`.

use std::collections::BTreeMap;

use model::{Now, Permissions, SessionId, UserId};

use crate::actor::Actor;
use crate::call::Call;
use crate::command::Command;
use crate::event::Event;
use crate::floor::FloorState;
use crate::member::{Marks, Member, SelfState, Session};
use crate::refusal::Refusal;
use crate::settings::Settings;
use crate::stage::StageState;
use crate::timing::Timing;
use crate::waiting::Rejected;

/// A room with the people in it.
#[derive(Clone, Debug)]
pub struct Room {
    pub(crate) settings: Settings,
    /// Everyone with at least one session; the map is never left with a member without one.
    pub(crate) members: BTreeMap<UserId, Member>,
    /// What moderators decided about people, kept while they are away.
    pub(crate) marks_by_user: BTreeMap<UserId, Marks>,
    pub(crate) floor: FloorState,
    pub(crate) stage: StageState,
    /// Those who want to come in, may, or did through a door where that has two steps.
    pub(crate) calls: BTreeMap<SessionId, Call>,
    pub(crate) rejected: Rejected,
    pub(crate) timing: Timing,
    pub(crate) closed: bool,
}

impl Room {
    /// An empty room with what was stored about it.
    pub fn new(settings: Settings, marks: impl IntoIterator<Item = (UserId, Marks)>) -> Self {
        let has_stage = settings.kind.profile().has_stage();
        let marks = marks.into_iter().map(|(user, marks)| {
            let speaker = marks.speaker && has_stage;
            (user, Marks { speaker, ..marks })
        });
        let marks_by_user = marks.collect();
        let (members, floor, stage, timing) = Default::default();
        let (calls, rejected, closed) = Default::default();
        Self { settings, members, marks_by_user, floor, stage, calls, rejected, timing, closed }
    }

    /// The same room with other times.
    pub fn with_timing(self, timing: Timing) -> Self {
        Self { timing, ..self }
    }

    /// The stored part.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether nobody is in.
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// Whether it was closed for good.
    pub fn is_closed(&self) -> bool {
        self.closed
    }

    /// What moderators decided about a person.
    pub fn marks(&self, user: UserId) -> Marks {
        self.marks_by_user.get(&user).copied().unwrap_or_default()
    }

    /// What the command would change, or why not. Changes nothing itself.
    pub fn decide(&self, by: &Actor, command: Command, now: Now) -> Result<Vec<Event>, Refusal> {
        if self.closed {
            return Err(Refusal::RoomNotFound);
        }
        if command.is_for_the_server() && matches!(by, Actor::Caller(_)) {
            return Err(Refusal::Missing(Permissions::ADMINISTRATOR));
        }
        let events = self.answer(by, command, now)?;
        Ok(self.with_end(events, now))
    }

    fn answer(&self, by: &Actor, command: Command, now: Now) -> Result<Vec<Event>, Refusal> {
        match command {
            Command::Join(join) => self.decide_join(by, join, now),
            Command::Leave { session } => self.decide_leave(by, session, now),
            Command::LeaveAll => self.decide_leave_all(by, now),
            Command::SetSelf { session, mute, deaf, camera, screen, video_mute } => self
                .decide_self(by, session, |own| SelfState {
                    mute: mute.unwrap_or(own.mute),
                    deaf: deaf.unwrap_or(own.deaf),
                    camera: camera.unwrap_or(own.camera),
                    screen: screen.unwrap_or(own.screen),
                    video_mute: video_mute.unwrap_or(own.video_mute),
                }),
            Command::ServerMute { user, muted } => self.decide_server_mute(by, user, muted),
            Command::ServerDeafen { user, deafened } => {
                self.decide_server_deafen(by, user, deafened)
            }
            Command::ServerVideoMute { user, muted } => {
                self.decide_server_video_mute(by, user, muted)
            }
            Command::SetHand { session, raised } => self.decide_hand(by, session, raised, now),
            Command::React { session, reaction } => self.decide_reaction(by, session, reaction),
            Command::Knock(knock) => self.decide_knock(by, knock, now),
            Command::Nudge { session } => self.decide_nudge(by, session, now),
            Command::AllowCall { call } => self.decide_allow(by, &call),
            Command::RejectCall { call } => self.decide_reject(by, &call, now),
            Command::Invite { invites, by_call } => self.decide_invite(by, invites, by_call, now),
            Command::Answer { session } => self.decide_answer(session),
            Command::StopRinging { session, why } => self.decide_stop_ringing(session, why),
            Command::HangUp { session } => Ok(self.decide_hang_up(session, now)),
            Command::Kick { user } => self.decide_kick(by, user, now),
            Command::TakeFloor => self.decide_take_floor(by, now),
            Command::KeepFloor => self.decide_keep_floor(by, now),
            Command::ReleaseFloor => self.decide_release_floor(by, now),
            Command::RequestToSpeak => self.decide_request_to_speak(by, now),
            Command::WithdrawRequest => self.decide_withdraw_request(by),
            Command::InviteToSpeak { user } => self.decide_invite_to_speak(by, user, now),
            Command::RespondInvite { accepted } => self.decide_respond_invite(by, accepted, now),
            Command::RevokeSpeaker { user } => self.decide_revoke_speaker(by, user, now),
            Command::SetTopic { topic } => self.decide_set_topic(by, topic),
            Command::ChangeSettings(change) => self.decide_change_settings(by, change),
            Command::MoveOut { user, to } => self.decide_move_out(by, user, to, now),
            Command::MoveIn(arrival) => self.decide_move_in(by, arrival, now),
            Command::SwitchCaptions { on } => self.decide_captions(by, on),
            Command::EndSession { session, reason } => {
                self.decide_end_session(session, reason, now)
            }
            Command::EndMember { user, reason } => Ok(self.end_member(user, reason, now)),
            Command::Close { reason } => Ok(self.decide_close(reason, now)),
            Command::LinkUp { session, link } => self.decide_link_up(session, link),
            Command::LinkDown { session, link, last_seen } => {
                self.decide_link_down(session, link, last_seen)
            }
            Command::RequestHeard { user } => Ok(self.decide_request_heard(user, now)),
            Command::Speaking { session, speaking } => self.decide_speaking(session, speaking),
            Command::Source { session, source, flowing } => {
                self.decide_source(session, source, flowing)
            }
            Command::Reauthorize { user, roles, base } => {
                self.decide_reauthorize(user, &roles, base)
            }
        }
    }

    /// The member and session with this id.
    pub(crate) fn session(&self, id: SessionId) -> Option<(&Member, &Session)> {
        self.members.values().find_map(|member| Some((member, member.sessions.get(&id)?)))
    }

    pub(crate) fn with_member(&mut self, id: UserId, change: impl FnOnce(&mut Member)) {
        if let Some(member) = self.members.get_mut(&id) {
            change(member);
        }
    }

    pub(crate) fn with_session(&mut self, id: SessionId, change: impl FnOnce(&mut Session)) {
        if let Some(session) = self.members.values_mut().find_map(|m| m.sessions.get_mut(&id)) {
            change(session);
        }
    }

    pub(crate) fn check_invariants(&self) {
        debug_assert!(
            self.members.iter().all(|(id, member)| *id == member.person.id),
            "a member is filed under their own id"
        );
        self.check_floor();
        self.check_stage();
    }
}
