//! Coming in by two steps: a call is rung, admitted at once or by an admin, and then joins.
//!
//! A call is one client's, with an account or without. It has the id of the session that it becomes, and a
//! token once it is admitted, which is worth something only while the room keeps the call. Its watch is what
//! keeps it: dropped, the call hangs up, whether it waits, may come in, or is in.

use std::net::IpAddr;

use media::{SourceLabel, ViewRequest};
use model::{AccountId, Permissions, Redacted, RoleId, RoomId, SessionId, UserId, Via};
use net::Pictures;
use room::{
    Action, Actor, Caller, Command, Join, Knock, Link, Person, RoomView, Shown, check, entry,
};

use crate::accounts::Origin;
use crate::clock::now;
use crate::ice::IceServer;
use crate::rooms::{CallWatch, WatchBeside};
use crate::turnstile::to_the_end;
use crate::{App, Identity, Outcome, Refusal};

/// What a guest may do before a room's overrides. Coming into rooms that are no conferences is not in it.
const GUEST: [Permissions; 4] =
    [Permissions::VIEW_SPACE, Permissions::SPEAK, Permissions::VIDEO, Permissions::STREAM];

/// How somebody says who they are.
#[derive(Clone, Debug)]
pub enum Credentials {
    /// Not at all: a guest.
    Nothing,
    /// An account's username or e-mail, and its password.
    Password(String, Redacted<String>),
    /// An account's device and its token.
    Device(String, Redacted<String>),
    /// An access token.
    Token(Redacted<String>),
}

/// Somebody wants to come in.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Where.
    pub room: RoomId,
    /// What their client calls it.
    pub call: String,
    /// What others are to read. `None`: the account's name.
    pub name: Option<String>,
    /// Who they say they are.
    pub credentials: Credentials,
    /// The room's password, as typed.
    pub password: Option<Redacted<String>>,
    /// Where the request came from.
    pub origin: Origin,
}

/// A call, as its client's socket keeps it.
#[derive(Clone, Debug)]
pub struct Call {
    /// Where.
    pub room: RoomId,
    /// The session that it is, or will be.
    pub session: SessionId,
    /// What its client calls it.
    pub id: String,
    /// Whose.
    pub user: UserId,
    who: Who,
}

/// Who is behind a call.
#[derive(Clone, Debug)]
enum Who {
    /// An account, read anew each time: it may be banned, or have other roles.
    Account(AccountId),
    /// Somebody without one, as they came.
    Guest(Box<Caller>),
}

/// A call has been rung.
#[derive(Debug)]
pub struct Rung {
    /// The call.
    pub call: Call,
    /// Lets it join. `None`: it waits.
    pub token: Option<Redacted<String>>,
    /// What it is told from now on, if it is new.
    pub watch: Option<CallWatch>,
}

/// How a call comes in.
#[derive(Clone, Debug)]
pub struct CallJoin {
    /// The client's offer.
    pub sdp: String,
    /// What the offer's sending sections carry.
    pub sources: Vec<SourceLabel>,
    /// Start muted.
    pub mute: bool,
    /// Start without a camera.
    pub video_mute: bool,
}

/// A call is in.
#[derive(Debug)]
pub struct JoinedCall {
    /// The answer to its offer.
    pub sdp: String,
    /// The room with it in it.
    pub view: RoomView,
    /// Whether it may let others in and mute them.
    pub is_admin: bool,
    /// Of its offer: what names the connection.
    pub ufrag: String,
}

/// The peer connections of a call that is in.
#[derive(Clone, Debug)]
pub struct Connections {
    /// The ICE user fragment of the one that it joined by.
    pub ufrag: String,
    /// The session of another one that it receives pictures by, if there is one.
    pub second: Option<SessionId>,
}

/// What a call wants to see.
#[derive(Clone, Debug)]
pub struct Subscription {
    /// An offer with the sections for it.
    pub sdp: String,
    /// What the offer's sending sections carry.
    pub sources: Vec<SourceLabel>,
    /// What is to be in which section.
    pub wants: Vec<ViewRequest>,
}

/// A subscription holds.
#[derive(Debug)]
pub struct Subscribed {
    /// The answer to its offer.
    pub sdp: String,
    /// The session that the pictures come to.
    pub session: SessionId,
}

