//! Who stands behind a request: from a token to a person with permissions.

use model::{AccountId, ExternalId, Permissions, RoleId, Timestamp, UserId, username_from_email};
use room::{Actor, Caller, Person};
use store::{Account, ExternalKey, NewAccount, Role};

use crate::Refusal;
use crate::accounts::Accounts;
use crate::clock::now;
use crate::tokens::Bearer;

/// The name under which the platform that shares JWT_SECRET with us is kept as an issuer.
pub const PLATFORM_ISSUER: &str = "platform";

/// An account that has shown a valid token.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account.
    pub account: Account,
    /// Its roles.
    pub roles: Vec<Role>,
    /// Whether a trusted platform vouched: its channels are made on first sight.
    pub from_platform: bool,
}

impl Identity {
    /// As a room sees them.
    pub fn person(&self) -> Person {
        let shown =
            self.account.display_name.as_ref().filter(|_| self.account.external_id.is_some());
        Person {
            id: UserId::from(self.account.id),
            // A platform's people keep the name they have there, even where ours had to be numbered.
            username: shown.unwrap_or(&self.account.username).clone(),
            email: self.account.email.clone(),
            external_id: self.account.external_id.clone(),
        }
    }

    /// What they may do before a room's overrides.
    pub fn permissions(&self) -> Permissions {
        self.roles.iter().fold(Permissions::EVERYONE, |all, role| all | role.permissions)
    }

    /// Their roles, for a room's overrides.
    pub fn role_ids(&self) -> Vec<RoleId> {
        self.roles.iter().map(|role| role.id).collect()
    }

    /// As a room judges them.
    pub fn caller(&self) -> Caller {
        Caller { person: self.person(), roles: self.role_ids(), base: self.permissions() }
    }

    /// As the one who asks a room for something.
    pub fn actor(&self) -> Actor {
        Actor::Caller(self.caller())
    }
}

impl Accounts {
    /// The account behind an access token of ours or of the trusted platform.
    pub async fn authenticate(&self, token: &str) -> Result<Identity, Refusal> {
        let bearer = self.tokens.verify_access(token, now().wall)?;
        let id = match &bearer {
            Bearer::Own { account, .. } | Bearer::Platform { account, .. } => *account,
            Bearer::PlatformExternal { external, username, .. } => {
                self.external_account(external, username).await?.id
            }
        };
        let found = self.store.account_with_roles(id).await?;
        let (account, roles) = found.ok_or(Refusal::Unauthenticated)?;
        if account.banned {
            return Err(Refusal::Banned);
        }
        let (good, from_platform) = match bearer {
            Bearer::Own { epoch, .. } => (epoch == account.epoch, false),
            // A platform names our people, it does not become our administrators.
            Bearer::Platform { issued_at, .. } => {
                (roles.is_empty() && is_since_epoch(issued_at, &account), true)
            }
            Bearer::PlatformExternal { issued_at, .. } => {
                (is_since_epoch(issued_at, &account), true)
            }
        };
        if !good {
            return Err(Refusal::Unauthenticated);
        }
        Ok(Identity { account, roles, from_platform })
    }

    /// An account as it is now, with its roles. Whoever asks has looked at how they may.
    pub(crate) async fn identity(&self, id: AccountId) -> Result<Option<Identity>, Refusal> {
        let found = self.store.account_with_roles(id).await?;
        Ok(found.map(|(account, roles)| Identity { account, roles, from_platform: false }))
    }

    /// The account of a platform's person who has been here.
    pub async fn find_external(&self, external: &ExternalId) -> Result<UserId, Refusal> {
        let known = self.store.account_by_external(PLATFORM_ISSUER, external).await?;
        known.map(|account| UserId::from(account.id)).ok_or(Refusal::UserNotFound)
    }

    /// The account of a platform's person, made on first sight. Never an administrator.
    pub(crate) async fn external_account(
        &self,
        external: &ExternalId,
        shown: &str,
    ) -> Result<Account, Refusal> {
        let known = self.store.account_by_external(PLATFORM_ISSUER, external).await?;
        if let Some(account) = known {
            return Ok(account);
        }
        let new = NewAccount {
            id: AccountId(self.ids.next()),
            username: username_from_email(shown),
            email: None,
            display_name: Some(shown.to_owned()),
            password_hash: None,
            external: Some(ExternalKey {
                issuer: PLATFORM_ISSUER.to_owned(),
                id: external.clone(),
            }),
            owner_if_none: false,
            created_at: now().wall,
        };
        Ok(self.store.find_or_create_external_account(&new).await?)
    }
}

/// Whether a platform's token is younger than the account's epoch. It carries no epoch of ours, so that
/// the time it was issued decides, in whole seconds.
fn is_since_epoch(issued_at: Option<Timestamp>, account: &Account) -> bool {
    account.epoch == 0 || issued_at.is_some_and(|issued| issued > account.epoch_changed_at)
}
