//! Credentials that expire, without a table of users ("A REST API For Access To TURN Services",
//! draft-uberti-behave-turn-rest-00 section 2.2): the user name says until when and for whom, the password is a keyed
//! hash of it. And nonces without a table of clients: a nonce says until when, and a keyed hash ties it to
//! the client's address (RFC 8489 section 9.2).

use std::net::SocketAddr;

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use model::Redacted;
use subtle::ConstantTimeEq;
use turn_types::stun::message::{IntegrityAlgorithm, IntegrityKey, LongTermKeyCredentials};

/// Part of every key; browsers show it to nobody.
pub(super) const REALM: &str = "parlor";
/// The longest user name that is looked at, in bytes (RFC 8489 section 14.3: less than 509).
const USERNAME_LEN_MAX: usize = 508;
/// How long a nonce is good (RFC 8489 section 9.2.4: at most an hour is recommended).
const NONCE_SECS: u64 = 3600;
/// Bytes of a nonce's hash. An attacker has one guess per request.
const NONCE_TAG_LEN: usize = 12;

/// Whom a user name is for, and the key of their messages.
pub(super) struct User {
    /// What follows the time in the name: quotas go by it.
    pub account: String,
    /// Whether the name's time is over.
    pub expired: bool,
    pub key: IntegrityKey,
}

/// The secrets.
pub(super) struct Secrets {
    credentials: hmac::Key,
    nonces: hmac::Key,
}

impl Secrets {
    /// `secret` is shared with whoever makes credentials; nonces live as long as this.
    pub fn new(secret: &Redacted<Vec<u8>>, random: [u8; 32]) -> Self {
        Self {
            credentials: hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose()),
            nonces: hmac::Key::new(hmac::HMAC_SHA256, &random),
        }
    }

    /// The user of a name. A name that could be nobody's has a key as well, so that looking takes as
    /// long; it counts as expired.
    pub fn user(&self, username: &str, unix_secs: u64) -> User {
        let known = username.len() <= USERNAME_LEN_MAX;
        let parts = username.split_once(':').filter(|(_, account)| known && !account.is_empty());
        let until = parts.and_then(|(until, _)| until.parse::<u64>().ok());
        let password = STANDARD.encode(hmac::sign(&self.credentials, username.as_bytes()));
        let key = LongTermKeyCredentials::new(username.to_owned(), password, REALM.to_owned());
        User {
            account: parts.map_or_else(String::new, |(_, account)| account.to_owned()),
            expired: until.is_none_or(|until| until <= unix_secs),
            key: key.make_key(IntegrityAlgorithm::Sha1),
        }
    }

    /// A nonce for a client.
    pub fn nonce(&self, client: SocketAddr, unix_secs: u64) -> String {
        self.nonce_until(client, unix_secs + NONCE_SECS)
    }

    /// Whether a nonce was given to this client, not too long ago.
    pub fn is_fresh(&self, nonce: &str, client: SocketAddr, unix_secs: u64) -> bool {
        let until = nonce.get(..8).and_then(|hex| u64::from_str_radix(hex, 16).ok());
        until.is_some_and(|until| {
            let expected = self.nonce_until(client, until);
            until > unix_secs && bool::from(expected.as_bytes().ct_eq(nonce.as_bytes()))
        })
    }

    fn nonce_until(&self, client: SocketAddr, until: u64) -> String {
        let mut text = format!("{until:08x}");
        let tag = hmac::sign(&self.nonces, format!("{until} {client}").as_bytes());
        URL_SAFE_NO_PAD.encode_string(&tag.as_ref()[..NONCE_TAG_LEN], &mut text);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::new(&Redacted::new(b"secret".to_vec()), [7; 32])
    }

    #[test]
    fn a_name_says_until_when_and_for_whom() {
        let check = |name: &str, account: &str, expired: bool| {
            let user = secrets().user(name, 1000);
            assert_eq!((user.account.as_str(), user.expired), (account, expired), "{name}");
        };
        check("1001:42", "42", false);
        check("1000:42", "42", true);
        check("99999999999999999999999:42", "42", true);
        check("1001:a:b", "a:b", false);
        check("1001:", "", true);
        check("1001", "", true);
        check("", "", true);
        check("soon:42", "42", true);
        check(&format!("1001:{}", "x".repeat(600)), "", true);
    }

    #[test]
    fn a_nonce_is_for_one_client_and_an_hour() {
        let secrets = secrets();
        let (maya, tom) = ("192.0.2.1:5".parse().unwrap(), "192.0.2.1:6".parse().unwrap());
        let nonce = secrets.nonce(maya, 1000);
        assert!(secrets.is_fresh(&nonce, maya, 1000));
        assert!(secrets.is_fresh(&nonce, maya, 999 + NONCE_SECS));
        assert!(!secrets.is_fresh(&nonce, maya, 1000 + NONCE_SECS));
        assert!(!secrets.is_fresh(&nonce, tom, 1000));
        assert!(!secrets.is_fresh(&format!("f{}", &nonce[1..]), maya, 1000));
        for bad in ["", "0", "00000fffé", &nonce[..20]] {
            assert!(!secrets.is_fresh(bad, maya, 1000), "{bad}");
        }
        let other = Secrets::new(&Redacted::new(b"secret".to_vec()), [8; 32]);
        assert!(!other.is_fresh(&nonce, maya, 1000));
    }
}
