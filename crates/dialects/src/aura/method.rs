//! The methods: each reads its params, asks the use cases once, and gives the result.

use app::{Asked, CallJoin, Refusal, Subscription, ViewRequest};
use model::{Redacted, TrackSource, UserId};
use room::{Command, RoomView};
use serde_json::{Value, json};

use super::connection::{Connection, OpenCall, Watching};
use super::event::Teller;
use super::member::{Roster, members, muted, session_of};
use super::refusal::{CANNOT_AUTHENTICATE, RpcError, WAITING};
use super::request::{
    Authenticate, Decide, JoinRoom, Member, SendReaction, Shown, SubscribeRoom, SubscribedBody,
};
use super::rpc::Params;
use crate::kit::{AnyId, Fault, IceServerBody};

/// What stands behind a member's id for their screen.
const SCREEN_SUFFIX: &str = ":screen";

pub(super) type Answer = Result<Value, RpcError>;

impl Connection {
    /// Carries a request or a notification out.
    pub(super) async fn answer(&mut self, method: &str, params: Params) -> Answer {
        match method {
            "authenticate" => self.authenticate(params.read()?).await,
            "get_room_members" => self.room_members().await,
            "get_waiting_room_members" => self.waiting_members().await,
            "get_ice_servers" => self.ice_servers(params.read()?).await,
            "join_room" => self.join_room(params.read()?).await,
            "subscribe_room" => self.subscribe_room(params.read()?).await,
            "watch_room" => self.watch_room(params.read()?).await,
            "allow_member" => {
                let allow = |call| Command::AllowCall { call };
                self.decide(params.read()?, allow, "only admin can allow members").await
            }
            "reject_member" => {
                let reject = |call| Command::RejectCall { call };
                self.decide(params.read()?, reject, "only admin can reject members").await
            }
            "remove_member" => self.remove_member(params.read()?).await,
            "mute_member_audio" => self.mute_member(params.read()?, Track::Audio, true).await,
            "unmute_member_audio" => self.mute_member(params.read()?, Track::Audio, false).await,
            "mute_member_video" => self.mute_member(params.read()?, Track::Video, true).await,
            "unmute_member_video" => self.mute_member(params.read()?, Track::Video, false).await,
            "register_room_api" => self.register(params.read()?).await,
            "create_temp_room" => self.create_temp_room(params.read()?).await,
            "invite_exten" => self.invite_exten(params.read()?).await,
            "convert_to_room" => self.convert_to_room(params.read()?).await,
            "reject_invite" => self.reject_invite(params.read()?).await,
            _ => self.note(method, params).await,
        }
    }

    /// What clients say of themselves, without wanting an answer.
    async fn note(&mut self, method: &str, params: Params) -> Answer {
        match method {
            "still_waiting" => {
                let session = self.call()?.session;
                self.say(Command::Nudge { session }).await
            }
            "leave_room" => self.leave_room().await,
            "raise_hand" => self.set_hand(true).await,
            "unraise_hand" => self.set_hand(false).await,
            "start_screen_share" => self.set_own(|own| own.screen = Some(true)).await,
            "stop_screen_share" => self.set_own(|own| own.screen = Some(false)).await,
            "send_reaction" => {
                let wanted: SendReaction = params.read()?;
                wanted.check()?;
                let session = self.call()?.session;
                self.say(Command::React { session, reaction: wanted.reaction }).await
            }
            "mute_audio" => self.set_own(|own| own.mute = Some(true)).await,
            "unmute_audio" => self.unmute(Track::Audio).await,
            "mute_video" => self.set_own(|own| own.video_mute = Some(true)).await,
            "unmute_video" => self.unmute(Track::Video).await,
            _ => Err(RpcError::new(-32601, "method not found")),
        }
    }

    /// The call that this socket holds.
    fn call(&self) -> Result<app::Call, RpcError> {
        let open = self.open.as_ref();
        open.map(|open| open.call.clone()).ok_or_else(|| RpcError::new(401, "authenticate first"))
    }

