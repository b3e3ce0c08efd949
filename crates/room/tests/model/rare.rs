//! What random steps come by seldom, kept in mind so that a test can ask for all of it.

use std::collections::BTreeSet;

use model::UserId;
use room::{Call, CallChange, EndReason, Event, FloorEnd, InviteEnd, Refusal, RevokeReason, Room};

/// Which of the rare things have come up.
#[derive(Default)]
pub struct Rare {
    pub reached: BTreeSet<String>,
}

impl Rare {
    /// Looks at events that the room gave and that are not applied yet.
    pub fn note(&mut self, room: &Room, events: &[Event]) {
        self.note_speech(events);
        self.note_floor(events);
        self.note_requests(events);
        self.note_stage(room, events);
        self.note_moves(room, events);
        self.note_door(room, events);
        let ends = events.iter().filter_map(ended).count();
        let left = events.iter().filter(|event| matches!(event, Event::MemberLeft { .. })).count();
        if closes(events) && left > 1 {
            self.reach("closed over several");
        }
        let started = events.iter().find_map(|event| match event {
            Event::SessionStarted { user, .. } => room.member(*user),
            _ => None,
        });
        if ends == 1 && started.is_some_and(|member| member.sessions.len() == 8) {
            self.reach("the oldest replaced");
        }
    }

