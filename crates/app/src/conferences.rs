//! Conferences as things that are kept: made, replaced, read, deleted, by people and by a service that
//! keeps them for its own.

use model::{AccountId, ExternalId, Id, Redacted, RoomId, UserId};
use room::{
    Action, Actor, Admission, Command, Listed, ProfileKind, RoomView, Settings, SettingsChange,
    check,
};
use store::{ListedAccount, NewRoom};

use crate::board::News;
use crate::catalog::{check_name, with_owner};
use crate::clock::now;
use crate::{App, Identity, Refusal, RoomRef};

/// The longest name of a conference, in characters (its page: 200).
const NAME_LEN_MAX: usize = 200;
/// The most people listed for one: as many as come in.
const LISTED_MAX: usize = 1000;

/// Who asks: a person, or the service that has the operator's key.
#[derive(Clone, Debug)]
pub enum Operator {
    /// A person with an account.
    Account(Identity),
    /// The service. May do everything with conferences, and name people that are not known yet.
    Service,
}

impl Operator {
    fn actor(&self) -> Actor {
        match self {
            Self::Account(identity) => identity.actor(),
            Self::Service => Actor::Server,
        }
    }
}

/// How a request names a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedUser {
    /// By our id.
    Own(Id),
    /// By their platform's.
    External(ExternalId),
}

/// Somebody who is to be expected.
#[derive(Clone, Debug)]
pub struct MemberDraft {
    /// Who.
    pub user: NamedUser,
    /// See [`Listed::admin`].
    pub admin: bool,
}

/// What is to become of a password.
#[derive(Clone, Debug)]
pub enum PasswordChange {
    /// It stays as it is.
    Keep,
    /// There is none any more.
    Remove,
    /// This one.
    Set(Redacted<String>),
}

/// What a conference is made of, or is from now on.
#[derive(Clone, Debug)]
pub struct ConferenceDraft {
    /// 1 to 200 characters.
    pub name: String,
    /// What one must know.
    pub password: PasswordChange,
    /// See [`Admission::open`].
    pub open: bool,
    /// See [`Admission::force_password`].
    pub force_password: bool,
    /// See [`Admission::force_waiting_room`].
    pub force_waiting_room: bool,
    /// Who is expected; who is named twice is what the last says.
    pub members: Vec<MemberDraft>,
}

/// Somebody who is expected, as shown.
#[derive(Clone, Debug)]
pub struct ConferenceMember {
    /// As stored.
    pub listed: Listed,
    /// The account, if it is still there.
    pub account: Option<ListedAccount>,
}

/// A conference as shown to those who may read it.
#[derive(Clone, Debug)]
pub struct Conference {
    /// Its settings.
    pub settings: Settings,
    /// Who is expected.
    pub members: Vec<ConferenceMember>,
}

impl App {
    /// Makes a conference. Its creator is an admin there, listed or not.
    pub async fn create_conference(
        &self,
        by: &Operator,
        draft: ConferenceDraft,
    ) -> Result<Conference, Refusal> {
        let creator = match by {
            Operator::Account(identity) => {
                self.check_may_create(identity)?;
                self.limits.take_room(identity.account.id)?;
                Some(UserId::from(identity.account.id))
            }
            Operator::Service => None,
        };
        check_name(&draft.name, NAME_LEN_MAX)?;
        let has_password = matches!(draft.password, PasswordChange::Set(_));
        check_password_is_there(&draft, has_password)?;
        let admission = self.admission_of(by, &draft).await?;
        let password_hash = match draft.password {
            PasswordChange::Set(password) => Some(self.accounts.passwords.hash(password).await?),
            PasswordChange::Keep | PasswordChange::Remove => None,
        };
        let profile = ProfileKind::Conference.profile();
        let new = NewRoom {
            id: RoomId(self.ids.next()),
            name: draft.name,
            kind: ProfileKind::Conference,
            topic: None,
            member_limit: profile.member_limit,
            temporary: false,
            created_by: creator,
            external: None,
            created_at: now().wall,
            overrides: with_owner(creator, Vec::new()),
            password_hash,
            captions: profile.captions,
            admission,
        };
        let settings = self.store.create_room(&new).await?;
        self.board.tell(News::RoomCreated { settings: settings.clone() }).await;
        self.shown_conference(settings).await
    }

    /// Makes it what the draft says, people included; the password may stay. Who is in stays in.
    pub async fn replace_conference(
        &self,
        by: &Operator,
        room: &RoomRef,
        draft: ConferenceDraft,
    ) -> Result<Conference, Refusal> {
        let before = self.conference_settings(by, room).await?;
        check(&before, &by.actor(), Action::Manage)?;
        check_name(&draft.name, NAME_LEN_MAX)?;
        let has_password = match draft.password {
            PasswordChange::Keep => before.has_password,
            PasswordChange::Remove => false,
            PasswordChange::Set(_) => true,
        };
        check_password_is_there(&draft, has_password)?;
        let admission = Some(self.admission_of(by, &draft).await?);
        match draft.password {
            PasswordChange::Keep => {}
            PasswordChange::Remove => self.store.set_room_password(before.id, None).await?,
            PasswordChange::Set(password) => {
                let hash = self.accounts.passwords.hash(password).await?;
                self.store.set_room_password(before.id, Some(&hash)).await?;
            }
        }
        let (name, has_password) = (Some(draft.name), Some(has_password));
        let change = SettingsChange { name, admission, has_password, ..SettingsChange::default() };
        let change = Command::ChangeSettings(change);
        let outcome = self.rooms.submit(before.id, &by.actor(), change).await?;
        self.shown_conference(outcome.view.settings).await
    }