    /// The same, if that is its token.
    fn call_with(&self, token: &str) -> Result<app::Call, RpcError> {
        let bad = || RpcError::new(401, "bad auth token");
        let call = self.open.as_ref().map(|open| open.call.clone()).ok_or_else(bad)?;
        self.app.check_call_token(&call, token)?;
        Ok(call)
    }

    async fn authenticate(&mut self, wanted: Authenticate) -> Answer {
        wanted.check()?;
        self.check_is_in_no_room()?;
        let before = self.open.as_ref().map(|open| open.call.clone());
        let Authenticate { room, call_id: call, display_name, room_password, credentials } = wanted;
        let named: AnyId = room.parse().map_err(|_| Fault::NoSuch("room"))?;
        let room = self.app.find_room(&named.room()).await?;
        let (credentials, origin) = (credentials.read()?, self.origin);
        let password = room_password.map(Redacted::new);
        let asked = Asked { room, call, name: display_name, credentials, password, origin };
        let rung = self.app.ring(asked, before.as_ref()).await.map_err(of_credentials)?;
        if let Some(watch) = rung.watch {
            self.open = Some(OpenCall::new(rung.call, watch));
        }
        match rung.token {
            Some(token) => Ok(json!({ "auth_token": token.expose() })),
            None => Err(RpcError::new(403, WAITING)),
        }
    }

    /// One socket holds one call.
    pub(super) fn check_is_in_no_room(&self) -> Result<(), RpcError> {
        let is_in = |open: &OpenCall| self.app.check_is_in(&open.call).is_ok();
        match self.open.as_ref().is_some_and(is_in) {
            true => Err(RpcError::new(409, "this socket is in a room")),
            false => Ok(()),
        }
    }

    async fn room_members(&mut self) -> Answer {
        Ok(bodies(&self.room().await?))
    }

    async fn waiting_members(&mut self) -> Answer {
        let view = self.app.room_of_admin_call(&self.call()?).await;
        let view = view.map_err(only_admin("only admin can get waiting room members"))?;
        let waiting = view.waiting.iter();
        Ok(waiting.map(|call| json!({ "member": call.id, "name": call.name })).collect())
    }

    async fn ice_servers(&mut self, Shown { auth_token }: Shown) -> Answer {
        let servers = self.app.call_ice_servers(&self.call_with(&auth_token)?).await?;
        let servers: Vec<IceServerBody> = servers.into_iter().map(Into::into).collect();
        Ok(json!({ "ice_servers": servers }))
    }

    async fn join_room(&mut self, mut wanted: JoinRoom) -> Answer {
        if self.open.is_none() {
            self.answer_invitation(&wanted.auth_token, &wanted.sdp).await?;
        }
        let call = self.call_with(&wanted.auth_token)?;
        let sources = wanted.sources();
        let JoinRoom { sdp, audio_muted: mute, video_muted: video_mute, .. } = wanted;
        let join = CallJoin { sdp, sources, mute, video_mute };
        let was_in = self.app.check_is_in(&call).is_ok();
        let joined = self.app.join_call(&call, join).await;
        if joined.is_err() && !was_in && self.app.check_is_in(&call).is_ok() {
            // It came in, and media would not have its offer: nobody stays as a name without a voice.
            self.leave_room().await?;
        }
        let joined = joined?;
        if let Some(open) = &mut self.open {
            open.is_in(&joined);
        }
        let others = members(&joined.view).filter(|(session, _)| *session != call.session);
        let others: Vec<_> = others.map(|(_, body)| body).collect();
        let (sdp, is_admin) = (joined.sdp, joined.is_admin);
        Ok(json!({ "call_id": call.id, "sdp": sdp, "members": others, "is_admin": is_admin }))
    }

