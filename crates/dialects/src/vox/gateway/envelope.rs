//! Messages on the wire. Two envelopes are in use: `{"type", "seq", "d"}` of the public SDK and
//! `{"event", "seq", "data"}` of the seed. A client is answered in the one its first message uses; `hello`,
//! which comes before that, is both.

use std::fmt;

use app::VoiceUpdate;
use model::{Redacted, RoomId};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use crate::kit::{Fault, IdText};

/// How messages are wrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Envelope {
    /// `type`, `seq`, `d`.
    Typed,
    /// `event`, `seq`, `data`.
    Evented,
}

impl Envelope {
    /// A message around data that is JSON already. Without a number it is no event and not told again.
    pub(super) fn wrap(self, kind: &str, seq: Option<u64>, data: &str) -> String {
        let (kind_key, data_key) = match self {
            Self::Typed => ("type", "d"),
            Self::Evented => ("event", "data"),
        };
        // Kinds are words of ours, without anything that JSON escapes.
        match seq {
            Some(seq) => {
                format!("{{\"{kind_key}\":\"{kind}\",\"seq\":{seq},\"{data_key}\":{data}}}")
            }
            None => format!("{{\"{kind_key}\":\"{kind}\",\"{data_key}\":{data}}}"),
        }
    }
}

/// The first message of all, which any client can read.
pub(super) fn hello(heartbeat_interval_ms: u128) -> String {
    let data = json!({ "heartbeat_interval": heartbeat_interval_ms as u64 });
    json!({ "type": "hello", "event": "hello", "d": data, "data": data }).to_string()
}

/// The kinds of messages that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Still there.
    Heartbeat,
    /// Who they are.
    Identify,
    /// Back after a break.
    Resume,
    /// Own mute, deafen, camera and screen.
    VoiceStateUpdate,
    /// For the others in a room.
    VoiceCodecNeg,
    /// An answer to a stage invite.
    StageResponse,
    /// Belongs to a feature that is not here.
    Elsewhere,
}

impl Kind {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "heartbeat" => Self::Heartbeat,
            "identify" => Self::Identify,
            "resume" => Self::Resume,
            "voice_state_update" => Self::VoiceStateUpdate,
            "voice_codec_neg" => Self::VoiceCodecNeg,
            "stage_response" => Self::StageResponse,
            "typing" | "typing_start" | "presence_update" | "mls_relay" | "cpace_relay" => {
                Self::Elsewhere
            }
            _ => return None,
        })
    }
}

/// A message of a client's.
pub(super) struct Said {
    /// The envelope it came in.
    pub(super) envelope: Envelope,
    /// `None`: of a kind that nobody knows.
    pub(super) kind: Option<Kind>,
    data: Value,
}

impl fmt::Debug for Said {
    // The data may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Said").field("kind", &self.kind).finish_non_exhaustive()
    }
}

/// It is not JSON, or names no kind.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Undecodable;

impl Said {
    /// Reads a message. Keys that nobody asks for are not looked at.
    pub(super) fn parse(text: &str) -> Result<Self, Undecodable> {
        let Ok(Value::Object(mut object)) = serde_json::from_str(text) else {
            return Err(Undecodable);
        };
        let mut of = |envelope, kind_key: &str, data_key: &str| match object.get(kind_key) {
            Some(Value::String(name)) => {
                let kind = Kind::parse(name);
                let data = object.remove(data_key).unwrap_or_default();
                Some(Self { envelope, kind, data })
            }
            _ => None,
        };
        let said =
            of(Envelope::Typed, "type", "d").or_else(|| of(Envelope::Evented, "event", "data"));
        said.ok_or(Undecodable)
    }

    /// The data in its typed form; none stands for an object without keys.
    fn typed<T: DeserializeOwned>(self) -> Result<T, Fault> {
        let data = if self.data.is_null() { Value::Object(Map::new()) } else { self.data };
        // The text names keys and what is wrong with them, for the client alone.
        serde_json::from_value(data).map_err(|error| Fault::Malformed(error.to_string()))
    }

    /// As an [`Kind::Identify`]. Whatever is not there or no text is no token.
    pub(super) fn identify(mut self) -> Identify {
        let token = self.data.get_mut("token").map(Value::take);
        Identify {
            token: Redacted::new(text(token)),
            protocol_version: self.data.get_mut("protocol_version").map(Value::take),
        }
    }

