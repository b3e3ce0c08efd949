//! Accounts: made, logged into, banned. The same for every dialect and the command line.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use model::{AccountId, Redacted, Username};
use store::{Account, NewAccount, Role, Store};

use crate::Refusal;
use crate::clock::{Ids, now};
use crate::limits::{Buckets, Rate, household};
use crate::passwords::Passwords;
use crate::setup_code::SetupCode;
use crate::tokens::Tokens;

/// Failed logins per account and address: five at once, then one in ten seconds. An IPv6 customer's
/// addresses are one.
const FAILED_LOGINS: Rate = Rate { burst: 5.0, per_sec: 0.1 };
/// Sign-ups per address: sixty a minute, enough for a class behind one address.
const SIGN_UPS: Rate = Rate { burst: 60.0, per_sec: 1.0 };

/// The longest word that can be somebody's, in bytes (RFC 5321: an e-mail address). Longer ones are
/// counted as one, so that they cannot fill the memory.
const LOGIN_WORD_LEN_MAX: usize = 254;

/// The longest password taken: Argon2 reads all of it.
pub const PASSWORD_LEN_MAX: usize = 128;
/// The longest name shown instead of the username.
pub const DISPLAY_NAME_LEN_MAX: usize = 64;

/// The accounts of this server.
pub struct Accounts {
    pub(crate) store: Store,
    pub(crate) tokens: Tokens,
    pub(crate) ids: Arc<Ids>,
    passwords: Passwords,
    setup_code: SetupCode,
    /// `None`: unlimited, for tests and benchmarks.
    limits: Option<Limits>,
}

struct Limits {
    failed_logins: Buckets<(String, IpAddr)>,
    sign_ups: Buckets<IpAddr>,
}

/// What a new account is made of.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// Unique, case-insensitive.
    pub username: Username,
    /// Unique, case-insensitive.
    pub email: Option<String>,
    /// Shown instead of the username.
    pub display_name: Option<String>,
    /// As typed.
    pub password: Redacted<String>,
    /// What the first start printed, to become administrator from elsewhere.
    pub setup_code: Option<Redacted<String>>,
}

/// Where a request came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The client's address.
    pub address: IpAddr,
    /// Whether the client is on this machine: no proxy stands between.
    pub local: bool,
}

/// An account with a fresh token.
#[derive(Clone, Debug)]
pub struct LoggedIn {
    /// The account.
    pub account: Account,
    /// Its roles.
    pub roles: Vec<Role>,
    /// An access token.
    pub token: Redacted<String>,
}

impl Accounts {
    /// Over an open store.
    pub fn new(
        store: Store,
        tokens: Tokens,
        ids: Arc<Ids>,
        setup_code: SetupCode,
        limited: bool,
    ) -> Self {
        let limits = limited.then(|| Limits {
            failed_logins: Buckets::new(FAILED_LOGINS),
            sign_ups: Buckets::new(SIGN_UPS),
        });
        Self { store, tokens, ids, passwords: Passwords::new(), setup_code, limits }
    }

    /// The public half of the key that signs tokens, as a JWK set (RFC 7517).
    pub fn jwks(&self) -> String {
        self.tokens.jwks()
    }

    /// To be printed, while it is good for something.
    pub fn setup_code(&self) -> Option<Redacted<String>> {
        self.setup_code.get()
    }

    /// Makes an account and logs it in. While there is no administrator, one made on this machine or
    /// with the set-up code becomes it.
    pub async fn register(&self, sign_up: SignUp, origin: Origin) -> Result<LoggedIn, Refusal> {
        if let Some(limits) = &self.limits {
            let taken = limits.sign_ups.take(household(origin.address), now().mono);
            taken.map_err(|allowance| Refusal::RateLimited(allowance.retry_after))?;
        }
        let code_fits = sign_up.setup_code.as_ref().is_some_and(|code| self.setup_code.fits(code));
        if sign_up.setup_code.is_some() && !code_fits {
            return Err(Refusal::Invalid("the set-up code is wrong or was used".to_owned()));
        }
        let account = self.create(sign_up, code_fits || origin.local).await?;
        self.logged_in(account).await
    }

    /// Makes an account without any of the doors' checks: for the command line too. While there is no
    /// administrator, who is trusted to be the operator becomes it.
    pub async fn create(&self, sign_up: SignUp, operator: bool) -> Result<Account, Refusal> {
        let hash = self.passwords.hash(sign_up.password).await?;
        let new = NewAccount {
            id: AccountId(self.ids.next()),
            username: sign_up.username,
            email: sign_up.email,
            display_name: sign_up.display_name,
            password_hash: Some(hash),
            external: None,
            owner_if_none: operator,
            created_at: now().wall,
        };
        let account = self.store.create_account(&new).await?;
        if operator && self.store.has_administrator().await? {
            self.setup_code.use_up();
        }
        Ok(account)
    }

    /// Logs in by username or e-mail. An unknown name, a wrong password and an account without one are
    /// the same answer after the same work.
    pub async fn login(
        &self,
        word: &str,
        password: Redacted<String>,
        origin: Origin,
    ) -> Result<LoggedIn, Refusal> {
        let guess = self.count_guess(word, origin.address)?;
        let checked = self.check_password(word, password).await;
        if let (Some(limits), Some(guess)) = (&self.limits, guess)
            && !matches!(checked, Err(Refusal::WrongCredentials))
        {
            limits.failed_logins.give_back(&guess, now().mono);
        }
        let account = checked?;
        if account.banned {
            return Err(Refusal::Banned);
        }
        self.logged_in(account).await
    }

    /// Counts as failed before it is tried: guesses made beside each other are no more than others.
    fn count_guess(
        &self,
        word: &str,
        address: IpAddr,
    ) -> Result<Option<(String, IpAddr)>, Refusal> {
        let Some(limits) = &self.limits else { return Ok(None) };
        let word =
            if word.len() > LOGIN_WORD_LEN_MAX { String::new() } else { word.to_lowercase() };
        let guess = (word, household(address));
        let taken = limits.failed_logins.take(guess.clone(), now().mono);
        taken.map_err(|allowance| Refusal::RateLimited(allowance.retry_after))?;
        Ok(Some(guess))
    }

    async fn check_password(
        &self,
        word: &str,
        password: Redacted<String>,
    ) -> Result<Account, Refusal> {
        let account = self.store.account_by_word(word).await?;
        let hash = account.as_ref().and_then(|account| account.password_hash.clone());
        let right = match hash {
            Some(hash) => self.passwords.verify(hash, password).await?,
            None => self.passwords.verify_nobody(password).await?,
        };
        account.filter(|_| right).ok_or(Refusal::WrongCredentials)
    }

    async fn logged_in(&self, account: Account) -> Result<LoggedIn, Refusal> {
        let roles = self.store.roles_of(account.id).await?;
        let token =
            self.tokens.issue_access(account.id, &account.username, account.epoch, now().wall);
        let token = token.map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Refusal::unavailable()
        })?;
        Ok(LoggedIn { account, roles, token: Redacted::new(token) })
    }
}