    /// Looks at what was refused.
    pub fn note_refusal(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::SpeakerTaken => self.reach("a floor refused"),
            Refusal::InvalidPassword => self.reach("a password refused"),
            Refusal::AlreadyIn => self.reach("once refused"),
            Refusal::NoPendingInvite => self.reach("an answer without an invite"),
            Refusal::CallTaken => self.reach("a name taken"),
            Refusal::CallNotAdmitted => self.reach("not let in yet"),
            Refusal::TurnedAway => self.reach("turned away too lately"),
            Refusal::AlreadyDecided => self.reach("decided already"),
            Refusal::NobodyWaiting => self.reach("nobody waits by that name"),
            Refusal::MustWait => self.reach("another door is no way around"),
            _ => {}
        }
    }

    fn note_speech(&mut self, events: &[Event]) {
        for pair in events.windows(2).filter(|pair| matches!(pair[0], Event::Speaking { .. })) {
            let word = ended(&pair[1]).map(EndReason::as_str).filter(|_| !closes(events));
            self.reach(&format!("{} while speaking", word.unwrap_or("closed")));
        }
    }

    fn note_floor(&mut self, events: &[Event]) {
        for event in events {
            let Event::FloorReleased { user, reason, .. } = event else {
                if matches!(event, Event::FloorKept { .. }) {
                    self.reach("the floor kept");
                }
                continue;
            };
            let leaves = why_left(events, *user);
            match (reason, leaves.filter(|_| !closes(events))) {
                (FloorEnd::Left, word) => {
                    self.reach(&format!("{} with the floor", word.unwrap_or("closed")));
                }
                // The room may be closed or its people put out after the floor, as well.
                (FloorEnd::Expired, Some(word @ ("left" | "timeout"))) => {
                    self.reach(&format!("{word} after the floor"));
                }
                (FloorEnd::Expired, _) if events.len() == 1 => self.reach("the floor expired"),
                (FloorEnd::Expired, None) if matches!(events[1], Event::FloorTaken { .. }) => {
                    self.reach("an expired floor taken");
                }
                (FloorEnd::Expired | FloorEnd::Released, _) => {}
            }
        }
    }

    fn note_requests(&mut self, events: &[Event]) {
        for event in events {
            if let Event::RequestHeard { gone_at, .. } = event {
                let linked = gone_at.is_none();
                self.reach(if linked { "heard while linked" } else { "heard without a link" });
            }
        }
    }

    fn note_stage(&mut self, room: &Room, events: &[Event]) {
        let asking = |user: &UserId| room.member(*user).is_some_and(|m| m.requested_at.is_some());
        let invited = |user: &UserId| room.member(*user).is_some_and(|member| member.invited);
        for event in events {
            match event {
                Event::SpeakRequested { .. } if asked_at_once(room, event) => {
                    self.reach("asked at once");
                }
                Event::SpeakRequestWithdrawn { .. } => self.reach("a request withdrawn"),
                Event::SpeakerInvited { user, .. } if invited(user) => self.reach("invited again"),
                Event::InviteEnded { why, .. } => self.reach(match why {
                    InviteEnd::Declined => "an invite declined",
                    InviteEnd::Expired => "an invite expired",
                    InviteEnd::Revoked => "an invite revoked",
                }),
                Event::SpeakerMade { user, by } if *by == Some(*user) => {
                    self.reach("made a speaker by themselves");
                }
                Event::SpeakerMade { user, .. } => {
                    self.reach(if asking(user) { "asked and accepted" } else { "accepted" });
                }
                Event::SpeakerRevoked { user, why: RevokeReason::Revoked, .. } => {
                    let away = room.member(*user).is_none();
                    self.reach(if away { "revoked while away" } else { "revoked" });
                }
                Event::SpeakerRevoked { why: RevokeReason::SteppedDown, .. } => {
                    self.reach("stepped down");
                }
                Event::SpeakerRevoked { user, why: RevokeReason::Left, .. } => {
                    let word = why_left(events, *user).filter(|_| !closes(events));
                    self.reach(&format!("{} with the role", word.unwrap_or("closed")));
                }
                Event::MemberLeft {
                    user,
                    reason: reason @ (EndReason::Timeout | EndReason::MediaFailed),
                } if room.marks(*user).speaker => {
                    self.reach(&format!("{reason} and keeps the role"));
                }
                Event::MemberLeft { user, .. } if invited(user) => self.reach("invited and left"),
                Event::MemberJoined { person, .. } if room.marks(person.id).speaker => {
                    self.reach("a speaker again");
                }
                _ => {}
            }
        }
    }

    fn note_moves(&mut self, room: &Room, events: &[Event]) {
        let arrives = |event: &Event| matches!(event, Event::SessionArrived { .. });
        let arrivals = events.iter().filter(|event| arrives(event)).count();
        let ends = events.iter().filter_map(ended).count();
        let member = events.iter().find(|event| arrives(event)).and_then(Event::user);
        let member = member.and_then(|user| room.member(user));
        if arrivals > 1 {
            self.reach("several arrive");
        }
        if let Some(member) = member.filter(|_| arrivals > 0) {
            let too_many = member.sessions.len() - ends + arrivals == 8;
            self.reach(match (ends, too_many) {
                (0, _) => "arrives beside",
                (_, false) => "arrives in the place of another",
                (_, true) => "arrives as one too many",
            });
        }
        let changes = matches!(events.first(), Some(Event::SettingsChanged { .. }));
        if changes && events.len() > 1 {
            self.reach("other settings, other rights");
        }
        for event in events {
            let Event::SessionEnded { session, user, reason: EndReason::Replaced, .. } = event
            else {
                continue;
            };
            let sessions = room.member(*user).map(|member| member.sessions).unwrap_or_default();
            if sessions.iter().any(|view| view.id == *session && view.detached) {
                self.reach("detached and replaced");
            }
        }
    }

    fn note_door(&mut self, room: &Room, events: &[Event]) {
        let asks_again = |session| room.call(session).is_some();
        for event in events {
            match event {
                Event::Call { session, call, what } => {
                    self.reach(door(call, *what, asks_again(*session), closes(events)));
                }
                Event::SessionStarted { session, user, .. } if room.call(*session).is_some() => {
                    let is_in = room.member(*user).is_some();
                    self.reach(if is_in { "in by a second call" } else { "in by a call" });
                }
                Event::SessionEnded { session, reason, .. } if room.call(*session).is_some() => {
                    self.reach(&format!("{reason} from a call"));
                }
                Event::MarksForgotten { .. } => self.reach("a guest forgotten"),
                _ => {}
            }
        }
    }

    fn reach(&mut self, what: &str) {
        self.reached.insert(what.to_owned());
    }
}

