//! Just enough STUN (RFC 8489) to demultiplex and to tell a client its address.
//!
//! The join reply hands out `stun:` of the media port, so a Binding request without USERNAME is
//! answered here; everything with a USERNAME is an ICE check and belongs to a session.

use std::net::{IpAddr, SocketAddr};

use crate::credentials::{WorkerNumber, worker_of};

const HEADER_LEN: usize = 20;
const MAGIC: [u8; 4] = 0x2112_A442_u32.to_be_bytes();
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const USE_CANDIDATE: u16 = 0x0025;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;

/// Which worker an ICE check is for, by the name in it; `None` for anything else. Anybody can send such a
/// name: whether it is somebody's, and the password, is found out there.
pub fn worker_of_check(bytes: &[u8]) -> Option<WorkerNumber> {
    match parse(bytes)? {
        Stun::Check { ufrag } => worker_of(ufrag),
        Stun::Plain { .. } | Stun::Other => None,
    }
}

/// What a well-formed STUN message is to us.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stun<'a> {
    /// An ICE check for the session with this local name.
    Check { ufrag: &'a str },
    /// A plain "what is my address?".
    Plain { transaction: [u8; 12] },
    /// Any other STUN: responses and indications.
    Other,
}

/// Reads a message; `None` if it is not well-formed.
pub(crate) fn parse(bytes: &[u8]) -> Option<Stun<'_>> {
    let header = bytes.get(..HEADER_LEN)?;
    let kind = u16::from_be_bytes([header[0], header[1]]);
    let len = usize::from(u16::from_be_bytes([header[2], header[3]]));
    let whole = len % 4 == 0 && bytes.len() == HEADER_LEN + len;
    if kind & 0xc000 != 0 || !whole || header[4..8] != MAGIC {
        return None;
    }
    if kind != BINDING_REQUEST {
        return Some(Stun::Other);
    }
    match username(&bytes[HEADER_LEN..])? {
        Some(name) => {
            let ufrag = std::str::from_utf8(name).ok()?.split(':').next()?;
            Some(Stun::Check { ufrag })
        }
        None => Some(Stun::Plain { transaction: header[8..20].try_into().ok()? }),
    }
}

/// Whether a well-formed check says that its path is the one to use (RFC 8445 section 7.1.2).
pub(crate) fn nominates(bytes: &[u8]) -> bool {
    let attributes = bytes.get(HEADER_LEN..).unwrap_or_default();
    matches!(attribute(attributes, USE_CANDIDATE), Some(Some(_)))
}

/// The USERNAME among the attributes; the outer `None`: the attributes are malformed.
fn username(attributes: &[u8]) -> Option<Option<&[u8]>> {
    attribute(attributes, USERNAME)
}

fn attribute(mut attributes: &[u8], wanted: u16) -> Option<Option<&[u8]>> {
    while !attributes.is_empty() {
        let head = attributes.get(..4)?;
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let value = attributes.get(4..4 + len)?;
        if u16::from_be_bytes([head[0], head[1]]) == wanted {
            return Some(Some(value));
        }
        attributes = attributes.get(4 + len.next_multiple_of(4)..)?;
    }
    Some(None)
}

/// The success response to a plain request from `source`.
pub(crate) fn binding_success(transaction: [u8; 12], source: SocketAddr) -> Vec<u8> {
    let mut mask = [0; 16];
    mask[..4].copy_from_slice(&MAGIC);
    mask[4..].copy_from_slice(&transaction);
    let xor = |octets: &[u8]| -> Vec<u8> { octets.iter().zip(mask).map(|(a, b)| a ^ b).collect() };
    let (family, address) = match source.ip() {
        IpAddr::V4(ip) => (1, xor(&ip.octets())),
        IpAddr::V6(ip) => (2, xor(&ip.octets())),
    };
    let value_len = (4 + address.len()) as u16;
    let mut reply = Vec::with_capacity(HEADER_LEN + 4 + usize::from(value_len));
    reply.extend(BINDING_SUCCESS.to_be_bytes());
    reply.extend((4 + value_len).to_be_bytes());
    reply.extend(mask);
    reply.extend(XOR_MAPPED_ADDRESS.to_be_bytes());
    reply.extend(value_len.to_be_bytes());
    reply.extend([0, family]);
    reply.extend(xor(&source.port().to_be_bytes()));
    reply.extend(address);
    reply
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The transaction of RFC 5769 sections 2.1 to 2.3.
    const TRANSACTION: [u8; 12] =
        [0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf, 0xae];

    fn request(attributes: &[u8]) -> Vec<u8> {
        let mut bytes = vec![0, 1];
        bytes.extend((attributes.len() as u16).to_be_bytes());
        bytes.extend(MAGIC);
        bytes.extend(TRANSACTION);
        bytes.extend(attributes);
        bytes
    }

    #[test]
    fn the_reply_has_the_bytes_of_rfc_5769() {
        let reply = binding_success(TRANSACTION, "192.0.2.1:32853".parse().unwrap());
        let mut expect = vec![0x01, 0x01, 0x00, 0x0c];
        expect.extend(MAGIC);
        expect.extend(TRANSACTION);
        expect.extend([0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
        assert_eq!(reply, expect);
    }

    #[test]
    fn the_ipv6_reply_has_the_bytes_of_rfc_5769() {
        let source = "[2001:db8:1234:5678:11:2233:4455:6677]:32853".parse().unwrap();
        let reply = binding_success(TRANSACTION, source);
        let expect = [
            0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3,
            0xf1, 0x79, 0xbc, 0x25, 0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9,
        ];
        assert_eq!(&reply[20..], expect);
        assert_eq!(reply[3], 24);
    }

    #[test]
    fn a_request_is_read() {
        let plain = request(&[0x80, 0x22, 0, 3, b'a', b'b', b'c', 0]);
        assert_eq!(parse(&plain), Some(Stun::Plain { transaction: TRANSACTION }));
        let check = request(&[0, 6, 0, 5, b'0', b'0', b'x', b':', b'y', 0, 0, 0]);
        assert_eq!(parse(&check), Some(Stun::Check { ufrag: "00x" }));
    }

    #[test]
    fn truncations_are_no_message() {
        let whole = request(&[0, 6, 0, 5, b'0', b'0', b'x', b':', b'y', 0, 0, 0]);
        for len in 0..whole.len() {
            assert_eq!(parse(&whole[..len]), None, "{len}");
        }
        let mut lying = whole.clone();
        lying[23] = 200;
        assert_eq!(parse(&lying), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = parse(&bytes);
            let _ = parse(&request(&bytes[..bytes.len() / 4 * 4]));
        }
    }
}