    /// The conferences that one owns or is expected in; all of them for the service.
    pub async fn conferences(&self, by: &Operator) -> Result<Vec<Conference>, Refusal> {
        let mut shown = Vec::new();
        for settings in self.store.list_rooms().await? {
            let concerns = match by {
                Operator::Service => true,
                Operator::Account(identity) => {
                    let user = UserId::from(identity.account.id);
                    settings.created_by == Some(user) || settings.admission.is_listed(user)
                }
            };
            if settings.kind == ProfileKind::Conference && concerns {
                shown.push(self.shown_conference(settings).await?);
            }
        }
        Ok(shown)
    }

    /// One conference, for those who may read it.
    pub async fn conference(&self, by: &Operator, room: &RoomRef) -> Result<Conference, Refusal> {
        let settings = self.conference_settings(by, room).await?;
        self.shown_conference(settings).await
    }

    /// Deletes a conference; everyone in it is put out.
    pub async fn delete_conference(&self, by: &Operator, room: &RoomRef) -> Result<(), Refusal> {
        let settings = self.conference_settings(by, room).await?;
        self.delete_room_as(&by.actor(), settings).await
    }

    /// Who is in a conference, for those who may read it.
    pub async fn conference_now(&self, by: &Operator, room: &RoomRef) -> Result<RoomView, Refusal> {
        let settings = self.conference_settings(by, room).await?;
        self.rooms.view(settings.id).await
    }

    async fn conference_settings(
        &self,
        by: &Operator,
        room: &RoomRef,
    ) -> Result<Settings, Refusal> {
        let room = self.find_room(room).await?;
        let settings = self.store.room(room).await?;
        let is_one = |settings: &Settings| settings.kind == ProfileKind::Conference;
        let settings = settings.filter(is_one).ok_or(room::Refusal::RoomNotFound)?;
        check(&settings, &by.actor(), Action::ReadAdmission)?;
        Ok(settings)
    }

    async fn admission_of(
        &self,
        by: &Operator,
        draft: &ConferenceDraft,
    ) -> Result<Admission, Refusal> {
        if draft.members.len() > LISTED_MAX {
            return Err(Refusal::Invalid(format!("at most {LISTED_MAX} members")));
        }
        let mut members: Vec<Listed> = Vec::with_capacity(draft.members.len());
        for member in &draft.members {
            let user = self.named_user(by, &member.user).await?;
            match members.iter_mut().find(|other| other.user == user) {
                Some(other) => other.admin = member.admin,
                None => members.push(Listed { user, admin: member.admin }),
            }
        }
        let ConferenceDraft { open, force_password, force_waiting_room, .. } = *draft;
        Ok(Admission { open, force_password, force_waiting_room, members })
    }

    /// The account that a request means. The service's own people are made on first sight.
    async fn named_user(&self, by: &Operator, named: &NamedUser) -> Result<UserId, Refusal> {
        let unknown = || Refusal::Invalid("user_id names nobody".to_owned());
        match (named, by) {
            (NamedUser::Own(id), _) => {
                let found = self.store.account(AccountId(*id)).await?;
                found.map(|account| UserId::from(account.id)).ok_or_else(unknown)
            }
            (NamedUser::External(external), Operator::Service) => {
                let account = self.accounts.external_account(external, external.as_str()).await?;
                Ok(UserId::from(account.id))
            }
            (NamedUser::External(external), Operator::Account(_)) => {
                match self.accounts.find_external(external).await {
                    Err(Refusal::UserNotFound) => Err(unknown()),
                    found => found,
                }
            }
        }
    }

    async fn shown_conference(&self, settings: Settings) -> Result<Conference, Refusal> {
        let accounts = self.store.listed_accounts(settings.id).await?;
        let of = |user: UserId| accounts.iter().find(|account| UserId::from(account.id) == user);
        let members = settings.admission.members.iter();
        let members = members
            .map(|listed| ConferenceMember { listed: *listed, account: of(listed.user).cloned() });
        let members = members.collect();
        Ok(Conference { settings, members })
    }
}

/// A password that is asked of everyone and that nobody can know would keep everyone out.
fn check_password_is_there(draft: &ConferenceDraft, has_password: bool) -> Result<(), Refusal> {
    if draft.force_password && !draft.open && !has_password {
        return Err(Refusal::Invalid("force_password needs a password".to_owned()));
    }
    Ok(())
}
