//! The frames, both ways. Reading is strict in size before and after a frame is known; keys that are not
//! known are passed over.

use app::Slot;
use model::UserId;
use serde::{Deserialize, Serialize};

use crate::kit::{
    CandidateBody, Fault, IceServerBody, SDP_BODY_MAX, SlotBody, SourceBody, Wanted, candidate,
};
use crate::vox::refusal::status_and_detail;

/// The largest frame taken, in bytes: one with an SDP. More ends the socket.
pub(super) const FRAME_MAX: usize = SDP_BODY_MAX;
/// The largest frame without an SDP, in bytes: a token, or a `view` of every section, fits twice.
const SMALL_FRAME_MAX: usize = 16 * 1024;

/// What a client may send.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum FromClient {
    Auth {
        media_token: String,
        #[serde(default)]
        events: bool,
    },
    Offer {
        sdp: String,
        /// What each sending section carries. Without it the first video section is the camera, the
        /// second the screen.
        #[serde(default)]
        sources: Vec<SourceBody>,
    },
    Answer {
        sdp: String,
    },
    Candidate {
        #[serde(deserialize_with = "candidate")]
        candidate: Option<CandidateBody>,
    },
    View {
        slots: Vec<Wanted>,
    },
}

impl FromClient {
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        let frame = serde_json::from_str(text);
        let frame: Self = frame.map_err(|error| Fault::Malformed(error.to_string()))?;
        let max = match frame {
            Self::Offer { .. } | Self::Answer { .. } => FRAME_MAX,
            Self::Auth { .. } | Self::Candidate { .. } | Self::View { .. } => SMALL_FRAME_MAX,
        };
        if text.len() > max { Err(Fault::TooLarge(max)) } else { Ok(frame) }
    }
}

/// What the server sends. Ids are decimal.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub(super) enum FromServer {
    Ready { ice_servers: Vec<IceServerBody>, session_id: String },
    Answer { sdp: String },
    Slots { slots: Vec<SlotBody> },
    Speaking { user_id: String, speaking: bool },
    Error { code: &'static str, message: String },
}

impl FromServer {
    /// Something that the client sent is not done.
    pub(super) fn error(fault: &Fault) -> Self {
        let (_, detail) = status_and_detail(fault);
        Self::Error { code: detail.code, message: detail.message }
    }

    /// What programs call a fault.
    pub(super) fn code(fault: &Fault) -> &'static str {
        let (_, detail) = status_and_detail(fault);
        detail.code
    }

    /// The peer connection is dead; the session is not.
    pub(super) fn media_failed() -> Self {
        let message = "the peer connection is dead: make a new one and send its offer".to_owned();
        Self::Error { code: "MEDIA_FAILED", message }
    }

    pub(super) fn slots(slots: &[Slot]) -> Self {
        let slot = |slot| {
            SlotBody::new(slot, |carried| {
                (carried.person.id.to_string(), carried.session.to_string())
            })
        };
        Self::Slots { slots: slots.iter().map(slot).collect() }
    }

    pub(super) fn speaking(user: UserId, speaking: bool) -> Self {
        Self::Speaking { user_id: user.to_string(), speaking }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A frame of this type whose text is padded to a length.
    fn sized(frame: &str, key: &str, length: usize) -> String {
        let text = |padding: usize| json!({ "type": frame, key: "x".repeat(padding) }).to_string();
        text(length - text(0).len())
    }

    #[test]
    fn a_frame_is_as_large_as_it_has_reason_to_be() {
        let small = [("auth", "media_token"), ("candidate", "candidate")];
        let large = [("offer", "sdp"), ("answer", "sdp")];
        for ((kind, key), max) in small
            .map(|frame| (frame, SMALL_FRAME_MAX))
            .into_iter()
            .chain(large.map(|frame| (frame, FRAME_MAX)))
        {
            assert!(FromClient::parse(&sized(kind, key, max)).is_ok(), "{kind}");
            let refused = FromClient::parse(&sized(kind, key, max + 1)).err();
            assert_eq!(refused, Some(Fault::TooLarge(max)), "{kind}");
        }
    }
}
