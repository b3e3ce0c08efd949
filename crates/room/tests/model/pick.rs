//! From a random ask to a command: its people and sessions are those of this moment.

use std::time::{Duration, Instant};

use model::{SessionId, TrackSource, UserId, Via};
use room::{Actor, Caller, Command, EndReason, Join, Link, SettingsChange};

use crate::World;
use crate::harness::{RON, session};
use crate::steps::{Ask, PEOPLE, Verb};

impl World {
    /// Fills in the people and sessions of this moment.
    pub fn pick(&mut self, ask: &Ask) -> (Actor, Command) {
        let naive = &self.rooms[ask.room].naive;
        let live = |nth: usize| naive.rows.get(nth % naive.rows.len().max(1));
        let row = ask.session.and_then(live);
        let session = row.map_or(session(self.sessions + 1), |row| row.id);
        let asker = self.callers.get(ask.by).cloned();
        let rightful = |user: Option<UserId>| {
            let user = user.filter(|_| ask.rightful);
            user.and_then(|id| self.callers.iter().find(|c| c.person.id == id)).cloned()
        };
        let own = rightful(row.map(|row| row.person.id));
        let holder = rightful(naive.lock.holder).or(asker.clone());
        let invited = rightful(naive.invites.first().map(|invite| invite.user)).or(own.clone());
        // Moderators are few: the server often does it for them.
        let moderator = asker.clone().filter(|_| !(ask.rightful && ask.accident));
        let for_the_server = asker.clone().filter(|_| !ask.rightful);
        let (user, on) = (PEOPLE[ask.whom].id(), ask.flags.0);
        let reason = if ask.accident { EndReason::MediaFailed } else { EndReason::Banned };
        let (by, command) = match ask.verb {
            Verb::Leave => (own.or(asker), Command::Leave { session }),
            Verb::SetSelf => (own.or(asker), pick_set_self(ask, session)),
            Verb::SetHand => (own.or(asker), Command::SetHand { session, raised: on }),
            Verb::React => {
                (own.or(asker), Command::React { session, reaction: "heart".to_owned() })
            }
            Verb::LeaveAll => (own.or(asker), Command::LeaveAll),
            Verb::TakeFloor => (own.or(asker), Command::TakeFloor),
            Verb::KeepFloor => (holder, Command::KeepFloor),
            Verb::ReleaseFloor => (holder, Command::ReleaseFloor),
            Verb::RequestToSpeak => (own.or(asker), Command::RequestToSpeak),
            Verb::WithdrawRequest => (own.or(asker), Command::WithdrawRequest),
            Verb::RespondInvite => (invited.or(asker), Command::RespondInvite { accepted: on }),
            Verb::InviteToSpeak => (moderator, Command::InviteToSpeak { user }),
            Verb::RevokeSpeaker => {
                // Somebody who is invited, now and then.
                let first = naive.invites.first().map(|invite| invite.user);
                let user = first.filter(|_| ask.flags.1).unwrap_or(user);
                (moderator, Command::RevokeSpeaker { user })
            }
            Verb::SetTopic => (moderator, pick_topic(ask)),
            Verb::ChangeSettings => (moderator, pick_change(ask)),
            Verb::SwitchCaptions => (moderator, Command::SwitchCaptions { on }),
            Verb::RequestHeard => (for_the_server, Command::RequestHeard { user }),
            Verb::Join => {
                // The same client again, now and then.
                let again = row.filter(|_| ask.accident).map(|row| (row.via, row.client.clone()));
                let by = own.filter(|_| again.is_some()).or(asker);
                (by, Command::Join(self.pick_join(ask, again)))
            }
            Verb::ServerMute => (moderator, Command::ServerMute { user, muted: on }),
            Verb::ServerDeafen => (moderator, Command::ServerDeafen { user, deafened: on }),
            Verb::ServerVideoMute => (moderator, Command::ServerVideoMute { user, muted: on }),
            Verb::Kick => (moderator, Command::Kick { user }),
            Verb::EndSession => (for_the_server, Command::EndSession { session, reason }),
            Verb::EndMember => (for_the_server, Command::EndMember { user, reason }),
            Verb::Close => (for_the_server, Command::Close { reason }),
            Verb::Reauthorize => (for_the_server, self.pick_reauthorize(ask)),
            Verb::LinkUp | Verb::LinkDown | Verb::Speaking | Verb::Source => {
                let up = row.filter(|_| ask.rightful).map(|row| (row.media, row.sockets > 0));
                (for_the_server, self.pick_report(ask, session, up))
            }
        };
        (by.map_or(Actor::Server, Actor::Caller), command)
    }

