//! Where clients reach this server: as configured, else as the request itself reached it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::request::Parts;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, header};

use crate::{Doors, TrustedProxies};

const FORWARDED_PROTO: &str = "x-forwarded-proto";
/// For a request that names no host: only its sender's own machine can have meant it so.
const NO_HOST: &str = "localhost";

/// The server's address for whoever asked: `http://` or `https://`, no slash at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl(String);

impl PublicUrl {
    /// Where a WebSocket of this server is; the path begins with a slash.
    pub(crate) fn ws(&self, path: &str) -> String {
        // `http` becomes `ws`, and so `https` `wss`.
        let rest = self.0.strip_prefix("http").unwrap_or(&self.0);
        format!("ws{rest}{path}")
    }

    fn of_request(parts: &Parts, proxies: &TrustedProxies) -> Self {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |info| info.0.ip());
        let forwarded =
            forwarded_scheme(&parts.headers).filter(|_| proxies.contain(peer.to_canonical()));
        // The listener says so of connections with TLS.
        let own = parts.extensions.get::<Scheme>().cloned();
        let scheme = forwarded.or(own).unwrap_or(Scheme::HTTP);
        Self(format!("{scheme}://{}", host(parts)))
    }
}

impl<S> FromRequestParts<S> for PublicUrl
where
    S: Send + Sync,
    Doors: FromRef<S>,
{
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Infallible> {
        let doors = Doors::from_ref(state);
        let of_request = || Self::of_request(parts, &doors.trusted_proxies);
        Ok(doors.public_url.map_or_else(of_request, Self))
    }
}

/// What the client spoke to the first proxy.
fn forwarded_scheme(headers: &HeaderMap) -> Option<Scheme> {
    let listed = headers.get(FORWARDED_PROTO)?.to_str().ok()?;
    let first = listed.split(',').next().unwrap_or(listed).trim();
    if first.eq_ignore_ascii_case("https") || first.eq_ignore_ascii_case("wss") {
        return Some(Scheme::HTTPS);
    }
    first.eq_ignore_ascii_case("http").then_some(Scheme::HTTP)
}

/// The host and port that the request was sent to. What is none is not repeated.
fn host(parts: &Parts) -> String {
    let named = parts.headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let named = named.and_then(|host| host.parse::<Authority>().ok());
    let authority = named.as_ref().or(parts.uri.authority());
    let authority = authority.filter(|authority| !authority.as_str().contains('@'));
    authority.map_or_else(|| NO_HOST.to_owned(), |authority| authority.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(peer: &str, scheme: Option<Scheme>, lines: &[(&str, &str)]) -> String {
        let mut request = http::Request::get("/");
        for (name, value) in lines {
            request = request.header(*name, *value);
        }
        let mut parts = request.body(()).unwrap().into_parts().0;
        let peer: SocketAddr = peer.parse().unwrap();
        parts.extensions.insert(ConnectInfo(peer));
        scheme.map(|scheme| parts.extensions.insert(scheme));
        let proxies = TrustedProxies::new(|address| address.is_loopback());
        PublicUrl::of_request(&parts, &proxies).0
    }

    #[test]
    fn the_host_that_was_asked_and_the_scheme_it_was_asked_by() {
        let check = |scheme: Option<Scheme>, lines: &[(&str, &str)], expect: &str| {
            assert_eq!(url("192.0.2.7:4711", scheme, lines), expect, "{lines:?}");
        };
        check(None, &[("host", "voice.example")], "http://voice.example");
        check(None, &[("host", "192.0.2.1:8085")], "http://192.0.2.1:8085");
        check(None, &[("host", "[2001:db8::1]:8085")], "http://[2001:db8::1]:8085");
        check(Some(Scheme::HTTPS), &[("host", "voice.example")], "https://voice.example");
        for bad in ["", "a b", "user@voice.example", "voice.example/path", "a\"b"] {
            check(None, &[("host", bad)], "http://localhost");
        }
        check(None, &[], "http://localhost");
        // Anybody can write this header.
        let lines = [("host", "voice.example"), ("x-forwarded-proto", "https")];
        check(None, &lines, "http://voice.example");
    }

    #[test]
    fn a_trusted_proxy_says_what_the_client_spoke() {
        for (said, expect) in [
            ("https", "https://voice.example"),
            ("HTTPS, http", "https://voice.example"),
            ("http", "http://voice.example"),
            ("gopher", "http://voice.example"),
        ] {
            let lines = [("host", "voice.example"), ("x-forwarded-proto", said)];
            assert_eq!(url("127.0.0.1:4711", None, &lines), expect, "{said}");
        }
    }

    #[test]
    fn sockets_are_under_the_same_address() {
        let check = |base: &str, expect: &str| {
            assert_eq!(PublicUrl(base.to_owned()).ws("/gateway"), expect);
        };
        check("http://localhost:8085", "ws://localhost:8085/gateway");
        check("https://voice.example", "wss://voice.example/gateway");
        check("https://voice.example/parlor", "wss://voice.example/parlor/gateway");
    }
}
