//! From a random ask to a command: its people and sessions are those of this moment.

use std::time::{Duration, Instant};

use model::{SessionId, TrackSource, UserId, Via};
use room::{Actor, Call, Caller, Command, EndReason, Join, Knock, Link, SettingsChange, Shown};

use crate::World;
use crate::harness::{RON, session};
use crate::steps::{Ask, MUTES, PEOPLE, Verb};

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
            Verb::Close => {
                let reason = if on { EndReason::RoomDeleted } else { reason };
                (for_the_server, Command::Close { reason })
            }
            Verb::Reauthorize => (for_the_server, self.pick_reauthorize(ask)),
            Verb::Knock
            | Verb::Nudge
            | Verb::AllowCall
            | Verb::RejectCall
            | Verb::JoinCall
            | Verb::HangUp => return self.pick_at_the_door(ask),
            Verb::LinkUp | Verb::LinkDown | Verb::Speaking | Verb::Source => {
                let up = row.filter(|_| ask.rightful).map(|row| (row.media, row.sockets > 0));
                (for_the_server, self.pick_report(ask, session, up))
            }
        };
        (by.map_or(Actor::Server, Actor::Caller), command)
    }

    /// Who comes by two steps, and who decides about them.
    fn pick_at_the_door(&mut self, ask: &Ask) -> (Actor, Command) {
        let naive = &self.rooms[ask.room].naive;
        let nth = |fits: &dyn Fn(&(SessionId, Call)) -> bool| {
            let fitting: Vec<_> = naive.calls.iter().filter(|call| fits(call)).collect();
            let nth = ask.session.filter(|_| !fitting.is_empty());
            nth.map(|nth| fitting[nth % fitting.len()].clone())
        };
        let any = nth(&|_| true);
        let waits = nth(&|(_, call)| !call.admitted);
        let too_early = ask.accident;
        let outside = nth(&|(id, call)| (call.admitted || too_early) && !naive.has_session(*id));
        let asker = self.callers.get(ask.by).cloned();
        let whose = |call: &Option<(SessionId, Call)>| {
            let user = call.as_ref().filter(|_| ask.rightful).map(|(_, call)| call.user);
            user.and_then(|id| self.callers.iter().find(|c| c.person.id == id)).cloned()
        };
        let unknown = session(self.sessions + 1);
        let id_of = |call: &Option<(SessionId, Call)>| call.as_ref().map_or(unknown, |(id, _)| *id);
        let name = ask.client.unwrap_or("call").to_owned();
        let admin = self.callers.get(MUTES).cloned().filter(|_| !ask.accident);
        let admin = if ask.rightful { admin } else { asker.clone() };
        // Whoever waits, mostly; else a name that there may be or not.
        let call =
            waits.as_ref().filter(|_| ask.unlocked).map_or(name, |(_, call)| call.id.clone());
        let (by, command) = match ask.verb {
            Verb::Nudge => (whose(&waits).or(asker), Command::Nudge { session: id_of(&waits) }),
            Verb::AllowCall => (admin, Command::AllowCall { call }),
            Verb::RejectCall => (admin, Command::RejectCall { call }),
            Verb::HangUp => {
                let for_the_server = asker.filter(|_| !ask.rightful);
                (for_the_server, Command::HangUp { session: id_of(&any) })
            }
            Verb::JoinCall => {
                let by = whose(&outside).or(asker);
                (by, Command::Join(self.pick_join_call(ask, outside)))
            }
            _ => {
                // The same call again, now and then.
                let again = any.filter(|_| ask.accident);
                let plain = self.callers.get(ask.whom % MUTES).cloned().filter(|_| ask.rightful);
                (whose(&again).or(plain).or(asker), Command::Knock(self.pick_knock(ask, again)))
            }
        };
        (by.map_or(Actor::Server, Actor::Caller), command)
    }

    fn pick_knock(&mut self, ask: &Ask, again: Option<(SessionId, Call)>) -> Knock {
        let name = ask.client.unwrap_or("call").to_owned();
        let (session, call) = match again {
            Some((session, call)) => (session, call.id),
            None => (self.join().session, name),
        };
        let shown = match ask.flags {
            (true, true) => Shown::Right,
            (true, false) => Shown::Wrong,
            (false, _) => Shown::Nothing,
        };
        let (name, guest) = ("somebody".to_owned(), ask.only_once);
        Knock { session, call, name, guest, via: Via::Aura, shown }
    }

    fn pick_join_call(&mut self, ask: &Ask, call: Option<(SessionId, Call)>) -> Join {
        let (session, client) = match call {
            Some((session, call)) => (session, call.id),
            None => (self.join().session, ask.client.unwrap_or("call").to_owned()),
        };
        let (mute, deaf) = ask.flags;
        let (unlocked, only_once) = (ask.unlocked && ask.door, ask.only_once && ask.door);
        let client = Some(client);
        Join { session, via: Via::Aura, client, mute, deaf, unlocked, only_once, ..self.join() }
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
    let admission = ask.gateway.then(|| ask.admission.clone());
    Command::ChangeSettings(SettingsChange {
        name,
        member_limit,
        overrides,
        admission,
        ..SettingsChange::default()
    })
}
