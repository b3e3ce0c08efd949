//! Password hashes: Argon2id (RFC 9106), off the async threads, as many at once as there are cores.
//!
//! `accounts` calls it. What must hold: an unknown user costs the same work as a known one
//! ([`Passwords::verify_nobody`]), and neither passwords nor hashes are ever formatted.

use std::sync::Arc;

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use model::Redacted;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Refusal;

/// Memory per hash, in KiB, OWASP's first recommendation for Argon2id. Twice as much would make a stolen
/// hash twice as dear to try, and every login too.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over that memory (same source).
const PASSES: u32 = 2;
/// Threads per hash (same source): logins run beside each other, not each on many cores.
const LANES: u32 = 1;

/// Calls that may wait for a core, beside those that have one. A hash takes some tens of milliseconds:
/// more would let people wait for seconds, fewer would refuse a class that logs in at once.
const WAITING_MAX: usize = 64;

/// Salt of the work that is done for unknown users. It protects nothing, so it need not be random.
const NOBODYS_SALT: &[u8; 16] = b"nobody is behind";

/// Hashes and verifies passwords. Clones share the limit.
#[derive(Clone, Debug)]
pub struct Passwords {
    admitted: Arc<Semaphore>,
    cores: Arc<Semaphore>,
}

/// Why a password was neither hashed nor verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PasswordFailure {
    /// Too many calls are waiting.
    #[error("too many passwords are being checked")]
    Busy,
    /// The library refused, or the process is ending.
    #[error("the password could not be hashed")]
    Failed,
}

impl From<PasswordFailure> for Refusal {
    fn from(failure: PasswordFailure) -> Self {
        match failure {
            PasswordFailure::Busy => {}
            PasswordFailure::Failed => tracing::error!("{failure}"),
        }
        Self::unavailable()
    }
}

impl Default for Passwords {
    fn default() -> Self {
        Self::new()
    }
}

impl Passwords {
    /// With the cores that this machine has.
    pub fn new() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self {
            admitted: Arc::new(Semaphore::new(cores + WAITING_MAX)),
            cores: Arc::new(Semaphore::new(cores)),
        }
    }

    /// The hash to store, in PHC form, with a fresh salt.
    pub async fn hash(
        &self,
        password: Redacted<String>,
    ) -> Result<Redacted<String>, PasswordFailure> {
        let hash = move || argon2()?.hash_password(password.expose().as_bytes());
        let hash: PasswordHash = self.work(hash).await?;
        Ok(Redacted::new(hash.to_string()))
    }

    /// Whether the password is the one behind a stored hash. A hash of other parameters is verified
    /// with those.
    pub async fn verify(
        &self,
        hash: Redacted<String>,
        password: Redacted<String>,
    ) -> Result<bool, PasswordFailure> {
        let verify = move || {
            let hash = PasswordHash::new(hash.expose())?;
            match argon2()?.verify_password(password.expose().as_bytes(), &hash) {
                Ok(()) => Ok(true),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        };
        self.work(verify).await
    }

    /// The work of [`Self::verify`] for a user who is not there; always `false`.
    pub async fn verify_nobody(&self, password: Redacted<String>) -> Result<bool, PasswordFailure> {
        let work = move || {
            let password = password.expose().as_bytes();
            argon2()?.hash_password_with_salt(password, NOBODYS_SALT).map(|_: PasswordHash| ())
        };
        self.work(work).await?;
        Ok(false)
    }

    async fn work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, PasswordFailure> {
        let place = Arc::clone(&self.admitted).try_acquire_owned();
        let place = place.map_err(|_| PasswordFailure::Busy)?;
        let core = Arc::clone(&self.cores).acquire_owned().await;
        let core = core.map_err(|_| PasswordFailure::Failed)?;
        // Work that was begun goes on when its caller is gone: the permits stay with it.
        let held: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, core);
        let task = tokio::task::spawn_blocking(move || {
            let _held = held;
            work()
        });
        match task.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(PasswordFailure::Failed),
        }
    }
}

fn argon2() -> Result<Argon2<'static>, Error> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Error::from)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> Redacted<String> {
        Redacted::new(text.to_owned())
    }

    #[tokio::test]
    async fn only_the_right_password_verifies() {
        let passwords = Passwords::new();
        let hash = passwords.hash(secret("correct horse")).await.unwrap();
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        for (password, expect) in [
            ("correct horse", true),
            ("correct horsf", false),
            ("", false),
            ("Correct horse", false),
        ] {
            let verified = passwords.verify(hash.clone(), secret(password)).await;
            assert_eq!(verified, Ok(expect), "{password:?}");
        }
        let again = passwords.hash(secret("correct horse")).await.unwrap();
        assert_ne!(again, hash, "each hash has its own salt");
    }

    #[tokio::test]
    async fn nobody_is_refused_and_a_damaged_hash_is_no_answer() {
        let passwords = Passwords::new();
        assert_eq!(passwords.verify_nobody(secret("x")).await, Ok(false));
        let damaged = passwords.verify(secret("plain text"), secret("plain text")).await;
        assert_eq!(damaged, Err(PasswordFailure::Failed));
    }

    #[tokio::test]
    async fn more_than_the_limit_are_refused_and_room_comes_back() {
        let passwords =
            Passwords { admitted: Arc::new(Semaphore::new(2)), cores: Arc::new(Semaphore::new(1)) };
        let core = Arc::clone(&passwords.cores).acquire_owned().await.unwrap();
        let waits = |_| {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.verify_nobody(secret("x")).await })
        };
        let waiting: Vec<_> = (0..2).map(waits).collect();
        while passwords.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.verify_nobody(secret("x")).await, Err(PasswordFailure::Busy));
        drop(core);
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(false));
        }
        assert_eq!(passwords.verify_nobody(secret("x")).await, Ok(false));
    }
}
