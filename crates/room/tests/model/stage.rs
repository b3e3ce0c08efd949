//! The naive stage: who speaks, who asks one after the other, who is invited and until when.

use std::time::{Duration, Instant};

use model::{Now, Permissions, UserId};
use room::{Actor, Command, EndReason, ProfileKind, Refusal};

use super::Naive;

/// Somebody is invited.
#[derive(Clone, Debug, PartialEq)]
pub struct Invite {
    pub user: UserId,
    pub until: Instant,
}

impl Naive {
    pub(super) fn act_on_stage(
        &mut self,
        by: &Actor,
        command: &Command,
        now: Now,
    ) -> Result<(), Refusal> {
        let of_moderators = matches!(
            command,
            Command::InviteToSpeak { .. }
                | Command::RevokeSpeaker { .. }
                | Command::SetTopic { .. }
        );
        if of_moderators {
            self.may(by, &[])?;
        }
        let asks = if of_moderators { None } else { self.asking(by)? };
        if self.settings.kind != ProfileKind::Stage {
            return Err(Refusal::NoStage);
        }
        if of_moderators {
            self.may(by, &[Permissions::STAGE_MODERATOR])?;
            return self.moderate(by, command, now);
        }
        let user = asks.ok_or(Refusal::NotInRoom)?;
        match command {
            Command::RequestToSpeak => self.raise_hand(user, now),
            Command::WithdrawRequest => {
                self.hands.retain(|(who, _)| *who != user);
                self.speakers.remove(&user);
            }
            Command::RespondInvite { accepted } => {
                let live = self.invites.iter().any(|i| i.user == user && i.until > now.mono);
                if !live {
                    return Err(Refusal::NoPendingInvite);
                }
                self.invites.retain(|invite| invite.user != user);
                if *accepted {
                    self.give_stage(user);
                }
            }
            other => panic!("not of the stage: {other:?}"),
        }
        Ok(())
    }

    fn moderate(&mut self, by: &Actor, command: &Command, now: Now) -> Result<(), Refusal> {
        match command {
            Command::InviteToSpeak { user } => {
                self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                if by.user() == Some(*user) {
                    self.give_stage(*user);
                } else if !self.speakers.contains(user) {
                    self.invites.retain(|invite| invite.user != *user);
                    let until = now.mono + Duration::from_secs(5 * 60);
                    self.invites.push(Invite { user: *user, until });
                    self.heard += 1;
                }
            }
            Command::RevokeSpeaker { user } => {
                if !self.speakers.remove(user) {
                    self.of(*user).next().ok_or(Refusal::TargetNotInRoom)?;
                    self.invites.retain(|i| i.user != *user || i.until <= now.mono);
                }
            }
            Command::SetTopic { topic } => {
                self.settings.topic = if topic.is_empty() { None } else { Some(topic.clone()) };
            }
            other => panic!("not of moderators: {other:?}"),
        }
        Ok(())
    }

    fn raise_hand(&mut self, user: UserId, now: Now) {
        let up = self.hands.iter().any(|(who, _)| *who == user);
        if !up && !self.speakers.contains(&user) {
            // Behind everyone, in the same microsecond too.
            let last = self.hands.last().map(|(_, at)| at.plus(Duration::from_micros(1)));
            self.hands.push((user, last.map_or(now.wall, |last| last.max(now.wall))));
        }
    }

    fn give_stage(&mut self, user: UserId) {
        self.speakers.insert(user);
        self.hands.retain(|(who, _)| *who != user);
        self.invites.retain(|invite| invite.user != user);
    }

    /// Nobody asks or is invited from outside; and who went by will or by force has no role any more.
    pub(super) fn clear_stage(&mut self, were_in: &[UserId], reason: EndReason) {
        let are_in = self.people();
        let is_out = |user: &UserId| !are_in.contains(user);
        self.hands.retain(|(user, _)| !is_out(user));
        self.invites.retain(|invite| !is_out(&invite.user));
        let accidents =
            ["replaced", "timeout", "media_failed", "server_shutdown", "server_restart"];
        if !accidents.contains(&reason.as_str()) {
            self.speakers.retain(|user| !(is_out(user) && were_in.contains(user)));
        }
    }

    pub(super) fn forget_late_invites(&mut self, now: Instant) {
        self.invites.retain(|invite| invite.until > now);
    }

    /// When they asked to speak.
    pub(super) fn asked(&self, user: UserId) -> Option<model::Timestamp> {
        self.hands.iter().find(|(who, _)| *who == user).map(|(_, at)| *at)
    }

    /// Who decides who speaks.
    pub fn moderators(&self) -> Vec<UserId> {
        let bit = Permissions::STAGE_MODERATOR.bits();
        let may = |user: &UserId| self.of(*user).all(|row| row.bits & bit != 0);
        self.people().into_iter().filter(may).collect()
    }
}
