//! Whose datagram is it? ICE checks by the name in them, everything else by address.
//!
//! An address belongs to a session only after a check with the right password came from it, so DTLS
//! and RTP from strangers never reach a connection. Looking at the name first lets a newcomer take
//! over an address (NAT reuse, quick rejoin) whose former owner has not been noticed dead yet.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Instant;

use crate::credentials::WorkerNumber;
use crate::limit::{ADDRESSES_PER_SESSION, FOREIGN_ADDRESSES_MAX, LOST_AFTER};
use crate::output::Protocol;

/// The tables. Bounded: names by sessions, addresses by sessions times [`ADDRESSES_PER_SESSION`],
/// foreign addresses by two generations of [`FOREIGN_ADDRESSES_MAX`].
#[derive(Default)]
pub(crate) struct Demux {
    session_by_ufrag: HashMap<String, usize>,
    owner_by_address: HashMap<Remote, Owner>,
    addresses_by_session: HashMap<usize, Vec<Remote>>,
    // Of UDP alone: a TCP connection is given to the right worker at once.
    worker_by_address: HashMap<SocketAddr, WorkerNumber>,
    older_worker_by_address: HashMap<SocketAddr, WorkerNumber>,
}

/// Where a peer is. The same address over UDP and over TCP may be two peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Remote {
    pub protocol: Protocol,
    pub address: SocketAddr,
}

#[derive(Clone, Copy)]
struct Owner {
    session: usize,
    /// Its last check with the right password from there.
    checked_at: Instant,
}

/// Where a datagram that is no ICE check goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whose {
    Session(usize),
    Worker(WorkerNumber),
    Nobody,
}

impl Demux {
    pub fn by_ufrag(&self, ufrag: &str) -> Option<usize> {
        self.session_by_ufrag.get(ufrag).copied()
    }

    /// The session here that owns an address.
    pub fn owner(&self, address: Remote) -> Option<usize> {
        self.owner_by_address.get(&address).map(|owner| owner.session)
    }

    /// Whose traffic from this address is. An owner here goes first for as long as it checks: a name
    /// of another worker proves nothing by itself, anybody could have sent it.
    pub fn whose(&mut self, address: Remote, now: Instant) -> Whose {
        let owner = self.owner_by_address.get(&address).copied();
        if let Some(owner) = owner.filter(|owner| now < owner.checked_at + LOST_AFTER) {
            return Whose::Session(owner.session);
        }
        let foreign = match address.protocol {
            Protocol::Udp => self.foreign(address.address),
            Protocol::Tcp => None,
        };
        match (foreign, owner) {
            (Some(worker), _) => Whose::Worker(worker),
            (None, Some(owner)) => Whose::Session(owner.session),
            (None, None) => Whose::Nobody,
        }
    }

    pub fn add_ufrag(&mut self, ufrag: String, session: usize) {
        self.session_by_ufrag.insert(ufrag, session);
    }

    pub fn remove_ufrag(&mut self, ufrag: &str) {
        self.session_by_ufrag.remove(ufrag);
    }

    /// A check of this session came from this address: it is its own now, whoever had it before.
    pub fn claim(&mut self, address: Remote, session: usize, now: Instant) {
        let owner = Owner { session, checked_at: now };
        let before = self.owner_by_address.insert(address, owner).map(|owner| owner.session);
        if before == Some(session) {
            return;
        }
        if let Some(owned) = before.and_then(|stale| self.addresses_by_session.get_mut(&stale)) {
            owned.retain(|&known| known != address);
        }
        if address.protocol == Protocol::Udp {
            self.worker_by_address.remove(&address.address);
            self.older_worker_by_address.remove(&address.address);
        }
        let owned = self.addresses_by_session.entry(session).or_default();
        owned.push(address);
        if owned.len() > ADDRESSES_PER_SESSION {
            // The one that has not been checked for longest, however long ago it was claimed: the
            // path in use is checked all the time.
            let owners = &self.owner_by_address;
            let checked = |at: &usize| owners.get(&owned[*at]).map(|owner| owner.checked_at);
            if let Some(idlest) = (0..owned.len()).min_by_key(checked) {
                let idlest = owned.swap_remove(idlest);
                self.owner_by_address.remove(&idlest);
            }
        }
    }

    /// Forgets all addresses of a session.
    pub fn release(&mut self, session: usize) {
        for address in self.addresses_by_session.remove(&session).unwrap_or_default() {
            self.owner_by_address.remove(&address);
        }
    }