    async fn subscribe_room(&mut self, mut wanted: SubscribeRoom) -> Answer {
        wanted.check()?;
        let call = self.call_with(&wanted.auth_token)?;
        self.app.check_is_in(&call)?;
        let view = self.app.room_of_call(&call, false).await?;
        let views = wanted.members.iter().filter_map(|one| view_of(&view, one, &call.id));
        let views = views.collect::<Result<Vec<_>, _>>()?;
        let sources = wanted.sources();
        let connections = self.open.as_ref().and_then(|open| open.connections.clone());
        let connections = connections.ok_or_else(|| RpcError::new(401, "not in the room"))?;
        let wants = Subscription { sdp: wanted.sdp, sources, wants: views };
        let seen = self.app.subscribe_call(&call, &connections, wants).await?;
        if let Some(open) = &mut self.open {
            open.see(seen.session);
        }
        Ok(json!({ "sdp": seen.sdp }))
    }

    async fn watch_room(&mut self, Shown { auth_token }: Shown) -> Answer {
        let room = match self.call_with(&auth_token) {
            Ok(call) => {
                let view = self.app.room_of_call(&call, true).await?;
                if let Some(open) = &mut self.open {
                    open.teller.roster = Roster::of(&view);
                }
                view.settings
            }
            Err(_) => {
                let beside = self.app.watch_call(&auth_token).await?;
                let mut teller = Teller::new(beside.view.settings.id, beside.session);
                teller.roster = Roster::of(&beside.view);
                self.watching = Some(Watching { teller, notices: beside.notices });
                beside.view.settings
            }
        };
        Ok(json!({ "room_id": room.id.to_uuid() }))
    }

    async fn decide(
        &mut self,
        wanted: Decide,
        command: impl FnOnce(String) -> Command,
        only: &'static str,
    ) -> Answer {
        let call = self.call_with(&wanted.auth_token)?;
        self.app.room_of_call(&call, false).await?;
        let decided = self.app.command_of_call(&call, command(wanted.member)).await;
        decided.map(|_| json!({})).map_err(only_admin(only))
    }

    /// The room of this socket's call, if it was admitted.
    async fn room(&mut self) -> Result<RoomView, RpcError> {
        Ok(self.app.room_of_call(&self.call()?, false).await?)
    }

    /// Whom an admin means.
    async fn target(&mut self, wanted: &Member, only: &'static str) -> Result<UserId, RpcError> {
        let view = self.app.room_of_admin_call(&self.call()?).await.map_err(only_admin(only))?;
        let found = session_of(&view, &wanted.member).ok_or(room::Refusal::TargetNotInRoom);
        Ok(found.map_err(Refusal::Room)?.0)
    }

    async fn remove_member(&mut self, wanted: Member) -> Answer {
        let only = "only admin can remove members";
        let user = self.target(&wanted, only).await?;
        let done = self.app.command_of_call(&self.call()?, Command::Kick { user }).await;
        done.map(|_| json!({})).map_err(only_admin(only))
    }

    async fn mute_member(&mut self, wanted: Member, track: Track, muted: bool) -> Answer {
        let only = "only admin can mute and unmute members";
        let user = self.target(&wanted, only).await?;
        let command = match track {
            Track::Audio => Command::ServerMute { user, muted },
            Track::Video => Command::ServerVideoMute { user, muted },
        };
        let done = self.app.command_of_call(&self.call()?, command).await;
        let done = done.map_err(only_admin(only))?;
        match (done.events.is_empty(), muted) {
            (false, _) => Ok(json!({})),
            (true, true) => Err(RpcError::new(409, "already muted")),
            (true, false) => Err(RpcError::new(409, "not muted by an admin")),
        }
    }

    async fn leave_room(&mut self) -> Answer {
        self.watching = None;
        if let Some(open) = self.open.take() {
            self.app.hang_up(&open.call).await;
        }
        Ok(json!({}))
    }

    async fn set_hand(&mut self, raised: bool) -> Answer {
        let session = self.call()?.session;
        self.say(Command::SetHand { session, raised }).await
    }