    fn pick_join(&mut self, ask: &Ask, again: Option<(Via, Option<String>)>) -> Join {
        let via = match (ask.stt, ask.door) {
            (true, _) => Via::SttRoom,
            (false, true) => Via::Vox,
            (false, false) => Via::VoiceService,
        };
        let (via, client) = again.unwrap_or((via, ask.client.map(str::to_owned)));
        let ((mute, deaf), unlocked, only_once) = (ask.flags, ask.unlocked, ask.only_once);
        Join { via, client, mute, deaf, unlocked, only_once, ..self.join() }
    }

    /// The account changes too: what the caller brings from now on, even if the room does not take it.
    fn pick_reauthorize(&mut self, ask: &Ask) -> Command {
        let caller = &mut self.callers[ask.whom];
        caller.roles = if ask.door { RON.caller().roles } else { Vec::new() };
        caller.base = ask.base;
        let Caller { person, roles, base } = caller.clone();
        Command::Reauthorize { user: person.id, roles, base }
    }

    /// What goes down was up, mostly.
    fn pick_report(&self, ask: &Ask, session: SessionId, up: Option<(bool, bool)>) -> Command {
        let on = ask.flags.0;
        let socket = match (up, ask.verb) {
            (Some((media, socket)), Verb::LinkDown) if media != socket => socket,
            _ => ask.door,
        };
        let link = match (socket, ask.gateway) {
            (true, true) => Link::Gateway,
            (true, false) => Link::Socket,
            (false, _) => Link::Media,
        };
        let last_seen: Instant = self.now.mono - Duration::from_millis(ask.ago_millis);
        let source = match ask.client {
            None => TrackSource::Microphone,
            Some("phone") => TrackSource::Camera,
            Some(_) => TrackSource::Screen,
        };
        match ask.verb {
            Verb::LinkUp => Command::LinkUp { session, link },
            Verb::LinkDown => Command::LinkDown { session, link, last_seen },
            Verb::Speaking => Command::Speaking { session, speaking: on },
            _ => Command::Source { session, source, flowing: on },
        }
    }
}

fn pick_set_self(ask: &Ask, session: SessionId) -> Command {
    let (on, also) = ask.flags;
    let (mute, deaf) = (ask.door.then_some(on), ask.unlocked.then_some(also));
    let (camera, screen) = (ask.gateway.then_some(also), ask.accident.then_some(on));
    let video_mute = (ask.door && ask.gateway).then_some(on);
    Command::SetSelf { session, mute, deaf, camera, screen, video_mute }
}

fn pick_topic(ask: &Ask) -> Command {
    Command::SetTopic { topic: if ask.flags.0 { "news" } else { "" }.to_owned() }
}

fn pick_change(ask: &Ask) -> Command {
    let (on, also) = ask.flags;
    let name = on.then(|| if also { "Den" } else { "Hall" }.to_owned());
    let member_limit = also.then_some(if on { 2 } else { 4 });
    let overrides = ask.door.then(|| ask.overrides.clone());
    Command::ChangeSettings(SettingsChange {
        name,
        member_limit,
        overrides,
        ..SettingsChange::default()
    })
}