    /// Nothing more will come from there: its connection is closed.
    pub fn forget(&mut self, address: Remote) {
        let owner = self.owner_by_address.remove(&address);
        if let Some(owned) = owner.and_then(|o| self.addresses_by_session.get_mut(&o.session)) {
            owned.retain(|&known| known != address);
        }
    }

    /// A check for another worker came from this address; what follows is probably for it too.
    pub fn remember_foreign(&mut self, address: SocketAddr, worker: WorkerNumber) {
        if self.worker_by_address.len() >= FOREIGN_ADDRESSES_MAX {
            self.older_worker_by_address = std::mem::take(&mut self.worker_by_address);
        }
        self.worker_by_address.insert(address, worker);
    }

    fn foreign(&mut self, address: SocketAddr) -> Option<WorkerNumber> {
        if let Some(worker) = self.worker_by_address.get(&address) {
            return Some(*worker);
        }
        let worker = self.older_worker_by_address.remove(&address)?;
        self.remember_foreign(address, worker);
        Some(worker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(port: u16) -> Remote {
        udp(([192, 0, 2, 1], port).into())
    }

    fn udp(address: SocketAddr) -> Remote {
        Remote { protocol: Protocol::Udp, address }
    }

    #[test]
    fn udp_and_tcp_from_one_address_are_two_peers() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        let tcp = Remote { protocol: Protocol::Tcp, ..address(1) };
        demux.claim(address(1), 7, now);
        demux.claim(tcp, 8, now);
        assert_eq!((demux.owner(address(1)), demux.owner(tcp)), (Some(7), Some(8)));
        demux.forget(tcp);
        assert_eq!((demux.owner(address(1)), demux.owner(tcp)), (Some(7), None));
        assert!(demux.addresses_by_session[&8].is_empty());
        demux.remember_foreign(tcp.address, WorkerNumber(2));
        assert_eq!(demux.whose(tcp, now), Whose::Nobody, "names of other workers count for UDP");
    }

    #[test]
    fn an_address_has_one_owner() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.claim(address(1), 7, now);
        demux.claim(address(1), 8, now);
        assert_eq!(demux.owner(address(1)), Some(8));
        demux.release(7);
        assert_eq!(demux.owner(address(1)), Some(8), "7 lost it before");
        demux.release(8);
        assert_eq!(demux.owner(address(1)), None);
    }

    #[test]
    fn a_session_owns_a_bounded_number() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        for port in 0..100 {
            demux.claim(address(port), 7, now);
        }
        assert_eq!(demux.owner_by_address.len(), ADDRESSES_PER_SESSION);
        assert_eq!(demux.owner(address(99)), Some(7));
    }

    #[test]
    fn the_address_in_use_stays_whatever_else_is_claimed() {
        let (mut demux, start) = (Demux::default(), Instant::now());
        for port in 0..100 {
            let now = start + std::time::Duration::from_millis(port.into());
            demux.claim(address(port), 7, now);
            demux.claim(address(0), 7, now);
        }
        assert_eq!(demux.owner(address(0)), Some(7));
        assert_eq!(demux.owner(address(99)), Some(7));
        assert_eq!(demux.owner_by_address.len(), ADDRESSES_PER_SESSION);
    }

    #[test]
    fn foreign_addresses_are_bounded_and_live_ones_stay() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        let live: SocketAddr = "192.0.2.9:9".parse().unwrap();
        demux.remember_foreign(live, WorkerNumber(1));
        for n in 0..4 * FOREIGN_ADDRESSES_MAX as u32 {
            demux.remember_foreign((n.to_be_bytes(), 1).into(), WorkerNumber(2));
            if n % 1000 == 0 {
                assert_eq!(demux.whose(udp(live), now), Whose::Worker(WorkerNumber(1)));
            }
        }
        let kept = demux.worker_by_address.len() + demux.older_worker_by_address.len();
        assert!(kept <= 2 * FOREIGN_ADDRESSES_MAX + 1, "{kept}");
    }

    #[test]
    fn a_name_of_another_worker_does_not_steal_a_live_address() {
        let (mut demux, now) = (Demux::default(), Instant::now());
        demux.claim(address(1), 7, now);
        demux.remember_foreign(address(1).address, WorkerNumber(2));
        assert_eq!(demux.whose(address(1), now), Whose::Session(7));
        assert_eq!(demux.whose(address(1), now + LOST_AFTER), Whose::Worker(WorkerNumber(2)));
        demux.claim(address(1), 7, now + LOST_AFTER);
        assert_eq!(demux.whose(address(1), now + LOST_AFTER), Whose::Session(7));
        assert_eq!(demux.whose(address(2), now), Whose::Nobody);
    }
}
