//! Inviting: who is meant, ringing them, answering.
//!
//! A room keeps the invitations (`room::Invitation`), registered clients ring (`crate::registrations`). A
//! telephone will be one more thing that rings: whoever has one follows the same events.

use std::convert::Infallible;

use model::{AccountId, ExternalId, Id, Redacted, RoomId, SessionId, UserId};
use room::{Actor, Command, Invite, RingEnd, RoomView};
use store::Account;

use crate::accounts::Origin;
use crate::calls::{Call, Credentials};
use crate::clock::now;
use crate::identity::PLATFORM_ISSUER;
use crate::registrations::Registration;
use crate::rooms::CallWatch;
use crate::{App, Refusal};

/// Whom one request may invite: as many as ring at once in a room.
pub const DESTINATIONS_MAX: usize = room::RINGING_MAX;
/// The longest destination, in characters.
pub const DESTINATION_LEN_MAX: usize = 128;

/// On whose behalf a socket invites.
#[derive(Clone, Debug, Default)]
pub struct Inviter {
    /// The call that the socket holds.
    pub call: Option<Call>,
    /// The account that it is registered for.
    pub registered: Option<UserId>,
}

/// Somebody who was invited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invited {
    /// What their call is called.
    pub call: String,
    /// Whom, as it was typed.
    pub destination: String,
}

/// An invitation that a client has answered: the call is its own.
#[derive(Debug)]
pub struct Answered {
    /// The call.
    pub call: Call,
    /// What it is told from now on.
    pub watch: CallWatch,
}

/// Whom a destination means.
pub(crate) struct Destination {
    typed: String,
    account: Option<Account>,
}

impl App {
    /// Registers a client of the account that these credentials are of. It is rung until it is dropped.
    pub async fn register_client(
        &self,
        credentials: Credentials,
        origin: Origin,
    ) -> Result<Registration, Refusal> {
        let identity = self.who_rings(credentials, origin).await?;
        let account = identity.ok_or(Refusal::WrongCredentials)?.account.id;
        Ok(self.rooms.registrations().register(UserId::from(account)))
    }

    /// Invites people to the room of the socket's call; without one, to the room that the account it is
    /// registered for is in. Who is in already is passed over.
    pub async fn invite(
        &self,
        by: &Inviter,
        destinations: Vec<String>,
    ) -> Result<Vec<Invited>, Refusal> {
        let (room, actor) = self.where_invited(by).await?;
        let user = actor.user().ok_or(Refusal::Unauthenticated)?;
        // Who may not is told so before anybody is looked up for them.
        let (invites, by_call) = (Vec::new(), None);
        self.rooms.consider(room, &actor, &Command::Invite { invites, by_call }).await?;
        let destinations = self.destinations(user, destinations).await?;
        let by_call = by.call.as_ref().map(|call| call.session);
        self.ring_all(room, &actor, by_call, destinations).await
    }

    async fn where_invited(&self, by: &Inviter) -> Result<(RoomId, Actor), Refusal> {
        let registered = by.registered.map(|user| AccountId(user.0));
        match (&by.call, registered) {
            (Some(call), registered) => {
                self.room_of_call(call, false).await?;
                let actor = match registered.filter(|_| call.account().is_none()) {
                    Some(account) => self.identity_of(account).await?.actor(),
                    None => self.actor_of(call).await?,
                };
                Ok((call.room, actor))
            }
            (None, Some(account)) => {
                let rooms = self.rooms.index().rooms_of(UserId::from(account));
                let room = rooms.last().copied().ok_or(room::Refusal::NotInRoom)?;
                Ok((room, self.identity_of(account).await?.actor()))
            }
            (None, None) => Err(Refusal::Unauthenticated),
        }
    }

    /// Whom destinations mean, each once. Counts them.
    pub(crate) async fn destinations(
        &self,
        by: UserId,
        typed: Vec<String>,
    ) -> Result<Vec<Destination>, Refusal> {
        if typed.len() > DESTINATIONS_MAX {
            return Err(Refusal::Invalid(format!("at most {DESTINATIONS_MAX} at once")));
        }
        let mut found: Vec<Destination> = Vec::with_capacity(typed.len());
        for typed in typed {
            self.limits.take_invitation(by)?;
            let account = self.account_of(&typed).await?;
            let one = Destination { typed, account };
            if !found.iter().any(|other| other.is_same(&one)) {
                found.push(one);
            }
        }
        Ok(found)
    }

    /// The account that a destination means: by its username, else by an id. An address is nobody's name:
    /// whether somebody has it is not told.
    async fn account_of(&self, typed: &str) -> Result<Option<Account>, Refusal> {
        let by_word = self.store.account_by_word(typed).await?;
        let named = by_word.filter(|account| is_name_of(account, typed));
        let found = match (named, typed.parse::<Id>(), ExternalId::uuid(typed)) {
            (Some(named), _, _) => Some(named),
            (None, Ok(id), _) => self.store.account(AccountId(id)).await?,
            (None, Err(_), Ok(external)) => {
                self.store.account_by_external(PLATFORM_ISSUER, &external).await?
            }
            (None, Err(_), Err(_)) => None,
        };
        Ok(found.filter(|account| !account.banned))
    }

