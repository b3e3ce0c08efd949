//! What a client may send on the event socket: which video it wants, and how large.

use serde::Deserialize;

use crate::kit::{Fault, Wanted};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum FromClient {
    View { slots: Vec<Wanted> },
}

impl FromClient {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        serde_json::from_str(text).map_err(|error| Fault::Malformed(error.to_string()))
    }
}
