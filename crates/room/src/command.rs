//! What a room can be asked to do. Imperative; one variant per intention.

use std::time::Instant;

use model::{Permissions, RoleId, RoomId, SessionId, TrackSource, UserId, Via};

use crate::call::RingEnd;
use crate::change::SettingsChange;
use crate::end::EndReason;
use crate::invitation::Invite;
use crate::moves::Arrival;
use crate::presence::Link;
use crate::waiting::Knock;

/// A request to a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// The caller comes in, or opens one more session of theirs.
    Join(Join),
    /// The caller closes one session of theirs.
    Leave {
        /// Which.
        session: SessionId,
    },
    /// The caller closes all their sessions.
    LeaveAll,
    /// The caller changes their own mute or deafen on one session, or says what its client sends.
    SetSelf {
        /// Which.
        session: SessionId,
        /// `None`: as it is.
        mute: Option<bool>,
        /// `None`: as it is.
        deaf: Option<bool>,
        /// Whether it says that it sends a camera. `None`: as it is.
        camera: Option<bool>,
        /// Whether it says that it sends a screen. `None`: as it is.
        screen: Option<bool>,
        /// Whether its camera is not to be seen. `None`: as it is.
        video_mute: Option<bool>,
    },
    /// A moderator mutes or unmutes a member. Needs MUTE_MEMBERS.
    ServerMute {
        /// Whom.
        user: UserId,
        /// The new state.
        muted: bool,
    },
    /// A moderator deafens or undeafens a member. Needs DEAFEN_MEMBERS.
    ServerDeafen {
        /// Whom.
        user: UserId,
        /// The new state.
        deafened: bool,
    },
    /// A moderator stops a member's camera, or allows it again. Needs MUTE_MEMBERS.
    ServerVideoMute {
        /// Whom.
        user: UserId,
        /// The new state.
        muted: bool,
    },
    /// The caller raises or lowers the hand of a session of theirs.
    SetHand {
        /// Which.
        session: SessionId,
        /// The new state.
        raised: bool,
    },
    /// The caller shows a reaction.
    React {
        /// By which session.
        session: SessionId,
        /// What clients show for it; who calls has bounded it.
        reaction: String,
    },
    /// The caller wants to come in, and may have to wait.
    Knock(Knock),
    /// Who waits asks again for somebody to let them in.
    Nudge {
        /// Their call.
        session: SessionId,
    },
    /// An admin lets somebody in who waits. Needs MUTE_MEMBERS.
    AllowCall {
        /// What the call's client calls it.
        call: String,
    },
    /// An admin turns somebody away who waits. Needs MUTE_MEMBERS.
    RejectCall {
        /// What the call's client calls it.
        call: String,
    },
    /// An admin has people called in. Who is in already, or is called, is passed over. Needs MUTE_MEMBERS.
    Invite {
        /// Whom.
        invites: Vec<Invite>,
        /// The call of the admin's that is told when somebody does not come.
        by_call: Option<SessionId>,
    },
    /// A client shows an invitation's token: the call is its own, if it still rings.
    Answer {
        /// Which.
        session: SessionId,
    },
    /// Nobody will answer an invitation.
    StopRinging {
        /// Which.
        session: SessionId,
        /// Why.
        why: RingEnd,
    },
    /// A moderator puts a member out. Needs MOVE_MEMBERS or MUTE_MEMBERS.
    Kick {
        /// Whom.
        user: UserId,
    },
    /// The caller wants to be the one who is heard. Whose floor it is already keeps it.
    TakeFloor,
    /// The caller goes on holding the floor.
    KeepFloor,
    /// The caller gives the floor back.
    ReleaseFloor,
    /// The caller, who listens on a stage, wants to speak. Again, or as a speaker: nothing.
    RequestToSpeak,
    /// The caller takes that back; a speaker steps down.
    WithdrawRequest,
    /// A moderator asks a listener to speak; themselves they make a speaker at once. Needs
    /// STAGE_MODERATOR.
    InviteToSpeak {
        /// Whom.
        user: UserId,
    },
    /// The caller answers an invite.
    RespondInvite {
        /// Yes or no.
        accepted: bool,
    },
    /// A moderator makes a speaker a listener, or takes an invite back. Needs STAGE_MODERATOR. Also of
    /// somebody who is away and would speak on coming back.
    RevokeSpeaker {
        /// Whom.
        user: UserId,
    },
    /// What a stage is about. Needs STAGE_MODERATOR.
    SetTopic {
        /// The new one; empty for none.
        topic: String,
    },
    /// Other settings. Needs MANAGE_SPACES, or to have made the room.
    ChangeSettings(SettingsChange),
    /// A moderator moves a member to another room: they leave this one. Needs MOVE_MEMBERS.
    MoveOut {
        /// Whom.
        user: UserId,
        /// Where to. This room: nothing.
        to: RoomId,
    },
    /// A moderator moves a person here. Needs MOVE_MEMBERS.
    MoveIn(Arrival),
    /// Live captions on or off. Needs MANAGE_SPACES, or to have made the room.
    SwitchCaptions {
        /// The new state.
        on: bool,
    },
    /// A call's client is gone: it waits no more, may not come in any more, and leaves if it is in.
    HangUp {
        /// Which.
        session: SessionId,
    },
    /// The server ends one session.
    EndSession {
        /// Which.
        session: SessionId,
        /// What is told.
        reason: EndReason,
    },
    /// The server ends all sessions of a person.
    EndMember {
        /// Whose.
        user: UserId,
        /// What is told.
        reason: EndReason,
    },
    /// Everyone out, for good.
    Close {
        /// What is told.
        reason: EndReason,
    },
    /// A socket or the media of a session came up.
    LinkUp {
        /// Which session.
        session: SessionId,
        /// Which link.
        link: Link,
    },
    /// A socket or the media of a session is gone.
    LinkDown {
        /// Which session.
        session: SessionId,
        /// Which link.
        link: Link,
        /// When it was last heard of.
        last_seen: Instant,
    },
    /// A person asked something of the server: their session that lives by requests is alive. Nothing
    /// when they have none here.
    RequestHeard {
        /// Who.
        user: UserId,
    },
    /// The media plane hears a session speak, or stop.
    Speaking {
        /// Which session.
        session: SessionId,
        /// Whether it speaks now.
        speaking: bool,
    },
    /// A track of a session began or ceased to flow.
    Source {
        /// Which session.
        session: SessionId,
        /// What it carries.
        source: TrackSource,
        /// Whether it flows now.
        flowing: bool,
    },
    /// A member's roles or account permissions changed.
    Reauthorize {
        /// Whose.
        user: UserId,
        /// The new roles.
        roles: Vec<RoleId>,
        /// The new permissions before this room's overrides.
        base: Permissions,
    },
}

