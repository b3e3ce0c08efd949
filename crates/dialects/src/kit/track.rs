//! Tracks on the wire: what a sending section carries, what a receiving one carries and is to carry.

use app::{Carried, Refusal, Slot, SourceLabel, ViewRequest};
use model::{MediaKind, TrackSource, UserId};
use room::{MemberView, RoomView};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::fault::Fault;
use super::id::{AnyId, IdText};

/// Sections that one message may be about: more than any client shows at once.
pub(crate) const WANTED_MAX: usize = 64;

/// What a sending section carries.
#[derive(Deserialize, ToSchema)]
pub(crate) struct SourceBody {
    /// The section's `a=mid`.
    mid: String,
    source: SourceName,
}

impl From<SourceBody> for SourceLabel {
    fn from(body: SourceBody) -> Self {
        Self { mid: body.mid, source: body.source.into() }
    }
}

#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum SourceName {
    Microphone,
    Camera,
    Screen,
}

impl From<SourceName> for TrackSource {
    fn from(name: SourceName) -> Self {
        match name {
            SourceName::Microphone => Self::Microphone,
            SourceName::Camera => Self::Camera,
            SourceName::Screen => Self::Screen,
        }
    }
}

/// What a receiving section carries. Who it is of is null while it carries nothing.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SlotBody {
    mid: String,
    kind: &'static str,
    user_id: Option<String>,
    session_id: Option<String>,
    source: Option<String>,
}

impl SlotBody {
    /// With a person's and a session's id as the dialect has them.
    pub(crate) fn new(slot: &Slot, ids: impl FnOnce(&Carried) -> (String, String)) -> Self {
        let (user_id, session_id) = slot.carries.as_ref().map(ids).unzip();
        Self {
            mid: slot.mid.clone(),
            kind: match slot.kind {
                MediaKind::Audio => "audio",
                MediaKind::Video => "video",
            },
            user_id,
            session_id,
            source: slot.carries.as_ref().map(|carried| carried.source.to_string()),
        }
    }
}

/// What a receiving section is to carry; without a user the server chooses.
#[derive(Deserialize)]
pub(crate) struct Wanted {
    mid: String,
    user_id: Option<IdText>,
    source: Option<SourceName>,
    #[serde(default)]
    width: u16,
    #[serde(default)]
    height: u16,
}

/// What the client of somebody in this room would like to see.
pub(crate) fn view_requests(
    wanted: Vec<Wanted>,
    room: &RoomView,
) -> Result<Vec<ViewRequest>, Fault> {
    if wanted.len() > WANTED_MAX {
        let what = format!("view has at most {WANTED_MAX} slots");
        return Err(Fault::Refused(Refusal::Invalid(what)));
    }
    wanted.into_iter().map(|wanted| wanted.into_request(room)).collect()
}

impl Wanted {
    /// Ids of platforms are looked up among the members.
    fn into_request(self, room: &RoomView) -> Result<ViewRequest, Fault> {
        let user = match self.user_id.map(|id| id.parse()).transpose()? {
            None => None,
            Some(AnyId::Own(id)) => Some(UserId(id)),
            Some(AnyId::Foreign(id)) => {
                let named = |member: &&MemberView| member.person.external_id.as_ref() == Some(&id);
                let member = room.members.iter().find(named).ok_or(Fault::NoSuch("user"))?;
                Some(member.person.id)
            }
        };
        let source = self.source.map(TrackSource::from);
        let Self { mid, width, height, .. } = self;
        Ok(ViewRequest { mid, user, session: None, source, width, height })
    }
}
