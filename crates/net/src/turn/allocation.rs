//! An allocation: a client's permissions and channels, and what it may relay (RFC 8656 sections 7 to 12). It is told the
//! time and the bytes, and says what is to be done; `relay` does it.

use std::net::{IpAddr, SocketAddr};
use std::ops::Range;
use std::time::{Duration, Instant};

use turn_types::attribute::{
    ChannelNumber, Data, Lifetime, RequestedAddressFamily, RequestedTransport, XorPeerAddress,
};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH, SEND};
use turn_types::stun::attribute::ErrorCode;
use turn_types::stun::message::{BINDING, Message, MessageClass, MessageWriteExt, TransactionId};
use turn_types::stun::prelude::{Attribute, AttributeStaticType};

use super::budget::Budget;
use super::credential::Secrets;
use super::policy::{Policy, Verdict};
use super::request::{self, Now, Signed};

/// What a client gets that asks for nothing, and what it gets at most, in seconds (RFC 8656 section 3.2).
const LIFETIME_SECS: u32 = 600;
const LIFETIME_SECS_MAX: u32 = 3600;
/// RFC 8656 sections 9 and 12.
const PERMISSION_FOR: Duration = Duration::from_secs(300);
const CHANNEL_FOR: Duration = Duration::from_secs(600);
/// Permissions, and channels, at once. A client has one for each candidate of the other side; more would let it
/// make each packet's look-up dearer.
const PERMISSIONS_MAX: usize = 64;
const CHANNELS_MAX: usize = 64;
/// Peers in one request. A client of ours names one.
const PEERS_MAX: usize = 16;
/// What RFC 8656 section 12 allows, and the wider range of RFC 5766 that older clients draw from.
const CHANNEL_NUMBERS: std::ops::RangeInclusive<u16> = 0x4000..=0x7fff;
/// The longest datagram that is relayed: more does not come through the internet in one piece.
pub(super) const RELAYED_BYTES_MAX: usize = 1500;
const CHANNEL_HEADER_LEN: usize = 4;

/// What is to be done about a message of the client.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Act {
    Nothing,
    /// Send it this.
    Reply(Vec<u8>),
    /// Send these bytes of the message to a peer.
    Relay {
        to: SocketAddr,
        bytes: Range<usize>,
    },
    /// Send it this, and end.
    End(Vec<u8>),
}

/// A running allocation.
pub(super) struct Allocation {
    client: SocketAddr,
    relayed: SocketAddr,
    owner: Signed,
    /// Of the request that made it, which may come again, and its reply.
    made_by: TransactionId,
    made: Vec<u8>,
    pub ends_at: Instant,
    permissions: Vec<(IpAddr, Instant)>,
    channels: Vec<Channel>,
    up: Budget,
    down: Budget,
}

struct Channel {
    number: u16,
    peer: SocketAddr,
    until: Instant,
}

impl Allocation {
    /// Makes one for a request that [`super::desk`] found good. `None`: the reply cannot be written.
    pub fn new(
        message: &Message<'_>,
        owner: Signed,
        client: SocketAddr,
        relayed: SocketAddr,
        now: Now,
    ) -> Option<Self> {
        let secs = granted(request::lifetime(message));
        let made = request::allocated(message, relayed, client, secs, &owner.user.key)?;
        Some(Self {
            client,
            relayed,
            owner,
            made_by: message.transaction_id(),
            made,
            ends_at: now.mono + Duration::from_secs(secs.into()),
            permissions: Vec::new(),
            channels: Vec::new(),
            up: Budget::new(now.mono),
            down: Budget::new(now.mono),
        })
    }

    /// The reply to the request that made it.
    pub fn made(&self) -> Vec<u8> {
        self.made.clone()
    }

    /// A message of the client.
    pub fn handle(&mut self, bytes: &[u8], secrets: &Secrets, policy: &Policy, now: Now) -> Act {
        if bytes.first().is_some_and(|first| first >> 6 == 1) {
            return self.handle_channel_data(bytes, now.mono);
        }
        let Some(message) = request::read(bytes) else { return Act::Nothing };
        match (message.class(), message.method()) {
            (MessageClass::Indication, SEND) => self.handle_send(&message, policy, now.mono),
            (MessageClass::Request, BINDING) => reply(request::bound(&message, self.client)),
            (MessageClass::Request, _) => self.handle_request(&message, secrets, policy, now),
            _ => Act::Nothing,
        }
    }

