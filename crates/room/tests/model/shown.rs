//! How the naive room is to be shown.

use model::{Permissions, SessionId, UserId};
use room::{Call, Marks, MemberView, ProfileKind, SessionView, StageRole};

use super::{Naive, Row};

impl Naive {
    /// Everyone as they are to be shown.
    pub fn view(&self) -> Vec<MemberView> {
        let mut members: Vec<_> = self.people().iter().map(|user| self.member(*user)).collect();
        members.sort_by_key(|member| (member.joined_at, member.person.id));
        members
    }

    /// Everyone who waits, in the order of their sessions.
    pub fn waiting(&self) -> Vec<Call> {
        let mut waiting: Vec<_> = self.calls.iter().filter(|(_, call)| !call.admitted).collect();
        waiting.sort_by_key(|(session, _)| *session);
        waiting.into_iter().map(|(_, call)| call.clone()).collect()
    }

    pub fn call(&self, session: SessionId) -> Option<Call> {
        self.calls.iter().find(|(id, _)| *id == session).map(|(_, call)| call.clone())
    }

    fn member(&self, user: UserId) -> MemberView {
        let mut rows: Vec<_> = self.of(user).collect();
        rows.sort_by_key(|row| row.id);
        let Marks { server_mute, server_deaf, server_video_mute, speaker } = self.marks(user);
        let show = |row: &&Row| {
            let Row { id, via, mute, deaf, video_mute, detached, .. } = **row;
            SessionView {
                id,
                via,
                mute,
                deaf,
                video_mute,
                camera: row.camera || row.says.0,
                screen: row.screen || row.says.1,
                shares: row.says.1,
                speaking: row.speaking && self.gate(id).speak,
                hand_at: row.hand,
                client: row.client.clone(),
                beside: None,
                call: self.call(id),
                detached,
            }
        };
        let role = if speaker { StageRole::Speaker } else { StageRole::Listener };
        MemberView {
            person: rows[0].person.clone(),
            permissions: Permissions::from_bits(rows[0].bits),
            joined_at: rows[0].since,
            mute: !rows.iter().any(|row| !row.mute),
            deaf: !rows.iter().any(|row| !row.deaf),
            server_mute,
            server_deaf,
            server_video_mute,
            speaking: rows.iter().any(|row| row.speaking && self.gate(row.id).speak),
            camera: rows.iter().any(|row| row.camera || row.says.0),
            screen: rows.iter().any(|row| row.screen || row.says.1),
            stage: (self.settings.kind == ProfileKind::Stage).then_some(role),
            requested_at: self.asked(user),
            invited: self.invites.iter().any(|invite| invite.user == user),
            sessions: rows.iter().map(show).collect(),
        }
    }
}
