//! What the methods take.

use app::{Credentials, DESTINATION_LEN_MAX, DESTINATIONS_MAX, SourceLabel};
use model::Redacted;
use serde::Deserialize;

use super::refusal::{CANNOT_AUTHENTICATE, RpcError};
use crate::kit::SourceBody;

/// The longest call id, in characters.
const CALL_ID_LEN_MAX: usize = 128;
/// The longest name that others are to read, in characters.
const NAME_LEN_MAX: usize = 64;
/// The longest reaction, in characters: an emoji's name, or one with all its modifiers.
const REACTION_LEN_MAX: usize = 64;
/// Pictures that one subscription may be about: more than any client shows at once.
const SUBSCRIBED_MAX: usize = 64;

/// Who somebody says they are. Absent and null are the same.
#[derive(Deserialize)]
pub(super) struct CredentialsBody {
    username: Option<String>,
    password: Option<String>,
    device: Option<String>,
    device_token: Option<String>,
    /// Ours: an access token.
    token: Option<String>,
}

impl CredentialsBody {
    /// Half of a pair is not nothing: whoever meant to log in is never taken for a guest.
    pub(super) fn read(self) -> Result<Credentials, RpcError> {
        let Self { username, password, device, device_token, token } = self;
        let halves = || RpcError::new(401, CANNOT_AUTHENTICATE);
        match (username, password, device, device_token, token) {
            (None, None, None, None, None) => Ok(Credentials::Nothing),
            (_, _, _, _, Some(token)) => Ok(Credentials::Token(Redacted::new(token))),
            (Some(word), Some(password), ..) => {
                Ok(Credentials::Password(word, Redacted::new(password)))
            }
            (None, None, Some(device), Some(token), None) => {
                Ok(Credentials::Device(device, Redacted::new(token)))
            }
            _ => Err(halves()),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Authenticate {
    pub room: String,
    pub call_id: String,
    pub display_name: Option<String>,
    pub room_password: Option<String>,
    #[serde(flatten)]
    pub credentials: CredentialsBody,
}

impl Authenticate {
    /// Checks what is bounded.
    pub(super) fn check(&self) -> Result<(), RpcError> {
        check_text(&self.call_id, CALL_ID_LEN_MAX)?;
        self.display_name.as_deref().map_or(Ok(()), |name| check_text(name, NAME_LEN_MAX))
    }
}

/// An auth token alone.
#[derive(Deserialize)]
pub(super) struct Shown {
    pub auth_token: String,
}

#[derive(Deserialize)]
pub(super) struct JoinRoom {
    pub sdp: String,
    pub auth_token: String,
    #[serde(default)]
    pub audio_muted: bool,
    #[serde(default)]
    pub video_muted: bool,
    /// Ours: what each sending section carries. Without it the first video section is the camera, the
    /// second the screen.
    #[serde(default)]
    sources: Vec<SourceBody>,
}

#[derive(Deserialize)]
pub(super) struct SubscribeRoom {
    pub sdp: String,
    pub members: Vec<SubscribedBody>,
    pub auth_token: String,
    #[serde(default)]
    sources: Vec<SourceBody>,
}

#[derive(Deserialize)]
pub(super) struct SubscribedBody {
    /// A member's id; with `:screen` behind it their screen.
    pub id: String,
    /// The section that it is to be in.
    pub video_mid: String,
    /// Pixels; absent: as large as there is.
    pub width: Option<u32>,
    pub height: Option<u32>,
}

/// A room for one call, and who is called.
#[derive(Deserialize)]
pub(super) struct CreateTempRoom {
    pub call_id: String,
    pub sdp: String,
    pub invited: Vec<String>,
    #[serde(default)]
    pub audio_muted: bool,
    #[serde(default)]
    pub video_muted: bool,
    /// Ours, as in `join_room`.
    #[serde(default)]
    sources: Vec<SourceBody>,
    #[serde(flatten)]
    pub credentials: CredentialsBody,
}

/// Whom an admin wants in the room.
#[derive(Deserialize)]
pub(super) struct InviteExten {
    pub extens: Vec<String>,
}

/// A telephone call that is to be a room, and who else is called.
#[derive(Deserialize)]
pub(super) struct ConvertToRoom {
    pub call_id: String,
    pub invited: Vec<String>,
}

impl CreateTempRoom {
    pub(super) fn sources(&mut self) -> Vec<SourceLabel> {
        labels(&mut self.sources)
    }

    pub(super) fn check(&self) -> Result<(), RpcError> {
        check_text(&self.call_id, CALL_ID_LEN_MAX)?;
        check_destinations(&self.invited)
    }
}

impl ConvertToRoom {
    pub(super) fn check(&self) -> Result<(), RpcError> {
        check_text(&self.call_id, CALL_ID_LEN_MAX)?;
        check_destinations(&self.invited)
    }
}

pub(super) fn check_destinations(destinations: &[String]) -> Result<(), RpcError> {
    if destinations.len() > DESTINATIONS_MAX {
        return Err(RpcError::invalid_request());
    }
    destinations.iter().try_for_each(|one| check_text(one, DESTINATION_LEN_MAX))
}

impl JoinRoom {
    pub(super) fn sources(&mut self) -> Vec<SourceLabel> {
        labels(&mut self.sources)
    }
}

impl SubscribeRoom {
    pub(super) fn sources(&mut self) -> Vec<SourceLabel> {
        labels(&mut self.sources)
    }

    pub(super) fn check(&self) -> Result<(), RpcError> {
        let fits = self.members.len() <= SUBSCRIBED_MAX;
        if fits { Ok(()) } else { Err(RpcError::invalid_request()) }
    }
}

fn labels(sources: &mut Vec<SourceBody>) -> Vec<SourceLabel> {
    std::mem::take(sources).into_iter().map(Into::into).collect()
}

/// Somebody, by the id that others see.
#[derive(Deserialize)]
pub(super) struct Member {
    pub member: String,
}

/// Somebody who waits, and the admin's token.
#[derive(Deserialize)]
pub(super) struct Decide {
    pub member: String,
    pub auth_token: String,
}

#[derive(Deserialize)]
pub(super) struct SendReaction {
    pub reaction: String,
}

impl SendReaction {
    pub(super) fn check(&self) -> Result<(), RpcError> {
        check_text(&self.reaction, REACTION_LEN_MAX)
    }
}

fn check_text(text: &str, len_max: usize) -> Result<(), RpcError> {
    let fits = (1..=len_max).contains(&text.chars().count());
    let shown = fits && !text.chars().any(char::is_control);
    if shown { Ok(()) } else { Err(RpcError::invalid_request()) }
}
