//! Where the relay sends: to the internet, and to this server's own media. To nothing else that only this
//! machine reaches: a relay that does is a way around every firewall.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::placement::lock;

/// How old the list of the machine's own addresses may be. It is asked for when a client wants a
/// permission; interfaces come and go rarely.
const OWN_ADDRESSES_FOR: Duration = Duration::from_secs(5);

/// What may be done about a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing.
    Refused,
    /// Our own media; a datagram for it goes to this address.
    Media(SocketAddr),
    /// Anything: it is elsewhere.
    Outside,
}

/// The rules.
pub(super) struct Policy {
    media_port: u16,
    /// What answers offer.
    media: Vec<IpAddr>,
    /// Of those the one that no interface has, and where media listens instead.
    hidden: Option<(IpAddr, IpAddr)>,
    own: Mutex<(Instant, Vec<IpAddr>)>,
    list: fn() -> Vec<IpAddr>,
}

impl Policy {
    /// `media`: the addresses that answers offer; `public` may be one that only a router in front of this
    /// machine has; `bind`: the one address that media listens on.
    pub fn new(
        media: Vec<IpAddr>,
        media_port: u16,
        public: Option<IpAddr>,
        bind: Option<IpAddr>,
        list: fn() -> Vec<IpAddr>,
    ) -> Self {
        let own = list();
        let bind = bind.filter(|bind| !bind.is_unspecified());
        let hidden = public.filter(|public| !own.contains(public)).map(|public| {
            let loopback: IpAddr = match public {
                IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
                IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
            };
            (public, bind.unwrap_or(loopback))
        });
        Self { media_port, media, hidden, own: Mutex::new((Instant::now(), own)), list }
    }

    /// Whether a client may have a permission for this address, whatever port.
    pub fn permits(&self, peer: IpAddr) -> bool {
        self.verdict(SocketAddr::new(peer, self.media_port)) != Verdict::Refused
    }

    /// What may be done about a peer.
    pub fn verdict(&self, peer: SocketAddr) -> Verdict {
        let ip = peer.ip();
        if peer.port() == self.media_port && self.media.contains(&ip) {
            let at = self.hidden.filter(|(public, _)| *public == ip).map_or(ip, |(_, at)| at);
            return Verdict::Media(SocketAddr::new(at, self.media_port));
        }
        let refused = peer.port() == 0 || is_special(ip) || self.is_own(ip);
        if refused { Verdict::Refused } else { Verdict::Outside }
    }

    /// The address under which a datagram of media reached a client that sent to [`Verdict::Media`].
    pub fn hidden(&self) -> Option<SocketAddr> {
        self.hidden.map(|(public, _)| SocketAddr::new(public, self.media_port))
    }

    fn is_own(&self, ip: IpAddr) -> bool {
        if self.media.contains(&ip) || self.hidden.is_some_and(|(public, _)| public == ip) {
            return true;
        }
        let mut own = lock(&self.own);
        if own.0.elapsed() > OWN_ADDRESSES_FOR {
            *own = (Instant::now(), (self.list)());
        }
        own.1.contains(&ip)
    }
}

/// Addresses that are not one machine on the internet (the special-purpose registries of RFC 6890, and
/// what carries an IPv4 address inside an IPv6 one).
fn is_special(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_special_v4(ip),
        IpAddr::V6(ip) => is_special_v6(ip),
    }
}

fn is_special_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    match a {
        // This network, private, loopback; multicast and everything above.
        0 | 10 | 127 | 224.. => true,
        // Carrier-grade NAT (RFC 6598).
        100 => (64..128).contains(&b),
        // Link-local: cloud metadata among it.
        169 => b == 254,
        172 => (16..32).contains(&b),
        // Private, protocol assignments, documentation, 6to4 relays.
        192 => b == 168 || (b == 0 && (c == 0 || c == 2)) || (b, c) == (88, 99),
        // Benchmarks, documentation.
        198 => b == 18 || b == 19 || (b, c) == (51, 100),
        203 => (b, c) == (0, 113),
        // Azure's metadata and DNS address, the one of its kind outside link-local.
        168 => ip == Ipv4Addr::new(168, 63, 129, 16),
        _ => false,
    }
}