    /// As a [`Kind::Resume`].
    pub(super) fn resume(self) -> Result<Resume, Fault> {
        let ResumeData { token, session_id, last_seq } = self.typed()?;
        let last_seq = match last_seq {
            None => 0,
            Some(IdText(text)) => text.parse().map_err(|_| malformed("last_seq is no number"))?,
        };
        let session_id = session_id.map(|IdText(id)| id).unwrap_or_default();
        Ok(Resume { token: Redacted::new(text(token)), session_id, last_seq })
    }

    /// As a [`Kind::VoiceStateUpdate`].
    pub(super) fn voice_update(self) -> Result<VoiceUpdate, Fault> {
        let VoiceStateData { self_mute, self_deaf, video, streaming } = self.typed()?;
        Ok(VoiceUpdate { mute: self_mute, deaf: self_deaf, camera: video, screen: streaming })
    }

    /// As a [`Kind::VoiceCodecNeg`].
    pub(super) fn codec_neg(self) -> Result<CodecNeg, Fault> {
        let data = self.typed::<Map<String, Value>>()?;
        let is_text = |key: &str| data.get(key).is_some_and(Value::is_string);
        for key in ["media_type", "codec"] {
            if !is_text(key) {
                return Err(malformed(&format!("{key} must be a string")));
            }
        }
        let room = data.get("room_id").cloned().unwrap_or_default();
        let room = serde_json::from_value(room).map_err(|_| malformed("room_id is missing"))?;
        Ok(CodecNeg { room: own_room(&room)?, data })
    }

    /// As a [`Kind::StageResponse`].
    pub(super) fn stage_response(self) -> Result<StageResponse, Fault> {
        let StageResponseData { room_id, response_type, accepted } = self.typed()?;
        // The other kind of answer is a moderator's to a raised hand, and does not say to whose.
        if response_type.as_deref() == Some("request_ack") {
            return Err(malformed(
                "a request is answered with an invite, by POST .../stage/invite",
            ));
        }
        Ok(StageResponse { room: own_room(&room_id)?, accepted })
    }
}

/// A text, or none for anything else.
fn text(value: Option<Value>) -> String {
    match value {
        Some(Value::String(text)) => text,
        _ => String::new(),
    }
}

fn own_room(id: &IdText) -> Result<RoomId, Fault> {
    Ok(RoomId(id.parse()?.own("room")?))
}

fn malformed(what: &str) -> Fault {
    Fault::Malformed(what.to_owned())
}

/// Says who the client is.
#[derive(Debug)]
pub(super) struct Identify {
    /// Empty: none.
    pub(super) token: Redacted<String>,
    protocol_version: Option<Value>,
}

impl Identify {
    /// The version that the client wants, if it says so, as text.
    pub(super) fn protocol_version(&self) -> Option<String> {
        match self.protocol_version.as_ref()? {
            Value::Null => None,
            Value::String(version) => Some(version.clone()),
            other => Some(other.to_string()),
        }
    }
}

/// Says who the client is and where it was.
#[derive(Debug)]
pub(super) struct Resume {
    /// Empty: none.
    pub(super) token: Redacted<String>,
    /// Empty: none.
    pub(super) session_id: String,
    /// The number of the last event that the client has.
    pub(super) last_seq: u64,
}

#[derive(Deserialize)]
struct ResumeData {
    token: Option<Value>,
    session_id: Option<IdText>,
    last_seq: Option<IdText>,
}

#[derive(Deserialize)]
struct VoiceStateData {
    self_mute: Option<bool>,
    self_deaf: Option<bool>,
    video: Option<bool>,
    streaming: Option<bool>,
}

/// Something for the clients of the others in a room, which is theirs to understand.
#[derive(Debug)]
pub(super) struct CodecNeg {
    /// Which room.
    pub(super) room: RoomId,
    /// All of it.
    pub(super) data: Map<String, Value>,
}

#[derive(Deserialize)]
struct StageResponseData {
    room_id: IdText,
    response_type: Option<String>,
    accepted: bool,
}