    /// Rings them, and says what each call is called. Who cannot be reached by anything is told of as not
    /// coming.
    pub(crate) async fn ring_all(
        &self,
        room: RoomId,
        by: &Actor,
        by_call: Option<SessionId>,
        destinations: Vec<Destination>,
    ) -> Result<Vec<Invited>, Refusal> {
        let invites: Vec<Invite> = destinations.iter().map(|one| self.new_invite(one)).collect();
        let command = Command::Invite { invites: invites.clone(), by_call };
        let view = self.rooms.submit(room, by, command).await?.view;
        let ringing = invites.iter().filter_map(|invite| ringing(&view, invite));
        let invited = ringing.collect();
        for invite in invites.iter().filter(|invite| invite.guest) {
            self.cannot_reach(room, invite.session).await?;
        }
        Ok(invited)
    }

    fn new_invite(&self, destination: &Destination) -> Invite {
        let session = SessionId(self.ids.next());
        let (call, guest) = (session.to_uuid(), destination.account.is_none());
        let (name, user) = match &destination.account {
            Some(account) => (account.shown_name().to_owned(), UserId::from(account.id)),
            None => (destination.typed.clone(), UserId(self.ids.next())),
        };
        Invite { session, call, destination: destination.typed.clone(), name, user, guest }
    }

    /// Who has no account could be reached by telephone alone, and there is none in this process.
    async fn cannot_reach(&self, room: RoomId, session: SessionId) -> Result<(), Refusal> {
        let why = RingEnd::Unreachable;
        match self.stop_ringing(room, session, why).await {
            // It is over already.
            Ok(()) | Err(Refusal::Unauthenticated) => Ok(()),
            Err(refusal) => Err(refusal),
        }
    }

    /// A token by which a client answers an invitation.
    pub fn ring_token(
        &self,
        room: RoomId,
        session: SessionId,
    ) -> Result<Redacted<String>, Refusal> {
        self.token_of(room, session)
    }

    /// Answers an invitation by its token, for a client that is about to come in with this offer. One
    /// client does; for all others the token is worth nothing from then on.
    pub async fn answer_invitation(&self, token: &str, sdp: &str) -> Result<Answered, Refusal> {
        let (room, session) = self.accounts.tokens.verify_call(token, now().wall)?;
        let answer = Command::Answer { session };
        self.rooms.consider(room, &Actor::Server, &answer).await.map_err(of_token)?;
        // What is no offer answers nothing.
        media::outline(sdp)?;
        let (call, watch) = self.rooms.answer(room, session).await.map_err(of_token)?;
        Ok(Answered { call: Call::of_account(room, session, call.id, call.user), watch })
    }

    /// Declines an invitation by its token: nothing rings any more.
    pub async fn decline_invitation(&self, token: &str) -> Result<SessionId, Refusal> {
        let (room, session) = self.accounts.tokens.verify_call(token, now().wall)?;
        self.stop_ringing(room, session, RingEnd::Declined).await?;
        Ok(session)
    }

    async fn stop_ringing(
        &self,
        room: RoomId,
        session: SessionId,
        why: RingEnd,
    ) -> Result<(), Refusal> {
        let stop = Command::StopRinging { session, why };
        let stopped = self.rooms.submit(room, &Actor::Server, stop).await;
        stopped.map(|_| ()).map_err(of_token)
    }

    /// Makes a room of a telephone call that the socket's account is in. There are no telephones in this
    /// process, so nobody is in one.
    pub async fn convert_call(&self, by: &Inviter) -> Result<Infallible, Refusal> {
        let account = by.call.as_ref().and_then(Call::account);
        let account = account.or(by.registered.map(|user| AccountId(user.0)));
        self.identity_of(account.ok_or(Refusal::Unauthenticated)?).await?;
        Err(Refusal::NoSuchCall)
    }
}

/// The call that a destination has: the one that was made for it, or another that rings for the same person.
fn ringing(view: &RoomView, invite: &Invite) -> Option<Invited> {
    let call = view.ringing.iter().find(|call| call.user == invite.user)?;
    Some(Invited { call: call.id.clone(), destination: invite.destination.clone() })
}

/// An invitation that is over is a token that is worth nothing.
fn of_token(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::Room(room::Refusal::CallNotAdmitted | room::Refusal::RoomNotFound) => {
            Refusal::Unauthenticated
        }
        refusal => refusal,
    }
}

fn is_name_of(account: &Account, typed: &str) -> bool {
    account.username.to_lowercase() == typed.to_lowercase()
}

impl Destination {
    fn is_same(&self, other: &Self) -> bool {
        match (&self.account, &other.account) {
            (Some(own), Some(other)) => own.id == other.id,
            (None, None) => self.typed.to_lowercase() == other.typed.to_lowercase(),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }
}
