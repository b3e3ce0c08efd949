//! Members as Vox shows them, in lists, replies and gateway events alike.

use room::{MemberView, StageRole};
use serde::Serialize;
use utoipa::ToSchema;

/// A member: the seed's keys, and beside them those that the public SDK reads.
#[derive(Serialize, ToSchema)]
#[schema(as = VoxMember)]
#[serde(deny_unknown_fields)]
pub(super) struct MemberBody {
    /// Decimal.
    user_id: String,
    username: String,
    self_mute: bool,
    self_deaf: bool,
    server_mute: bool,
    server_deaf: bool,
    /// By themselves or by a moderator.
    mute: bool,
    /// By themselves or by a moderator.
    deaf: bool,
    video: bool,
    streaming: bool,
    /// Unix seconds.
    joined_at: i64,
    /// `speaker` or `listener`; in stage rooms only.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_role: Option<&'static str>,
    /// Unix seconds, while somebody waits to be asked onto the stage; in stage rooms only.
    #[serde(skip_serializing_if = "Option::is_none")]
    requested_at: Option<i64>,
}

impl From<&MemberView> for MemberBody {
    fn from(member: &MemberView) -> Self {
        Self {
            user_id: member.person.id.to_string(),
            username: member.person.username.clone(),
            self_mute: member.mute,
            self_deaf: member.deaf,
            server_mute: member.server_mute,
            server_deaf: member.server_deaf,
            mute: member.mute || member.server_mute,
            deaf: member.deaf || member.server_deaf,
            video: member.camera,
            streaming: member.screen,
            joined_at: member.joined_at.as_secs(),
            stage_role: member.stage.map(stage_role),
            requested_at: member.requested_at.map(|at| at.as_secs()),
        }
    }
}

fn stage_role(role: StageRole) -> &'static str {
    match role {
        StageRole::Speaker => "speaker",
        StageRole::Listener => "listener",
    }
}
