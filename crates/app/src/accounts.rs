//! Accounts: made, logged into, banned. The same for every dialect and the command line.

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use model::{AccountId, Redacted, Username, username_from_email};
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
    pub(crate) passwords: Passwords,
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
        let operator = self.is_operator(sign_up.setup_code.as_ref(), origin)?;
        let account = self.create(sign_up, operator).await?;
        self.logged_in(account).await
    }

    /// Makes an account that is known by its e-mail address, as [`Self::register`] does. The username
    /// comes from the address, with a number behind it if it is taken.
    pub async fn sign_up_by_email(
        &self,
        email: String,
        password: Redacted<String>,
        setup_code: Option<Redacted<String>>,
        origin: Origin,
    ) -> Result<LoggedIn, Refusal> {
        let operator = self.is_operator(setup_code.as_ref(), origin)?;
        let username = username_from_email(&email);
        let new = self.new_account(username, Some(email), None, password, operator).await?;
        let made = self.store.create_account_numbered(&new).await;
        let account = made.map_err(|error| match error {
            store::StoreError::Taken => Refusal::EmailTaken,
            error => error.into(),
        })?;
        self.use_up_setup_code(operator).await?;
        self.logged_in(account).await
    }

    /// Whether who signs up is trusted to be the operator; counts the sign-up.
    fn is_operator(
        &self,
        code: Option<&Redacted<String>>,
        origin: Origin,
    ) -> Result<bool, Refusal> {
        if let Some(limits) = &self.limits {
            let taken = limits.sign_ups.take(household(origin.address), now().mono);
            taken.map_err(|allowance| Refusal::RateLimited(allowance.retry_after))?;
        }
        match code.map(|code| self.setup_code.fits(code)) {
            Some(false) => Err(Refusal::Invalid("the set-up code is wrong or was used".to_owned())),
            Some(true) => Ok(true),
            None => Ok(origin.local),
        }
    }

    /// Makes an account without any of the doors' checks: for the command line too. While there is no
    /// administrator, who is trusted to be the operator becomes it.
    pub async fn create(&self, sign_up: SignUp, operator: bool) -> Result<Account, Refusal> {
        let SignUp { username, email, display_name, password, setup_code: _ } = sign_up;
        let new = self.new_account(username, email, display_name, password, operator).await?;
        let account = self.store.create_account(&new).await?;
        self.use_up_setup_code(operator).await?;
        Ok(account)
    }

    async fn new_account(
        &self,
        username: Username,
        email: Option<String>,
        display_name: Option<String>,
        password: Redacted<String>,
        operator: bool,
    ) -> Result<NewAccount, Refusal> {
        let hash = self.passwords.hash(password).await?;
        Ok(NewAccount {
            id: AccountId(self.ids.next()),
            username,
            email,
            display_name,
            password_hash: Some(hash),
            external: None,
            owner_if_none: operator,
            created_at: now().wall,
        })
    }

    /// Once there is an administrator, the code is good for nothing.
    async fn use_up_setup_code(&self, operator: bool) -> Result<(), Refusal> {
        if operator && self.store.has_administrator().await? {
            self.setup_code.use_up();
        }
        Ok(())
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
