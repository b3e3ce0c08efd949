//! Where a request came from, seen through the proxies we trust, and whether whoever sent it sits at
//! this machine. The first account of such a person becomes administrator, so that a web page in their
//! browser, or a proxy on this machine, must not pass for them.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use app::Origin;
use axum::extract::{ConnectInfo, FromRef, FromRequestParts};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, header};

use crate::TrustedProxies;

const FORWARDED_FOR: &str = "x-forwarded-for";
/// What proxies add besides `X-Forwarded-…` (RFC 7239; RFC 9110 section 7.6.3).
const PROXY_HEADERS: [&str; 3] = ["forwarded", "x-real-ip", "via"];

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
        Ok(Self(origin(peer.to_canonical(), &parts.headers, &TrustedProxies::from_ref(state))))
    }
}

fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> Origin {
    let local = peer.is_loopback()
        && !proxies.are_expected()
        && !has_passed_proxy(headers)
        && names_this_machine(headers);
    Origin { address: client_address(peer, headers, proxies), local }
}

/// The last address that a trusted proxy did not add itself. Several header lines are one list
/// (RFC 9110 section 5.3).
fn client_address(peer: IpAddr, headers: &HeaderMap, proxies: &TrustedProxies) -> IpAddr {
    let lines = headers.get_all(FORWARDED_FOR).iter();
    // What is no text names no address.
    let hops: Vec<&str> = lines.flat_map(|line| line.to_str().unwrap_or("?").split(',')).collect();
    let mut address = peer;
    for hop in hops.into_iter().rev() {
        if !proxies.contain(address) {
            break;
        }
        match hop_address(hop.trim()) {
            Some(hop) => address = hop.to_canonical(),
            None => break,
        }
    }
    address
}

/// An address as proxies write it: alone or with a port, IPv6 in brackets or not.
fn hop_address(hop: &str) -> Option<IpAddr> {
    let bare = hop.strip_prefix('[').and_then(|hop| hop.strip_suffix(']')).unwrap_or(hop);
    let with_port = || hop.parse::<SocketAddr>().map(|address| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

fn has_passed_proxy(headers: &HeaderMap) -> bool {
    headers
        .keys()
        .map(header::HeaderName::as_str)
        .any(|name| name.starts_with("x-forwarded-") || PROXY_HEADERS.contains(&name))
}

/// Whether the request was meant for this machine (no name that somebody else made point here) and, if
/// a page sent it, that page came from this machine too.
fn names_this_machine(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let meant = host.is_some_and(|host| host.parse().is_ok_and(|host| is_loopback(&host)));
    let page = headers.get(header::ORIGIN);
    meant && page.is_none_or(|_| page_host(headers).is_some_and(|host| is_loopback(&host)))
}

fn is_loopback(authority: &Authority) -> bool {
    let host = authority.host();
    let address = || hop_address(host).is_some_and(|address| address.to_canonical().is_loopback());
    host.eq_ignore_ascii_case("localhost") || address()
}

/// The host and port of the page that sent the request; `None` too when it hides them.
fn page_host(headers: &HeaderMap) -> Option<Authority> {
    let (_, authority) = headers.get(header::ORIGIN)?.to_str().ok()?.split_once("://")?;
    authority.parse().ok()
}

/// Whether a page of another site sent the request.
pub(crate) fn from_another_site(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    headers.contains_key(header::ORIGIN) && (host.is_none() || page_host(headers) != host)
}

#[cfg(test)]
mod tests {
    use http::{HeaderName, HeaderValue};

    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let proxies = [ip("127.0.0.1"), ip("10.0.0.2")];
        let trusted = TrustedProxies::new(move |address| proxies.contains(&address));
        let check = |peer: &str, forwarded: &[&'static str], expect: &str| {
            let lines: Vec<_> = forwarded.iter().map(|line| (FORWARDED_FOR, *line)).collect();
            let found = client_address(ip(peer), &headers(&lines), &trusted);
            assert_eq!(found, ip(expect), "{peer} {forwarded:?}");
        };
        check("127.0.0.1", &[], "127.0.0.1");
        check("192.0.2.7", &["127.0.0.1"], "192.0.2.7");
        check("127.0.0.1", &["198.51.100.9"], "198.51.100.9");
        check("127.0.0.1", &["127.0.0.1, 198.51.100.9, 10.0.0.2"], "198.51.100.9");
        check("127.0.0.1", &["203.0.113.1", "198.51.100.9, 10.0.0.2"], "198.51.100.9");
        check("127.0.0.1", &["198.51.100.9", "10.0.0.2"], "198.51.100.9");
        check("127.0.0.1", &["198.51.100.9:4711"], "198.51.100.9");
        check("127.0.0.1", &["[2001:db8::9]:4711"], "2001:db8::9");
        check("127.0.0.1", &["[2001:db8::9]"], "2001:db8::9");
        check("127.0.0.1", &["2001:db8::9"], "2001:db8::9");
        check("127.0.0.1", &["198.51.100.9, garbage"], "127.0.0.1");
    }

    #[test]
    fn only_who_sits_at_this_machine_is_local() {
        let open = TrustedProxies::new(|address| address.is_loopback());
        let check = |peer: &str, lines: &[(&'static str, &'static str)], expect: bool| {
            let found = origin(ip(peer), &headers(lines), &open).local;
            assert_eq!(found, expect, "{peer} {lines:?}");
        };
        for host in ["localhost:8085", "LOCALHOST", "127.0.0.1:8085", "127.9.9.9", "[::1]:8085"] {
            check("127.0.0.1", &[("host", host)], true);
            check("192.0.2.7", &[("host", host)], false);
        }
        for host in ["evil.example:8085", "192.0.2.1:8085", "localhost.evil.example", "", "a b"] {
            check("127.0.0.1", &[("host", host)], false);
        }
        check("::1", &[], false);
        let page = |page| [("host", "localhost:8085"), ("origin", page)];
        check("::1", &page("http://localhost:8085"), true);
        check("::1", &page("http://[::1]:3000"), true);
        check("::1", &page("https://evil.example"), false);
        check("::1", &page("null"), false);
        for name in ["x-forwarded-for", "x-forwarded-host", "forwarded", "x-real-ip", "via"] {
            check("::1", &[("host", "localhost"), (name, "127.0.0.1")], false);
        }
        let expected = open.expected(true);
        assert!(!origin(ip("::1"), &headers(&[("host", "localhost")]), &expected).local);
    }

    #[test]
    fn a_page_of_this_server_is_no_other_site() {
        let check = |lines: &[(&'static str, &'static str)], expect: bool| {
            assert_eq!(from_another_site(&headers(lines)), expect, "{lines:?}");
        };
        check(&[("host", "voice.example")], false);
        check(&[("host", "voice.example"), ("origin", "https://voice.example")], false);
        check(&[("host", "localhost:8085"), ("origin", "http://localhost:8085")], false);
        check(&[("host", "localhost:8085"), ("origin", "http://localhost:3000")], true);
        check(&[("host", "localhost:8085"), ("origin", "null")], true);
        check(&[("origin", "http://localhost:3000")], true);
    }
}