impl App {
    /// Rings at a room. `before`: the call that the client's socket has already; it goes on if it is the
    /// same, and is of the same person.
    pub async fn ring(&self, asked: Asked, before: Option<&Call>) -> Result<Rung, Refusal> {
        if self.is_stopping() {
            return Err(Refusal::unavailable());
        }
        let Asked { room, call: id, name, credentials, password, origin } = asked;
        let settings = self.rooms.view(room).await?.settings;
        let identity = self.who_rings(credentials, origin).await?;
        let account = identity.as_ref().map(|identity| identity.account.id);
        let call = match before.filter(|before| before.is_same(room, &id, account)) {
            Some(before) => before.clone(),
            None => self.new_call(room, id, identity.as_ref(), name.clone()),
        };
        self.limits.take_knock(origin.address)?;
        let actor = match &identity {
            Some(identity) => identity.actor(),
            None => self.actor_of(&call).await?,
        };
        let shown = match password {
            Some(password) if entry(&settings, &actor, Shown::Nothing) != room::Entry::In => {
                self.shown(&call, password, origin.address).await?
            }
            Some(_) | None => Shown::Nothing,
        };
        let own = identity.as_ref().map(|identity| identity.account.shown_name().to_owned());
        let name = name.or(own).unwrap_or_else(|| GUEST_NAME.to_owned());
        let (session, call_id, guest) = (call.session, call.id.clone(), account.is_none());
        let knock = Knock { session, call: call_id, name, guest, via: Via::Aura, shown };
        let knocked = self.rooms.knock(room, &actor, knock).await?;
        let token = if knocked.admitted { Some(self.call_token(&call)?) } else { None };
        Ok(Rung { call, token, watch: knocked.watch })
    }

    /// The account that somebody shows to have; `None` for a guest. Wrong credentials are never a guest's.
    pub(crate) async fn who_rings(
        &self,
        credentials: Credentials,
        origin: Origin,
    ) -> Result<Option<Identity>, Refusal> {
        let identity = match credentials {
            Credentials::Nothing => return Ok(None),
            Credentials::Password(word, password) => {
                let account = self.accounts.login(&word, password, origin).await?.account.id;
                self.accounts.identity(account).await?.ok_or(Refusal::WrongCredentials)?
            }
            Credentials::Device(device, token) => {
                self.accounts.authenticate_device(&device, &token).await?
            }
            Credentials::Token(token) => self.accounts.authenticate(token.expose()).await?,
        };
        Ok(Some(identity))
    }

    pub(crate) fn new_call(
        &self,
        room: RoomId,
        id: String,
        identity: Option<&Identity>,
        name: Option<String>,
    ) -> Call {
        let session = SessionId(self.ids.next());
        let (user, who) = match identity {
            Some(identity) => {
                (UserId::from(identity.account.id), Who::Account(identity.account.id))
            }
            None => {
                let caller = self.guest(name);
                (caller.person.id, Who::Guest(Box::new(caller)))
            }
        };
        Call { room, session, id, user, who }
    }

    fn guest(&self, name: Option<String>) -> Caller {
        let person = Person {
            id: UserId(self.ids.next()),
            username: name.unwrap_or_else(|| GUEST_NAME.to_owned()),
            external_id: None,
            email: None,
        };
        let base = GUEST.into_iter().fold(Permissions::NONE, |all, one| all | one);
        Caller { person, roles: Vec::<RoleId>::new(), base }
    }

    async fn shown(
        &self,
        call: &Call,
        password: Redacted<String>,
        address: IpAddr,
    ) -> Result<Shown, Refusal> {
        let Some(hash) = self.store.room_password(call.room).await? else {
            return Ok(Shown::Wrong);
        };
        let guess = self.limits.take_guess(call.user, Some(address), call.room)?;
        let right = self.accounts.passwords.verify(hash, password).await;
        if !matches!(right, Ok(false)) {
            self.limits.give_back(&guess);
        }
        Ok(if right? { Shown::Right } else { Shown::Wrong })
    }

    /// Who is behind a call, with what they may do by now.
    pub(crate) async fn actor_of(&self, call: &Call) -> Result<Actor, Refusal> {
        match &call.who {
            Who::Guest(caller) => Ok(Actor::Caller(Caller::clone(caller))),
            Who::Account(account) => Ok(self.identity_of(*account).await?.actor()),
        }
    }

