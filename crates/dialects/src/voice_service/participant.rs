//! Who is in a channel, as this dialect shows them.

use app::App;
use axum::Json;
use axum::extract::State;
use model::{ExternalId, UserId};
use room::{MemberView, Person, Sender, Settings, StageRole};
use serde::Serialize;
use utoipa::ToSchema;

use super::VoiceService;
use super::refusal::ErrorBody;
use crate::kit::{AnyId, Caller, PathText, Refused, rfc3339};

/// A member of a channel.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Participant {
    /// UUID, or the id that the member's own platform gave.
    user_id: String,
    username: String,
    /// UUID of the member's oldest session.
    session_id: Option<String>,
    mute: bool,
    deaf: bool,
    /// By a moderator.
    server_mute: bool,
    /// By a moderator.
    server_deaf: bool,
    speaking: bool,
    video: bool,
    screen: bool,
    /// The door: a dialect's name or `sip`.
    via: Option<String>,
    /// `speaker` or `listener`, in stages.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_role: Option<&'static str>,
    /// Since when they ask to speak, RFC 3339; in stages, while they do.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_at: Option<String>,
    /// True while they are invited to speak; in stages.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    invited: bool,
}

impl From<&MemberView> for Participant {
    fn from(member: &MemberView) -> Self {
        let oldest = member.sessions.first();
        Self {
            user_id: user_id(&member.person),
            username: member.person.username.clone(),
            session_id: oldest.map(|session| session.id.to_uuid()),
            mute: member.mute,
            deaf: member.deaf,
            server_mute: member.server_mute,
            server_deaf: member.server_deaf,
            speaking: member.speaking,
            video: member.camera,
            screen: member.screen,
            via: oldest.map(|session| session.via.to_string()),
            stage_role: member.stage.map(stage_role),
            requested_at: member.requested_at.map(rfc3339),
            invited: member.invited,
        }
    }
}

fn stage_role(role: StageRole) -> &'static str {
    match role {
        StageRole::Speaker => "speaker",
        StageRole::Listener => "listener",
    }
}

/// A person's id in this dialect: the platform's own where it gave one.
pub(super) fn user_id(person: &Person) -> String {
    known_as(person.id, person.external_id.as_ref())
}

/// The same for whoever said something.
pub(super) fn sender_id(sender: &Sender) -> String {
    known_as(sender.user, sender.external_id.as_ref())
}

fn known_as(user: UserId, external: Option<&ExternalId>) -> String {
    external.map_or_else(|| user.to_uuid(), ToString::to_string)
}

/// A channel's id in this dialect: the platform's own where it gave one.
pub(super) fn channel_id(settings: &Settings) -> String {
    match &settings.external_id {
        Some(external) => external.to_string(),
        None => settings.id.to_uuid(),
    }
}

/// Who is in a channel.
#[utoipa::path(
    get, path = "/voice/channels/{channel_id}/participants", tag = "Voice Service",
    security(("bearer" = [])), params(("channel_id" = String, Path)),
    responses(
        (status = 200, body = [Participant]),
        (status = 400, body = ErrorBody), (status = 401, body = ErrorBody),
        (status = 403, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 503, body = ErrorBody),
    ),
)]
pub(crate) async fn list(
    State(app): State<App>,
    Caller(caller, ..): Caller<VoiceService>,
    PathText(channel, ..): PathText<VoiceService>,
) -> Result<Json<Vec<Participant>>, Refused<VoiceService>> {
    let room = app.find_room(&channel.parse::<AnyId>()?.room()).await?;
    let view = app.participants(&caller, room).await?;
    Ok(Json(view.members.iter().map(Participant::from).collect()))
}
