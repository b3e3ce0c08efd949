//! Devices that log in with a token of their own, so that a phone need not keep a password.

use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use model::Redacted;

use crate::accounts::Accounts;
use crate::clock::now;
use crate::{App, Identity, Refusal};

/// The longest name of a device, in characters.
pub const DEVICE_LEN_MAX: usize = 128;
/// Devices of one account. More would be a leak in somebody's client.
const DEVICES_MAX: u64 = 100;
/// Random bytes in a token: nobody guesses them, so that guesses need not be counted.
const TOKEN_LEN: usize = 32;

impl App {
    /// Gives a device of the caller's a new token; the one it had is worth nothing any more.
    pub async fn issue_device(
        &self,
        by: &Identity,
        device: &str,
    ) -> Result<Redacted<String>, Refusal> {
        check_device(device)?;
        if self.store.other_devices(by.account.id, device).await? >= DEVICES_MAX {
            return Err(Refusal::Invalid(format!("at most {DEVICES_MAX} devices")));
        }
        let mut bytes = [0; TOKEN_LEN];
        rand::fill(&mut bytes).map_err(|_| Refusal::unavailable())?;
        let token = URL_SAFE_NO_PAD.encode(bytes);
        self.store.set_device(by.account.id, device, &hash(&token), now().wall).await?;
        Ok(Redacted::new(token))
    }

    /// Takes the token of a device of the caller's back. `false` when it had none.
    pub async fn revoke_device(&self, by: &Identity, device: &str) -> Result<bool, Refusal> {
        Ok(self.store.forget_device(by.account.id, device).await?)
    }
}

impl Accounts {
    /// Whose device this is, by its token.
    pub(crate) async fn authenticate_device(
        &self,
        device: &str,
        token: &Redacted<String>,
    ) -> Result<Identity, Refusal> {
        let account = self.store.account_of_device(device, &hash(token.expose())).await?;
        let identity = self.identity(account.ok_or(Refusal::WrongCredentials)?).await?;
        let identity = identity.ok_or(Refusal::WrongCredentials)?;
        if identity.account.banned { Err(Refusal::Banned) } else { Ok(identity) }
    }
}

fn check_device(device: &str) -> Result<(), Refusal> {
    let fits = (1..=DEVICE_LEN_MAX).contains(&device.chars().count());
    if fits && !device.chars().any(char::is_control) {
        return Ok(());
    }
    Err(Refusal::Invalid(format!("device must be 1 to {DEVICE_LEN_MAX} characters")))
}

/// SHA-256 in hex.
fn hash(token: &str) -> String {
    let digest = digest::digest(&digest::SHA256, token.as_bytes());
    digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}
