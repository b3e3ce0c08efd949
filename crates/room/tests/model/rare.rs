//! What random steps come by seldom, kept in mind so that a test can ask for all of it.

use std::collections::BTreeSet;

use room::{EndReason, Event, FloorEnd, Refusal, Room};

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
            let leaves = events.iter().find_map(|event| match event {
                Event::MemberLeft { user: who, reason } if who == user => Some(reason.as_str()),
                _ => None,
            });
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

    fn reach(&mut self, what: &str) {
        self.reached.insert(what.to_owned());
    }
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