    async fn set_own(&mut self, change: impl FnOnce(&mut Own)) -> Answer {
        let session = self.call()?.session;
        let mut own = Own::default();
        change(&mut own);
        let Own { mute, screen, video_mute } = own;
        let (deaf, camera) = (None, None);
        self.say(Command::SetSelf { session, mute, deaf, camera, screen, video_mute }).await
    }

    /// Who is muted by an admin stays so, and is told again.
    async fn unmute(&mut self, track: Track) -> Answer {
        let (call, view) = (self.call()?, self.room().await?);
        let member = view.session(call.session).map(|(member, _)| member);
        let by_admin = member.is_some_and(|member| match track {
            Track::Audio => member.server_mute,
            Track::Video => member.server_video_mute,
        });
        if !by_admin {
            return match track {
                Track::Audio => self.set_own(|own| own.mute = Some(false)).await,
                Track::Video => self.set_own(|own| own.video_mute = Some(false)).await,
            };
        }
        let told = muted(track.mute_method(), &call.id, true);
        // Gone while it was told: the socket notices by itself.
        let _ = self.tell(told).await;
        Ok(json!({}))
    }

    /// Has the room do what this call's person says of themselves.
    async fn say(&mut self, command: Command) -> Answer {
        let call = self.call()?;
        self.app.say_of_call(&call, command).await?;
        Ok(json!({}))
    }
}

/// What a member says of themselves.
#[derive(Default)]
struct Own {
    mute: Option<bool>,
    screen: Option<bool>,
    video_mute: Option<bool>,
}

/// Sound or picture.
#[derive(Clone, Copy)]
enum Track {
    Audio,
    Video,
}

impl Track {
    fn mute_method(self) -> &'static str {
        match self {
            Self::Audio => "member_mute_audio",
            Self::Video => "member_mute_video",
        }
    }
}

fn bodies(view: &RoomView) -> Value {
    members(view).map(|(_, body)| json!(body)).collect()
}

/// Who shows wrong credentials, of whichever kind, is told one thing.
pub(super) fn of_credentials(refusal: Refusal) -> RpcError {
    match refusal {
        Refusal::Unauthenticated
        | Refusal::TokenExpired
        | Refusal::WrongCredentials
        | Refusal::Banned => RpcError::new(401, CANNOT_AUTHENTICATE),
        Refusal::Missing(_) | Refusal::Room(room::Refusal::Missing(_)) => {
            RpcError::new(403, "not allowed for this room")
        }
        refusal => refusal.into(),
    }
}

/// Says of whom it takes to do that.
pub(super) fn only_admin(message: &'static str) -> impl FnOnce(Refusal) -> RpcError {
    move |refusal| match refusal {
        Refusal::Missing(_) | Refusal::Room(room::Refusal::Missing(_)) => {
            RpcError::new(403, message)
        }
        refusal => refusal.into(),
    }
}

/// What of whom is to be in a section; `None`: oneself, which is passed over.
fn view_of(
    view: &RoomView,
    wanted: &SubscribedBody,
    own: &str,
) -> Option<Result<ViewRequest, RpcError>> {
    let (id, source) = match wanted.id.strip_suffix(SCREEN_SUFFIX) {
        Some(id) => (id, TrackSource::Screen),
        None => (wanted.id.as_str(), TrackSource::Camera),
    };
    if id == own {
        return None;
    }
    let Some((user, session)) = session_of(view, id) else {
        return Some(Err(Refusal::Room(room::Refusal::TargetNotInRoom).into()));
    };
    let pixels = |said: Option<u32>| said.map(|said| u16::try_from(said).unwrap_or(u16::MAX));
    let (width, height) = match (pixels(wanted.width), pixels(wanted.height)) {
        // As large as there is.
        (None, None) => (0, 1),
        (width, height) => (width.unwrap_or(0), height.unwrap_or(0)),
    };
    let (mid, user, session) = (wanted.video_mid.clone(), Some(user), Some(session));
    Some(Ok(ViewRequest { mid, user, session, source: Some(source), width, height }))
}
