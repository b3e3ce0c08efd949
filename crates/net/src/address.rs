//! Which addresses of this machine an answer offers.

use std::net::IpAddr;

use crate::config::MediaConfig;

/// Addresses offered at most. A machine with hundreds (containers) would make every answer huge.
const ADDRESSES_MAX: usize = 16;

/// The public address, then all interfaces, loopback last. With `bind`, just that one (and the
/// public address).
pub(crate) fn candidate_addresses(config: &MediaConfig, has_ipv6: bool) -> Vec<IpAddr> {
    let found = match config.bind {
        Some(bind) if !bind.is_unspecified() => vec![bind],
        _ => interface_addresses(),
    };
    order(config.public_address, found, has_ipv6)
}

/// All addresses of this machine that the system tells, loopback too.
pub(crate) fn interface_addresses() -> Vec<IpAddr> {
    let interfaces = if_addrs::get_if_addrs().unwrap_or_else(|error| {
        tracing::warn!(%error, "cannot list network interfaces; offering loopback only");
        Vec::new()
    });
    let mut found: Vec<IpAddr> = interfaces.iter().map(if_addrs::Interface::ip).collect();
    found.push(IpAddr::from([127, 0, 0, 1]));
    found
}

fn order(public: Option<IpAddr>, mut found: Vec<IpAddr>, has_ipv6: bool) -> Vec<IpAddr> {
    // Stable: IPv4 before IPv6 among equals, as most peers can use it.
    found.sort_by_key(|ip| (ip.is_loopback(), ip.is_ipv6()));
    let mut ordered: Vec<IpAddr> = Vec::new();
    for ip in public.into_iter().chain(found) {
        let usable = !is_link_local(ip) && !ip.is_unspecified() && (has_ipv6 || ip.is_ipv4());
        if usable && !ordered.contains(&ip) {
            ordered.push(ip);
        }
    }
    while ordered.len() > ADDRESSES_MAX {
        // From the middle, so that loopback (this machine's own browser) stays.
        ordered.remove(ADDRESSES_MAX / 2);
    }
    ordered
}

/// Of no use in a candidate: it needs a scope that only its own machine knows.
fn is_link_local(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => ip.is_link_local(),
        IpAddr::V6(ip) => ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(text: &[&str]) -> Vec<IpAddr> {
        text.iter().map(|ip| ip.parse().unwrap()).collect()
    }

    #[test]
    fn public_first_loopback_last_link_local_never() {
        let found =
            ips(&["127.0.0.1", "::1", "fe80::1", "2001:db8::1", "192.0.2.1", "169.254.0.9"]);
        let public = Some("203.0.113.5".parse().unwrap());
        assert_eq!(
            order(public, found.clone(), true),
            ips(&["203.0.113.5", "192.0.2.1", "2001:db8::1", "127.0.0.1", "::1"])
        );
        assert_eq!(order(None, found, false), ips(&["192.0.2.1", "127.0.0.1"]));
    }

    #[test]
    fn many_interfaces_are_cut_but_loopback_stays() {
        let mut found: Vec<IpAddr> = (0..100).map(|n| IpAddr::from([10, 0, 0, n])).collect();
        found.push(IpAddr::from([127, 0, 0, 1]));
        let ordered = order(None, found, true);
        assert_eq!(ordered.len(), ADDRESSES_MAX);
        assert!(ordered.last().unwrap().is_loopback());
    }
}
