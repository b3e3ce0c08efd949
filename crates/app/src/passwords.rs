//! Password hashes: Argon2id (RFC 9106), on threads of their own, as many as there are cores. A hash fills
//! 19 MiB, and what a thread has filled once its allocator may keep: on threads that come and go, as those of
//! the runtime, that would be hundreds of MiB for good.
//!
//! `accounts` calls it. What must hold: an unknown user costs the same work as a known one
//! ([`Passwords::verify_nobody`]), and neither passwords nor hashes are ever formatted.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use model::Redacted;
use tokio::sync::{Semaphore, oneshot};

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

/// Hashes and verifies passwords. Clones share the threads, which end with the last of them.
#[derive(Clone, Debug)]
pub struct Passwords {
    admitted: Arc<Semaphore>,
    /// No more wait in it than are admitted.
    work: Sender<Work>,
}

type Work = Box<dyn FnOnce() + Send>;

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
    /// With a thread for each core that this machine has. Panics where no thread can be made.
    pub fn new() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, |cores| cores.get());
        Self::with(threads, threads + WAITING_MAX)
    }

    fn with(threads: usize, admitted: usize) -> Self {
        let (sender, receiver) = channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..threads {
            let receiver = Arc::clone(&receiver);
            std::thread::spawn(move || {
                while let Some(work) = next(&receiver) {
                    work()
                }
            });
        }
        Self { admitted: Arc::new(Semaphore::new(admitted)), work: sender }
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
        let (reply, outcome) = oneshot::channel();
        let work = move || {
            // A panic ends this one, not the thread.
            let done = catch_unwind(AssertUnwindSafe(work));
            // Work that was begun goes on when its caller is gone: the place stays with it.
            drop(place);
            if let Ok(done) = done {
                let _ = reply.send(done);
            }
        };
        self.work.send(Box::new(work)).map_err(|_| PasswordFailure::Failed)?;
        match outcome.await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) | Err(_) => Err(PasswordFailure::Failed),
        }
    }
}

/// The next piece of work; `None` when there will be none.
fn next(queue: &Mutex<Receiver<Work>>) -> Option<Work> {
    queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
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
        let passwords = Passwords::with(1, 2);
        let (release, held) = channel::<()>();
        passwords
            .work
            .send(Box::new(move || {
                let _ = held.recv();
            }))
            .unwrap();
        let waits = |_| {
            let passwords = passwords.clone();
            tokio::spawn(async move { passwords.verify_nobody(secret("x")).await })
        };
        let waiting: Vec<_> = (0..2).map(waits).collect();
        while passwords.admitted.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(passwords.verify_nobody(secret("x")).await, Err(PasswordFailure::Busy));
        drop(release);
        for task in waiting {
            assert_eq!(task.await.unwrap(), Ok(false));
        }
        assert_eq!(passwords.verify_nobody(secret("x")).await, Ok(false));
    }

    #[tokio::test]
    async fn a_panic_ends_one_call_and_no_thread() {
        let passwords = Passwords::with(1, 1);
        let fails = passwords.work::<()>(|| panic!("as a library might")).await;
        assert_eq!(fails, Err(PasswordFailure::Failed));
        assert_eq!(passwords.verify_nobody(secret("x")).await, Ok(false));
    }
}
