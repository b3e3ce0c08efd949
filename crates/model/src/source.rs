//! What a track carries and which door a session came through.

use std::fmt;

/// Audio or video.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures, camera or screen.
    Video,
}

/// Where a published track comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TrackSource {
    /// A person's voice.
    Microphone,
    /// A person's face.
    Camera,
    /// A shared screen.
    Screen,
}

impl TrackSource {
    /// The kind of media it is.
    pub fn kind(self) -> MediaKind {
        match self {
            Self::Microphone => MediaKind::Audio,
            Self::Camera | Self::Screen => MediaKind::Video,
        }
    }
}

impl fmt::Display for TrackSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Microphone => "microphone",
            Self::Camera => "camera",
            Self::Screen => "screen",
        })
    }
}

/// The door a session came through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Via {
    /// Seed 000.
    Vox,
    /// Seed 001.
    SttRoom,
    /// Seed 002.
    VoiceService,
    /// Seed 003.
    Aura,
    /// Seed 004.
    OriginChats,
    /// A phone.
    Sip,
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Vox => "vox",
            Self::SttRoom => "stt_room",
            Self::VoiceService => "voice_service",
            Self::Aura => "aura",
            Self::OriginChats => "originchats",
            Self::Sip => "sip",
        })
    }
}
