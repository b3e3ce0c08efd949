//! The four kinds of room as data: which rules are on.

use std::fmt;
use std::str::FromStr;

/// What kind of room it is. The text forms are wire format and stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProfileKind {
    /// Everyone with SPEAK may speak.
    Voice,
    /// Speakers speak, the others listen.
    Stage,
    /// One speaks at a time, with a lock.
    Talk,
    /// A meeting with admission and admins.
    Conference,
}

/// The rules of a kind of room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Whether an account can be in only one such room at a time.
    pub exclusive: bool,
    /// Whether coming in needs CONNECT.
    pub needs_connect: bool,
    /// Members at once, unless the room says otherwise.
    pub member_limit: u32,
    /// Who is heard.
    pub speak: SpeakRule,
    /// Whether who is not expected waits until an admin lets them in.
    pub has_waiting_room: bool,
    /// Whether new rooms transcribe what is heard, unless asked otherwise.
    pub captions: bool,
}

/// Who is heard in a room, before mutes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpeakRule {
    /// Whoever has the SPEAK permission.
    Permission,
    /// Whoever was made a speaker of the stage.
    Speakers,
    /// Whoever holds the speaker lock.
    FloorHolder,
    /// Everyone.
    Everyone,
}

/// Voice rooms are for conversation: past this many nobody follows it, and stages exist.
const VOICE_MEMBER_LIMIT: u32 = 99;
/// A talk room is a pair (seed 001).
const TALK_MEMBER_LIMIT: u32 = 2;
/// Stages and conferences have one speaker or subscribed video: the bound is what one node carries.
const LARGE_MEMBER_LIMIT: u32 = 1000;

impl Profile {
    /// Whether members are speakers or listeners.
    pub fn has_stage(self) -> bool {
        self.speak == SpeakRule::Speakers
    }
}

impl ProfileKind {
    /// All kinds, in the order lists show them.
    pub const ALL: [Self; 4] = [Self::Voice, Self::Stage, Self::Talk, Self::Conference];

    /// The rules of this kind.
    pub fn profile(self) -> Profile {
        match self {
            Self::Voice => Profile {
                exclusive: true,
                needs_connect: true,
                member_limit: VOICE_MEMBER_LIMIT,
                speak: SpeakRule::Permission,
                has_waiting_room: false,
                captions: false,
            },
            Self::Stage => Profile {
                exclusive: true,
                needs_connect: true,
                member_limit: LARGE_MEMBER_LIMIT,
                speak: SpeakRule::Speakers,
                has_waiting_room: false,
                captions: false,
            },
            Self::Talk => Profile {
                exclusive: false,
                needs_connect: false,
                member_limit: TALK_MEMBER_LIMIT,
                speak: SpeakRule::FloorHolder,
                has_waiting_room: false,
                captions: true,
            },
            Self::Conference => Profile {
                exclusive: false,
                needs_connect: false,
                member_limit: LARGE_MEMBER_LIMIT,
                speak: SpeakRule::Everyone,
                has_waiting_room: true,
                captions: false,
            },
        }
    }

    /// The text form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Voice => "voice",
            Self::Stage => "stage",
            Self::Talk => "talk",
            Self::Conference => "conference",
        }
    }
}

impl fmt::Display for ProfileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No kind of room has this name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind of room")]
pub struct UnknownProfile;

impl FromStr for ProfileKind {
    type Err = UnknownProfile;

    fn from_str(text: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownProfile)
    }
}
