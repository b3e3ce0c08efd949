//! Requests, read and answered: who sent one (RFC 8489 section 9.2), and what the replies look like. The wire format
//! is the library's.

use std::net::SocketAddr;

use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
    XorRelayedAddress,
};
use turn_types::message::DATA;
use turn_types::stun::attribute::{
    AttributeType, ErrorCode, Fingerprint, MessageIntegrity, Nonce, Realm, Username,
    XorMappedAddress,
};
use turn_types::stun::message::{
    IntegrityKey, Message, MessageHeader, MessageWrite, MessageWriteExt, MessageWriteVec,
};
use turn_types::stun::prelude::{Attribute, AttributeStaticType};

use super::credential::{REALM, Secrets, User};

/// Whose turn it is in time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Now {
    pub mono: std::time::Instant,
    pub unix_secs: u64,
}

/// Someone's request with a good password.
pub(super) struct Signed {
    pub username: String,
    pub user: User,
}

/// Reads a message that is exactly as long as it says.
pub(super) fn read(bytes: &[u8]) -> Option<Message<'_>> {
    let header = MessageHeader::from_bytes(bytes).ok()?;
    let whole = bytes.len() == MessageHeader::LENGTH + usize::from(header.data_length());
    if whole { Message::from_bytes(bytes).ok() } else { None }
}

/// Finds out who sent a request, or the reply to who did not say. Who is unknown, whose time is over and who
/// has a wrong password are told the same.
pub(super) fn authenticate(
    message: &Message<'_>,
    secrets: &Secrets,
    client: SocketAddr,
    now: Now,
) -> Result<Signed, Option<Vec<u8>>> {
    let challenge = |code| challenge(message, code, &secrets.nonce(client, now.unix_secs));
    if message.raw_attribute(MessageIntegrity::TYPE).is_none() {
        return Err(challenge(ErrorCode::UNAUTHORIZED));
    }
    let attributes = (
        message.attribute::<Username>(),
        message.attribute::<Realm>(),
        message.attribute::<Nonce>(),
    );
    let (Ok(username), Ok(realm), Ok(nonce)) = attributes else {
        return Err(refusal(message, ErrorCode::BAD_REQUEST, None));
    };
    let user = secrets.user(username.username(), now.unix_secs);
    let right = message.validate_integrity_with_key(&user.key).is_ok();
    if !right || realm.realm() != REALM {
        return Err(challenge(ErrorCode::UNAUTHORIZED));
    }
    if !secrets.is_fresh(nonce.nonce(), client, now.unix_secs) {
        return Err(challenge(ErrorCode::STALE_NONCE));
    }
    Ok(Signed { username: username.username().to_owned(), user })
}

/// "Say who you are": unsigned, with a nonce.
pub(super) fn challenge(message: &Message<'_>, code: u16, nonce: &str) -> Option<Vec<u8>> {
    let mut reply = Message::builder_error(message, MessageWriteVec::with_capacity(128));
    reply.add_attribute(&ErrorCode::new(code, "").ok()?).ok()?;
    reply.add_attribute(&Nonce::new(nonce).ok()?).ok()?;
    reply.add_attribute(&Realm::new(REALM).ok()?).ok()?;
    Some(reply.finish())
}

/// "No", signed if the key is known.
pub(super) fn refusal(
    message: &Message<'_>,
    code: u16,
    key: Option<&IntegrityKey>,
) -> Option<Vec<u8>> {
    let mut reply = Message::builder_error(message, MessageWriteVec::with_capacity(96));
    reply
        .add_attribute(&ErrorCode::new(code, ErrorCode::default_reason_for_code(code)).ok()?)
        .ok()?;
    sign(reply, key)
}

/// "I do not know this" (RFC 8489 section 6.3.1), if there is something in a request that must be known.
pub(super) fn unknown(
    message: &Message<'_>,
    known: &[AttributeType],
    key: &IntegrityKey,
) -> Option<Vec<u8>> {
    let strange: Vec<AttributeType> = message
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type())
        .filter(|kind| kind.comprehension_required())
        .filter(|kind| !known.contains(kind) && !OF_CREDENTIALS.contains(kind))
        .collect();
    if strange.is_empty() {
        return None;
    }
    let buffer = MessageWriteVec::with_capacity(96);
    sign(Message::unknown_attributes(message, &strange, buffer), Some(key))
}

