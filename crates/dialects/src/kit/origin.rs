//! Where a request came from, seen through the proxies we trust.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use app::Origin;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::request::Parts;

use crate::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// The client's address and whether it is on this machine.
pub(crate) struct ClientOrigin(pub Origin);

impl<S> FromRequestParts<S> for ClientOrigin
where
    S: Send + Sync,
    TrustedProxies: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let forwarded = parts.headers.get(FORWARDED_FOR);
        let forwarded = forwarded.map(|value| value.to_str().unwrap_or_default());
        Ok(Self(origin(peer.to_canonical(), forwarded, &TrustedProxies::from_ref(state))))
    }
}

/// The last address that a trusted proxy did not add itself. A request with a forwarding header has
/// passed a proxy, so it is never local, trusted or not.
fn origin(peer: IpAddr, forwarded: Option<&str>, proxies: &TrustedProxies) -> Origin {
    let Some(forwarded) = forwarded else {
        return Origin { address: peer, local: peer.is_loopback() };
    };
    let mut address = peer;
    for hop in forwarded.rsplit(',') {
        if !proxies.contain(address) {
            break;
        }
        match hop.trim().parse::<IpAddr>() {
            Ok(hop) => address = hop.to_canonical(),
            Err(_) => break,
        }
    }
    Origin { address, local: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_are_believed() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = [ip("127.0.0.1"), ip("10.0.0.2")];
        let trusted = TrustedProxies::new(move |address| proxies.contains(&address));
        let check = |peer: &str, forwarded: Option<&str>, expect: &str, local: bool| {
            let found = origin(ip(peer), forwarded, &trusted);
            assert_eq!(found, Origin { address: ip(expect), local }, "{peer} {forwarded:?}");
        };
        check("127.0.0.1", None, "127.0.0.1", true);
        check("192.0.2.7", None, "192.0.2.7", false);
        check("192.0.2.7", Some("127.0.0.1"), "192.0.2.7", false);
        check("127.0.0.1", Some("198.51.100.9"), "198.51.100.9", false);
        check("127.0.0.1", Some("127.0.0.1, 198.51.100.9, 10.0.0.2"), "198.51.100.9", false);
        check("127.0.0.1", Some("garbage"), "127.0.0.1", false);
    }
}
