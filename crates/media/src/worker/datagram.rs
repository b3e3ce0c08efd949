//! A datagram's way to its session: here, or to the worker that has it.

use std::net::SocketAddr;
use std::time::Instant;

use super::Worker;
use crate::credentials::{WorkerNumber, worker_of};
use crate::demux::{Remote, Whose};
use crate::limit::DATAGRAM_BYTES_MAX;
use crate::output::{Handover, Output, Protocol, Transmit};
use crate::peer::Datagram;
use crate::stun::{self, Stun};

impl Worker {
    /// A datagram from a socket.
    pub fn handle_datagram(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
    ) {
        self.router.counters.received += 1;
        let protocol = Protocol::Udp;
        self.route(now, Datagram { protocol, source, destination, bytes }, true);
    }

    /// A frame of a TCP connection from `source` to `destination`, whose session is here: its first
    /// frame is an ICE check that names this worker.
    pub fn handle_frame(
        &mut self,
        now: Instant,
        source: SocketAddr,
        destination: SocketAddr,
        bytes: &[u8],
    ) {
        self.router.counters.received += 1;
        let protocol = Protocol::Tcp;
        self.route(now, Datagram { protocol, source, destination, bytes }, false);
    }

    /// The TCP connection from there is closed: whoever opens the next one from the same address has to
    /// pass a check first.
    pub fn handle_closed(&mut self, source: SocketAddr) {
        self.demux.forget(Remote { protocol: Protocol::Tcp, address: source });
    }

    /// A datagram that another worker received for a session here.
    pub fn handle_handover(&mut self, now: Instant, handover: &Handover) {
        let Handover { source, destination, ref contents, .. } = *handover;
        let protocol = Protocol::Udp;
        self.route(now, Datagram { protocol, source, destination, bytes: contents }, false);
    }

    fn route(&mut self, now: Instant, datagram: Datagram<'_>, may_hand_over: bool) {
        self.now = Some(now);
        let first = datagram.bytes.first().copied();
        // RFC 7983 section 7: STUN, DTLS, RTP and RTCP by the first byte.
        match first {
            _ if datagram.bytes.len() > DATAGRAM_BYTES_MAX => self.router.counters.garbage += 1,
            Some(0..=3) => self.route_stun(now, datagram, may_hand_over),
            Some(20..=63 | 128..=191) => match self.demux.whose(datagram.remote(), now) {
                Whose::Session(key) => self.deliver(now, key, &datagram),
                Whose::Worker(worker) if may_hand_over => self.hand_over(worker, &datagram),
                Whose::Worker(_) | Whose::Nobody => self.router.counters.stranger += 1,
            },
            _ => self.router.counters.garbage += 1,
        }
        self.settle(now);
    }

    fn route_stun(&mut self, now: Instant, datagram: Datagram<'_>, may_hand_over: bool) {
        let Datagram { protocol, source, .. } = datagram;
        match stun::parse(datagram.bytes) {
            None => self.router.counters.garbage += 1,
            Some(Stun::Plain { transaction }) => {
                self.router.counters.stun_answered += 1;
                self.router.sink.out.push_back(Output::Transmit(Transmit {
                    protocol,
                    source: datagram.destination,
                    destination: source,
                    contents: stun::binding_success(transaction, source),
                }));
            }
            Some(Stun::Other) => match self.demux.owner(datagram.remote()) {
                Some(key) => self.deliver(now, key, &datagram),
                None => self.router.counters.stranger += 1,
            },
            Some(Stun::Check { ufrag }) => match worker_of(ufrag) {
                Some(worker) if may_hand_over && self.is_other(worker) => {
                    self.demux.remember_foreign(source, worker);
                    self.hand_over(worker, &datagram);
                }
                _ => self.route_check(now, ufrag, &datagram),
            },
        }
    }

    fn is_other(&self, worker: WorkerNumber) -> bool {
        worker != self.config.number && usize::from(worker.0) < self.config.workers
    }

    fn route_check(&mut self, now: Instant, ufrag: &str, datagram: &Datagram<'_>) {
        let nominates = stun::nominates(datagram.bytes);
        let key = self.demux.by_ufrag(ufrag).filter(|&key| {
            let peer = self.router.sessions[key].peer.as_mut();
            let known = self.demux.owner(datagram.remote()) == Some(key);
            peer.is_some_and(|peer| {
                // The library checks the password once more; only a new address is worth asking first.
                let accepted = known || peer.accepts(now, datagram);
                if accepted && nominates {
                    peer.follow(now, datagram, !known);
                }
                accepted
            })
        });
        let Some(key) = key else {
            self.router.counters.refused_checks += 1;
            return;
        };
        self.demux.claim(datagram.remote(), key, now);
        self.deliver(now, key, datagram);
    }

    fn hand_over(&mut self, worker: WorkerNumber, datagram: &Datagram<'_>) {
        self.router.counters.handed_over += 1;
        self.router.sink.out.push_back(Output::Handover(Handover {
            worker,
            source: datagram.source,
            destination: datagram.destination,
            contents: datagram.bytes.to_vec(),
        }));
    }

    fn deliver(&mut self, now: Instant, key: usize, datagram: &Datagram<'_>) {
        let session = &mut self.router.sessions[key];
        let Some(peer) = session.peer.as_mut() else { return };
        let handled = peer.handle_datagram(now, datagram, &mut self.router.sink);
        if let Err(dropped) = handled {
            self.router.counters.count(dropped);
            // The library may have something to say all the same, but the peer did not.
            self.router.handle_events(key, now);
            return;
        }
        if let Some(event) = session.seen(now) {
            self.router.tell(event);
            self.router.handle_back(key, now);
        }
        self.router.handle_events(key, now);
    }
}
