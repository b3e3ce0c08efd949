//! Rooms as STT Room shows them. The routes under `/rooms` themselves are shared paths.

use app::{App, Listed, PASSWORD_LEN_MAX, ROOM_NAME_LEN_MAX, RoomDraft};
use model::{Redacted, RoomId};
use room::ProfileKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::field::{Fields, check_length};
use crate::kit::{AnyId, Fault, rfc3339};

/// A room.
#[derive(Serialize, ToSchema)]
#[schema(as = SttRoom)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoomBody {
    /// UUID.
    id: String,
    title: String,
    has_password: bool,
    /// Participants at once: 2, or the limit of a room of another kind.
    capacity: u32,
    /// UUID; null for rooms that an outside platform named.
    #[schema(required)]
    created_by: Option<String>,
    /// RFC 3339.
    created_at: String,
    /// UUID of the holder of the speaker lock.
    #[schema(required)]
    current_speaker_user_id: Option<String>,
    /// RFC 3339.
    #[schema(required)]
    speaker_expires_at: Option<String>,
}

impl From<Listed> for RoomBody {
    fn from(Listed { settings, floor, .. }: Listed) -> Self {
        Self {
            id: settings.id.to_uuid(),
            title: settings.name,
            has_password: settings.has_password,
            capacity: settings.member_limit,
            created_by: settings.created_by.map(|user| user.to_uuid()),
            created_at: rfc3339(settings.created_at),
            current_speaker_user_id: floor.map(|floor| floor.holder.to_uuid()),
            speaker_expires_at: floor.map(|floor| rfc3339(floor.expires_at)),
        }
    }
}

/// A room in a list.
#[derive(Serialize, ToSchema)]
#[schema(as = SttListedRoom)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListedBody {
    /// UUID.
    id: String,
    title: String,
    has_password: bool,
    /// Online just now.
    participant_count: usize,
    /// Participants at once.
    capacity: u32,
    /// RFC 3339.
    created_at: String,
}

impl From<Listed> for ListedBody {
    fn from(listed: Listed) -> Self {
        let settings = listed.settings;
        Self {
            id: settings.id.to_uuid(),
            title: settings.name,
            has_password: settings.has_password,
            participant_count: listed.member_count,
            capacity: settings.member_limit,
            created_at: rfc3339(settings.created_at),
        }
    }
}

/// A room to be made.
#[derive(Deserialize, ToSchema)]
#[schema(as = SttCreateRoom)]
pub(crate) struct CreateRoom {
    /// 1 to 100 characters.
    title: String,
    /// 1 to 128 characters; without it anybody may come in.
    password: Option<String>,
}

impl TryFrom<Fields> for CreateRoom {
    type Error = Fault;

    fn try_from(mut fields: Fields) -> Result<Self, Fault> {
        let title = fields.text("title")?;
        check_length("title", &title, 1..=ROOM_NAME_LEN_MAX)?;
        if title.trim().is_empty() || title.chars().any(char::is_control) {
            let what = "title must have a character that shows, and no control characters";
            return Err(Fault::Malformed(what.to_owned()));
        }
        let password = fields.optional_text("password")?;
        if let Some(password) = &password {
            check_length("password", password, 1..=PASSWORD_LEN_MAX)?;
        }
        Ok(Self { title, password })
    }
}

impl CreateRoom {
    pub(crate) fn into_draft(self) -> RoomDraft {
        RoomDraft {
            name: self.title,
            kind: ProfileKind::Talk,
            member_limit: None,
            overrides: Vec::new(),
            password: self.password.map(Redacted::new),
            captions: None,
        }
    }
}

/// The room that a path names: by our id in either form, or by a platform's own.
pub(crate) async fn room_of(app: &App, named: &str) -> Result<RoomId, Fault> {
    let malformed = |_| Fault::Malformed("room_id must be a UUID".to_owned());
    let named: AnyId = named.parse().map_err(malformed)?;
    Ok(app.find_room(&named.room()).await?)
}