const OF_CREDENTIALS: [AttributeType; 5] = [
    Username::TYPE,
    Realm::TYPE,
    Nonce::TYPE,
    MessageIntegrity::TYPE,
    turn_types::stun::attribute::MessageIntegritySha256::TYPE,
];

/// "Yes".
pub(super) fn success(message: &Message<'_>) -> MessageWriteVec {
    Message::builder_success(message, MessageWriteVec::with_capacity(128))
}

/// The reply as bytes.
pub(super) fn sign(mut reply: MessageWriteVec, key: Option<&IntegrityKey>) -> Option<Vec<u8>> {
    if let Some(key) = key {
        let algorithm = turn_types::stun::message::IntegrityAlgorithm::Sha1;
        reply.add_message_integrity_with_key(key, algorithm).ok()?;
    }
    Some(reply.finish())
}

/// The reply to a plain "what is my address?".
pub(super) fn bound(message: &Message<'_>, client: SocketAddr) -> Option<Vec<u8>> {
    let mut reply = success(message);
    reply.add_attribute(&XorMappedAddress::new(client, message.transaction_id())).ok()?;
    // An ICE agent may tell STUN from other things by it.
    if message.raw_attribute(Fingerprint::TYPE).is_some() {
        reply.add_fingerprint().ok()?;
    }
    Some(reply.finish())
}

/// The reply to a good Allocate request.
pub(super) fn allocated(
    message: &Message<'_>,
    relayed: SocketAddr,
    client: SocketAddr,
    lifetime_secs: u32,
    key: &IntegrityKey,
) -> Option<Vec<u8>> {
    let mut reply = success(message);
    let transaction = message.transaction_id();
    reply.add_attribute(&XorRelayedAddress::new(relayed, transaction)).ok()?;
    reply.add_attribute(&Lifetime::new(lifetime_secs)).ok()?;
    reply.add_attribute(&XorMappedAddress::new(client, transaction)).ok()?;
    sign(reply, Some(key))
}

/// A datagram of a peer for a client without a channel for it.
pub(super) fn data_indication(peer: SocketAddr, data: &[u8]) -> Option<Vec<u8>> {
    let buffer = MessageWriteVec::with_capacity(64 + data.len());
    let mut indication = Message::builder_indication(DATA, buffer);
    let transaction = indication.transaction_id();
    indication.add_attribute(&XorPeerAddress::new(peer, transaction)).ok()?;
    indication.add_attribute(&Data::new(data)).ok()?;
    Some(indication.finish())
}

/// All peers that a request names. `None`: one cannot be read.
pub(super) fn peers(message: &Message<'_>) -> Option<Vec<SocketAddr>> {
    let transaction = message.transaction_id();
    message
        .iter_attributes()
        .filter(|(_, attribute)| attribute.get_type() == XorPeerAddress::TYPE)
        .map(|(_, attribute)| {
            let peer = XorPeerAddress::try_from(&attribute).ok()?;
            Some(peer.addr(transaction))
        })
        .collect()
}

/// The lifetime that a request asks for, in seconds.
pub(super) fn lifetime(message: &Message<'_>) -> Option<u32> {
    message.attribute::<Lifetime>().ok().map(|lifetime| lifetime.seconds())
}

/// The channel that a request names.
pub(super) fn channel(message: &Message<'_>) -> Option<u16> {
    message.attribute::<ChannelNumber>().ok().map(|channel| channel.channel())
}

/// The transport that is wanted for the relayed address (an IP protocol number).
pub(super) fn transport(message: &Message<'_>) -> Option<u8> {
    message.attribute::<RequestedTransport>().ok().map(|transport| transport.protocol())
}

/// Whether IPv6 is wanted. `None`: neither, or unreadable.
pub(super) fn wants_ipv6(message: &Message<'_>) -> Option<bool> {
    if message.raw_attribute(RequestedAddressFamily::TYPE).is_none() {
        return Some(false);
    }
    let family = message.attribute::<RequestedAddressFamily>().ok()?.family();
    Some(family == turn_types::AddressFamily::IPV6)
}