/// An answer to a stage invite.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct StageResponse {
    /// On which stage.
    pub(super) room: RoomId,
    /// Whether they come.
    pub(super) accepted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(value: &Value) -> Said {
        Said::parse(&value.to_string()).unwrap()
    }

    #[test]
    fn both_envelopes_are_read_and_written() {
        let typed = said(&json!({ "type": "heartbeat", "seq": 9, "more": [] }));
        assert_eq!((typed.envelope, typed.kind), (Envelope::Typed, Some(Kind::Heartbeat)));
        let evented = said(&json!({ "event": "heartbeat", "data": null }));
        assert_eq!((evented.envelope, evented.kind), (Envelope::Evented, Some(Kind::Heartbeat)));
        let check = |envelope: Envelope, seq, expect: Value| {
            let text = envelope.wrap("ready", seq, "{\"a\":[1]}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expect);
        };
        check(Envelope::Typed, Some(7), json!({ "type": "ready", "seq": 7, "d": { "a": [1] } }));
        check(Envelope::Typed, None, json!({ "type": "ready", "d": { "a": [1] } }));
        check(
            Envelope::Evented,
            Some(7),
            json!({ "event": "ready", "seq": 7, "data": { "a": [1] } }),
        );
        let hello: Value = serde_json::from_str(&hello(45_000)).unwrap();
        assert_eq!(hello["type"], hello["event"]);
        assert_eq!(
            (&hello["d"], &hello["data"]["heartbeat_interval"]),
            (&hello["data"], &json!(45_000))
        );
    }

    #[test]
    fn what_is_no_message_is_said_so() {
        let deep = "[".repeat(10_000);
        let nested = format!("{{\"type\":\"identify\",\"d\":{deep}");
        for text in [
            "",
            "hello",
            "[]",
            "7",
            "{}",
            "{\"type\":7}",
            "{\"type\":null,\"d\":{}}",
            &deep,
            &nested,
        ] {
            assert!(Said::parse(text).is_err(), "{text:.20}");
        }
        assert_eq!(said(&json!({ "type": "dance" })).kind, None);
        // Only one of them needs to be there.
        assert_eq!(said(&json!({ "type": null, "event": "resume" })).kind, Some(Kind::Resume));
    }

    #[test]
    fn ids_and_numbers_may_be_strings_or_integers_and_keys_may_be_missing() {
        let resume = |data: Value| said(&json!({ "type": "resume", "d": data })).resume();
        let full = resume(json!({ "token": "t", "session_id": "s", "last_seq": 7 })).unwrap();
        assert_eq!(
            (full.token.expose().as_str(), full.session_id.as_str(), full.last_seq),
            ("t", "s", 7)
        );
        assert_eq!(resume(json!({ "last_seq": "7" })).unwrap().last_seq, 7);
        let none = resume(json!({ "session_id": null })).unwrap();
        assert_eq!(
            (none.token.expose().as_str(), none.session_id.as_str(), none.last_seq),
            ("", "", 0)
        );
        for bad in [json!("x"), json!(-1), json!(1.5), json!([]), json!("99999999999999999999")] {
            assert!(resume(json!({ "last_seq": bad })).is_err(), "{bad}");
        }
        let huge = "{\"type\":\"resume\",\"d\":{\"last_seq\":99999999999999999999999}}";
        assert!(Said::parse(huge).unwrap().resume().is_err());
        let room = |id: Value| {
            said(&json!({ "type": "stage_response", "d": { "room_id": id, "accepted": true } }))
                .stage_response()
        };
        assert_eq!(room(json!(5)).unwrap(), room(json!("5")).unwrap());
        assert!(room(json!("0b5c9d7e-3f1a-4b6e-9a51-0d3f6a2b7c11")).is_err());
        let update = said(&json!({ "type": "voice_state_update", "d": { "video": true } }));
        let update = update.voice_update().unwrap();
        assert_eq!((update.mute, update.camera), (None, Some(true)));
        assert!(said(&json!({ "type": "voice_state_update" })).voice_update().is_ok());
        for bad in [json!({ "self_mute": 1 }), json!([1]), json!("x")] {
            assert!(
                said(&json!({ "type": "voice_state_update", "d": bad })).voice_update().is_err()
            );
        }
    }

    #[test]
    fn versions_are_told_apart() {
        let version = |data: Value| {
            said(&json!({ "type": "identify", "d": data })).identify().protocol_version()
        };
        assert_eq!(version(json!({ "protocol_version": 1 })).as_deref(), Some("1"));
        assert_eq!(version(json!({ "protocol_version": "1" })).as_deref(), Some("1"));
        assert_eq!(version(json!({ "protocol_version": null })), None);
        assert_eq!(version(json!([])), None);
        assert_eq!(version(json!({ "protocol_version": [1] })).as_deref(), Some("[1]"));
    }

    #[test]
    fn tokens_do_not_print() {
        let message = || said(&json!({ "type": "resume", "d": { "token": "secret" } }));
        let printed =
            format!("{:?} {:?} {:?}", message(), message().identify(), message().resume());
        assert!(!printed.contains("secret"), "{printed}");
    }
}