fn is_special_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // What is not global unicast (2000::/3): loopback, mapped and compatible IPv4, NAT64 (64:ff9b::), discard,
    // unique local, link-local, site-local, multicast.
    if a & 0xe000 != 0x2000 {
        return true;
    }
    match (a, b) {
        // Protocol assignments: Teredo, benchmarks, ORCHID. Documentation. 6to4.
        (0x2001, 0..=0x01ff | 0x0db8) | (0x2002, _) => true,
        // Documentation (RFC 9637).
        (0x3fff, 0..=0x0fff) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PORT: u16 = 8085;

    fn machine() -> Vec<IpAddr> {
        ["127.0.0.1", "::1", "10.0.0.5", "8.8.4.4"].map(|ip| ip.parse().unwrap()).into()
    }

    fn policy(public: Option<&str>, bind: Option<&str>) -> Policy {
        let public: Option<IpAddr> = public.map(|ip| ip.parse().unwrap());
        let media = public.into_iter().chain(machine().into_iter().take(3)).collect();
        Policy::new(media, PORT, public, bind.map(|ip| ip.parse().unwrap()), machine)
    }

    #[test]
    fn what_is_refused() {
        let policy = policy(None, None);
        for ip in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.2",
            "127.255.255.255",
            "168.63.129.16",
            "169.254.169.254",
            "169.254.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::2",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.5",
            "::ffff:8.8.8.8",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:2::1",
            "2001:10::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "4000::1",
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert!(!policy.permits(ip), "{ip}");
            for port in [1, 22, PORT, 65535] {
                assert_eq!(policy.verdict((ip, port).into()), Verdict::Refused, "{ip} {port}");
            }
        }
    }

    #[test]
    fn the_internet_is_allowed() {
        let policy = policy(None, None);
        for ip in [
            "1.1.1.1",
            "8.8.8.8",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.1",
            "169.253.255.255",
            "172.15.255.255",
            "172.32.0.0",
            "192.0.1.1",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "2001:4860:4860::8888",
            "2a00::1",
            "2600::1",
        ] {
            let ip: IpAddr = ip.parse().unwrap();
            assert!(policy.permits(ip), "{ip}");
            assert_eq!(policy.verdict((ip, 22).into()), Verdict::Outside, "{ip}");
            assert_eq!(policy.verdict((ip, 0).into()), Verdict::Refused, "{ip}");
        }
    }

    #[test]
    fn our_own_machine_is_media_and_nothing_else() {
        let policy = policy(None, None);
        for ip in ["127.0.0.1", "::1", "10.0.0.5"] {
            let at = |port| SocketAddr::new(ip.parse().unwrap(), port);
            assert!(policy.permits(at(1).ip()));
            assert_eq!(policy.verdict(at(PORT)), Verdict::Media(at(PORT)));
            for port in [0, 22, 80, PORT - 1, 49152] {
                assert_eq!(policy.verdict(at(port)), Verdict::Refused, "{ip} {port}");
            }
        }
        // An address of the machine that answers do not offer.
        assert_eq!(policy.verdict("8.8.4.4:22".parse().unwrap()), Verdict::Refused);
        assert!(!policy.permits("8.8.4.4".parse().unwrap()));
    }

    #[test]
    fn a_public_address_that_no_interface_has_is_this_machine() {
        let at = |text: &str| text.parse::<SocketAddr>().unwrap();
        let hidden = policy(Some("5.6.7.8"), None);
        assert_eq!(hidden.verdict(at("5.6.7.8:8085")), Verdict::Media(at("127.0.0.1:8085")));
        assert_eq!(hidden.verdict(at("5.6.7.8:22")), Verdict::Refused);
        assert_eq!(hidden.hidden(), Some(at("5.6.7.8:8085")));
        let bound = policy(Some("5.6.7.8"), Some("10.0.0.5"));
        assert_eq!(bound.verdict(at("5.6.7.8:8085")), Verdict::Media(at("10.0.0.5:8085")));
        let own = policy(Some("8.8.4.4"), None);
        assert_eq!(own.verdict(at("8.8.4.4:8085")), Verdict::Media(at("8.8.4.4:8085")));
        assert_eq!(own.hidden(), None);
    }
}
