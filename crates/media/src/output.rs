//! What [`crate::Worker::poll_output`] hands out, and the counters beside it.

use std::net::SocketAddr;

use crate::credentials::WorkerNumber;
use crate::event::Event;
use crate::voice::Voice;

/// One thing to do for the caller.
#[derive(Debug)]
pub enum Output {
    /// Send this datagram.
    Transmit(Transmit),
    /// Tell the application.
    Event(Event),
    /// Give this to whoever writes captions, in this order.
    Voice(Voice),
    /// Give this datagram to another worker's [`crate::Worker::handle_handover`].
    Handover(Handover),
}

/// A datagram to send.
#[derive(Debug)]
pub struct Transmit {
    /// The local address it must leave from: the one the peer knows.
    pub source: SocketAddr,
    /// Where to.
    pub destination: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// A datagram that belongs to another worker's session.
#[derive(Debug)]
pub struct Handover {
    /// Whose it is.
    pub worker: WorkerNumber,
    /// Where it came from.
    pub source: SocketAddr,
    /// The local address it came to.
    pub destination: SocketAddr,
    /// The bytes.
    pub contents: Vec<u8>,
}

/// Totals since the worker was made. Hostile input shows here and nowhere else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Datagrams handed in.
    pub received: u64,
    /// Datagrams to send.
    pub sent: u64,
    /// RTP packets written to a receiver.
    pub forwarded: u64,
    /// RTP packets that a shut gate held back.
    pub gated: u64,
    /// Datagrams handed to other workers.
    pub handed_over: u64,
    /// Not STUN, DTLS or RTP, malformed, or too long.
    pub garbage: u64,
    /// From an address that never passed a connectivity check.
    pub stranger: u64,
    /// ICE checks with an unknown name or a wrong password.
    pub refused_checks: u64,
    /// Plain STUN requests answered.
    pub stun_answered: u64,
    /// Sessions now.
    pub sessions: u64,
    /// Peer connections that died of a fault.
    pub failed: u64,
}

impl Counters {
    /// Adds another worker's totals.
    pub fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.sent += other.sent;
        self.forwarded += other.forwarded;
        self.gated += other.gated;
        self.handed_over += other.handed_over;
        self.garbage += other.garbage;
        self.stranger += other.stranger;
        self.refused_checks += other.refused_checks;
        self.stun_answered += other.stun_answered;
        self.sessions += other.sessions;
        self.failed += other.failed;
    }
}
