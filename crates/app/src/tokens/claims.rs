//! What tokens say, as JSON.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest name taken from a platform's token, in characters: as long as a display name.
const PLATFORM_NAME_LEN_MAX: usize = 64;

/// What an access token of ours says.
#[derive(Serialize, Deserialize)]
pub(super) struct AccessClaims {
    pub(super) sub: String,
    pub(super) username: String,
    pub(super) aud: String,
    pub(super) epoch: i64,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
}

/// What a media token says.
#[derive(Serialize, Deserialize)]
pub(super) struct MediaClaims {
    pub(super) sub: String,
    pub(super) aud: String,
    pub(super) room: String,
    pub(super) session: String,
    pub(super) epoch: i64,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
}

/// What the token of a call says.
#[derive(Serialize, Deserialize)]
pub(super) struct CallClaims {
    pub(super) aud: String,
    pub(super) room: String,
    pub(super) session: String,
    pub(super) iat: i64,
    pub(super) exp: i64,
    pub(super) jti: String,
}

/// What is read of a platform's token; it may say more.
#[derive(Deserialize)]
pub(super) struct PlatformClaims {
    pub(super) sub: String,
    pub(super) username: Option<String>,
    pub(super) exp: NumericDate,
    pub(super) nbf: Option<NumericDate>,
    pub(super) iat: Option<NumericDate>,
}

impl PlatformClaims {
    /// The name that others will read: without control characters, not too long, the subject where
    /// there is none.
    pub(super) fn name(&self) -> String {
        let name = printable(self.username.as_deref().unwrap_or_default());
        if name.is_empty() { printable(&self.sub) } else { name }
    }
}

fn printable(text: &str) -> String {
    let kept = text.chars().filter(|c| !c.is_control()).take(PLATFORM_NAME_LEN_MAX);
    kept.collect::<String>().trim().to_owned()
}

/// Seconds since 1970; RFC 7519 section 2 allows fractions.
#[derive(Clone, Copy, Deserialize)]
#[serde(untagged)]
pub(super) enum NumericDate {
    Whole(i64),
    Fraction(f64),
}

impl From<NumericDate> for Timestamp {
    fn from(date: NumericDate) -> Self {
        Self::from_micros(date.secs().saturating_mul(1_000_000))
    }
}

impl NumericDate {
    /// Whole seconds, rounded down.
    pub(super) fn secs(self) -> i64 {
        match self {
            Self::Whole(secs) => secs,
            // Saturates; NaN, which JSON has not, would be 1970.
            Self::Fraction(secs) => secs.floor() as i64,
        }
    }
}