    fn handle_request(
        &mut self,
        message: &Message<'_>,
        secrets: &Secrets,
        policy: &Policy,
        now: Now,
    ) -> Act {
        let signed = match request::authenticate(message, secrets, self.client, now) {
            Ok(signed) => signed,
            Err(challenge) => return reply(challenge),
        };
        // The time of the name that made the allocation may be over: a call outlives it.
        if signed.username != self.owner.username {
            return reply(self.refuse(message, ErrorCode::WRONG_CREDENTIALS));
        }
        match message.method() {
            ALLOCATE if message.transaction_id() == self.made_by => Act::Reply(self.made()),
            ALLOCATE => reply(self.refuse(message, ErrorCode::ALLOCATION_MISMATCH)),
            REFRESH => self.refresh(message, now.mono),
            CREATE_PERMISSION => reply(self.permit(message, policy, now.mono)),
            CHANNEL_BIND => reply(self.bind(message, policy, now.mono)),
            _ => reply(self.refuse(message, ErrorCode::BAD_REQUEST)),
        }
    }

    fn refuse(&self, message: &Message<'_>, code: u16) -> Option<Vec<u8>> {
        request::refusal(message, code, Some(&self.owner.user.key))
    }

    fn refresh(&mut self, message: &Message<'_>, now: Instant) -> Act {
        let known = [Lifetime::TYPE, RequestedAddressFamily::TYPE];
        if let Some(unknown) = request::unknown(message, &known, &self.owner.user.key) {
            return Act::Reply(unknown);
        }
        let asked = message.raw_attribute(RequestedAddressFamily::TYPE).is_some();
        if asked && request::wants_ipv6(message) != Some(self.relayed.is_ipv6()) {
            return reply(self.refuse(message, ErrorCode::PEER_ADDRESS_FAMILY_MISMATCH));
        }
        let ends = request::lifetime(message) == Some(0);
        let secs = if ends { 0 } else { granted(request::lifetime(message)) };
        let mut success = request::success(message);
        let written = success.add_attribute(&Lifetime::new(secs)).ok();
        let success = written.and_then(|()| request::sign(success, Some(&self.owner.user.key)));
        let Some(success) = success else { return Act::Nothing };
        if ends {
            return Act::End(success);
        }
        self.ends_at = now + Duration::from_secs(secs.into());
        Act::Reply(success)
    }

    fn permit(&mut self, message: &Message<'_>, policy: &Policy, now: Instant) -> Option<Vec<u8>> {
        let known = [XorPeerAddress::TYPE];
        if let Some(unknown) = request::unknown(message, &known, &self.owner.user.key) {
            return Some(unknown);
        }
        let peers = request::peers(message).filter(|peers| (1..=PEERS_MAX).contains(&peers.len()));
        let Some(peers) = peers else { return self.refuse(message, ErrorCode::BAD_REQUEST) };
        for peer in &peers {
            if let Some(code) = self.objection(peer, policy.permits(peer.ip())) {
                return self.refuse(message, code);
            }
        }
        self.forget_old(now);
        let mut ips: Vec<IpAddr> = peers.iter().map(SocketAddr::ip).collect();
        ips.sort_unstable();
        ips.dedup();
        let fresh = ips.iter().filter(|ip| self.permissions.iter().all(|(known, _)| known != *ip));
        if self.permissions.len() + fresh.count() > PERMISSIONS_MAX {
            return self.refuse(message, ErrorCode::INSUFFICIENT_CAPACITY);
        }
        ips.into_iter().for_each(|ip| self.add_permission(ip, now));
        request::sign(request::success(message), Some(&self.owner.user.key))
    }

    fn bind(&mut self, message: &Message<'_>, policy: &Policy, now: Instant) -> Option<Vec<u8>> {
        let known = [XorPeerAddress::TYPE, ChannelNumber::TYPE];
        if let Some(unknown) = request::unknown(message, &known, &self.owner.user.key) {
            return Some(unknown);
        }
        let peers = request::peers(message).unwrap_or_default();
        let number = request::channel(message).filter(|number| CHANNEL_NUMBERS.contains(number));
        let (Some(number), [peer]) = (number, &peers[..]) else {
            return self.refuse(message, ErrorCode::BAD_REQUEST);
        };
        if let Some(code) = self.objection(peer, policy.verdict(*peer) != Verdict::Refused) {
            return self.refuse(message, code);
        }
        self.forget_old(now);
        let same = |channel: &Channel| channel.number == number || channel.peer == *peer;
        let until = now + CHANNEL_FOR;
        match self.channels.iter().position(same) {
            Some(at) if self.channels[at].number == number && self.channels[at].peer == *peer => {
                self.channels[at].until = until;
            }
            // One number, one peer, both ways, for as long as it is bound.
            Some(_) => return self.refuse(message, ErrorCode::BAD_REQUEST),
            None if self.channels.len() >= CHANNELS_MAX => {
                return self.refuse(message, ErrorCode::INSUFFICIENT_CAPACITY);
            }
            None => {
                let known = self.permissions.iter().any(|(ip, _)| *ip == peer.ip());
                if !known && self.permissions.len() >= PERMISSIONS_MAX {
                    return self.refuse(message, ErrorCode::INSUFFICIENT_CAPACITY);
                }
                self.channels.push(Channel { number, peer: *peer, until });
            }
        }
        self.add_permission(peer.ip(), now);
        request::sign(request::success(message), Some(&self.owner.user.key))
    }

