//! Every "no" a room can say. An expected answer, not an error; each dialect renders all of them.

use model::Permissions;

/// Why a command was refused. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such room, or the caller may not know of it.
    #[error("room not found")]
    RoomNotFound,
    /// The caller lacks this permission.
    #[error("missing permission")]
    Missing(Permissions),
    /// As many members as the room takes are in.
    #[error("room is full")]
    RoomFull {
        /// How many that is.
        limit: u32,
    },
    /// There is no such session in the room.
    #[error("unknown session")]
    UnknownSession,
    /// The session is somebody else's.
    #[error("the session belongs to somebody else")]
    NotYourSession,
    /// The person the command is about is not in the room.
    #[error("that person is not in the room")]
    TargetNotInRoom,
    /// The room has a password, and the caller did not show it.
    #[error("invalid password")]
    InvalidPassword,
    /// The caller is not expected, and has to wait until an admin lets them in.
    #[error("waiting to be let in")]
    MustWait,
    /// An admin has just turned the caller away.
    #[error("turned away just now")]
    TurnedAway,
    /// Another call of that name is in the room or waits.
    #[error("the call id is in use")]
    CallTaken,
    /// The call was not let in: unknown, over, or still waiting.
    #[error("the call was not let in")]
    CallNotAdmitted,
    /// Nobody waits under that name.
    #[error("nobody waits under that id")]
    NobodyWaiting,
    /// It was decided already.
    #[error("already decided")]
    AlreadyDecided,
    /// As many invitations as the room takes ring already.
    #[error("too many invitations ring")]
    TooManyRing {
        /// How many that is.
        limit: u32,
    },
    /// Somebody else holds the floor.
    #[error("somebody else is the speaker")]
    SpeakerTaken,
    /// The caller does not hold the floor, or the room has none.
    #[error("not the speaker")]
    NotSpeaker,
    /// The caller is not in the room, or never was where having been is enough.
    #[error("not a participant of the room")]
    NotAParticipant,
    /// The caller is in the room with a live client, and may be once.
    #[error("already in the room")]
    AlreadyIn,
    /// The caller is not in the room and cannot leave it or ask for the stage.
    #[error("not in the room")]
    NotInRoom,
    /// The room is no stage.
    #[error("the room is not a stage")]
    NoStage,
    /// Nobody invited the caller to speak, or too long ago.
    #[error("no pending invite")]
    NoPendingInvite,
}
