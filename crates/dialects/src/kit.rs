//! What all dialects share: who asks, reading bodies, ids in JSON, times, and the one list of things
//! that can go wrong, which every dialect renders in its own shape.

mod asyncapi;
mod body;
mod caller;
mod candidate;
mod fault;
mod follow;
mod ice;
mod id;
mod line;
mod link;
mod meter;
mod origin;
mod param;
mod public_url;
mod socket;
mod time;
mod track;
mod unclaimed;

pub(crate) use asyncapi::merged;
pub(crate) use body::{Body, SDP_BODY_MAX, typed};
pub(crate) use caller::{Caller, token_of};
pub(crate) use candidate::{CandidateBody, candidate};
pub(crate) use fault::{Dialect, Fault, Refused};
pub(crate) use follow::{Follow, Moved, Told, own_end};
pub(crate) use ice::IceServerBody;
pub(crate) use id::{AnyId, IdText};
pub(crate) use line::{Line, Next, send_json};
pub(crate) use link::{Input, LinkSocket};
pub(crate) use meter::Meter;
pub(crate) use origin::ClientOrigin;
pub(crate) use param::{PathText, QueryOf};
pub(crate) use public_url::PublicUrl;
pub(crate) use socket::{
    Closed, PING_EVERY, SERVICE_RESTART, SILENT_MAX, TRY_AGAIN_LATER, say_goodbye, send_within,
};
pub(crate) use time::{rfc3339, rfc3339_exact};
pub(crate) use track::{SlotBody, SourceBody, Wanted, view_requests};
pub use unclaimed::unclaimed;
