//! What a client may send on the event socket: which video it wants, and how large.

use app::{Refusal, ViewRequest};
use model::{TrackSource, UserId};
use serde::Deserialize;

use super::signal::SourceName;
use crate::kit::{AnyId, Fault, IdText};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum FromClient {
    View { slots: Vec<Wanted> },
}

/// What a receiving section is to carry; without a user the server chooses.
#[derive(Deserialize)]
pub(super) struct Wanted {
    mid: String,
    user_id: Option<IdText>,
    source: Option<SourceName>,
    #[serde(default)]
    width: u16,
    #[serde(default)]
    height: u16,
}

/// Sections that one message may be about: more than any client shows at once.
const WANTED_MAX: usize = 64;

impl FromClient {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| Fault::Malformed(error.to_string()))
    }
}

impl Wanted {
    /// Ids of platforms are looked up among the members, which the caller knows.
    pub(super) fn into_request(
        self,
        external: impl Fn(&model::ExternalId) -> Option<UserId>,
    ) -> Result<ViewRequest, Fault> {
        let user = match self.user_id.map(|id| id.parse()).transpose()? {
            None => None,
            Some(AnyId::Own(id)) => Some(UserId(id)),
            Some(AnyId::Foreign(id)) => Some(external(&id).ok_or(Fault::NoSuch("user"))?),
        };
        Ok(ViewRequest {
            mid: self.mid,
            user,
            source: self.source.map(TrackSource::from),
            width: self.width,
            height: self.height,
        })
    }
}

pub(super) fn check_count(wanted: &[Wanted]) -> Result<(), Fault> {
    if wanted.len() > WANTED_MAX {
        let what = format!("view has at most {WANTED_MAX} slots");
        return Err(Fault::Refused(Refusal::Invalid(what)));
    }
    Ok(())
}