/// What somebody came to at the door.
fn door(call: &Call, what: CallChange, asks_again: bool, closes: bool) -> &'static str {
    match what {
        CallChange::Waits => "waits",
        CallChange::StillWaits { .. } => "waits and asks again",
        CallChange::Admitted { by: None } if asks_again => "asks again and is let in",
        CallChange::Admitted { by: None } => "let in at once",
        CallChange::Admitted { by: Some(_) } => "let in by an admin",
        CallChange::Rejected { .. } if closes => "closed over who waits",
        CallChange::Rejected { .. } if call.guest => "a guest turned away",
        CallChange::Rejected { .. } => "turned away",
        CallChange::Ended { waited: true } => "waits no more",
        CallChange::Ended { waited: false } => "let in and gone",
        CallChange::Rings | CallChange::Answered | CallChange::Unanswered { .. } => "rings",
    }
}

/// Everything that is to come up.
pub fn wanted() -> impl Iterator<Item = String> {
    let ends = ["banned", "kicked", "left", "media_failed", "moved", "replaced", "timeout"];
    let ends = ends.into_iter().chain(["closed"]).map(|word| format!("{word} while speaking"));
    let with = ["banned", "kicked", "left", "moved", "closed"];
    let floor = with.into_iter().chain(["timeout", "media_failed"]);
    let floor = floor.map(|word| format!("{word} with the floor"));
    let late = ["left", "timeout"].map(|word| format!("{word} after the floor"));
    let role = with.map(|word| format!("{word} with the role"));
    let keeps = ["timeout", "media_failed"].map(|word| format!("{word} and keeps the role"));
    let calls = [
        "banned",
        "channel_deleted",
        "kicked",
        "left",
        "media_failed",
        "moved",
        "replaced",
        "timeout",
    ];
    let calls = calls.map(|word| format!("{word} from a call"));
    let words = ends.chain(floor).chain(late).chain(role).chain(keeps).chain(calls);
    words.chain(AT_THE_DOOR.map(str::to_owned)).chain(OTHERS.map(str::to_owned))
}

const AT_THE_DOOR: [&str; 19] = [
    "a guest forgotten",
    "a guest turned away",
    "a name taken",
    "another door is no way around",
    "asks again and is let in",
    "closed over who waits",
    "decided already",
    "in by a call",
    "in by a second call",
    "let in and gone",
    "let in at once",
    "let in by an admin",
    "nobody waits by that name",
    "not let in yet",
    "turned away",
    "turned away too lately",
    "waits",
    "waits and asks again",
    "waits no more",
];

const OTHERS: [&str; 31] = [
    "a floor refused",
    "a password refused",
    "a request withdrawn",
    "a speaker again",
    "accepted",
    "an answer without an invite",
    "an expired floor taken",
    "an invite declined",
    "an invite expired",
    "an invite revoked",
    "arrives as one too many",
    "arrives beside",
    "arrives in the place of another",
    "asked and accepted",
    "asked at once",
    "closed over several",
    "detached and replaced",
    "heard while linked",
    "heard without a link",
    "invited again",
    "invited and left",
    "made a speaker by themselves",
    "once refused",
    "other settings, other rights",
    "revoked",
    "revoked while away",
    "several arrive",
    "stepped down",
    "the floor expired",
    "the floor kept",
    "the oldest replaced",
];

/// Why somebody is out by these events.
fn why_left(events: &[Event], user: UserId) -> Option<&'static str> {
    events.iter().find_map(|event| match event {
        Event::MemberLeft { user: who, reason } if *who == user => Some(reason.as_str()),
        _ => None,
    })
}

/// Whether somebody else asked in the microsecond before.
fn asked_at_once(room: &Room, event: &Event) -> bool {
    let Event::SpeakRequested { at, .. } = event else { return false };
    let mut before = room.view().members.into_iter().filter_map(|member| member.requested_at);
    before.any(|before| before.plus(std::time::Duration::from_micros(1)) == *at)
}

fn ended(event: &Event) -> Option<EndReason> {
    match event {
        Event::SessionEnded { reason, .. } => Some(*reason),
        _ => None,
    }
}

fn closes(events: &[Event]) -> bool {
    matches!(events.last(), Some(Event::Closed { .. }))
}
