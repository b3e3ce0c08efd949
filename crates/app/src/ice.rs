//! What a client is told about reaching the media plane.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use model::{Redacted, Timestamp, UserId};

use crate::tokens::turn_credential;

/// Credentials outlive a session's start by this much: a client may restart ICE, and then ask for a new allocation,
/// late in a call. What has been allocated may be kept for longer.
const CREDENTIAL_LIFETIME: Duration = Duration::from_secs(12 * 3600);

/// An entry of a client's list of ICE servers (W3C WebRTC, RTCIceServer).
#[derive(Clone, Debug)]
pub struct IceServer {
    /// `stun:` and `turn:` addresses.
    pub urls: Vec<String>,
    /// Of the TURN REST form `expiry:account`, unless an outside server needs a fixed one.
    pub username: String,
    /// The password for it.
    pub credential: Redacted<String>,
}

/// A TURN server that somebody else runs.
#[derive(Clone, Debug)]
pub struct OutsideTurn {
    /// `turn:host:port`, as configured.
    pub url: String,
    /// Its user.
    pub username: String,
    /// Its password.
    pub password: Redacted<String>,
}

/// Where media is reached.
#[derive(Clone, Debug)]
pub struct MediaAddress {
    /// The host name or address that clients are told.
    pub host: String,
    /// The UDP port.
    pub port: u16,
    /// Keys the credentials.
    pub secret: Redacted<Vec<u8>>,
    /// `turn:` and `turns:` addresses of our own TURN server, those that work.
    pub own_turn: Vec<String>,
    /// Offered beside our own.
    pub turn: Option<OutsideTurn>,
}

impl MediaAddress {
    /// `host:port`, an IPv6 address in brackets.
    pub fn endpoint(&self) -> String {
        host_and_port(&self.host, self.port)
    }

    /// The list for somebody.
    pub fn ice_servers(&self, user: UserId, now: Timestamp) -> Vec<IceServer> {
        let expires = now.plus(CREDENTIAL_LIFETIME);
        let (username, credential) = turn_credential(&self.secret, user, expires);
        let stun = format!("stun:{}", self.endpoint());
        let own = IceServer {
            urls: [stun].into_iter().chain(self.own_turn.iter().cloned()).collect(),
            username,
            credential: Redacted::new(credential),
        };
        let outside = self.turn.as_ref().map(|turn| IceServer {
            urls: vec![turn.url.clone()],
            username: turn.username.clone(),
            credential: turn.password.clone(),
        });
        [own].into_iter().chain(outside).collect()
    }
}

/// `host:port`, an IPv6 address in brackets.
pub fn host_and_port(host: &str, port: u16) -> String {
    match host.parse::<IpAddr>() {
        Ok(address) => SocketAddr::new(address, port).to_string(),
        Err(_) => format!("{host}:{port}"),
    }
}
