//! Tokens: signed with a key of ours (Ed25519), or by the platform that shares JWT_SECRET (HS256).
//!
//! Time is an argument. What must hold: the algorithm of a token decides nothing by itself. EdDSA is
//! verified with our one key, under its key id, and HS256 with the platform's secret; every other
//! combination, `none` included, is refused. An access token is no media token, nor the other way round.
//!
//! Deliberately absent: whether the account is banned or its epoch has moved on. Who calls compares with
//! the store.

mod claims;
mod key;
#[cfg(test)]
mod tests;
mod turn;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Header, Validation};
use model::{AccountId, ExternalId, Id, Redacted, RoomId, SessionId, Timestamp, UserId};
use serde::de::DeserializeOwned;

use claims::{AccessClaims, CallClaims, MediaClaims, NumericDate, PlatformClaims};
pub use key::KeyFailure;
use key::SigningKey;
pub use turn::turn_credential;

/// How long a login lasts. Longer spares people logins, shorter limits what a stolen token is worth
/// where no epoch is raised.
const ACCESS_LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// The longest token that is looked at, in bytes: ours have about 500, a platform may add claims.
const TOKEN_LEN_MAX: usize = 8 * 1024;
/// How far the platform's clock may be ahead of ours before its tokens count as not yet valid.
const NOT_BEFORE_LEEWAY_SECS: i64 = 60;

const ACCESS_AUDIENCE: &str = "parlor";
const MEDIA_AUDIENCE: &str = "parlor-media";
const CALL_AUDIENCE: &str = "parlor-call";
/// How long a call's token lasts at most. It is worth nothing before that once the call is over.
const CALL_LIFETIME: Duration = Duration::from_secs(24 * 3600);

/// Issues and verifies tokens. Clones share the keys.
#[derive(Clone)]
pub struct Tokens(Arc<Keys>);

struct Keys {
    own: SigningKey,
    platform: Option<DecodingKey>,
}

/// Who showed an access token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Bearer {
    /// A token of ours.
    Own {
        /// Whose.
        account: AccountId,
        /// The account's epoch when it was issued: dead when the account's is another now.
        epoch: i64,
        /// The username then.
        username: String,
    },
    /// A platform's token for an account of ours, named by our UUID.
    Platform {
        /// Whose.
        account: AccountId,
        /// The name that the platform gives.
        username: String,
        /// When it was issued, if it says so: dead when the account's epoch rose since.
        issued_at: Option<Timestamp>,
    },
    /// A platform's token for a person of its own.
    PlatformExternal {
        /// The platform's id.
        external: ExternalId,
        /// The name that the platform gives.
        username: String,
        /// When it was issued, if it says so: dead when the account's epoch rose since.
        issued_at: Option<Timestamp>,
    },
}

/// Who showed a media token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MediaBearer {
    /// Whose.
    pub user: UserId,
    /// Good for this room.
    pub room: RoomId,
    /// Good for this session.
    pub session: SessionId,
    /// The account's epoch when it was issued.
    pub epoch: i64,
    /// When it dies.
    pub expires: Timestamp,
}

/// Why a token is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRefusal {
    /// It was good once.
    #[error("the token has expired")]
    Expired,
    /// It is not one of ours or the platform's, or not of this kind.
    #[error("the token is not valid")]
    Invalid,
}

/// A token could not be signed: no random bytes, or the library refused the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("signing failed")]
pub struct SigningFailure;

impl Tokens {
    /// Reads our key from the data directory, or makes it at the first start.
    pub fn open(data_dir: &Path, jwt_secret: Option<Redacted<String>>) -> Result<Self, KeyFailure> {
        let platform =
            jwt_secret.map(|secret| DecodingKey::from_secret(secret.expose().as_bytes()));
        Ok(Self(Arc::new(Keys { own: SigningKey::open(data_dir)?, platform })))
    }

    /// A token to act as an account, for 24 hours.
    pub fn issue_access(
        &self,
        account: AccountId,
        username: &str,
        epoch: i64,
        now: Timestamp,
    ) -> Result<String, SigningFailure> {
        self.0.own.sign(&AccessClaims {
            sub: account.to_uuid(),
            username: username.to_owned(),
            aud: ACCESS_AUDIENCE.to_owned(),
            epoch,
            iat: now.as_secs(),
            exp: now.plus(ACCESS_LIFETIME).as_secs(),
            jti: fresh_id()?,
        })
    }

    /// A token to open the media connection of one session.
    pub fn issue_media(
        &self,
        user: UserId,
        room: RoomId,
        session: SessionId,
        epoch: i64,
        now: Timestamp,
        lifetime: Duration,
    ) -> Result<String, SigningFailure> {
        self.0.own.sign(&MediaClaims {
            sub: user.to_uuid(),
            aud: MEDIA_AUDIENCE.to_owned(),
            room: room.to_uuid(),
            session: session.to_uuid(),
            epoch,
            iat: now.as_secs(),
            exp: now.plus(lifetime).as_secs(),
            jti: fresh_id()?,
        })
    }

    /// A token for a call that was let in. The room says whether it still is.
    pub fn issue_call(
        &self,
        room: RoomId,
        session: SessionId,
        now: Timestamp,
    ) -> Result<String, SigningFailure> {
        self.0.own.sign(&CallClaims {
            aud: CALL_AUDIENCE.to_owned(),
            room: room.to_uuid(),
            session: session.to_uuid(),
            iat: now.as_secs(),
            exp: now.plus(CALL_LIFETIME).as_secs(),
            jti: fresh_id()?,
        })
    }