    pub(crate) async fn identity_of(&self, account: AccountId) -> Result<Identity, Refusal> {
        let identity = self.accounts.identity(account).await?;
        let identity = identity.ok_or(Refusal::Unauthenticated)?;
        if identity.account.banned { Err(Refusal::Banned) } else { Ok(identity) }
    }

    /// A token for a call that was admitted.
    pub fn call_token(&self, call: &Call) -> Result<Redacted<String>, Refusal> {
        self.token_of(call.room, call.session)
    }

    pub(crate) fn token_of(
        &self,
        room: RoomId,
        session: SessionId,
    ) -> Result<Redacted<String>, Refusal> {
        let token = self.accounts.tokens.issue_call(room, session, now().wall);
        token.map(Redacted::new).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Refusal::unavailable()
        })
    }

    /// Refuses a token that is not this call's.
    pub fn check_call_token(&self, call: &Call, token: &str) -> Result<(), Refusal> {
        let shown = self.accounts.tokens.verify_call(token, now().wall)?;
        let is_its = shown == (call.room, call.session);
        if is_its { Ok(()) } else { Err(Refusal::Unauthenticated) }
    }

    /// The room, for a call that was admitted. With `watch` it is told from now on what those in the room
    /// are.
    pub async fn room_of_call(&self, call: &Call, watch: bool) -> Result<RoomView, Refusal> {
        self.rooms.admitted(call.room, call.session, watch).await
    }

    /// The same, for one that may let others in.
    pub async fn room_of_admin_call(&self, call: &Call) -> Result<RoomView, Refusal> {
        let view = self.room_of_call(call, false).await?;
        check(&view.settings, &self.actor_of(call).await?, Action::Admit)?;
        Ok(view)
    }

    /// For a call's peer connection.
    pub async fn call_ice_servers(&self, call: &Call) -> Result<Vec<IceServer>, Refusal> {
        self.room_of_call(call, false).await?;
        Ok(self.settings.media.ice_servers(call.user, now().wall))
    }

    /// Lets an admitted call in. Once it is in, its client has a new offer answered.
    pub async fn join_call(&self, call: &Call, join: CallJoin) -> Result<JoinedCall, Refusal> {
        if self.is_stopping() {
            return Err(Refusal::unavailable());
        }
        let CallJoin { sdp, sources, mute, video_mute } = join;
        let outline = media::outline(&sdp)?;
        let session = call.session;
        if self.rooms.room_of(session) != Ok(call.room) {
            let (via, client, deaf) = (Via::Aura, Some(call.id.clone()), false);
            let (unlocked, only_once) = (false, false);
            let beside = None;
            let join =
                Join { session, via, client, mute, deaf, video_mute, beside, unlocked, only_once };
            self.come_in(call, join).await?;
        }
        let answered = self.media.offer(session, sdp, sources).await;
        let ufrag = outline.ufrag;
        // Pictures are subscribed to.
        let hidden = outline.receives_video.into_iter().map(hidden).collect();
        let answered = match answered {
            Ok(answer) => self.media.view(session, hidden).await.map(|()| answer),
            Err(refusal) => Err(refusal),
        };
        let view = self.rooms.view(call.room).await?;
        let actor = self.actor_of(call).await?;
        let is_admin = check(&view.settings, &actor, Action::Admit).is_ok();
        Ok(JoinedCall { sdp: answered?, view, is_admin, ufrag })
    }

    async fn come_in(&self, call: &Call, join: Join) -> Result<(), Refusal> {
        self.limits.take_join(call.user)?;
        let (app, call) = (self.clone(), call.clone());
        to_the_end(async move {
            let session = join.session;
            match &call.who {
                Who::Account(account) => {
                    let identity = app.identity_of(*account).await?;
                    app.join_now(&identity, call.room, join).await?;
                }
                Who::Guest(caller) => {
                    let actor = Actor::Caller(Caller::clone(caller));
                    app.rooms.submit(call.room, &actor, Command::Join(join)).await?;
                }
            }
            // The socket that the call is on is its link for as long as it is open.
            let up = Command::LinkUp { session, link: Link::Socket };
            app.rooms.submit(call.room, &Actor::Server, up).await.map(|_| ())
        })
        .await
    }

    /// What a call that is in is to see from now on, in place of all before; an offer with the sections
    /// for it comes along. One of another connection than the call's own makes that a second one.
    pub async fn subscribe_call(
        &self,
        call: &Call,
        own: &Connections,
        subscription: Subscription,
    ) -> Result<Subscribed, Refusal> {
        self.check_is_in(call)?;
        let Subscription { sdp, sources, wants } = subscription;
        let outline = media::outline(&sdp)?;
        let session = match outline.ufrag == own.ufrag {
            true => call.session,
            false => self.second_connection(call, own.second).await?,
        };
        let sdp = self.media.offer(session, sdp, sources).await?;
        let listed = |mid: &String| wants.iter().any(|want| want.mid == *mid);
        let others: Vec<ViewRequest> =
            outline.receives_video.into_iter().filter(|mid| !listed(mid)).map(hidden).collect();
        self.media.view(session, wants.into_iter().chain(others).collect()).await?;
        Ok(Subscribed { sdp, session })
    }

    /// The session of a call's second connection: the one that it has, or a new one.
    async fn second_connection(
        &self,
        call: &Call,
        second: Option<SessionId>,
    ) -> Result<SessionId, Refusal> {
        if let Some(second) = second.filter(|second| self.rooms.room_of(*second) == Ok(call.room)) {
            return Ok(second);
        }
        let session = SessionId(self.ids.next());
        let join = Join {
            session,
            via: Via::Aura,
            client: Some(format!("{}{SECOND_SUFFIX}", call.id)),
            mute: true,
            deaf: false,
            video_mute: true,
            beside: Some(call.session),
            unlocked: false,
            only_once: false,
        };
        self.command_of_call(call, Command::Join(join)).await?;
        Ok(session)
    }

    /// What a session of a call is sent of others' pictures just now.
    pub async fn pictures_of(&self, session: SessionId) -> Result<Pictures, Refusal> {
        Ok(self.media.pictures(session).await?)
    }

    /// Has the call's room carry out a command of its person's. The call must have been admitted.
    pub async fn command_of_call(&self, call: &Call, command: Command) -> Result<Outcome, Refusal> {
        let actor = self.actor_of(call).await?;
        self.rooms.submit(call.room, &actor, command).await
    }

    /// The same for what is told to everyone in the room, and may not be said as often as one can.
    pub async fn say_of_call(&self, call: &Call, command: Command) -> Result<(), Refusal> {
        self.limits.take_voice_update(call.user)?;
        self.command_of_call(call, command).await.map(|_| ())
    }

    /// Follows a room by the token of a call that was admitted, without being it.
    pub async fn watch_call(&self, token: &str) -> Result<WatchBeside, Refusal> {
        let (room, session) = self.accounts.tokens.verify_call(token, now().wall)?;
        self.rooms.watch_along(room, session).await
    }

    /// Refuses a call that is not in, by the index alone.
    pub fn check_is_in(&self, call: &Call) -> Result<(), Refusal> {
        let is_in = self.rooms.room_of(call.session) == Ok(call.room);
        if is_in { Ok(()) } else { Err(room::Refusal::CallNotAdmitted.into()) }
    }

    /// Ends a call, wherever it has come to.
    pub async fn hang_up(&self, call: &Call) {
        let end = Command::HangUp { session: call.session };
        if let Err(refusal) = self.rooms.submit(call.room, &Actor::Server, end).await {
            tracing::warn!(%refusal, "a call could not be ended");
        }
    }
}

/// What a call's second connection is called behind the call's own name. No call has such a name: control
/// characters are refused in them.
const SECOND_SUFFIX: &str = "\u{1}second";

/// What is read of a guest who gave no name.
const GUEST_NAME: &str = "Guest";

fn hidden(mid: String) -> ViewRequest {
    ViewRequest { mid, user: None, session: None, source: None, width: 0, height: 0 }
}

impl Call {
    /// A call of an account's, which the room has let in.
    pub(crate) fn of_account(room: RoomId, session: SessionId, id: String, user: UserId) -> Self {
        Self { room, session, id, user, who: Who::Account(AccountId(user.0)) }
    }

    /// Whose account's it is; `None`: a guest's.
    pub(crate) fn account(&self) -> Option<AccountId> {
        match self.who {
            Who::Account(account) => Some(account),
            Who::Guest(_) => None,
        }
    }

    fn is_same(&self, room: RoomId, id: &str, account: Option<AccountId>) -> bool {
        self.room == room && self.id == id && self.account() == account
    }
}
