//! What is said to a client that has no allocation: its address, who it should say it is, and whether it gets one.
//! Nothing is kept of it.

use std::net::SocketAddr;

use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH};
use turn_types::stun::attribute::ErrorCode;
use turn_types::stun::message::{BINDING, MessageClass};

use super::allocation::ALLOCATE_KNOWS;
use super::credential::Secrets;
use super::request::{self, Now, Signed};

/// UDP as an IP protocol number: the only transport that is relayed.
const UDP: u8 = 17;

/// What to do about its message.
pub(super) enum Said {
    Nothing,
    Reply(Vec<u8>),
    /// A good request for an allocation.
    Allocate {
        owner: Signed,
        ipv6: bool,
    },
}

/// Looks at a message.
pub(super) fn look(bytes: &[u8], client: SocketAddr, secrets: &Secrets, now: Now) -> Said {
    let Some(message) = request::read(bytes) else { return Said::Nothing };
    if message.class() != MessageClass::Request {
        return Said::Nothing;
    }
    let method = message.method();
    if method == BINDING {
        return said(request::bound(&message, client));
    }
    if ![ALLOCATE, REFRESH, CREATE_PERMISSION, CHANNEL_BIND].contains(&method) {
        return said(request::refusal(&message, ErrorCode::BAD_REQUEST, None));
    }
    let owner = match request::authenticate(&message, secrets, client, now) {
        Ok(owner) => owner,
        Err(challenge) => return said(challenge),
    };
    let key = &owner.user.key;
    let refuse = |code| said(request::refusal(&message, code, Some(key)));
    if method != ALLOCATE {
        return refuse(ErrorCode::ALLOCATION_MISMATCH);
    }
    if owner.user.expired {
        let nonce = secrets.nonce(client, now.unix_secs);
        return said(request::challenge(&message, ErrorCode::UNAUTHORIZED, &nonce));
    }
    if let Some(unknown) = request::unknown(&message, &ALLOCATE_KNOWS, key) {
        return Said::Reply(unknown);
    }
    match (request::transport(&message), request::wants_ipv6(&message)) {
        (None, _) => refuse(ErrorCode::BAD_REQUEST),
        (Some(UDP), Some(ipv6)) => Said::Allocate { owner, ipv6 },
        (Some(UDP), None) => refuse(ErrorCode::ADDRESS_FAMILY_NOT_SUPPORTED),
        (Some(_), _) => refuse(ErrorCode::UNSUPPORTED_TRANSPORT_PROTOCOL),
    }
}

fn said(reply: Option<Vec<u8>>) -> Said {
    reply.map_or(Said::Nothing, Said::Reply)
}