    /// The call that a token is for. Only ours are good.
    pub fn verify_call(
        &self,
        token: &str,
        now: Timestamp,
    ) -> Result<(RoomId, SessionId), TokenRefusal> {
        let header = read_header(token)?;
        let claims: CallClaims = self.own_claims(token, &header)?;
        if claims.aud != CALL_AUDIENCE {
            return Err(TokenRefusal::Invalid);
        }
        check_expiry(claims.exp, now)?;
        let room = claims.room.parse().map_err(|_| TokenRefusal::Invalid)?;
        let session = claims.session.parse().map_err(|_| TokenRefusal::Invalid)?;
        Ok((room, session))
    }

    /// Who shows this access token.
    pub fn verify_access(&self, token: &str, now: Timestamp) -> Result<Bearer, TokenRefusal> {
        let header = read_header(token)?;
        match header.alg {
            Algorithm::EdDSA => self.own_bearer(token, &header, now),
            Algorithm::HS256 => self.platform_bearer(token, now),
            // Another crate's open enum: nothing else is spoken here.
            _ => Err(TokenRefusal::Invalid),
        }
    }

    /// Who shows this media token. Only ours are good.
    pub fn verify_media(&self, token: &str, now: Timestamp) -> Result<MediaBearer, TokenRefusal> {
        let header = read_header(token)?;
        let claims: MediaClaims = self.own_claims(token, &header)?;
        if claims.aud != MEDIA_AUDIENCE {
            return Err(TokenRefusal::Invalid);
        }
        check_expiry(claims.exp, now)?;
        Ok(MediaBearer {
            user: claims.sub.parse().map_err(|_| TokenRefusal::Invalid)?,
            room: claims.room.parse().map_err(|_| TokenRefusal::Invalid)?,
            session: claims.session.parse().map_err(|_| TokenRefusal::Invalid)?,
            epoch: claims.epoch,
            expires: Timestamp::from_micros(claims.exp.saturating_mul(1_000_000)),
        })
    }

    /// The public half of our key as a JSON Web Key Set (RFC 7517).
    pub fn jwks(&self) -> String {
        serde_json::json!({ "keys": [self.0.own.jwk()] }).to_string()
    }

    fn own_bearer(
        &self,
        token: &str,
        header: &Header,
        now: Timestamp,
    ) -> Result<Bearer, TokenRefusal> {
        let claims: AccessClaims = self.own_claims(token, header)?;
        if claims.aud != ACCESS_AUDIENCE {
            return Err(TokenRefusal::Invalid);
        }
        check_expiry(claims.exp, now)?;
        let account = claims.sub.parse().map_err(|_| TokenRefusal::Invalid)?;
        Ok(Bearer::Own { account, epoch: claims.epoch, username: claims.username })
    }

    fn own_claims<T: DeserializeOwned>(
        &self,
        token: &str,
        header: &Header,
    ) -> Result<T, TokenRefusal> {
        let own = &self.0.own;
        if header.alg != Algorithm::EdDSA || header.kid.as_deref() != Some(own.id()) {
            return Err(TokenRefusal::Invalid);
        }
        verify_claims(token, own.public(), Algorithm::EdDSA)
    }

    fn platform_bearer(&self, token: &str, now: Timestamp) -> Result<Bearer, TokenRefusal> {
        let key = self.0.platform.as_ref().ok_or(TokenRefusal::Invalid)?;
        let claims: PlatformClaims = verify_claims(token, key, Algorithm::HS256)?;
        check_expiry(claims.exp.secs(), now)?;
        let valid_from = claims.nbf.map_or(i64::MIN, NumericDate::secs);
        if valid_from > now.as_secs().saturating_add(NOT_BEFORE_LEEWAY_SECS) {
            return Err(TokenRefusal::Invalid);
        }
        let (username, issued_at) = (claims.name(), claims.iat.map(Timestamp::from));
        if let Ok(id) = Id::from_uuid(&claims.sub) {
            return Ok(Bearer::Platform { account: AccountId(id), username, issued_at });
        }
        let external = ExternalId::new(&claims.sub).map_err(|_| TokenRefusal::Invalid)?;
        Ok(Bearer::PlatformExternal { external, username, issued_at })
    }
}

fn read_header(token: &str) -> Result<Header, TokenRefusal> {
    if token.len() > TOKEN_LEN_MAX {
        return Err(TokenRefusal::Invalid);
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| TokenRefusal::Invalid)?;
    // RFC 7515 section 4.1.11: extensions that must be understood, and none is.
    if header.crit.is_some() { Err(TokenRefusal::Invalid) } else { Ok(header) }
}

/// The claims, if the signature is right. The library reads the machine's clock, so that the times are
/// checked by the caller.
fn verify_claims<T: DeserializeOwned>(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
) -> Result<T, TokenRefusal> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    let verified = jsonwebtoken::decode(token, key, &validation);
    verified.map(|token| token.claims).map_err(|_| TokenRefusal::Invalid)
}

/// RFC 7519 section 4.1.4: dead on and after its time.
fn check_expiry(exp: i64, now: Timestamp) -> Result<(), TokenRefusal> {
    if now.as_secs() < exp { Ok(()) } else { Err(TokenRefusal::Expired) }
}

/// 128 random bits (RFC 7519 section 4.1.7: no two tokens share one).
fn fresh_id() -> Result<String, SigningFailure> {
    let mut bytes = [0; 16];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SigningFailure)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
