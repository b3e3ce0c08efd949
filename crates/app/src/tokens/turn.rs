//! Credentials for TURN that expire, by the convention that TURN servers share ("A REST API For Access
//! To TURN Services", draft-uberti-behave-turn-rest-00 section 2.2).

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use model::{Redacted, Timestamp, UserId};

/// User name `expiry:account`, expiry in Unix seconds, and its password: HMAC-SHA1 under the secret,
/// in base64. SHA-1 is what the convention fixes; as a keyed hash it is not broken.
pub fn turn_credential(
    secret: &Redacted<Vec<u8>>,
    user: UserId,
    expires: Timestamp,
) -> (String, String) {
    let username = format!("{}:{user}", expires.as_secs());
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.expose());
    let credential = STANDARD.encode(hmac::sign(&key, username.as_bytes()));
    (username, credential)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_user_name_says_when_and_for_whom() {
        let user: UserId = "42".parse().unwrap();
        let expires = Timestamp::from_micros(1_700_000_000_000_000);
        let secret = Redacted::new(b"secret".to_vec());
        let (username, credential) = turn_credential(&secret, user, expires);
        assert_eq!(username, "1700000000:42");
        assert_eq!(STANDARD.decode(&credential).unwrap().len(), 20);
        let other = turn_credential(&Redacted::new(b"other".to_vec()), user, expires);
        assert_ne!(other.1, credential);
        let later = turn_credential(&secret, user, Timestamp::from_micros(0));
        assert_ne!(later.1, credential);
    }

    #[test]
    fn the_hash_is_the_one_of_rfc_2202() {
        // RFC 2202 section 3, test case 2.
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, b"Jefe");
        let tag = hmac::sign(&key, b"what do ya want for nothing?");
        assert_eq!(STANDARD.encode(tag), "7/zfauXrL6LSdBbV8YTfnCWafHk=");
    }
}
