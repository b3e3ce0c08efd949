//! Candidates, in and out: reading a client's and writing ours into an answer.

use std::fmt::Write;
use std::net::{IpAddr, SocketAddr};

use crate::credentials::IceCredentials;
use crate::refusal::MediaRefusal;

/// Type preference 126 (host) of RFC 8445 section 5.1.2.1.
const HOST_PREFERENCE: u32 = 126 << 24;
/// Type preference of a host that is reached over TCP: below every one over UDP. RFC 6544 section 4.2
/// leaves the number open; libwebrtc takes 90 as well.
const TCP_HOST_PREFERENCE: u32 = 90 << 24;
/// Direction preference of passive candidates, in the upper 3 of the 16 bits (RFC 6544 section 4.2).
const PASSIVE_PREFERENCE: u32 = 4 << 13;
/// Component 1: RTP, with RTCP in it.
const COMPONENT: u32 = 256 - 1;

/// Rewrites the library's answer: every section carries every candidate and says that there are no
/// more (one client keeps only the last section's, and without the end it never gives up), and the
/// credentials are the ones that name our worker.
pub(crate) fn finish_answer(
    answer: &str,
    candidates: &[SocketAddr],
    tcp_candidates: &[SocketAddr],
    credentials: &IceCredentials,
) -> String {
    let ours = candidate_lines(candidates, tcp_candidates);
    let mut text = String::with_capacity(answer.len() + 20 * ours.len());
    let mut in_section = false;
    for line in answer.lines() {
        if line.starts_with("m=") {
            if in_section {
                text.push_str(&ours);
            }
            in_section = true;
        }
        if line.starts_with("a=candidate:") || line == "a=end-of-candidates" {
            continue;
        }
        match line {
            _ if line.starts_with("a=ice-ufrag:") => text.push_str("a=ice-ufrag:"),
            _ if line.starts_with("a=ice-pwd:") => text.push_str("a=ice-pwd:"),
            _ => text.push_str(line),
        }
        if line.starts_with("a=ice-ufrag:") {
            text.push_str(&credentials.ufrag);
        } else if line.starts_with("a=ice-pwd:") {
            text.push_str(&credentials.password);
        }
        text.push_str("\r\n");
    }
    text.push_str(&ours);
    text
}

/// Our candidates in order of preference, and the end of them.
fn candidate_lines(candidates: &[SocketAddr], tcp_candidates: &[SocketAddr]) -> String {
    let mut lines = String::new();
    for (at, address) in candidates.iter().enumerate() {
        let local_preference = 65_535_u32.saturating_sub(at as u32);
        let priority = HOST_PREFERENCE | local_preference << 8 | COMPONENT;
        let (ip, port) = (address.ip(), address.port());
        // Writing to a String cannot fail.
        let _ = write!(lines, "a=candidate:{at} 1 udp {priority} {ip} {port} typ host\r\n");
    }
    for (at, address) in tcp_candidates.iter().enumerate() {
        let local_preference = PASSIVE_PREFERENCE | 0x1fff_u32.saturating_sub(at as u32);
        let priority = TCP_HOST_PREFERENCE | local_preference << 8 | COMPONENT;
        let (ip, port) = (address.ip(), address.port());
        // Equal types and addresses over another protocol are another foundation (RFC 8445 section 5.1.1.3).
        let foundation = candidates.len() + at;
        let _ = write!(
            lines,
            "a=candidate:{foundation} 1 tcp {priority} {ip} {port} typ host tcptype passive\r\n"
        );
    }
    lines.push_str("a=end-of-candidates\r\n");
    lines
}

/// Checks what follows `candidate:` (RFC 8839 section 5.1). Names ending in `.local` (mDNS) are fine:
/// an ICE-lite side never connects to a candidate, it learns the address from the checks.
pub(crate) fn check_candidate(candidate: &str) -> Result<(), MediaRefusal> {
    let words: Vec<&str> = candidate.split_ascii_whitespace().take(10).collect();
    let &[foundation, component, transport, priority, address, port, typ, kind, ..] = &words[..]
    else {
        return Err(MediaRefusal::bad_sdp("the candidate is incomplete"));
    };
    let well_formed = (1..=32).contains(&foundation.len())
        && component.parse::<u16>().is_ok_and(|c| (1..=256).contains(&c))
        && ["udp", "tcp", "ssltcp"].contains(&transport.to_ascii_lowercase().as_str())
        && priority.parse::<u32>().is_ok()
        && (address.parse::<IpAddr>().is_ok() || address.ends_with(".local"))
        && port.parse::<u16>().is_ok()
        && typ == "typ"
        && ["host", "srflx", "prflx", "relay"].contains(&kind);
    if well_formed { Ok(()) } else { Err(MediaRefusal::bad_sdp("the candidate is malformed")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credentials::WorkerNumber;

    #[test]
    fn every_section_has_every_candidate() {
        let answer = "v=0\r\na=ice-lite\r\nm=audio 9 X 0\r\na=ice-ufrag:old\r\na=ice-pwd:old\r\n\
            a=candidate:x\r\na=mid:0\r\nm=video 9 X 0\r\na=mid:1\r\n";
        let addresses = ["192.0.2.1:1".parse().unwrap(), "[::1]:1".parse().unwrap()];
        let tcp = ["192.0.2.1:2".parse().unwrap()];
        let credentials = IceCredentials::from_random(WorkerNumber(3), [0; 32]);
        let lines = "a=candidate:0 1 udp 2130706431 192.0.2.1 1 typ host\r\n\
            a=candidate:1 1 udp 2130706175 ::1 1 typ host\r\n\
            a=candidate:2 1 tcp 1520435199 192.0.2.1 2 typ host tcptype passive\r\na=end-of-candidates\r\n";
        let expect = format!(
            "v=0\r\na=ice-lite\r\nm=audio 9 X 0\r\na=ice-ufrag:03AAAAAAAA\r\n\
            a=ice-pwd:AAAAAAAAAAAAAAAAAAAAAAAA\r\na=mid:0\r\n{lines}m=video 9 X 0\r\na=mid:1\r\n{lines}"
        );
        assert_eq!(finish_answer(answer, &addresses, &tcp, &credentials), expect);
    }

    #[test]
    fn candidates_are_checked() {
        let check = |text: &str, good: bool| {
            assert_eq!(check_candidate(text).is_ok(), good, "{text}");
        };
        check("1 1 udp 2130706431 192.0.2.7 50000 typ host generation 0 ufrag x", true);
        check("1 1 UDP 1 2001:db8::1 50000 typ srflx raddr :: rport 9", true);
        check("1 1 udp 1 4fd1-11.local 50000 typ host", true);
        check("1 1 tcp 1 192.0.2.7 9 typ host tcptype active", true);
        check("", false);
        check("1 1 udp", false);
        check("1 0 udp 1 192.0.2.7 5 typ host", false);
        check("1 1 sctp 1 192.0.2.7 5 typ host", false);
        check("1 1 udp 1 example.org 5 typ host", false);
        check("1 1 udp 1 192.0.2.7 70000 typ host", false);
        check("1 1 udp 1 192.0.2.7 7 type host", false);
    }
}
