//! Our signing key: made at the first start, kept in the data directory, named by its thumbprint.

use std::io;
use std::path::Path;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde::Serialize;

use super::SigningFailure;
use crate::secrets;

const FILE: &str = "token-key.pem";
const PEM_LINE_LEN: usize = 64;

/// The key cannot be used, so that no token could be trusted.
#[derive(Debug, thiserror::Error)]
pub enum KeyFailure {
    /// The file cannot be read or made.
    #[error("cannot use {FILE}: {0}")]
    File(#[from] io::Error),
    /// The file holds something else.
    #[error("{FILE} holds no Ed25519 key in PKCS#8 PEM form")]
    Form,
}

/// An Ed25519 key pair, ready for tokens.
pub(super) struct SigningKey {
    private: EncodingKey,
    public: DecodingKey,
    /// The public key in base64url, as a JWK has it.
    x: String,
    id: String,
}

impl SigningKey {
    /// Reads the key or makes it.
    pub(super) fn open(data_dir: &Path) -> Result<Self, KeyFailure> {
        let fresh = fresh_pem()?;
        let pem = secrets::read_or_create(&data_dir.join(FILE), || fresh.into_bytes())?;
        let private = EncodingKey::from_ed_pem(&pem).map_err(|_| KeyFailure::Form)?;
        let pair = Ed25519KeyPair::from_pkcs8(private.as_bytes()).map_err(|_| KeyFailure::Form)?;
        let public = pair.public_key().as_ref();
        let x = URL_SAFE_NO_PAD.encode(public);
        Ok(Self { private, public: DecodingKey::from_ed_der(public), id: thumbprint(&x), x })
    }

    /// The key id that our tokens carry.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// For verifying.
    pub(super) fn public(&self) -> &DecodingKey {
        &self.public
    }

    /// The public half as a JSON Web Key (RFC 8037 section 2).
    pub(super) fn jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "x": self.x, "kid": self.id, "use": "sig", "alg": "EdDSA",
        })
    }

    /// A token with these claims.
    pub(super) fn sign(&self, claims: &impl Serialize) -> Result<String, SigningFailure> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(self.id.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(|_| SigningFailure)
    }
}

fn fresh_pem() -> Result<String, KeyFailure> {
    let no_key = |_| io::Error::other("the system gave no key");
    let pair = Ed25519KeyPair::generate().map_err(no_key)?;
    // Version 1 of PKCS#8, which every tool reads.
    let der = pair.to_pkcs8v1().map_err(no_key)?;
    let base64 = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in base64.as_bytes().chunks(PEM_LINE_LEN) {
        pem.extend(line.iter().copied().map(char::from));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}

/// RFC 7638 section 3, with the members that RFC 8037 section 2 requires, in this order.
fn thumbprint(x: &str) -> String {
    let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, members.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_thumbprint_is_the_one_of_rfc_8037() {
        // RFC 8037 appendix A.3.
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        assert_eq!(thumbprint(x), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn the_key_is_made_once_and_a_damaged_one_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let first = SigningKey::open(directory.path()).unwrap();
        assert_eq!(SigningKey::open(directory.path()).unwrap().id(), first.id());
        std::fs::write(directory.path().join(FILE), "no key").unwrap();
        assert!(matches!(SigningKey::open(directory.path()), Err(KeyFailure::Form)));
    }
}