    fn objection(&self, peer: &SocketAddr, allowed: bool) -> Option<u16> {
        if peer.is_ipv4() != self.relayed.is_ipv4() {
            return Some(ErrorCode::PEER_ADDRESS_FAMILY_MISMATCH);
        }
        (!allowed).then_some(ErrorCode::FORBIDDEN)
    }

    fn add_permission(&mut self, ip: IpAddr, now: Instant) {
        let until = now + PERMISSION_FOR;
        match self.permissions.iter_mut().find(|(known, _)| *known == ip) {
            Some(permission) => permission.1 = until,
            None => self.permissions.push((ip, until)),
        }
    }

    fn forget_old(&mut self, now: Instant) {
        self.permissions.retain(|(_, until)| *until > now);
        self.channels.retain(|channel| channel.until > now);
    }

    fn has_permission(&self, ip: IpAddr, now: Instant) -> bool {
        self.permissions.iter().any(|(known, until)| *known == ip && *until > now)
    }

    fn handle_channel_data(&mut self, bytes: &[u8], now: Instant) -> Act {
        let Some(&[a, b, high, low]) = bytes.first_chunk() else { return Act::Nothing };
        let number = u16::from_be_bytes([a, b]);
        let len = usize::from(u16::from_be_bytes([high, low]));
        let range = CHANNEL_HEADER_LEN..CHANNEL_HEADER_LEN + len;
        let found = self.channels.iter().find(|c| c.number == number && c.until > now);
        let Some(to) = found.map(|channel| channel.peer) else { return Act::Nothing };
        self.relay(to, range, bytes.len(), now)
    }

    fn handle_send(&mut self, message: &Message<'_>, policy: &Policy, now: Instant) -> Act {
        let peers = request::peers(message).unwrap_or_default();
        let data = message.raw_attribute_and_offset(Data::TYPE);
        let ([to], Some((offset, data))) = (&peers[..], data) else { return Act::Nothing };
        // A permission is for an address, and of ours only one port is media.
        if to.is_ipv4() != self.relayed.is_ipv4() || policy.verdict(*to) == Verdict::Refused {
            return Act::Nothing;
        }
        let start = offset + CHANNEL_HEADER_LEN;
        let range = start..start + usize::from(data.length());
        self.relay(*to, range, message.as_bytes().len(), now)
    }

    fn relay(&mut self, to: SocketAddr, bytes: Range<usize>, of: usize, now: Instant) -> Act {
        let fits = bytes.end <= of && bytes.len() <= RELAYED_BYTES_MAX;
        let may = fits && self.has_permission(to.ip(), now) && self.up.take(bytes.len(), now);
        if may { Act::Relay { to, bytes } } else { Act::Nothing }
    }

    /// A datagram of a peer, as the client gets it. `None`: it does not get it.
    pub fn handle_peer(
        &mut self,
        peer: SocketAddr,
        bytes: &[u8],
        policy: &Policy,
        now: Instant,
    ) -> Option<Vec<u8>> {
        let fits = bytes.len() <= RELAYED_BYTES_MAX;
        if !fits || !self.has_permission(peer.ip(), now) || !self.down.take(bytes.len(), now) {
            return None;
        }
        if let Some(channel) = self.channels.iter().find(|c| c.peer == peer && c.until > now) {
            let mut data = Vec::with_capacity(CHANNEL_HEADER_LEN + bytes.len());
            data.extend_from_slice(&channel.number.to_be_bytes());
            data.extend_from_slice(&(bytes.len() as u16).to_be_bytes());
            data.extend_from_slice(bytes);
            return Some(data);
        }
        if policy.verdict(peer) == Verdict::Refused {
            return None;
        }
        request::data_indication(peer, bytes)
    }
}

fn reply(reply: Option<Vec<u8>>) -> Act {
    reply.map_or(Act::Nothing, Act::Reply)
}

/// Never less than what a client that asks for nothing gets (RFC 8656 section 7.2).
fn granted(asked: Option<u32>) -> u32 {
    asked.unwrap_or(LIFETIME_SECS).clamp(LIFETIME_SECS, LIFETIME_SECS_MAX)
}

/// What an Allocate request may have in it that must be known.
pub(super) const ALLOCATE_KNOWS: [turn_types::stun::attribute::AttributeType; 3] =
    [Lifetime::TYPE, RequestedTransport::TYPE, RequestedAddressFamily::TYPE];
