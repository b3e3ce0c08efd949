//! One receiving section of a session: whatever source is bound to it goes there.

use model::{MediaKind, SessionId, TrackSource, UserId};
use str0m::media::Mid;

use crate::choice::Choice;
use crate::leg::Leg;
use crate::picture::Size;
use crate::source::SourceRef;

/// What the client wants to see in a video slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Want {
    /// The server chooses.
    #[default]
    Auto,
    /// This user's picture, of this session if one is named, and nothing while there is none.
    Of(UserId, Option<SessionId>, Option<TrackSource>),
    /// Nothing: it is not on the screen.
    Hidden,
}

impl Want {
    /// What is left of it in another room: the people of this one are not there.
    pub fn elsewhere(self) -> Self {
        match self {
            Self::Auto | Self::Of(..) => Self::Auto,
            Self::Hidden => Self::Hidden,
        }
    }
}

/// A receiving section. It stays at its index for as long as the connection lives.
pub(crate) struct Slot {
    pub name: String,
    pub mid: Mid,
    pub kind: MediaKind,
    /// The last offer says it receives.
    pub open: bool,
    /// Its section is gone for good and nothing refers to it.
    pub retired: bool,
    pub want: Want,
    /// How large it is shown. `None`: not said.
    pub shown: Option<Size>,
    pub bound: Option<SourceRef>,
    pub leg: Leg,
    /// Which layer goes there. `None`: it is for sound, which has none.
    pub choice: Option<Box<Choice>>,
    /// The offer lists audio with redundancy (RED) for it.
    pub redundant: bool,
}

impl Slot {
    pub fn new(name: String, kind: MediaKind) -> Self {
        Self {
            mid: Mid::from(name.as_str()),
            name,
            kind,
            open: false,
            retired: false,
            want: Want::Auto,
            shown: None,
            bound: None,
            leg: Leg::default(),
            choice: (kind == MediaKind::Video).then(Box::default),
            redundant: false,
        }
    }

    /// The next packet begins a new run: another source, or the same one after a pause.
    pub fn rebase(&mut self) {
        self.leg.rebase();
        if let Some(choice) = &mut self.choice {
            choice.rebase();
        }
    }

    /// Packets were left out: the next one begins a new run, a picture with a keyframe.
    pub fn interrupt(&mut self) {
        self.leg.interrupt();
        if let Some(choice) = &mut self.choice {
            choice.interrupt();
        }
    }
}