impl Command {
    /// Whether only the server itself may ask for it.
    pub(crate) fn is_for_the_server(&self) -> bool {
        match self {
            Self::Join(_)
            | Self::Leave { .. }
            | Self::LeaveAll
            | Self::SetSelf { .. }
            | Self::ServerMute { .. }
            | Self::ServerDeafen { .. }
            | Self::ServerVideoMute { .. }
            | Self::SetHand { .. }
            | Self::React { .. }
            | Self::Knock(_)
            | Self::Nudge { .. }
            | Self::AllowCall { .. }
            | Self::RejectCall { .. }
            | Self::Invite { .. }
            | Self::Kick { .. }
            | Self::TakeFloor
            | Self::KeepFloor
            | Self::ReleaseFloor
            | Self::RequestToSpeak
            | Self::WithdrawRequest
            | Self::InviteToSpeak { .. }
            | Self::RespondInvite { .. }
            | Self::RevokeSpeaker { .. }
            | Self::SetTopic { .. }
            | Self::ChangeSettings(_)
            | Self::MoveOut { .. }
            | Self::MoveIn(_)
            | Self::SwitchCaptions { .. } => false,
            Self::HangUp { .. }
            | Self::Answer { .. }
            | Self::StopRinging { .. }
            | Self::EndSession { .. }
            | Self::EndMember { .. }
            | Self::Close { .. }
            | Self::LinkUp { .. }
            | Self::LinkDown { .. }
            | Self::RequestHeard { .. }
            | Self::Speaking { .. }
            | Self::Source { .. }
            | Self::Reauthorize { .. } => true,
        }
    }
}

/// How a caller comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The id of the new session.
    pub session: SessionId,
    /// The door.
    pub via: Via,
    /// Names the device or tab: a join through the same door with the same value takes the place of
    /// the earlier session, another value makes one more session of the same member.
    pub client: Option<String>,
    /// Start muted.
    pub mute: bool,
    /// Start deafened.
    pub deaf: bool,
    /// Start without a camera.
    pub video_mute: bool,
    /// A second connection of this session of the caller's, to receive by. It ends with it.
    pub beside: Option<SessionId>,
    /// The room's password was shown and is right. Who is a member already needs none.
    pub unlocked: bool,
    /// Refuse when a living client has the caller in already, through whatever door. A session that is
    /// detached does not count, and is replaced as ever; nor does one that lives by requests.
    pub only_once: bool,
}
